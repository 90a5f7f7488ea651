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
	"testing"
	"time"

	"github.com/gowats/gowats/internal/fsx"
	"github.com/gowats/gowats/internal/fsx/fsxtest"
)

// The tests of this file run a spool through crashes. Producers, an uploader and a person with a command line take turns at every step on
// the disk; which of them is next, what they do, what the server answers, where the clock jumps and where the disk fails is drawn from a seed, so that a
// case can be run again:
//
//	GOWATS_SEED=17 GOWATS_CASE=4711 go test -run TestCrashes ./queue
//
// After each crash the disk holds what was synced, and of the rest what chance leaves.

func TestCrashes(t *testing.T) {
	cases := 500
	if os.Getenv("GOWATS_LONG") != "" {
		cases = 20_000
	}
	seed := rand.Uint64()
	if text := os.Getenv("GOWATS_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	first := 0
	if text := os.Getenv("GOWATS_CASE"); text != "" {
		var err error
		if first, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
		cases = first + 1
	}
	t.Logf("GOWATS_SEED=%d", seed)
	root := memoryDir(t)
	total := newTally()
	for n := first; n < cases; n++ {
		dir := filepath.Join(root, strconv.Itoa(n))
		w := newWorld(t, dir, seed, n)
		w.play()
		total.add(w.tally)
		if t.Failed() {
			t.Fatalf("case failed: run it again by GOWATS_SEED=%d GOWATS_CASE=%d", seed, n)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d cases: %v", cases-first, total)
	if first == 0 {
		total.check(t)
	}
}

// world is one case: a spool, who uses it, the server, and the faults.
type world struct {
	t      *testing.T
	r      *rand.Rand
	dir    string
	disk   *fsxtest.Disk
	clock  time.Time
	blind  bool // the order of two reports cannot be known: the clock was set back, or the disk did not show a file
	calm   bool // the server does nothing but take or refuse
	tally  tally
	log    []string
	wanted map[string]promise // by content
	tried  map[string]int     // contents that were ever given to Put: how many Puts had returned before
	mixed  map[string]bool    // contents that were put under several priorities, or by several processes
	server map[string]int     // by content: when it arrived first, from 1
	serial int

	actors  []*actor
	current *actor
}

// promise is a Put that returned nil.
type promise struct {
	id       ID
	by       *Queue // the process
	priority int
	number   int // of the Put, in the order in which they returned
}

// actor is a goroutine that takes turns with others at each step on the disk.
type actor struct {
	name   string
	resume chan struct{}
	yield  chan bool // true: it has ended
}

func newWorld(t *testing.T, dir string, seed uint64, n int) *world {
	t.Helper()
	w := &world{
		t: t, r: rand.New(rand.NewPCG(seed, uint64(n))), dir: filepath.Join(dir, "spool"), clock: noon, tally: newTally(),
		wanted: map[string]promise{}, tried: map[string]int{}, mixed: map[string]bool{}, server: map[string]int{},
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	var err error
	if w.disk, err = fsxtest.New(dir, w.r); err != nil {
		t.Fatal(err)
	}
	w.disk.Turn = func(fsx.Step) { w.turn() }
	return w
}

// now never gives the same time twice.
func (w *world) now() time.Time {
	w.clock = w.clock.Add(time.Microsecond)
	return w.clock
}

func (w *world) isKnown(content string) bool {
	_, known := w.tried[content]
	return known
}

func (w *world) logf(format string, args ...any) {
	w.log = append(w.log, fmt.Sprintf(format, args...))
}

func (w *world) errorf(format string, args ...any) {
	w.t.Helper()
	w.t.Errorf(format+"\n%s\non disk:\n%s", append(args, strings.Join(w.log, "\n"), w.disk.Describe())...)
}

// turn gives the turn to somebody else, and comes back when it is this actor's again.
func (w *world) turn() {
	a := w.current
	if a == nil {
		return // nobody else is there
	}
	a.yield <- false
	<-a.resume
}

// start adds an actor, which does nothing before its turn.
func (w *world) start(name string, do func()) {
	a := &actor{name: name, resume: make(chan struct{}), yield: make(chan bool)}
	w.actors = append(w.actors, a)
	go func() {
		<-a.resume
		do()
		a.yield <- true
	}()
}

// takeTurns lets the actors go on by chance until all have ended.
func (w *world) takeTurns() {
	for len(w.actors) > 0 {
		i := w.r.IntN(len(w.actors))
		a := w.actors[i]
		w.current = a
		a.resume <- struct{}{}
		if ended := <-a.yield; ended {
			w.actors = slices.Delete(w.actors, i, i+1)
		}
		if w.r.IntN(20) == 0 {
			w.tick()
		}
	}
	w.current = nil
}

// tick lets time pass, or jump.
func (w *world) tick() {
	switch w.r.IntN(30) {
	case 0:
		w.clock = w.clock.Add(time.Duration(w.r.IntN(100)) * time.Hour)
	case 1:
		w.clock = w.clock.Add(-time.Duration(w.r.IntN(100)) * time.Hour)
		w.blind = true
	default:
		w.clock = w.clock.Add(time.Duration(w.r.IntN(3000)) * time.Millisecond)
	}
}

// plan draws where the disk fails until the next crash.
func (w *world) plan() {
	stopAt := 1 + w.r.IntN(120) // of the changing steps
	if w.r.IntN(20) == 0 {
		stopAt = 1 + w.r.IntN(15) // when the folders are being made
	}
	if w.r.IntN(6) == 0 {
		stopAt = 1 << 30 // this time not
	}
	anywhere := w.r.IntN(8) == 0 // also at a step that changes nothing
	fail := 0.0
	if w.r.IntN(2) == 0 {
		fail = 0.05 * w.r.Float64()
	}
	changed := 0
	w.disk.Plan = func(_ int, s fsx.Step) fsxtest.Fault {
		changes := slices.Contains(changing, s.Op)
		if changes || anywhere && w.r.IntN(50) == 0 {
			changed++
		}
		if changed >= stopAt {
			w.tally.crashes++
			w.tally.stopped[s.Op]++
			fault := []fsxtest.Fault{fsxtest.StopBefore, fsxtest.StopAfter, fsxtest.StopTorn}[w.r.IntN(3)]
			w.logf("crash (%d) at %s %s %s", fault, s.Op, w.short(s.Path), w.short(s.To))
			return fault
		}
		if w.r.Float64() >= fail || !changes && w.r.IntN(40) > 0 { // most steps only look
			return fsxtest.None
		}
		w.tally.faults++
		w.blind = w.blind || !changes
		fault := []fsxtest.Fault{fsxtest.NoSpace, fsxtest.IOError, fsxtest.IOErrorDone}[w.r.IntN(3)]
		w.logf("fault (%d) at %s %s %s", fault, s.Op, w.short(s.Path), w.short(s.To))
		return fault
	}
}

func (w *world) short(path string) string { return strings.TrimPrefix(path, w.dir) }

// play runs the case.
func (w *world) play() {
	if w.r.IntN(10) > 0 { // in the others it is made while the disk fails
		if _, err := w.open(); err != nil {
			w.t.Fatal(err)
		}
	}
	for range 2 + w.r.IntN(4) {
		w.plan()
		w.boot()
		if w.t.Failed() {
			return
		}
		w.disk.Stop()
		if err := w.disk.PowerLoss(); err != nil {
			w.t.Fatalf("PowerLoss: %v", err)
		}
		w.logf("power loss; left are:\n%s", w.disk.Describe())
		w.tick()
		w.checkMoment()
	}
	w.disk.Plan = nil
	w.finish()
}

func (w *world) open() (*Queue, error) {
	q, err := Open(w.dir, WithSystem(System{w.disk.FS(), w.now, 3}), WithLimits(Limits{MinFree: 1}), WithRetention(w.retention()))
	if q != nil {
		q.random = w.r.Float64
	}
	return q, err
}

// retention is nothing in some cases.
func (w *world) retention() Retention {
	if w.serial%7 == 6 {
		return Retention{}
	}
	return Retention{Age: time.Hour}
}

// boot starts everybody and returns when all have ended, by themselves or by a crash.
func (w *world) boot() {
	w.logf("boot at %v", w.clock)
	w.start("uploader", w.upload)
	for n := range 1 + w.r.IntN(3) {
		w.start(fmt.Sprintf("producer %d", n), w.produce)
	}
	if w.r.IntN(3) == 0 {
		w.start("person", w.command)
	}
	w.takeTurns()
}

// produce puts a few reports, as a process of its own.
func (w *world) produce() {
	q, err := w.open()
	if err != nil {
		w.logf("open: %v", err)
		return
	}
	for range 1 + w.r.IntN(6) {
		w.put(q)
	}
}

// put puts one report. A few IDs come again and again, with the same content or another.
func (w *world) put(q *Queue) {
	n := w.r.IntN(4)
	if w.r.IntN(2) == 0 {
		n = 4 + w.r.IntN(1000)
	}
	it := Item{ID: ID{byte(n % 3), byte(n), byte(n >> 8), 1}, Priority: 5}
	if w.r.IntN(8) == 0 {
		it.Priority = 1 + w.r.IntN(10)
	}
	if w.r.IntN(3) == 0 {
		it.Lineage = `{"file":"run.csv"}`
	}
	it.Document = w.document(it.ID, w.r.IntN(6) == 0)
	if again := w.again(it.ID); again != "" && w.r.IntN(3) == 0 {
		it.Document = []byte(again)
	}
	w.store(q, it)
}

// document makes a report that the server takes, or not.
func (w *world) document(id ID, bad bool) []byte {
	w.serial++
	return fmt.Appendf(nil, `{"id":"%s","n":%d,"bad":%v}`, id, w.serial, bad)
}

// store puts a report and keeps in mind what was promised.
func (w *world) store(q *Queue, it Item) {
	content := string(it.Document)
	if !w.isKnown(content) {
		w.tried[content] = len(w.wanted)
	}
	err := q.Put(context.Background(), it)
	if p, known := w.wanted[content]; known && (p.priority != it.Priority || p.by != q) {
		w.mixed[content] = true
	}
	w.logf("put %s %d: %s: %v", it.ID, it.Priority, content, err)
	if err != nil {
		w.tally.refused++
		return
	}
	w.tally.puts++
	if _, known := w.wanted[content]; !known {
		w.wanted[content] = promise{it.ID, q, it.Priority, len(w.wanted) + 1}
	}
}

// again returns a content that was put under this ID, "" for none.
func (w *world) again(id ID) string {
	var contents []string
	for content := range w.tried {
		if strings.Contains(content, id.String()) {
			contents = append(contents, content)
		}
	}
	if len(contents) == 0 {
		return ""
	}
	slices.Sort(contents)
	return contents[w.r.IntN(len(contents))]
}

// upload sends reports one after the other, as the uploader does.
func (w *world) upload() {
	q, err := w.open()
	if err != nil {
		w.logf("open: %v", err)
		return
	}
	u, end, err := q.begin(w.send, RunOptions{})
	if err != nil {
		w.logf("begin: %v", err)
		return
	}
	defer end()
	idle := 0
	for idle < 3 && !w.disk.Stopped() {
		if w.r.IntN(10) == 0 {
			w.put(q) // a producer in the process of the uploader
		}
		if w.r.IntN(50) == 0 {
			u.sweep()
			u.prune(context.Background())
		}
		if c, ok := u.claim(); ok {
			u.deliver(context.Background(), c)
			continue
		}
		idle++
		w.clock = w.clock.Add(time.Duration(w.r.IntN(20)) * time.Second)
		if err := u.rescan(context.Background()); err != nil {
			w.logf("rescan: %v", err)
		}
	}
}

// send is the way to a server that takes a content once, and to which much happens.
func (w *world) send(_ context.Context, it Item) Result {
	w.turn()
	content := string(it.Document)
	if !w.isKnown(content) {
		w.errorf("server gets what nobody put: %q", content)
	}
	r := Result{Class: Accepted}
	mishap := w.r.IntN(12)
	if w.calm {
		mishap = 12
	}
	switch mishap {
	case 0:
		r = Result{Class: Offline, Words: "connection refused"}
	case 1:
		r = Result{Class: Auth, Words: "401"}
	case 2:
		r = Result{Class: Transient, Words: "500"}
	case 3: // it has it, but the answer is lost
		w.arrive(it.ID, content)
		r = Result{Class: Offline, Words: "connection reset"}
	case 4: // it has it, and the station dies
		w.arrive(it.ID, content)
		w.tally.crashes++
		w.disk.Stop()
	default:
		if strings.Contains(content, `"bad":true`) {
			r = Result{Class: Rejected, Words: "Code must be a valid value"}
		} else {
			w.arrive(it.ID, content)
		}
	}
	w.logf("send %s: %s", content, r.Class)
	return r
}

// arrive is the server taking a report.
func (w *world) arrive(id ID, content string) {
	if w.server[content] != 0 || strings.Contains(content, `"bad":true`) {
		return
	}
	w.tally.sent++
	w.server[content] = len(w.server) + 1
	if w.blind {
		return
	}
	p, ok := w.wanted[content]
	if !ok || w.mixed[content] {
		return
	}
	for other, o := range w.wanted {
		later := w.tried[other] >= p.number // was given to Put for the first time after this one had returned
		if o.id == id && !w.mixed[other] && o.by == p.by && o.priority == p.priority && later && w.server[other] != 0 && w.server[other] < w.server[content] {
			w.errorf("of report %s the later document %s arrived before %s", id, other, content)
		}
	}
}

// command is a person who retries what is dead.
func (w *world) command() {
	q, err := w.open()
	if err != nil {
		w.logf("open: %v", err)
		return
	}
	for range 2 {
		for item, err := range q.List(context.Background(), Dead) {
			if err != nil {
				w.logf("list: %v", err)
				break
			}
			if w.r.IntN(2) == 0 && item.ID != (ID{}) {
				n, err := q.Retry(context.Background(), item.ID)
				w.logf("retry %s: %d, %v", item.ID, n, err)
			}
		}
	}
}

// where tells in which states a content is on disk.
func (w *world) where() map[string][]State {
	found := map[string][]State{}
	for _, state := range []State{Ready, Dead, Sent} {
		paths, err := filepath.Glob(filepath.Join(w.dir, string(state), "*", "*"))
		if err != nil {
			w.t.Fatal(err)
		}
		for _, path := range paths {
			if strings.HasSuffix(path, stateEnding) || strings.HasPrefix(filepath.Base(path), ".") {
				continue
			}
			data, err := os.ReadFile(path)
			if err != nil {
				w.t.Fatal(err)
			}
			found[string(data)] = append(found[string(data)], state)
		}
	}
	return found
}

// checkMoment holds the spool to what must be so at any moment: what was put is on the server or on disk, whole.
func (w *world) checkMoment() {
	found := w.where()
	for content := range w.wanted {
		if w.server[content] == 0 && !slices.Contains(found[content], Ready) && !slices.Contains(found[content], Dead) {
			w.errorf("lost after a crash: %s (found in %v)", content, found[content])
		}
	}
	for content, states := range found {
		if !w.isKnown(content) {
			w.errorf("%v holds what nobody put: %q", states, content)
		}
	}
}

// finish lets a spool without faults drain, and checks the end.
func (w *world) finish() {
	q, err := w.open()
	if err != nil {
		w.errorf("open: %v", err)
		return
	}
	u, end, err := q.begin(w.send, RunOptions{})
	if err != nil {
		w.errorf("begin: %v", err)
		return
	}
	for idle := 0; idle < 100; {
		c, ok := u.claim()
		if ok {
			u.deliver(context.Background(), c)
		} else if u.index.reports == 0 {
			break
		} else {
			idle++
			w.clock = w.clock.Add(5 * time.Minute)
		}
		if w.disk.Stopped() { // by send
			end()
			if err := w.disk.PowerLoss(); err != nil {
				w.t.Fatalf("PowerLoss: %v", err)
			}
			if u, end, err = q.begin(w.send, RunOptions{}); err != nil {
				w.errorf("begin after a crash: %v", err)
				return
			}
		}
	}
	for range 60 { // more than the clock may have been set back: what is from the future is left behind only when that has come
		w.clock = w.clock.Add(2 * time.Hour)
		u.sweep()
	}
	end()
	w.checkEnd(q)
}

func (w *world) checkEnd(q *Queue) {
	found := w.where()
	for content := range w.wanted {
		states := found[content]
		switch {
		case w.server[content] != 0, slices.Equal(states, []State{Dead}):
		default:
			w.errorf("in the end %s is not on the server, and in %v", content, states)
		}
	}
	for content, states := range found {
		slices.Sort(states)
		if states = slices.Compact(states); len(states) > 1 || states[0] == Ready { // sent twice under two priorities is no fault
			w.errorf("in the end %s is in %v", content, states)
		}
		if !w.isKnown(content) {
			w.errorf("in the end %v holds what nobody put: %q", states, content)
		}
	}
	for item, err := range q.List(context.Background(), Dead) {
		if err != nil || item.Error == "" || item.Advice == "" || item.Class == "" {
			w.errorf("in dead/ without a reason: %+v, %v", item, err)
		}
		w.tally.dead++
	}
	for p, err := range q.Verify(context.Background()) {
		if err == nil && p.Fix == fixSweep {
			continue // a note whose report has moved on: the next start of an uploader removes it
		}
		if err != nil || !strings.Contains(p.Path, string(filepath.Separator)+sentDir+string(filepath.Separator)) {
			w.errorf("in the end: %+v, %v", p, err)
		}
	}
	if entries, err := os.ReadDir(filepath.Join(w.dir, tmpDir)); err != nil || len(entries) > 0 {
		w.errorf("in the end tmp/ holds %v, %v", entries, err)
	}
}
