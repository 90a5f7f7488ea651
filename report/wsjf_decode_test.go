package report_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gowats/gowats/report"
)

func TestSyntaxErrorsSayWhereAndWhat(t *testing.T) {
	for _, tt := range []struct {
		name, document string
		offset         int
		line, column   int
		reason         string
	}{
		{"an empty document", "", 0, 1, 1, `ends where "{" is expected`},
		{"a list", "[]", 0, 1, 1, `'[' where "{" is expected`},
		{"a lone word", " null", 1, 1, 2, `'n' where "{" is expected`},
		{"data after the report", "{}\n {}", 4, 2, 2, "more text after the end"},
		{"a document cut in an object", `{"sn":"1"`, 9, 1, 10, `ends where "," or "}" is expected`},
		{"a document cut in a text", `{"sn":"1`, 8, 1, 9, "ends within a text"},
		{"a document cut after a comma", `{"sn":"1",`, 10, 1, 11, "ends where a value is expected"},
		{"a document cut after a name", `{"sn"`, 5, 1, 6, `ends where ":" is expected`},
		{"a document cut after a colon", `{"sn": `, 7, 1, 8, "ends where a value is expected"},
		{"a name without quotes", `{sn:1}`, 1, 1, 2, "name of a member in quotes"},
		{"a comma too many in an object", "{\"sn\":\"1\",\n}", 11, 2, 1, "name of a member in quotes"},
		{"a comma too many in a list", `{"subUnits":[{},]}`, 16, 1, 17, "']' where a value is expected"},
		{"a missing comma", `{"sn":"1" "pn":"2"}`, 10, 1, 11, `'"' where "," or "}" is expected`},
		{"an unknown word", `{"x":nul}`, 5, 1, 6, "'n' where a value is expected"},
		{"a leading zero", `{"x":01}`, 5, 1, 6, "'0' where a value is expected"},
		{"a point without digits", `{"root":{"totTime":1.}}`, 19, 1, 20, "'1' where a value is expected"},
		{"an exponent without digits", `{"x":1e}`, 5, 1, 6, "'1' where a value is expected"},
		{"a control character in a text", "{\"sn\":\"a\x01\"}", 8, 1, 9, "control character U+0001"},
		{"a line feed in a text", "{\"sn\":\"a\n\"}", 8, 1, 9, "control character U+000A"},
		{"a bad escape", `{"sn":"\x"}`, 7, 1, 8, "a backslash that starts no escape"},
		{"a cut code unit", `{"sn":"\u12"}`, 7, 1, 8, "a backslash that starts no escape"},
		{"invalid UTF-8", "{\"sn\":\"é\xff\"}", 9, 1, 10, "byte 0xFF is not UTF-8"},
		{"invalid UTF-8 in an unknown member", "{\"x\":\"\xc3\"}", 6, 1, 7, "byte 0xC3 is not UTF-8"},
		{"a character outside of texts", `{"sn":é}`, 6, 1, 7, "'é' where a value is expected"},
		{"deep lists", `{"x":` + strings.Repeat("[", 300), 260, 1, 261, "nest deeper than 256"},
		{"deep steps", `{"root":` + strings.Repeat(`{"steps":[`, 300), 1287, 1, 1288, "nest deeper than 256"},
		{"millions of empty steps", `{"root":{"steps":[` + strings.Repeat("{},", 1e6) + `{}]}}`, -1, 1, -1, "too many empty or malformed members"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, findings, err := report.DecodeWSJF([]byte(tt.document))
			var got *report.SyntaxError
			if !errors.As(err, &got) || r != nil || findings != nil {
				t.Fatalf("DecodeWSJF = %v, %v, %v; want a syntax error alone", r, findings, err)
			}
			if !strings.Contains(got.Reason, tt.reason) {
				t.Errorf("reason is %q, want %q in it", got.Reason, tt.reason)
			}
			if tt.offset >= 0 && (got.Offset != tt.offset || got.Line != tt.line || got.Column != tt.column) {
				t.Errorf("offset, line, column are %d, %d, %d, want %d, %d, %d", got.Offset, got.Line, got.Column, tt.offset, tt.line, tt.column)
			}
		})
	}
}

