package wats_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

// calls are one call per kind of request.
var calls = map[string]func(ctx context.Context, c *wats.Client) error{
	"GET": func(ctx context.Context, c *wats.Client) error { _, err := c.Version(ctx); return err },
	"query by POST": func(ctx context.Context, c *wats.Client) error {
		_, err := c.Analytics.DynamicYield(ctx, wats.YieldFilter{})
		return err
	},
	"submit": func(ctx context.Context, c *wats.Client) error {
		_, err := c.Report.SubmitWSJF(ctx, report.NewID(), []byte("{}"))
		return err
	},
}

func TestRetryByStatus(t *testing.T) {
	repeated := []int{408, 425, 429, 500, 502, 503, 504}
	for _, status := range []int{304, 400, 401, 403, 404, 405, 408, 409, 410, 413, 415, 422, 425, 429, 500, 501, 502, 503, 504, 505, 599} {
		for name, call := range calls {
			t.Run(fmt.Sprintf("%s answered by %d", name, status), func(t *testing.T) {
				var got requestLog
				client := serve(t, func(w http.ResponseWriter, r *http.Request) {
					got.add(r)
					w.WriteHeader(status)
				}, fast)
				err := call(t.Context(), client)
				e, ok := errors.AsType[*wats.APIError](err)
				want := 1
				if slices.Contains(repeated, status) {
					want = 3
				}
				if !ok || e.Status != status || e.Attempts != want || got.len() != want {
					t.Errorf("err = %v after %d requests, want status %d after %d", err, got.len(), status, want)
				}
			})
		}
	}
}

func TestRetrySendsTheSameBodyUntilItSucceeds(t *testing.T) {
	var got requestLog
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if got.add(r) < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}, fast)
	const document = `{"id":"x","text":"as it is"}`
	if _, err := client.Report.SubmitWSJF(t.Context(), report.NewID(), []byte(document)); err != nil {
		t.Fatal(err)
	}
	if want := []string{document, document, document}; !slices.Equal(got.bodies, want) {
		t.Errorf("bodies sent: %q, want %q", got.bodies, want)
	}
}

func TestRetryAfterABrokenConnection(t *testing.T) {
	for name, breakOff := range map[string]func(w http.ResponseWriter){
		"before the answer": func(http.ResponseWriter) {},
		"within the answer": func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, `"24`)
			w.(http.Flusher).Flush()
		},
	} {
		t.Run(name, func(t *testing.T) {
			var got requestLog
			client := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if got.add(r) < 3 {
					breakOff(w)
					panic(http.ErrAbortHandler)
				}
				answer(200, `"24.1.0"`)(w, r)
			}, fast)
			version, err := client.Version(t.Context())
			// net/http itself repeats a GET on a reused connection once.
			if err != nil || version != "24.1.0" || got.len() < 3 {
				t.Errorf("Version() = %q, %v after %d requests, want an answer to the third", version, err, got.len())
			}
		})
	}
}

func TestRetryDelays(t *testing.T) {
	for name, c := range map[string]struct {
		policy     wats.RetryPolicy
		retryAfter string
		low, high  []time.Duration // of each wait
	}{
		"full jitter below 1 s, 2 s, 4 s by default": {
			policy: wats.RetryPolicy{MaxAttempts: 4},
			low:    []time.Duration{0, 0, 0}, high: []time.Duration{time.Second, 2 * time.Second, 4 * time.Second},
		},
		"never above MaxDelay": {
			policy: wats.RetryPolicy{MaxAttempts: 6, BaseDelay: time.Hour, MaxDelay: 3 * time.Second},
			low:    make([]time.Duration, 5), high: slices.Repeat([]time.Duration{3 * time.Second}, 5),
		},
		"does not overflow": {
			policy: wats.RetryPolicy{MaxAttempts: 100, BaseDelay: 1, MaxDelay: 24 * time.Hour},
			low:    make([]time.Duration, 99), high: slices.Repeat([]time.Duration{24 * time.Hour}, 99),
		},
		"Retry-After in seconds": {
			retryAfter: "7", low: []time.Duration{7 * time.Second, 7 * time.Second}, high: []time.Duration{7 * time.Second, 7 * time.Second},
		},
		"Retry-After as a date": { // a bubble begins at midnight UTC 2000-01-01; the second date is past
			retryAfter: "Sat, 01 Jan 2000 00:00:09 GMT",
			low:        []time.Duration{9 * time.Second, 0}, high: []time.Duration{9 * time.Second, 2 * time.Second},
		},
		"Retry-After is capped": {
			retryAfter: "86400", low: []time.Duration{30 * time.Second, 30 * time.Second}, high: []time.Duration{30 * time.Second, 30 * time.Second},
		},
		"Retry-After beyond sense": {
			retryAfter: "1e300", low: []time.Duration{30 * time.Second, 30 * time.Second}, high: []time.Duration{30 * time.Second, 30 * time.Second},
		},
		"Retry-After that is no time": {
			retryAfter: "soon", low: []time.Duration{0, 0}, high: []time.Duration{time.Second, 2 * time.Second},
		},
		"Retry-After before now": {
			retryAfter: "-5", low: []time.Duration{0, 0}, high: []time.Duration{time.Second, 2 * time.Second},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var got requestLog
				client := newClient(t, "http://plant.example", wats.WithRetry(c.policy), wats.WithTransport(direct(
					func(w http.ResponseWriter, r *http.Request) {
						got.add(r)
						w.Header().Set("Retry-After", c.retryAfter)
						w.WriteHeader(http.StatusTooManyRequests)
					})))
				_, err := client.Version(t.Context())
				if !errors.Is(err, wats.ErrRateLimited) {
					t.Fatalf("Version() = %v, want ErrRateLimited", err)
				}
				if len(got.times) <= len(c.low) {
					t.Fatalf("%d tries, want more than %d", len(got.times), len(c.low))
				}
				for i := range c.low {
					if wait := got.times[i+1].Sub(got.times[i]); wait < c.low[i] || wait > c.high[i] {
						t.Errorf("wait %d = %v, want %v to %v", i+1, wait, c.low[i], c.high[i])
					}
				}
			})
		})
	}
}

