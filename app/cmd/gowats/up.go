package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/agent"
	"github.com/gowats/gowats/app/auth"
	"github.com/gowats/gowats/app/config"
	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/app/web"
	"github.com/gowats/gowats/queue"
)

func newUp() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Start everything on this machine: server, pages and a watched inbox",
		Long: `Start server and agent in one process. A file of a tester dropped into the inbox is a report with a yield figure seconds later:
accepted files move to inbox/Done, refused ones to inbox/Error with a text beside them that says why.

The data folder is --data, else GOWATS_DATA, else
  Linux    $XDG_DATA_HOME/gowats, or ~/.local/share/gowats
  macOS    ~/Library/Application Support/gowats
  Windows  %LOCALAPPDATA%\gowats
It holds an SQLite database, unless --database names one of PostgreSQL (see gowats server --help).

On a loopback address the pages open without sign-in; --auth asks for it. The API always wants a token: one stands in
client.json in the data folder, where gowats submit, query and yield find it. GOWATS_BOOTSTRAP=user:password chooses the first
administrator; without it one is made, and its password stands in client.json too.

Every setting has an environment form: --listen is GOWATS_LISTEN. Stop it with Ctrl+C.`,
		Example: `  gowats up --demo
  gowats up --data ./line4 --listen 127.0.0.1:9000 --inbox /mnt/testers/out
  gowats up --listen 0.0.0.0:8080 --auth --no-open`,
		Args: cobra.NoArgs,
		RunE: runUp,
	}
	f := cmd.Flags()
	f.String("listen", defaultListen, "address to listen on; port 0 takes a free one")
	f.String("database", "", "address of a PostgreSQL database to use instead of the data folder: postgres://user:password@host:5432/database")
	addCreateProducts(cmd)
	f.String("inbox", "", "folder to watch for reports (default inbox in the data folder)")
	f.Bool("demo", false, "fill an empty data folder with four weeks of a made-up factory")
	f.Bool("no-open", false, "do not open the pages in a browser")
	f.Bool("auth", false, "ask for sign-in at the pages, too")
	isSetting(cmd, "listen", "database", "create-products", "inbox", "demo", "no-open", "auth")
	return cmd
}

// upSettings are the flags of up.
type upSettings struct {
	folder, listen, inbox string
	database              string // "": in the folder
	demo, noOpen, auth    bool
	createProducts        bool
}

func readUpSettings(cmd *cobra.Command) (s upSettings, err error) {
	s.listen, s.database = flagText(cmd, "listen"), flagText(cmd, "database")
	if s.folder = flagText(cmd, "data"); s.folder == "" {
		if s.folder, err = userFolder(); err != nil {
			return s, err
		}
	}
	if s.folder, err = filepath.Abs(s.folder); err != nil {
		return s, err
	}
	if s.inbox, err = filepath.Abs(firstOf(flagText(cmd, "inbox"), filepath.Join(s.folder, inboxFolder))); err != nil {
		return s, err
	}
	for name, target := range map[string]*bool{"demo": &s.demo, "no-open": &s.noOpen, "auth": &s.auth, "create-products": &s.createProducts} {
		if *target, err = cmd.Flags().GetBool(name); err != nil {
			return s, err
		}
	}
	return s, s.check()
}

func (s upSettings) check() error {
	if _, _, err := net.SplitHostPort(s.listen); err != nil {
		return withCode(exitConfiguration, fmt.Errorf("--listen %q is not host:port, such as %s", s.listen, defaultListen))
	}
	if !isLoopback(s.listen) && !s.auth {
		return withCode(exitConfiguration, fmt.Errorf("--listen %s is beyond this machine, where the pages must not be open to everybody: add --auth, or listen on 127.0.0.1", s.listen))
	}
	return nil
}

