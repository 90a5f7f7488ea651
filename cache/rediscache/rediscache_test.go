package rediscache_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/gowats/gowats/cache/rediscache"
)

const (
	folder = "wats1/9f86d081/product/"
	key    = folder + "5c1a"
	other  = "wats1/9f86d081/asset/5c1a"
)

func TestWhatOneSetsTheOtherGets(t *testing.T) {
	redis := startRedis(t)
	a, b := newCache(t, redis.address), newCache(t, redis.address)
	wantGet(t, b, key, none)
	set(t, a, key, "value\x00\xff")
	set(t, a, other, "")
	eventually(t, "b sees what a set", func() bool { return get(t, b, key) == "value\x00\xff" })
	eventually(t, "b sees an empty value", func() bool { return get(t, b, other) == "" })
	eventually(t, "a sees it too", func() bool { return get(t, a, key) == "value\x00\xff" })
	set(t, b, key, "newer")
	eventually(t, "a sees what b set", func() bool { return get(t, a, key) == "newer" })
}

func TestAnInvalidatedFolderIsGoneForAll(t *testing.T) {
	redis := startRedis(t)
	a, b := newCache(t, redis.address), newCache(t, redis.address)
	direct := newCache(t, redis.address, rediscache.WithLocalMemory(0))
	for i := range 50 {
		value := fmt.Sprint("value ", i)
		set(t, a, key, value)
		set(t, a, other, "stays")
		eventually(t, "all see the value", func() bool { return get(t, a, key) == value && get(t, b, key) == value })
		if err := a.Invalidate(t.Context(), folder); err != nil {
			t.Fatalf("Invalidate: %v", err)
		}
		wantGet(t, a, key, none)
		wantGet(t, direct, key, none)
		eventually(t, "b's copy is called back", func() bool { return get(t, b, key) == none })
	}
	wantGet(t, b, other, "stays")
}

func TestAnOldCopyIsNotReturnedByWhoInvalidated(t *testing.T) {
	redis := startRedis(t)
	c := newCache(t, redis.address)
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			key := fmt.Sprintf("wats1/%d/product/1", n)
			for i := range 200 {
				value := fmt.Sprint(i)
				set(t, c, key, value)
				if got := get(t, c, key); got != value && got != none {
					t.Errorf("Get after Set(%s) = %s", value, got)
				}
				if err := c.Invalidate(t.Context(), strings.TrimSuffix(key, "1")); err != nil {
					t.Errorf("Invalidate: %v", err)
				}
				wantGet(t, c, key, none)
			}
		})
	}
	wg.Wait()
}

func TestWhatWasAskedForBeforeAnInvalidationIsNotSeenAfterIt(t *testing.T) {
	redis := startRedis(t)
	a, b := newCache(t, redis.address), newCache(t, redis.address)
	direct := newCache(t, redis.address, rediscache.WithLocalMemory(0))
	for range 20 {
		wantGet(t, a, key, none) // a asks the server now
		if err := b.Invalidate(t.Context(), folder); err != nil {
			t.Fatalf("Invalidate: %v", err)
		}
		set(t, a, key, "the server's answer of before")
		wantGet(t, direct, key, none)
		wantGet(t, b, key, none)
		eventually(t, "a knows of the invalidation", func() bool { return get(t, a, key) == none })
	}
	eventually(t, "b sees what was asked for afterwards", func() bool {
		if get(t, a, key) == none {
			set(t, a, key, "new")
		}
		return get(t, b, key) == "new"
	})
}

const childAddress = "REDISCACHE_TEST_ADDRESS"

func TestAnotherProcessInvalidates(t *testing.T) {
	if address := os.Getenv(childAddress); address != "" { // the other process
		c := newCache(t, address)
		wantGet(t, c, key, "from the parent")
		if err := c.Invalidate(t.Context(), folder); err != nil {
			t.Fatalf("Invalidate: %v", err)
		}
		set(t, c, key, "from the child")
		return
	}
	redis := startRedis(t)
	c := newCache(t, redis.address)
	set(t, c, key, "from the parent")
	eventually(t, "there is a copy here", func() bool { return get(t, c, key) == "from the parent" })
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestAnotherProcessInvalidates$")
	child.Env = append(os.Environ(), childAddress+"="+redis.address)
	if out, err := child.CombinedOutput(); err != nil {
		t.Fatalf("other process: %v\n%s", err, out)
	}
	eventually(t, "the other process's value is here", func() bool { return get(t, c, key) == "from the child" })
}