func TestByteOrderMarkAndWhiteSpaceAreSkipped(t *testing.T) {
	r, findings := decode(t, "\ufeff \r\n\t{ \"type\" : \"T\" , \"sn\" : \"1\" , \"uut\" : { } } \n")
	if r.SerialNumber != "1" || len(findings) > 0 {
		t.Errorf("DecodeWSJF = %+v, %v", r, findings)
	}
}

// lines gives findings in a short form, one per line.
func lines(findings report.Findings) string {
	var b strings.Builder
	for _, f := range findings {
		kind := "violation"
		if f.Severity == report.Warning {
			kind = "warning"
		}
		fmt.Fprintf(&b, "%s %s %s\n", kind, f.Rule, f.Path)
	}
	return b.String()
}

func TestMembersThatDoNotFitAreFindingsAndAreKept(t *testing.T) {
	const frame = `{"type":"T","uut":{%s},"root":{"name":"root","steps":[{"name":"a"},{%s}]}%s}`
	for _, tt := range []struct {
		name            string
		uut, step, head string
		want            string // the finding
		says            string // part of its message
	}{
		{"a number for a text", "", "", `,"sn":12345`, "violation type $.sn", "sn is 12345; a text is expected"},
		{"an object for a text", "", "", `,"sn":{"a":1}`, "violation type $.sn", "sn is an object; a text is expected"},
		{"a list for a number", "", `"totTime":[1]`, "", "violation type $.root.steps[1].totTime", "a list; a number is expected"},
		{"a truth value for a number", "", `"totTime":true`, "", "violation type $.root.steps[1].totTime", "true; a number is expected"},
		{"a fraction for a whole number", `"errorCode":1.5`, "", "", "violation type $.uut.errorCode", "1.5; a whole number is expected"},
		{"a fraction below float64 precision", `"errorCode":1.00000000000000000001`, "", "", "violation type $.uut.errorCode", "whole number"},
		{"a text for a whole number", `"errorCode":"none"`, "", "", "violation type $.uut.errorCode", `"none"; a whole number is expected`},
		{"a whole number beyond 32 bits", `"errorCode":2147483648`, "", "", "violation range $.uut.errorCode", "outside -2147483648 to 2147483647"},
		{"a whole number beyond 64 bits", `"errorCode":"1e30"`, "", "", "violation range $.uut.errorCode", "outside"},
		{"infinity for a whole number", `"errorCode":-Infinity`, "", "", "violation range $.uut.errorCode", "outside"},
		{"NaN for a whole number", `"errorCode":NaN`, "", "", "violation type $.uut.errorCode", "NaN; a whole number"},
		{"a text for a truth value", "", `"causedSeqFailure":"yes"`, "", "violation type $.root.steps[1].causedSeqFailure", "true or false is expected"},
		{"an unknown status", "", `"status":"X"`, "", "violation enum $.root.steps[1].status", `status is "X"; allowed are P, F, S, D, E, T and U`},
		{"a number for a status", "", `"status":1`, "", "violation type $.root.steps[1].status", "a word is expected"},
		{"an unknown group", "", `"group":"Q"`, "", "violation enum $.root.steps[1].group", "allowed are S, M and C"},
		{"an unknown operator", "", `"numericMeas":[{"compOp":"GELEX"}]`, "", "violation enum $.root.steps[1].numericMeas[0].compOp", "GE, LT, LE, EQT, GELE"},
		{"an unknown type", "", "", `,"type":"UUT"`, "violation duplicate $.type\nviolation enum $.type", "last one counts"},
		{"no GUID", "", "", `,"id":"1234"`, "violation guid $.id", `"1234"; a GUID such as`},
		{"bad base64", "", `"attachment":{"name":"f","data":"=="}`, "", "violation base64 $.root.steps[1].attachment.data", "is not base64"},
		{"a bad date", "", `"start":"yesterday"`, "", "violation date-time $.root.steps[1].start", `"yesterday" is not a date-time`},
		{"a day that is none", "", "", `,"start":"2025-02-29T00:00:00Z"`, "violation date-time $.start", "is not a date-time"},
		{"a start before 1970", "", "", `,"start":"0001-01-01T00:00:00Z"`, "violation range $.start", "1970 to 2261"},
		{"a start after 2261", "", "", `,"startUTC":"2262-01-01T00:00:00Z"`, "violation range $.startUTC", "1970 to 2261"},
		{"a list for an object", "", `"loop":[]`, "", "violation type $.root.steps[1].loop", "a list; an object is expected"},
		{"an object for a list", "", `"steps":{}`, "", "violation type $.root.steps[1].steps", "an object; a list is expected"},
		{"a list of texts for one of objects", "", `"steps":[{"name":"b"},"x",3]`, "",
			"violation type $.root.steps[1].steps[1]\nviolation type $.root.steps[1].steps[2]", `the element is "x"; an object is expected`},
		{"a list of texts for one of numbers", "", `"additionalResults":[{"name":"n","props":[{"name":"p","type":"Array","array":{"indexes":[{"text":"0","indexes":[1,"2"]}]}}]}]`, "",
			"violation type $.root.steps[1].additionalResults[0].props[0].array.indexes[0].indexes", "a list of whole numbers"},
		{"a repair in a test", "", "", `,"uur":{"user":"u"}`, "violation unexpected $.uur", "does not belong"},
		{"a long value is cut in the message", "", "", `,"id":"` + strings.Repeat("é", 50) + `"`, "violation guid $.id", "éé…;"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			document := fmt.Sprintf(frame, tt.uut, tt.step, tt.head)
			r, findings := decode(t, document)
			if got := strings.TrimSpace(lines(findings)); got != tt.want {
				t.Fatalf("findings are\n%s, want\n%s", got, tt.want)
			}
			if !strings.Contains(findings[0].Message, tt.says) {
				t.Errorf("message is %q, want %q in it", findings[0].Message, tt.says)
			}
			written := encode(r)
			for _, member := range []string{tt.uut, tt.step, tt.head} {
				if raw := strings.Trim(strings.ReplaceAll(strings.ReplaceAll(member, "-Infinity", `"-Infinity"`), ":NaN", `:"NaN"`), ","); !strings.Contains(written, raw) {
					t.Errorf("%s is not in what is written:\n%s", raw, written)
				}
			}
			again, _ := decode(t, written)
			wantSame(t, "report read back", again, r)
		})
	}
}

