package agent_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gowats/gowats/app/agent"
	"github.com/gowats/gowats/app/config"
	"github.com/gowats/gowats/internal/fsx"
	"github.com/gowats/gowats/internal/fsx/fsxtest"
	"github.com/gowats/gowats/queue"
)

// The test of this file runs an agent through crashes: the disk of its folders stops at a step drawn from a seed, or fails at some, and after each
// crash holds what was synced, and of the rest what chance leaves. The spool and the ledger keep what they have acknowledged. A case can be run again:
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
	crashes, files := 0, 0
	for n := first; n < cases; n++ {
		w := newWorld(t, filepath.Join(root, strconv.Itoa(n)), rand.New(rand.NewPCG(seed, uint64(n))))
		crashes += w.play()
		files += len(w.files)
		if t.Failed() {
			t.Fatalf("case failed: run it again by GOWATS_SEED=%d GOWATS_CASE=%d", seed, n)
		}
		if err := os.RemoveAll(w.root); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d cases, %d crashes, %d files: each report safe, each file in one place", cases-first, crashes, files)
}

// world is one case.
type world struct {
	t      *testing.T
	random *rand.Rand
	root   string
	folder string // on the disk that fails
	disk   *fsxtest.Disk
	action config.Action
	spool  *spool

	files map[string]bool // by name, whether it is good
	ids   map[queue.ID]bool
}

func newWorld(t *testing.T, root string, random *rand.Rand) *world {
	t.Helper()
	w := &world{
		t: t, random: random, root: root, folder: filepath.Join(root, "disk", "in"), spool: newSpool(),
		action: []config.Action{config.MoveAction, config.ZipAction, config.DeleteAction, config.KeepAction}[random.IntN(4)],
		files:  map[string]bool{}, ids: map[queue.ID]bool{},
	}
	if err := errors.Join(os.MkdirAll(w.folder, 0o755), os.MkdirAll(filepath.Join(root, "data"), 0o755)); err != nil {
		t.Fatal(err)
	}
	for i := range 1 + random.IntN(3) {
		name, content := fmt.Sprintf("%d.json", i), "no report"
		if random.IntN(4) > 0 {
			report, id := wsjf(i)
			content, w.files[name], w.ids[queue.ID(id)] = report, true, true
		} else {
			w.files[name] = false
		}
		if err := os.WriteFile(filepath.Join(w.folder, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	disk, err := fsxtest.New(filepath.Join(root, "disk"), random)
	if err != nil {
		t.Fatal(err)
	}
	w.disk = disk
	return w
}

// play crashes the agent a few times, lets it end its work in peace, and looks at what there is. It returns the number of crashes.
func (w *world) play() int {
	crashes := 1 + w.random.IntN(3)
	for range crashes {
		w.disk.Plan = w.plan(1 + w.random.IntN(30))
		w.run(false)
		if err := w.disk.PowerLoss(); err != nil {
			w.t.Fatal(err)
		}
	}
	w.disk.Plan = nil
	w.run(true)
	w.check()
	return crashes
}

// plan stops the disk at the n-th step that changes it, and lets some before fail.
func (w *world) plan(n int) func(int, fsx.Step) fsxtest.Fault {
	return func(_ int, s fsx.Step) fsxtest.Fault {
		switch s.Op {
		case fsx.OpRead, fsx.OpReadDir, fsx.OpStat, fsx.OpFree, fsx.OpLock:
			return fsxtest.None
		}
		n--
		switch {
		case n == 0:
			return []fsxtest.Fault{fsxtest.StopBefore, fsxtest.StopAfter, fsxtest.StopTorn}[w.random.IntN(3)]
		case w.random.IntN(20) == 0:
			return []fsxtest.Fault{fsxtest.NoSpace, fsxtest.IOError, fsxtest.IOErrorDone}[w.random.IntN(3)]
		}
		return fsxtest.None
	}
}

// run runs an agent until the disk stops or all is done.
func (w *world) run(inPeace bool) {
	c := testConverter()
	c.Folder, c.After = w.folder, w.action
	c.Settle, c.Rescan = time.Millisecond, time.Millisecond
	a, err := agent.New(agent.Config{
		Data: filepath.Join(w.root, "data"), Converters: []config.Converter{c}, Station: config.Station{Name: "BENCH"}, Put: w.spool.put, Disk: w.disk.FS(),
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

// settled reports whether no file waits.
func (w *world) settled(a *agent.Agent) bool {
	if s := a.Status()[0]; s.State != agent.Watching {
		return false
	}
	for name, good := range w.files {
		_, err := os.Lstat(filepath.Join(w.folder, name))
		switch {
		case w.action == config.KeepAction && good:
			if w.spool.size() < len(w.ids) {
				return false
			}
		case err == nil:
			return false
		}
	}
	return true
}

// check fails unless every report is safe, and every file in one place.
func (w *world) check() {
	for id := range w.ids {
		if w.spool.items[id] == nil {
			w.t.Errorf("report %s is lost\n%s", id, w.disk.Describe())
		}
	}
	if len(w.spool.items) != len(w.ids) {
		w.t.Errorf("the spool has %d reports, want %d", len(w.spool.items), len(w.ids))
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