func TestAValueEndsWithItsTime(t *testing.T) {
	redis := startRedis(t)
	a, b := newCache(t, redis.address), newCache(t, redis.address)
	if err := a.Set(t.Context(), key, []byte("short"), 200*time.Millisecond); err != nil {
		t.Fatalf("Set: %v", err)
	}
	eventually(t, "b has no copy any more", func() bool { return get(t, b, key) == none })
	eventually(t, "a has none either", func() bool { return get(t, a, key) == none })
	if err := a.Set(t.Context(), key, []byte("long"), 1000*time.Hour); err != nil {
		t.Fatalf("Set for longer than a generation lives: %v", err)
	}
	raw := rawClient(t, redis.address)
	keys, err := raw.Do(t.Context(), raw.B().Keys().Pattern("*").Build()).AsStrSlice()
	if err != nil || len(keys) == 0 {
		t.Fatalf("KEYS: %q, %v", keys, err)
	}
	for _, k := range keys {
		ttl, err := raw.Do(t.Context(), raw.B().Ttl().Key(k).Build()).AsInt64()
		if err != nil || ttl <= 0 || ttl > 8*24*3600 || !strings.HasPrefix(k, "gowats:") {
			t.Errorf("key %s expires in %d s, %v; want every key of ours, and to expire", k, ttl, err)
		}
	}
}

func rawClient(t *testing.T, address string) rueidis.Client {
	t.Helper()
	raw, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{address}, ForceSingleClient: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(raw.Close)
	return raw
}

// TestRedisForgetsEverything is what an eviction or a restart without persistence does.
func TestRedisForgetsEverything(t *testing.T) {
	redis := startRedis(t)
	a, b := newCache(t, redis.address), newCache(t, redis.address)
	set(t, a, key, "old")
	eventually(t, "b has a copy", func() bool { return get(t, b, key) == "old" })
	raw := rawClient(t, redis.address)
	if err := raw.Do(t.Context(), raw.B().Flushall().Build()).Error(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "b lost its copy", func() bool { return get(t, b, key) == none })
	set(t, b, key, "new")
	eventually(t, "a gets the new one", func() bool { return get(t, a, key) == "new" })
}

func TestWithoutRedisEveryCallIsAnErrorUntilItIsBack(t *testing.T) {
	redis := startRedis(t)
	c, other := newCache(t, redis.address), newCache(t, redis.address)
	set(t, c, key, "old")
	eventually(t, "there is a copy", func() bool { return get(t, c, key) == "old" })

	redis.kill(t)
	if err := c.Invalidate(t.Context(), folder); err == nil {
		t.Error("Invalidate without Redis: no error")
	}
	for range 100 {
		if _, found, err := c.Get(t.Context(), key); err == nil || found {
			t.Errorf("Get without Redis: found %v, %v, want an error", found, err)
		}
	}
	if _, _, err := c.Get(t.Context(), key); !errors.Is(err, rediscache.ErrDown) {
		t.Errorf("Get right after a failure: %v, want ErrDown", err)
	}
	if err := c.Set(t.Context(), key, []byte("lost"), time.Minute); err == nil {
		t.Error("Set without Redis: no error")
	}
	if err := c.Ping(t.Context()); err == nil {
		t.Error("Ping without Redis: no error")
	}

	redis.start(t)
	eventually(t, "the other one reaches Redis", func() bool { return other.Ping(t.Context()) == nil })
	set(t, other, key, "set before c came back") // which c's invalidation, postponed, makes old
	eventually(t, "c reaches Redis", func() bool { return c.Ping(t.Context()) == nil })
	wantGet(t, c, key, none)
	eventually(t, "it is invalidated for all", func() bool { return get(t, other, key) == none })
	set(t, c, key, "new")
	eventually(t, "both go on", func() bool { return get(t, c, key) == "new" && get(t, other, key) == "new" })
}

