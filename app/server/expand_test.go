package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"

	"github.com/gowats/gowats/app/server"
)

// rows returns the rows of an answer that must be a list.
func (b *bench) rows(t testing.TB, path string) []object {
	t.Helper()
	got := b.get(t, path)
	var rows []object
	if err := json.Unmarshal(got.body, &rows); got.status != http.StatusOK || err != nil || rows == nil {
		t.Fatalf("GET %s: got %d %s (%v), want 200 and a list", path, got.status, got.body, err)
	}
	return rows
}

func TestHeaderByMiscInfo(t *testing.T) {
	b := startServer(t, server.Options{})
	misc := func(description, text string) object {
		return object{"miscInfos": []any{object{"description": description, "text": text}}}
	}
	for i := range 3 {
		b.mustSubmit(t, document(t, with(uut(), with(misc("Lot & no", "L 1%"), object{"sn": fmt.Sprint("SN-", i)}))))
	}
	b.mustSubmit(t, document(t, with(uut(), misc("Lot & no", "L 2"))))
	by := func(q url.Values) string { return "/api/Report/Query/HeaderByMiscInfo?" + q.Encode() }
	for _, tc := range []struct {
		query url.Values
		want  int
	}{
		{url.Values{"description": {"Lot & no"}, "stringValue": {"L 1%"}}, 3},
		{url.Values{"Description": {"Lot & no"}, "stringvalue": {"L 1%"}, "$top": {"2"}}, 2},
		{url.Values{"description": {"Lot & no"}, "stringValue": {"L 1%"}, "$top": {"0"}}, 3},
		{url.Values{"description": {"Lot & no"}, "stringValue": {"L"}}, 0},
	} {
		if got := b.rows(t, by(tc.query)); len(got) != tc.want {
			t.Errorf("%s: got %d headers, want %d", tc.query.Encode(), len(got), tc.want)
		}
	}
	for _, tc := range []struct{ query, want string }{
		{"", "description required"},
		{"description=Lot", "stringValue required"},
		{"description=Lot&stringValue=1&$top=-1", "$top range"},
		{"description=Lot&stringValue=1&$filter=run+eq+1", "$filter unsupported"},
	} {
		got := b.get(t, "/api/Report/Query/HeaderByMiscInfo?"+tc.query)
		if got.status != http.StatusBadRequest || !slices.Equal(got.errors(t), []string{tc.want}) {
			t.Errorf("?%s: got %d %s, want 400 %s", tc.query, got.status, got.body, tc.want)
		}
	}
}

// subUnit is a part of a unit in a report.
func subUnit(serial, part string) object {
	return object{"partType": "PCBA", "sn": serial, "pn": part, "rev": "C"}
}

func TestExpandedHeaders(t *testing.T) {
	b := startServer(t, server.Options{})
	b.mustSubmit(t, document(t, with(uut(), object{
		"subUnits": []any{subUnit("S-1", "SUB-A"), subUnit("S-2", "SUB-B")}, "assets": []any{object{"sn": "DMM-1", "usageCount": 3}},
		"miscInfos":  []any{object{"description": "Lot", "text": "L 1"}},
		"binaryData": []any{object{"name": "a.txt", "contentType": "text/plain", "data": "aGVsbG8="}},
	})))
	b.mustSubmit(t, document(t, uur()))
	one := func(query string) object {
		t.Helper()
		rows := b.rows(t, "/api/Report/Query/Header?"+query)
		if len(rows) != 1 {
			t.Fatalf("?%s: %d rows, want 1", query, len(rows))
		}
		return rows[0]
	}
	all := one("reportType=U&$expand=subUnits,%20MiscInfo,assets,attachments")
	for member, want := range map[string]string{
		"subUnits": `[{"partNumber":"SUB-A","partType":"PCBA","revision":"C","serialNumber":"S-1"},` +
			`{"partNumber":"SUB-B","partType":"PCBA","revision":"C","serialNumber":"S-2"}]`,
		"miscInfo":    `[{"description":"Lot","value":"L 1"}]`,
		"assets":      `[{"serialNumber":"DMM-1"}]`,
		"attachments": `[{"attachmentId":1,"description":"","fileName":"a.txt","mimeType":"text/plain","size":5}]`,
	} {
		if got := string(document(t, object{"": all[member]})); got != `{"":`+want+`}` {
			t.Errorf("%s: got %s, want %s", member, got, want)
		}
	}
	if _, there := one("reportType=U")["subUnits"]; there {
		t.Error("subUnits are there without having been asked for")
	}
	repair := one("reportType=R&$expand=uurSubUnits,uurMiscInfo,uurAssets,uurAttachments")
	if got := string(document(t, object{"": repair["uurSubUnits"]})); got != `{"":[{"partNumber":"PCB-1","partType":"PCBA","revision":"A","serialNumber":"SN-1"}]}` {
		t.Errorf("uurSubUnits: got %s", got)
	}
	if got := fmt.Sprint(repair["uurMiscInfo"], repair["uurAttachments"], repair["subUnits"]); got != "[] [] <nil>" {
		t.Errorf("lists of the repair: got %s, want empty ones, and none under the names of a test", got)
	}
	if got := one("reportType=U&$select=SERIALNUMBER,start,passedInRun&$expand=assets"); len(got) != 4 || got["serialNumber"] != "SN-1" ||
		got["startUtc"] == nil || got["passedInRun"] == nil || got["assets"] == nil {
		t.Errorf("selected members: got %v", got)
	}
	if got := one("reportType=R&$select=passedInRun,uuid"); len(got) != 1 || got["uuid"] == nil {
		t.Errorf("selected members of a repair, which has no runs: got %v", got)
	}
	if got := one("reportType=U&$select=*"); len(got) < 15 {
		t.Errorf("all members selected: got %v", got)
	}
}

