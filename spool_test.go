package wats_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/queue"
	"github.com/gowats/gowats/report"
)

// keeper is a spool in memory.
type keeper struct {
	err error

	mu  sync.Mutex
	got []wats.QueuedReport
	all int // priorities
}

func (k *keeper) PutReport(ctx context.Context, id [16]byte, kind string, priority int, document []byte) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.err != nil {
		return k.err
	}
	k.got = append(k.got, wats.QueuedReport{ID: id, Kind: kind, Document: document})
	k.all += priority
	return ctx.Err()
}

func TestSubmitQueuesWhatCannotReachTheServer(t *testing.T) {
	for name, tc := range map[string]struct {
		answer http.HandlerFunc // nil: nobody listens
		queued bool
		want   error // when not queued
	}{
		"nobody listens":                    {nil, true, nil},
		"server error":                      {answer(500, ""), true, nil},
		"overloaded":                        {answer(503, ""), true, nil},
		"too many requests":                 {answer(429, ""), true, nil},
		"timeout at the server":             {answer(408, ""), true, nil},
		"page of a hotel":                   {answer(200, "<html>Welcome! Room number?</html>"), true, nil},
		"refused":                           {answer(400, `{"Message":"Code must be a valid value"}`), false, wats.ErrInvalid},
		"wrong token":                       {answer(401, ""), false, wats.ErrUnauthorized},
		"not permitted":                     {answer(403, ""), false, wats.ErrForbidden},
		"too large":                         {answer(413, ""), false, wats.ErrTooLarge},
		"route unknown":                     {answer(501, ""), false, wats.ErrUnsupported},
		"connection broken while answering": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, true, nil},
	} {
		t.Run(name, func(t *testing.T) {
			spool := new(keeper)
			opts := []wats.Option{wats.WithSpool(spool, wats.SpoolFallback), wats.WithSpoolPriority(3), wats.WithRetry(wats.RetryPolicy{MaxAttempts: 1})}
			var c *wats.Client
			if tc.answer == nil {
				c = newClient(t, "http://"+deadAddress(t), opts...)
			} else {
				c = serve(t, tc.answer, opts...)
			}
			r := testReport("SN-1")
			r.ID = report.NewID()
			rc, err := c.Report.Submit(t.Context(), r)
			if rc.ID != r.ID {
				t.Errorf("receipt names report %s, want %s", rc.ID, r.ID)
			}
			if !tc.queued {
				if rc.Queued || !errors.Is(err, tc.want) || errors.Is(err, wats.ErrQueued) || len(spool.got) != 0 {
					t.Errorf("Submit: %+v, %v, and %d reports in the spool; want an error that matches %v", rc, err, len(spool.got), tc.want)
				}
				return
			}
			e, ok := errors.AsType[*wats.QueuedError](err)
			if !rc.Queued || !ok || !errors.Is(err, wats.ErrQueued) || e.ID != r.ID || e.Cause == nil || wats.Hint(err) == "" {
				t.Fatalf("Submit: %+v, %v, want a QueuedError", rc, err)
			}
			if errors.Is(err, wats.ErrOffline) || wats.IsTemporary(err) {
				t.Errorf("Submit: %v asks to be tried again, though the report is safe", err)
			}
			if len(spool.got) != 1 || spool.got[0].ID != r.ID || spool.got[0].Kind != "wsjf" || spool.all != 3 {
				t.Fatalf("spool got %+v", spool.got)
			}
			back, _, err := report.DecodeWSJF(spool.got[0].Document)
			if err != nil || back.ID != r.ID || back.SerialNumber != "SN-1" {
				t.Errorf("spool got %q, %v", spool.got[0].Document, err)
			}
		})
	}
}

// deadAddress returns an address on loopback where nobody listens.
func deadAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestSubmitQueuesWhileTheBreakerIsOpen(t *testing.T) {
	spool := new(keeper)
	c := serve(t, answer(500, ""), wats.WithSpool(spool, wats.SpoolFallback), wats.WithRetry(wats.RetryPolicy{MaxAttempts: 1}),
		wats.WithBreaker(wats.BreakerPolicy{Consecutive: 2}))
	var last error
	for range 5 {
		rc, err := c.Report.SubmitWSXF(t.Context(), report.NewID(), []byte("<Reports/>"))
		if !rc.Queued {
			t.Fatalf("SubmitWSXF: %+v, %v", rc, err)
		}
		last = err
	}
	if e, ok := errors.AsType[*wats.QueuedError](last); !ok || !errors.Is(e.Cause, wats.ErrCircuitOpen) {
		t.Errorf("SubmitWSXF: %v, want the open breaker as its cause", last)
	}
	if len(spool.got) != 5 || spool.got[4].Kind != "wsxf" {
		t.Errorf("spool got %+v", spool.got)
	}
}

