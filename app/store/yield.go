package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

const (
	defaultYieldDays = 30
	maxYieldRows     = 100_000
	maxPeriods       = 10_000
	maxAlternatives  = 1000 // of a text filter
)

// Yield returns the first-pass yield of the units that f selects, in the order that f.Dimensions gives. Without dimensions it
// is one row, or none where there is no unit. A bad filter is a [*QueryError].
//
// Text filters match with regard to case.
func (s *Store) Yield(ctx context.Context, f wats.YieldFilter) ([]wats.YieldRow, error) {
	q, err := newYieldQuery(f, s.now())
	if err != nil {
		return nil, err
	}
	if err := s.addOperationNames(ctx, q); err != nil {
		return nil, fmt.Errorf("read processes: %w", err)
	}
	statement, args := q.sql()
	rows, err := s.reads.QueryContext(ctx, statement, args...)
	if err != nil {
		return nil, fmt.Errorf("compute yield: %w", err)
	}
	groups, err := q.rollUp(rows)
	if err != nil {
		return nil, fmt.Errorf("compute yield: %w", err)
	}
	return q.rows(groups), nil
}

// yieldQuery is a checked YieldFilter.
type yieldQuery struct {
	from, to   time.Time // start of the first run, both included
	grouping   wats.DateGrouping
	order      []sortKey
	dimensions map[dimension]bool

	part, revision, station, operation patterns
	operationNames                     map[int]string
}

// addOperationNames reads the names of operations, which are few.
func (s *Store) addOperationNames(ctx context.Context, q *yieldQuery) error {
	operations, err := s.Processes(ctx)
	q.operationNames = make(map[int]string, len(operations))
	for _, op := range operations {
		q.operationNames[op.Code] = op.Name
	}
	return err
}

// dimension is what yield is broken down by, or sorted by.
type dimension uint8

const (
	byPart dimension = iota
	byProcess
	byOperation
	byPeriod
	byUnitCount // from here on figures: they only sort
	byFPCount
	byFPY
	dimensionCount
)

func (d dimension) String() string {
	return [dimensionCount]string{"partNumber", "processCode", "testOperation", "period", "unitCount", "fpCount", "fpy"}[d]
}

type sortKey struct {
	by         dimension
	descending bool
}

func newYieldQuery(f wats.YieldFilter, now time.Time) (*yieldQuery, error) {
	q := &yieldQuery{grouping: f.DateGrouping.Or(wats.ByDay), dimensions: map[dimension]bool{}}
	if err := q.parseDimensions(f.Dimensions); err != nil {
		return nil, err
	}
	if q.grouping < wats.NoGrouping || q.grouping > wats.ByHour {
		return nil, &QueryError{"dateGrouping", fmt.Sprintf("%d is none of -1 (none), 0 (year), 1 (quarter), 2 (month), 3 (week), 4 (day), 5 (hour)", q.grouping)}
	}
	if q.grouping == wats.NoGrouping && (q.dimensions[byPeriod] || f.PeriodCount != 0) {
		return nil, &QueryError{"dateGrouping", "-1 (none) leaves no periods, which dimension period and periodCount need"}
	}
	if err := q.setDates(f, now); err != nil {
		return nil, err
	}
	for _, text := range []struct {
		option string
		filter string
		to     *patterns
	}{
		{"partNumber", f.PartNumber, &q.part}, {"revision", f.Revision, &q.revision},
		{"stationName", f.StationName, &q.station}, {"testOperation", f.TestOperation, &q.operation},
	} {
		*text.to = parsePatterns(text.filter)
		if n := len(text.to.exact) + len(text.to.wild); n > maxAlternatives {
			return nil, &QueryError{text.option, fmt.Sprintf("%d values are too many; at most %d", n, maxAlternatives)}
		}
	}
	return q, nil
}

