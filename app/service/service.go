// Package service installs gowats as a service of the operating system, controls it, and lets it run as one: under systemd, as a Windows
// service, and under launchd.
package service

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/kardianos/service"
)

// Kind is what of gowats runs as the service.
type Kind string

// The kinds.
const (
	Agent  Kind = "agent"
	Server Kind = "server"
)

// Spec describes a service.
type Spec struct {
	Kind       Kind
	Instance   string   // one of several on the machine; "" is the usual one
	Executable string   // absolute
	Arguments  []string // of the executable
	User       string   // account it runs under; "": root, which can do nothing but work on files, and on Windows a virtual account of its own
	Data       string   // its data folder, absolute
	Writable   []string // further folders it writes to: those that are watched
	Readable   []string // files it reads: settings and token
}

// Name returns the name by which the operating system knows the service: gowats-agent, or gowats-agent@line4.
func (s Spec) Name() string {
	if s.Instance == "" {
		return "gowats-" + string(s.Kind)
	}
	return "gowats-" + string(s.Kind) + "@" + s.Instance
}

// Why a service cannot be installed or controlled.
var (
	ErrInstalled    = errors.New("the service is installed already")
	ErrNotInstalled = errors.New("the service is not installed")
	ErrPermission   = errors.New("not permitted: run this as administrator (root)")
	ErrUnsupported  = errors.New("no service manager that is known runs here: systemd, launchd or that of Windows")
)

// check refuses a description that would break the files made of it.
func (s Spec) check() error {
	if s.Kind != Agent && s.Kind != Server {
		return fmt.Errorf("service kind %q is neither agent nor server", s.Kind)
	}
	odd := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
	}
	if strings.ContainsFunc(s.Instance, odd) || len(s.Instance) > 40 {
		return fmt.Errorf("instance %q may hold letters, digits, - and _ only, 40 at most", s.Instance)
	}
	for _, path := range slices.Concat([]string{s.Executable, s.Data}, s.Writable, s.Readable) {
		if path != "" && !filepath.IsAbs(path) {
			return fmt.Errorf("path %s is not absolute", path)
		}
	}
	for _, text := range slices.Concat([]string{s.Executable, s.Data, s.User}, s.Arguments, s.Writable, s.Readable) {
		if strings.ContainsAny(text, "\x00\r\n") {
			return fmt.Errorf("%q holds a line break", text)
		}
	}
	return nil
}

// Manager installs and controls one service. It is not safe for concurrent use.
type Manager struct {
	spec Spec
	svc  service.Service
}

// New returns the manager of the service that s describes. It returns [ErrUnsupported] where no service manager is known.
func New(s Spec) (*Manager, error) {
	svc, err := s.service(nil)
	if err != nil {
		return nil, err
	}
	return &Manager{s, svc}, nil
}

// service describes s to the operating system. Run is what the service does; nil where it is only controlled.
func (s Spec) service(program service.Interface) (service.Service, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	svc, err := service.New(program, &service.Config{
		Name: s.Name(), DisplayName: s.title(), Description: s.description(), Executable: s.Executable, Arguments: s.Arguments,
		UserName: s.account(runtime.GOOS), Option: s.options(),
	})
	if errors.Is(err, service.ErrNoServiceSystemDetected) {
		return nil, ErrUnsupported
	}
	return svc, err
}

func (s Spec) title() string {
	title := "gowats " + string(s.Kind)
	if s.Instance != "" {
		title += " " + s.Instance
	}
	return title
}

func (s Spec) description() string {
	if s.Kind == Server {
		return "Takes test reports and shows the yield."
	}
	return "Turns the files of testers into reports and sends them to the server."
}

