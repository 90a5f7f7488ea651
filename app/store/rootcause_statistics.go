package store

import (
	"cmp"
	"context"
	"fmt"
	"hash/maphash"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

// DefectStatisticsQuery says which defects are counted, and how they are grouped.
type DefectStatisticsQuery struct {
	From, To time.Time // From included, To not. Zero From: 30 days before To, or before now; zero To: open
	GroupBy  string    // names between semicolons or commas; default code
	Grouping wats.DateGrouping
	Filter   string // OData
}

const (
	defaultDefectDays = 30
	maxDefectRows     = 100_000
	maxCounted        = 2_000_000 // defects
)

// defectGroup is what defects are grouped by.
type defectGroup uint8

const (
	defectCategory defectGroup = iota
	defectCode
	defectPart
	defectRevision
	defectStation
	defectRepairStation
	defectProcess
	defectComponent
	defectSource
	defectPeriod
	defectGroups
)

// String is the name of the member of a defect; of a period, its own.
func (g defectGroup) String() string {
	return [defectGroups]string{"category", "code", "partNumber", "revision", "stationName", "repairStationName", "processCode", "componentRef", "source", "period"}[g]
}

// defectKey is what the defects of one row have in common; what they are not grouped by is "" in all.
type defectKey [defectGroups]string

// defectCount counts the defects of one row.
type defectCount struct {
	key   defectKey
	start time.Time // of the period
	count int
	units map[uint64]struct{} // by hash of serial and part number: of a million units two are taken for one with a chance below one in ten million
}

// defectCounter adds up defects.
type defectCounter struct {
	groups   [defectGroups]bool
	grouping wats.DateGrouping
	seed     maphash.Seed
	rows     map[defectKey]*defectCount
	all      defectCount
}

// DefectStatistics counts the defects that q selects. Each row tells the filter that lists the defects counted in it. A bad query is a [*QueryError].
func (s *Store) DefectStatistics(ctx context.Context, q DefectStatisticsQuery) (*wats.DefectStatistics, error) {
	c := &defectCounter{grouping: q.Grouping, seed: maphash.MakeSeed(), rows: map[defectKey]*defectCount{}}
	c.all.units = map[uint64]struct{}{}
	if err := c.parse(q); err != nil {
		return nil, err
	}
	if q.From.IsZero() {
		until := q.To
		if until.IsZero() {
			until = s.now()
		}
		q.From = until.AddDate(0, 0, -defaultDefectDays)
	}
	if _, _, err := s.whereSQL(defectListing(), q.Filter); err != nil {
		return nil, err // before it stands inside another one, where a place in it means something else
	}
	for d, err := range s.Defects(ctx, ListQuery{Filter: q.filter("")}) {
		if err == nil {
			err = c.add(d)
		}
		if err != nil {
			return nil, fmt.Errorf("count defects: %w", err)
		}
	}
	return c.statistics(q), nil
}

// parse reads what to group by.
func (c *defectCounter) parse(q DefectStatisticsQuery) error {
	text := q.GroupBy
	if strings.TrimSpace(text) == "" {
		text = defectCode.String()
	}
	for name := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ';' || r == ',' }) {
		name = strings.TrimSpace(name)
		g := defectGroup(0)
		for g < defectGroups && !strings.EqualFold(g.String(), name) {
			g++
		}
		if g == defectGroups {
			return &QueryError{"groupBy", fmt.Sprintf("%.60q is none of category, code, partNumber, revision, stationName, repairStationName, processCode, "+
				"componentRef, source and period", name)}
		}
		c.groups[g] = true
	}
	if c.groups[defectCode] {
		c.groups[defectCategory] = true // a code is one of a category
	}
	if c.groups[defectPeriod] && (q.Grouping < wats.ByYear || q.Grouping > wats.ByHour) {
		return &QueryError{"dateGrouping", fmt.Sprintf("%d is none of 0 (year), 1 (quarter), 2 (month), 3 (week), 4 (day), 5 (hour)", q.Grouping)}
	}
	if !q.To.IsZero() && q.To.Before(q.From) {
		return &QueryError{"dateTo", "lies before dateFrom"}
	}
	return nil
}

