package agent_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/agent"
	"github.com/gowats/gowats/app/demo"
	"github.com/gowats/gowats/report"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// plant is a server that takes reports, over real HTTP, and can be broken.
type plant struct {
	*httptest.Server

	mu     sync.Mutex
	status int // answer of all requests; 0: take the reports
	tried  chan struct{}
	taken  map[report.ID]int // how often each came
}

// hangUp as a status closes the connection without an answer.
const hangUp = -1

func startPlant(t *testing.T) *plant {
	t.Helper()
	p := &plant{taken: map[report.ID]int{}, tried: make(chan struct{}, 1)}
	p.Server = httptest.NewServer(http.HandlerFunc(p.serve))
	t.Cleanup(p.Close)
	return p
}

func (p *plant) serve(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case p.tried <- struct{}{}:
	default:
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if p.status == hangUp {
		panic(http.ErrAbortHandler)
	}
	if p.status != 0 {
		w.WriteHeader(p.status)
		_, _ = io.WriteString(w, `{"Message":"sn is taken","errors":[{"path":"$.sn","rule":"x","message":"sn is taken"}]}`) // the test sees what is missing
		return
	}
	got, _, err := report.DecodeWSJF(body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	p.taken[got.ID]++
	_, _ = io.WriteString(w, `[{"ID":"`+got.ID.String()+`"}]`) // the client notices
}

func (p *plant) answer(status int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.status = status
}

func (p *plant) count(id report.ID) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.taken[id]
}

// inbox is a watched folder.
type inbox struct {
	t       *testing.T
	dir     string
	results chan agent.Result
}

// watch runs an agent on a new inbox until the test ends.
func watch(t *testing.T, p *plant) *inbox {
	t.Helper()
	c, err := wats.NewClient(p.URL, wats.WithToken("dTpw"), wats.WithRetry(wats.RetryPolicy{MaxAttempts: 1}))
	if err != nil {
		t.Fatal(err)
	}
	in := &inbox{t, filepath.Join(t.TempDir(), "in"), make(chan agent.Result, 100)}
	a, err := agent.New(agent.Config{
		Inbox:   in.dir,
		Submit:  func(ctx context.Context, r *report.Report) error { _, err := c.Report.Submit(ctx, r); return err },
		Handled: func(r agent.Result) { in.results <- r },
		Rescan:  20 * time.Millisecond,
		Settle:  20 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- a.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
		c.Close()
	})
	if err := os.MkdirAll(in.dir, 0o755); err != nil { // the agent may not have come to it yet
		t.Fatal(err)
	}
	return in
}

func (in *inbox) drop(name, content string) string {
	in.t.Helper()
	path := filepath.Join(in.dir, name)
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		in.t.Fatal(err)
	}
	return path
}

// next returns what became of the next file, after a minute at most.
func (in *inbox) next() agent.Result {
	in.t.Helper()
	select {
	case r := <-in.results:
		return r
	case <-time.After(time.Minute):
		in.t.Fatal("no file was handled")
		return agent.Result{}
	}
}

// accepted returns the next result and fails unless the file was accepted and lies in Done.
func (in *inbox) accepted() agent.Result {
	in.t.Helper()
	r := in.next()
	if r.Err != nil || filepath.Dir(r.Path) != filepath.Join(in.dir, agent.DoneFolder) {
		in.t.Fatalf("%s went to %s: %v", r.Name, r.Path, r.Err)
	}
	in.holds(r.Path)
	return r
}

// refused returns the text beside the next file and fails unless it was refused and lies in Error.
func (in *inbox) refused() string {
	in.t.Helper()
	r := in.next()
	if r.Err == nil || filepath.Dir(r.Path) != filepath.Join(in.dir, agent.ErrorFolder) {
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
		in.t.Errorf("file is not where it should be: %v", err)
	}
}

func wsjf(n int) (string, report.ID) {
	r := demo.InCircuit(n, time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC))
	return string(r.AppendWSJF(nil, report.WSJFOptions{})), r.ID
}

func TestGoodFileMovesToDone(t *testing.T) {
	p := startPlant(t)
	in := watch(t, p)
	content, id := wsjf(1)
	path := in.drop("run.json", content)
	if r := in.accepted(); r.ID != id || p.count(id) != 1 {
		t.Errorf("handled %s as %s; server took it %d times", id, r.ID, p.count(id))
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file is still in the inbox: %v", err)
	}
}

func TestBadFilesMoveToErrorAndDoNotStopTheNext(t *testing.T) {
	good, _ := wsjf(1)
	cases := map[string]struct {
		content string
		says    []string
	}{
		"no known format":                {"SN;PN;RESULT\n1;2;P\n", []string{"not in a known format", "WSJF"}},
		"cut off":                        {good[:len(good)/2], []string{"not readable as WSJF", "line "}},
		"every broken rule is told":      {`{"id":"","type":"T","sn":"","pn":"","processCode":31,"result":"X"}`, []string{"$.sn", "$.pn", "$.result", "$.machineName", "$.root"}},
		"an ID that is none is no ID":    {strings.Replace(good, `"id":"`, `"id":"zz`, 1), []string{"$.id"}},
		"the person is told what to do ": {"x", []string{"drop the file into"}},
	}
	p := startPlant(t)
	in := watch(t, p)
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
	in.accepted()
}

