package queue_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gowats/gowats/queue"
)

// refuse is a server that refuses everything.
func refuse(queue.Item) queue.Result {
	return queue.Result{Class: queue.Rejected, Words: "Code must be a valid value"}
}

func TestShowRetryDropExport(t *testing.T) {
	q := open(t)
	ctx := t.Context()
	put(t, q, queue.Item{ID: id(1), Document: document("a"), Lineage: "run.csv"})
	process(t, q, &server{answer: refuse})
	put(t, q, queue.Item{ID: id(1), Document: document("b")})
	put(t, q, queue.Item{ID: id(2)})

	items, err := q.Show(ctx, id(1))
	if err != nil || len(items) != 2 {
		t.Fatalf("Show: %+v, %v, want two items", items, err)
	}
	if it := items[0]; it.State != queue.Ready || it.Type != queue.WSJF || it.Priority != 5 || it.Size != 10 || it.Attempts != 0 {
		t.Errorf("first item is %+v, want the one that waits", it)
	}
	dead := items[1]
	if dead.State != queue.Dead || dead.Class != queue.Rejected || dead.Error != "Code must be a valid value" || dead.Advice == "" ||
		dead.Attempts != 1 || dead.Lineage != "run.csv" || dead.Last.IsZero() {
		t.Errorf("second item is %+v, want the refused one with its reason", dead)
	}
	if text, err := q.Document(dead); err != nil || string(text) != `{"sn":"a"}` {
		t.Errorf("Document: %q, %v", text, err)
	}

	folder := t.TempDir()
	paths, err := q.Export(ctx, id(1), folder)
	want := []string{filepath.Join(folder, id(1).String()+".json"), filepath.Join(folder, id(1).String()+"-2.json")}
	if err != nil || !slices.Equal(paths, want) {
		t.Errorf("Export: %q, %v, want %q", paths, err, want)
	}

	if n, err := q.Retry(ctx, id(1)); n != 2 || err != nil {
		t.Errorf("Retry: %d, %v, want 2", n, err)
	}
	for item, err := range q.List(ctx, queue.Dead) {
		t.Errorf("after Retry dead/ is said to hold %+v, %v", item, err)
	}
	s := new(server)
	if sum := process(t, q, s); sum.Sent != 3 {
		t.Errorf("Process after Retry: %+v, want 3 sent", sum)
	}
	if got := files(t, q, "dead"); len(got) != 0 {
		t.Errorf("after what was retried has been sent, dead/ holds %q", got)
	}
	for _, it := range s.got {
		if string(it.Document) == `{"sn":"a"}` && (it.Attempts != 1 || it.Lineage != "run.csv") {
			t.Errorf("report retried is %+v, want its history", it)
		}
	}

	put(t, q, queue.Item{ID: id(3)})
	if n, err := q.Drop(ctx, id(3)); n != 1 || err != nil {
		t.Errorf("Drop: %d, %v, want 1", n, err)
	}
	for _, missing := range []queue.ID{id(3), id(4)} {
		if _, err := q.Show(ctx, missing); !errors.Is(err, queue.ErrNotFound) {
			t.Errorf("Show of what is not there: got %v, want ErrNotFound", err)
		}
	}
	if _, err := q.Drop(ctx, id(2)); !errors.Is(err, queue.ErrNotFound) {
		t.Errorf("Drop of a report that was sent: got %v, want ErrNotFound", err)
	}
}

func TestRetryOfAReportThatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, calls := open(t), 0
		other := openAt(t, q.Dir())
		put(t, q, queue.Item{ID: id(1)})
		s := &server{answer: func(queue.Item) queue.Result {
			if calls++; calls == 1 {
				return queue.Result{Class: queue.Transient, Words: "500", After: 30 * time.Minute}
			}
			return queue.Result{}
		}}
		stop := run(t, q, s.send, queue.RunOptions{})
		time.Sleep(time.Minute)
		if n, err := other.Retry(t.Context(), id(1)); n != 1 || err != nil {
			t.Errorf("Retry: %d, %v", n, err)
		}
		time.Sleep(15 * time.Second)
		synctest.Wait()
		if _, got := s.count(); got != 1 {
			t.Error("a report that was retried by another process still waits")
		}
		stop()
	})
}

func TestDropByAnotherProcessIsNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := open(t)
		other := openAt(t, q.Dir())
		q.Pause()
		stop := run(t, q, new(server).send, queue.RunOptions{})
		put(t, q, queue.Item{ID: id(1)})
		put(t, q, queue.Item{ID: id(2)})
		if _, err := other.Drop(t.Context(), id(1)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(15 * time.Second)
		synctest.Wait()
		if st := q.Status(); st.Reports != 1 {
			t.Errorf("Status: %d reports wait, want 1", st.Reports)
		}
		stop()
	})
}

