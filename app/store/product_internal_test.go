package store

import (
	"context"
	"errors"
	"fmt"
	"testing"
)

// What was rolled back is no longer taken for known, or no later report would make the product.
func TestArrivalsForgetWhatIsRolledBack(t *testing.T) {
	s := openForWriter(t)
	defer s.Close()
	boom := errors.New("boom")
	add := func(result error) error {
		return s.queue.do(t.Context(), 0, func(ctx context.Context, w *writer) error {
			if _, err := w.addProduct(ctx, "PCBA-1", "A"); err != nil {
				return err
			}
			if err := w.addLevel(ctx, "Oslo"); err != nil {
				return err
			}
			return result
		})
	}
	for _, result := range []error{boom, nil, nil} {
		if err := add(result); !errors.Is(err, result) {
			t.Fatalf("got %v, want %v", err, result)
		}
	}
	if _, err := s.Revision(t.Context(), "PCBA-1", "A"); err != nil {
		t.Errorf("Revision after the job that failed and one that did not: %v", err)
	}
	var levels int
	if err := s.reads.QueryRowContext(t.Context(), `SELECT count(*) FROM level`).Scan(&levels); err != nil || levels != 1 {
		t.Errorf("levels: got %d, %v; want 1", levels, err)
	}
}

func TestRememberIsBounded(t *testing.T) {
	var set map[string]bool
	for n := range maxArrivals + 5 {
		set = remember(set, fmt.Sprint(n))
	}
	if len(set) != 5 || !set[fmt.Sprint(maxArrivals+4)] {
		t.Errorf("after one more than fits: %d entries, want it started over", len(set))
	}
}
