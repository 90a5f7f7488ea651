package server_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gowats/gowats/app/auth"
	"github.com/gowats/gowats/app/server"
)

func TestSubmit(t *testing.T) {
	b := startServer(t, server.Options{})
	o := uut()
	got := b.submit(t, document(t, o))
	if want := `[{"ID":"` + o["id"].(string) + `"}]`; got.status != http.StatusOK || string(got.body) != want {
		t.Fatalf("submit: got %d %s, want 200 %s", got.status, got.body, want)
	}
	b.mustSubmit(t, document(t, o))
	if n := b.count(t); n != 1 {
		t.Errorf("the same report twice: %d reports, want 1", n)
	}
	b.mustSubmit(t, document(t, uur()))
	if n := b.count(t); n != 2 {
		t.Errorf("a test and a repair: %d reports, want 2", n)
	}
}

func TestSubmitIsLiberal(t *testing.T) {
	b := startServer(t, server.Options{})
	for _, tc := range []struct {
		name   string
		doc    []byte
		header []string
	}{
		{"without Content-Type", document(t, uut()), []string{"Content-Type", ""}},
		{"with another Content-Type", document(t, uut()), []string{"Content-Type", "text/plain"}},
		{"with gzip", zipped(t, document(t, uut())), []string{"Content-Encoding", "gzip"}},
		{"with an encoding that is none", document(t, uut()), []string{"Content-Encoding", "identity"}},
		{"with a lineage", document(t, uut()), []string{"Gowats-Lineage", `{"file":"a.txt"}`}},
		{"with a byte order mark", append([]byte("\ufeff"), document(t, uut())...), nil},
		{"with unknown members", document(t, with(uut(), object{"colour": "red"})), nil},
		{"with output-only members", document(t, with(uut(), object{"origin": "x", "productName": "y", "assetStats": []any{}})), nil},
		{"with wildcards in the serial number", document(t, with(uut(), object{"sn": "SN*1"})), nil},
		{"with a start only", document(t, with(uut(), object{"startUTC": nil})), nil},
		{"with a startUTC only", document(t, with(uut(), object{"start": nil})), nil},
		{"with empty revision, location and purpose", document(t, with(uut(), object{"rev": "", "location": "", "purpose": nil})), nil},
		{"of a process nobody knows", document(t, with(uut(), object{"processCode": 4711})), nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := b.submit(t, tc.doc, tc.header...); got.status != http.StatusOK {
				t.Errorf("got %d %s, want 200", got.status, got.body)
			}
		})
	}
}