// account returns the account that a system runs the service under, "" for its default.
func (s Spec) account(system string) string {
	if s.User == "" && system == "windows" {
		return `NT SERVICE\` + s.Name() // a virtual account: it may do what its own service needs, and no more
	}
	return s.User
}

// options are what the service managers are told beside the description.
func (s Spec) options() service.KeyValue {
	return service.KeyValue{
		"SystemdScript": s.Unit(),
		"LaunchdConfig": s.Plist(),

		// Windows: started after the others, and started again after a fault.
		"DelayedAutoStart":       true,
		"OnFailure":              "restart",
		"OnFailureDelayDuration": "5s",
		"OnFailureResetPeriod":   24 * 60 * 60, // seconds
	}
}

// Install registers the service to start with the machine, and with Windows the source of its events.
func (m *Manager) Install() error { return m.explain("install", m.svc.Install()) }

// Uninstall stops the service and takes it out. Its data stay.
func (m *Manager) Uninstall() error {
	if status, err := m.Status(); err == nil && status == Running {
		if err := m.Stop(); err != nil {
			return err
		}
	}
	return m.explain("uninstall", m.svc.Uninstall())
}

// Start starts the service.
func (m *Manager) Start() error { return m.explain("start", m.svc.Start()) }

// Stop stops the service; what is under way is finished first.
func (m *Manager) Stop() error { return m.explain("stop", m.svc.Stop()) }

// Restart stops and starts the service.
func (m *Manager) Restart() error { return m.explain("restart", m.svc.Restart()) }

// Status is what a service does.
type Status string

// The states.
const (
	Running Status = "running"
	Stopped Status = "stopped"
)

// Status returns what the service does, or [ErrNotInstalled].
func (m *Manager) Status() (Status, error) {
	status, err := m.svc.Status()
	switch {
	case err != nil:
		return "", m.explain("look at", err)
	case status == service.StatusRunning:
		return Running, nil
	}
	return Stopped, nil
}

// Platform names the service manager.
func (m *Manager) Platform() string { return m.svc.Platform() }

// explain gives the errors of service managers the names of this package, where it knows them.
func (m *Manager) explain(what string, err error) error {
	if err == nil {
		return nil
	}
	text := strings.ToLower(err.Error())
	has := func(parts ...string) bool {
		return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(text, part) })
	}
	known := error(nil)
	switch {
	case errors.Is(err, service.ErrNotInstalled), has("not installed", "does not exist", "could not be found", "not loaded", "no such file"):
		known = ErrNotInstalled
	case errors.Is(err, fs.ErrPermission), has("access is denied", "permission denied", "interactive authentication required", "must be root"):
		known = ErrPermission
	case has("already exists"):
		known = ErrInstalled
	}
	if known != nil {
		return fmt.Errorf("%s service %s: %w (%w)", what, m.spec.Name(), known, err)
	}
	return fmt.Errorf("%s service %s: %w", what, m.spec.Name(), err)
}

// Run does work until the service manager, or ctx, asks to end. Work returns when its context ends. Where no service manager waits for
// an answer, as at a terminal, it is only that; systemd is told that the service is ready, and then regularly that it lives, as long as
// alive says so.
func Run(ctx context.Context, s Spec, alive func() bool, work func(context.Context) error) error {
	if runtime.GOOS == "windows" && !service.Interactive() {
		return runUnderManager(ctx, s, work)
	}
	n := newNotifier()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		n.watch(ctx, alive)
	}()
	err := work(ctx)
	cancel()
	<-watched
	return err
}

// runUnderManager answers the requests of the service manager of Windows.
func runUnderManager(ctx context.Context, s Spec, work func(context.Context) error) error {
	p := newProgram(ctx, work)
	svc, err := s.service(p)
	if err != nil {
		return err
	}
	if err := svc.Run(); err != nil {
		return err
	}
	return p.err
}

// program is work in the form that service managers want.
type program struct {
	work   func(context.Context) error
	start  func() context.Context
	cancel context.CancelFunc
	ended  chan struct{}
	err    error // of work, when ended is closed
}

func newProgram(ctx context.Context, work func(context.Context) error) *program {
	p := &program{work: work, ended: make(chan struct{})}
	p.start = func() context.Context {
		running, cancel := context.WithCancel(ctx)
		p.cancel = cancel
		return running
	}
	return p
}

// Start begins the work. When that ends by itself, the service does.
func (p *program) Start(s service.Service) error {
	ctx := p.start()
	go func() {
		p.err = p.work(ctx)
		close(p.ended)
		if ctx.Err() == nil {
			_ = s.Stop() // fails when it is being stopped already
		}
	}()
	return nil
}

// Stop ends the work and returns when it has ended.
func (p *program) Stop(service.Service) error {
	p.cancel()
	<-p.ended
	return p.err
}
