package agent_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/agent"
	"github.com/gowats/gowats/convert"
	"github.com/gowats/gowats/queue"
	"github.com/gowats/gowats/report"
)

// startGateway returns the address of a gateway, its spool, and a switch for its server.
func startGateway(t *testing.T) (address string, s *spool, server *httptest.Server) {
	t.Helper()
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/api/App/Version":
			fmt.Fprint(w, `"24.1.0"`)
		case "/api/App/Processes":
			fmt.Fprint(w, `[{"code":10,"name":"Test","isTestOperation":true},{"code":500,"name":"Repair","isRepairOperation":true}]`)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(server.Close)
	c, err := wats.NewClient(server.URL, wats.WithToken("dTpw"), wats.WithSnapshot(t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	s = newSpool()
	g := httptest.NewServer(agent.NewGateway(agent.GatewayConfig{Put: s.put, Client: c, Version: "1.2.3"}))
	t.Cleanup(g.Close)
	return g.URL, s, server
}

func TestGatewayAcknowledgesReportsWithoutTheServer(t *testing.T) {
	address, s, server := startGateway(t)
	server.Close()
	c, err := wats.NewClient(address, wats.WithToken("anything"), wats.WithRetry(wats.RetryPolicy{MaxAttempts: 1}))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	content, id := wsjf(1)
	if _, err := c.Report.SubmitWSJF(t.Context(), id, []byte(content)); err != nil {
		t.Fatal(err)
	}
	if _, item := s.only(t); string(item.Document) != content || item.Type != queue.WSJF {
		t.Errorf("the spool has other bytes than came: %s %s", item.Type, item.Document)
	}
	xml, otherID := wsxf(t)
	if _, err := c.Report.SubmitWSXF(t.Context(), otherID, xml); err != nil {
		t.Fatal(err)
	}
	if s.count(otherID) != 1 {
		t.Error("the WSXF report is not in the spool")
	}
}

func wsxf(t *testing.T) ([]byte, report.ID) {
	t.Helper()
	content, id := wsjf(2)
	r, _, err := report.DecodeWSJF([]byte(content))
	if err != nil {
		t.Fatal(err)
	}
	f, _ := convert.ByName("wsxf")
	var xml bytes.Buffer
	if _, err := f.Write(&xml, []*report.Report{r}, convert.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	return xml.Bytes(), id
}

func TestGatewayTellsVersionAndProcesses(t *testing.T) {
	address, _, server := startGateway(t)
	read := func(path string) string {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		status, body := do(t, r)
		return fmt.Sprintf("%d %s", status, body)
	}
	if got := read("/api/app/VERSION"); got != `200 "24.1.0"` {
		t.Errorf("Version: got %s", got)
	}
	if got := read("/api/App/Processes?includeRepairOperations=true"); !strings.Contains(got, `"code":500`) || strings.Contains(got, `"code":10,`) {
		t.Errorf("Processes: got %s", got)
	}
	server.Close()
	if got := read("/api/App/Version"); got != `200 "1.2.3"` {
		t.Errorf("Version without the server: got %s", got)
	}
	if got := read("/api/App/Processes"); !strings.Contains(got, `"code":10`) {
		t.Errorf("Processes without the server: got %s", got)
	}
	if got := read("/api/Product/Query"); !strings.HasPrefix(got, "501 ") || !strings.Contains(got, "takes reports only") {
		t.Errorf("another route: got %s", got)
	}
}

func TestGatewayRefuses(t *testing.T) {
	address, s, _ := startGateway(t)
	good, _ := wsjf(1)
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, err := z.Write([]byte(good))
	if err := errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		change func(*http.Request)
		body   string
		status int
		says   string
	}{
		"no JSON":             {nil, "{", 400, ""},
		"broken rules":        {nil, `{"type":"T"}`, 400, `"path":"$.sn"`},
		"another host":        {func(r *http.Request) { r.Host = "evil.example" }, good, 403, "loopback"},
		"a page of elsewhere": {func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") }, good, 403, "evil.example"},
		"a page of this host": {func(r *http.Request) { r.Header.Set("Origin", "http://localhost:8080") }, good, 200, "ID"},
		"an unknown encoding": {func(r *http.Request) { r.Header.Set("Content-Encoding", "br") }, good, 415, "gzip"},
		"no gzip":             {func(r *http.Request) { r.Header.Set("Content-Encoding", "gzip") }, good, 400, "not gzip"},
		"gzip":                {func(r *http.Request) { r.Header.Set("Content-Encoding", "gzip") }, zipped.String(), 200, "ID"},
		"two reports in WSXF": {func(r *http.Request) { r.URL.Path = "/api/Report/WSXF" }, "<Reports/>", 400, "WSXF"},
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address+"/api/Report/WSJF", strings.NewReader(test.body))
		if err != nil {
			t.Fatal(err)
		}
		if test.change != nil {
			test.change(r)
		}
		if status, body := do(t, r); status != test.status || !strings.Contains(body, test.says) {
			t.Errorf("%s: got %d %s; want %d with %q", name, status, body, test.status, test.says)
		}
	}
	s.refuse(queue.ErrFull)
	res, err := http.Post(address+"/api/Report/WSJF", "application/json", strings.NewReader(good))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") == "" {
		t.Errorf("full spool: got %d, Retry-After %q", res.StatusCode, res.Header.Get("Retry-After"))
	}
}

// do returns status and body of the answer.
func do(t *testing.T, r *http.Request) (int, string) {
	t.Helper()
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}