func runUp(cmd *cobra.Command, _ []string) (err error) {
	s, err := readUpSettings(cmd)
	if err != nil {
		return err
	}
	ctx, log := cmd.Context(), logger(cmd)
	data, err := openData(ctx, s.folder, s.database, store.Options{Logger: log, ManualProducts: !s.createProducts})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, data.close()) }()
	l, err := listen(ctx, "listen", s.listen)
	if err != nil {
		return err
	}
	defer l.Close() // an error here means that it is closed already, by serving
	accounts := auth.New(data.store)
	settings, err := ensureClient(ctx, data, accounts, localURL("http", l))
	if err != nil {
		return err
	}
	if s.demo {
		if err := fillDemo(ctx, data.store, time.Now(), cmd.ErrOrStderr()); err != nil {
			return err
		}
	}
	client, err := wats.NewClient(settings.URL, wats.WithToken(settings.Token), wats.WithUserAgent("gowats-agent/"+productVersion()))
	if err != nil {
		return err
	}
	defer client.Close()
	spool, err := queue.Open(data.file(spoolFolder), queue.WithLogger(log))
	if err != nil {
		return err
	}
	watcher, err := newInbox(s, spool, log)
	if err != nil {
		return err
	}

	work, running := errgroup.WithContext(ctx)
	pages := web.Options{Open: !s.auth, Inbox: s.inbox, Version: productVersion(), Logger: log}
	// The agent ends first: it has reports on their way to the server.
	serving, stopServing := context.WithCancel(context.WithoutCancel(ctx))
	defer stopServing()
	var sources sync.WaitGroup
	for _, run := range []func() error{
		func() error { return watcher.Run(running) },
		func() error { return spool.Run(running, agent.SendTo(client), queue.RunOptions{}) },
	} {
		sources.Add(1)
		work.Go(func() error {
			defer sources.Done()
			return run()
		})
	}
	work.Go(func() error {
		defer stopServing()
		sources.Wait()
		return nil
	})
	work.Go(func() error { return serve(serving, l, handler(data.store, accounts, pages), certificate{}, log) })
	s.tell(cmd, settings, data.place())
	return work.Wait()
}

// newInbox makes the agent that watches the inbox. Local files are complete sooner than those that come over a network.
func newInbox(s upSettings, spool *queue.Queue, log *slog.Logger) (*agent.Agent, error) {
	if err := os.MkdirAll(s.inbox, 0o755); err != nil {
		return nil, withCode(exitConfiguration, fmt.Errorf("make inbox: %w; name another one with --inbox", err))
	}
	inbox := config.DefaultConverter()
	inbox.Name, inbox.Folder = "inbox", s.inbox
	inbox.Settle, inbox.Rescan = 300*time.Millisecond, 2*time.Second
	return agent.New(agent.Config{
		Data: s.folder, Converters: []config.Converter{inbox}, Put: spool.Put, Version: productVersion(), Logger: log,
	})
}

// tell says where to look, and opens the pages for a person who sits at this machine.
func (s upSettings) tell(cmd *cobra.Command, c clientSettings, place string) {
	w := cmd.ErrOrStderr()
	fmt.Fprintf(w, "\ngowats is up\n\n  pages   %s\n  inbox   %s\n  data    %s\n", c.URL, s.inbox, place)
	if s.auth {
		fmt.Fprintf(w, "  sign in %s\n", c.signIn(s.folder))
	}
	if !isLoopback(s.listen) {
		fmt.Fprintf(w, "\nListening beyond this machine in plain HTTP: passwords and reports can be read on the way. gowats server speaks TLS.\n")
	}
	fmt.Fprintf(w, "\nStop with Ctrl+C.\n")
	if !s.noOpen && isTerminal(os.Stdout) {
		if err := openBrowser(c.URL); err != nil {
			fmt.Fprintf(w, "No browser could be opened (%v): go to %s yourself.\n", err, c.URL)
		}
	}
}

// signIn says how to sign in at the pages.
func (c clientSettings) signIn(folder string) string {
	if c.Password == "" {
		return "with your account"
	}
	return fmt.Sprintf("as %s, with the password in %s", c.User, filepath.Join(folder, clientFile))
}
