package wats_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gowats/gowats"
)

// switched is a transport that answers by the status it is set to; 0 breaks the connection.
type switched struct {
	status atomic.Int64
	got    requestLog
}

func (s *switched) RoundTrip(r *http.Request) (*http.Response, error) {
	s.got.add(r)
	return s.reply(r)
}

func (s *switched) reply(r *http.Request) (*http.Response, error) {
	status := int(s.status.Load())
	if status == 0 {
		return nil, errors.New("cable cut")
	}
	return direct(answer(status, `"1.0"`)).RoundTrip(r)
}

func TestBreakerOpens(t *testing.T) {
	for name, c := range map[string]struct {
		policy   wats.BreakerPolicy
		statuses []int
		every    time.Duration // between requests
		want     bool
	}{
		"after five failures in a row":            {statuses: []int{500, 502, 503, 504, 0}, want: true},
		"not after four":                          {statuses: []int{500, 500, 500, 500}},
		"not when a success is between":           {statuses: []int{500, 500, 500, 200, 500, 500, 200}},
		"not on refusals":                         {statuses: []int{400, 401, 404, 409, 413, 429, 501, 429, 429, 400, 400}},
		"when half of ten fail":                   {statuses: []int{500, 200, 500, 200, 500, 200, 200, 200, 500, 500}, every: time.Second, want: true},
		"not when half of ten fail at once":       {statuses: []int{500, 200, 500, 200, 500, 200, 200, 200, 500, 500, 500, 500}},
		"not when less than half fail":            {statuses: []int{500, 200, 500, 200, 500, 200, 200, 200, 500, 200}, every: time.Second},
		"not when the failures are long ago":      {statuses: []int{500, 200, 500, 200, 500, 200, 500, 200, 500, 200, 500, 200}, every: 10 * time.Second},
		"as its policy says":                      {policy: wats.BreakerPolicy{Consecutive: 2}, statuses: []int{0, 0}, want: true},
		"by ratio, as its policy says":            {policy: wats.BreakerPolicy{Ratio: 0.25, MinRequests: 4}, statuses: []int{500, 200, 200, 200, 500}, every: 2 * time.Second, want: true},
		"by ratio within a window, as it says":    {policy: wats.BreakerPolicy{MinRequests: 4, Window: time.Hour}, statuses: []int{500, 200, 500, 500}, every: 10 * time.Minute, want: true},
		"not because the ratio of all ever is it": {policy: wats.BreakerPolicy{MinRequests: 4, Window: time.Minute}, statuses: []int{500, 200, 500, 200}, every: time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var server switched
				client := newClient(t, "http://plant.example", once, wats.WithTransport(&server), wats.WithBreaker(c.policy))
				for _, status := range c.statuses {
					server.status.Store(int64(status))
					_, _ = client.Version(t.Context())
					time.Sleep(c.every)
				}
				if got := client.Stats().Breaker == wats.BreakerOpen; got != c.want || server.got.len() != len(c.statuses) {
					t.Errorf("open after %v: %v with %d requests sent, want %v and all", c.statuses, got, server.got.len(), c.want)
				}
			})
		})
	}
}

func TestOpenBreakerRefusesAtOnceAndSaysWhen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var server switched
		client := newClient(t, "http://plant.example", once, wats.WithTransport(&server))
		for range 5 {
			_, _ = client.Version(t.Context())
		}
		time.Sleep(10 * time.Second)
		began := time.Now()
		_, err := client.Version(t.Context())
		e, ok := errors.AsType[*wats.CircuitOpenError](err)
		if !ok || !errors.Is(err, wats.ErrCircuitOpen) || e.RetryAfter != 20*time.Second || server.got.len() != 5 || time.Since(began) != 0 {
			t.Fatalf("Version() = %v after %d requests and %v, want ErrCircuitOpen for 20s at once", err, server.got.len(), time.Since(began))
		}
		const want = `GET /api/App/Version: not sent, because plant.example failed lately (GET /api/App/Version: no answer from plant.example to 1 attempt: ` +
			`cable cut: check that the server runs and that the network reaches it): it is tried again in 20s`
		if err.Error() != want || wats.Hint(err) != "it is tried again in 20s" || !wats.IsTemporary(err) {
			t.Errorf("error = %v, hint %q, want\n%s", err, wats.Hint(err), want)
		}
		if s := client.Stats(); s.Refused != 1 || s.Attempts != 5 {
			t.Errorf("Stats() = %+v, want 1 refused and 5 attempts", s)
		}
		if _, err := client.With(wats.NoBreaker).Version(t.Context()); !errors.Is(err, wats.ErrOffline) || server.got.len() != 6 {
			t.Errorf("Version with NoBreaker = %v, want it sent", err)
		}
	})
}

