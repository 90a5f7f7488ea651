package server

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

const (
	commonBody    = 1 << 20         // bytes: almost every body is smaller
	largeAtOnce   = 4               // bodies above that which are held at one time; more wait their turn
	bodyTime      = 5 * time.Minute // within which a body must have come
	firstCapacity = 64 << 10        // bytes
)

// bodyReader reads whole request bodies, with bounds on their size, on the time they take, and on the memory that all of them hold.
type bodyReader struct {
	buffers sync.Pool // *[]byte, of about commonBody at most
	gzips   sync.Pool // *gzip.Reader
	large   chan struct{}
}

func newBodyReader() *bodyReader {
	return &bodyReader{large: make(chan struct{}, largeAtOnce)}
}

// read returns the decompressed body of at most the route's limit. It is valid until free is called, which also makes room for
// another large body: when all that was made of this one is done with. Free is never nil.
func (b *bodyReader) read(w http.ResponseWriter, c *call) (body []byte, free func(), err error) {
	limit := c.route.limit
	if c.ContentLength > limit {
		return nil, func() {}, tooLarge(limit)
	}
	conn := http.NewResponseController(w)
	_ = conn.SetReadDeadline(time.Now().Add(bodyTime)) // the error: not every ResponseWriter has deadlines; net/http's have
	src, done, err := b.decompress(http.MaxBytesReader(w, c.Body, limit), c.Header.Get("Content-Encoding"))
	if err != nil {
		return nil, func() {}, bodyError(err, limit)
	}
	defer done()

	buffer, ok := b.buffers.Get().(*[]byte)
	if !ok {
		fresh := make([]byte, 0, firstCapacity)
		buffer = &fresh
	}
	body, err = fill((*buffer)[:0], src, min(limit, commonBody)+1)
	if len(body) <= commonBody || err != nil {
		free = func() { *buffer = body; b.buffers.Put(buffer) }
	} else {
		body, free, err = b.readLarge(c.Context(), body, src, limit)
	}
	switch {
	case err != nil:
		free()
		return nil, func() {}, bodyError(err, limit)
	case int64(len(body)) > limit:
		free()
		return nil, func() {}, tooLarge(limit)
	}
	_ = conn.SetReadDeadline(time.Time{}) // as above
	return body, free, nil
}

// readLarge reads on where start ends, as soon as there is room for one more large body.
func (b *bodyReader) readLarge(ctx context.Context, start []byte, src io.Reader, limit int64) (body []byte, free func(), err error) {
	select {
	case b.large <- struct{}{}:
	case <-ctx.Done():
		return nil, func() {}, fmt.Errorf("wait for room for a large body: %w", ctx.Err())
	}
	body, err = fill(start, src, limit+1)
	return body, func() { <-b.large }, err
}

// decompress undoes a Content-Encoding. done gives the decompressor back.
func (b *bodyReader) decompress(src io.Reader, encoding string) (plain io.Reader, done func(), err error) {
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "", "identity":
		return src, func() {}, nil
	case "gzip", "x-gzip":
		z, ok := b.gzips.Get().(*gzip.Reader)
		if !ok {
			z = new(gzip.Reader)
		}
		if err := z.Reset(src); err != nil {
			b.gzips.Put(z)
			return nil, nil, err
		}
		return z, func() { b.gzips.Put(z) }, nil
	}
	return nil, nil, refusef(http.StatusUnsupportedMediaType, "Content-Encoding %s is not understood: send gzip or none", shorten(encoding))
}

// fill appends what src holds to body until body has that many bytes.
func fill(body []byte, src io.Reader, size int64) ([]byte, error) {
	for {
		if len(body) == cap(body) {
			body = append(body, 0)[:len(body)]
		}
		room := body[len(body):min(int64(cap(body)), size)]
		if len(room) == 0 {
			return body, nil
		}
		n, err := src.Read(room)
		body = body[:len(body)+n]
		switch {
		case errors.Is(err, io.EOF):
			return body, nil
		case err != nil:
			return body, err
		}
	}
}

func tooLarge(limit int64) *refusal {
	return refusef(http.StatusRequestEntityTooLarge, "the body is larger than %d MiB, the most this route takes", limit>>20)
}

// bodyError says what went wrong on the way: almost always the client's doing.
func bodyError(err error, limit int64) error {
	var refused *refusal
	var over *http.MaxBytesError
	switch {
	case errors.As(err, &refused), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.As(err, &over):
		return tooLarge(limit)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return refusef(http.StatusRequestTimeout, "the body did not come within %v", bodyTime)
	}
	return refusef(http.StatusBadRequest, "the body cannot be read: %v", err)
}
