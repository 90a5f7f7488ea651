package store_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/gowats/gowats/app/store"
)

// someBytes returns so many bytes without a pattern.
func someBytes(n int) []byte {
	data := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(data) // never fails
	return data
}

func TestBlobsComeBackAsTheyWere(t *testing.T) {
	s := openStore(t)
	for _, size := range []int{0, 1, 256 << 10, 256<<10 + 1, 1 << 20} {
		data := someBytes(size)
		b, err := s.WriteBlob(t.Context(), iotest.OneByteReader(bytes.NewReader(data)), int64(size))
		if err != nil || b.Size != int64(size) || b.SHA256 != sha256.Sum256(data) {
			t.Fatalf("WriteBlob of %d bytes: got %+v, %v", size, b, err)
		}
		for _, offset := range []int{0, size / 2, size} {
			var got bytes.Buffer
			if err := s.ReadBlob(t.Context(), b.ID, int64(offset), &got); err != nil || !bytes.Equal(got.Bytes(), data[offset:]) {
				t.Errorf("ReadBlob of %d bytes from %d: got %d bytes, %v", size, offset, got.Len(), err)
			}
		}
	}
}

func TestBlobIsBounded(t *testing.T) {
	s := openStore(t)
	if _, err := s.WriteBlob(t.Context(), strings.NewReader("12345"), 4); !errors.Is(err, store.ErrTooLarge) {
		t.Errorf("WriteBlob of 5 bytes with limit 4: got %v, want ErrTooLarge", err)
	}
}

func TestBlobGoesOnWhereItBrokeOff(t *testing.T) {
	s := openStore(t)
	data := someBytes(700 << 10)
	id, err := s.StartBlob(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	broken := io.MultiReader(bytes.NewReader(data[:300<<10]), iotest.ErrReader(errors.New("line cut")))
	if _, err := s.AppendBlob(t.Context(), id, 0, broken, 1<<20); err == nil {
		t.Fatal("AppendBlob of a reader that fails: got no error")
	}
	size, err := s.BlobSize(t.Context(), id)
	if err != nil || size != 300<<10 {
		t.Fatalf("BlobSize: got %d, %v; want all that came before the failure", size, err)
	}
	if _, err := s.AppendBlob(t.Context(), id, size-1, bytes.NewReader(data), 1<<20); !errors.Is(err, store.ErrConflict) {
		t.Errorf("AppendBlob at the wrong offset: got %v, want ErrConflict", err)
	}
	if _, err := s.AppendBlob(t.Context(), id, size, bytes.NewReader(data[size:]), 1<<20); err != nil {
		t.Fatal(err)
	}
	b, err := s.SealBlob(t.Context(), id)
	if err != nil || b.SHA256 != sha256.Sum256(data) {
		t.Errorf("SealBlob: got %+v, %v; want the hash of all bytes", b, err)
	}
	if _, err := s.AppendBlob(t.Context(), id, b.Size, strings.NewReader("x"), 1<<20); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("AppendBlob to a whole blob: got %v, want ErrNotFound", err)
	}
}

func TestBlobsTakeOneWriterAtATime(t *testing.T) {
	s := openStore(t)
	id, err := s.StartBlob(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var both sync.WaitGroup
	for range 8 {
		both.Go(func() {
			_, err := s.AppendBlob(t.Context(), id, 0, bytes.NewReader(someBytes(600<<10)), 1<<20)
			if err != nil && !errors.Is(err, store.ErrConflict) {
				t.Errorf("AppendBlob: %v", err)
			}
		})
	}
	both.Wait()
	if b, err := s.SealBlob(t.Context(), id); err != nil || b.SHA256 != sha256.Sum256(someBytes(600<<10)) {
		t.Errorf("SealBlob after several writers: got %+v, %v; want the bytes of one of them", b, err)
	}
}
