package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/gowats/gowats/app/auth"
	"github.com/gowats/gowats/app/server"
	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/app/web"
)

const (
	defaultListen  = "127.0.0.1:8080"
	shutdownGrace  = 20 * time.Second // for requests under way when the server stops
	maxHeaderBytes = 64 << 10
)

// listen opens the address that a flag gives, with an error that tells what to do.
func listen(ctx context.Context, flag, address string) (net.Listener, error) {
	var c net.ListenConfig
	l, err := c.Listen(ctx, "tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s is in use by another program; stop it, or choose another address with --%[2]s, such as --%[2]s 127.0.0.1:8081", address, flag)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("this user may not listen on %s; ports below 1024 need privileges, choose another with --%s", address, flag)
	case err != nil:
		return nil, withCode(exitConfiguration, fmt.Errorf("--%s %s: %w", flag, address, err))
	}
	return l, nil
}

// isLoopback reports whether only this machine can reach address, a host and a port.
func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

// localURL returns the address by which this machine reaches a listener.
func localURL(scheme string, l net.Listener) string {
	host, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		panic(err) // a TCP listener has a host and a port
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}

// handler answers the API under /api/ and the pages everywhere else.
func handler(s *store.Store, a *auth.Service, pages web.Options) http.Handler {
	api := server.New(s, a, server.Options{Version: pages.Version, Logger: pages.Logger, Certificate: web.CertificateWriter()})
	site := web.New(s, a, pages)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isAPI(r.URL.Path) {
			api.ServeHTTP(w, r)
			return
		}
		site.ServeHTTP(w, r)
	})
}

// isAPI reports whether a path belongs to the WATS protocol, which matches without regard to case.
func isAPI(path string) bool { return len(path) >= 5 && strings.EqualFold(path[:5], "/api/") }

// certificate is the pair of files for TLS; both empty for plain HTTP.
type certificate struct{ certFile, keyFile string }

// serve answers requests on l until ctx ends; then it lets those under way end, and returns nil.
func serve(ctx context.Context, l net.Listener, h http.Handler, c certificate, log *slog.Logger) error {
	s := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       5 * time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    maxHeaderBytes,
		TLSConfig:         &tls.Config{MinVersion: tls.VersionTLS12},
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	ended := make(chan error, 1)
	go func() {
		if c.certFile != "" {
			ended <- s.ServeTLS(l, c.certFile, c.keyFile)
			return
		}
		ended <- s.Serve(l)
	}()
	select {
	case err := <-ended:
		return fmt.Errorf("serve %s: %w", l.Addr(), err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
	defer cancel()
	err := s.Shutdown(grace)
	if errors.Is(err, context.DeadlineExceeded) {
		err = errors.Join(fmt.Errorf("some requests had not ended after %v and were cut off", shutdownGrace), s.Close())
	}
	if cause := <-ended; !errors.Is(cause, http.ErrServerClosed) {
		err = errors.Join(err, cause)
	}
	return err
}
