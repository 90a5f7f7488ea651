package wats_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

// unzipped is a server's view of a body: how it came and what it says.
func unzipped(t *testing.T, r *http.Request) (encoding, text string) {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	if int64(len(body)) != r.ContentLength {
		t.Errorf("Content-Length = %d, body of %d bytes", r.ContentLength, len(body))
	}
	encoding = r.Header.Get("Content-Encoding")
	if encoding != "gzip" {
		return "plain", string(body)
	}
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		t.Error(err)
		return encoding, ""
	}
	plain, err := io.ReadAll(z)
	if err != nil {
		t.Error(err)
	}
	return encoding, string(plain)
}

func TestCompression(t *testing.T) {
	long, noise := `{"text":"`+strings.Repeat("as it is ", 200)+`"}`, make([]byte, 4<<10)
	random := rand.NewChaCha8([32]byte{})
	_, _ = random.Read(noise)
	for name, c := range map[string]struct {
		says     []string // by the server, in Accept-Encoding
		refuses  bool     // in spite of that
		document string
		opts     []wats.Option
		want     []string // of three submits
	}{
		"as soon as the server says so":     {[]string{"gzip"}, false, long, nil, []string{"plain", "gzip", "gzip"}},
		"not as long as it does not":        {nil, false, long, nil, []string{"plain", "plain", "plain"}},
		"not for another coding":            {[]string{"br, zstd"}, false, long, nil, []string{"plain", "plain", "plain"}},
		"not when gzip is excluded":         {[]string{"br, gzip;q=0"}, false, long, nil, []string{"plain", "plain", "plain"}},
		"for gzip of low weight":            {[]string{"br", "identity, GZIP; Q=0.5"}, false, long, nil, []string{"plain", "gzip", "gzip"}},
		"never again after 415":             {[]string{"gzip"}, true, long, nil, []string{"plain", "gzip", "plain", "plain"}},
		"not below 1 KiB":                   {[]string{"gzip"}, false, long[:1023], nil, []string{"plain", "plain", "plain"}},
		"from 1 KiB on":                     {[]string{"gzip"}, false, long[:1024], nil, []string{"plain", "gzip", "gzip"}},
		"not when the body does not shrink": {[]string{"gzip"}, false, string(noise), nil, []string{"plain", "plain", "plain"}},
		"not when it is off":                {[]string{"gzip"}, false, long, []wats.Option{wats.WithCompression(false)}, []string{"plain", "plain", "plain"}},
		"when it is on in the end":          {[]string{"gzip"}, false, long, []wats.Option{wats.WithCompression(false), wats.WithCompression(true)}, []string{"plain", "gzip", "gzip"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			client := serve(t, func(w http.ResponseWriter, r *http.Request) {
				encoding, text := unzipped(t, r)
				got = append(got, encoding)
				if text != c.document {
					t.Errorf("the server got %.40q…, want %.40q…", text, c.document)
				}
				w.Header()["Accept-Encoding"] = c.says
				if c.refuses && encoding == "gzip" {
					w.WriteHeader(http.StatusUnsupportedMediaType)
				}
			}, append(c.opts, once)...)
			for range 3 {
				if _, err := client.Report.SubmitWSJF(t.Context(), report.NewID(), []byte(c.document)); err != nil {
					t.Fatal(err)
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("bodies came %q, want %q", got, c.want)
			}
		})
	}
}

func TestA415OfAPlainBodyIsTheCallers(t *testing.T) {
	var got requestLog
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got.add(r)
		w.WriteHeader(http.StatusUnsupportedMediaType)
	}, fast)
	_, err := client.Report.SubmitWSJF(t.Context(), report.NewID(), make([]byte, 2000))
	if e, ok := errors.AsType[*wats.APIError](err); !ok || e.Status != http.StatusUnsupportedMediaType || got.len() != 1 {
		t.Errorf("SubmitWSJF = %v after %d requests, want the 415 after one", err, got.len())
	}
}

func TestCompressedBodiesDoNotMix(t *testing.T) {
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Accept-Encoding", "gzip")
		_, text := unzipped(t, r)
		if r.Method == http.MethodPost && strings.Count(text, text[:5]) != 1000 {
			t.Errorf("the server got a mixed body that begins with %.20q", text)
		}
	})
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			document := strings.Repeat(fmt.Sprintf("%05d", 10000+i), 1000)
			if _, err := client.Report.SubmitWSJF(t.Context(), report.NewID(), []byte(document)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}
