package wats

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gowats/gowats/report"
)

// usualHeader is a header as servers write it.
const usualHeader = `{"uuid":"6f9619ff-8b86-4011-b42d-00c04fc964ff","serialNumber":"SN-1042","partNumber":"PCBA-1042","revision":"B","batchNumber":"WO-118203",
	"reportType":"T","stationName":"ICT-07","location":"Tromsø","purpose":"Production","processCode":31,"processName":"In-circuit test","result":"Passed",
	"startUtc":"2026-11-23T13:05:06.1234567Z","operator":"kari","comment":"a \"note\"","swFilename":"ict_main.seq","swVersion":"1.6.0","executionTime":48.9191064,
	"testSocketIndex":2,"fixtureId":"FIX-ICT-3","errorCode":null,"errorMessage":null,"causedUutFailure":null,"causedUutFailurePath":"a¶b","run":1,"passedInRun":1,
	"receiveCount":1,"reportSize":7,"referencedUut":null,"testOperation":"ICT","rootNodes":[{"sn":"]"}]}`

func TestAUsualHeaderIsScanned(t *testing.T) {
	var scanned, unmarshaled ReportHeader
	if !scanned.scan(usualHeader) {
		t.Error("scan leaves a usual header to encoding/json")
	}
	if err := unmarshaled.unmarshal([]byte(usualHeader)); err != nil || !reflect.DeepEqual(scanned, unmarshaled) {
		t.Errorf("scan read\n%+v, encoding/json\n%+v, %v", scanned, unmarshaled, err)
	}
	if scanned.Location != "Tromsø" || scanned.Comment != `a "note"` || scanned.CausedUUTFailurePath != "a¶b" || scanned.ErrorCode.Present ||
		scanned.ExecutionTime != report.Some(48.9191064) || !scanned.StartUTC.Equal(time.Date(2026, 11, 23, 13, 5, 6, 123456700, time.UTC)) {
		t.Errorf("scan read %+v", scanned)
	}
}

// TestEveryMemberOfAHeaderIsScanned fails when a field is added to ReportHeader and not to scan.
func TestEveryMemberOfAHeaderIsScanned(t *testing.T) {
	values := map[reflect.Type]string{
		reflect.TypeFor[string](): `"text"`, reflect.TypeFor[int](): `7`, reflect.TypeFor[report.ID](): `"6f9619ff-8b86-4011-b42d-00c04fc964ff"`,
		reflect.TypeFor[report.Status](): `"Failed"`, reflect.TypeFor[time.Time](): `"2026-11-23T13:05:06Z"`,
		reflect.TypeFor[report.Optional[int]](): `7`, reflect.TypeFor[report.Optional[float64]](): `7.5`,
	}
	for field := range reflect.TypeFor[ReportHeader]().Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		var h ReportHeader
		if field.Type.Kind() == reflect.Slice {
			for _, list := range []string{name, "uur" + strings.ToUpper(name[:1]) + name[1:]} {
				if h.scan(`{"` + list + `":[]}`) {
					t.Errorf("scan does not leave %s to encoding/json", list)
				}
			}
			continue
		}
		if !h.scan(`{"`+name+`":`+values[field.Type]+`}`) || reflect.ValueOf(h).FieldByIndex(field.Index).IsZero() {
			t.Errorf("scan does not read %s into %s", name, field.Name)
		}
	}
}

func FuzzReportHeader(f *testing.F) {
	for _, seed := range []string{
		usualHeader, `{}`, ` { "run" : 1 , "run" : null } `, `{"Run":2}`, `{"r\u0075n":3}`, `{"run":1.0}`, `{"run":-1}`, `{"run":01}`, `{"executionTime":1e3}`,
		`{"executionTime":01.5}`, `{"startUtc":""}`, `{"startUtc":null}`, `{"startUtc":"2026-11-23T14:05:06+01:00","startUtc":""}`, `{"startUtc":"soon"}`,
		`{"uuid":""}`, `{"uuid":5}`, `{"uuid":"{6F9619FF-8B86-4011-B42D-00C04FC964FF}"}`, `{"result":"odd","x":{"a":[1,2,{}]}}`, `{"x":tru}`, `{"x":1}y`,
		`{"comment":"\ud83d\ude00 \ud800"}`, "{\"comment\":\"\xff\"}", `{"comment":5}`, `null`, `[]`, `"`, `{"subUnits":[{"serialNumber":"1"}],"uurSubUnits":[]}`, `{"uurMiscInfo":null}`, `{"processCode":99999999999999999999}`, `{"a":1,}`, `{,}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var got, want ReportHeader
		gotErr, wantErr := got.UnmarshalJSON(data), want.unmarshal(data)
		if !reflect.DeepEqual(got, want) || (gotErr == nil) != (wantErr == nil) {
			t.Errorf("%q read as\n%+v, %v, by encoding/json as\n%+v, %v", data, got, gotErr, want, wantErr)
		}
	})
}

func FuzzElements(f *testing.F) {
	for _, seed := range []string{
		`[]`, ` [ 1 , "a,]" , {"b":[1,{}]} ] `, `[1,]`, `[,1]`, `[1 2]`, `[1`, `[`, ``, `{}`, `[]]`, `[{]`, `["a\"]`, `["a\\"]`, `[1,,2]`, `[[],{}]`, `[1:2]`, `["a""b"]`, `[null]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var want []json.RawMessage
		wantErr := json.Unmarshal(data, &want)
		if wantErr == nil && want == nil {
			return // null: whoever calls elements has seen to it
		}
		var got []json.RawMessage
		var gotErr error
		for v, err := range elements[checked](data) {
			if err != nil {
				gotErr = err
				break
			}
			got = append(got, json.RawMessage(*v))
		}
		equal := len(got) == len(want)
		for i := range min(len(got), len(want)) {
			equal = equal && bytes.Equal(got[i], want[i])
		}
		if (gotErr == nil) != (wantErr == nil) || wantErr == nil && !equal {
			t.Errorf("elements of %q = %q, %v; encoding/json gives %q, %v", data, got, gotErr, want, wantErr)
		}
	})
}

// checked is raw JSON that is checked when it is read.
type checked []byte

func (c *checked) UnmarshalJSON(data []byte) error {
	var raw json.RawMessage
	err := json.Unmarshal(data, &raw)
	*c = checked(raw)
	return err
}

// BenchmarkHeaders reads a page of a thousand headers; the ratio is to encoding/json.
func BenchmarkHeaders(b *testing.B) {
	const n = 1000
	page := []byte("[" + strings.Repeat(usualHeader+",", n-1) + usualHeader + "]")
	b.ReportAllocs()
	b.SetBytes(int64(len(page)))
	for b.Loop() {
		for _, err := range elements[ReportHeader](page) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	own := b.Elapsed() / time.Duration(b.N)
	type plain ReportHeader
	var headers []plain
	began := time.Now()
	const rounds = 10
	for range rounds {
		if err := json.Unmarshal(page, &headers); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n)/own.Seconds(), "headers/s")
	b.ReportMetric(float64(time.Since(began)/rounds)/float64(own), "×encoding/json")
}