func (q *yieldQuery) parseDimensions(text string) error {
	for entry := range strings.SplitSeq(text, ";") {
		words := strings.Fields(entry)
		if len(words) == 0 {
			continue
		}
		by, ok := parseDimension(words[0])
		if !ok {
			return &QueryError{"dimensions", fmt.Sprintf(
				"%.60q is not supported; there are partNumber, processCode, testOperation and period, and to sort by unitCount, fpCount and fpy", words[0])}
		}
		key := sortKey{by: by}
		switch {
		case len(words) == 1, len(words) == 2 && strings.EqualFold(words[1], "asc"):
		case len(words) == 2 && strings.EqualFold(words[1], "desc"):
			key.descending = true
		default:
			return &QueryError{"dimensions", fmt.Sprintf("expected asc or desc after %s, found %.60q", by, strings.Join(words[1:], " "))}
		}
		if slices.ContainsFunc(q.order, func(k sortKey) bool { return k.by == by }) {
			return &QueryError{"dimensions", fmt.Sprintf("%s is named twice", by)}
		}
		q.order = append(q.order, key)
		q.dimensions[by] = true
	}
	return nil
}

func parseDimension(name string) (dimension, bool) {
	for d := range dimensionCount {
		if strings.EqualFold(d.String(), name) {
			return d, true
		}
	}
	return 0, false
}

// setDates computes the first and last start. Without includeCurrentPeriod what began in the period of now is left out.
func (q *yieldQuery) setDates(f wats.YieldFilter, now time.Time) error {
	if f.PeriodCount < 0 || f.PeriodCount > maxPeriods {
		return &QueryError{"periodCount", fmt.Sprintf("%d is not between 0 and %d", f.PeriodCount, maxPeriods)}
	}
	q.to = now
	if f.DateTo != nil {
		q.to = *f.DateTo
	}
	current := periodStart(q.grouping, now)
	includeCurrent := f.IncludeCurrentPeriod.Or(true)
	if !includeCurrent && !q.to.Before(current) {
		q.to = current.Add(-1)
	}
	switch {
	case f.PeriodCount > 0 && includeCurrent:
		q.from = addPeriods(q.grouping, current, 1-f.PeriodCount)
	case f.PeriodCount > 0:
		q.from = addPeriods(q.grouping, current, -f.PeriodCount)
	case f.DateFrom != nil:
		q.from = *f.DateFrom
	default:
		q.from = now.AddDate(0, 0, -defaultYieldDays)
	}
	return nil
}

// The length of a bucket in which the database counts, in nanoseconds. Periods are made of whole buckets.
const (
	hourBucket = int64(time.Hour)
	dayBucket  = 24 * hourBucket
)

func (q *yieldQuery) bucket() int64 {
	if q.grouping == wats.ByHour {
		return hourBucket
	}
	return dayBucket
}

// sql returns the statement that counts first runs by all that dimensions and wildcards look at. Wildcards are
// evaluated afterwards, for the databases differ in theirs.
func (q *yieldQuery) sql() (string, []any) {
	args := []any{startNS(q.from), startNS(q.to)}
	where := `run = 1 AND start_ns >= $1 AND start_ns <= $2`
	for _, text := range []struct {
		column string
		patterns
	}{{"part_number", q.part}, {"revision", q.revision}, {"station_name", q.station}} {
		if len(text.exact) == 0 || len(text.wild) > 0 {
			continue
		}
		places := make([]string, len(text.exact))
		for i, value := range text.exact {
			args = append(args, value)
			places[i] = "$" + strconv.Itoa(len(args))
		}
		where += ` AND ` + text.column + ` IN (` + strings.Join(places, ",") + `)`
	}
	columns := []string{`''`, `0`, `0`, `''`, `''`}
	var groups []string
	group := func(place int, wanted bool, expression string) {
		if wanted {
			columns[place] = expression
			groups = append(groups, strconv.Itoa(place+1))
		}
	}
	group(0, q.dimensions[byPart] || len(q.part.wild) > 0, `part_number`)
	group(1, q.dimensions[byProcess] || q.dimensions[byOperation] || !q.operation.any(), `process_code`)
	group(2, q.dimensions[byPeriod], fmt.Sprintf(`(start_ns - (start_ns %% %[1]d + %[1]d) %% %[1]d) / %[1]d`, q.bucket()))
	group(3, len(q.revision.wild) > 0, `revision`)
	group(4, len(q.station.wild) > 0, `station_name`)
	statement := `SELECT ` + strings.Join(columns, ", ") + `, count(*), count(CASE WHEN result = 'P' THEN 1 END) FROM report WHERE ` + where
	if len(groups) > 0 {
		statement += ` GROUP BY ` + strings.Join(groups, ", ")
	}
	return statement, args
}