func TestFiltersOverLists(t *testing.T) {
	b := startServer(t, server.Options{})
	for i := range 4 {
		b.mustSubmit(t, document(t, with(uut(), object{
			"sn": fmt.Sprint("SN-", i), "subUnits": []any{subUnit(fmt.Sprint("S-", i), "SUB-A"), subUnit(fmt.Sprint("T-", i), fmt.Sprint("SUB-", i%2))},
			"miscInfos": []any{object{"description": "Lot", "text": fmt.Sprint(i)}},
		})))
	}
	b.mustSubmit(t, document(t, with(uut(), object{"sn": "bare"})))
	b.mustSubmit(t, document(t, uur()))
	for _, tc := range []struct {
		kind, filter string
		want         int
	}{
		{"U", "subUnits/any(s: s/partNumber eq 'SUB-A')", 4},
		{"U", "subUnits/any(s: s/partNumber eq 'SUB-0')", 2},
		{"U", "subUnits/any(s: s/serialNumber eq 'S-3') and serialNumber eq 'SN-3'", 1},
		{"U", "subUnits/any(s: s/partNumber eq 'SUB-0' and s/serialNumber eq 'S-0')", 0}, // no single part is both
		{"U", "subUnits/any(s: s/partNumber eq 'SUB-0') and subUnits/any(s: s/serialNumber eq 'S-0')", 1},
		{"U", "not subUnits/any()", 1},
		{"U", "miscInfo/any(m: m/description eq 'Lot' and m/value in ('1','2'))", 2},
		{"R", "uurSubUnits/any(s: s/serialNumber eq 'SN-1')", 1},
		{"R", "subUnits/any(s: s/serialNumber eq 'SN-1')", 1},
		{"U", "assets/any(a: a/serialNumber eq 'DMM') or attachments/any(f: f/size gt 0)", 0},
	} {
		if got := b.headers(t, url.Values{"reportType": {tc.kind}, "$filter": {tc.filter}}); len(got) != tc.want {
			t.Errorf("%s of %s: got %d headers, want %d", tc.filter, tc.kind, len(got), tc.want)
		}
	}
	for _, tc := range []struct{ query, want string }{
		{"$select=serialNumber,sn", "$select enum"},
		{"$filter=subUnits/all(s:+s/x+eq+1)", "$filter query"},
		{"$filter=subUnits/any(s:+s/x+eq+1)", "$filter query"},
		{"$orderby=subUnits", "$orderby query"},
	} {
		got := b.get(t, "/api/Report/Query/Header?"+tc.query)
		if got.status != http.StatusBadRequest || !slices.Equal(got.errors(t), []string{tc.want}) {
			t.Errorf("?%s: got %d %s, want 400 %s", tc.query, got.status, got.body, tc.want)
		}
	}
}
