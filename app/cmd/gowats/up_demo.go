package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/gowats/gowats/app/demo"
	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/report"
)

const (
	demoSeed    = 1
	demoAtOnce  = 64
	demoAccount = "demo" // as the submitter of the reports
)

// fillDemo stores the reports of the demo factory up to now. A store that holds reports is left as it is.
func fillDemo(ctx context.Context, s *store.Store, now time.Time, w io.Writer) error {
	held, err := s.CountHeaders(ctx, store.HeaderQuery{})
	if err != nil {
		return err
	}
	if held > 0 {
		fmt.Fprintf(w, "The data folder holds %d reports already: no demo data were added.\n", held)
		return nil
	}
	var reports []*report.Report
	for r := range demo.Reports(demoSeed, now) {
		reports = append(reports, r)
	}
	began := time.Now()
	if err := storeAll(ctx, s, reports, startProgress(w, len(reports), "demo data")); err != nil {
		return err
	}
	fmt.Fprintf(w, "Made a factory of %d reports in %v.\n", len(reports), time.Since(began).Round(100*time.Millisecond))
	return nil
}

// storeAll stores the reports, many at once so that they share the syncs of the disk.
func storeAll(ctx context.Context, s *store.Store, reports []*report.Report, shown progress) error {
	defer shown.Finish()
	work, running := errgroup.WithContext(ctx)
	work.SetLimit(demoAtOnce)
	for _, r := range reports {
		if running.Err() != nil {
			break
		}
		work.Go(func() error {
			_, err := s.SubmitReport(running, store.Submission{Report: r, Findings: r.Validate(), User: demoAccount})
			if err == nil {
				shown.Add(1)
				return nil
			}
			return fmt.Errorf("store demo report %s: %w", r.ID, err)
		})
	}
	return errors.Join(work.Wait(), ctx.Err())
}
