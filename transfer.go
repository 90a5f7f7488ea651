package wats

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"
)

// stream is the body of a request that is not held in memory. It is sent as it is: not compressed. With a signer it is read twice, since
// its digest goes ahead of it.
type stream struct {
	open func() (io.ReadCloser, error) // from the start: each attempt reads it anew, also from several goroutines
	size int64                         // bytes
}

// streamOf is the stream of size bytes of src.
func streamOf(src io.ReaderAt, size int64) *stream {
	return &stream{size: size, open: func() (io.ReadCloser, error) {
		return io.NopCloser(io.NewSectionReader(src, 0, size)), nil
	}}
}

// length returns the size; 0 for nil.
func (s *stream) length() int64 {
	if s == nil {
		return 0
	}
	return s.size
}

// isTransfer reports whether req moves a file, which takes as long as it takes.
func (r *request) isTransfer() bool { return r.stream != nil || r.to != nil }

// patience ends a try by its context: after a time as a whole or, with a transfer, after such a time without progress.
type patience struct {
	most   time.Duration
	timer  *time.Timer // nil: the time is that of the context
	cancel context.CancelFunc
}

// patience returns the context of one try.
func (x *exchanger) patience(ctx context.Context, req *request) (context.Context, *patience) {
	if !req.isTransfer() {
		ctx, cancel := context.WithTimeout(ctx, x.timeout+lookingThrough(req.slow))
		return ctx, &patience{cancel: cancel}
	}
	ctx, cancel := context.WithCancel(ctx)
	return ctx, &patience{most: x.timeout, cancel: cancel, timer: time.AfterFunc(x.timeout, cancel)}
}

// progress begins the time anew, with as much more as is given. It may be called from several goroutines.
func (p *patience) progress(more time.Duration) {
	if p.timer != nil {
		p.timer.Reset(p.most + more)
	}
}

func (p *patience) end() {
	if p.timer != nil {
		p.timer.Stop()
	}
	p.cancel()
}

// progressReader tells of each byte of an answer.
type progressReader struct {
	src  io.Reader
	wait *patience
}

func (r *progressReader) Read(p []byte) (int, error) {
	n, err := r.src.Read(p)
	if n > 0 {
		r.wait.progress(0)
	}
	return n, err
}

// sending is the stream of one try.
type sending struct {
	req  *request
	wait *patience

	mu  sync.Mutex
	err error // of reading it, which is nothing that the server or the network did
}

func (s *sending) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// attach makes the stream of the request, if it has one, the body of hr. A body that is not small goes only once the server wants it (RFC 9110
// §10.1.1), so that a refusal does not cost a gigabyte.
func (s *sending) attach(hr *http.Request) (err error) {
	const small = 1 << 20
	if s.req.stream.length() == 0 {
		return nil
	}
	hr.ContentLength = s.req.stream.size
	hr.GetBody = s.open // for a redirect, a connection that was lost before it was used, and the digest of a signature
	if hr.Body, err = s.open(); err != nil {
		return err
	}
	if hr.ContentLength > small {
		hr.Header.Set("Expect", "100-continue")
	}
	return nil
}

func (s *sending) open() (io.ReadCloser, error) {
	src, err := s.req.stream.open()
	if err != nil {
		return nil, err
	}
	return &sentBody{ReadCloser: src, of: s}, nil
}

// sentBody is one reading of a stream.
type sentBody struct {
	io.ReadCloser
	of   *sending
	done int64
}

// answerRate is what a server is taken to look through before it answers, in bytes a second.
const answerRate = 8 << 20

func lookingThrough(size int64) time.Duration {
	return time.Duration(size / answerRate * int64(time.Second))
}

func (b *sentBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.done += int64(n)
	size := b.of.req.stream.size
	if errors.Is(err, io.EOF) && b.done < size {
		err = io.ErrUnexpectedEOF // it has become shorter
	}
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		b.of.mu.Lock()
		b.of.err = err
		b.of.mu.Unlock()
	case b.done >= size:
		b.of.wait.progress(lookingThrough(size))
	case n > 0:
		b.of.wait.progress(0)
	}
	return n, err
}