func TestRetryJitterSpreads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sum time.Duration
		const calls = 400
		for range calls {
			began := time.Now()
			client := newClient(t, "http://plant.example", wats.WithRetry(wats.RetryPolicy{MaxAttempts: 2}), wats.WithTransport(direct(answer(503, ""))))
			_, _ = client.Version(t.Context())
			sum += time.Since(began)
		}
		if mean := sum / calls; mean < 400*time.Millisecond || mean > 600*time.Millisecond { // ±7 standard deviations
			t.Errorf("mean of the first wait = %v, want about 500ms", mean)
		}
	})
}

func TestContextEndsTheWaitAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := newClient(t, "http://plant.example", wats.WithTransport(direct(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "20")
			w.WriteHeader(http.StatusServiceUnavailable)
		})))
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(5*time.Second, cancel)
		began := time.Now()
		_, err := client.Version(ctx)
		if took := time.Since(began); took != 5*time.Second {
			t.Errorf("Version took %v, want 5s", took)
		}
		if !errors.Is(err, context.Canceled) || !errors.Is(err, wats.ErrServer) {
			t.Errorf("Version() = %v, want both context.Canceled and ErrServer", err)
		}
	})
}

func TestDeadlineBeforeTheNextTryEndsTheCallNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := newClient(t, "http://plant.example", wats.WithTransport(direct(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "20")
			w.WriteHeader(http.StatusServiceUnavailable)
		})))
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		began := time.Now()
		_, err := client.Version(ctx)
		if took := time.Since(began); took != 0 || !errors.Is(err, wats.ErrServer) || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Version() = %v after %v, want ErrServer at once", err, took)
		}
	})
}

// stuck is a transport that answers nothing until the request's context ends.
type stuck struct{}

func (stuck) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestTimeouts(t *testing.T) {
	for name, c := range map[string]struct {
		deadline     time.Duration // of the caller; 0: none
		cancelAfter  time.Duration
		is, isNot    []error
		took         time.Duration
		wantAttempts int
		wantText     string
	}{
		"each try has its own": {
			is: []error{wats.ErrTimeout}, isNot: []error{context.DeadlineExceeded, wats.ErrOffline}, took: 20 * time.Second, wantAttempts: 2,
			wantText: "no whole answer within 10s: the network or the server is slow",
		},
		"the caller's deadline ends all tries": {
			deadline: 4 * time.Second,
			is:       []error{wats.ErrTimeout, context.DeadlineExceeded}, isNot: []error{wats.ErrOffline}, took: 4 * time.Second, wantAttempts: 1,
			wantText: "to 1 attempt: context deadline exceeded",
		},
		"the caller cancels": {
			cancelAfter: 3 * time.Second,
			is:          []error{context.Canceled}, isNot: []error{wats.ErrTimeout, wats.ErrOffline}, took: 3 * time.Second, wantAttempts: 1,
			wantText: "to 1 attempt: context canceled",
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if c.deadline > 0 {
					ctx, cancel = context.WithTimeout(ctx, c.deadline)
					defer cancel()
				}
				if c.cancelAfter > 0 {
					time.AfterFunc(c.cancelAfter, cancel)
				}
				client := newClient(t, "http://plant.example", wats.WithTransport(stuck{}), wats.WithTimeout(10*time.Second),
					wats.WithRetry(wats.RetryPolicy{MaxAttempts: 2, BaseDelay: 1, MaxDelay: 1}))
				began := time.Now()
				_, err := client.Version(ctx)
				if took := time.Since(began).Round(time.Second); took != c.took {
					t.Errorf("Version took %v, want %v", took, c.took)
				}
				checkErrors(t, err, c.is, c.isNot)
				e, ok := errors.AsType[*wats.TransportError](err)
				if !ok || e.Attempts != c.wantAttempts || e.Host != "plant.example" || !strings.Contains(err.Error(), c.wantText) {
					t.Errorf("err = %v, want a TransportError after %d attempts that says %q", err, c.wantAttempts, c.wantText)
				}
			})
		})
	}
}

func checkErrors(t *testing.T, err error, is, isNot []error) {
	t.Helper()
	for _, want := range is {
		if !errors.Is(err, want) {
			t.Errorf("err = %v, want it to match %v", err, want)
		}
	}
	for _, not := range isNot {
		if errors.Is(err, not) {
			t.Errorf("err = %v, want it not to match %v", err, not)
		}
	}
}

func TestOfflineNamesHostAttemptsAndCause(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close() // now nothing listens there
	client := newClient(t, "http://"+address, fast)
	_, err = client.Version(t.Context())
	checkErrors(t, err, []error{wats.ErrOffline}, []error{wats.ErrTimeout})
	begin := fmt.Sprintf("GET /api/App/Version: no answer from %s to 3 attempts: dial tcp %s: ", address, address)
	const end = ": nothing listens there: check that the server runs, and the port"
	if text := err.Error(); !strings.HasPrefix(text, begin) || !strings.HasSuffix(text, end) {
		t.Errorf("Version() =\n %v, want\n %s…%s", err, begin, end)
	}
}