func TestNullElementsAreLeftOutWithAFinding(t *testing.T) {
	r, findings := decode(t, `{"type":"T","uut":{},"root":{"name":"r","steps":[null,{"name":"a"}]}}`)
	if got, want := lines(findings), "violation type $.root.steps[0]\n"; got != want {
		t.Errorf("findings are %s, want %s", got, want)
	}
	if len(r.Test.Root.Steps) != 1 || r.Test.Root.Steps[0].Name != "a" {
		t.Errorf("steps are %v, want the one that is no null", r.Test.Root.Steps)
	}
}

func TestTypeDecidesBetweenTestAndRepair(t *testing.T) {
	for _, tt := range []struct {
		name, document string
		repair         bool
		findings       string
		extra          string
	}{
		{"T with uut and root", `{"type":"T","root":{},"uut":{}}`, false, "", ""},
		{"small letters", `{"type":"r","uur":{}}`, true, "", ""},
		{"R with uur", `{"uur":{},"type":"R"}`, true, "", ""},
		{"no type and uur", `{"uur":{}}`, true, "violation required $.type\n", ""},
		{"no type and no uur", `{"uut":{}}`, false, "violation required $.type\n", ""},
		{"a type that is none, and uur", `{"type":7,"uur":{}}`, true, "violation type $.type\n", "type"},
		{"T without uut", `{"type":"T"}`, false, "warning required $.uut\n", ""},
		{"R without uur", `{"type":"R"}`, true, "violation required $.uur\n", ""},
		{"T with uur", `{"type":"T","uut":{},"uur":{}}`, false, "violation unexpected $.uur\n", "uur"},
		{"R with root and uut", `{"type":"R","uur":{},"uut":{},"root":{}}`, true, "violation unexpected $.uut\nviolation unexpected $.root\n", "uut root"},
		{"uut of a wrong type", `{"type":"T","uut":5}`, false, "violation type $.uut\n", "uut"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, findings := decode(t, tt.document)
			if r.IsRepair() != tt.repair || (r.Test == nil) != tt.repair {
				t.Errorf("Test is %v and Repair %v, want repair %t", r.Test, r.Repair, tt.repair)
			}
			if got := lines(findings); got != tt.findings {
				t.Errorf("findings are\n%swant\n%s", got, tt.findings)
			}
			var extra []string
			for _, m := range r.Extra {
				extra = append(extra, m.Name)
			}
			if got := strings.Join(extra, " "); got != tt.extra {
				t.Errorf("Extra has %q, want %q", got, tt.extra)
			}
			again, _ := decode(t, encode(r))
			wantSame(t, "report read back", again, r)
		})
	}
}