func zipped(t testing.TB, plain []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(plain); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestSubmitRefuses wants every violation told by path and rule, nothing stored, and the next report taken over the same connection.
func TestSubmitRefuses(t *testing.T) {
	b := startServer(t, server.Options{})
	doc := func(changes object) []byte { return document(t, with(uut(), changes)) }
	badStep := func(changes object) []byte { return doc(object{"root": root(with(step("voltage", 3.3), changes))}) }
	repaired := func(unit object) []byte {
		unit = with(uur()["subUnits"].([]any)[0].(object), unit)
		return document(t, with(uur(), object{"subUnits": []any{unit}}))
	}
	for _, tc := range []struct {
		name string
		doc  []byte
		want []string // path and rule
	}{
		{"an empty body", nil, []string{"$ syntax"}},
		{"text", []byte("hello"), []string{"$ syntax"}},
		{"a list", []byte("[]"), []string{"$ syntax"}},
		{"a document cut short", doc(nil)[:200], []string{"$ syntax"}},
		{"something behind the document", append(doc(nil), "{}"...), []string{"$ syntax"}},
		{"brackets without end", bytes.Repeat([]byte("["), 1<<20), []string{"$ syntax"}},
		{"an object without members", []byte("{}"), []string{
			"$.type required", "$.id required", "$.pn required", "$.sn required", "$.processCode required",
			"$.result required", "$.machineName required", "$.start required", "$.root required"}},
		{"a missing ID", doc(object{"id": nil}), []string{"$.id required"}},
		{"an ID that is none", doc(object{"id": "17"}), []string{"$.id guid"}},
		{"a blank serial number", doc(object{"sn": "  "}), []string{"$.sn required"}},
		{"wrong types", doc(object{"pn": 5, "processCode": "ten", "root": []any{}}), []string{
			"$.pn type", "$.processCode type", "$.root type"}},
		{"text that is too long", doc(object{"pn": strings.Repeat("ä", 101), "rev": strings.Repeat("x", 101)}), []string{
			"$.pn length", "$.rev length"}},
		{"an unknown result", doc(object{"result": "X"}), []string{"$.result enum"}},
		{"a result that only steps have", doc(object{"result": "D"}), []string{"$.result enum"}},
		{"an unknown step status", badStep(object{"status": "maybe"}), []string{"$.root.steps[0].status enum"}},
		{"an unknown operator", badStep(object{"numericMeas": []any{object{"compOp": "ABOUT", "value": 1, "status": "P"}}}), []string{
			"$.root.steps[0].numericMeas[0].compOp enum"}},
		{"a number that is none", badStep(object{"numericMeas": []any{object{"compOp": "LOG", "value": "1,5", "status": "P"}}}), []string{
			"$.root.steps[0].numericMeas[0].value type"}},
		{"a time that is none", doc(object{"start": "yesterday"}), []string{"$.start date-time"}},
		{"a sub-unit that is part of nothing", repaired(object{"parentIdx": 7}), []string{"$.subUnits[0].parentIdx reference"}},
		{"a part that replaced nothing", repaired(object{"replacedIdx": 7}), []string{"$.subUnits[0].replacedIdx reference"}},
		{"a fail code nobody knows", repaired(object{"failures": []any{object{"category": "Component", "code": "Bad Karma"}}}), []string{
			"$.subUnits[0].failures[0].code enum"}},
		{"a fail category nobody knows", repaired(object{"failures": []any{object{"category": "Karma", "code": "Bad"}}}), []string{
			"$.subUnits[0].failures[0].category enum"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			before := b.count(t)
			got := b.submit(t, tc.doc)
			checkStatus(t, got, http.StatusBadRequest)
			found := got.errors(t)
			slices.Sort(found)
			slices.Sort(tc.want)
			if !slices.Equal(found, tc.want) {
				t.Errorf("violations: got %q, want %q", found, tc.want)
			}
			if after := b.count(t); after != before {
				t.Errorf("%d reports are stored, want %d as before", after, before)
			}
			next := b.submit(t, doc(nil))
			if next.status != http.StatusOK || !next.reused {
				t.Errorf("next report: got %d, connection reused: %v; want 200 over the same connection", next.status, next.reused)
			}
		})
	}
}

func TestRefusalNamesThePlace(t *testing.T) {
	b := startServer(t, server.Options{})
	for doc, part := range map[string]string{
		"{\n  \"sn\": tru\n}": "line 2, column",
		`{"sn":5}`:            "$.sn: ",
	} {
		var body struct{ Message string }
		got := b.submit(t, []byte(doc))
		if err := json.Unmarshal(got.body, &body); err != nil || !strings.Contains(body.Message, part) {
			t.Errorf("submit %s: got %s, want a Message with %q", doc, got.body, part)
		}
	}
}

func TestCatalogueWords(t *testing.T) {
	b := startServer(t, server.Options{})
	for _, tc := range []struct{ category, code, want string }{
		{"Component", "Bad Karma", "Code must be a valid value"},
		{"Karma", "Bad", "Category must be a valid value"},
	} {
		o := uur()
		o["subUnits"].([]any)[0].(object)["failures"] = []any{object{"category": tc.category, "code": tc.code}}
		if got := b.submit(t, document(t, o)); got.status != http.StatusBadRequest || !strings.Contains(string(got.body), tc.want) {
			t.Errorf("%s/%s: got %d %s, want 400 with %q", tc.category, tc.code, got.status, got.body, tc.want)
		}
	}
}

// endless is a body of so many blanks.
type endless struct{ left int64 }

func (e *endless) Read(p []byte) (int, error) {
	if e.left == 0 {
		return 0, io.EOF
	}
	n := min(int64(len(p)), e.left)
	for i := range p[:n] {
		p[i] = ' '
	}
	e.left -= n
	return int(n), nil
}

func TestSubmitRefusesLargeBodies(t *testing.T) {
	b := startServer(t, server.Options{})
	const limit = 64 << 20
	bomb := func(size int64) []byte {
		var out bytes.Buffer
		z := gzip.NewWriter(&out)
		if _, err := io.Copy(z, &endless{left: size}); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	for _, tc := range []struct {
		name     string
		body     io.Reader
		length   int64 // 0: as net/http finds it; a body of unknown length is sent in chunks
		encoding string
		want     int
	}{
		{"a body that tells its length", &endless{left: limit + 1}, limit + 1, "", 413},
		{"a body that does not", &endless{left: limit + 1}, 0, "", 413},
		{"a body of the limit is read", &endless{left: limit}, 0, "", 400},
		{"a gzip bomb", bytes.NewReader(bomb(limit + 1)), 0, "gzip", 413},
		{"gzip that is none", strings.NewReader("hello"), 0, "gzip", 400},
		{"gzip cut short", bytes.NewReader(zipped(t, document(t, uut()))[:50]), 0, "gzip", 400},
		{"an encoding nobody knows", strings.NewReader("x"), 0, "br", 415},
	} {
		t.Run(tc.name, func(t *testing.T) {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.url+"/api/Report/WSJF", tc.body)
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Authorization", "Bearer "+b.tokens[auth.Write])
			request.Header.Set("Content-Encoding", tc.encoding)
			if tc.length > 0 {
				request.ContentLength = tc.length
			}
			checkStatus(t, send(t, request), tc.want)
			b.mustSubmit(t, document(t, uut()))
		})
	}
}

func TestManyLargeReportsAtOnce(t *testing.T) {
	b := startServer(t, server.Options{})
	file := base64.StdEncoding.EncodeToString(make([]byte, 2<<20))
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			attached := with(step("picture", 3.3), object{"attachment": object{"name": "a.bmp", "contentType": "image/bmp", "data": file}})
			b.mustSubmit(t, document(t, with(uut(), object{"sn": fmt.Sprint("SN-", i), "root": root(attached)})))
		})
	}
	wg.Wait()
	if n := b.count(t); n != 8 {
		t.Errorf("%d reports, want 8", n)
	}
}