func TestListAndStats(t *testing.T) {
	q := open(t)
	for n := range 5 {
		put(t, q, queue.Item{ID: id(n), Document: document("a")})
	}
	process(t, q, &server{answer: func(it queue.Item) queue.Result {
		if it.ID == id(0) {
			return refuse(it)
		}
		return queue.Result{}
	}})
	put(t, q, queue.Item{ID: id(9), Document: document("a")})
	counted := map[queue.State]int{}
	for item, err := range q.List(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		counted[item.State]++
	}
	if counted[queue.Ready] != 1 || counted[queue.Dead] != 1 || counted[queue.Sent] != 4 {
		t.Errorf("List: %v, want 1 ready, 1 dead, 4 sent", counted)
	}
	st, err := q.Stats(t.Context())
	if err != nil || st.Ready.Reports != 1 || st.Ready.Bytes != 10 || st.Dead.Reports != 1 || st.Sent.Reports != 4 || st.Free == 0 || st.Sent.Oldest.IsZero() {
		t.Errorf("Stats: %+v, %v", st, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range q.List(ctx, queue.Ready) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("List after the end of its context: got %v", err)
		}
	}
}

func TestVerifyTellsWhatIsWrong(t *testing.T) {
	q := open(t)
	for n := range 4 {
		put(t, q, queue.Item{ID: id(n), Document: []byte(`{"id":"` + id(n).String() + `","sn":"a"}`)})
	}
	for p, err := range q.Verify(t.Context()) {
		t.Errorf("spool in order: %+v, %v", p, err)
	}
	path := func(n int) string {
		return filepath.Join(q.Dir(), "ready", id(n).String()[:2], "5-"+id(n).String()+".json")
	}
	write := func(path, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(path(0), "")
	write(path(1), `{"id":"`+id(7).String()+`"}`)
	write(path(2), `{"sn":"a",}`)
	write(path(3)+".state", "{")
	write(filepath.Join(q.Dir(), "ready", "00", "note.txt"), "x")
	write(filepath.Join(q.Dir(), "ready", "00", "5-"+id(8).String()+".json.state"), "{}")
	write(filepath.Join(q.Dir(), "dead", "00", "3-00000000-0000-0000-0000-000000000001.json"), "{}")
	old := filepath.Join(q.Dir(), "tmp", "x.tmp")
	write(old, "{")
	if err := os.Chtimes(old, time.Time{}, time.Now().Add(-2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"the document is empty", "the document is that of report " + id(7).String(), "the document is no JSON", "read state: ",
		"not the name of a report", "the state of a report that is not there", "set aside without a reason", "left half written 2h",
	}
	var got []string
	for p, err := range q.Verify(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if p.Fix == "" || p.Path == "" {
			t.Errorf("problem %+v lacks what to do", p)
		}
		got = append(got, p.Text)
	}
	for _, text := range want {
		if !slices.ContainsFunc(got, func(g string) bool { return strings.Contains(g, text) }) {
			t.Errorf("Verify does not tell %q; it tells %q", text, got)
		}
	}
	if len(got) != len(want) {
		t.Errorf("Verify tells %d problems, want %d: %q", len(got), len(want), got)
	}
}

func TestSentReportsAreKeptForTheRetention(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := open(t, queue.WithRetention(queue.Retention{Age: 90 * time.Minute}))
		put(t, q, queue.Item{ID: id(1), Lineage: "x"})
		stop := run(t, q, new(server).send, queue.RunOptions{Poll: 10 * time.Minute})
		time.Sleep(70 * time.Minute)
		synctest.Wait()
		if got := files(t, q, "sent"); len(got) != 2 {
			t.Errorf("after 70 minutes sent/ holds %q, want the report and its state", got)
		}
		time.Sleep(60 * time.Minute)
		synctest.Wait()
		if got := files(t, q, "sent"); len(got) != 0 {
			t.Errorf("after 130 minutes sent/ holds %q, want nothing", got)
		}
		stop()

		none := openAt(t, q.Dir(), queue.WithRetention(queue.Retention{}))
		put(t, none, queue.Item{ID: id(2), Lineage: "x"})
		process(t, none, new(server))
		if got := files(t, q, "*"); len(got) != 0 {
			t.Errorf("with no retention the spool holds %q, want nothing", got)
		}
	})
}

func TestSentReportsAreKeptWithinTheirBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := open(t, queue.WithRetention(queue.Retention{Age: 100 * time.Hour, Bytes: 50}))
		stop := run(t, q, new(server).send, queue.RunOptions{Poll: 10 * time.Minute})
		for n := range 8 {
			put(t, q, queue.Item{ID: id(n), Document: document("a")}) // 10 bytes
			time.Sleep(time.Hour)
		}
		synctest.Wait()
		if got := files(t, q, "sent"); len(got) < 3 || len(got) > 5 || !slices.ContainsFunc(got, func(name string) bool { return strings.Contains(name, id(7).String()) }) {
			t.Errorf("sent/ holds %d reports, want the last of at most 50 bytes: %q", len(got), got)
		}
		stop()
	})
}
