package queue

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gowats/gowats/internal/fsx"
	"github.com/gowats/gowats/internal/fsx/fsxtest"
)

// TestEveryStepMayFail runs one small history again and again, and each time one step on the disk fails in one of the ways it can.
func TestEveryStepMayFail(t *testing.T) {
	root := memoryDir(t)
	cases := 0
	for fault := fsxtest.StopBefore; fault <= fsxtest.IOErrorDone; fault++ {
		for step := 1; ; step++ {
			dir := filepath.Join(root, strconv.Itoa(cases))
			w := newWorld(t, dir, uint64(step), int(fault))
			reached := w.history(step, fault)
			if t.Failed() {
				t.Fatalf("fault %d at step %d", fault, step)
			}
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
			cases++
			if !reached {
				break
			}
		}
	}
	t.Logf("%d cases", cases)
	if cases < 500 {
		t.Errorf("%d cases, want more: are the steps counted?", cases)
	}
}

// history puts and sends a few reports, with one fault. It reports whether that step was reached.
func (w *world) history(step int, fault fsxtest.Fault) bool {
	reached := false
	w.disk.Plan = func(n int, s fsx.Step) fsxtest.Fault {
		if n != step {
			return fsxtest.None
		}
		reached = true
		w.blind = !slices.Contains(changing, s.Op)
		w.logf("fault (%d) at %s %s %s", fault, s.Op, w.short(s.Path), w.short(s.To))
		return fault
	}
	w.calm = true
	if q, err := w.open(); err == nil {
		for _, it := range []Item{
			{ID: ID{0, 1}, Document: w.document(ID{0, 1}, false), Lineage: `{"file":"run.csv"}`},
			{ID: ID{0, 1}, Document: w.document(ID{0, 1}, false)},
			{ID: ID{1, 1}, Document: w.document(ID{1, 1}, true), Lineage: `{"file":"run.csv"}`},
			{ID: ID{1, 2}, Document: w.document(ID{1, 2}, false)},
		} {
			w.store(q, it)
		}
		w.sendAll(q)
		if _, err := q.Retry(context.Background(), ID{1, 1}); err != nil {
			w.logf("retry: %v", err)
		}
		w.sendAll(q)
	}
	w.disk.Plan = nil
	w.disk.Stop()
	if err := w.disk.PowerLoss(); err != nil {
		w.t.Fatalf("PowerLoss: %v", err)
	}
	w.logf("power loss; left are:\n%s", w.disk.Describe())
	w.checkMoment()
	w.finish()
	return reached
}

// sendAll sends what can be sent now.
func (w *world) sendAll(q *Queue) {
	u, end, err := q.begin(w.send, RunOptions{})
	if err != nil {
		w.logf("begin: %v", err)
		return
	}
	defer end()
	for {
		c, ok := u.claim()
		if !ok {
			return
		}
		u.deliver(context.Background(), c)
	}
}

// TestCrashesUnderFullLoad lets Run, with several workers, and several producers work at the same time on a disk that fails, and checks the end. What happens
// depends on the scheduler too, so a seed does not reproduce it; that of [TestCrashes] does.
func TestCrashesUnderFullLoad(t *testing.T) {
	cases := 10
	if os.Getenv("GOWATS_LONG") != "" {
		cases = 500
	}
	root := memoryDir(t)
	for n := range cases {
		synctest.Test(t, func(t *testing.T) {
			l := newLoad(t, filepath.Join(root, strconv.Itoa(n)), rand.New(rand.NewPCG(rand.Uint64(), 0)))
			for range 3 {
				l.boot()
			}
			l.finish()
		})
		if t.Failed() {
			return
		}
	}
}

// load is a spool under load, and what was promised about it.
type load struct {
	t    *testing.T
	dir  string
	disk *fsxtest.Disk
	r    *rand.Rand

	mu     sync.Mutex
	serial int
	wanted map[string]bool
	tried  map[string]bool
	server map[string]bool
}

