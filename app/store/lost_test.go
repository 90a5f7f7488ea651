package store_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/app/store/storetest"
)

// fault is what a wire does to a COMMIT.
type fault int32

const (
	none       fault = iota
	loseCommit       // it does not arrive, and the connection breaks
	loseAnswer       // it arrives, but the connection breaks before the answer does
	refuse           // no connection is made, and those there are break
)

// wire stands between a store and its server.
type wire struct {
	fault  atomic.Int32
	server string
	mu     sync.Mutex
	open   map[net.Conn]bool
}

// newWire returns a wire to the database at an address, and the address of its near end.
func newWire(t *testing.T, address string) (*wire, string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{server: u.Host, open: map[net.Conn]bool{}}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { w.serve(near) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		w.set(refuse)
		wg.Wait()
	})
	u.Host = l.Addr().String()
	q := u.Query()
	q.Set("sslmode", "disable") // the wire has to see what passes
	u.RawQuery = q.Encode()
	return w, u.String()
}

func (w *wire) set(f fault) {
	w.fault.Store(int32(f))
	if f != refuse {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.open {
		c.Close()
	}
}

// keep notes an open connection, and closes it when none may be made.
func (w *wire) keep(c net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if fault(w.fault.Load()) == refuse {
		c.Close()
		return false
	}
	w.open[c] = true
	return true
}

func (w *wire) serve(near net.Conn) {
	if !w.keep(near) {
		return
	}
	far, err := net.Dial("tcp", w.server)
	if err != nil {
		near.Close()
		return
	}
	if !w.keep(far) {
		near.Close()
		return
	}
	var silent atomic.Bool // the answer is lost
	var wg sync.WaitGroup
	wg.Go(func() {
		defer near.Close()
		defer far.Close()
		buffer := make([]byte, 64<<10)
		for {
			n, err := far.Read(buffer)
			if err != nil || silent.Load() {
				return
			}
			if _, err := near.Write(buffer[:n]); err != nil {
				return
			}
		}
	})
	w.forward(near, far, &silent)
	wg.Wait()
}

func (w *wire) forward(near, far net.Conn, silent *atomic.Bool) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := near.Read(buffer)
		if err != nil {
			far.Close()
			return
		}
		if bytes.Contains(buffer[:n], []byte("COMMIT\x00")) {
			switch fault(w.fault.Load()) {
			case loseCommit:
				near.Close()
				far.Close()
				return
			case loseAnswer:
				silent.Store(true)
			}
		}
		if _, err := io.Copy(far, bytes.NewReader(buffer[:n])); err != nil {
			near.Close()
			return
		}
	}
}

func isText(err error) bool { return errors.Is(err, store.ErrText) }

// addTwice is a job that adds a row which is there.
func addTwice(ctx context.Context, w *store.Writer) error {
	return w.Exec(ctx, `INSERT INTO process (code, name, kind) VALUES (10, 'there already', 'test')`)
}

// readSetting is a job that reads a setting of PostgreSQL.
func readSetting(name string, into *string) func(context.Context, *store.Writer) error {
	return func(ctx context.Context, w *store.Writer) error {
		return w.Get(ctx, into, `SELECT current_setting($1)`, name)
	}
}

// endSessions ends all others at the database, as an administrator or a restart of the server does.
func endSessions(t *testing.T, address string) {
	t.Helper()
	const statement = `WITH other AS MATERIALIZED (SELECT pid FROM pg_stat_activity WHERE datname = current_database()
		AND pid <> pg_backend_pid() AND backend_type = 'client backend')
		SELECT count(*) FROM other WHERE pg_terminate_backend(pid, 10000)`
	if n := rawCount(t, storetest.Database(t, address), statement); n == 0 {
		t.Fatal("there was no session to end: the test proves nothing")
	}
}

