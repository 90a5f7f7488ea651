package wats_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

const processes = `[{"code":50,"name":"PCBA test","isTestOperation":true}]`

// plant is a server whose answer is set, and that counts its requests.
type plant struct {
	switched
	body atomic.Pointer[string]
}

func newPlant(body string) *plant {
	p := new(plant)
	p.say(200, body)
	return p
}

func (p *plant) say(status int, body string) {
	p.body.Store(&body)
	p.status.Store(int64(status))
}

func (p *plant) RoundTrip(r *http.Request) (*http.Response, error) {
	p.got.add(r)
	status := int(p.status.Load())
	if status == 0 {
		return nil, errors.New("cable cut")
	}
	if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/WSJF") {
		return direct(answer(status, "")).RoundTrip(r)
	}
	return direct(answer(status, *p.body.Load())).RoundTrip(r)
}

func names(t *testing.T, c *wats.Client) string {
	t.Helper()
	list, err := c.Process.List(t.Context())
	if err != nil {
		return err.Error()
	}
	var text []string
	for _, p := range list {
		text = append(text, p.Name)
	}
	return strings.Join(text, ",")
}

func TestDomainsAreKeptForTheirUsualTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got requestLog
		client := newClient(t, "http://plant.example", wats.WithCachedDomains(wats.DomainProduct, wats.DomainAsset), wats.WithTransport(direct(
			func(w http.ResponseWriter, r *http.Request) {
				got.add(r)
				answer(200, `{"partNumber":"A","assetId":"00000000-0000-4000-8000-000000000001"}`)(w, r)
			})))
		for _, c := range []struct {
			after time.Duration
			want  int // requests by then
		}{{0, 2}, {4 * time.Minute, 2}, {2 * time.Minute, 3}, {24*time.Hour - 7*time.Minute, 4}, {2 * time.Minute, 5}} {
			time.Sleep(c.after)
			_, productErr := client.Product.Get(t.Context(), "A")
			_, assetErr := client.Asset.Get(t.Context(), wats.AssetBySerial("A-1"))
			if got.len() != c.want || productErr != nil || assetErr != nil {
				t.Errorf("after %v more: %d requests, want %d (%v, %v)", c.after, got.len(), c.want, productErr, assetErr)
			}
		}
	})
}

func TestCacheKeepsReferenceDataForAnHourByDefault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newPlant(processes)
		client := newClient(t, "http://plant.example", wats.WithTransport(server), wats.WithToken("t"))
		for range 10 {
			if got := names(t, client); got != "PCBA test" {
				t.Fatalf("processes = %q", got)
			}
		}
		server.say(200, `[{"code":50,"name":"ICT"}]`)
		time.Sleep(time.Hour - time.Second)
		if got := names(t, client); got != "PCBA test" || server.got.len() != 1 {
			t.Errorf("before an hour: %q after %d requests, want PCBA test after 1", got, server.got.len())
		}
		if got := names(t, client.With(wats.NoCache)); got != "ICT" || server.got.len() != 2 {
			t.Errorf("with NoCache: %q after %d requests, want ICT after 2", got, server.got.len())
		}
		if got := names(t, client); got != "ICT" || server.got.len() != 2 {
			t.Errorf("after NoCache: %q after %d requests, want its answer", got, server.got.len())
		}
		time.Sleep(time.Hour)
		_ = names(t, client)
		if s := client.Stats(); server.got.len() != 3 || s.CacheHits != 11 || s.CacheMisses != 3 || s.Calls != 14 {
			t.Errorf("%d requests, Stats() = %+v, want 3 requests, 11 hits, 3 misses, 14 calls", server.got.len(), s)
		}
	})
}

func TestCacheKeepsNothingElseUnlessAsked(t *testing.T) {
	server := newPlant("[]")
	client := newClient(t, "http://plant.example", wats.WithTransport(server))
	for range 3 {
		_, _ = client.Analytics.DynamicYield(t.Context(), wats.YieldFilter{})
	}
	if server.got.len() != 3 {
		t.Errorf("3 yields took %d requests, want 3", server.got.len())
	}
	off := newClient(t, "http://plant.example", wats.WithTransport(server), wats.WithCacheTTL(wats.DomainReference, 0))
	for range 3 {
		_ = names(t, off)
	}
	if server.got.len() != 6 {
		t.Errorf("3 lists of processes without cache took %d requests, want 3", server.got.len()-3)
	}
}

