package wats

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// smallBody is what is not worth compressing: it fits into a packet or two anyway.
const smallBody = 1 << 10

// WithCompression sends bodies of 1 KiB and more compressed by gzip, as soon as an answer of the server has said that it takes them (Accept-Encoding,
// RFC 7694), which gowats servers do. A 415 ends that. Default true.
func WithCompression(on bool) Option {
	return func(s *settings) error {
		s.plain = !on
		return nil
	}
}

// compressor knows whether the server takes compressed bodies. A client has one: it talks to one server.
type compressor struct {
	takes   atomic.Bool
	refused atomic.Bool // once, in spite of what it says
	writers sync.Pool   // *gzip.Writer
}

// compress is inside of the stage that repeats, so that a body refused with 415 is sent as it is by the same try.
func compress(plain bool) stage {
	return func(next handler) handler {
		if plain {
			return next
		}
		c := &compressor{}
		return func(ctx context.Context, req *request) (*answer, error) {
			small := c.shrink(req)
			ans, err := next(ctx, small)
			if e, ok := errors.AsType[*APIError](err); ok && e.Status == http.StatusUnsupportedMediaType && small != req {
				c.refused.Store(true)
				ans, err = next(ctx, req)
			}
			if err == nil && acceptsGzip(ans.header) {
				c.takes.Store(true)
			}
			return ans, err
		}
	}
}

// shrink returns req with a compressed body, or req itself where that is not wanted or does not pay.
func (c *compressor) shrink(req *request) *request {
	if len(req.body) < smallBody || !c.takes.Load() || c.refused.Load() {
		return req
	}
	var buffer bytes.Buffer
	buffer.Grow(len(req.body) / 4)
	z, ok := c.writers.Get().(*gzip.Writer)
	if !ok {
		z, _ = gzip.NewWriterLevel(nil, gzip.BestSpeed) // the error is about the level
	}
	defer c.writers.Put(z)
	z.Reset(&buffer)
	_, err := z.Write(req.body)
	if errors.Join(err, z.Close()) != nil || buffer.Len() >= len(req.body) {
		return req
	}
	small := req.withHeader("Content-Encoding", "gzip")
	small.body = buffer.Bytes()
	return small
}

// acceptsGzip reads the Accept-Encoding of an answer, such as "gzip;q=1.0, identity".
func acceptsGzip(h http.Header) bool {
	for coding := range strings.SplitSeq(strings.Join(h.Values("Accept-Encoding"), ","), ",") {
		name, parameter, _ := strings.Cut(coding, ";")
		if name = strings.TrimSpace(name); !strings.EqualFold(name, "gzip") && !strings.EqualFold(name, "x-gzip") {
			continue
		}
		weight, weighted := strings.CutPrefix(strings.ToLower(strings.TrimSpace(parameter)), "q=")
		q, err := strconv.ParseFloat(weight, 64)
		return !weighted || err == nil && q > 0
	}
	return false
}
