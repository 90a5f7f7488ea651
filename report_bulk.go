package wats

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"sync"

	"github.com/gowats/gowats/report"
)

// A BulkOption changes a default of one bulk call: [ReportService.SubmitAll] or [ReportService.Stream].
// Of two that say the same thing the last one holds.
type BulkOption func(*bulkSettings) error

type bulkSettings struct{ concurrency int }

const (
	defaultConcurrency = 16
	maxConcurrency     = 1000
)

// Concurrency lets a bulk call have n requests under way at once, 1 to 1000. Default 16.
// More helps as long as the server is far away rather than busy.
func Concurrency(n int) BulkOption {
	return func(s *bulkSettings) error {
		if n < 1 || n > maxConcurrency {
			return fmt.Errorf("concurrency %d is not in 1–%d", n, maxConcurrency)
		}
		s.concurrency = n
		return nil
	}
}

func newBulkSettings(opts []BulkOption) (bulkSettings, error) {
	s := bulkSettings{concurrency: defaultConcurrency}
	for i, opt := range opts {
		if opt == nil {
			return s, fmt.Errorf("option %d is nil", i+1)
		}
		if err := opt(&s); err != nil {
			return s, err
		}
	}
	return s, nil
}

// pooled returns c for one bulk call, whose requests share a pool of at most n connections. Release closes those that are idle.
// Those of the client are shared by all its other calls, which would wait behind it.
// A transport that the user gave is used as it is; [WithMaxConnections] holds.
func (c *Client) pooled(n int) (pooled *Client, release func()) {
	if c.transport == nil {
		return c, func() {}
	}
	transport := c.transport.Clone()
	if most := transport.MaxConnsPerHost; most > 0 {
		n = min(n, most)
	}
	transport.MaxConnsPerHost, transport.MaxIdleConnsPerHost, transport.MaxIdleConns = n, n, n
	pool := &http.Client{Transport: c.signatures.over(transport), CheckRedirect: checkRedirect}
	do := func(ctx context.Context, req *request) (*answer, error) {
		req.pool = pool
		return c.do(ctx, req)
	}
	bulk := &Client{base: c.base, station: c.station, spool: c.spool, encoder: c.encoder, observer: c.observer, do: do}
	return bulk, transport.CloseIdleConnections
}

// SubmitResult says what became of one report of [ReportService.SubmitAll].
type SubmitResult struct {
	Index   int            // of the report in the input, from 0
	Report  *report.Report // as it was given
	Receipt Receipt        // holds the ID also when Err is not nil
	Err     error          // as Submit returns it
}

// SubmitAll submits reports, several at a time (see [Concurrency]), and yields one result for each in the order in which they are
// done. A report that fails does not end it.
//
// Reports is asked for the next report by turns with the body of the loop, never at the same time, and only while fewer
// reports than may be under way have been asked for without their result having been given. So memory does not
// grow with the number of reports, and an input that waits holds back results. A report is not to be changed before its result is there.
//
// When ctx ends no more reports are asked for; those under way get their result, most of them with the error of ctx, and the loop
// ends: ctx.Err tells this from the end of the reports. Leaving the loop cancels what is under way; whether the server has
// those reports is then open, and submitting them again is safe if they have IDs. Either way all has ended when the loop has.
//
// A bad option is told by a single result of index -1. The calls go through a pool of connections of their own, no more than may be
// under way, closed at the end; a transport given by [WithTransport] is used as it is.
//
// Route: POST /api/Report/WSJF, see [ReportService.Submit].
func (s *ReportService) SubmitAll(ctx context.Context, reports iter.Seq[*report.Report], opts ...BulkOption) iter.Seq[SubmitResult] {
	bulk, err := newBulkSettings(opts)
	if err == nil && reports == nil {
		err = errors.New("there is no sequence of reports")
	}
	if err != nil {
		err = fmt.Errorf("submit reports: %w: %w", ErrInvalid, err)
		return func(yield func(SubmitResult) bool) { yield(SubmitResult{Index: -1, Err: err}) }
	}
	return func(yield func(SubmitResult) bool) { s.submitAll(ctx, reports, bulk.concurrency, yield) }
}