func TestSubmitQueuesAtItsDeadlineButNotWhenCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spool := new(keeper)
		c := newClient(t, "http://plant.example", wats.WithSpool(spool, wats.SpoolFallback),
			wats.WithTransport(direct(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		rc, err := c.Report.Submit(ctx, testReport("SN-1"))
		if !rc.Queued || !errors.Is(err, wats.ErrQueued) {
			t.Errorf("deadline: %+v, %v, want it queued", rc, err)
		}
		ctx, cancel = context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		rc, err = c.Report.Submit(ctx, testReport("SN-2"))
		if rc.Queued || !errors.Is(err, context.Canceled) || len(spool.got) != 1 {
			t.Errorf("cancelled: %+v, %v, and %d reports in the spool; want the error of the context", rc, err, len(spool.got))
		}
	})
}

func TestSpoolThatIsFull(t *testing.T) {
	full := &keeper{err: &queue.FullError{Dir: "/spool", What: "reports", Limit: 1}}
	broken := &keeper{err: errors.New("disk on fire")}
	for name, tc := range map[string]struct {
		spool *keeper
		mode  wats.SpoolMode
		want  []error
		not   error
	}{
		"full, fallback":   {full, wats.SpoolFallback, []error{wats.ErrSpoolFull, queue.ErrFull, wats.ErrServer}, wats.ErrQueued},
		"full, always":     {full, wats.SpoolAlways, []error{wats.ErrSpoolFull}, wats.ErrQueued},
		"broken, fallback": {broken, wats.SpoolFallback, []error{broken.err, wats.ErrServer}, wats.ErrSpoolFull},
	} {
		t.Run(name, func(t *testing.T) {
			c := serve(t, answer(500, ""), wats.WithSpool(tc.spool, tc.mode), wats.WithRetry(wats.RetryPolicy{MaxAttempts: 1}))
			rc, err := c.Report.Submit(t.Context(), testReport("SN-1"))
			if rc.Queued || errors.Is(err, tc.not) {
				t.Errorf("Submit: %+v, %v", rc, err)
			}
			for _, want := range tc.want {
				if !errors.Is(err, want) {
					t.Errorf("Submit: %v does not match %v", err, want)
				}
			}
		})
	}
}

