package store

import (
	"context"
	"crypto/sha256"
	"encoding"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"time"
)

// Blob describes stored bytes.
type Blob struct {
	ID     int64
	Size   int64 // bytes
	SHA256 [sha256.Size]byte
}

// ErrTooLarge is returned when more bytes come than are allowed. None of those beyond are kept.
var ErrTooLarge = errors.New("too large")

// States of a blob, as column blob.state has them.
const (
	blobOpen    = 0
	blobWhole   = 1
	blobOwned   = 2
	blobDropped = 3 // gone for readers; its chunks are removed little by little
)

const (
	chunkSize   = 256 << 10      // bytes
	appendSize  = 4 * chunkSize  // written at a time: one sync of the disk for each
	unownedTime = 24 * time.Hour // after which a blob that nothing owns is removed
	sweepChunks = 32             // removed at a time: all writers wait for it
)

// WriteBlob stores what src holds, at most limit bytes. It is committed and synced on return, but owned by nothing: what owns it takes it
// in its own transaction, and what nobody took within a day is removed. It returns [ErrTooLarge] when src holds more.
func (s *Store) WriteBlob(ctx context.Context, src io.Reader, limit int64) (Blob, error) {
	id, err := s.StartBlob(ctx)
	if err != nil {
		return Blob{}, err
	}
	if _, err := s.AppendBlob(ctx, id, 0, src, limit); err != nil {
		return Blob{}, errors.Join(err, s.removeBlob(context.WithoutCancel(ctx), id))
	}
	return s.SealBlob(ctx, id)
}

// StartBlob makes an empty blob, to be written by AppendBlob and SealBlob. It also removes some that nobody took.
func (s *Store) StartBlob(ctx context.Context) (id int64, err error) {
	state, err := hashState(sha256.New())
	if err != nil {
		return 0, err
	}
	now := s.now()
	err = s.queue.do(ctx, 0, func(ctx context.Context, w *writer) error {
		if _, err := w.sweepBlobs(ctx, now); err != nil {
			return err
		}
		return w.insert(ctx, &id, `INSERT INTO blob (state, size, sha256, touched_ns) VALUES (0, 0, $1, $2) RETURNING id`, state, now.UnixNano())
	})
	if err != nil {
		return 0, fmt.Errorf("start a blob: %w", err)
	}
	return id, nil
}

// AppendBlob adds what src holds to an open blob and returns its new size; limit bounds that size. It goes on where the blob ends, which
// offset must name: else it returns [ErrConflict], since some bytes are there already or are missing. What has been read of src is kept
// when src or ctx fails, so that the rest can be sent later. Calls for one blob at the same time exclude each other the same way.
func (s *Store) AppendBlob(ctx context.Context, id, offset int64, src io.Reader, limit int64) (size int64, err error) {
	size = offset
	buffer := make([]byte, min(appendSize, max(0, limit+1-size)))
	for {
		chunk, end, err := readChunk(src, buffer[:min(appendSize, limit+1-size)])
		if size+int64(len(chunk)) > limit {
			return size, fmt.Errorf("append to blob %d: %w: more than %d bytes", id, ErrTooLarge, limit)
		}
		if len(chunk) > 0 || size == offset { // an empty one says whether the offset is right
			if failed := s.appendChunk(ctx, id, size, chunk); failed != nil {
				return size, fmt.Errorf("append to blob %d: %w", id, failed)
			}
			size += int64(len(chunk))
		}
		if end {
			return size, nil
		}
		if err != nil {
			return size, fmt.Errorf("append to blob %d: %w", id, err)
		}
	}
}

// readChunk fills chunk, to its end unless src ends or fails before.
func readChunk(src io.Reader, chunk []byte) (read []byte, end bool, err error) {
	n := 0
	for n < len(chunk) {
		m, err := src.Read(chunk[n:])
		n += m
		if errors.Is(err, io.EOF) { // not what a body that breaks off gives
			return chunk[:n], true, nil
		}
		if err != nil {
			return chunk[:n], false, err
		}
	}
	return chunk, false, nil
}