func (s *ReportService) submitAll(ctx context.Context, reports iter.Seq[*report.Report], concurrency int, yield func(SubmitResult) bool) {
	ctx, call := s.begin(ctx, concurrency)
	next, stop := iter.Pull(reports)
	defer stop()
	defer call.end() // also when reports or the body of the loop panics

	results := make(chan SubmitResult, concurrency) // one place each: no submit waits for the loop
	asked, given, ended := 0, 0, false
	for {
		underWay := asked - given
		switch {
		case !ended && ctx.Err() == nil && underWay < concurrency && len(results) == 0:
			r, ok := next()
			if !ok {
				ended = true
				break
			}
			index := asked
			asked++
			call.working.Go(func() {
				rc, err := call.service.Submit(ctx, r)
				results <- SubmitResult{index, r, rc, err}
			})
		case underWay > 0:
			given++
			if !yield(<-results) {
				return
			}
		default:
			return
		}
	}
}

// Stream yields the reports that match q, whole and in the order of [ReportService.Headers], which it follows; reports are fetched
// ahead, several at a time (see [Concurrency]), and no more than that are held. It can be ranged over again.
//
// The first failure is given once, as the last, with a nil report, after all reports before it; a report that is deleted during
// the loop is one, [ErrNotFound]. Leaving the loop cancels what is under way, and all has ended when the loop has.
//
// Routes: GET /api/Report/Query/Header, GET /api/Report/Wsjf/{id}.
func (s *ReportService) Stream(ctx context.Context, q HeaderQuery, opts ...BulkOption) iter.Seq2[*report.Report, error] {
	bulk, err := newBulkSettings(opts)
	if err != nil {
		err = fmt.Errorf("stream reports: %w: %w", ErrInvalid, err)
		return func(yield func(*report.Report, error) bool) { yield(nil, err) }
	}
	return func(yield func(*report.Report, error) bool) { s.stream(ctx, q, bulk.concurrency, yield) }
}

func (s *ReportService) stream(ctx context.Context, q HeaderQuery, concurrency int, yield func(*report.Report, error) bool) {
	ctx, call := s.begin(ctx, concurrency)
	next, stop := iter.Pull2(call.service.Headers(ctx, q))
	defer stop()
	defer call.end()

	places := make(chan chan fetched, concurrency) // in the order of the headers
	for ended := false; ; {
		for !ended && len(places) < concurrency {
			h, err, ok := next()
			if !ok {
				ended = true
				break
			}
			place := make(chan fetched, 1)
			places <- place
			if err != nil {
				place <- fetched{err: err}
				ended = true
				break
			}
			id := h.ID // all that is kept of h
			call.working.Go(func() {
				r, err := call.service.Get(ctx, id)
				place <- fetched{r, err}
			})
		}
		if len(places) == 0 {
			return
		}
		got := <-<-places
		if !yield(got.report, got.err) || got.err != nil {
			return
		}
	}
}

// fetched is the outcome of fetching one report.
type fetched struct {
	report *report.Report
	err    error
}

// bulkCall is one loop over a bulk call.
type bulkCall struct {
	service *ReportService // with a pool of connections of its own
	working sync.WaitGroup
	cancel  context.CancelFunc
	release func()
}

// begin returns a call and the context of what it does.
func (s *ReportService) begin(ctx context.Context, concurrency int) (context.Context, *bulkCall) {
	client, release := s.client.pooled(concurrency)
	ctx, cancel := context.WithCancel(ctx)
	return ctx, &bulkCall{service: &ReportService{client}, cancel: cancel, release: release}
}

// end cancels what is under way and returns when it has ended.
func (c *bulkCall) end() {
	c.cancel()
	c.working.Wait()
	c.release()
}
