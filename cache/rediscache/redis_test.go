package rediscache_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/gowats/gowats/cache/rediscache"
)

// redisServer is a real one, started by the test.
type redisServer struct {
	address string
	args    []string
	process *exec.Cmd
}

// startRedis starts a server on a free port of loopback, which ends with the test.
func startRedis(tb testing.TB, args ...string) *redisServer {
	tb.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		tb.Skip("redis-server is not installed (Debian: redis-server)")
	}
	probe, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	_, port, err := net.SplitHostPort(probe.Addr().String())
	if err != nil {
		tb.Fatal(err)
	}
	probe.Close()
	r := &redisServer{address: net.JoinHostPort("127.0.0.1", port)}
	r.args = append([]string{"--bind", "127.0.0.1", "--port", port, "--save", "", "--appendonly", "no", "--dir", tb.TempDir()}, args...)
	r.start(tb)
	tb.Cleanup(func() { r.kill(tb) })
	return r
}

// start returns when the server answers.
func (r *redisServer) start(tb testing.TB) {
	tb.Helper()
	r.process = exec.Command("redis-server", r.args...)
	if err := r.process.Start(); err != nil {
		tb.Fatalf("start redis-server: %v", err)
	}
	eventually(tb, "redis answers", func() bool {
		conn, err := net.DialTimeout("tcp", r.address, time.Second)
		if err != nil {
			return false
		}
		defer conn.Close()
		// A port where nobody listens may connect to itself: only an answer to a question tells.
		if _, err := conn.Write([]byte("PING\r\n")); err != nil {
			return false
		}
		sign := make([]byte, 1)
		_, err = conn.Read(sign)
		return err == nil && (sign[0] == '+' || sign[0] == '-')
	})
}

func (r *redisServer) kill(tb testing.TB) {
	tb.Helper()
	if r.process == nil {
		return
	}
	if err := r.process.Process.Kill(); err != nil {
		tb.Fatalf("kill redis-server: %v", err)
	}
	_ = r.process.Wait() // says that it was killed
	r.process = nil
}

func (r *redisServer) signal(t *testing.T, s os.Signal) {
	t.Helper()
	if err := r.process.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// eventually asks again and again until the answer is yes: for what another process does in its own time.
func eventually(tb testing.TB, what string, ask func() bool) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !ask() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			tb.Fatalf("still not so: %s", what)
		}
	}
}

func newCache(tb testing.TB, address string, options ...rediscache.Option) *rediscache.Cache {
	tb.Helper()
	c, err := rediscache.New(address, options...)
	if err != nil {
		tb.Fatalf("New(%s): %v", address, err)
	}
	tb.Cleanup(c.Close)
	return c
}

func set(tb testing.TB, c *rediscache.Cache, key, value string) {
	tb.Helper()
	if err := c.Set(tb.Context(), key, []byte(value), time.Minute); err != nil {
		tb.Fatalf("Set(%s): %v", key, err)
	}
}

// get returns the value, and (none) where there is none.
func get(tb testing.TB, c *rediscache.Cache, key string) string {
	tb.Helper()
	value, found, err := c.Get(tb.Context(), key)
	switch {
	case err != nil:
		return fmt.Sprintf("error: %v", err)
	case !found:
		return none
	}
	return string(value)
}

const none = "(none)"

func wantGet(tb testing.TB, c *rediscache.Cache, key, want string) {
	tb.Helper()
	if got := get(tb, c, key); got != want {
		tb.Errorf("Get(%s) = %q, want %q", key, got, want)
	}
}