func (s *Store) appendChunk(ctx context.Context, id, offset int64, chunk []byte) error {
	now := s.now().UnixNano()
	return s.queue.do(ctx, len(chunk), func(ctx context.Context, w *writer) error {
		size, sum, err := w.openBlob(ctx, id)
		switch {
		case err != nil:
			return err
		case size != offset:
			return conflict("blob %d goes on at byte %d, not at %d", id, size, offset)
		case len(chunk) == 0:
			return nil
		}
		_, _ = sum.Write(chunk) // a hash never fails
		state, err := hashState(sum)
		if err != nil {
			return err
		}
		for part := range slices.Chunk(chunk, chunkSize) {
			if _, err := w.exec(ctx, `INSERT INTO blob_chunk (blob, position, bytes) VALUES ($1, $2, $3)`, id, size, part); err != nil {
				return err
			}
			size += int64(len(part))
		}
		_, err = w.exec(ctx, `UPDATE blob SET size = $1, sha256 = $2, touched_ns = $3 WHERE id = $4`, size, state, now, id)
		return err
	})
}

// BlobSize returns how many bytes an open blob has so far, or [ErrNotFound].
func (s *Store) BlobSize(ctx context.Context, id int64) (size int64, err error) {
	err = s.reads.QueryRowContext(ctx, `SELECT size FROM blob WHERE id = $1 AND state = 0`, id).Scan(&size)
	if err != nil {
		return 0, fmt.Errorf("look up blob %d: %w", id, err)
	}
	return size, nil
}

// SealBlob ends the writing of a blob.
func (s *Store) SealBlob(ctx context.Context, id int64) (Blob, error) {
	b := Blob{ID: id}
	err := s.queue.do(ctx, 0, func(ctx context.Context, w *writer) error {
		size, sum, err := w.openBlob(ctx, id)
		if err != nil {
			return err
		}
		b.Size = size
		sum.Sum(b.SHA256[:0])
		_, err = w.exec(ctx, `UPDATE blob SET state = 1, sha256 = $1 WHERE id = $2`, b.SHA256[:], id)
		return err
	})
	if err != nil {
		return Blob{}, fmt.Errorf("seal blob %d: %w", id, err)
	}
	return b, nil
}

// ReadBlob writes a whole blob from a byte on to w.
func (s *Store) ReadBlob(ctx context.Context, id, offset int64, w io.Writer) error {
	for chunk, err := range s.blobChunks(ctx, id, offset) {
		if err != nil {
			return fmt.Errorf("read blob %d: %w", id, err)
		}
		if _, err := w.Write(chunk); err != nil {
			return err
		}
	}
	return nil
}