func TestCacheTellsQueriesApart(t *testing.T) {
	server := newPlant("[]")
	client := newClient(t, "http://plant.example", wats.WithTransport(server), wats.WithCacheTTL(wats.DomainAnalytics, time.Minute))
	for _, part := range []string{"A", "B", "A", "B"} {
		_, _ = client.Analytics.DynamicYield(t.Context(), wats.YieldFilter{PartNumber: part})
	}
	if server.got.len() != 2 {
		t.Errorf("two different queries, twice each, took %d requests, want 2", server.got.len())
	}
}

func TestCacheIsToldAboutOwnWrites(t *testing.T) {
	for name, status := range map[string]int{"that succeed": 200, "that fail, as the server may have done them": 500} {
		t.Run(name, func(t *testing.T) {
			server := newPlant(`[{"unitCount":1}]`)
			var mu sync.Mutex
			var told []wats.Domain
			client := newClient(t, "http://plant.example", once, wats.WithTransport(server), wats.WithCacheTTL(wats.DomainAnalytics, time.Minute),
				wats.WithOnUpdate(func(d wats.Domain) { mu.Lock(); defer mu.Unlock(); told = append(told, d) }))
			count := func() int {
				rows, err := client.Analytics.DynamicYield(t.Context(), wats.YieldFilter{})
				if err != nil || len(rows) != 1 {
					t.Fatalf("DynamicYield = %v, %v", rows, err)
				}
				return rows[0].UnitCount
			}
			_, _ = count(), names(t, client)
			server.say(status, `[{"unitCount":2}]`)
			if got := count(); got != 1 {
				t.Errorf("before a submit: %d, want the cached 1", got)
			}
			_ = submit(t.Context(), client)
			server.say(200, `[{"unitCount":2}]`)
			if got := count(); got != 2 {
				t.Errorf("after a submit: %d, want 2", got)
			}
			if want := map[bool]string{true: "[report]", false: "[]"}[status == 200]; fmt.Sprint(told) != want {
				t.Errorf("hooks were told %v, want %s", told, want)
			}
			before := server.got.len()
			if _ = names(t, client); server.got.len() != before {
				t.Error("a submit made the processes old")
			}
		})
	}
}

func TestAnswerAskedForBeforeAWriteIsNotKeptAfterIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &gated{open: make(chan struct{})}
		server.status.Store(200)
		client := newClient(t, "http://plant.example", wats.WithCacheTTL(wats.DomainAnalytics, time.Minute), wats.WithTransport(
			roundTrip(func(r *http.Request) (*http.Response, error) {
				if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/WSJF") {
					return direct(answer(200, "")).RoundTrip(r)
				}
				if server.closed.Load() {
					<-server.open
				}
				server.got.add(r)
				return direct(answer(200, "[]")).RoundTrip(r)
			})))
		server.closed.Store(true)
		var wg sync.WaitGroup
		read := func() { _, _ = client.Analytics.DynamicYield(t.Context(), wats.YieldFilter{}) }
		wg.Go(read)
		synctest.Wait()
		if err := submit(t.Context(), client); err != nil {
			t.Fatal(err)
		}
		wg.Go(read) // must not share the one before the submit
		synctest.Wait()
		close(server.open)
		wg.Wait()
		if server.got.len() != 2 {
			t.Errorf("%d requests, want one before and one after the submit", server.got.len())
		}
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestNothingFoundIsKeptShortly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newPlant("")
		server.say(404, `{"Message":"no such report"}`)
		client := newClient(t, "http://plant.example", wats.WithTransport(server), wats.WithCacheTTL(wats.DomainReport, time.Hour))
		for range 3 {
			_, err := client.Report.Get(t.Context(), report.DeriveID(nil))
			if e, ok := errors.AsType[*wats.APIError](err); !ok || !errors.Is(err, wats.ErrNotFound) || e.Message != "no such report" || e.Host != "plant.example" {
				t.Fatalf("Get = %v, want ErrNotFound with the server's words", err)
			}
		}
		if server.got.len() != 1 {
			t.Errorf("3 calls took %d requests, want 1", server.got.len())
		}
		time.Sleep(10 * time.Second)
		_, _ = client.Report.Get(t.Context(), report.DeriveID(nil))
		if server.got.len() != 2 {
			t.Errorf("10s later: %d requests, want 2", server.got.len())
		}
	})
}