func TestACacheStartsWithoutRedis(t *testing.T) {
	redis := startRedis(t)
	redis.kill(t)
	c := newCache(t, redis.address)
	if _, _, err := c.Get(t.Context(), key); !errors.Is(err, rediscache.ErrDown) {
		t.Errorf("Get before there is a Redis: %v, want ErrDown", err)
	}
	redis.start(t)
	eventually(t, "it is tried again, though it is asked all the time", func() bool { return get(t, c, key) == none })
	set(t, c, key, "v")
	wantGet(t, c, key, "v")
}

func TestTheCallersContextEndsACall(t *testing.T) {
	redis := startRedis(t)
	c := newCache(t, redis.address)
	set(t, c, key, "value")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Set(ctx, key, []byte("newer"), time.Minute); !errors.Is(err, context.Canceled) {
		t.Errorf("Set with a context that ended: %v, want context.Canceled", err)
	}
	eventually(t, "others go on", func() bool { return get(t, c, key) == "value" })
	if err := c.Invalidate(ctx, folder); !errors.Is(err, context.Canceled) {
		t.Errorf("Invalidate with a context that ended: %v, want context.Canceled", err)
	}
	wantGet(t, c, key, none) // it was made up for
}

func TestMemoryIsBounded(t *testing.T) {
	redis := startRedis(t)
	const memory = 1 << 20
	c := newCache(t, redis.address, rediscache.WithLocalMemory(memory))
	value := strings.Repeat("v", memory/4)
	raw := rawClient(t, redis.address)
	for i := range 16 {
		key := fmt.Sprint(folder, i)
		set(t, c, key, value)
		wantGet(t, c, key, value)
	}
	before := reads(t, raw)
	for i := range 16 {
		wantGet(t, c, fmt.Sprint(folder, i), value)
	}
	if n := reads(t, raw) - before; n < 12 {
		t.Errorf("16 values of a quarter of the memory were read again: Redis was asked %d times, want 12 at least", n)
	}
	if err := c.Set(t.Context(), folder+"huge", make([]byte, 5<<20), time.Minute); err != nil {
		t.Errorf("Set of a huge value: %v, want that it is just not kept", err)
	}
	wantGet(t, c, folder+"huge", none)
}

// reads returns how many times GET was called.
func reads(t *testing.T, raw rueidis.Client) (n int) {
	t.Helper()
	stats, err := raw.Do(t.Context(), raw.B().Info().Section("commandstats").Build()).ToString()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(stats) {
		if rest, ok := strings.CutPrefix(line, "cmdstat_get:calls="); ok {
			if _, err := fmt.Sscanf(rest, "%d", &n); err != nil {
				t.Fatal(err)
			}
		}
	}
	return n
}

func TestCopiesSpareRedis(t *testing.T) {
	redis := startRedis(t)
	c, raw := newCache(t, redis.address), rawClient(t, redis.address)
	set(t, c, key, "value")
	eventually(t, "there is a copy", func() bool { return get(t, c, key) == "value" })
	before := reads(t, raw)
	for range 1000 {
		wantGet(t, c, key, "value")
	}
	if n := reads(t, raw) - before; n > 2 {
		t.Errorf("1000 Gets asked Redis %d times, want 2 at most", n)
	}
}

func TestSignIn(t *testing.T) {
	const password = "hidden-words"
	redis := startRedis(t, "--requirepass", password)
	good := newCache(t, redis.address, rediscache.WithPassword("", password), rediscache.WithDatabase(3), rediscache.WithPrefix("line4:"))
	set(t, good, key, "value")
	wantGet(t, good, key, "value")
	for name, c := range map[string]*rediscache.Cache{
		"a wrong password": newCache(t, redis.address, rediscache.WithPassword("default", "wrong-"+password)),
		"no password":      newCache(t, redis.address),
	} {
		err := c.Ping(t.Context())
		if err == nil {
			t.Errorf("Ping with %s: no error", name)
		}
		if text := fmt.Sprintf("%v %+v %#v %v", err, c, c, good); strings.Contains(text, password) {
			t.Errorf("with %s the password shows: %s", name, text)
		}
		t.Logf("Ping with %s: %v", name, err)
	}
}