func TestSessionsThatWereEndedAreMadeAnew(t *testing.T) {
	storetest.NeedsPostgreSQL(t)
	address := storetest.Address(t)
	s := openAt(t, address)
	submit(t, s, test(1))
	headers(t, s, store.HeaderQuery{})

	endSessions(t, address) // nobody reads or writes
	if n := len(headers(t, s, store.HeaderQuery{})); n != 1 {
		t.Errorf("%d reports, want 1", n)
	}
	if _, err := s.Report(t.Context(), id(1)); err != nil {
		t.Error(err)
	}
	submit(t, s, test(2, serial("SN2")))

	err := s.Do(t.Context(), func(ctx context.Context, w *store.Writer) error {
		if err := w.AddProcess(ctx, 1001); err != nil {
			return err
		}
		endSessions(t, address)
		return w.AddProcess(ctx, 1002)
	})
	if !errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrUncertain) {
		t.Errorf("the write under way: %v, want ErrUnavailable without doubt", err)
	}
	submit(t, s, test(3, serial("SN3")))
	if n := countProcesses(t, s); n != 0 {
		t.Errorf("%d processes of the write under way are stored, want none", n)
	}
	if n := len(headers(t, s, store.HeaderQuery{})); n != 3 {
		t.Errorf("%d reports, want 3", n)
	}
}

func TestCommitOfUnknownOutcomeIsAnError(t *testing.T) {
	storetest.NeedsPostgreSQL(t)
	for name, c := range map[string]struct {
		fault fault
		again store.Outcome // when it is handed in once more
	}{
		"the commit is lost": {loseCommit, store.Stored},
		"the answer is lost": {loseAnswer, store.Repeated},
	} {
		t.Run(name, func(t *testing.T) {
			wire, address := newWire(t, storetest.Address(t))
			s := openAt(t, address)
			submit(t, s, test(1))
			wire.set(c.fault)
			_, err := s.SubmitReport(t.Context(), store.Submission{Report: test(2, serial("SN2"))})
			if !errors.Is(err, store.ErrUncertain) || !errors.Is(err, store.ErrUnavailable) {
				t.Errorf("SubmitReport: %v, want ErrUncertain and ErrUnavailable", err)
			}
			wire.set(none)
			if got := submit(t, s, test(2, serial("SN2"))); got != c.again {
				t.Errorf("outcome of the second try: %v, want %v", got, c.again)
			}
		})
	}
}

// TestBatchOfUnknownOutcomeIsNotRunAgain has jobs that would count twice if they were.
func TestBatchOfUnknownOutcomeIsNotRunAgain(t *testing.T) {
	storetest.NeedsPostgreSQL(t)
	wire, address := newWire(t, storetest.Address(t))
	s := openAt(t, address)
	submit(t, s, test(1))
	count := func(ctx context.Context, w *store.Writer) error {
		return w.Exec(ctx, `UPDATE report SET receive_count = receive_count + 1`)
	}
	held, release := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		_ = s.Do(t.Context(), func(context.Context, *store.Writer) error { close(held); <-release; return nil })
	})
	<-held
	const jobs = 5
	errs := make([]error, jobs)
	var handed sync.WaitGroup
	handed.Add(jobs)
	for i := range errs {
		wg.Go(func() {
			handed.Done()
			errs[i] = s.Do(t.Context(), count)
		})
	}
	handed.Wait() // most wait by now; each batch they make is lost in the same way
	wire.set(loseAnswer)
	close(release)
	wg.Wait()
	wire.set(none)
	for i, err := range errs {
		if !errors.Is(err, store.ErrUncertain) && !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("job %d: %v, want ErrUncertain or ErrUnavailable", i, err)
		}
	}
	if h := headers(t, s, store.HeaderQuery{}); h[0].ReceiveCount > 1+jobs {
		t.Errorf("the report was counted %d times, want at most %d", h[0].ReceiveCount, 1+jobs)
	}
}

func TestServerThatIsAwayForAWhile(t *testing.T) {
	storetest.NeedsPostgreSQL(t)
	wire, address := newWire(t, storetest.Address(t))
	s := openAt(t, address)
	submit(t, s, test(1))
	headers(t, s, store.HeaderQuery{})
	wire.set(refuse)
	for range 3 {
		if _, err := s.SubmitReport(t.Context(), store.Submission{Report: test(2)}); !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("SubmitReport without a server: %v, want ErrUnavailable", err)
		}
		if _, err := s.Report(t.Context(), id(1)); !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("Report without a server: %v, want ErrUnavailable", err)
		}
		for _, err := range s.Headers(t.Context(), store.HeaderQuery{}) {
			if !errors.Is(err, store.ErrUnavailable) {
				t.Errorf("Headers without a server: %v, want ErrUnavailable", err)
			}
		}
	}
	wire.set(none)
	submit(t, s, test(3, serial("SN3")))
	if n := len(headers(t, s, store.HeaderQuery{})); n != 2 {
		t.Errorf("%d reports, want 2", n)
	}
}
