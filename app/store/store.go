// Package store keeps reports, processes and users in SQLite or PostgreSQL, and holds the rules that need rows.
// Each operation is one transaction.
package store

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"time"

	"github.com/gowats/gowats/report"

	"github.com/gowats/gowats"
)

// ErrNotFound is returned when the thing asked for is not there.
var ErrNotFound = errors.New("not found")

// QueryError says what is wrong with a query.
type QueryError struct {
	Option string // $filter, $orderby, dimensions, …
	Reason string
}

func (e *QueryError) Error() string { return fmt.Sprintf("%s: %s", e.Option, e.Reason) }

// Store is an open database. It is safe for concurrent use.
type Store struct{}

// Options of Open. The zero Options are good.
type Options struct {
	Logger *slog.Logger     // default: silent
	Now    func() time.Time // default: time.Now
}

// Open opens the SQLite file of that path, making it if it is not there, and brings its schema up to date.
func Open(ctx context.Context, path string, opt Options) (*Store, error) { panic("stub") }

// Close waits for the transaction under way and closes the database. Calls after it fail.
func (s *Store) Close() error { panic("stub") }

// Outcome says what became of a submitted report.
type Outcome uint8

// The outcomes.
const (
	Stored     Outcome = iota // new
	Repeated                  // the same ID with the same content was there: nothing stored
	Superseded                // an older version of it, or of the same test run, was there and is kept as superseded
)

// Submission is a report on its way into the store.
type Submission struct {
	Report   *report.Report  // decoded, without violations
	Findings report.Findings // of decoding and validating it; the warnings are kept with it
	User     string          // who submitted it
	Lineage  string          // origin of the report as told by the submitter, "" when not told
}

// Receipt says how a submission ended.
type Receipt struct {
	ID      report.ID
	Outcome Outcome
}

// SubmitReport stores a report. When it returns without error the report is committed and synced to disk.
//
// The same ID with the same content (compared in canonical encoding) is stored once. Many calls at once share one commit.
// It returns a [*report.InvalidError] when the report names a repair category or code that is not in the catalogue.
func (s *Store) SubmitReport(ctx context.Context, sub Submission) (Receipt, error) { panic("stub") }

// Document is a stored report as a whole.
type Document struct {
	Header     wats.ReportHeader
	Report     *report.Report  // with the members that only a server writes
	Warnings   report.Findings // from its arrival
	ReceivedAt time.Time
	Superseded bool // there is a newer version of the report or of its test run
}

// Report returns the current report of that ID, or the superseded one where there is no current one. [ErrNotFound] when there is neither.
func (s *Store) Report(ctx context.Context, id report.ID) (*Document, error) { panic("stub") }

// HeaderQuery selects headers as the REST route does.
type HeaderQuery struct {
	Type    wats.ReportType // "": both
	Filter  string          // OData $filter
	OrderBy string          // OData $orderby; default "start desc"
	Top     int             // at most so many; 0: all
	Skip    int
}

// Headers yields the headers of current reports in a stable order (the one asked for, then start, then ID), in flat memory.
// A bad query is a [*QueryError].
func (s *Store) Headers(ctx context.Context, q HeaderQuery) iter.Seq2[*wats.ReportHeader, error] {
	panic("stub")
}

// CountHeaders returns how many headers q matches, without regard to Top and Skip.
func (s *Store) CountHeaders(ctx context.Context, q HeaderQuery) (int, error) { panic("stub") }

// UnitHistory returns the headers of all reports of a unit, tests and repairs, oldest first.
func (s *Store) UnitHistory(ctx context.Context, serialNumber, partNumber string) ([]*wats.ReportHeader, error) {
	panic("stub")
}

// Processes returns all operations by code.
func (s *Store) Processes(ctx context.Context) ([]wats.ProcessInfo, error) { panic("stub") }

// Yield returns the first-pass yield of the units that f selects. A bad filter is a [*QueryError].
func (s *Store) Yield(ctx context.Context, f wats.YieldFilter) ([]wats.YieldRow, error) {
	panic("stub")
}

// User is an account.
type User struct {
	Name         string
	PasswordHash string // as package auth writes it; "" when the account has none
	Role         string // admin, write or read
	CreatedAt    time.Time
}

// CreateUser stores u. It returns [ErrExists] when the name is taken.
func (s *Store) CreateUser(ctx context.Context, u User) error { panic("stub") }

// ErrExists is returned when a thing of that name is there already.
var ErrExists = errors.New("exists already")

// User returns the account of that name, compared without regard to case, or [ErrNotFound].
func (s *Store) User(ctx context.Context, name string) (User, error) { panic("stub") }

// CountUsers returns how many accounts there are.
func (s *Store) CountUsers(ctx context.Context) (int, error) { panic("stub") }

// Token is an API token. Its secret is never stored, only the hash.
type Token struct {
	Hash      [32]byte // SHA-256 of the secret
	User      string
	Name      string // what it is for
	CreatedAt time.Time
}

// CreateToken stores t.
func (s *Store) CreateToken(ctx context.Context, t Token) error { panic("stub") }

// UserByToken returns the owner of the token with that hash, or [ErrNotFound].
func (s *Store) UserByToken(ctx context.Context, hash [32]byte) (User, error) { panic("stub") }
