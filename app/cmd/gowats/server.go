package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/gowats/gowats/app/auth"
	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/app/web"
)

func newServer() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "server",
		Short: "Run the server: API and pages, with sign-in",
		Long: `Run the server for a bench, a line or a plant. API and pages always ask for sign-in.

The data folder is --data, else GOWATS_DATA, else ` + serviceFolder() + `.
It holds an SQLite database, unless --database names one of PostgreSQL 15 or newer: postgres://user:password@host:5432/database. What that
address leaves out comes from PGHOST, PGUSER, PGPASSWORD and the password file. Several servers, each with a data folder of its own, may share
one PostgreSQL database. GOWATS_DATABASE keeps the password out of the list of processes.

With an empty database GOWATS_BOOTSTRAP=user:password makes the first administrator; later it changes nothing.
Beyond this machine the server speaks TLS: give --tls-cert and --tls-key, or --insecure-http behind a proxy that does.
` + verifyHelp + `

Every setting has an environment form: --tls-cert is GOWATS_TLS_CERT. Stop it with Ctrl+C or SIGTERM: requests under way are answered first.`,
		Example: `  GOWATS_BOOTSTRAP=admin:a-long-password gowats server --data /srv/gowats
  gowats server --data /srv/gowats --listen :443 --tls-cert plant.pem --tls-key plant.key
  GOWATS_DATABASE=postgres://gowats:secret@db.plant.example/gowats gowats server --data /srv/gowats`,
		Args: cobra.NoArgs,
		RunE: runServer,
	}
	f := cmd.Flags()
	f.String("listen", defaultListen, "address to listen on; port 0 takes a free one")
	f.String("database", "", "address of a PostgreSQL database to use instead of the data folder: postgres://user:password@host:5432/database")
	addCreateProducts(cmd)
	f.String("tls-cert", "", "file with the certificate and its chain, PEM")
	f.String("tls-key", "", "file with the private key, PEM")
	f.Bool("insecure-http", false, "speak plain HTTP also beyond this machine: passwords and reports can be read on the way")
	f.String("pprof", "", "loopback address for profiles of this process, such as 127.0.0.1:6060")
	f.String("metrics", "", "loopback address to tell Prometheus figures at, under /metrics, such as 127.0.0.1:9090")
	f.String("verify-keys", "", "file with the keys that requests to the API must be signed by")
	isSetting(cmd, "listen", "database", "create-products", "tls-cert", "tls-key", "insecure-http", "pprof", "metrics", "verify-keys")
	return cmd
}

// addCreateProducts gives cmd the flag that says who makes products.
func addCreateProducts(cmd *cobra.Command) {
	cmd.Flags().Bool("create-products", true, "a report makes the product and the revision it is about; =false leaves that to people")
}

func runServer(cmd *cobra.Command, _ []string) (err error) {
	address := flagText(cmd, "listen")
	pair := certificate{flagText(cmd, "tls-cert"), flagText(cmd, "tls-key")}
	if err := checkServer(cmd, address, pair); err != nil {
		return withCode(exitConfiguration, err)
	}
	createProducts, err := cmd.Flags().GetBool("create-products")
	if err != nil {
		return err
	}
	log := logger(cmd)
	folder := firstOf(flagText(cmd, "data"), serviceFolder())
	data, err := openData(cmd.Context(), folder, flagText(cmd, "database"), store.Options{Logger: log, ManualProducts: !createProducts})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, data.close()) }()
	accounts := auth.New(data.store)
	if err := bootstrapServer(cmd.Context(), data, accounts); err != nil {
		return err
	}
	h := handler(data.store, accounts, web.Options{Version: productVersion(), Logger: log})
	if h, err = signedOnly(cmd.Context(), flagText(cmd, "verify-keys"), folder, log, h); err != nil {
		return err
	}
	var figures http.Handler
	if flagText(cmd, "metrics") != "" {
		if h, figures, err = measured(h); err != nil {
			return err
		}
	}
	scheme := "http"
	if pair.certFile != "" {
		scheme = "https"
	}
	all := endpoints{log: log}
	defer func() { err = errors.Join(err, all.close()) }()
	at, err := all.listen(cmd.Context(), "listen", address, h, pair)
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "server  %s\ndata    %s\n", localURL(scheme, at), data.place())
	for _, beside := range []struct {
		flag, path string
		handler    http.Handler
	}{{"pprof", "/debug/pprof/", profileHandler()}, {"metrics", "/metrics", figures}} {
		address := flagText(cmd, beside.flag)
		if address == "" {
			continue
		}
		at, err := all.listen(cmd.Context(), beside.flag, address, beside.handler, certificate{})
		if err != nil {
			return err
		}
		fmt.Fprintf(cmd.ErrOrStderr(), "%-7s %s%s\n", beside.flag, localURL("http", at), beside.path)
	}
	return all.serve(cmd.Context())
}