func TestSubmitRefusesLongLineage(t *testing.T) {
	b := startServer(t, server.Options{})
	got := b.submit(t, document(t, uut()), "Gowats-Lineage", strings.Repeat("x", 4097))
	checkStatus(t, got, http.StatusBadRequest)
}

func TestManySubmitAtOnce(t *testing.T) {
	b := startServer(t, server.Options{})
	shared := uut()
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 4 {
				b.mustSubmit(t, document(t, shared))
				b.mustSubmit(t, document(t, with(uut(), object{"sn": "SN-" + shared["id"].(string)})))
				b.submit(t, []byte(`{"broken":`))
			}
		})
	}
	wg.Wait()
	if n := b.count(t); n < 2 {
		t.Errorf("%d reports, want the shared one and others", n)
	}
}

func TestReport(t *testing.T) {
	b := startServer(t, server.Options{})
	o := with(uut(), object{"result": "F", "root": with(root(
		step("good", 3.3),
		with(step("bad", 9.9), object{"status": "F", "attachment": object{"name": "log.txt", "contentType": "text/plain", "data": "aGVsbG8="}}),
		object{"group": "M", "stepType": "WATS_XYGMNLT", "name": "curve", "status": "D", "chart": object{
			"chartType": "Line", "label": "U over t", "xLabel": "t", "yLabel": "U",
			"series": []any{object{"name": "1", "dataType": "XYG", "xdata": "1;2", "ydata": "3;4"}}}},
	), object{"status": "F"})})
	id := o["id"].(string)
	b.mustSubmit(t, document(t, o))

	steps := func(t *testing.T, query string) []any {
		t.Helper()
		got := b.get(t, "/api/Report/Wsjf/"+id+query)
		var doc object
		if err := json.Unmarshal(got.body, &doc); err != nil || got.status != http.StatusOK {
			t.Fatalf("get: %d %s (%v), want a report", got.status, got.body, err)
		}
		if doc["id"] != id {
			t.Errorf("id: got %v, want %s", doc["id"], id)
		}
		return doc["root"].(object)["steps"].([]any)
	}
	t.Run("the step that failed the unit is marked", func(t *testing.T) {
		all := steps(t, "")
		if good, bad := all[0].(object)["causedUUTFailure"], all[1].(object)["causedUUTFailure"]; good == true || bad != true {
			t.Errorf("causedUUTFailure: got %v and %v, want the second step marked", good, bad)
		}
	})
	t.Run("everything is there by default, at any level", func(t *testing.T) {
		for _, query := range []string{"", "?detailLevel=0", "?detailLevel=7&includeChartdata=true&includeAttachments=TRUE"} {
			all := steps(t, query)
			if all[1].(object)["attachment"] == nil || len(all[2].(object)["chart"].(object)["series"].([]any)) != 1 {
				t.Errorf("%s: attachment or curve is missing in %v", query, all)
			}
		}
	})
	t.Run("attachments and curves can be left out", func(t *testing.T) {
		if all := steps(t, "?includeAttachments=false"); all[1].(object)["attachment"] != nil {
			t.Errorf("got an attachment in %v", all)
		}
		if all := steps(t, "?includeChartdata=false"); all[2].(object)["chart"].(object)["series"] != nil {
			t.Errorf("got curves in %v", all)
		}
	})
	t.Run("the ID may be in capitals and braces", func(t *testing.T) {
		if got := b.get(t, "/api/report/WSJF/%7B"+strings.ToUpper(id)+"%7D"); got.status != http.StatusOK {
			t.Errorf("got %d %s, want 200", got.status, got.body)
		}
	})
	for path, want := range map[string]int{
		"/api/Report/Wsjf/83ac0b8e-b575-4004-94de-f905774c3ed8": 404,
		"/api/Report/Wsjf/17":                                400,
		"/api/Report/Wsjf/" + id + "?detailLevel=8":          400,
		"/api/Report/Wsjf/" + id + "?detailLevel=all":        400,
		"/api/Report/Wsjf/" + id + "?includeChartdata=1":     400,
		"/api/Report/Wsjf/" + id + "?includeAttachments=yes": 400,
	} {
		checkStatus(t, b.get(t, path), want)
	}
}

