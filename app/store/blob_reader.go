package store

import (
	"context"
	"fmt"
	"io"
	"sync"
)

// blobReader reads a whole blob at any place. It holds one chunk, so that small reads in a row cost one query. It is safe for concurrent use.
type blobReader struct {
	ctx   context.Context //nolint:containedctx // of the one request that the reader serves: io.ReaderAt has no other place for it
	store *Store
	id    int64
	size  int64

	mu    sync.Mutex
	at    int64 // of chunk
	chunk []byte
}

// readerOf returns a reader of blob b, valid as long as ctx is.
func (s *Store) readerOf(ctx context.Context, id, size int64) *blobReader {
	return &blobReader{ctx: ctx, store: s, id: id, size: size}
}

// ReadAt implements io.ReaderAt.
func (r *blobReader) ReadAt(p []byte, offset int64) (n int, err error) {
	if offset < 0 {
		return 0, fmt.Errorf("read blob %d: offset %d is negative", r.id, offset)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for n < len(p) {
		if offset >= r.size {
			return n, io.EOF
		}
		if offset < r.at || offset >= r.at+int64(len(r.chunk)) {
			if err := r.load(offset); err != nil {
				return n, err
			}
		}
		m := copy(p[n:], r.chunk[offset-r.at:])
		n += m
		offset += int64(m)
	}
	return n, nil
}

// load fetches the chunk that offset is in.
func (r *blobReader) load(offset int64) error {
	for chunk, err := range r.store.blobChunks(r.ctx, r.id, offset) {
		if err != nil {
			return fmt.Errorf("read blob %d: %w", r.id, err)
		}
		r.at, r.chunk = offset, chunk
		break
	}
	return nil
}