// endpoints are what one process serves, each at an address of its own.
type endpoints struct {
	log  *slog.Logger
	list []endpoint
}

type endpoint struct {
	listener net.Listener
	handler  http.Handler
	pair     certificate
}

// listen opens the address that a flag gives.
func (e *endpoints) listen(ctx context.Context, flag, address string, h http.Handler, pair certificate) (net.Listener, error) {
	l, err := listen(ctx, flag, address)
	if err == nil {
		e.list = append(e.list, endpoint{l, h, pair})
	}
	return l, err
}

// serve answers requests until ctx ends or one of the endpoints fails.
func (e *endpoints) serve(ctx context.Context) error {
	work, ctx := errgroup.WithContext(ctx)
	for _, one := range e.list {
		work.Go(func() error { return serve(ctx, one.listener, one.handler, one.pair, e.log) })
	}
	e.list = nil // each closes its own
	return work.Wait()
}

// close closes what was not served.
func (e *endpoints) close() (err error) {
	for _, one := range e.list {
		err = errors.Join(err, one.listener.Close())
	}
	return err
}

// checkServer refuses what would be unsafe or cannot work.
func checkServer(cmd *cobra.Command, address string, pair certificate) error {
	insecure, err := cmd.Flags().GetBool("insecure-http")
	if err != nil {
		return err
	}
	if _, _, err := net.SplitHostPort(address); err != nil {
		return fmt.Errorf("--listen %q is not host:port, such as %s", address, defaultListen)
	}
	if (pair.certFile == "") != (pair.keyFile == "") {
		return errors.New("--tls-cert and --tls-key go together; one is missing")
	}
	if !isLoopback(address) && pair.certFile == "" && !insecure {
		return fmt.Errorf("--listen %s is beyond this machine: give --tls-cert and --tls-key, or --insecure-http if a proxy in front of it speaks TLS", address)
	}
	for flag, what := range map[string]string{"pprof": "profiles", "metrics": "figures"} {
		if beside := flagText(cmd, flag); beside != "" && !isLoopback(beside) {
			return fmt.Errorf("--%s %s: %s are only served on a loopback address, such as 127.0.0.1:6060", flag, beside, what)
		}
	}
	return nil
}

// bootstrapServer makes the first administrator, and refuses to run a server that nobody can sign in to.
func bootstrapServer(ctx context.Context, data *dataFolder, accounts *auth.Service) error {
	if credentials := os.Getenv("GOWATS_BOOTSTRAP"); credentials != "" {
		if _, err := accounts.Bootstrap(ctx, credentials); err != nil {
			return withCode(exitConfiguration, fmt.Errorf("GOWATS_BOOTSTRAP: %w", err))
		}
	}
	n, err := data.store.CountUsers(ctx)
	if err == nil && n == 0 {
		err = withCode(exitConfiguration, fmt.Errorf("%s has no accounts yet; set GOWATS_BOOTSTRAP=user:password for the first start", data.place()))
	}
	return err
}

// profileHandler serves the profiles of net/http/pprof, and nothing else.
func profileHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return mux
}

// logger writes to standard error what an operator wants to know.
func logger(cmd *cobra.Command) *slog.Logger {
	return slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil))
}