func TestStartIsTheInstantOfUTCAtTheOffsetOfStart(t *testing.T) {
	for _, tt := range []struct{ name, start, utc, want, findings string }{
		{"both agree", "2026-01-30T22:01:41.4707353+01:00", "2026-01-30T21:01:41.4707353Z", "2026-01-30T22:01:41.4707353+01:00", ""},
		{"nine fraction digits", "2026-01-30T22:01:41.123456789-03:30", "", "2026-01-30T22:01:41.123456789-03:30", ""},
		{"UTC alone", "", "2026-01-30T21:01:41Z", "2026-01-30T21:01:41Z", ""},
		{"start alone", "2026-01-30T22:01:41+01:00", "", "2026-01-30T22:01:41+01:00", ""},
		{"naive start alone", "2026-01-30T22:01:41", "", "2026-01-30T22:01:41Z", "warning offset $.start\n"},
		{"naive start and UTC", "2026-01-31T02:46:41", "2026-01-30T21:01:41Z", "2026-01-31T02:46:41+05:45", ""},
		{"naive start and UTC, some minutes off", "2026-01-30T22:03:41", "2026-01-30T21:01:41Z", "2026-01-30T22:01:41+01:00", "warning offset $.start\n"},
		{"naive start on another day", "2026-01-10T22:01:41", "2026-01-30T21:01:41Z", "2026-01-30T21:01:41Z", "warning offset $.start\n"},
		{"a second apart", "2026-01-30T22:01:42+01:00", "2026-01-30T21:01:41Z", "2026-01-30T22:01:41+01:00", ""},
		{"two seconds apart", "2026-01-30T22:01:43+01:00", "2026-01-30T21:01:41Z", "2026-01-30T22:01:41+01:00", "warning offset $.start\n"},
		{"neither", "", "", "0001-01-01T00:00:00Z", ""},
		{"UTC written with another offset", "", "2026-01-30T23:01:41+02:00", "2026-01-30T21:01:41Z", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, findings := decode(t, fmt.Sprintf(`{"startUTC":%q,"start":%q,"type":"T","uut":{}}`, tt.utc, tt.start))
			if got := r.Start.Format(time.RFC3339Nano); got != tt.want {
				t.Errorf("Start is %s, want %s", got, tt.want)
			}
			if got := lines(findings); got != tt.findings {
				t.Errorf("findings are %s, want %s", got, tt.findings)
			}
			again, _ := decode(t, encode(r))
			wantSame(t, "report read back", again, r)
		})
	}
}

func TestOffsetsAreWrittenToTheMinute(t *testing.T) {
	r := &report.Report{Test: &report.Test{}, Start: time.Date(1995, 1, 1, 0, 0, 0, 0, time.FixedZone("LMT", 53*60+28))}
	again, findings := decode(t, encode(r))
	if !again.Start.Equal(r.Start) || len(findings) > 0 {
		t.Errorf("%s reads back as %s with %v", r.Start, again.Start, findings)
	}
}

func TestBothSpellingsAreRead(t *testing.T) {
	a, findings := decode(t, `{"type":"T","uut":{"referencedByUURs":[{"id":"1"}]},"assets":[{"sn":"A"}],"assetStats":[{"sn":"B","totalCount":1}],
		"root":{"status":"Passed","group":"main","loop":{"idx":1,"num":"2"},"stringMeas":[{"compOp":"IgnoreCase","status":"ng"}],
		"errorCode":5.0,"steps":[]},"id":"33A2D408-3FC8-480B-B554-6866C77FD91C"}`)
	b, more := decode(t, `{"type":"T","uut":{"refUURs":[{"id":"1"}]},"assets":[{"assetSN":"A"}],"assetStats":[{"assetSN":"B","totalCount":1}],
		"root":{"status":"P","group":"M","loop":{"i":1,"n":2,"num":null,"idx":null},"stringMeas":[{"compOp":"IGNORECASE","status":"F"}],
		"errorCode":"5","steps":[]},"id":"{33a2d408-3fc8-480b-b554-6866c77fd91c}"}`)
	if findings = append(findings, more...); len(findings) > 0 {
		t.Errorf("findings are %v, want none", findings)
	}
	wantSame(t, "the other spelling", b, a)
	if l := a.Test.Root.Loop; l.Index.Value != 1 || l.Count.Value != 2 || a.Assets[0].SerialNumber != "A" {
		t.Errorf("loop is %+v and asset %+v", l, a.Assets[0])
	}
}

