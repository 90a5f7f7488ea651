package obs_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/obs"
)

func newMetrics(t *testing.T, r prometheus.Registerer, name string) *obs.ClientMetrics {
	t.Helper()
	m, err := obs.NewClientMetrics(r, name)
	if err != nil {
		t.Fatalf("NewClientMetrics(%q): %v", name, err)
	}
	return m
}

// fetch returns the answer of the handler over real HTTP.
func fetch(t *testing.T, from prometheus.Gatherer, method string) (status int, body string) {
	t.Helper()
	server := httptest.NewServer(obs.Handler(from))
	defer server.Close()
	request, err := http.NewRequestWithContext(t.Context(), method, server.URL+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := server.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

func TestEveryEventIsCounted(t *testing.T) {
	const labels = `client="line 4",domain="product"`
	tests := map[string]struct {
		event wats.Event
		want  []string
	}{
		"a call": {wats.Event{Kind: wats.EventCall, Method: "GET", Status: 200, Duration: 20 * time.Millisecond},
			[]string{`calls_total{` + labels + `,method="GET",status="200"} 1`, `call_duration_seconds_bucket{` + labels + `,le="0.025"} 1`,
				`call_duration_seconds_sum{` + labels + `} 0.02`}},
		"an attempt": {wats.Event{Kind: wats.EventAttempt, Method: "POST", Status: 0, Duration: time.Second, Sent: 700, Received: 30},
			[]string{`attempts_total{` + labels + `,method="POST",status="none"} 1`, `attempt_duration_seconds_sum{` + labels + `} 1`,
				`sent_bytes_total{` + labels + `} 700`, `received_bytes_total{` + labels + `} 30`}},
		"a retry":   {wats.Event{Kind: wats.EventRetry}, []string{`retries_total{` + labels + `} 1`}},
		"giving up": {wats.Event{Kind: wats.EventGiveUp}, []string{`given_up_total{` + labels + `} 1`}},
		"a wait for the rate limit": {wats.Event{Kind: wats.EventLimited, Duration: 1500 * time.Millisecond},
			[]string{`rate_limit_waits_total{client="line 4"} 1`, `rate_limit_wait_seconds_total{client="line 4"} 1.5`}},
		"an answer 429":     {wats.Event{Kind: wats.EventThrottled}, []string{`throttled_total{client="line 4"} 1`}},
		"a refused request": {wats.Event{Kind: wats.EventRefused}, []string{`refused_total{client="line 4"} 1`}},
		"the breaker opens": {wats.Event{Kind: wats.EventBreaker, Breaker: wats.BreakerOpen},
			[]string{`breaker_state{client="line 4",state="open"} 1`, `breaker_state{client="line 4",state="closed"} 0`}},
		"a cache hit":     {wats.Event{Kind: wats.EventCacheHit}, []string{`cache_total{` + labels + `,result="hit"} 1`}},
		"a cache miss":    {wats.Event{Kind: wats.EventCacheMiss}, []string{`cache_total{` + labels + `,result="miss"} 1`}},
		"a shared answer": {wats.Event{Kind: wats.EventCacheShare}, []string{`cache_total{` + labels + `,result="share"} 1`}},
		"a cache error":   {wats.Event{Kind: wats.EventCacheError}, []string{`cache_total{` + labels + `,result="error"} 1`}},
		"a snapshot":      {wats.Event{Kind: wats.EventSnapshot}, []string{`cache_total{` + labels + `,result="snapshot"} 1`}},
	}
	for kind := wats.EventKind(0); kind.String() != "unknown"; kind++ {
		covered := false
		for _, test := range tests {
			covered = covered || test.event.Kind == kind
		}
		if !covered {
			t.Errorf("event %v is not tested", kind)
		}
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			registry := prometheus.NewRegistry()
			m := newMetrics(t, registry, "line 4")
			test.event.Domain = wats.DomainProduct
			m.Observe(test.event)
			_, text := fetch(t, registry, http.MethodGet)
			for _, want := range test.want {
				if !strings.Contains(text, "\ngowats_client_"+want+"\n") {
					t.Errorf("after %s there is no gowats_client_%s in\n%s", name, want, text)
				}
			}
		})
	}
}

func TestNamesAndHelpFollowTheRules(t *testing.T) {
	registry := prometheus.NewRegistry()
	m := newMetrics(t, registry, "a")
	for kind := wats.EventKind(0); kind.String() != "unknown"; kind++ {
		m.Observe(wats.Event{Kind: kind, Domain: wats.DomainAsset, Method: "GET"})
	}
	if _, err := obs.NewServerMetrics(registry); err != nil {
		t.Fatal(err)
	}
	problems, err := testutil.GatherAndLint(registry)
	if err != nil || len(problems) > 0 {
		t.Errorf("lint of the names: %v, %v", problems, err)
	}
}

// TestTheDocumentNamesEveryMetric holds docs/metrics.md to the code.
func TestTheDocumentNamesEveryMetric(t *testing.T) {
	document, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	registry := prometheus.NewRegistry()
	m := newMetrics(t, registry, "a")
	for kind := wats.EventKind(0); kind.String() != "unknown"; kind++ {
		m.Observe(wats.Event{Kind: kind, Domain: wats.DomainAsset, Method: "GET"})
	}
	server, err := obs.NewServerMetrics(registry)
	if err != nil {
		t.Fatal(err)
	}
	server.Handler(http.NotFoundHandler()).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, family := range families {
		known[family.GetName()] = true
		if !strings.Contains(string(document), "`"+family.GetName()+"`") {
			t.Errorf("docs/metrics.md does not name %s", family.GetName())
		}
	}
	for _, name := range regexp.MustCompile("`(gowats_(?:client|server)_[a-z_]+)`").FindAllStringSubmatch(string(document), -1) {
		if !known[name[1]] {
			t.Errorf("docs/metrics.md names %s, which is not there", name[1])
		}
	}
}

