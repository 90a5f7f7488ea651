package agent_test

import (
	"archive/zip"
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gowats/gowats/app/agent"
	"github.com/gowats/gowats/app/config"
	"github.com/gowats/gowats/app/demo"
	"github.com/gowats/gowats/queue"
	"github.com/gowats/gowats/report"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// spool takes reports in place of a real one, and can be made to refuse them.
type spool struct {
	mu    sync.Mutex
	fail  error
	tried chan struct{}
	items map[queue.ID][]queue.Item
}

func newSpool() *spool {
	return &spool{items: map[queue.ID][]queue.Item{}, tried: make(chan struct{}, 1)}
}

func (s *spool) put(_ context.Context, it queue.Item) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case s.tried <- struct{}{}:
	default:
	}
	if s.fail != nil {
		return s.fail
	}
	s.items[it.ID] = append(s.items[it.ID], it)
	return nil
}

func (s *spool) refuse(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = err
}

func (s *spool) count(id report.ID) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.items[queue.ID(id)])
}

// only returns the one report in the spool.
func (s *spool) only(t *testing.T) (*report.Report, queue.Item) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.items) != 1 {
		t.Fatalf("%d reports are in the spool, want 1", len(s.items))
	}
	for _, items := range s.items {
		r, _, err := report.DecodeWSJF(items[0].Document)
		if err != nil {
			t.Fatal(err)
		}
		return r, items[0]
	}
	return nil, queue.Item{}
}

// inbox is a watched folder and the agent that watches it.
type inbox struct {
	t       *testing.T
	data    string
	dir     string
	spool   *spool
	results chan agent.Result
	agent   *agent.Agent
	stop    func()
}

// testConverter is quick to notice files.
func testConverter() config.Converter {
	c := config.DefaultConverter()
	c.Name, c.Folder = "test", "in"
	c.Settle, c.Rescan, c.Quiet = 20*time.Millisecond, 20*time.Millisecond, 40*time.Millisecond
	return c
}

// watch runs an agent with one converter on a new folder until the test ends.
func watch(t *testing.T, change ...func(*config.Converter)) *inbox {
	t.Helper()
	in := &inbox{t: t, data: t.TempDir(), spool: newSpool(), results: make(chan agent.Result, 100)}
	in.dir = filepath.Join(in.data, "in")
	if err := os.MkdirAll(in.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	in.start(change...)
	t.Cleanup(func() { in.stop() })
	return in
}

// start runs another agent on the same folders.
func (in *inbox) start(change ...func(*config.Converter)) {
	in.t.Helper()
	c := testConverter()
	for _, f := range change {
		f(&c)
	}
	a, err := agent.New(agent.Config{
		Data: in.data, Converters: []config.Converter{c}, Station: config.Station{Name: "BENCH", Location: "Oslo"}, Put: in.spool.put,
		Handled: func(r agent.Result) { in.results <- r },
	})
	if err != nil {
		in.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(in.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	in.agent = a
	in.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			in.t.Errorf("Run: %v", err)
		}
	})
}

// drop writes a file so that it appears whole.
func (in *inbox) drop(name, content string) string {
	in.t.Helper()
	path := filepath.Join(in.dir, filepath.FromSlash(name))
	hidden := filepath.Join(in.data, "."+filepath.Base(name))
	err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(hidden, []byte(content), 0o644), os.Rename(hidden, path))
	if err != nil {
		in.t.Fatal(err)
	}
	return path
}

// next returns what became of the next source, after a minute at most.
func (in *inbox) next() agent.Result {
	in.t.Helper()
	select {
	case r := <-in.results:
		return r
	case <-time.After(time.Minute):
		in.t.Fatalf("no source was handled: %+v", in.agent.Status())
		return agent.Result{}
	}
}

// accepted returns the next result and fails unless the source was accepted and lies in the folder.
func (in *inbox) accepted(folder string) agent.Result {
	in.t.Helper()
	r := in.next()
	if r.Err != nil || filepath.Dir(r.Path) != filepath.Join(in.dir, folder) {
		in.t.Fatalf("%s went to %s: %v", r.Name, r.Path, r.Err)
	}
	in.holds(r.Path)
	return r
}

