package agent_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/agent"
	"github.com/gowats/gowats/app/config"
	"github.com/gowats/gowats/app/demo"
	"github.com/gowats/gowats/internal/fsx"
	"github.com/gowats/gowats/internal/fsx/fsxtest"
	"github.com/gowats/gowats/queue"
	"github.com/gowats/gowats/report"
)

// The test of this file runs a station through crashes: an agent, its ledger and its spool, and the way from there to the server. The disk stops at a
// step drawn from a seed, or fails at some; the network loses requests and answers, and the server refuses; the clock is set to another time between two
// starts. After each crash the disk holds what was synced, and of the rest what chance leaves. A case can be run again:
//
//	GOWATS_SEED=17 GOWATS_CASE=4711 go test -run TestAgentCrashes ./agent

func TestAgentCrashes(t *testing.T) {
	cases, first := 60, 0
	if os.Getenv("GOWATS_LONG") != "" {
		cases = 10_000
	}
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("GOWATS_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	if text := os.Getenv("GOWATS_CASE"); text != "" {
		var err error
		if first, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
		cases = first + 1
	}
	t.Logf("GOWATS_SEED=%d", seed)
	root := t.TempDir()
	if memory, err := os.MkdirTemp("/dev/shm", "gowats"); err == nil { // the crashes are simulated, so a disk would only make them slow
		root = memory
		t.Cleanup(func() { _ = os.RemoveAll(memory) }) // nothing to learn from an error
	}
	var mu sync.Mutex
	total := newCrashTally()
	numbers := make(chan int)
	var working sync.WaitGroup
	for range 64 { // most of the time a case waits for its next attempt
		working.Go(func() {
			for n := range numbers {
				t.Run(strconv.Itoa(n), func(t *testing.T) {
					w := newWorld(t, filepath.Join(root, strconv.Itoa(n)), seed, uint64(n))
					w.play()
					if t.Failed() {
						t.Fatalf("run it again by GOWATS_SEED=%d GOWATS_CASE=%d", seed, n)
					}
					if err := os.RemoveAll(w.root); err != nil {
						t.Fatal(err)
					}
					mu.Lock()
					defer mu.Unlock()
					total.add(w.tally)
				})
			}
		})
	}
	for n := first; n < cases && !t.Failed(); n++ {
		numbers <- n
	}
	close(numbers)
	working.Wait()
	t.Logf("%d cases: %v", cases-first, total)
	if first == 0 && !t.Failed() {
		total.check(t)
	}
}

// crashTally counts what happened.
type crashTally struct {
	files, reports, crashes, faults, mishaps, clocks int
	stops                                            map[fsx.Op]int // crashes by the step they came at
}

func newCrashTally() *crashTally { return &crashTally{stops: map[fsx.Op]int{}} }

func (c *crashTally) add(o *crashTally) {
	c.files, c.reports, c.crashes = c.files+o.files, c.reports+o.reports, c.crashes+o.crashes
	c.faults, c.mishaps, c.clocks = c.faults+o.faults, c.mishaps+o.mishaps, c.clocks+o.clocks
	for op, n := range o.stops {
		c.stops[op] += n
	}
}

func (c *crashTally) String() string {
	return fmt.Sprintf("%d files, %d reports; %d crashes, at steps %v; other faults: %d of the disk, %d of the network; %d clocks set",
		c.files, c.reports, c.crashes, c.stops, c.faults, c.mishaps, c.clocks)
}

// check fails when a kind of fault did not happen: then the test proves less than it says.
func (c *crashTally) check(t *testing.T) {
	t.Helper()
	const enough = 1000 // crashes, to come to every kind of step
	for _, op := range []fsx.Op{fsx.OpMkdir, fsx.OpCreate, fsx.OpWrite, fsx.OpSync, fsx.OpRename, fsx.OpSyncDir, fsx.OpRemove, fsx.OpCommit} {
		if c.stops[op] == 0 && c.crashes > enough {
			t.Errorf("no crash at a step %q", op)
		}
	}
	if c.faults == 0 || c.mishaps == 0 || c.clocks == 0 {
		t.Errorf("a kind of fault did not happen: %v", c)
	}
}

