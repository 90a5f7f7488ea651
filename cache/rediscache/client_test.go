package rediscache_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/gowats/gowats"
)

// TestClientsShareAnswersAndDoWithoutRedis drives two clients, as of two processes, through the loss of Redis and its return.
func TestClientsShareAnswersAndDoWithoutRedis(t *testing.T) {
	var requests atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		requests.Add(1)
		_, _ = io.WriteString(w, `[{"code":50,"name":"ICT","isTestOperation":true}]`)
	}))
	defer server.Close()
	redis := startRedis(t)
	list := func() func() {
		client, err := wats.NewClient(server.URL, wats.WithToken("dXNlcjpwYXNzd29yZA=="), wats.WithCache(newCache(t, redis.address)))
		if err != nil {
			t.Fatal(err)
		}
		return func() {
			t.Helper()
			if got, err := client.Process.List(t.Context()); err != nil || len(got) != 1 || got[0].Name != "ICT" {
				t.Errorf("Process.List = %v, %v, want ICT", got, err)
			}
		}
	}
	a, b := list(), list()
	a()
	b()
	if n := requests.Load(); n != 1 {
		t.Errorf("the server was asked %d times by two clients, want once", n)
	}
	redis.kill(t)
	eventually(t, "both ask the server again, as their copies are gone", func() bool {
		before := requests.Load()
		a()
		b()
		return requests.Load() == before+2
	})
	redis.start(t)
	eventually(t, "answers are kept again", func() bool {
		a()
		before := requests.Load()
		a()
		return requests.Load() == before
	})
}
