package queue_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gowats/gowats/queue"
)

// id returns the ID number n.
func id(n int) queue.ID {
	sum := sha256.Sum256(fmt.Append(nil, n))
	return queue.ID(sum[:16])
}

func document(text string) []byte { return fmt.Appendf(nil, `{"sn":%q}`, text) }

func open(t *testing.T, opts ...queue.Option) *queue.Queue {
	t.Helper()
	return openAt(t, filepath.Join(t.TempDir(), "spool"), opts...)
}

func openAt(t *testing.T, dir string, opts ...queue.Option) *queue.Queue {
	t.Helper()
	q, err := queue.Open(dir, append([]queue.Option{queue.WithLimits(queue.Limits{MinFree: 1})}, opts...)...)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	return q
}

func put(t *testing.T, q *queue.Queue, it queue.Item) {
	t.Helper()
	if it.Document == nil {
		it.Document = document(it.ID.String())
	}
	if err := q.Put(t.Context(), it); err != nil {
		t.Fatalf("Put: %v", err)
	}
}

// server takes reports and notes them in order. What answer returns instead of the zero Result counts.
type server struct {
	answer func(queue.Item) queue.Result

	mu    sync.Mutex
	got   []queue.Item
	tries int
}

func (s *server) send(_ context.Context, it queue.Item) queue.Result {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tries++
	if s.answer != nil {
		if r := s.answer(it); r != (queue.Result{}) {
			return r
		}
	}
	s.got = append(s.got, it)
	return queue.Result{Class: queue.Accepted}
}

func (s *server) received() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for _, it := range s.got {
		all = append(all, string(it.Document))
	}
	return all
}

func (s *server) count() (tries, received int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tries, len(s.got)
}

func process(t *testing.T, q *queue.Queue, s *server) queue.Summary {
	t.Helper()
	sum, err := q.Process(t.Context(), s.send)
	if err != nil {
		t.Fatalf("Process: %v", err)
	}
	return sum
}

// run sends the reports of q until the returned function is called.
func run(t *testing.T, q *queue.Queue, send queue.Send, o queue.RunOptions) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- q.Run(ctx, send, o) }()
	return func() {
		t.Helper()
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	}
}

// files returns the files below a folder of the spool, without the shard, sorted.
func files(t *testing.T, q *queue.Queue, state string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(q.Dir(), state, "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range paths {
		paths[i] = filepath.Base(paths[i])
	}
	slices.Sort(paths)
	return paths
}

func TestPutThenProcessSendsOnce(t *testing.T) {
	q, s := open(t), new(server)
	put(t, q, queue.Item{ID: id(1), Document: document("a"), Lineage: `{"file":"run.csv"}`})
	put(t, q, queue.Item{ID: id(2), Type: queue.WSXF, Priority: 3, Document: []byte("<Reports/>")})
	if sum := process(t, q, s); sum != (queue.Summary{Sent: 2}) {
		t.Errorf("Process: %+v, want 2 sent", sum)
	}
	if len(s.got) != 2 {
		t.Fatalf("server got %d reports, want 2", len(s.got))
	}
	slices.SortFunc(s.got, func(a, b queue.Item) int { return a.Priority - b.Priority })
	first, second := s.got[0], s.got[1]
	if first.ID != id(2) || first.Type != queue.WSXF || first.Priority != 3 || string(first.Document) != "<Reports/>" || first.Lineage != "" {
		t.Errorf("first report sent is %+v, want the one of priority 3", first)
	}
	if second.ID != id(1) || second.Type != queue.WSJF || second.Priority != 5 || second.Lineage != `{"file":"run.csv"}` || second.Attempts != 0 {
		t.Errorf("second report sent is %+v", second)
	}
	want := []string{"3-" + id(2).String() + ".xml", "5-" + id(1).String() + ".json", "5-" + id(1).String() + ".json.state"}
	if got := files(t, q, "sent"); !slices.Equal(got, want) {
		t.Errorf("sent/ holds %q, want %q", got, want)
	}
	if sum := process(t, q, s); sum != (queue.Summary{}) || len(s.got) != 2 {
		t.Errorf("Process again: %+v and %d reports at the server, want nothing", sum, len(s.got))
	}
}

