package report_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"time"

	"github.com/gowats/gowats/report"
)

// generator makes reports with any value in any field. It goes over the fields by reflection, so that a new one is not forgotten.
type generator struct {
	*rand.Rand
}

func (g generator) report() *report.Report {
	r := new(report.Report)
	g.fill(reflect.ValueOf(r).Elem(), 0)
	if g.IntN(3) == 0 {
		r.Test, r.Repair = nil, new(report.Repair)
		g.fill(reflect.ValueOf(r.Repair).Elem(), 1)
	} else {
		r.Test, r.Repair = new(report.Test), nil
		g.fill(reflect.ValueOf(r.Test).Elem(), 1)
	}
	return r
}

// fill sets v to some value of its type. With growing depth there are fewer lists and objects.
func (g generator) fill(v reflect.Value, depth int) {
	switch v.Interface().(type) {
	case report.ID:
		v.Set(reflect.ValueOf(g.id()))
	case report.Status:
		v.Set(reflect.ValueOf(pick(g, []report.Status{
			0, report.Passed, report.Failed, report.Skipped, report.Done, report.Error, report.Terminated, report.Unknown,
		})))
	case report.Group:
		v.Set(reflect.ValueOf(pick(g, []report.Group{0, report.Setup, report.Main, report.Cleanup})))
	case report.CompOp:
		v.Set(reflect.ValueOf(report.CompOp(g.IntN(int(report.IGNORECASE) + 1))))
	case report.Number:
		v.Set(reflect.ValueOf(g.number()))
	case report.Time:
		v.Set(reflect.ValueOf(report.TimeText(g.timeText())))
	case time.Time:
		v.Set(reflect.ValueOf(g.start()))
	case report.Optional[int]:
		v.Set(reflect.ValueOf(pick(g, []report.Optional[int]{{}, report.Some(0), report.Some(-1), report.Some(int(int32(g.Uint32())))})))
	case report.Optional[bool]:
		v.Set(reflect.ValueOf(pick(g, []report.Optional[bool]{{}, report.Some(true), report.Some(false)})))
	case []report.Member:
		v.Set(reflect.ValueOf(g.members()))
	case []byte:
		if n := g.IntN(5); n > 0 {
			v.SetBytes([]byte("\x00\xff\x10data")[:n])
		}
	case string:
		v.SetString(g.text())
	case int:
		v.SetInt(int64(int32(g.Uint32())))
	default:
		g.fillParts(v, depth)
	}
}

func (g generator) fillParts(v reflect.Value, depth int) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			g.fill(v.Field(i), depth)
		}
	case reflect.Pointer:
		if depth <= 1 || g.IntN(depth+1) == 0 {
			v.Set(reflect.New(v.Type().Elem()))
			g.fill(v.Elem(), depth+1)
		}
	case reflect.Slice:
		n := g.IntN(5) - depth/2
		if n < 0 {
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			g.fillElement(v.Index(i), depth+1)
		}
	default:
		panic("no values for " + v.Type().String())
	}
}

// fillElement sets an element of a list: all elements may be nil but for steps, where null is a violation.
func (g generator) fillElement(v reflect.Value, depth int) {
	_, isStep := v.Interface().(*report.Step)
	if v.Kind() == reflect.Pointer && (isStep || g.IntN(4) > 0) {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	if v.Kind() != reflect.Pointer {
		g.fill(v, depth)
	}
}

func pick[T any](g generator, from []T) T { return from[g.IntN(len(from))] }

func (g generator) id() (id report.ID) {
	if g.IntN(4) > 0 {
		for i := range id {
			id[i] = byte(g.Uint32())
		}
	}
	return id
}

func (g generator) text() string {
	return pick(g, []string{
		"", "", "a", "Numeric tests", "Ω ± µV", "日本語", "🙂", `quote " and \ backslash`, "line\nfeed\ttab\x00\x1f", "\u2028\u2029", "<&>", " x ",
		"{", "[", ",", fmt.Sprint(g.Uint64()),
	})
}

func (g generator) number() report.Number {
	switch g.IntN(6) {
	case 0:
		return report.Number{}
	case 1:
		return report.Num(pick(g, []float64{
			0, 1, -1, 500, 0.1, 1e15, 1e21, 1e-6, 1e-7, math.Pi, math.MaxFloat64, math.SmallestNonzeroFloat64,
			math.NaN(), math.Inf(1), math.Inf(-1),
		}))
	case 2:
		return report.ParseNumber(pick(g, []string{
			"0.12345678901234567890123", "1e400", "9007199254740993", "1,5", "n/a", "-0", "0.1000000000000000055511151231257827", "5.", "+5", `"`,
		}))
	case 3:
		return report.Num(float64(g.IntN(2000)) / 8)
	}
	return report.Num(math.Float64frombits(g.Uint64()))
}

func (g generator) timeText() string {
	return pick(g, []string{
		"", "2024-04-15T02:49:36.93+00:00", "2024-04-15T02:49:36", "2024-04-15 02:49:36.1234567Z", "1999-12-31T23:59:59.123456789-11:30",
	})
}

func (g generator) start() time.Time {
	if g.IntN(10) == 0 {
		return time.Time{}
	}
	t := time.Unix(g.Int64N(9e9), g.Int64N(1e9))
	if offset := g.IntN(100) - 50; offset != 0 {
		return t.In(time.FixedZone("", offset*15*60))
	}
	return t.UTC()
}

func (g generator) members() []report.Member {
	var members []report.Member
	for i := range max(0, g.IntN(4)-1) {
		members = append(members, report.Member{
			Name: fmt.Sprintf("x%d %s", i, g.text()),
			Value: json.RawMessage(pick(g, []string{
				`null`, `1.50`, `"\ud83d\ude42"`, `{"a": [1, 2, {}], "b":null}`, `[]`, `true`, `"NaN"`, `1e999`,
			})),
		})
	}
	return members
}