func TestRepairReport(t *testing.T) {
	b := startServer(t, server.Options{})
	o := uur()
	b.mustSubmit(t, document(t, o))
	got := b.get(t, "/api/Report/Wsjf/"+o["id"].(string)+"?includeAttachments=false&includeChartdata=false")
	var doc object
	if err := json.Unmarshal(got.body, &doc); err != nil || doc["uur"] == nil {
		t.Errorf("get: %d %s (%v), want a repair report", got.status, got.body, err)
	}
}

// FuzzSubmit holds: no document makes the server fail, and what it takes it can give back.
func FuzzSubmit(f *testing.F) {
	b := startServer(f, server.Options{})
	f.Add(document(f, uut()))
	f.Add(document(f, uur()))
	f.Add([]byte(`{"type":"T","root":{"steps":[null,{}]}}`))
	if dir := os.Getenv("GOWATS_SAMPLES"); dir != "" {
		for _, name := range []string{"uur_example.json", "v1_loaded.json"} {
			doc, err := os.ReadFile(dir + "/wsjf/" + name)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(doc)
		}
	}
	call := func(role auth.Role, method, path string, body []byte) *answer {
		request := httptest.NewRequest(method, path, bytes.NewReader(body))
		request.Header.Set("Authorization", "Bearer "+b.tokens[role])
		out := httptest.NewRecorder()
		b.handler.ServeHTTP(out, request)
		return &answer{status: out.Code, body: out.Body.Bytes()}
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		got := call(auth.Write, http.MethodPost, "/api/Report/WSJF", doc)
		switch got.status {
		case http.StatusOK:
			var receipt []struct{ ID string }
			if err := json.Unmarshal(got.body, &receipt); err != nil || len(receipt) != 1 {
				t.Fatalf("answer: got %s (%v), want one ID", got.body, err)
			}
			back := call(auth.Read, http.MethodGet, "/api/Report/Wsjf/"+receipt[0].ID, nil)
			if back.status != http.StatusOK || !json.Valid(back.body) {
				t.Fatalf("get %s: got %d %s, want a report", receipt[0].ID, back.status, back.body)
			}
		case http.StatusBadRequest:
			if len(got.errors(t)) == 0 {
				t.Fatalf("answer: got %s, want the violations", got.body)
			}
		default:
			t.Fatalf("got %d %s, want 200 or 400", got.status, got.body)
		}
	})
}