func TestNullEmptyAndMissingTextsAreTheSame(t *testing.T) {
	a, _ := decode(t, `{"type":"T","uut":{"comment":null,"errorCode":null},"root":{"name":null,"loop":null,"steps":null,"totTime":null,"start":null}}`)
	b, _ := decode(t, `{"type":"T","uut":{"comment":""},"root":{"name":"","totTime":"","errorCode":"","start":"","group":"","status":""}}`)
	c, _ := decode(t, `{"type":"T","uut":{},"root":{}}`)
	wantSame(t, "null", a, c)
	wantSame(t, "empty", b, c)
}

func TestEmptyListsStayApartFromMissingOnes(t *testing.T) {
	r, _ := decode(t, `{"type":"T","uut":{},"miscInfos":[],"root":{"steps":[],"numericMeas":[]}}`)
	root := r.Test.Root
	if r.MiscInfos == nil || r.SubUnits != nil || root.Steps == nil || root.Numeric == nil || root.Strings != nil {
		t.Errorf("lists are %#v, %#v, %#v, %#v, %#v", r.MiscInfos, r.SubUnits, root.Steps, root.Numeric, root.Strings)
	}
}

func TestOfRepeatedMembersTheLastOneCounts(t *testing.T) {
	for _, tt := range []struct {
		name, members string
		wantName      string
		extra         string
		duplicates    int
	}{
		{"two texts", `"name":"a","name":"b"`, "b", "", 1},
		{"the last one does not fit", `"name":"a","name":5`, "", "name=5", 1},
		{"the first one does not fit", `"name":5,"name":"b"`, "b", "", 1},
		{"null does not count", `"name":"a","name":null`, "a", "", 0},
		{"unknown members", `"x":1,"y":2,"x":3`, "", "y=2 x=3", 1},
		{"a name written with an escape", `"name":"a","\u006eame":"b"`, "b", "", 1},
		{"three times", `"name":"a","name":[],"name":"c"`, "c", "", 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, findings := decode(t, `{"type":"T","uut":{},"root":{`+tt.members+`}}`)
			duplicates := 0
			for _, f := range findings {
				if f.Rule == "duplicate" {
					duplicates++
				}
			}
			var extra []string
			for _, m := range r.Test.Root.Extra {
				extra = append(extra, m.Name+"="+string(m.Value))
			}
			if got := strings.Join(extra, " "); r.Test.Root.Name != tt.wantName || got != tt.extra || duplicates != tt.duplicates {
				t.Errorf("name is %q, extra %q, %d duplicates; want %q, %q, %d", r.Test.Root.Name, got, duplicates, tt.wantName, tt.extra, tt.duplicates)
			}
		})
	}
}

func TestTwoSpellingsOfOneMemberAreARepetition(t *testing.T) {
	r, findings := decode(t, `{"type":"T","uut":{},"root":{"loop":{"idx":1,"i":2}}}`)
	if got, want := lines(findings), "violation duplicate $.root.loop.i\n"; got != want || r.Test.Root.Loop.Index.Value != 2 {
		t.Errorf("findings are %s, want %s; index is %v, want 2", got, want, r.Test.Root.Loop.Index)
	}
}