func TestSpoolModes(t *testing.T) {
	log := new(requestLog)
	spool := new(keeper)
	answer := func(w http.ResponseWriter, r *http.Request) { log.add(r) }
	c := serve(t, answer, wats.WithSpool(spool, wats.SpoolAlways))
	rc, err := c.Report.Submit(t.Context(), testReport("SN-1"))
	if err != nil || !rc.Queued || rc.ID.IsZero() || log.len() != 0 || len(spool.got) != 1 {
		t.Errorf("always: %+v, %v, with %d requests and %d reports in the spool; want it queued and nothing sent", rc, err, log.len(), len(spool.got))
	}
	for res := range c.Report.SubmitAll(t.Context(), func(yield func(*report.Report) bool) { yield(testReport("SN-2")) }) {
		if res.Err != nil || !res.Receipt.Queued {
			t.Errorf("always, SubmitAll: %+v", res)
		}
	}
	if _, err := c.Report.SubmitWSJF(t.Context(), report.ID{}, []byte("{}")); !errors.Is(err, wats.ErrInvalid) {
		t.Errorf("always, without ID: %v, want ErrInvalid", err)
	}
	for name, opts := range map[string][]wats.Option{
		"off":                  {wats.WithSpool(spool, wats.SpoolOff)},
		"fallback, and works":  {wats.WithSpool(spool, wats.SpoolFallback)},
		"last one holds":       {wats.WithSpool(spool, wats.SpoolAlways), wats.WithSpool(nil, wats.SpoolOff)},
		"derived from another": {wats.WithSpool(spool, wats.SpoolFallback)},
	} {
		t.Run(name, func(t *testing.T) {
			log, before := new(requestLog), len(spool.got)
			c := serve(t, func(_ http.ResponseWriter, r *http.Request) { log.add(r) }, opts...).With(wats.NoRetry)
			rc, err := c.Report.Submit(t.Context(), testReport("SN-1"))
			if err != nil || rc.Queued || log.len() != 1 || len(spool.got) != before {
				t.Errorf("Submit: %+v, %v, with %d requests", rc, err, log.len())
			}
		})
	}
	for name, opt := range map[string]wats.Option{
		"no spool":         wats.WithSpool(nil, wats.SpoolFallback),
		"unknown mode":     wats.WithSpool(spool, 9),
		"priority too low": wats.WithSpoolPriority(11),
	} {
		if _, err := wats.NewClient("http://plant.example", opt); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestDeliver(t *testing.T) {
	id := report.NewID()
	for name, tc := range map[string]struct {
		answer http.HandlerFunc // nil: nobody listens
		class  string
		after  time.Duration
		words  string
	}{
		"taken":                     {answer(200, ""), "sent", 0, ""},
		"nobody listens":            {nil, "offline", 0, "no answer from"},
		"overloaded":                {withHeader("Retry-After", "7", 503), "offline", 7 * time.Second, "503 Service Unavailable"},
		"too many requests":         {withHeader("Retry-After", "9", 429), "offline", 9 * time.Second, "429"},
		"bad gateway":               {answer(502, ""), "offline", 0, "502"},
		"server error":              {answer(500, "boom"), "transient", 0, "500 Internal Server Error: boom"},
		"timeout at the server":     {answer(408, ""), "transient", 0, "408"},
		"refused":                   {answer(400, `{"Message":"Code must be a valid value"}`), "rejected", 0, "400 Bad Request: Code must be a valid value"},
		"not to be processed":       {answer(422, ""), "rejected", 0, "422"},
		"too large":                 {answer(413, ""), "rejected", 0, "413"},
		"wrong token":               {answer(401, ""), "auth", 0, "401"},
		"not permitted":             {answer(403, ""), "auth", 0, "403"},
		"another address":           {answer(404, ""), "auth", 0, "404"},
		"an old server":             {answer(501, ""), "auth", 0, "501"},
		"moved":                     {withHeader("Location", "https://other.example/", 302), "auth", 0, "302"},
		"page of a hotel":           {answer(200, "<html>Welcome! Room number?</html>"), "auth", 0, "200 OK"},
		"another report":            {answer(200, `{"ID":"`+report.NewID().String()+`"}`), "transient", 0, "not the one sent"},
		"conflict, and it is there": {conflict(answer(200, `{"id":"x"}`)), "sent", 0, ""},
		"conflict, and it is not":   {conflict(answer(404, "")), "rejected", 0, "409 Conflict: taken"},
		"conflict, and who knows":   {conflict(answer(500, "")), "transient", 0, "500"},
	} {
		t.Run(name, func(t *testing.T) {
			log, spool := new(requestLog), new(keeper)
			opts := []wats.Option{wats.WithSpool(spool, wats.SpoolAlways), wats.WithToken("dXNlcjpwYXNz")}
			var c *wats.Client
			if tc.answer == nil {
				c = newClient(t, "http://"+deadAddress(t), opts...)
			} else {
				c = serve(t, func(w http.ResponseWriter, r *http.Request) {
					log.add(r)
					tc.answer(w, r)
				}, opts...)
			}
			d := c.Report.Deliver(t.Context(), wats.QueuedReport{ID: id, Kind: "wsjf", Document: []byte("{}"), Lineage: `{"file":"a.csv"}`})
			if d.Class != tc.class || d.After != tc.after || !strings.Contains(d.Words, tc.words) || tc.words == "" && d.Words != "" {
				t.Errorf("Deliver: %+v, want class %s, after %v, words %q", d, tc.class, tc.after, tc.words)
			}
			if (d.Err == nil) != (d.Class == "sent") || d.Class == "auth" && tc.words != "302" && d.Advice == "" && tc.words != "404" {
				t.Errorf("Deliver: %+v", d)
			}
			if len(spool.got) != 0 {
				t.Error("what comes out of a spool was put into one")
			}
			if log.count(http.MethodPost) > 1 {
				t.Errorf("%d tries, want one", log.count(http.MethodPost))
			}
			if log.len() > 0 && log.all[0].Header.Get("Gowats-Lineage") != `{"file":"a.csv"}` {
				t.Errorf("lineage sent is %q", log.all[0].Header.Get("Gowats-Lineage"))
			}
		})
	}
	t.Run("unknown kind", func(t *testing.T) {
		if d := serve(t, answer(200, "")).Report.Deliver(t.Context(), wats.QueuedReport{ID: id, Kind: "csv"}); d.Class != "rejected" {
			t.Errorf("Deliver: %+v, want it rejected", d)
		}
	})
	t.Run("no token to be had", func(t *testing.T) {
		for class, cause := range map[string]error{"auth": errors.New("keyring locked"), "offline": &net.OpError{Op: "dial", Err: errors.New("no route")}} {
			c := serve(t, answer(200, ""), wats.WithTokenSource(func(context.Context) (wats.Token, error) { return wats.Token{}, cause }))
			if d := c.Report.Deliver(t.Context(), wats.QueuedReport{ID: id, Kind: "wsjf"}); d.Class != class {
				t.Errorf("Deliver: %+v, want class %s", d, class)
			}
		}
	})
	t.Run("untrusted server", func(t *testing.T) {
		server := httptest.NewUnstartedServer(answer(200, ""))
		server.Config.ErrorLog = log.New(io.Discard, "", 0)
		server.StartTLS()
		defer server.Close()
		if d := newClient(t, server.URL).Report.Deliver(t.Context(), wats.QueuedReport{ID: id, Kind: "wsjf"}); d.Class != "auth" || d.Advice == "" {
			t.Errorf("Deliver: %+v, want class auth", d)
		}
	})
}

func withHeader(name, value string, code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set(name, value)
		w.WriteHeader(code)
	}
}

// conflict answers a submit by 409, and the question for the report by get.
func conflict(get http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			get(w, r)
			return
		}
		answer(409, `{"Message":"taken"}`)(w, r)
	}
}