// TestTheseRightsAreEnough holds docs/redis.md to its list.
func TestTheseRightsAreEnough(t *testing.T) {
	rights := "--user station on >words ~gowats:* +get +set +pttl +eval +time +ping +hello +multi +exec +client"
	redis := startRedis(t, strings.Fields(rights)...)
	a := newCache(t, redis.address, rediscache.WithPassword("station", "words"))
	b := newCache(t, redis.address, rediscache.WithPassword("station", "words"))
	if err := a.Ping(t.Context()); err != nil {
		t.Fatalf("Ping: %v", err)
	}
	set(t, a, key, "value")
	eventually(t, "b sees it", func() bool { return get(t, b, key) == "value" })
	if err := b.Invalidate(t.Context(), folder); err != nil {
		t.Errorf("Invalidate: %v", err)
	}
	eventually(t, "a does not any more", func() bool { return get(t, a, key) == none })
}

func TestTLS(t *testing.T) {
	web := httptest.NewTLSServer(nil) // for its certificate
	defer web.Close()
	certificate := web.TLS.Certificates[0]
	private, err := x509.MarshalPKCS8PrivateKey(certificate.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	for name, block := range map[string]*pem.Block{
		"cert.pem": {Type: "CERTIFICATE", Bytes: certificate.Certificate[0]}, "key.pem": {Type: "PRIVATE KEY", Bytes: private},
	} {
		if err := os.WriteFile(filepath.Join(folder, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, tlsPort, err := net.SplitHostPort(startNothing(t))
	if err != nil {
		t.Fatal(err)
	}
	redis := startRedis(t, "--tls-port", tlsPort, "--tls-cert-file", folder+"/cert.pem", "--tls-key-file", folder+"/key.pem", "--tls-auth-clients", "no")
	address := net.JoinHostPort("127.0.0.1", tlsPort)
	roots := x509.NewCertPool()
	roots.AddCert(web.Certificate())
	plain, good := newCache(t, redis.address), newCache(t, address, rediscache.WithTLS(&tls.Config{RootCAs: roots}))
	set(t, good, key, "value")
	eventually(t, "it came through TLS", func() bool { return get(t, plain, key) == "value" })
	if err := newCache(t, address, rediscache.WithTLS(&tls.Config{})).Ping(t.Context()); err == nil {
		t.Error("Ping of a server whose certificate nobody trusts: no error")
	}
}

func TestBadOptionsAndKeysAreRefused(t *testing.T) {
	for name, option := range map[string]rediscache.Option{
		"no password":     rediscache.WithPassword("user", ""),
		"no TLS":          rediscache.WithTLS(nil),
		"database -1":     rediscache.WithDatabase(-1),
		"no prefix":       rediscache.WithPrefix(""),
		"no time":         rediscache.WithTimeout(0),
		"negative memory": rediscache.WithLocalMemory(-1),
	} {
		if _, err := rediscache.New("127.0.0.1:1", option); err == nil {
			t.Errorf("New with %s: no error", name)
		}
	}
	if _, err := rediscache.New(""); err == nil {
		t.Error("New without an address: no error")
	}
	c := newCache(t, startNothing(t))
	for _, bad := range []string{"", "name", "folder/"} {
		if _, _, err := c.Get(t.Context(), bad); err == nil || errors.Is(err, rediscache.ErrDown) {
			t.Errorf("Get(%q): %v, want that it is no key", bad, err)
		}
	}
	if err := c.Invalidate(t.Context(), key); err == nil || errors.Is(err, rediscache.ErrDown) {
		t.Errorf("Invalidate(%q): %v, want that it is no folder", key, err)
	}
}

// startNothing returns an address where nobody listens.
func startNothing(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