func TestTwoClientsAreToldApart(t *testing.T) {
	registry := prometheus.NewRegistry()
	newMetrics(t, registry, "a").Observe(wats.Event{Kind: wats.EventThrottled})
	newMetrics(t, registry, "b")
	_, text := fetch(t, registry, http.MethodGet)
	for _, want := range []string{`throttled_total{client="a"} 1`, `throttled_total{client="b"} 0`} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	if _, err := obs.NewClientMetrics(registry, "a"); err == nil || !strings.Contains(err.Error(), `client "a"`) {
		t.Errorf("NewClientMetrics of a name that is taken: %v, want an error that names it", err)
	}
}

// TestARealClientIsCounted sends real requests to a server that fails once.
func TestARealClientIsCounted(t *testing.T) {
	var requests atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if requests.Add(1) == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte(`"26.1"`))
	}))
	defer server.Close()
	registry := obs.NewRegistry()
	client, err := wats.NewClient(server.URL, wats.WithMetrics(newMetrics(t, registry, "plant")),
		wats.WithRetry(wats.RetryPolicy{MaxAttempts: 2, BaseDelay: time.Millisecond}))
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			if _, err := client.Version(t.Context()); err != nil {
				t.Errorf("Version: %v", err)
			}
		})
	}
	wg.Wait()
	_, text := fetch(t, registry, http.MethodGet)
	const labels = `{client="plant",domain="server"`
	for _, want := range []string{
		`gowats_client_calls_total` + labels + `,method="GET",status="200"} 10`,
		`gowats_client_attempts_total` + labels + `,method="GET",status="503"} 1`,
		`gowats_client_retries_total` + labels + `} 1`,
		"go_goroutines ", "go_build_info{",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
}

// broken is a collector that cannot be read.
type broken struct{}

func (broken) Describe(chan<- *prometheus.Desc) {}
func (broken) Collect(out chan<- prometheus.Metric) {
	out <- prometheus.NewInvalidMetric(prometheus.NewDesc("broken", "", nil, nil), errors.New("the disk is gone"))
}

func TestTheHandlerSaysWhatIsWrong(t *testing.T) {
	registry := prometheus.NewRegistry()
	if status, text := fetch(t, registry, http.MethodPost); status != http.StatusMethodNotAllowed {
		t.Errorf("POST: got %d %s, want 405", status, text)
	}
	if status, _ := fetch(t, registry, http.MethodHead); status != http.StatusOK {
		t.Errorf("HEAD: got %d, want 200", status)
	}
	registry.MustRegister(broken{})
	if status, text := fetch(t, registry, http.MethodGet); status != http.StatusInternalServerError || !strings.Contains(text, "the disk is gone") {
		t.Errorf("GET of a figure that cannot be read: got %d %s, want 500 with the reason", status, text)
	}
}

func TestAServerIsCounted(t *testing.T) {
	registry := prometheus.NewRegistry()
	metrics, err := obs.NewServerMetrics(registry)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(metrics.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch _, _ = io.Copy(io.Discard, r.Body); r.URL.Path {
		case "/api/missing":
			w.WriteHeader(http.StatusNotFound)
		case "/api/broken":
			panic(http.ErrAbortHandler)
		default:
			_, _ = io.WriteString(w, "12345")
		}
	})))
	for _, c := range []struct{ method, path string }{{"GET", "/"}, {"POST", "/API/x"}, {"POST", "/api/y"}, {"GET", "/api/missing"}, {"BREW", "/api/broken"}} {
		request, err := http.NewRequestWithContext(t.Context(), c.method, server.URL+c.path, strings.NewReader("body"))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := server.Client().Do(request)
		if err != nil && c.path != "/api/broken" {
			t.Fatal(err)
		}
		if err == nil {
			answer.Body.Close()
		}
	}
	server.Close() // and so all of them have been counted
	_, text := fetch(t, registry, http.MethodGet)
	for _, want := range []string{
		`requests_total{method="GET",part="pages",status="200"} 1`, `requests_total{method="POST",part="api",status="200"} 2`,
		`requests_total{method="GET",part="api",status="404"} 1`, `requests_total{method="other",part="api",status="aborted"} 1`,
		`request_duration_seconds_count{part="api"} 4`, `received_bytes_total{part="api"} 16`, `sent_bytes_total{part="api"} 10`, `requests_under_way 0`,
	} {
		if !strings.Contains(text, "\ngowats_server_"+want+"\n") {
			t.Errorf("no gowats_server_%s in\n%s", want, text)
		}
	}
	if _, err := obs.NewServerMetrics(registry); err == nil {
		t.Error("NewServerMetrics in a registry that has them: no error")
	}
}

func BenchmarkObserve(b *testing.B) {
	m, err := obs.NewClientMetrics(prometheus.NewRegistry(), "a")
	if err != nil {
		b.Fatal(err)
	}
	e := wats.Event{Kind: wats.EventAttempt, Method: "GET", Domain: wats.DomainReport, Status: 200, Duration: time.Millisecond}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			m.Observe(e)
		}
	})
}

func ExampleHandler() {
	registry := obs.NewRegistry()
	metrics, err := obs.NewClientMetrics(registry, "plant")
	if err != nil {
		fmt.Println(err)
		return
	}
	client, err := wats.NewClient("https://plant.example", wats.WithMetrics(metrics))
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = client // and so on

	mux := http.NewServeMux()
	mux.Handle("/metrics", obs.Handler(registry))
	server := &http.Server{Addr: "127.0.0.1:8090", Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	_ = server // server.ListenAndServe()
}