// TestSpoolAndUploader wires client and queue as a station does: the server is away, comes back with the wrong token, and then takes all.
func TestSpoolAndUploader(t *testing.T) {
	var mu sync.Mutex
	code, got := 503, map[string]int{}
	set := func(c int) {
		mu.Lock()
		defer mu.Unlock()
		code = c
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		if code != 200 {
			w.WriteHeader(code)
			return
		}
		if bytes.Contains(body, []byte("SN-BAD")) {
			w.WriteHeader(400)
			_, _ = io.WriteString(w, `{"Message":"Code must be a valid value"}`)
			return
		}
		got[string(body)]++
	}))
	defer server.Close()
	q, err := queue.Open(t.TempDir(), queue.WithLimits(queue.Limits{MinFree: 1}))
	if err != nil {
		t.Fatal(err)
	}
	c := newClient(t, server.URL, wats.WithSpool(q, wats.SpoolFallback), wats.WithRetry(wats.RetryPolicy{MaxAttempts: 1}), wats.WithoutBreaker())
	for _, sn := range []string{"SN-1", "SN-2", "SN-BAD"} {
		if rc, err := c.Report.Submit(t.Context(), testReport(sn)); !rc.Queued || !errors.Is(err, wats.ErrQueued) {
			t.Fatalf("Submit: %+v, %v", rc, err)
		}
	}
	send := func(ctx context.Context, it queue.Item) queue.Result {
		d := c.Report.Deliver(ctx, wats.QueuedReport{ID: report.ID(it.ID), Kind: string(it.Type), Document: it.Document, Lineage: it.Lineage})
		return queue.Result{Class: queue.Class(d.Class), After: d.After, Words: d.Words, Advice: d.Advice}
	}
	for answer, class := range map[int]queue.Class{503: queue.Offline, 401: queue.Auth} {
		set(answer)
		sum, err := q.Process(t.Context(), send)
		if held, ok := errors.AsType[*queue.HeldError](err); !ok || held.Class != class || sum.Left != 3 || sum.Dead != 0 {
			t.Errorf("answer %d: %+v, %v, want all held (%s)", answer, sum, err, class)
		}
	}
	set(200)
	sum, err := q.Process(t.Context(), send)
	if err != nil || sum != (queue.Summary{Sent: 2, Dead: 1}) {
		t.Errorf("Process: %+v, %v, want 2 sent, 1 dead", sum, err)
	}
	if len(got) != 2 {
		t.Errorf("server got %v", got)
	}
	for item, err := range q.List(t.Context(), queue.Dead) {
		if err != nil || item.Error != "400 Bad Request: Code must be a valid value" {
			t.Errorf("in dead/ is %+v, %v, want the server's words", item, err)
		}
	}
}