func TestPutOfTheSameReport(t *testing.T) {
	q, s := open(t), new(server)
	for _, text := range []string{"a", "a", "b", "b", "a", "c"} {
		put(t, q, queue.Item{ID: id(1), Document: document(text)})
	}
	stem := "5-" + id(1).String()
	if got, want := files(t, q, "ready"), []string{stem + ".2.json", stem + ".3.json", stem + ".json"}; !slices.Equal(got, want) {
		t.Errorf("ready/ holds %q, want %q", got, want)
	}
	process(t, q, s)
	if got, want := s.received(), []string{`{"sn":"a"}`, `{"sn":"b"}`, `{"sn":"c"}`}; !slices.Equal(got, want) {
		t.Errorf("server got %q, want %q", got, want)
	}
	put(t, q, queue.Item{ID: id(1), Document: document("a")})
	process(t, q, s)
	if got := s.received(); len(got) != 4 {
		t.Errorf("a report that was sent is put again: server got %q, want it once more", got)
	}
}

func TestPutRefuses(t *testing.T) {
	q := open(t)
	for name, it := range map[string]queue.Item{
		"no ID":                    {Document: document("a")},
		"no document":              {ID: id(1)},
		"document cut short":       {ID: id(1), Document: []byte(`{"sn":"a"`)},
		"document of zeros":        {ID: id(1), Document: []byte("{\x00\x00}")},
		"JSON where XML is said":   {ID: id(1), Type: queue.WSXF, Document: document("a")},
		"unknown type":             {ID: id(1), Type: "csv", Document: document("a")},
		"priority above 10":        {ID: id(1), Priority: 11, Document: document("a")},
		"priority below 1":         {ID: id(1), Priority: -1, Document: document("a")},
		"lineage of several lines": {ID: id(1), Lineage: "a\nb", Document: document("a")},
	} {
		t.Run(name, func(t *testing.T) {
			if err := q.Put(t.Context(), it); !errors.Is(err, queue.ErrInvalid) {
				t.Errorf("Put: got %v, want ErrInvalid", err)
			}
		})
	}
	if got := files(t, q, "*"); len(got) != 0 {
		t.Errorf("spool holds %q", got)
	}
}

func TestRejectedGoesToDeadWithTheWordsOfTheServer(t *testing.T) {
	q := open(t)
	s := &server{answer: func(it queue.Item) queue.Result {
		if it.ID == id(1) {
			return queue.Result{Class: queue.Rejected, Words: "Code must be a valid value"}
		}
		return queue.Result{}
	}}
	put(t, q, queue.Item{ID: id(1)})
	put(t, q, queue.Item{ID: id(2)})
	if sum := process(t, q, s); sum != (queue.Summary{Sent: 1, Dead: 1}) {
		t.Errorf("Process: %+v, want 1 sent, 1 dead", sum)
	}
	name := "5-" + id(1).String() + ".json"
	if got, want := files(t, q, "dead"), []string{name, name + ".state"}; !slices.Equal(got, want) {
		t.Errorf("dead/ holds %q, want %q", got, want)
	}
	put(t, q, queue.Item{ID: id(1)})
	process(t, q, new(server))
	if got := files(t, q, "dead"); len(got) != 0 {
		t.Errorf("report put again and sent: dead/ holds %q, want nothing", got)
	}
}

