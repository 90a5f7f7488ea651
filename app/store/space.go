package store

import (
	"errors"
	"fmt"
	"io"
)

// ErrNoSpace is returned when what comes would fill the disk, or the disk of the database is full.
var ErrNoSpace = errors.New("not enough room on the disk")

const (
	spaceReserve = 256 << 20 // bytes that stay free, for reports
	spaceStep    = 64 << 20  // bytes after which the disk is asked again
)

// CheckRoom returns an error that matches [ErrNoSpace] when so many bytes more leave too little of the disk. Without Options.FreeSpace it returns nil.
func (s *Store) CheckRoom(size int64) error {
	if s.freeSpace == nil {
		return nil
	}
	free, err := s.freeSpace()
	if err != nil {
		return fmt.Errorf("ask for the free space: %w", err)
	}
	if room := max(0, free-spaceReserve); size > room {
		return fmt.Errorf("%w: %d MiB come, there is room for %d MiB", ErrNoSpace, size>>20, room>>20)
	}
	return nil
}

// noSpace returns an [ErrNoSpace] with what the database says, in one line.
func noSpace(cause error) error {
	return fmt.Errorf("%w of the database, and nothing was changed; make room there, then send the request again: %s", ErrNoSpace, oneLine(cause))
}

// roomyReader reads src as long as there is room for it.
type roomyReader struct {
	src   io.Reader
	store *Store
	left  int64 // bytes until the disk is asked again
}

func (r *roomyReader) Read(p []byte) (int, error) {
	if r.left <= 0 {
		if err := r.store.CheckRoom(spaceStep); err != nil {
			return 0, err
		}
		r.left = spaceStep
	}
	n, err := r.src.Read(p)
	r.left -= int64(n)
	return n, err
}