// startNS returns t as column start_ns has it, or the nearest that the column can hold.
func startNS(t time.Time) int64 {
	switch year := t.UTC().Year(); {
	case year < firstYear:
		return time.Date(firstYear, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano()
	case year >= lastYear:
		return time.Date(lastYear, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano()
	}
	return t.UnixNano()
}

// yieldGroup is one combination of the dimensions; those not asked for are zero.
type yieldGroup struct {
	part, operation, period string
	process                 int
}

// figures are the counts of a group: units, and those that passed their first run.
type figures struct{ units, passed int }

func (f figures) percent() float64 { return 100 * float64(f.passed) / float64(f.units) }

// rollUp reads the counts, drops what the wildcards do not want and adds up the rest by group.
func (q *yieldQuery) rollUp(rows *sql.Rows) (map[yieldGroup]figures, error) {
	defer rows.Close()
	groups := map[yieldGroup]figures{}
	for rows.Next() {
		var part, revision, station string
		var process int
		var bucket int64
		var f figures
		if err := rows.Scan(&part, &process, &bucket, &revision, &station, &f.units, &f.passed); err != nil {
			return nil, err
		}
		switch {
		case len(q.part.wild) > 0 && !q.part.match(part), len(q.revision.wild) > 0 && !q.revision.match(revision),
			len(q.station.wild) > 0 && !q.station.match(station), !q.operation.match(q.operationNames[process]):
			continue
		}
		g := q.group(part, process, bucket)
		sum := groups[g]
		groups[g] = figures{sum.units + f.units, sum.passed + f.passed}
		if len(groups) > maxYieldRows {
			return nil, &QueryError{"dimensions", fmt.Sprintf("more than %d rows: narrow the dates or use longer periods", maxYieldRows)}
		}
	}
	return groups, rows.Err()
}

func (q *yieldQuery) group(part string, process int, bucket int64) yieldGroup {
	var g yieldGroup
	if q.dimensions[byPart] {
		g.part = part
	}
	if q.dimensions[byProcess] {
		g.process = process
	}
	if q.dimensions[byOperation] {
		g.operation = q.operationNames[process]
	}
	if q.dimensions[byPeriod] {
		g.period = periodText(q.grouping, time.Unix(0, bucket*q.bucket()))
	}
	return g
}

// rows returns the groups in the order asked for. Groups without a unit are left out.
func (q *yieldQuery) rows(groups map[yieldGroup]figures) []wats.YieldRow {
	rows := make([]wats.YieldRow, 0, len(groups))
	for g, f := range groups {
		if f.units == 0 {
			continue
		}
		row := wats.YieldRow{UnitCount: f.units, FPCount: f.passed, FPY: f.percent()}
		row.PartNumber = presentIf(q.dimensions[byPart], g.part)
		row.ProcessCode = presentIf(q.dimensions[byProcess], g.process)
		row.TestOperation = presentIf(q.dimensions[byOperation], g.operation)
		row.Period = presentIf(q.dimensions[byPeriod], g.period)
		rows = append(rows, row)
	}
	slices.SortFunc(rows, q.compare)
	return rows
}

func presentIf[T any](present bool, value T) report.Optional[T] {
	return report.Optional[T]{Value: value, Present: present}
}

// compare orders rows as asked, and rows that are then equal by all dimensions.
func (q *yieldQuery) compare(a, b wats.YieldRow) int {
	for _, key := range q.order {
		c := compareBy(key.by, a, b)
		if key.descending {
			c = -c
		}
		if c != 0 {
			return c
		}
	}
	return 0
}

func compareBy(d dimension, a, b wats.YieldRow) int {
	switch d {
	case byPart:
		return cmp.Compare(a.PartNumber.Value, b.PartNumber.Value)
	case byProcess:
		return cmp.Compare(a.ProcessCode.Value, b.ProcessCode.Value)
	case byOperation:
		return cmp.Compare(a.TestOperation.Value, b.TestOperation.Value)
	case byPeriod:
		return cmp.Compare(a.Period.Value, b.Period.Value)
	case byUnitCount:
		return cmp.Compare(a.UnitCount, b.UnitCount)
	case byFPCount:
		return cmp.Compare(a.FPCount, b.FPCount)
	}
	return cmp.Compare(a.FPY, b.FPY)
}
