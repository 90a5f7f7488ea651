package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/gowats/gowats/app/config"
	"github.com/gowats/gowats/app/service"
	"github.com/gowats/gowats/internal/fsx"
)

const agentLock = "agent.lock" // in the data folder

func newAgent() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "agent",
		Short: "Run the station agent: watch folders, convert, keep safe, send",
	}
	run := &cobra.Command{
		Use:   "run",
		Short: "Run the agent in the foreground",
		Long: `Run the agent: it watches the folders of its converters, puts their reports into the spool, and sends them to the server. A report
is safe once it is in the spool: the server may be away for as long as it likes. A file moves to Done when its reports are safe, to Error with a
text beside it when it is refused.

On its own address (gateway.listen) the agent answers /healthz, /readyz, /status and /metrics, and takes reports of other WATS clients on this machine.

The settings stand in a YAML file: --config, else GOWATS_CONFIG, else ` + configPath("") + `. A changed file counts within seconds; one with
a mistake does not, and the agent goes on with what it had. Every setting has an environment form: server.url is GOWATS_SERVER_URL. Several agents
on one machine have an --instance name each, with a file and a data folder of that name.

Exit codes: 20 wrong configuration, 21 no such file, 22 mistakes in the file.`,
		Example: `  gowats agent run --config ./gowats.yaml
  GOWATS_SERVER_URL=https://plant.example GOWATS_SERVER_TOKEN=file:/etc/gowats/token gowats agent run`,
		Args: cobra.NoArgs,
		RunE: runAgent,
	}
	addConfigFlags(run)
	cmd.AddCommand(run)
	return cmd
}

// addConfigFlags gives cmd the flags that name a configuration file.
func addConfigFlags(cmd *cobra.Command) {
	cmd.Flags().String("config", "", "file with the settings (default "+configPath("")+")")
	cmd.Flags().String("instance", "", "name of one of several agents on this machine")
	isSetting(cmd, "config", "instance")
}

// configPath returns where the settings of an instance stand by default.
func configPath(instance string) string {
	name := firstOf(instance, "gowats") + ".yaml"
	switch runtime.GOOS {
	case "windows":
		return filepath.Join(serviceFolder(), name)
	case "darwin":
		return filepath.Join(serviceFolder(), name)
	}
	return filepath.Join("/etc/gowats", name)
}

// configFile is the file of a command and what stands in it.
type configFile struct {
	path     string
	instance string
	named    bool // the user named it: then it must be there
}

func configFileOf(cmd *cobra.Command) configFile {
	f := configFile{path: flagText(cmd, "config"), instance: flagText(cmd, "instance")}
	f.named = f.path != ""
	f.path = firstOf(f.path, configPath(f.instance))
	return f
}

// load returns what the text of the file says.
func (f configFile) load(text []byte) (*config.Loaded, error) {
	loaded, err := config.Load(text, os.LookupEnv)
	if err != nil {
		return nil, withCode(exitInvalidConfig, fmt.Errorf("%s:\n%w", f.path, err))
	}
	return loaded, nil
}

// read returns the text of the file. One that is not named and not there is empty: the environment may say all.
func (f configFile) read() ([]byte, error) {
	text, err := os.ReadFile(f.path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !f.named:
		return nil, nil
	case errors.Is(err, fs.ErrNotExist):
		return nil, withCode(exitNoConfig, fmt.Errorf("there is no file %s; gowats config init makes one", f.path))
	case err != nil:
		return nil, withCode(exitConfiguration, err)
	}
	return text, nil
}

// folder returns the data folder of the agent.
func (f configFile) folder(c *config.Loaded) (string, error) {
	if c.Data != "" {
		return filepath.Abs(c.Data)
	}
	return filepath.Join(serviceFolder(), firstOf(f.instance, "agent")), nil
}

func runAgent(cmd *cobra.Command, _ []string) (err error) {
	file := configFileOf(cmd)
	text, err := file.read()
	if err != nil {
		return err
	}
	loaded, err := file.load(text)
	if err != nil {
		return err
	}
	folder, err := file.folder(loaded)
	if err != nil {
		return withCode(exitConfiguration, err)
	}
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return withCode(exitConfiguration, fmt.Errorf("make data folder: %w; name another one with data: in %s", err, file.path))
	}
	unlock, err := fsx.Lock(filepath.Join(folder, agentLock))
	if errors.Is(err, fsx.ErrLocked) {
		return fmt.Errorf("data folder %s is in use by another agent: stop that one, or give this one an --instance name", folder)
	}
	if err != nil {
		return withCode(exitConfiguration, err)
	}
	defer func() { err = errors.Join(err, unlock()) }()
	spec, err := serviceSpec(cmd)
	if err != nil {
		return err
	}
	log, closeLog, err := openLog(loaded.Log, spec, cmd.ErrOrStderr())
	if err != nil {
		return withCode(exitConfiguration, err)
	}
	defer func() { err = errors.Join(err, closeLog()) }()
	k := &keeper{file: file, text: text, folder: folder, log: log}
	log.Info("agent started", "path", file.path)
	defer log.Info("agent stopped")
	return service.Run(cmd.Context(), spec, k.isAlive, func(ctx context.Context) error {
		return k.run(ctx, loaded, func(format string, args ...any) { fmt.Fprintf(cmd.ErrOrStderr(), format, args...) })
	})
}

