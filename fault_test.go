package wats_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

// A fault is what happens to one request instead of its answer. It gets the connection after the request was read.
type fault func(conn *net.TCPConn)

// faultProxy stands between client and server on real sockets, a connection for each request, and lets faults happen in order. After the last one all goes well.
type faultProxy struct {
	listener *net.TCPListener
	backend  http.Handler
	wg       sync.WaitGroup

	mu     sync.Mutex
	faults []fault
	bodies []string // of the requests, also of those that met a fault
}

func startProxy(t *testing.T, backend http.HandlerFunc, faults ...fault) *faultProxy {
	t.Helper()
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	p := &faultProxy{listener: l, backend: backend, faults: faults}
	p.wg.Go(func() {
		for {
			conn, err := l.AcceptTCP()
			if err != nil {
				return // closed
			}
			p.wg.Go(func() { p.serve(conn) })
		}
	})
	t.Cleanup(p.close)
	return p
}

func (p *faultProxy) close() {
	_ = p.listener.Close() // twice does no harm
	p.wg.Wait()
}

func (p *faultProxy) url() string { return "http://" + p.listener.Addr().String() }

func (p *faultProxy) serve(conn *net.TCPConn) {
	defer conn.Close()
	r, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil {
		return // a connection that was not used
	}
	body, _ := io.ReadAll(r.Body)
	if f := p.next(string(body)); f != nil {
		f(conn)
		return
	}
	w := httptest.NewRecorder()
	p.backend.ServeHTTP(w, r)
	res := w.Result()
	res.Close = true
	_ = res.Write(conn)
}

func (p *faultProxy) next(body string) fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bodies = append(p.bodies, body)
	if len(p.faults) == 0 {
		return nil
	}
	f := p.faults[0]
	p.faults = p.faults[1:]
	return f
}

func (p *faultProxy) requests() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.bodies)
}

// says answers by that text and closes the connection.
func says(text string) fault {
	return func(conn *net.TCPConn) { _, _ = io.WriteString(conn, text) }
}

func status(code int, headers ...string) fault {
	return says(fmt.Sprintf("HTTP/1.1 %d %s\r\nContent-Length: 0\r\nConnection: close\r\n%s\r\n", code, http.StatusText(code), strings.Join(headers, "")))
}

func reset(after string) fault {
	return func(conn *net.TCPConn) {
		_, _ = io.WriteString(conn, after)
		_ = conn.SetLinger(0) // the other side gets RST instead of FIN
	}
}

// hangs says the beginning of an answer and then nothing until the client has enough.
func hangs(after string) fault {
	return func(conn *net.TCPConn) {
		_, _ = io.WriteString(conn, after)
		_, _ = io.Copy(io.Discard, conn)
	}
}