func TestDamagedItemIsSetAside(t *testing.T) {
	q, s := open(t), new(server)
	for n := range 3 {
		put(t, q, queue.Item{ID: id(n)})
	}
	path := filepath.Join(q.Dir(), "ready", id(1).String()[:2], "5-"+id(1).String()+".json")
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	odd := filepath.Join(filepath.Dir(path), "notes.txt")
	if err := os.WriteFile(odd, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if sum := process(t, q, s); sum != (queue.Summary{Sent: 2, Dead: 1}) {
		t.Errorf("Process: %+v, want 2 sent, 1 dead", sum)
	}
	if got := files(t, q, "ready"); len(got) != 0 {
		t.Errorf("ready/ holds %q, want nothing", got)
	}
	if got := files(t, q, "dead"); len(got) != 4 || !slices.Contains(got, "notes.txt") {
		t.Errorf("dead/ holds %q, want two files with their reasons", got)
	}
}

func TestRunSendsWhatIsPutHereAndElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, s := open(t), new(server)
		other := openAt(t, q.Dir())
		put(t, other, queue.Item{ID: id(0)})
		stop := run(t, q, s.send, queue.RunOptions{})
		for n := range 10 {
			put(t, q, queue.Item{ID: id(2*n + 1)})
			put(t, other, queue.Item{ID: id(2*n + 2)})
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if _, got := s.count(); got != 21 {
			t.Errorf("server got %d reports, want 21", got)
		}
		if err := other.Run(t.Context(), s.send, queue.RunOptions{}); !errors.Is(err, queue.ErrBusy) {
			t.Errorf("second Run: got %v, want ErrBusy", err)
		}
		stop()
	})
}

func TestOfflineHoldsAllAndBurnsNoAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := true
		q := open(t)
		s := &server{answer: func(queue.Item) queue.Result {
			if down {
				return queue.Result{Class: queue.Offline, Words: "connection refused"}
			}
			return queue.Result{}
		}}
		for n := range 100 {
			put(t, q, queue.Item{ID: id(n), Priority: 1 + n%10})
		}
		stop := run(t, q, s.send, queue.RunOptions{Workers: 1, Poll: time.Minute})
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if tries, _ := s.count(); tries < 20 || tries > 50 {
			t.Errorf("%d tries in ten minutes without server, want one about every 20 s", tries)
		}
		if st := q.Status(); st.Held != queue.Offline || st.Words != "connection refused" || st.Reports != 100 {
			t.Errorf("Status: %+v, want held for being offline", st)
		}
		s.mu.Lock()
		down = false
		s.mu.Unlock()
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if _, got := s.count(); got != 100 {
			t.Errorf("server got %d reports after coming back, want 100", got)
		}
		for _, it := range s.got {
			if it.Attempts != 0 {
				t.Fatalf("report has %d attempts, want 0", it.Attempts)
			}
		}
		stop()
	})
}

func TestAReportThatTheServerDoesNotBearStopsNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := open(t)
		s := &server{answer: func(it queue.Item) queue.Result {
			if it.ID == id(0) {
				return queue.Result{Class: queue.Offline, Words: "connection reset"}
			}
			return queue.Result{}
		}}
		for n := range 50 {
			put(t, q, queue.Item{ID: id(n), Priority: 1 + min(n, 1)})
		}
		stop := run(t, q, s.send, queue.RunOptions{Workers: 1, Poll: time.Minute})
		time.Sleep(3 * time.Minute)
		synctest.Wait()
		if tries, got := s.count(); got != 49 || tries > 49+25 {
			t.Errorf("server got %d of 49 reports by %d tries", got, tries)
		}
		stop()
	})
}

func TestReportsAreSentByPriorityAfterTheServerWasAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, away := open(t), true
		s := &server{answer: func(queue.Item) queue.Result {
			if away {
				return queue.Result{Class: queue.Offline, Words: "connection refused"}
			}
			return queue.Result{}
		}}
		for n := range 60 {
			put(t, q, queue.Item{ID: id(n), Priority: 1 + n%3})
		}
		stop := run(t, q, s.send, queue.RunOptions{Workers: 1, Poll: time.Minute})
		time.Sleep(4 * time.Minute) // so short that none gains a priority by waiting
		synctest.Wait()
		s.mu.Lock()
		away = false
		s.mu.Unlock()
		time.Sleep(30 * time.Second)
		synctest.Wait()
		stop()
		if _, got := s.count(); got != 60 {
			t.Fatalf("server got %d reports, want 60", got)
		}
		for i, it := range s.got[1:] {
			if before := s.got[i]; before.Priority > it.Priority {
				t.Fatalf("report %d is of priority %d, the one before of %d", i+1, it.Priority, before.Priority)
			}
		}
	})
}