// isAlive reports whether the loops of the agent turn: systemd starts it again when they do not.
func (k *keeper) isAlive() bool {
	const longest = 3 * configPoll
	turned := k.turned.Load()
	return turned == 0 || time.Since(time.Unix(0, turned)) < longest
}

// keeper runs a station, and another one in its place when the settings change.
type keeper struct {
	file   configFile
	text   []byte // of the file when it was last looked at
	folder string
	log    *slog.Logger

	current atomic.Pointer[station]
	turned  atomic.Int64 // when the settings were last looked at, in nanoseconds since 1970
	mu      sync.Mutex
	wrong   error // why the file that is there now is not used
}

const configPoll = 2 * time.Second // between two looks at the file

func (k *keeper) run(ctx context.Context, loaded *config.Loaded, say func(string, ...any)) error {
	first, err := newStation(ctx, k.folder, loaded, k.log)
	if err != nil {
		return withCode(exitConfiguration, err)
	}
	k.current.Store(first)
	work, ctx := errgroup.WithContext(ctx)
	if address := loaded.Gateway.Listen; address != "" {
		l, err := listen(ctx, "gateway.listen", address)
		if err != nil {
			return err
		}
		say("gateway %s\n", localURL("http", l))
		work.Go(func() error { return serve(ctx, l, k.pages(), certificate{}, k.log) })
	}
	say("data    %s\n", k.folder)
	work.Go(func() error { return k.stations(ctx, loaded) })
	return work.Wait()
}

// stations runs the current station, and others in its place as the settings change, until ctx ends.
func (k *keeper) stations(ctx context.Context, loaded *config.Loaded) error {
	for {
		running, stop := context.WithCancel(ctx)
		ended := make(chan error, 1)
		go func() { ended <- k.current.Load().run(running) }()
		next, s := k.changed(ctx, loaded, ended)
		stop()
		err := <-ended
		if next == nil || err != nil { // it was asked to end, or has failed
			return err
		}
		k.log.Info("settings have changed; the agent goes on with them", "path", k.file.path)
		loaded = next
		k.current.Store(s)
	}
}

// changed waits for settings that differ and are right, and returns them and a station made for them; nil when ctx or the station ends.
func (k *keeper) changed(ctx context.Context, now *config.Loaded, ended chan error) (*config.Loaded, *station) {
	tick := time.NewTicker(configPoll)
	defer tick.Stop()
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP) // systemctl reload: look at once
	defer signal.Stop(hangup)
	token := modified(tokenFile(now))
	for {
		select {
		case <-ctx.Done():
			return nil, nil
		case err := <-ended:
			ended <- err
			return nil, nil
		case <-tick.C:
		case <-hangup:
		}
		k.turned.Store(time.Now().UnixNano())
		if at := modified(tokenFile(now)); !at.Equal(token) {
			token = at
			k.current.Load().spool.Resume()
		}
		if next, s, err := k.look(ctx); next != nil || err != nil {
			k.tell(err)
			if err == nil {
				return next, s
			}
		}
	}
}

// look returns the settings of a file that has changed since the last look, and a station made for them; nil when it has not.
func (k *keeper) look(ctx context.Context) (*config.Loaded, *station, error) {
	text, err := k.file.read()
	if err != nil {
		return nil, nil, err
	}
	if bytes.Equal(text, k.text) {
		return nil, nil, nil
	}
	k.text = text
	next, err := k.file.load(text)
	if err != nil {
		return nil, nil, err
	}
	s, err := newStation(ctx, k.folder, next, k.log)
	return next, s, err
}

// tokenFile returns the file that the token is in, "" when it is elsewhere.
func tokenFile(c *config.Loaded) string {
	if kind, name := c.Server.Token.Split(); kind == "file" {
		return name
	}
	return ""
}

// modified returns when a file was last changed; the zero Time when that cannot be seen.
func modified(path string) time.Time {
	info, err := os.Stat(path)
	if path == "" || err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

// tell notes whether the file that is there now can be used.
func (k *keeper) tell(err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err != nil && (k.wrong == nil || k.wrong.Error() != err.Error()) {
		k.log.Error("settings have changed and are wrong; the agent goes on with those before", "path", k.file.path, "err", err)
	}
	k.wrong = err
}

func (k *keeper) pages() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", k.healthz)
	mux.HandleFunc("GET /readyz", k.readyz)
	mux.HandleFunc("GET /status", k.status)
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) { k.current.Load().metrics.ServeHTTP(w, r) })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isAPI(r.URL.Path) { // ServeMux would clean and redirect such paths
			k.current.Load().gateway.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}