func newLoad(t *testing.T, dir string, r *rand.Rand) *load {
	t.Helper()
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	l := &load{t: t, dir: filepath.Join(dir, "spool"), r: r, wanted: map[string]bool{}, tried: map[string]bool{}, server: map[string]bool{}}
	var err error
	if l.disk, err = fsxtest.New(dir, r); err != nil {
		t.Fatal(err)
	}
	l.open()
	return l
}

func (l *load) open() *Queue {
	q, err := Open(l.dir, WithSystem(System{Disk: l.disk.FS(), Shards: 4}), WithLimits(Limits{MinFree: 1}))
	if err != nil {
		l.t.Logf("open: %v", err)
	}
	return q
}

// boot lets all work until the disk stops, or for a while.
func (l *load) boot() {
	stopAt := 100 + l.r.IntN(4000)
	faults := rand.New(rand.NewPCG(l.r.Uint64(), 0))
	l.disk.Plan = func(n int, _ fsx.Step) fsxtest.Fault {
		switch {
		case n >= stopAt:
			return fsxtest.StopTorn
		case faults.IntN(500) == 0:
			return fsxtest.IOError
		}
		return fsxtest.None
	}
	ctx, cancel := context.WithCancel(l.t.Context())
	var all sync.WaitGroup
	if q := l.open(); q != nil {
		all.Go(func() {
			if err := q.Run(ctx, l.send, RunOptions{Workers: 4}); err != nil {
				l.t.Logf("run: %v", err)
			}
		})
		all.Go(func() { l.produce(q) })
	}
	for range 2 {
		if q := l.open(); q != nil {
			all.Go(func() { l.produce(q) })
		}
	}
	time.Sleep(10 * time.Second)
	cancel()
	all.Wait()
	l.disk.Plan = nil
	l.disk.Stop()
	if err := l.disk.PowerLoss(); err != nil {
		l.t.Fatalf("PowerLoss: %v", err)
	}
}

func (l *load) produce(q *Queue) {
	for range 30 {
		l.mu.Lock()
		l.serial++
		n := l.serial
		l.mu.Unlock()
		id := ID{byte(n % 4), byte(n), byte(n >> 8), 1}
		content := fmt.Sprintf(`{"id":"%s","bad":%v}`, id, n%10 == 0)
		l.mu.Lock()
		l.tried[content] = true
		l.mu.Unlock()
		if err := q.Put(l.t.Context(), Item{ID: id, Document: []byte(content), Priority: 1 + n%10}); err != nil {
			continue
		}
		l.mu.Lock()
		l.wanted[content] = true
		l.mu.Unlock()
	}
}

func (l *load) send(_ context.Context, it Item) Result {
	l.mu.Lock()
	defer l.mu.Unlock()
	content := string(it.Document)
	if !l.tried[content] {
		l.t.Errorf("server gets what nobody put: %q", content)
	}
	if strings.Contains(content, `"bad":true`) {
		return Result{Class: Rejected, Words: "bad"}
	}
	l.server[content] = true
	return Result{Class: Accepted}
}

func (l *load) finish() {
	q := l.open()
	ctx, cancel := context.WithCancel(l.t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := q.Run(ctx, l.send, RunOptions{Workers: 4}); err != nil {
			l.t.Errorf("run at the end: %v", err)
		}
	})
	synctest.Wait()
	for range 100 {
		if q.Status().Reports == 0 {
			break
		}
		time.Sleep(time.Minute)
	}
	cancel()
	running.Wait()
	dead := map[string]bool{}
	for item, err := range q.List(l.t.Context()) {
		if err != nil {
			l.t.Fatal(err)
		}
		document, err := q.Document(item)
		if err != nil {
			l.t.Fatal(err)
		}
		if item.State == Ready {
			l.t.Errorf("in the end there waits %+v", item)
		}
		if item.State == Dead {
			dead[string(document)] = true
		}
	}
	for content := range l.wanted {
		if !l.server[content] && !dead[content] {
			l.t.Errorf("lost: %s", content)
		}
	}
	if len(l.wanted) == 0 || len(l.server) == 0 {
		l.t.Errorf("%d reports were put and %d sent: nothing was tested", len(l.wanted), len(l.server))
	}
}