func TestFailuresAreNotKept(t *testing.T) {
	for _, status := range []int{0, 400, 401, 403, 429, 500, 503} {
		server := newPlant("")
		server.say(status, "")
		client := newClient(t, "http://plant.example", once, wats.WithTransport(server))
		_, _ = names(t, client), names(t, client)
		if server.got.len() != 2 {
			t.Errorf("status %d: %d requests for two calls, want 2", status, server.got.len())
		}
	}
}

func TestVersionIsNeverCached(t *testing.T) {
	server := newPlant(`"1"`)
	client := newClient(t, "http://plant.example", wats.WithTransport(server), wats.WithCacheTTL(wats.DomainServer, time.Hour))
	for range 3 {
		_, _ = client.Version(t.Context())
	}
	if server.got.len() != 3 {
		t.Errorf("3 calls took %d requests, want 3: it is the probe whether the server is there", server.got.len())
	}
}

func TestSharedCacheTellsUsersAndServersApart(t *testing.T) {
	cache := wats.NewMemoryCache(0, 0)
	seen := map[string]string{}
	for _, address := range []string{"http://a.example", "http://b.example"} {
		for name, opt := range map[string]wats.Option{
			"kari": wats.WithToken("kari"), "ola": wats.WithToken("ola"), "bearer": wats.WithBearer("kari"),
			"wrong password": wats.WithBasicAuth("kari", "wrong"), "password": wats.WithBasicAuth("kari", "right"),
		} {
			who := address + " " + name
			server := newPlant(`[{"name":"` + who + `"}]`)
			client := newClient(t, address, opt, wats.WithTransport(server), wats.WithCache(cache))
			again := newClient(t, address, opt, wats.WithTransport(failing{errors.New("cable cut")}), wats.WithCache(cache))
			seen[who] = names(t, client)
			if got := names(t, again); got != seen[who] {
				t.Errorf("another client of %s got %q, want what is cached", who, got)
			}
		}
	}
	for who, got := range seen {
		if got != who {
			t.Errorf("%s was answered what is for %s", who, got)
		}
	}
}

// recording is a cache that keeps what it was given.
type recording struct {
	wats.Cache
	keys []string
	err  error
}

func (r *recording) Get(ctx context.Context, key string) ([]byte, bool, error) {
	r.keys = append(r.keys, key)
	if r.err != nil {
		return nil, false, r.err
	}
	return r.Cache.Get(ctx, key)
}

func (r *recording) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	r.keys = append(r.keys, key)
	if r.err != nil {
		return r.err
	}
	return r.Cache.Set(ctx, key, value, ttl)
}

func (r *recording) Invalidate(ctx context.Context, folder string) error {
	r.keys = append(r.keys, folder)
	if r.err != nil {
		return r.err
	}
	return r.Cache.Invalidate(ctx, folder)
}

func TestKeysTellNoSecret(t *testing.T) {
	cache := &recording{Cache: wats.NewMemoryCache(0, 0)}
	server := newPlant("[]")
	client := newClient(t, "http://plant.example", wats.WithToken(secret), wats.WithTransport(server), wats.WithCache(cache),
		wats.WithCacheTTL(wats.DomainAnalytics, time.Minute), wats.WithCacheTTL(wats.DomainReport, time.Minute))
	_, _ = client.Analytics.DynamicYield(t.Context(), wats.YieldFilter{PartNumber: "PCBA-1042"})
	_ = submit(t.Context(), client)
	if len(cache.keys) != 4 {
		t.Errorf("the cache was asked %q, want Get, Set and two Invalidate", cache.keys)
	}
	for _, key := range cache.keys {
		if leaks(key) || strings.Contains(key, "PCBA") || strings.Contains(key, "plant") || len(key) > 200 {
			t.Errorf("key %q tells a secret, or is long", key)
		}
	}
	for _, folder := range cache.keys[2:] {
		if !strings.HasSuffix(folder, "/") || !strings.HasPrefix(cache.keys[0], folder[:strings.Index(folder, "/")]) {
			t.Errorf("folder %q is none of %q", folder, cache.keys[0])
		}
	}
}

