package wats_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gowats/gowats"
)

// down answers every request by 500 and counts them.
func down(got *requestLog) wats.Option {
	return wats.WithTransport(direct(func(w http.ResponseWriter, r *http.Request) {
		got.add(r)
		w.WriteHeader(http.StatusInternalServerError)
	}))
}

func TestRetriesStayASmallShareOfTheCalls(t *testing.T) {
	for name, c := range map[string]struct {
		policy wats.RetryPolicy
		calls  int
		pause  time.Duration // between calls
		want   int           // repetitions
	}{
		"ten at once, and a tenth of the calls": {wats.RetryPolicy{BaseDelay: 1, MaxDelay: 1}, 200, 0, 10 + 20},
		"one more each second":                  {wats.RetryPolicy{BaseDelay: 1, MaxDelay: 1, Budget: 1e-9}, 40, time.Second, 10 + 39},
		"one call may use all its attempts":     {wats.RetryPolicy{MaxAttempts: 100, BaseDelay: 1, MaxDelay: 1}, 1, 0, 99},
		"as many as the budget allows":          {wats.RetryPolicy{BaseDelay: 1, MaxDelay: 1, Budget: 2}, 200, 0, 400},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var got requestLog
				client := newClient(t, "http://plant.example", wats.WithRetry(c.policy), wats.WithoutBreaker(), down(&got))
				var last error
				for range c.calls {
					_, last = client.Version(t.Context())
					time.Sleep(c.pause)
				}
				if retries := got.len() - c.calls; retries < c.want-1 || retries > c.want+1 {
					t.Errorf("%d calls were repeated %d times, want %d", c.calls, retries, c.want)
				}
				if s := client.Stats(); s.Retries != int64(got.len()-c.calls) || s.GivenUp != int64(c.calls) {
					t.Errorf("Stats() = %+v, want %d retries and %d given up", s, got.len()-c.calls, c.calls)
				}
				if !errors.Is(last, wats.ErrServer) {
					t.Errorf("the last call: %v, want ErrServer", last)
				}
			})
		})
	}
}

func TestAnEmptyBudgetSaysSo(t *testing.T) {
	var got requestLog
	client := newClient(t, "http://plant.example", fast, wats.WithoutBreaker(), down(&got))
	var last error
	for range 100 {
		_, last = client.Version(t.Context())
	}
	if last == nil || !strings.HasSuffix(last.Error(), "not repeated: too many requests fail") {
		t.Errorf("the last of 100 calls: %v, want the reason why it was not repeated", last)
	}
}

func TestCallOptions(t *testing.T) {
	var got requestLog
	client := newClient(t, "http://plant.example", fast, down(&got))
	if _, err := client.With(wats.NoRetry).Version(t.Context()); !errors.Is(err, wats.ErrServer) || got.len() != 1 {
		t.Errorf("Version with NoRetry = %v after %d requests, want ErrServer after 1", err, got.len())
	}
	if _, err := client.Version(t.Context()); !errors.Is(err, wats.ErrServer) || got.len() != 4 {
		t.Errorf("Version without = %v after %d requests, want ErrServer after 1+3", err, got.len())
	}
	if s := client.With(wats.NoRetry).With(wats.NoCache).Stats(); s.Calls != 2 || s.Attempts != 4 {
		t.Errorf("Stats() of a derived client = %+v, want those of all: 2 calls, 4 attempts", s)
	}
}

func TestRequestIDIsTheSameForAllAttempts(t *testing.T) {
	var got requestLog
	client := newClient(t, "http://plant.example", fast, down(&got))
	_, err := client.Version(t.Context())
	e, ok := errors.AsType[*wats.APIError](err)
	if !ok || e.RequestID == "" {
		t.Fatalf("Version() = %v, want an APIError with the ID that was sent", err)
	}
	for i, r := range got.all {
		if id := r.Header.Get("X-Request-ID"); id != e.RequestID {
			t.Errorf("attempt %d carries X-Request-ID %q, want %q", i+1, id, e.RequestID)
		}
	}
	_, err = client.Version(t.Context())
	if next, ok := errors.AsType[*wats.APIError](err); !ok || next.RequestID == e.RequestID {
		t.Errorf("the next call: %v, want another request ID than %q", err, e.RequestID)
	}
	lost := newClient(t, "http://plant.example", once, wats.WithTransport(failing{errors.New("cable cut")}))
	_, err = lost.Version(context.Background())
	if e, ok := errors.AsType[*wats.TransportError](err); !ok || e.RequestID == "" {
		t.Errorf("Version() = %v, want a TransportError with the ID that was sent", err)
	}
}
