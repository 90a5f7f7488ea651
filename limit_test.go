package wats_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

// limited returns a client of a server that answers by h, with opts alone: with the limit a client has by default.
func limited(t *testing.T, h http.HandlerFunc, opts ...wats.Option) (*wats.Client, *requestLog) {
	t.Helper()
	got := new(requestLog)
	client, err := wats.NewClient("http://plant.example", append(opts, wats.WithTransport(direct(func(w http.ResponseWriter, r *http.Request) {
		got.add(r)
		h(w, r)
	})))...)
	if err != nil {
		t.Fatal(err)
	}
	return client, got
}

func submit(ctx context.Context, c *wats.Client) error {
	_, err := c.Report.SubmitWSJF(ctx, report.NewID(), []byte("{}"))
	return err
}

func TestRateLimit(t *testing.T) {
	gowats := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Gowats-Server", "1.0")
		answer(200, "1")(w, r)
	}
	for name, c := range map[string]struct {
		opts  []wats.Option
		h     http.HandlerFunc
		calls int
		want  time.Duration // for all calls, one after the other
		rate  float64
	}{
		// Ten of fifty tokens are left to submits: 40 reads at once, then one each 120 ms.
		"500 a minute after the burst by default": {nil, answer(200, "1"), 540, time.Minute, 500},
		"none against a gowats server":            {nil, gowats, 5000, 0, 0},
		"none when switched off":                  {[]wats.Option{wats.WithoutRateLimit()}, answer(200, "1"), 5000, 0, 0},
		"as set":                                  {[]wats.Option{wats.WithRateLimit(wats.RateLimit{PerMinute: 60, Burst: 1})}, answer(200, "1"), 61, time.Minute, 60},
		"as set also against a gowats server":     {[]wats.Option{wats.WithRateLimit(wats.RateLimit{PerMinute: 60, Burst: 1})}, gowats, 61, time.Minute, 60},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, _ := limited(t, c.h, c.opts...)
				began := time.Now()
				for range c.calls {
					if _, err := client.Version(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				if took := time.Since(began); took < c.want || took > c.want+time.Millisecond {
					t.Errorf("%d calls took %v, want %v", c.calls, took, c.want)
				}
				s := client.Stats()
				if s.RatePerMinute != c.rate || s.LimitedFor < c.want || (s.Limited > 0) != (c.want > 0) {
					t.Errorf("Stats() = %+v, want a rate of %v and waits of %v", s, c.rate, c.want)
				}
			})
		})
	}
}

func TestReadsDoNotHoldUpSubmits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, got := limited(t, answer(200, ""))
		var wg sync.WaitGroup
		for range 500 { // a dashboard
			wg.Go(func() { _, _ = client.Version(t.Context()) })
		}
		synctest.Wait()
		began := time.Now()
		for range 10 {
			if err := submit(t.Context(), client); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("10 submits beside 500 reads took %v, want no time", took)
		}
		for range 40 {
			wg.Go(func() { _ = submit(t.Context(), client) })
		}
		synctest.Wait()
		time.Sleep(6*time.Second + time.Millisecond) // 50 tokens
		synctest.Wait()
		reads, submits := got.count(http.MethodGet), got.count(http.MethodPost)
		if submits != 50 || reads != 50 {
			t.Errorf("after 6s under load: %d submits and %d reads were sent, want 10+40 and 40+10", submits, reads)
		}
		wg.Wait()
	})
}

func TestSubmitsDoNotStarveReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, _ := limited(t, answer(200, ""), wats.WithRateLimit(wats.RateLimit{PerMinute: 600, Burst: 10}))
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for range 50 { // stations that always have another report
			wg.Go(func() {
				for submit(ctx, client) == nil {
				}
			})
		}
		synctest.Wait()
		began := time.Now()
		_, _ = client.Version(t.Context())
		if took := time.Since(began); took > time.Second {
			t.Errorf("a read beside 50 submitters took %v, want at most five tokens of 100ms", took)
		}
		cancel()
		wg.Wait()
	})
}