const half = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[{"

func times(n int, f fault) []fault {
	var list []fault
	for range n {
		list = append(list, f)
	}
	return list
}

func TestFaults(t *testing.T) {
	date := func(d time.Duration) string {
		return "Retry-After: " + time.Now().Add(d).UTC().Format(http.TimeFormat) + "\r\n"
	}
	for name, c := range map[string]struct {
		faults   []fault
		requests int   // that reach the proxy
		want     error // nil: the call succeeds
	}{
		"reset before the answer is repeated":            {times(2, reset("")), 3, nil},
		"reset before every answer ends offline":         {times(9, reset("")), 3, wats.ErrOffline},
		"reset within the body is repeated":              {times(2, reset(half)), 3, nil},
		"reset within every body ends offline":           {times(9, reset(half)), 3, wats.ErrOffline},
		"a body cut short is repeated":                   {times(2, says(half)), 3, nil},
		"every body cut short ends offline":              {times(9, says(half)), 3, wats.ErrOffline},
		"a header cut short is repeated":                 {times(2, says("HTTP/1.1 200 OK\r\nContent-Le")), 3, nil},
		"a header that never comes is repeated":          {times(2, hangs("")), 3, nil},
		"headers that never come end in time":            {times(9, hangs("")), 3, wats.ErrTimeout},
		"a body that never ends ends in time":            {times(9, hangs(half)), 3, wats.ErrTimeout},
		"an answer that is no HTTP is repeated":          {times(2, says("SSH-2.0-OpenSSH_9.9\r\n")), 3, nil},
		"no answer that is HTTP ends offline":            {times(9, says("SSH-2.0-OpenSSH_9.9\r\n")), 3, wats.ErrOffline},
		"429 with seconds is repeated":                   {times(2, status(429, "Retry-After: 0.01\r\n")), 3, nil},
		"429 with a date is repeated":                    {times(2, status(429, date(-time.Minute))), 3, nil},
		"429 for ever ends rate limited":                 {times(9, status(429, "Retry-After: 0.01\r\n")), 3, wats.ErrRateLimited},
		"a burst of 500 and 502 is survived":             {[]fault{status(500), status(502)}, 3, nil},
		"a burst of 503 and 504 is survived":             {[]fault{status(503), status(504)}, 3, nil},
		"503 for ever ends as the server's fault":        {times(9, status(503)), 3, wats.ErrServer},
		"a lost connection, then a refusal: the refusal": {[]fault{reset(""), status(403)}, 2, wats.ErrForbidden},
		"a refusal is not repeated":                      {times(9, status(400)), 1, wats.ErrInvalid},
	} {
		for kind, call := range calls {
			t.Run(kind+": "+name, func(t *testing.T) {
				proxy := startProxy(t, func(w http.ResponseWriter, r *http.Request) {
					if strings.HasSuffix(r.URL.Path, "/Version") {
						answer(200, `"24.1.0"`)(w, r)
					}
				}, c.faults...)
				client := newClient(t, proxy.url(), fast, wats.WithTimeout(100*time.Millisecond))
				err := call(t.Context(), client)
				if !errors.Is(err, c.want) || proxy.requests() != c.requests {
					t.Errorf("err = %v after %d requests, want %v after %d", err, proxy.requests(), c.want, c.requests)
				}
				for _, body := range proxy.bodies {
					if body != proxy.bodies[0] {
						t.Errorf("an attempt carried %q, the first %q", body, proxy.bodies[0])
					}
				}
				if s := client.Stats(); s.Attempts != int64(c.requests) || s.Retries != int64(c.requests-1) {
					t.Errorf("Stats() = %+v, want %d attempts", s, c.requests)
				}
			})
		}
	}
}

func TestConnectionRefused(t *testing.T) {
	proxy := startProxy(t, nil)
	proxy.close()
	client := newClient(t, proxy.url(), fast)
	_, err := client.Version(t.Context())
	e, ok := errors.AsType[*wats.TransportError](err)
	if !ok || !errors.Is(err, wats.ErrOffline) || e.Attempts != 3 || !strings.HasPrefix(e.Hint(), "nothing listens there") {
		t.Errorf("Version() = %v, want ErrOffline after 3 attempts and the hint that nothing listens", err)
	}
}

func TestBreakerOverSockets(t *testing.T) {
	proxy := startProxy(t, answer(200, `"24.1.0"`), times(6, reset(""))...)
	client := newClient(t, proxy.url(), once, wats.WithBreaker(wats.BreakerPolicy{OpenFor: 20 * time.Millisecond}))
	for range 5 {
		if _, err := client.Version(t.Context()); !errors.Is(err, wats.ErrOffline) {
			t.Fatalf("Version() = %v, want ErrOffline", err)
		}
	}
	for _, want := range []error{wats.ErrOffline, nil} { // the sixth fault meets the first probe
		for {
			_, err := client.Version(t.Context())
			e, open := errors.AsType[*wats.CircuitOpenError](err)
			if !open {
				if !errors.Is(err, want) {
					t.Errorf("probe = %v, want %v", err, want)
				}
				break
			}
			<-time.After(e.RetryAfter)
		}
	}
	if s := client.Stats(); s.Breaker != wats.BreakerClosed || proxy.requests() != 7 || s.Attempts != 7 {
		t.Errorf("Stats() = %+v, %d requests, want closed after 5 failures and 2 probes", s, proxy.requests())
	}
}

// TestClientsNeverMeetUnderLoad: clients of other stations, tokens, caches and servers do not affect each other, though one of the servers fails.
// It makes 20,400 calls, and with GOWATS_LONG set a million.
func TestClientsNeverMeetUnderLoad(t *testing.T) {
	const goroutines = 200
	rounds := 34
	if os.Getenv("GOWATS_LONG") != "" {
		rounds = 1667
	}
	var warm sync.WaitGroup // for the first rounds, after which memory may not grow
	warm.Add(goroutines)
	var before, after runtime.MemStats
	var sick requestLog
	server := func(name string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			who := strings.TrimPrefix(r.Header.Get("Authorization"), "Basic ")
			switch {
			case who != name:
				t.Errorf("server %s got the token of %s", name, who)
			case len(body) > 0 && !strings.Contains(string(body), `"machineName":"`+name+`"`):
				t.Errorf("server %s got a report of another station: %s", name, body)
			case len(body) == 0:
				answer(200, `[{"name":"`+name+`"}]`)(w, r)
			}
		}
	}
	one := serve(t, server("one"), wats.WithToken("one"), wats.WithStation("one", "", ""))
	two := serve(t, server("two"), wats.WithToken("two"), wats.WithStation("two", "", ""))
	down := serve(t, func(w http.ResponseWriter, r *http.Request) { sick.add(r); w.WriteHeader(500) }, wats.WithToken("three"), fast)
	var wg sync.WaitGroup
	for i := range goroutines {
		client, name := one, "one"
		if i%2 == 1 {
			client, name = two, "two"
		}
		wg.Go(func() {
			for j := range rounds {
				if j == rounds/4 {
					warm.Done()
				}
				r := testReport(fmt.Sprint("SN-", i, "-", j))
				r.Station = ""
				if _, err := client.Report.Submit(t.Context(), r); err != nil {
					t.Errorf("%s: %v", name, err)
				}
				if list, err := client.Process.List(t.Context()); err != nil || len(list) != 1 || list[0].Name != name {
					t.Errorf("%s: processes %v, %v", name, list, err)
				}
				_, _ = down.Report.Get(t.Context(), report.NewID())
			}
		})
	}
	warm.Wait()
	runtime.GC()
	runtime.ReadMemStats(&before)
	wg.Wait()
	runtime.GC()
	runtime.ReadMemStats(&after)
	const slack = 16 << 20 // what 200 calls under way may hold
	if after.HeapAlloc > before.HeapAlloc+slack {
		t.Errorf("heap grew from %d to %d bytes in three quarters of the calls", before.HeapAlloc, after.HeapAlloc)
	}
	submits := int64(goroutines / 2 * rounds)
	for name, c := range map[string]*wats.Client{"one": one, "two": two} {
		if s := c.Stats(); s.Breaker != wats.BreakerClosed || s.Retries != 0 || s.Attempts != submits+s.CacheMisses || s.CacheMisses > 10 {
			t.Errorf("%s: Stats() = %+v, want %d submits and hardly a list that is not from the cache", name, s, submits)
		}
	}
	if s := down.Stats(); s.Breaker != wats.BreakerOpen || s.Refused == 0 || int(s.Attempts) != sick.len() {
		t.Errorf("the third: Stats() = %+v, want an open breaker", s)
	}
}

func TestNoGoroutineStays(t *testing.T) {
	server := httptest.NewServer(answer(200, "[]"))
	client, err := wats.NewClient(server.URL, wats.WithoutRateLimit())
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*100*time.Microsecond)
			defer cancel()
			_, _ = client.Process.List(ctx)
			_, _ = client.Version(ctx)
		})
	}
	wg.Wait()
	server.Close()
	client.Close()
	for deadline := time.Now().Add(10 * time.Second); ; {
		stacks := new(strings.Builder)
		_ = pprof.Lookup("goroutine").WriteTo(stacks, 2)
		ours := 0
		for stack := range strings.SplitSeq(stacks.String(), "\n\n") {
			if strings.Contains(stack, "gowats.(*") || strings.Contains(stack, server.Listener.Addr().String()) {
				ours++
			}
		}
		if ours == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines of the client are left:\n%s", ours, stacks)
		}
		<-time.After(time.Millisecond)
	}
}