func TestBreakerProbesByOneRequest(t *testing.T) {
	for name, c := range map[string]struct {
		status   int
		canceled bool
		want     wats.BreakerState
	}{
		"success closes it":                {status: 200, want: wats.BreakerClosed},
		"a refusal closes it":              {status: 404, want: wats.BreakerClosed},
		"a failure leaves it open":         {status: 503, want: wats.BreakerOpen},
		"a lost connection leaves it open": {status: 0, want: wats.BreakerOpen},
		"a canceled probe says nothing":    {canceled: true, want: wats.BreakerOpen},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := &gated{open: make(chan struct{})}
				client := newClient(t, "http://plant.example", once, wats.WithTransport(server))
				for range 5 {
					_, _ = client.Version(t.Context())
				}
				time.Sleep(30 * time.Second)
				server.status.Store(int64(c.status))
				server.closed.Store(true)

				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				var wg sync.WaitGroup
				for range 20 {
					wg.Go(func() { _, _ = client.Version(ctx) })
				}
				synctest.Wait()
				if s := client.Stats(); s.Breaker != wats.BreakerHalfOpen || s.Refused != 19 || server.got.len() != 6 {
					t.Errorf("20 calls at a time: %+v, %d requests, want half-open, 19 refused and one more request", s, server.got.len())
				}
				if c.canceled {
					cancel()
					wg.Wait()
				}
				close(server.open)
				wg.Wait()
				if got := client.Stats().Breaker; got != c.want {
					t.Errorf("after the probe: %v, want %v", got, c.want)
				}
				before := server.got.len()
				_, err := client.Version(t.Context())
				sent := server.got.len() > before
				if want := c.want == wats.BreakerClosed || c.canceled; sent != want {
					t.Errorf("the next call: %v, sent %v, want %v", err, sent, want)
				}
			})
		})
	}
}

// gated is a switched that holds requests, while it is closed, until open is.
type gated struct {
	switched
	closed atomic.Bool
	open   chan struct{}
}

func (g *gated) RoundTrip(r *http.Request) (*http.Response, error) {
	g.got.add(r)
	if g.closed.Load() {
		select {
		case <-g.open:
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	return g.reply(r)
}

func TestBreakerCountsNothingThatTheCallerEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := newClient(t, "http://plant.example", wats.WithTransport(hanging{}))
		for range 20 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			if _, err := client.Version(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("Version() = %v, want context.DeadlineExceeded", err)
			}
			cancel()
		}
		if got := client.Stats().Breaker; got != wats.BreakerClosed {
			t.Errorf("breaker: %v, want closed", got)
		}
		if _, err := client.Version(t.Context()); !errors.Is(err, wats.ErrTimeout) {
			t.Fatalf("Version() = %v, want ErrTimeout", err)
		}
		if _, err := client.Version(t.Context()); !errors.Is(err, wats.ErrTimeout) || !errors.Is(err, wats.ErrCircuitOpen) {
			t.Errorf("Version() = %v, want ErrTimeout, not repeated because of ErrCircuitOpen", err)
		}
	})
}

// hanging is a transport that never answers.
type hanging struct{}

func (hanging) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestAHiccupOfManyAtOnceDoesNotOpenTheBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &gated{open: make(chan struct{})}
		server.status.Store(503)
		server.closed.Store(true)
		client := newClient(t, "http://plant.example", once, wats.WithTransport(server))
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() { _, _ = client.Version(t.Context()) })
		}
		synctest.Wait()
		close(server.open)
		wg.Wait()
		if got := client.Stats().Breaker; got != wats.BreakerClosed {
			t.Errorf("breaker after 50 failures side by side: %v, want closed", got)
		}
		for range 4 {
			_, _ = client.Version(t.Context())
		}
		if got := client.Stats().Breaker; got != wats.BreakerOpen {
			t.Errorf("breaker after four more, one after the other: %v, want open", got)
		}
	})
}

func TestWithoutBreakerEveryRequestIsSent(t *testing.T) {
	var server switched
	client := newClient(t, "http://plant.example", once, wats.WithTransport(&server), wats.WithoutBreaker())
	for range 50 {
		_, _ = client.Version(t.Context())
	}
	if server.got.len() != 50 {
		t.Errorf("%d of 50 requests were sent", server.got.len())
	}
}

func TestACallMayUseAllItsAttemptsBeforeTheBreakerOpens(t *testing.T) {
	var server switched
	client := newClient(t, "http://plant.example", wats.WithTransport(&server), wats.WithRetry(wats.RetryPolicy{MaxAttempts: 12, BaseDelay: 1, MaxDelay: 1}))
	_, err := client.Version(t.Context())
	if e, ok := errors.AsType[*wats.TransportError](err); !ok || e.Attempts != 12 || errors.Is(err, wats.ErrCircuitOpen) {
		t.Errorf("Version() = %v, want ErrOffline after 12 attempts", err)
	}
	if got := client.Stats().Breaker; got != wats.BreakerOpen {
		t.Errorf("breaker: %v, want open", got)
	}
}