func TestManyMembersAreStillComparedAndFindingsAreCapped(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{"type":"T","uut":{`)
	for i := range 5000 {
		fmt.Fprintf(&b, `"x%d":%d,`, i%2500, i)
	}
	b.WriteString(`"user":"u"}}`)
	r, findings := decode(t, b.String())
	if len(r.Test.Extra) != 2500 || string(r.Test.Extra[0].Value) != "2500" {
		t.Errorf("%d members are kept, the first is %s; want 2500 and 2500", len(r.Test.Extra), r.Test.Extra[0].Value)
	}
	last := findings[len(findings)-1]
	if len(findings) != 1001 || last.Message != "1500 more findings are not listed" {
		t.Errorf("%d findings, the last is %q", len(findings), last.Message)
	}
}

func TestUnknownMembersSurviveAtEveryLevel(t *testing.T) {
	const x = `"x":{"deep": [1, null, "\u00e9"]},"y":null`
	document := strings.ReplaceAll(`{"type":"T",X,"uut":{X,"referencedByUURs":[{X}]},"miscInfos":[{X}],"subUnits":[{X,"failures":[{X}]}],
		"assets":[{X}],"assetStats":[{X}],"binaryData":[{X}],"additionalData":[{X,"props":[{X,"array":{X,"indexes":[{X,"value":{X}}]}}]}],
		"root":{X,"loop":{X},"seqCall":{X},"steps":[{X}],"numericMeas":[{X}],"stringMeas":[{X}],"booleanMeas":[{X}],"chart":{X,"series":[{X}]},
		"attachment":{X},"messagePopup":{X},"callExe":{X},"additionalResults":[{X}]}}`, "X", x)
	r, findings := decode(t, document)
	if len(findings) > 0 {
		t.Errorf("findings are %v, want none", findings)
	}
	if got, want := strings.Count(encode(r), x), strings.Count(document, x); got != want {
		t.Errorf("%d of %d unknown members are written:\n%s", got, want, encode(r))
	}
	repair, _ := decode(t, `{"type":"R","uur":{`+x+`}}`)
	if got := encode(repair); !strings.Contains(got, x) {
		t.Errorf("%s lacks %s", got, x)
	}
}

func TestBareWordsInUnknownMembersBecomeTexts(t *testing.T) {
	r, _ := decode(t, `{"type":"T","uut":{},"x":[NaN, {"a":-Infinity}],"y":Infinity}`)
	want := []report.Member{{Name: "x", Value: []byte(`["NaN", {"a":"-Infinity"}]`)}, {Name: "y", Value: []byte(`"Infinity"`)}}
	if !reflect.DeepEqual(r.Extra, want) {
		t.Errorf("Extra is %s, want %s", r.Extra, want)
	}
}

func TestBareWordsForTextsAreTakenAsTexts(t *testing.T) {
	r, findings := decode(t, `{"type":"T","uut":{},"sn":NaN,"result":NaN}`)
	if got, want := lines(findings), "warning type $.sn\nwarning type $.result\nviolation enum $.result\n"; r.SerialNumber != "NaN" || got != want {
		t.Errorf("serial number is %q with the findings\n%swant NaN and\n%s", r.SerialNumber, got, want)
	}
	again, _ := decode(t, encode(r))
	wantSame(t, "report read back", again, r)
}

func TestHalfASurrogatePairIsReplaced(t *testing.T) {
	r, findings := decode(t, `{"type":"T","uut":{},"sn":"a\ud800b","pn":"\ud83d\ude42","rev":"\udc00\ud800","x":"\ud800"}`)
	if r.SerialNumber != "a\ufffdb" || r.PartNumber != "🙂" || r.Revision != "\ufffd\ufffd" {
		t.Errorf("texts are %q, %q, %q", r.SerialNumber, r.PartNumber, r.Revision)
	}
	if got, want := lines(findings), "warning characters $.sn\nwarning characters $.rev\n"; got != want {
		t.Errorf("findings are %s, want %s", got, want)
	}
}

func TestEscapesAreResolved(t *testing.T) {
	r, _ := decode(t, `{"type":"T","uut":{},"sn":"\"\\\/\b\f\n\r\t\u0041\u00e9"}`)
	if want := "\"\\/\b\f\n\r\tAé"; r.SerialNumber != want {
		t.Errorf("text is %q, want %q", r.SerialNumber, want)
	}
	again, _ := decode(t, encode(r))
	wantSame(t, "report read back", again, r)
}

func TestUnusualNamesAreQuotedInPaths(t *testing.T) {
	_, findings := decode(t, `{"type":"T","uut":{},"a b":1,"a b":2}`)
	if len(findings) != 1 || findings[0].Path != `$["a b"]` {
		t.Errorf("findings are %+v", findings)
	}
}

func TestTheReportDoesNotSeeLaterChangesOfItsInput(t *testing.T) {
	data := []byte(`{"type":"T","uut":{},"sn":"1234","x":"abcd"}`)
	r, _, err := report.DecodeWSJF(data)
	if err != nil {
		t.Fatal(err)
	}
	clear(data)
	if r.SerialNumber != "1234" || string(r.Extra[0].Value) != `"abcd"` {
		t.Errorf("serial number is %q, extra %s", r.SerialNumber, r.Extra[0].Value)
	}
}