func TestAuthPausesUntilResume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		allowed := false
		q := open(t)
		s := &server{answer: func(queue.Item) queue.Result {
			if !allowed {
				return queue.Result{Class: queue.Auth, Words: "401", Advice: "check the token"}
			}
			return queue.Result{}
		}}
		for n := range 20 {
			put(t, q, queue.Item{ID: id(n)})
		}
		stop := run(t, q, s.send, queue.RunOptions{Poll: time.Minute})
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if tries, _ := s.count(); tries > 4+10 {
			t.Errorf("%d tries in ten minutes with a wrong token, want few", tries)
		}
		if st := q.Status(); st.Held != queue.Auth || st.Advice != "check the token" {
			t.Errorf("Status: %+v, want held for its token", st)
		}
		s.mu.Lock()
		allowed = true
		s.mu.Unlock()
		q.Resume()
		synctest.Wait()
		if _, got := s.count(); got != 20 {
			t.Errorf("server got %d reports after Resume, want 20", got)
		}
		if got := files(t, q, "dead"); len(got) != 0 {
			t.Errorf("dead/ holds %q, want nothing", got)
		}
		stop()
	})
}

func TestTransientFailureWaitsAndIsRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := open(t)
		poison := &server{answer: func(it queue.Item) queue.Result {
			if it.ID == id(1) {
				return queue.Result{Class: queue.Transient, Words: "500"}
			}
			return queue.Result{}
		}}
		for n := range 10 {
			put(t, q, queue.Item{ID: id(n)})
		}
		stop := run(t, q, poison.send, queue.RunOptions{})
		time.Sleep(time.Minute)
		synctest.Wait()
		stop()
		tries, got := poison.count()
		if got != 9 || tries < 9+3 || tries > 9+6 {
			t.Errorf("after a minute server got %d reports by %d tries, want 9 and 3–6 tries of the other one", got, tries)
		}
		s := new(server)
		stop = run(t, openAt(t, q.Dir()), s.send, queue.RunOptions{Poll: time.Minute})
		synctest.Wait()
		if _, got := s.count(); got != 0 {
			t.Error("a restart made a report forget that it has to wait")
		}
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		stop()
		if len(s.got) != 1 || s.got[0].Attempts != tries-9 {
			t.Errorf("after the wait server got %+v, want the one with %d attempts", s.got, tries-9)
		}
	})
}

func TestPauseAndResume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, s := open(t), new(server)
		q.Pause()
		stop := run(t, q, s.send, queue.RunOptions{})
		put(t, q, queue.Item{ID: id(1)})
		time.Sleep(time.Minute)
		synctest.Wait()
		if tries, _ := s.count(); tries != 0 {
			t.Errorf("%d tries while paused", tries)
		}
		q.Resume()
		synctest.Wait()
		if _, got := s.count(); got != 1 {
			t.Errorf("server got %d reports after Resume, want 1", got)
		}
		stop()
	})
}

func TestFullRefuses(t *testing.T) {
	for what, l := range map[string]queue.Limits{
		"reports": {Reports: 2, MinFree: 1},
		"bytes":   {Bytes: 120, MinFree: 1},
		"disk":    {MinFree: 1 << 60},
	} {
		t.Run(what, func(t *testing.T) {
			q := open(t, queue.WithLimits(l))
			var err error
			n := 0
			for ; n < 4 && err == nil; n++ {
				err = q.Put(t.Context(), queue.Item{ID: id(n), Document: document(strings.Repeat("x", 40))})
			}
			full, ok := errors.AsType[*queue.FullError](err)
			if !errors.Is(err, queue.ErrFull) || !ok || full.What != what || !full.Full() {
				t.Fatalf("Put: got %v, want ErrFull for %s", err, what)
			}
			if what == "disk" {
				return
			}
			if n != 3 {
				t.Errorf("%d reports were taken, want 2", n-1)
			}
			if sum := process(t, q, new(server)); sum.Sent != 2 {
				t.Errorf("Process: %+v, want 2 sent", sum)
			}
			put(t, q, queue.Item{ID: id(3)})
		})
	}
}