func TestABrokenCacheFailsNoCall(t *testing.T) {
	var log bytes.Buffer
	cache := &recording{err: errors.New("redis is down")}
	server := newPlant(processes)
	client := newClient(t, "http://plant.example", wats.WithTransport(server), wats.WithCache(cache), wats.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	for range 2 {
		if got := names(t, client); got != "PCBA test" {
			t.Errorf("processes = %q, want them from the server", got)
		}
	}
	if s := client.Stats(); s.CacheErrors != 4 || !strings.Contains(log.String(), "redis is down") {
		t.Errorf("Stats() = %+v, log %q, want 4 errors told", s, log.String())
	}
}

func TestACacheThatHoldsNonsenseIsIgnored(t *testing.T) {
	for _, value := range []string{"", "x", "\x00\x00abc", "\x01\xf4[]"} {
		server := newPlant(processes)
		client := newClient(t, "http://plant.example", wats.WithTransport(server), wats.WithCache(constant(value)))
		if got := names(t, client); got != "PCBA test" {
			t.Errorf("with %q in the cache: %q, want the server's answer", value, got)
		}
	}
}

// constant is a cache that always holds one value.
type constant string

func (c constant) Get(context.Context, string) ([]byte, bool, error)        { return []byte(c), true, nil }
func (c constant) Set(context.Context, string, []byte, time.Duration) error { return nil }
func (c constant) Invalidate(context.Context, string) error                 { return nil }

func TestEqualCallsShareOneRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &gated{open: make(chan struct{})}
		server.status.Store(200)
		server.closed.Store(true)
		client := newClient(t, "http://plant.example", wats.WithCacheTTL(wats.DomainAnalytics, time.Minute), wats.WithTransport(
			roundTrip(func(r *http.Request) (*http.Response, error) {
				res, err := server.RoundTrip(r)
				if err != nil {
					return nil, err
				}
				return direct(answer(res.StatusCode, "[]")).RoundTrip(r)
			})))
		first, cancel := context.WithCancel(t.Context())
		short, cancelShort := context.WithTimeout(t.Context(), time.Second)
		defer cancelShort()
		errs := make([]error, 102)
		var wg sync.WaitGroup
		for i := range errs {
			ctx := t.Context()
			switch i {
			case 0:
				ctx = first
			case 1:
				ctx = short
			}
			wg.Go(func() { _, errs[i] = client.Analytics.DynamicYield(ctx, wats.YieldFilter{}) })
			synctest.Wait()
		}
		cancel()
		time.Sleep(2 * time.Second)
		close(server.open)
		wg.Wait()
		if !errors.Is(errs[0], context.Canceled) || !errors.Is(errs[1], context.DeadlineExceeded) || !errors.Is(errs[1], wats.ErrTimeout) {
			t.Errorf("the first caller, who left: %v; the second, whose time was over: %v", errs[0], errs[1])
		}
		for i, err := range errs[2:] {
			if err != nil {
				t.Errorf("caller %d: %v, want an answer", i+2, err)
			}
		}
		if s := client.Stats(); server.got.len() != 1 || s.CacheShared != 101 || s.CacheMisses != 1 {
			t.Errorf("%d requests, Stats() = %+v, want 1, and 101 shared", server.got.len(), s)
		}
	})
}

func TestASharedRequestEndsWhenAllHaveLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // the bubble fails if a goroutine stays
		client := newClient(t, "http://plant.example", wats.WithTransport(hanging{}), wats.WithTimeout(time.Hour))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				if _, err := client.Process.List(ctx); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("List = %v, want context.DeadlineExceeded", err)
				}
			})
		}
		began := time.Now()
		wg.Wait()
		synctest.Wait()
		if took := time.Since(began); took != time.Second || client.Stats().Attempts != 1 {
			t.Errorf("after %v: %+v, want the one attempt ended after 1s", took, client.Stats())
		}
	})
}

func TestCachedAnswersAreTheCallersOwn(t *testing.T) {
	server := newPlant(processes)
	client := newClient(t, "http://plant.example", wats.WithTransport(server))
	for range 3 {
		list, err := client.Process.List(t.Context())
		if err != nil || list[0].Name != "PCBA test" {
			t.Fatalf("List = %v, %v", list, err)
		}
		list[0].Name = "changed"
	}
}

