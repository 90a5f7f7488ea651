package wats

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// transferClient returns a client of a server on loopback.
func transferClient(t *testing.T, h http.HandlerFunc, opts ...Option) *Client {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	c, err := NewClient(server.URL, append([]Option{WithRetry(RetryPolicy{BaseDelay: 1, MaxDelay: 1})}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func uploadRequest(s *stream) *request {
	req := newRequest(http.MethodPut, "api", "x")
	req.stream = s
	return req
}

func TestStreamIsSentWholeByEveryAttempt(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789abcdef"), 200_000) // 3.2 MB
	for name, opts := range map[string][]Option{
		"plain":  nil,
		"signed": {WithSigner("k", HMACKey(make([]byte, 32)))},
	} {
		t.Run(name, func(t *testing.T) {
			tries := 0
			client := transferClient(t, func(w http.ResponseWriter, r *http.Request) {
				got, err := io.ReadAll(r.Body)
				if err != nil || !bytes.Equal(got, content) || r.ContentLength != int64(len(content)) || r.Header.Get("Content-Encoding") != "" {
					t.Errorf("the server got %d bytes (%v), Content-Length %d, want %d as they are", len(got), err, r.ContentLength, len(content))
				}
				w.Header().Set("Accept-Encoding", "gzip")
				if tries++; tries < 3 {
					w.WriteHeader(http.StatusServiceUnavailable)
				}
			}, opts...)
			if _, err := client.do(t.Context(), uploadRequest(streamOf(bytes.NewReader(content), int64(len(content))))); err != nil || tries != 3 {
				t.Errorf("err = %v after %d tries, want success by the third", err, tries)
			}
		})
	}
}

func TestARefusedStreamIsNotSent(t *testing.T) {
	read := 0
	src := &countingReaderAt{size: 64 << 20, read: &read}
	client := transferClient(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusConflict) })
	_, err := client.do(t.Context(), uploadRequest(streamOf(src, src.size)))
	if !errors.Is(err, ErrConflict) || read > 1<<20 {
		t.Errorf("err = %v after %d bytes were read, want ErrConflict before any is sent", err, read)
	}
}

// countingReaderAt is a file of zeros.
type countingReaderAt struct {
	size int64
	read *int
}

func (r *countingReaderAt) ReadAt(p []byte, off int64) (int, error) {
	clear(p)
	n := int(min(int64(len(p)), r.size-off))
	*r.read += n
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func TestAFileThatCannotBeReadIsNoFailureOfTheServer(t *testing.T) {
	broken := errors.New("bad sector")
	for name, c := range map[string]struct {
		stream *stream
		want   error
	}{
		"it breaks":      {&stream{size: 100, open: func() (io.ReadCloser, error) { return io.NopCloser(failingReader{broken}), nil }}, broken},
		"it is gone":     {&stream{size: 100, open: func() (io.ReadCloser, error) { return nil, broken }}, broken},
		"it got shorter": {streamOf(strings.NewReader("short"), 100), io.ErrUnexpectedEOF},
	} {
		t.Run(name, func(t *testing.T) {
			client := transferClient(t, func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })
			_, err := client.do(t.Context(), uploadRequest(c.stream))
			if !errors.Is(err, c.want) || errors.Is(err, ErrOffline) || client.Stats().Attempts != 1 {
				t.Errorf("err = %v after %d attempts, want %v after one, not offline", err, client.Stats().Attempts, c.want)
			}
		})
	}
}

type failingReader struct{ err error }

func (r failingReader) Read([]byte) (int, error) { return 0, r.err }

// pacedTransport answers in process: it takes the body at a pace, thinks, and gives an answer at that pace too.
type pacedTransport struct{ pace, thinks time.Duration }

func (p pacedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	wait := func(d time.Duration) error { return sleep(r.Context(), d) }
	chunk := make([]byte, 1<<10)
	for {
		if err := wait(p.pace); err != nil {
			return nil, err
		}
		if _, err := io.ReadFull(r.Body, chunk); err != nil {
			break
		}
	}
	if err := wait(p.thinks); err != nil {
		return nil, err
	}
	pieces := 100
	body := readerFunc(func(b []byte) (int, error) {
		if err := wait(p.pace); err != nil {
			return 0, err
		}
		if pieces--; pieces < 0 {
			return 0, io.EOF
		}
		return copy(b, "piece"), nil
	})
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(body), Request: r}, nil
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestATransferMayTakeLongAsLongAsItMoves(t *testing.T) {
	const size = 100 << 10
	for name, c := range map[string]struct {
		paced     pacedTransport
		size      int64
		wantError error
		after     time.Duration
	}{
		"20 s for each piece of 200":          {pacedTransport{pace: 20 * time.Second}, size, nil, 0},
		"31 s without a byte":                 {pacedTransport{pace: 31 * time.Second}, size, ErrTimeout, 30 * time.Second},
		"31 s between the last byte and then": {pacedTransport{thinks: 31 * time.Second}, size, ErrTimeout, 30 * time.Second},
		"60 s for a file of 512 MiB":          {pacedTransport{thinks: 60 * time.Second}, 512 << 20, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, err := NewClient("http://plant.example", WithTransport(c.paced), WithRetry(RetryPolicy{MaxAttempts: 1}))
				if err != nil {
					t.Fatal(err)
				}
				began, read := time.Now(), 0
				req := uploadRequest(streamOf(&countingReaderAt{size: c.size, read: &read}, c.size))
				req.to = io.Discard
				_, err = client.do(context.Background(), req)
				if !errors.Is(err, c.wantError) {
					t.Errorf("err = %v, want %v", err, c.wantError)
				}
				if took := time.Since(began); c.wantError != nil && took != c.after {
					t.Errorf("it was ended after %v, want %v", took, c.after)
				}
			})
		})
	}
}
