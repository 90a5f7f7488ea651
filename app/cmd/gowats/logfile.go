package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"github.com/gowats/gowats/app/config"
	"github.com/gowats/gowats/app/service"
)

// openLog returns the logger that the settings ask for, and what closes it. Without a file it writes text to standard error. As a service of Windows
// it also writes to the event log.
func openLog(c config.Log, spec service.Spec, stderr io.Writer) (*slog.Logger, func() error, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Level)); err != nil {
		return nil, nil, err
	}
	options := &slog.HandlerOptions{Level: level}
	if c.File == "" {
		handler, closeEvents, err := service.WithEventLog(spec, slog.NewTextHandler(stderr, options))
		return slog.New(handler), closeEvents, err
	}
	f, err := openRotated(c.File, int64(c.MaxSize), c.MaxFiles)
	if err != nil {
		return nil, nil, err
	}
	handler, closeEvents, err := service.WithEventLog(spec, slog.NewJSONHandler(f, options))
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return slog.New(handler), func() error { return errors.Join(closeEvents(), f.Close()) }, nil
}

// rotated is a file that is renamed to <name>.1 before it grows beyond its limit; older ones move on, and the oldest goes. It is safe for
// concurrent use. A line is never divided between files.
type rotated struct {
	path  string
	limit int64
	keep  int

	mu   sync.Mutex
	file *os.File
	size int64
}

func openRotated(path string, limit int64, keep int) (*rotated, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	r := &rotated{path: path, limit: limit, keep: keep}
	return r, r.open()
}

func (r *rotated) open() error {
	f, err := os.OpenFile(r.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
	if err != nil {
		return fmt.Errorf("open log: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return errors.Join(fmt.Errorf("open log: %w", err), f.Close())
	}
	r.file, r.size = f, info.Size()
	return nil
}

// Write appends one line.
func (r *rotated) Write(line []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.file == nil {
		if err := r.open(); err != nil {
			return 0, err
		}
	}
	if r.size > 0 && r.size+int64(len(line)) > r.limit {
		if err := r.rotate(); err != nil {
			return 0, err
		}
	}
	n, err := r.file.Write(line)
	r.size += int64(n)
	return n, err
}

func (r *rotated) rotate() error {
	err := r.file.Close()
	r.file = nil
	for n := r.keep; n > 0 && err == nil; n-- {
		from := r.name(n - 1)
		if err = os.Rename(from, r.name(n)); errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
	}
	if err != nil {
		return fmt.Errorf("rotate log: %w", err)
	}
	return r.open()
}

func (r *rotated) name(n int) string {
	if n == 0 {
		return r.path
	}
	return fmt.Sprintf("%s.%d", r.path, n)
}

// Close closes the file. A later line opens it again.
func (r *rotated) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.file == nil {
		return nil
	}
	err := r.file.Close()
	r.file = nil
	return err
}
