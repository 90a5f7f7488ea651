package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"os"
	"testing"
	"time"

	"github.com/gowats/gowats/app/auth"
	"github.com/gowats/gowats/app/server"
	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/app/store/storetest"
	"github.com/gowats/gowats/internal/leaktest"
	"github.com/gowats/gowats/report"
)

// recorder holds what servers and stores of the tests log to the secrets that were used.
var recorder = leaktest.New()

func TestMain(m *testing.M) {
	code := recorder.Main(m)
	storetest.Drop()
	os.Exit(code)
}

const testVersion = "1.2.3-test"

// bench is a server over a database of its own, and one account of each role.
type bench struct {
	handler http.Handler
	address string // of the store
	store   *store.Store
	auth    *auth.Service
	url     string
	tokens  map[auth.Role]string
}

func startServer(t testing.TB, opt server.Options) *bench {
	t.Helper()
	b := openBench(t)
	opt.Version = testVersion
	if opt.Logger == nil {
		opt.Logger = recorder.Logger()
	}
	b.handler = server.New(b.store, b.auth, opt)
	web := httptest.NewServer(recorder.Handler(b.handler))
	t.Cleanup(web.Close)
	b.url = web.URL
	return b
}

// openBench makes what a server needs.
func openBench(t testing.TB) *bench {
	t.Helper()
	address := storetest.Address(t)
	s := storetest.OpenAt(t, address, store.Options{Logger: recorder.Logger()})
	b := &bench{address: address, store: s, auth: auth.New(s), tokens: map[auth.Role]string{}}
	for _, role := range []auth.Role{auth.Read, auth.Write, auth.Admin} {
		user := string(role) + "er"
		if err := b.auth.CreateUser(t.Context(), user, "correct horse", role); err != nil {
			t.Fatal(err)
		}
		var err error
		if b.tokens[role], err = b.auth.IssueToken(t.Context(), user, "test"); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
	reused bool // the connection had served a request before
}

// errors returns the paths and rules of the violations in an error body.
func (a *answer) errors(t testing.TB) []string {
	t.Helper()
	var body struct {
		Message string
		Errors  []struct{ Path, Rule, Message string }
	}
	if err := json.Unmarshal(a.body, &body); err != nil || body.Message == "" {
		t.Fatalf("error body: got %s (%v), want JSON with a Message", a.body, err)
	}
	var all []string
	for _, e := range body.Errors {
		if e.Message == "" {
			t.Errorf("violation %s %s has no message", e.Path, e.Rule)
		}
		all = append(all, e.Path+" "+e.Rule)
	}
	return all
}

// do sends a request as that role ("" as nobody); header holds names and values.
func (b *bench) do(t testing.TB, role auth.Role, method, path string, body io.Reader, header ...string) *answer {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, b.url+path, body)
	if err != nil {
		t.Fatal(err)
	}
	if role != "" {
		request.Header.Set("Authorization", "Bearer "+b.tokens[role])
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	return send(t, request)
}

func send(t testing.TB, request *http.Request) *answer {
	t.Helper()
	reused := false
	request = request.WithContext(traceReuse(request.Context(), &reused))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatalf("%s %s: %v", request.Method, request.URL.Path, err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("%s %s: read the answer: %v", request.Method, request.URL.Path, err)
	}
	return &answer{response.StatusCode, response.Header, body, reused}
}

func (b *bench) get(t testing.TB, path string) *answer {
	t.Helper()
	return b.do(t, auth.Read, http.MethodGet, path, nil)
}

func (b *bench) submit(t testing.TB, doc []byte, header ...string) *answer {
	t.Helper()
	return b.do(t, auth.Write, http.MethodPost, "/api/Report/WSJF", bytes.NewReader(doc), header...)
}

// mustSubmit submits a document that must be taken.
func (b *bench) mustSubmit(t testing.TB, doc []byte) {
	t.Helper()
	if got := b.submit(t, doc); got.status != http.StatusOK {
		t.Fatalf("submit: got %d %s, want 200", got.status, got.body)
	}
}

// count returns how many reports are stored.
func (b *bench) count(t testing.TB) int {
	t.Helper()
	n, err := b.store.CountHeaders(t.Context(), store.HeaderQuery{})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// object is a JSON object in the making.
type object = map[string]any

// with returns a copy of o with members changed; a nil value removes one.
func with(o object, changes object) object {
	o = maps.Clone(o)
	for name, value := range changes {
		if value == nil {
			delete(o, name)
		} else {
			o[name] = value
		}
	}
	return o
}

func document(t testing.TB, o object) []byte {
	t.Helper()
	doc, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// uut returns a small test report with a numeric step, an ID of its own and a start that is recent.
func uut() object {
	start := time.Now().Add(-time.Hour).UTC()
	return object{
		"type": "T", "id": report.NewID().String(), "pn": "PCB-1", "sn": "SN-1", "rev": "A", "processCode": 100, "result": "P",
		"machineName": "ICT-07", "location": "Oslo", "purpose": "Production",
		"start": start.Format(time.RFC3339Nano), "startUTC": start.Format(time.RFC3339Nano),
		"root": root(step("voltage", 3.3)),
		"uut":  object{"user": "ann", "comment": "", "execTime": 1.5},
	}
}

func root(steps ...any) object {
	return object{
		"id": 0, "group": "M", "stepType": "SequenceCall", "name": "MainSequence", "status": "P", "totTime": 1.5, "steps": steps,
		"seqCall": object{"path": `C:\seq`, "name": "main.seq", "version": "1.0"},
	}
}

func step(name string, value any) object {
	return object{
		"group": "M", "stepType": "ET_NLT", "name": name, "status": "P",
		"numericMeas": []any{object{"compOp": "GELE", "status": "P", "unit": "V", "value": value, "lowLimit": 3.0, "highLimit": 3.6}},
	}
}

// uur returns a small repair report of the unit of [uut].
func uur() object {
	start := time.Now().Add(-time.Minute).UTC().Format(time.RFC3339Nano)
	return object{
		"type": "R", "id": report.NewID().String(), "pn": "PCB-1", "sn": "SN-1", "rev": "A", "processCode": 500, "result": "P",
		"machineName": "REP-1", "location": "Oslo", "purpose": "Repair", "start": start, "startUTC": start,
		"uur": object{"user": "ben", "processCode": 100, "confirmDate": start, "finalizeDate": start, "execTime": 60},
		"subUnits": []any{object{
			"partType": "PCBA", "pn": "PCB-1", "sn": "SN-1", "rev": "A", "idx": 0,
			"failures": []any{object{"category": "Component", "code": "Wrong Component", "comRef": "R12"}},
		}},
	}
}

// traceReuse sets reused when the request goes over a connection that served one before.
func traceReuse(ctx context.Context, reused *bool) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) { *reused = info.Reused }})
}
