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
