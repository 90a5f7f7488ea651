package report_test

import (
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gowats/gowats/report"
)

func FuzzDecodeWSJF(f *testing.F) {
	for _, seed := range []string{
		`{"type":"T","id":"33a2d408-3fc8-480b-b554-6866c77fd91c","pn":"p","sn":"s","processCode":10,"result":"F","machineName":"m",
		 "start":"2026-01-30T22:01:41.4707353+01:00","startUTC":"2026-01-30T21:01:41.4707353Z","uut":{"user":"u","execTime":1.5},
		 "root":{"id":1,"group":"M","stepType":"SequenceCall","name":"r","status":"F","steps":[{"name":"a","numericMeas":[
		 {"compOp":"GELE","status":"P","unit":"V","value":NaN,"highLimit":5e2,"lowLimit":-1}],"loop":{"i":0}}],
		 "seqCall":{"path":"","name":"n","version":null},"chart":{"series":[{"xdata":"1;2","ydata":"3;4"}]},"attachment":{"data":"AAE="}}}`,
		`{"type":"R","uur":{"processCode":90,"refUUT":null,"active":true},"subUnits":[{"idx":0,"failures":[{"refStepId":0}]}]}`,
		`{"uur":5,"uur":{},"root":{"name":5,"name":"x","steps":[1]},"x":[Infinity],"x":"\ud800"}`,
		`{"start":"2026-01-30T22:01:41","additionalData":[{"props":[null,{"array":{"indexes":[null,{"indexes":[1,2]}]}}]}]}`,
	} {
		f.Add([]byte(seed))
	}
	if folder := os.Getenv("GOWATS_SAMPLES"); folder != "" {
		for _, data := range readSamples(f, folder) {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, _, err := report.DecodeWSJF(data)
		if err != nil {
			return
		}
		_ = r.Validate() // must not panic
		r.FailureCause()
		document := encode(r)
		if !json.Valid([]byte(document)) {
			t.Fatalf("%q is written as invalid JSON: %q", data, document)
		}
		again, _, err := report.DecodeWSJF([]byte(document))
		if err != nil {
			t.Fatalf("%q is written as %q, which does not read: %v", data, document, err)
		}
		wantSame(t, "report read back", again, r)
		if second := encode(again); second != document {
			t.Errorf("%q is written as %q, then as %q", data, document, second)
		}
	})
}

func FuzzParseTime(f *testing.F) {
	for _, seed := range []string{
		"2026-01-30T22:01:41.4707353+01:00", "2026-01-30 22:01Z", "2024-02-29T23:59:60,5-0330", "2026-01-30T22:01:41", "0000-01-01T00:00:00+18",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, naive, err := report.ParseTime(text, time.UTC)
		if want, oracle := time.Parse(time.RFC3339Nano, text); oracle == nil && inScope(text) && (err != nil || !got.Equal(want) || naive) {
			t.Errorf("ParseTime(%q) = %v, %t, %v; package time reads %v", text, got, naive, err, want)
		}
		if err != nil {
			return
		}
		again, _, err := report.ParseTime(got.Format("2006-01-02T15:04:05.999999999Z07:00"), time.UTC)
		if year := got.Year(); err != nil && year < 10000 || err == nil && !again.Equal(got) {
			t.Errorf("ParseTime(%q) = %v, written and read again %v, %v", text, got, again, err)
		}
	})
}

// inScope reports whether text has what ParseTime promises: nine fraction digits and an offset of 18 hours at most.
func inScope(text string) bool {
	_, fraction, _ := strings.Cut(text, ".")
	digits := len(fraction) - len(strings.TrimLeft(fraction, "0123456789"))
	if digits > 9 {
		return false
	}
	at := strings.LastIndexAny(text, "+-")
	if at < 19 || at+3 > len(text) {
		return true
	}
	hours, err := strconv.Atoi(text[at+1 : at+3])
	return err == nil && hours <= 18
}

func FuzzParseNumber(f *testing.F) {
	for _, seed := range []string{
		"0", "-0.0", "500.0", "0.12345678901234567890123", "1e400", "9007199254740993", "1,5", "NaN", "-INF", "0.30000000000000004", "1E-05", "007", "1e", "0x1p-2",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n := report.ParseNumber(text)
		if n.Present() != (text != "") {
			t.Fatalf("ParseNumber(%q) is present: %t", text, n.Present())
		}
		if !report.ParseNumber(n.String()).Equal(n) {
			t.Errorf("ParseNumber(%q) = %v, which reads back as %v", text, n, report.ParseNumber(n.String()))
		}
		if !json.Valid([]byte(text)) || strings.TrimSpace(text) != text || strings.Trim(text, "+-.0123456789eE") != "" {
			return
		}
		want, err := strconv.ParseFloat(text, 64)
		if n.Float() != want || !n.IsNumeric() {
			t.Errorf("ParseNumber(%q) = %v, numeric %t; strconv reads %v, %v", text, n, n.IsNumeric(), want, err)
		}
		r, _ := decode(t, `{"type":"T","uut":{"execTime":`+text+`}}`)
		if got := r.Test.ExecTime; !got.Equal(n) || got.Float() != want {
			t.Errorf("%s is read as %v, ParseNumber gives %v", text, got, n)
		}
	})
}