func TestLimiterLearnsFrom429(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refuse, retryAfter := true, "20"
		client, got := limited(t, func(w http.ResponseWriter, _ *http.Request) {
			if refuse {
				w.Header().Set("Retry-After", retryAfter)
				w.WriteHeader(http.StatusTooManyRequests)
			}
		}, once, wats.WithRateLimit(wats.RateLimit{PerMinute: 600, Burst: 10}))

		_ = submit(t.Context(), client)
		refuse = false
		began := time.Now()
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() {
				if err := submit(t.Context(), client); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if took := time.Since(began); took != 20*time.Second || got.len() != 6 {
			t.Errorf("5 submits after Retry-After: 20 took %v with %d requests, want 20s and 6", took, got.len())
		}

		refuse, retryAfter = true, ""
		_ = submit(t.Context(), client)
		_ = submit(t.Context(), client) // about the same excess
		if s := client.Stats(); s.RatePerMinute != 300 || s.Throttled != 3 {
			t.Errorf("Stats() after 429 = %+v, want a rate of 300 and 3 throttled", s)
		}
		refuse = false
		time.Sleep(30 * time.Second)
		_ = submit(t.Context(), client)
		if s := client.Stats(); s.RatePerMinute != 480 {
			t.Errorf("rate 30s later = %v, want 300 + 3·60", s.RatePerMinute)
		}
		time.Sleep(time.Hour)
		_ = submit(t.Context(), client)
		if s := client.Stats(); s.RatePerMinute != 600 {
			t.Errorf("rate in the end = %v, want 600", s.RatePerMinute)
		}
	})
}

func TestLimiterNeverSlowsBelowATenth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, _ := limited(t, answer(429, ""), once, wats.WithRateLimit(wats.RateLimit{PerMinute: 600}))
		for range 20 {
			_, _ = client.Version(t.Context())
			time.Sleep(5 * time.Second)
		}
		if rate := client.Stats().RatePerMinute; rate < 60 || rate > 120 {
			t.Errorf("rate after 20 answers 429 = %v, want about 60", rate)
		}
	})
}

func TestUnlimitedClientStillHonoursRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		status := http.StatusTooManyRequests
		client, _ := limited(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Retry-After", "7")
			answer(status, "1")(w, r)
		}, once, wats.WithoutRateLimit())
		_, _ = client.Version(t.Context())
		status = http.StatusOK
		began := time.Now()
		if _, err := client.Version(t.Context()); err != nil || time.Since(began) != 7*time.Second {
			t.Errorf("Version() = %v after %v, want an answer after 7s", err, time.Since(began))
		}
	})
}

func TestLimiterAndContexts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, got := limited(t, answer(200, "1"), wats.WithRateLimit(wats.RateLimit{PerMinute: 1, Burst: 1}))
		_, _ = client.Version(t.Context())
		began := time.Now()

		short, cancel := context.WithTimeout(t.Context(), 59*time.Second)
		defer cancel()
		_, err := client.Version(short)
		if !errors.Is(err, wats.ErrRateLimited) || time.Since(began) != 0 || !strings.Contains(err.Error(), "1m0s, which is beyond the deadline") {
			t.Errorf("Version() with too little time = %v after %v, want ErrRateLimited at once", err, time.Since(began))
		}

		canceled, cancel := context.WithCancel(t.Context())
		time.AfterFunc(10*time.Second, cancel)
		_, err = client.Version(canceled)
		if !errors.Is(err, context.Canceled) || time.Since(began) != 10*time.Second {
			t.Errorf("Version() canceled while it waits = %v after %v, want context.Canceled after 10s", err, time.Since(began))
		}

		_, err = client.Version(t.Context())
		if took := time.Since(began); err != nil || took.Round(time.Millisecond) != time.Minute || got.len() != 2 {
			t.Errorf("the next Version() = %v after %v with %d requests, want the token of the minute", err, took, got.len())
		}
	})
}

func TestLimiterLosesNoTokenToThoseWhoLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, got := limited(t, answer(200, "1"), wats.WithRateLimit(wats.RateLimit{PerMinute: 60_000, Burst: 1}))
		var wg sync.WaitGroup
		for i := range 1000 {
			wg.Go(func() {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if i%2 == 0 {
					time.AfterFunc(time.Duration(i)*time.Millisecond, cancel) // just when its turn comes
				}
				_, _ = client.Version(ctx)
			})
		}
		wg.Wait()
		began := time.Now()
		time.Sleep(time.Second)
		if _, err := client.Version(t.Context()); err != nil || time.Since(began) != time.Second {
			t.Errorf("after all left: %v after %v (%d requests), want a token", err, time.Since(began), got.len())
		}
	})
}
