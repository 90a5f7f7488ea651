// Command delayserver answers like a WATS server that is far away: after a fixed time, and without doing anything else.
//
//	go run ./app/bench/delayserver -listen 127.0.0.1:0 -delay 20ms
//
// It is what clients are compared by: it takes reports and forgets them, makes up pages of headers, gives the same report under every ID, and counts
// what it was asked at /counts. It asks for no credential, prints its address, and ends with SIGINT or SIGTERM.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "address to listen on")
	delay := flag.Duration("delay", 20*time.Millisecond, "time before every answer, 0 to 1m")
	headers := flag.Int("headers", 100_000, "report headers there are")
	flag.Parse()
	ctx, release := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer release()
	if err := run(ctx, *listen, *delay, *headers); err != nil {
		fmt.Fprintln(os.Stderr, "delayserver:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, listen string, delay time.Duration, headers int) error {
	if delay < 0 || delay > time.Minute || headers < 0 || flag.NArg() > 0 {
		return errors.New("-delay is 0 to 1m, -headers is not negative, and there are no arguments")
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", listen)
	if err != nil {
		return err
	}
	fmt.Printf("listening on http://%s\n", listener.Addr())
	var c counter
	server := &http.Server{Handler: c.handler(delay, headers), ConnState: c.connection, ReadHeaderTimeout: time.Minute}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	return errors.Join(server.Close(), ignoreClosed(<-served))
}

func ignoreClosed(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