// blobChunks yields the bytes of a blob from offset on. It asks for one chunk at a time, so that a slow taker holds no connection.
func (s *Store) blobChunks(ctx context.Context, id, offset int64) func(func([]byte, error) bool) {
	return func(yield func([]byte, error) bool) {
		var size int64
		if err := s.reads.QueryRowContext(ctx, `SELECT size FROM blob WHERE id = $1 AND state IN (1, 2)`, id).Scan(&size); err != nil {
			yield(nil, err)
			return
		}
		for offset < size {
			var at int64
			var chunk []byte
			err := s.reads.QueryRowContext(ctx, `SELECT position, bytes FROM blob_chunk WHERE blob = $1 AND position <= $2
				ORDER BY position DESC LIMIT 1`, id, offset).Scan(&at, &chunk)
			if err == nil && offset-at >= int64(len(chunk)) {
				err = fmt.Errorf("its bytes from %d on are missing", offset)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			rest := chunk[offset-at:]
			offset += int64(len(rest))
			if !yield(rest, nil) {
				return
			}
		}
	}
}

// removeBlob drops a blob that nothing owns, and frees its space.
func (s *Store) removeBlob(ctx context.Context, id int64) error {
	if err := s.queue.do(ctx, 0, func(ctx context.Context, w *writer) error { return w.dropBlob(ctx, id) }); err != nil {
		return err
	}
	return s.sweepDropped(ctx)
}

// openBlob returns the size of a blob under way, and its hash to go on with.
func (w *writer) openBlob(ctx context.Context, id int64) (size int64, sum hash.Hash, err error) {
	var state []byte
	found, err := w.get(ctx, []any{&size, &state}, `SELECT size, sha256 FROM blob WHERE id = $1 AND state = 0`, id)
	switch {
	case err != nil:
		return 0, nil, err
	case !found:
		return 0, nil, missing("there is no open blob %d", id)
	}
	sum = sha256.New()
	restore, ok := sum.(encoding.BinaryUnmarshaler)
	if !ok {
		return 0, nil, errHashState
	}
	return size, sum, restore.UnmarshalBinary(state)
}

// errHashState says that the standard library does not keep what crypto/sha256 promises.
var errHashState = errors.New("the state of a SHA-256 hash cannot be kept")

func hashState(h hash.Hash) ([]byte, error) {
	keep, ok := h.(encoding.BinaryMarshaler)
	if !ok {
		return nil, errHashState
	}
	return keep.MarshalBinary()
}

// ownBlob takes a whole blob, which from then on stays until it is dropped.
func (w *writer) ownBlob(ctx context.Context, id int64) error {
	n, err := w.exec(ctx, `UPDATE blob SET state = 2 WHERE id = $1 AND state = 1`, id)
	if err == nil && n == 0 {
		err = missing("there is no whole blob %d that nothing owns", id)
	}
	return err
}

// dropBlob removes a blob. From the end of the transaction on it cannot be read; the space is freed little by little by those who write blobs,
// or at once by sweepDropped.
func (w *writer) dropBlob(ctx context.Context, id int64) error {
	_, err := w.exec(ctx, `UPDATE blob SET state = 3 WHERE id = $1`, id)
	return err
}

func (w *writer) dropBlobs(ctx context.Context, ids []int64) error {
	for _, id := range ids {
		if err := w.dropBlob(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// sweepDropped frees the space of dropped blobs, in steps that others can get between.
func (s *Store) sweepDropped(ctx context.Context) error {
	for more := true; more; {
		err := s.queue.do(ctx, 0, func(ctx context.Context, w *writer) (err error) {
			more, err = w.sweepBlobs(ctx, s.now())
			return err
		})
		if err != nil {
			return fmt.Errorf("free the space of dropped blobs: %w", err)
		}
	}
	return nil
}

// sweepBlobs removes some chunks of what was dropped and of what nobody took, and reports whether there may be more.
func (w *writer) sweepBlobs(ctx context.Context, now time.Time) (more bool, err error) {
	for left := int64(sweepChunks); left > 0; {
		var id int64
		found, err := w.get(ctx, []any{&id}, `SELECT id FROM blob WHERE state = 3 ORDER BY id LIMIT 1`)
		if err == nil && !found {
			found, err = w.get(ctx, []any{&id}, `SELECT id FROM blob WHERE state < 2 AND touched_ns < $1 ORDER BY touched_ns LIMIT 1`,
				now.Add(-unownedTime).UnixNano())
		}
		if err != nil || !found {
			return false, err
		}
		if err := w.dropBlob(ctx, id); err != nil {
			return false, err
		}
		n, err := w.exec(ctx, `DELETE FROM blob_chunk WHERE blob = $1 AND position IN
			(SELECT position FROM blob_chunk WHERE blob = $1 ORDER BY position LIMIT $2)`, id, left)
		if err != nil {
			return false, err
		}
		if left -= n; left > 0 {
			if _, err := w.exec(ctx, `DELETE FROM blob WHERE id = $1`, id); err != nil {
				return false, err
			}
			left-- // many empty ones are work too
		}
	}
	return true, nil
}