func (c *defectCounter) add(d *wats.Defect) error {
	process := ""
	if d.ProcessCode.Present {
		process = strconv.Itoa(d.ProcessCode.Value)
	}
	key := defectKey{d.Category, d.Code, d.PartNumber, d.Revision, d.StationName, d.RepairStationName, process, d.ComponentRef, string(d.Source)}
	var start time.Time
	if c.groups[defectPeriod] {
		start, key[defectPeriod] = periodStart(c.grouping, d.Date.Time), periodText(c.grouping, d.Date.Time)
	}
	for g, wanted := range c.groups {
		if !wanted {
			key[g] = ""
		}
	}
	if c.all.count == maxCounted {
		return &QueryError{"dateFrom", fmt.Sprintf("there are more than %d defects: take a shorter time", maxCounted)}
	}
	row := c.rows[key]
	if row == nil {
		if len(c.rows) == maxDefectRows {
			return &QueryError{"groupBy", fmt.Sprintf("there are more than %d rows: group by less, or take a shorter time", maxDefectRows)}
		}
		row = &defectCount{key: key, start: start, units: map[uint64]struct{}{}}
		c.rows[key] = row
	}
	var h maphash.Hash
	h.SetSeed(c.seed)
	_, _ = h.WriteString(d.SerialNumber)
	_ = h.WriteByte(0)
	_, _ = h.WriteString(d.PartNumber)
	unit := h.Sum64()
	for _, r := range [...]*defectCount{row, &c.all} {
		r.count++
		r.units[unit] = struct{}{}
	}
	return nil
}

func (c *defectCounter) statistics(q DefectStatisticsQuery) *wats.DefectStatistics {
	out := &wats.DefectStatistics{
		From: wats.Time{Time: q.From}, To: wats.Time{Time: q.To}, Count: c.all.count, UnitCount: len(c.all.units), Rows: []wats.DefectStatisticsRow{},
	}
	rows := make([]*defectCount, 0, len(c.rows))
	for _, r := range c.rows {
		rows = append(rows, r)
	}
	slices.SortFunc(rows, func(a, b *defectCount) int {
		if by := a.start.Compare(b.start); by != 0 {
			return by
		}
		if by := cmp.Compare(b.count, a.count); by != 0 {
			return by
		}
		return slices.Compare(a.key[:], b.key[:])
	})
	for _, r := range rows {
		out.Rows = append(out.Rows, c.row(r, q))
	}
	return out
}

func (c *defectCounter) row(r *defectCount, q DefectStatisticsQuery) (row wats.DefectStatisticsRow) {
	var conditions []string
	for i, text := range r.key {
		g := defectGroup(i)
		if !c.groups[g] {
			continue
		}
		if g == defectProcess {
			if code, err := strconv.Atoi(text); err == nil {
				row.ProcessCode = report.Some(code)
				conditions = append(conditions, "processCode eq "+text)
			} else {
				conditions = append(conditions, "processCode eq null")
			}
			continue
		}
		if g == defectPeriod {
			q = q.within(r.start, addPeriods(c.grouping, r.start, 1))
		} else {
			conditions = append(conditions, g.String()+" eq '"+strings.ReplaceAll(text, "'", "''")+"'")
		}
		if g == defectSource {
			row.Source = report.Some(wats.DefectSource(text))
		} else {
			*textOf(&row, g) = report.Some(text)
		}
	}
	row.Count, row.UnitCount = r.count, len(r.units)
	row.Filter = q.filter(strings.Join(conditions, " and "))
	return row
}

// textOf returns the member of a row that a group fills with a text.
func textOf(row *wats.DefectStatisticsRow, g defectGroup) *report.Optional[string] {
	switch g {
	case defectCategory:
		return &row.Category
	case defectCode:
		return &row.Code
	case defectPart:
		return &row.PartNumber
	case defectRevision:
		return &row.Revision
	case defectStation:
		return &row.StationName
	case defectRepairStation:
		return &row.RepairStationName
	case defectComponent:
		return &row.ComponentRef
	default:
		return &row.Period
	}
}

// within restricts the dates to a period.
func (q DefectStatisticsQuery) within(start, end time.Time) DefectStatisticsQuery {
	if q.From.Before(start) {
		q.From = start
	}
	if q.To.IsZero() || end.Before(q.To) {
		q.To = end
	}
	return q
}

// filter returns q as a $filter of defects, with a further condition unless that is "".
func (q DefectStatisticsQuery) filter(condition string) string {
	all := []string{"date ge " + q.From.UTC().Format(time.RFC3339Nano)}
	if !q.To.IsZero() {
		all = append(all, "date lt "+q.To.UTC().Format(time.RFC3339Nano))
	}
	if condition != "" {
		all = append(all, condition)
	}
	if strings.TrimSpace(q.Filter) != "" {
		all = append(all, "("+q.Filter+")")
	}
	return strings.Join(all, " and ")
}