func TestSnapshot(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		opts   []wats.Option
		want   string // beginning
	}{
		"answers while the server cannot be reached": {status: 0, want: "PCBA test"},
		"answers while the server fails":             {status: 503, want: "PCBA test"},
		"does not answer a refusal":                  {status: 403, want: "GET /api/App/Processes: plant.example answered 403"},
		"does not answer another user":               {status: 0, opts: []wats.Option{wats.WithToken("other")}, want: "GET /api/App/Processes: no answer"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "reference")
			var log bytes.Buffer
			server := newPlant(processes)
			start := func(opts ...wats.Option) *wats.Client {
				return newClient(t, "http://plant.example", append([]wats.Option{
					wats.WithToken(secret), wats.WithTransport(server), fast, wats.WithSnapshot(dir), wats.WithLogger(slog.New(slog.NewTextHandler(&log, nil))),
				}, opts...)...)
			}
			if got := names(t, start()); got != "PCBA test" {
				t.Fatalf("processes = %q", got)
			}
			server.say(c.status, "")
			client := start(c.opts...)
			if got := names(t, client); !strings.HasPrefix(got, c.want) {
				t.Errorf("processes = %q, want %q…", got, c.want)
			}
			used := !strings.HasPrefix(c.want, "GET")
			if s := client.Stats(); (s.Snapshots == 1) != used || strings.Contains(log.String(), "snapshot used") != used {
				t.Errorf("Stats() = %+v, log %s; want the snapshot told: %v", s, &log, used)
			}
			before := server.got.len()
			if _ = names(t, client); used && server.got.len() != before {
				t.Error("the next call asked the server again at once")
			}
			if got := names(t, client.With(wats.NoCache)); used && !strings.HasPrefix(got, "GET /api/App/Processes") {
				t.Errorf("with NoCache: %q, want the failure", got)
			}
		})
	}
}

func TestSnapshotDoesNotHideAServerThatIsNotTheRightOne(t *testing.T) {
	dir := t.TempDir()
	_ = names(t, newClient(t, "http://plant.example", wats.WithTransport(newPlant(processes)), wats.WithSnapshot(dir)))
	client := newClient(t, "http://plant.example", wats.WithTransport(failing{&tls.CertificateVerificationError{Err: errors.New("expired")}}), wats.WithSnapshot(dir))
	if _, err := client.Process.List(t.Context()); !errors.Is(err, wats.ErrUntrusted) {
		t.Errorf("List = %v, want ErrUntrusted", err)
	}
}

func TestSnapshotFilesArePrivateAndTellNoSecret(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "reference")
	client := newClient(t, "http://plant.example", wats.WithToken(secret), wats.WithTransport(newPlant(processes)), wats.WithSnapshot(dir))
	_ = names(t, client)
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 1 {
		t.Fatalf("files: %v, %v, want one", files, err)
	}
	data, err := os.ReadFile(filepath.Join(dir, files[0].Name()))
	if err != nil || leaks(string(data)+files[0].Name()) || !bytes.Contains(data, []byte(`"request":"GET /api/App/Processes"`)) {
		t.Errorf("%s holds %s, %v", files[0].Name(), data, err)
	}
	if info, err := files[0].Info(); err != nil || info.Mode().Perm() != 0o600 && os.PathSeparator == '/' {
		t.Errorf("mode %v, %v, want 0600", info.Mode(), err)
	}
}

func TestADamagedSnapshotIsToldAndNotUsed(t *testing.T) {
	dir := t.TempDir()
	server := newPlant(processes)
	_ = names(t, newClient(t, "http://plant.example", wats.WithTransport(server), wats.WithSnapshot(dir)))
	files, _ := os.ReadDir(dir)
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(dir, f.Name()), []byte(`{"body":`), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	server.say(0, "")
	client := newClient(t, "http://plant.example", once, wats.WithTransport(server), wats.WithSnapshot(dir))
	if got := names(t, client); !strings.Contains(got, "cable cut") || client.Stats().CacheErrors != 1 {
		t.Errorf("processes = %q, Stats() = %+v, want the failure and one error of the snapshot", got, client.Stats())
	}
}

func TestSnapshotAnswersWhenTheCallersTimeIsOver(t *testing.T) {
	dir := t.TempDir()
	_ = names(t, newClient(t, "http://plant.example", wats.WithTransport(newPlant(processes)), wats.WithSnapshot(dir)))
	synctest.Test(t, func(t *testing.T) {
		client := newClient(t, "http://plant.example", wats.WithTransport(hanging{}), wats.WithSnapshot(dir))
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		if list, err := client.Process.List(ctx); err != nil || len(list) != 1 {
			t.Errorf("List = %v, %v, want the snapshot", list, err)
		}
		ctx, cancel = context.WithCancel(t.Context())
		cancel()
		if _, err := newClient(t, "http://plant.example", wats.WithTransport(hanging{}), wats.WithSnapshot(dir)).Process.List(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("List of a canceled call = %v, want context.Canceled", err)
		}
	})
}