// panel is a WSTF file of two units; the second one has the station given.
func panel(station string) string {
	unit := func(sn, station string) string {
		return "--Header-Start--\nSerialNumber\t" + sn + "\nPartNumber\tPN1\nOperationTypeCode\t31\nStationName\t" + station +
			"\nStartDateTime\t2026-03-01T12:00:00\n--Step-Data-Start--\nStepType\tStepName\n--Step-Data-End--\nUUTStatus\tPassed\n--UUT-End--\n"
	}
	return unit("SN1", "FCT-1") + unit("SN2", station)
}

func TestFileOfSeveralUnitsIsSeveralReports(t *testing.T) {
	p := startPlant(t)
	in := watch(t, p)
	for _, name := range []string{"panel.txt", "the same again.txt"} {
		in.drop(name, panel("FCT-1"))
		in.accepted()
	}
	file, err := agent.Decode("panel.txt", []byte(panel("FCT-1")))
	if err != nil || len(file.Reports) != 2 {
		t.Fatalf("Decode = %d reports, %v; want 2", len(file.Reports), err)
	}
	for _, r := range file.Reports {
		if n := p.count(r.ID); n != 2 {
			t.Errorf("the report on %s came %d times, want once per file, with one ID", r.SerialNumber, n)
		}
	}
}

func TestGoodUnitsOfABadFileAreHandedIn(t *testing.T) {
	p := startPlant(t)
	in := watch(t, p)
	doc := panel("")
	in.drop("panel.txt", doc)
	if text := in.refused(); !strings.Contains(text, "the unit SN2 has no station name") || !strings.Contains(text, "other reports of it are good: 1") {
		t.Errorf("the reason is\n%s", text)
	}
	file, _ := agent.Decode("panel.txt", []byte(doc)) // the error is in the text above
	if len(file.Reports) != 1 || p.count(file.Reports[0].ID) != 1 {
		t.Errorf("%d good reports, and not each was handed in", len(file.Reports))
	}
}

func TestServersRefusalIsToldBesideTheFile(t *testing.T) {
	p := startPlant(t)
	p.answer(http.StatusBadRequest)
	in := watch(t, p)
	content, _ := wsjf(1)
	in.drop("run.json", content)
	if text := in.refused(); !strings.Contains(text, "$.sn: sn is taken") {
		t.Errorf("the reason lacks the server's words:\n%s", text)
	}
}

func TestFileThatGrowsIsTakenWhenWhole(t *testing.T) {
	p := startPlant(t)
	in := watch(t, p)
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
	if r := in.accepted(); r.ID != id {
		t.Errorf("got report %s, want %s", r.ID, id)
	}
}

func TestSameFileTwiceIsTheSameReport(t *testing.T) {
	p := startPlant(t)
	in := watch(t, p)
	content, id := wsjf(1)
	content = strings.Replace(content, `"id":"`+id.String()+`",`, "", 1)
	in.drop("a.json", content)
	first := in.accepted()
	in.drop("a.json", content)
	second := in.accepted()
	if first.ID != second.ID || first.ID == id || p.count(first.ID) != 2 {
		t.Errorf("got IDs %s and %s, want the same one twice", first.ID, second.ID)
	}
	if first.Path == second.Path {
		t.Errorf("both files are at %s", first.Path)
	}
}

func TestFilesWaitWhileTheServerIsAway(t *testing.T) {
	t.Parallel()
	for name, status := range map[string]int{
		"broken": http.StatusInternalServerError, "wrong token": http.StatusUnauthorized, "not allowed": http.StatusForbidden, "too many": http.StatusTooManyRequests, "hangs up": hangUp,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := startPlant(t)
			p.answer(status)
			in := watch(t, p)
			content, id := wsjf(1)
			path := in.drop("run.json", content)
			<-p.tried
			in.holds(path)
			p.answer(0)
			if r := in.accepted(); r.ID != id {
				t.Errorf("got report %s, want %s", r.ID, id)
			}
		})
	}
}

func TestUnreadableFileStaysAndDoesNotStopTheNext(t *testing.T) {
	if runtime.GOOS == "windows" || os.Getuid() == 0 {
		t.Skip("this user may read every file: nothing to test")
	}
	p := startPlant(t)
	in := watch(t, p)
	content, id := wsjf(1)
	closed := in.drop("closed.json", content)
	if err := os.Chmod(closed, 0); err != nil {
		t.Fatal(err)
	}
	other, otherID := wsjf(2)
	in.drop("open.json", other)
	if r := in.accepted(); r.ID != otherID {
		t.Errorf("got report %s, want %s", r.ID, otherID)
	}
	in.holds(closed)
	if err := os.Chmod(closed, 0o644); err != nil {
		t.Fatal(err)
	}
	if r := in.accepted(); r.ID != id {
		t.Errorf("got report %s, want %s", r.ID, id)
	}
}

func TestFoldersAndTemporaryFilesAreLeftAlone(t *testing.T) {
	p := startPlant(t)
	in := watch(t, p)
	content, id := wsjf(1)
	kept := []string{in.drop(".hidden.json", content), in.drop("run.json.tmp", content)}
	if err := os.MkdirAll(filepath.Join(in.dir, "folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	in.drop("run.json", content)
	if r := in.accepted(); r.ID != id || p.count(id) != 1 {
		t.Errorf("report %s was handed in %d times", id, p.count(id))
	}
	for _, path := range kept {
		in.holds(path)
	}
}