// refused returns the text beside the next source and fails unless it was refused and lies in Error.
func (in *inbox) refused() string {
	in.t.Helper()
	r := in.next()
	if r.Err == nil || filepath.Dir(r.Path) != filepath.Join(in.dir, "Error") {
		in.t.Fatalf("%s went to %s: %v", r.Name, r.Path, r.Err)
	}
	in.holds(r.Path)
	text, err := os.ReadFile(r.Path + ".error.txt")
	if err != nil {
		in.t.Fatalf("reason of the refusal: %v", err)
	}
	return string(text)
}

func (in *inbox) holds(path string) {
	in.t.Helper()
	if _, err := os.Stat(path); err != nil {
		in.t.Errorf("source is not where it should be: %v", err)
	}
}

func (in *inbox) lacks(path string) {
	in.t.Helper()
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		in.t.Errorf("%s is still there: %v", path, err)
	}
}

func wsjf(n int) (string, report.ID) {
	r := demo.InCircuit(n, time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC))
	return string(r.AppendWSJF(nil, report.WSJFOptions{})), r.ID
}

func TestGoodFileMovesToDone(t *testing.T) {
	in := watch(t)
	content, id := wsjf(1)
	path := in.drop("run.json", content)
	if r := in.accepted("Done"); r.ID != id || r.Reports != 1 || in.spool.count(id) != 1 {
		t.Errorf("got %+v; the spool took it %d times", r, in.spool.count(id))
	}
	in.lacks(path)
	_, item := in.spool.only(t)
	if item.Priority != 5 || !strings.Contains(item.Lineage, `"file":"run.json"`) || !strings.Contains(item.Lineage, `"converter":"test"`) {
		t.Errorf("item: got priority %d, lineage %s", item.Priority, item.Lineage)
	}
}

func TestBadFilesMoveToErrorAndDoNotStopTheNext(t *testing.T) {
	good, _ := wsjf(1)
	cases := map[string]struct {
		content string
		says    []string
	}{
		"no known format":               {"SN;PN;RESULT\n1;2;P\n", []string{"not in a known format", "WSJF"}},
		"cut off":                       {good[:len(good)/2], []string{"not readable as WSJF", "line "}},
		"every broken rule is told":     {`{"id":"","type":"T","sn":"","pn":"","processCode":31,"result":"X"}`, []string{"$.sn", "$.pn", "$.result", "$.root"}},
		"an ID that is none is no ID":   {strings.Replace(good, `"id":"`, `"id":"zz`, 1), []string{"$.id"}},
		"the person is told what to do": {"x", []string{"drop the file into"}},
	}
	in := watch(t)
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			in.t = t
			in.drop("bad.json", c.content)
			text := in.refused()
			for _, want := range c.says {
				if !strings.Contains(text, want) {
					t.Errorf("the reason lacks %q:\n%s", want, text)
				}
			}
		})
	}
	in.t = t
	in.drop("good.json", good)
	in.accepted("Done")
}

// panel is a WSTF file of two units; the second one has the part number given.
func panel(part string) string {
	unit := func(sn, part string) string {
		return "--Header-Start--\nSerialNumber\t" + sn + "\nPartNumber\t" + part + "\nOperationTypeCode\t31\nStationName\t" +
			"\nStartDateTime\t2026-03-01T12:00:00\n--Step-Data-Start--\nStepType\tStepName\n--Step-Data-End--\nUUTStatus\tPassed\n--UUT-End--\n"
	}
	return unit("SN1", "PN1") + unit("SN2", part)
}

func TestFileOfSeveralUnitsIsSeveralReports(t *testing.T) {
	in := watch(t)
	for _, name := range []string{"panel.txt", "the same again.txt"} {
		in.drop(name, panel("PN1"))
		if r := in.accepted("Done"); r.Reports != 2 {
			t.Errorf("got %d reports, want 2", r.Reports)
		}
	}
	if n := len(in.spool.items); n != 2 {
		t.Errorf("the same file twice gave %d IDs, want 2", n)
	}
	for id, items := range in.spool.items {
		r, _, err := report.DecodeWSJF(items[0].Document)
		if err != nil || r.Station != "BENCH" || r.Location != "Oslo" {
			t.Errorf("report %s: got station %q, location %q, %v; want those of the machine", id, r.Station, r.Location, err)
		}
	}
}