// crashLine is the way to a server, and the server: it keeps what it is sent, by ID.
type crashLine struct {
	t       *testing.T
	client  *wats.Client
	network *http.Transport
	die     func() // of the station

	mu      sync.Mutex
	random  *rand.Rand
	calm    bool
	held    map[report.ID]string
	mishaps int
}

func newCrashLine(t *testing.T, random *rand.Rand, die func()) *crashLine {
	t.Helper()
	l := &crashLine{t: t, network: &http.Transport{}, die: die, random: random, held: map[report.ID]string{}}
	server := httptest.NewServer(http.HandlerFunc(l.take))
	t.Cleanup(server.Close)
	t.Cleanup(l.network.CloseIdleConnections)
	var err error
	l.client, err = wats.NewClient(server.URL, wats.WithToken("dTpw"), wats.WithTransport(l), wats.WithoutBreaker(), wats.WithoutRateLimit())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.client.Close)
	return l
}

// take is the server.
func (l *crashLine) take(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	got, _, err := report.DecodeWSJF(body)
	if err != nil {
		l.t.Errorf("the server got what is no report: %v\n%s", err, body)
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if before, known := l.held[got.ID]; known && before != string(body) {
		l.t.Errorf("report %s came twice, and not the same", got.ID)
	}
	l.held[got.ID] = string(body)
	fmt.Fprintf(w, `[{"ID":%q}]`, got.ID)
}

// RoundTrip is the way there, on which much happens.
func (l *crashLine) RoundTrip(r *http.Request) (*http.Response, error) {
	l.mu.Lock()
	mishap := l.random.IntN(10)
	if l.calm {
		mishap = 10
	}
	if mishap < 7 {
		l.mishaps++
	}
	l.mu.Unlock()
	answer := func(status int, header http.Header) (*http.Response, error) {
		_ = r.Body.Close() // not sent
		return &http.Response{StatusCode: status, Header: header, Body: http.NoBody, Request: r}, nil
	}
	switch mishap {
	case 0:
		_ = r.Body.Close() // not sent
		return nil, syscall.ECONNREFUSED
	case 1:
		return answer(http.StatusServiceUnavailable, http.Header{})
	case 2:
		return answer(http.StatusTooManyRequests, http.Header{"Retry-After": {"1"}})
	case 3:
		return answer(http.StatusUnauthorized, http.Header{})
	}
	res, err := l.network.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	switch mishap {
	case 4: // it has it, but the answer is lost
		return nil, errors.Join(res.Body.Close(), syscall.ECONNRESET)
	case 5: // it has it, and fails afterwards
		return &http.Response{StatusCode: http.StatusInternalServerError, Header: http.Header{}, Body: http.NoBody, Request: r}, res.Body.Close()
	case 6: // it has it, and the station dies
		l.die()
	}
	return res, nil
}

// world is one case.
type world struct {
	t      *testing.T
	random *rand.Rand
	root   string
	folder string // on the disk that fails, as is the spool
	disk   *fsxtest.Disk
	action config.Action
	line   *crashLine
	tally  *crashTally
	clock  time.Duration // ahead of the true time

	files map[string]bool // by name, whether it is good
	ids   map[report.ID]bool

	mu   sync.Mutex
	safe map[queue.ID]bool // what the spool has acknowledged
}

// crashShards keeps the spool small: the IDs of the reports begin with 0.
const crashShards = 1

func newWorld(t *testing.T, root string, seed, n uint64) *world {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, n))
	w := &world{
		t: t, random: random, root: root, folder: filepath.Join(root, "disk", "in"), tally: newCrashTally(),
		action: []config.Action{config.MoveAction, config.ZipAction, config.DeleteAction, config.KeepAction}[random.IntN(4)],
		files:  map[string]bool{}, ids: map[report.ID]bool{}, safe: map[queue.ID]bool{},
	}
	if err := errors.Join(os.MkdirAll(w.folder, 0o755), os.MkdirAll(filepath.Join(root, "data"), 0o755)); err != nil {
		t.Fatal(err)
	}
	for i := range 1 + random.IntN(3) {
		name, content := fmt.Sprintf("%d.json", i), "no report"
		if random.IntN(4) > 0 {
			r := demo.InCircuit(i, time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC))
			r.ID[0] = 0
			content, w.files[name], w.ids[r.ID] = string(r.AppendWSJF(nil, report.WSJFOptions{})), true, true
		} else {
			w.files[name] = false
		}
		if err := os.WriteFile(filepath.Join(w.folder, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	w.tally.files, w.tally.reports = len(w.files), len(w.ids)
	disk, err := fsxtest.New(filepath.Join(root, "disk"), random)
	if err != nil {
		t.Fatal(err)
	}
	w.disk = disk
	w.line = newCrashLine(t, rand.New(rand.NewPCG(n, seed)), disk.Stop)
	return w
}

// play crashes the station a few times, lets it end its work in peace, and looks at what there is.
func (w *world) play() {
	for range 1 + w.random.IntN(4) {
		w.disk.Plan = w.plan(1 + w.random.IntN(70))
		w.setClock()
		w.boot(false)
		w.disk.Stop()
		w.tally.crashes++
		if err := w.disk.PowerLoss(); err != nil {
			w.t.Fatal(err)
		}
	}
	w.disk.Plan, w.line.calm = nil, true
	w.tally.mishaps = w.line.mishaps
	w.clock = 1000 * time.Hour // whatever waits for its time has waited enough
	w.boot(true)
	w.check()
}

// setClock sets the clock of the station to another time, or not. It is of the station alone: files keep the true time, as on a network drive.
func (w *world) setClock() {
	if w.random.IntN(2) == 0 {
		w.clock = time.Duration(w.random.IntN(400)-200) * time.Hour / 2
		w.tally.clocks++
	}
}

func (w *world) now() time.Time { return time.Now().Add(w.clock) }

// plan stops the disk at the n-th step that changes it, and lets some before fail: a few, since the agent waits longer after each.
func (w *world) plan(n int) func(int, fsx.Step) fsxtest.Fault {
	fails := 4
	return func(_ int, s fsx.Step) fsxtest.Fault {
		switch s.Op {
		case fsx.OpRead, fsx.OpReadDir, fsx.OpStat, fsx.OpFree, fsx.OpLock:
			return fsxtest.None
		}
		n--
		switch {
		case n == 0:
			w.tally.stops[s.Op]++
			return []fsxtest.Fault{fsxtest.StopBefore, fsxtest.StopAfter, fsxtest.StopTorn}[w.random.IntN(3)]
		case fails > 0 && w.random.IntN(20) == 0:
			fails--
			w.tally.faults++
			return []fsxtest.Fault{fsxtest.NoSpace, fsxtest.IOError, fsxtest.IOErrorDone}[w.random.IntN(3)]
		}
		return fsxtest.None
	}
}

// boot runs agent and uploader in turn until the disk stops or nothing more can be done.
func (w *world) boot(inPeace bool) {
	q, err := queue.Open(filepath.Join(w.root, "disk", "spool"), queue.WithLimits(queue.Limits{MinFree: 1}),
		queue.WithSystem(queue.System{Disk: w.disk.FS(), Now: w.now, Shards: crashShards}))
	if err != nil {
		if inPeace {
			w.t.Errorf("open the spool: %v", err)
		}
		return
	}
	if w.random.IntN(2) == 0 { // what an earlier start has left
		w.upload(q, inPeace)
	}
	w.read(q, inPeace)
	w.upload(q, inPeace)
}

// read runs an agent until the disk stops or all files are done with.
func (w *world) read(q *queue.Queue, inPeace bool) {
	c := testConverter()
	c.Folder, c.After = w.folder, w.action
	c.Settle, c.Rescan = time.Millisecond, time.Millisecond
	a, err := agent.New(agent.Config{
		Data: filepath.Join(w.root, "data"), Converters: []config.Converter{c}, Station: config.Station{Name: "BENCH"}, Disk: w.disk.FS(), Now: w.now,
		Put: func(ctx context.Context, it queue.Item) error {
			err := q.Put(ctx, it)
			if err == nil {
				w.mu.Lock()
				defer w.mu.Unlock()
				w.safe[it.ID] = true
			}
			return err
		},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(w.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	limit := time.Now().Add(time.Minute)
	for !w.disk.Stopped() && !w.settled(a) {
		if time.Now().After(limit) {
			w.t.Errorf("in peace: %v; nothing happens any more: %+v\n%s", inPeace, a.Status(), w.disk.Describe())
			break
		}
		<-time.After(time.Millisecond)
	}
	stop()
	if err := <-ended; err != nil {
		w.t.Errorf("Run: %v", err)
	}
}

// upload sends what can be sent; in peace that is all.
func (w *world) upload(q *queue.Queue, inPeace bool) {
	for {
		_, err := q.Process(w.t.Context(), agent.SendTo(w.line.client))
		if !inPeace {
			return // held up, or the disk has stopped: the next start goes on
		}
		if err != nil {
			w.t.Errorf("send in peace: %v", err)
			return
		}
		left, err := q.Stats(w.t.Context())
		if err != nil || left.Ready.Reports == 0 {
			if err != nil || left.Dead.Reports > 0 {
				w.t.Errorf("after all is sent: got %+v, %v\n%s", left, err, w.disk.Describe())
			}
			return
		}
		w.clock += time.Hour
	}
}

// settled reports whether no file waits.
func (w *world) settled(a *agent.Agent) bool {
	if s := a.Status()[0]; s.State != agent.Watching {
		return false
	}
	for name, good := range w.files {
		_, err := os.Lstat(filepath.Join(w.folder, name))
		switch {
		case w.action == config.KeepAction && good:
			if !w.isSafe() {
				return false
			}
		case err == nil:
			return false
		}
	}
	return true
}

// isSafe reports whether the spool has acknowledged every report.
func (w *world) isSafe() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.safe) == len(w.ids)
}

// check fails unless the server has every report, and every file is in one place.
func (w *world) check() {
	for id := range w.ids {
		if _, held := w.line.held[id]; !held {
			w.t.Errorf("report %s is lost\n%s", id, w.disk.Describe())
		}
	}
	if len(w.line.held) != len(w.ids) {
		w.t.Errorf("the server has %d reports, want %d", len(w.line.held), len(w.ids))
	}
	for name, good := range w.files {
		want := map[config.Action]string{
			config.MoveAction: "Done/" + name, config.ZipAction: "Done/" + name + ".zip", config.DeleteAction: "", config.KeepAction: name,
		}[w.action]
		if !good {
			want = "Error/" + name
		}
		var found []string
		for _, place := range []string{name, "Done/" + name, "Done/" + name + ".zip", "Error/" + name} {
			if _, err := os.Lstat(filepath.Join(w.folder, filepath.FromSlash(place))); err == nil {
				found = append(found, place)
			}
		}
		if strings.Join(found, " ") != want {
			w.t.Errorf("%s after %s: found in %q, want %q\n%s", name, w.action, found, want, w.disk.Describe())
		}
		if _, err := os.Lstat(filepath.Join(w.folder, "Error", name+".error.txt")); !good && err != nil {
			w.t.Errorf("%s has no reason beside it: %v", name, err)
		}
	}
	for _, folder := range []string{"Done", "Error"} {
		entries, err := os.ReadDir(filepath.Join(w.folder, folder))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			w.t.Error(err)
		}
		for _, e := range entries {
			name := strings.TrimSuffix(strings.TrimSuffix(e.Name(), ".zip"), ".error.txt")
			if _, dropped := w.files[name]; !dropped && !strings.HasPrefix(e.Name(), ".") {
				w.t.Errorf("%s holds %s, which nobody dropped\n%s", folder, e.Name(), w.disk.Describe())
			}
		}
	}
}
