package store

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/gowats/gowats/report"
)

// TicketFile is a file of a ticket.
type TicketFile struct {
	ID   report.ID
	Name string
	Size int64 // bytes

	blob int64
}

// SaveTicketFile stores what src holds, at most limit bytes, as a file that a ticket may refer to within a day. [ErrTooLarge] when src holds more.
func (s *Store) SaveTicketFile(ctx context.Context, name string, src io.Reader, limit int64, user string) (report.ID, error) {
	b, err := s.WriteBlob(ctx, src, limit)
	if err == nil && b.Size == 0 {
		err = errors.Join(errEmptyFile, s.removeBlob(ctx, b.ID))
	}
	if err != nil {
		return report.ID{}, fmt.Errorf("save file %q: %w", name, err)
	}
	id, now := report.NewID(), s.now()
	err = s.queue.do(ctx, 0, func(ctx context.Context, w *writer) error {
		if _, err := w.exec(ctx, `DELETE FROM ticket_attachment WHERE update_id IS NULL AND created_ns < $1`, now.Add(-unownedTime).UnixNano()); err != nil {
			return err
		}
		_, err := w.exec(ctx, `INSERT INTO ticket_attachment (id, name, blob, size, created_ns, account) VALUES ($1, $2, $3, $4, $5, $6)`,
			id[:], name, b.ID, b.Size, now.UnixNano(), user)
		return err
	})
	if err != nil {
		return report.ID{}, fmt.Errorf("save file %q: %w", name, err)
	}
	return id, nil
}

// TicketFile returns a file of that ID. [ErrNotFound] when there is none.
func (s *Store) TicketFile(ctx context.Context, id report.ID) (TicketFile, error) {
	f := TicketFile{ID: id}
	err := s.reads.QueryRowContext(ctx, `SELECT a.name, a.size, a.blob FROM ticket_attachment a JOIN blob b ON b.id = a.blob WHERE a.id = $1`, id[:]).
		Scan(&f.Name, &f.Size, &f.blob)
	switch {
	case errors.Is(err, ErrNotFound):
		return f, missing("there is no file %s", id)
	case err != nil:
		return f, fmt.Errorf("look up file %s: %w", id, err)
	}
	return f, nil
}

// ReadTicketFile writes the content of a file to w.
func (s *Store) ReadTicketFile(ctx context.Context, f TicketFile, w io.Writer) error {
	return s.ReadBlob(ctx, f.blob, 0, w)
}