func TestGoodUnitsOfABadFileAreKept(t *testing.T) {
	in := watch(t)
	in.drop("panel.txt", panel(strings.Repeat("long", 100)))
	text := in.refused()
	if !strings.Contains(text, "1 of 2 reports break rules") || !strings.Contains(text, "report 2 (SN2) $.pn") || !strings.Contains(text, "Taken: 1 reports") {
		t.Errorf("the reason is\n%s", text)
	}
	if r, _ := in.spool.only(t); r.SerialNumber != "SN1" {
		t.Errorf("got the report on %s", r.SerialNumber)
	}
}

func TestFileThatGrowsIsTakenWhenWhole(t *testing.T) {
	in := watch(t, func(c *config.Converter) { c.Settle = 200 * time.Millisecond })
	content, id := wsjf(1)
	f, err := os.Create(filepath.Join(in.dir, "slow.json"))
	if err != nil {
		t.Fatal(err)
	}
	for part := range strings.SplitAfterSeq(content, `,`) {
		if _, err := f.WriteString(part); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if r := in.accepted("Done"); r.ID != id {
		t.Errorf("got report %s, want %s", r.ID, id)
	}
}

func TestSameFileTwiceIsTheSameReport(t *testing.T) {
	in := watch(t)
	content, id := wsjf(1)
	content = strings.Replace(content, `"id":"`+id.String()+`",`, "", 1)
	in.drop("a.json", content)
	first := in.accepted("Done")
	in.drop("a.json", content)
	second := in.accepted("Done")
	if first.ID != second.ID || first.ID == id || in.spool.count(first.ID) != 2 {
		t.Errorf("got IDs %s and %s, want the same one twice", first.ID, second.ID)
	}
	if first.Path == second.Path {
		t.Errorf("both files are at %s", first.Path)
	}
}

func TestFilesWaitWhileNothingCanBeMadeSafe(t *testing.T) {
	for name, cause := range map[string]error{"spool full": queue.ErrFull, "disk broken": errors.New("input/output error")} {
		t.Run(name, func(t *testing.T) {
			in := watch(t)
			in.spool.refuse(cause)
			content, id := wsjf(1)
			path := in.drop("run.json", content)
			<-in.spool.tried
			<-in.spool.tried
			in.holds(path)
			if s := in.agent.Status()[0]; errors.Is(cause, queue.ErrFull) && s.State != agent.Paused {
				t.Errorf("Status: got %+v, want it paused", s)
			}
			in.spool.refuse(nil)
			if r := in.accepted("Done"); r.ID != id {
				t.Errorf("got report %s, want %s", r.ID, id)
			}
		})
	}
}

func TestUnreadableFileStaysAndDoesNotStopTheNext(t *testing.T) {
	if runtime.GOOS == "windows" || os.Getuid() == 0 {
		t.Skip("this user may read every file: nothing to test")
	}
	in := watch(t)
	content, id := wsjf(1)
	closed := in.drop("closed.json", content)
	if err := os.Chmod(closed, 0); err != nil {
		t.Fatal(err)
	}
	other, otherID := wsjf(2)
	in.drop("open.json", other)
	if r := in.accepted("Done"); r.ID != otherID {
		t.Errorf("got report %s, want %s", r.ID, otherID)
	}
	in.holds(closed)
	if err := os.Chmod(closed, 0o644); err != nil {
		t.Fatal(err)
	}
	if r := in.accepted("Done"); r.ID != id {
		t.Errorf("got report %s, want %s", r.ID, id)
	}
}

func TestWhatIsNotOursIsLeftAlone(t *testing.T) {
	in := watch(t, func(c *config.Converter) { c.Patterns = []string{"*.JSON"} })
	content, id := wsjf(1)
	kept := []string{in.drop(".hidden.json", content), in.drop("run.json.tmp", content), in.drop("notes.txt", content), in.drop("folder/run.json", content)}
	in.drop("run.json", content)
	if r := in.accepted("Done"); r.ID != id || in.spool.count(id) != 1 {
		t.Errorf("report %s is %d times in the spool", id, in.spool.count(id))
	}
	for _, path := range kept {
		in.holds(path)
	}
}

func TestNestedFoldersKeepTheirPlace(t *testing.T) {
	in := watch(t, func(c *config.Converter) { c.Nested = true })
	content, _ := wsjf(1)
	in.drop("line/4/run.json", content)
	in.accepted("Done/line/4")
	in.drop("line/5/bad.json", "x")
	if r := in.next(); r.Err == nil || r.Path != filepath.Join(in.dir, "Error", "line", "5", "bad.json") {
		t.Errorf("got %+v", r)
	}
}

func TestActionsAfterwards(t *testing.T) {
	content, id := wsjf(1)
	t.Run("delete", func(t *testing.T) {
		in := watch(t, func(c *config.Converter) { c.After = config.DeleteAction })
		path := in.drop("run.json", content)
		if r := in.next(); r.Err != nil || r.ID != id || r.Path != "" {
			t.Errorf("got %+v", r)
		}
		in.lacks(path)
	})
	t.Run("zip", func(t *testing.T) {
		in := watch(t, func(c *config.Converter) { c.After = config.ZipAction })
		path := in.drop("run.json", content)
		z, err := zip.OpenReader(in.accepted("Done").Path)
		if err != nil {
			t.Fatal(err)
		}
		defer z.Close()
		if len(z.File) != 1 || z.File[0].Name != "run.json" || z.File[0].UncompressedSize64 != uint64(len(content)) {
			t.Errorf("the archive holds %+v", z.File)
		}
		in.lacks(path)
	})
	t.Run("keep", func(t *testing.T) {
		keep := func(c *config.Converter) { c.After = config.KeepAction }
		in := watch(t, keep)
		path := in.drop("run.json", content)
		in.accepted("")
		in.stop()
		in.start(keep) // what was kept is known after a restart, too
		other, otherID := wsjf(2)
		in.drop("other.json", other)
		if r := in.accepted(""); r.ID != otherID {
			t.Errorf("got %+v, want the other file only", r)
		}
		in.holds(path)
		if err := os.WriteFile(path, []byte(strings.Replace(content, `"comment"`, `"comment" `, 1)+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		if r := in.accepted(""); r.ID != id || in.spool.count(id) != 2 {
			t.Errorf("got %+v, want the file that changed", r)
		}
	})
}

func TestDoneSourcesAreDeletedInTime(t *testing.T) {
	in := watch(t, func(c *config.Converter) { c.Retain = time.Hour })
	in.stop()
	old := in.drop("Done/old.json", "x")
	in.drop("Done/new.json", "x")
	if err := os.Chtimes(old, time.Time{}, time.Now().Add(-2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	in.start(func(c *config.Converter) { c.Retain = time.Hour })
	content, _ := wsjf(1)
	in.drop("run.json", content)
	in.accepted("Done")
	for {
		if _, err := os.Stat(old); errors.Is(err, os.ErrNotExist) {
			break
		}
		runtime.Gosched()
	}
	in.holds(filepath.Join(in.dir, "Done", "new.json"))
}

func TestFileWaitsForItsCompanion(t *testing.T) {
	suspend := func(c *config.Converter) {
		c.Patterns = []string{"*.json"}
		c.Suspend = config.Suspend{Companion: "{stem}.pdf", Every: 20 * time.Millisecond, Tries: 1000}
	}
	in := watch(t, suspend)
	content, id := wsjf(1)
	path := in.drop("run.json", content)
	other, _ := wsjf(2)
	in.drop("with.pdf", "a picture")
	in.drop("with.json", other)
	in.accepted("Done")
	in.holds(path)
	in.drop("run.pdf", "a picture")
	if r := in.accepted("Done"); r.ID != id {
		t.Errorf("got %+v", r)
	}

	in.stop()
	in.start(suspend, func(c *config.Converter) { c.Suspend.Tries = 2 })
	in.drop("alone.json", content)
	if text := in.refused(); !strings.Contains(text, "timed out waiting for alone.pdf") {
		t.Errorf("the reason is\n%s", text)
	}
}

func TestFolderConverter(t *testing.T) {
	in := watch(t, func(c *config.Converter) { c.Kind, c.MinFiles = config.FolderKind, 3 })
	one, _ := wsjf(1)
	two, _ := wsjf(2)
	in.drop("lot 7/a/one.json", one)
	in.drop("lot 7/two.json", two)
	in.drop("lot 7/picture.jpg", "\xff\xd8 no report")
	in.drop("incomplete/one.json", one)
	in.drop("lot 7/COMPLETE.marker", "")
	if r := in.accepted("Done"); r.Reports != 2 || r.Name != "lot 7" {
		t.Errorf("got %+v, want both reports of the folder", r)
	}
	in.holds(filepath.Join(in.dir, "Done", "lot 7", "picture.jpg"))
	in.holds(filepath.Join(in.dir, "incomplete", "one.json"))
	in.drop("junk/a.bin", "1")
	in.drop("junk/b.bin", "2")
	in.drop("junk/c.bin", "3")
	in.drop("junk/COMPLETE.marker", "")
	if text := in.refused(); !strings.Contains(text, "no file of the folder is a report") {
		t.Errorf("the reason is\n%s", text)
	}
}

func TestFolderWithoutMarkerIsCompleteWhenQuiet(t *testing.T) {
	for _, after := range []config.Action{config.MoveAction, config.ZipAction, config.DeleteAction} {
		in := watch(t, func(c *config.Converter) { c.Kind, c.Marker, c.After = config.FolderKind, "", after })
		one, id := wsjf(1)
		in.drop("lot/one.json", one)
		if r := in.next(); r.Err != nil || r.ID != id {
			t.Errorf("%s: got %+v", after, r)
		}
		in.lacks(filepath.Join(in.dir, "lot"))
	}
}

func TestScheduledProgram(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the program of this test is a shell")
	}
	content, id := wsjf(1)
	in := watch(t, func(c *config.Converter) {
		c.Kind, c.Every, c.AtStart = config.ScheduleKind, time.Hour, true
		c.Command = []string{"sh", "-c", `printf %s "$0" > "$GOWATS_FOLDER/.x" && mv .x run.json`, content}
	})
	if r := in.accepted("Done"); r.ID != id {
		t.Errorf("got %+v", r)
	}
	s := in.agent.Status()[0]
	if !strings.HasPrefix(s.LastRun, "good") || time.Until(s.NextRun) < 50*time.Minute {
		t.Errorf("Status: got %+v", s)
	}
}

func TestScheduledProgramRunsWhenCronSays(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the program of this test is a shell")
	}
	content, id := wsjf(1)
	c := testConverter()
	c.Kind, c.Cron = config.ScheduleKind, "5 10 * * *"
	c.Command = []string{"sh", "-c", `printf %s "$0" > .x && mv .x run.json`, content}
	s, results := newSpool(), make(chan agent.Result, 10)
	began := time.Now()
	clock := time.Date(2026, 11, 23, 10, 4, 59, 500_000_000, time.Local) // the minute comes half a second after the start
	a, err := agent.New(agent.Config{
		Data: t.TempDir(), Converters: []config.Converter{c}, Station: config.Station{Name: "BENCH"}, Put: s.put,
		Handled: func(r agent.Result) { results <- r }, Now: func() time.Time { return clock.Add(time.Since(began)) },
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- a.Run(ctx) }()
	if r := <-results; r.ID != id {
		t.Errorf("got %+v", r)
	}
	if next := a.Status()[0].NextRun; next.Day() != 24 || next.Hour() != 10 || next.Minute() != 5 {
		t.Errorf("the next run is at %v, want the same minute of the next day", next)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestScheduledProgramThatHangsIsKilledWithAllItStarted(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the program of this test is a shell")
	}
	in := watch(t, func(c *config.Converter) {
		c.Kind, c.Every, c.AtStart, c.Timeout = config.ScheduleKind, time.Hour, true, 100*time.Millisecond
		c.Command = []string{"sh", "-c", "echo working; sleep 600 & sleep 600"}
	})
	for !strings.Contains(in.agent.Status()[0].LastRun, "was killed") {
		runtime.Gosched()
	}
	if s := in.agent.Status()[0]; !strings.Contains(s.LastRun, `it printed "working"`) {
		t.Errorf("Status: got %+v", s)
	}
}

func TestFolderThatDisappearsAndComesBack(t *testing.T) {
	in := watch(t, func(c *config.Converter) { c.Folder = "../share" })
	share := filepath.Join(filepath.Dir(in.data), "share")
	in.dir = share
	state := func(want agent.State) {
		t.Helper()
		for in.agent.Status()[0].State != want {
			runtime.Gosched()
		}
	}
	state(agent.Waiting) // it is not made: a share may not be connected
	if err := os.Mkdir(share, 0o755); err != nil {
		t.Fatal(err)
	}
	state(agent.Watching)
	content, id := wsjf(1)
	in.drop("run.json", content)
	if r := in.accepted("Done"); r.ID != id {
		t.Errorf("got %+v", r)
	}
	away := share + " away"
	if err := os.Rename(share, away); err != nil {
		t.Fatal(err)
	}
	state(agent.Waiting)
	if err := os.Rename(away, share); err != nil {
		t.Fatal(err)
	}
	other, otherID := wsjf(2)
	in.drop("other.json", other)
	if r := in.accepted("Done"); r.ID != otherID {
		t.Errorf("got %+v", r)
	}
}

func TestTwoAgentsDoNotShareAFolder(t *testing.T) {
	in := watch(t)
	content, _ := wsjf(1)
	in.drop("run.json", content)
	in.accepted("Done")
	second := &inbox{t: t, data: t.TempDir(), spool: newSpool(), results: make(chan agent.Result, 100)}
	second.start(func(c *config.Converter) { c.Folder = in.dir })
	defer second.stop()
	for second.agent.Status()[0].State != agent.Waiting {
		runtime.Gosched()
	}
	if s := second.agent.Status()[0]; !strings.Contains(s.Reason, "watched by another gowats") {
		t.Errorf("Status: got %+v", s)
	}
	in.stop()
	other, _ := wsjf(2)
	in.drop("other.json", other)
	second.next()
}

func TestStationsByPrecedence(t *testing.T) {
	c := testConverter()
	c.Folder, c.Nested = "in", true
	dir := t.TempDir()
	s, results := newSpool(), make(chan agent.Result, 10)
	a, err := agent.New(agent.Config{
		Data: dir, Converters: []config.Converter{c}, Station: config.Station{Name: "MACHINE", Location: "Hall 1"},
		StationOf: func(path string) (config.Station, bool) {
			return config.Station{Name: "LANE", Purpose: "Debug"}, strings.Contains(path, "lane")
		},
		Put: s.put, Handled: func(r agent.Result) { results <- r },
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- a.Run(ctx) }()
	in := &inbox{t: t, data: dir, dir: filepath.Join(dir, "in")}
	in.drop("lane/panel.txt", panel("PN1"))
	<-results
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	for _, items := range s.items {
		r, _, err := report.DecodeWSJF(items[0].Document)
		if err != nil || r.Station != "LANE" || r.Location != "Hall 1" || r.Purpose != "Debug" {
			t.Errorf("got %q %q %q, %v", r.Station, r.Location, r.Purpose, err)
		}
	}
}

func TestModeAndRepair(t *testing.T) {
	in := watch(t, func(c *config.Converter) { c.Repair, c.Mode = true, "active" })
	content, _ := wsjf(1)
	in.drop("run.json", strings.Replace(content, `"sn":"`, `"sn":"  `, 1))
	in.accepted("Done")
	if r, _ := in.spool.only(t); strings.HasPrefix(r.SerialNumber, " ") {
		t.Errorf("serial number %q was not trimmed", r.SerialNumber)
	}
}

func TestConfigIsChecked(t *testing.T) {
	if _, err := agent.New(agent.Config{}); err == nil {
		t.Error("New without Data and Put: got no error")
	}
	c := testConverter()
	c.Format = "wsjg"
	_, err := agent.New(agent.Config{Data: t.TempDir(), Converters: []config.Converter{c}, Put: newSpool().put})
	if err == nil || !strings.Contains(err.Error(), `there is no format "wsjg"`) {
		t.Errorf("New with an unknown format: got %v", err)
	}
}

func TestStatusNamesEveryConverter(t *testing.T) {
	off := testConverter()
	off.Disabled = true
	on := testConverter()
	on.Name = "on"
	a, err := agent.New(agent.Config{Data: t.TempDir(), Converters: []config.Converter{off, on}, Put: newSpool().put})
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, s := range a.Status() {
		names = append(names, s.Name)
	}
	if !slices.Equal(names, []string{"on"}) {
		t.Errorf("Status: got %v", names)
	}
}
