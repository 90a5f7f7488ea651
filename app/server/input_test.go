package server

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/report"
)

func TestBodiesAreRefusedByName(t *testing.T) {
	s := &server{bodies: newBodyReader()}
	for name, test := range map[string]struct{ body, want string }{
		"nothing":            {``, "the body is empty: send JSON"},
		"no JSON":            {`{"code":`, "the body is not what is wanted here: unexpected end of JSON input"},
		"a list":             {`[]`, "must be an object, not array"},
		"a text in a number": {`{"code":"x"}`, "$.code: must be a whole number, not string"},
		"a number in a text": {`{"name":1}`, "$.name: must be a text, not number"},
		"a number in a bool": {`{"isTestOperation":1}`, "$.isTestOperation: must be true or false, not number"},
	} {
		c := &call{Request: httptest.NewRequest(http.MethodPut, "/", strings.NewReader(test.body)), match: match{route: &route{limit: smallBody}}}
		_, err := readJSON[wats.ProcessInfo](s, httptest.NewRecorder(), c)
		if err == nil || err.Error() != test.want {
			t.Errorf("%s: got %v, want %q", name, err, test.want)
		}
	}
	c := &call{Request: httptest.NewRequest(http.MethodPut, "/", strings.NewReader(`{"code":7,"what":1}`)), match: match{route: &route{limit: smallBody}}}
	if p, err := readJSON[wats.ProcessInfo](s, httptest.NewRecorder(), c); p.Code != 7 || err != nil {
		t.Errorf("unknown members are ignored: got %+v, %v", p, err)
	}
}

func TestValuesThatCannotBeReadAreNamed(t *testing.T) {
	s := &server{bodies: newBodyReader()}
	const good = `"6ba7b810-9dad-11d1-80b4-00c04fd430c8"`
	for name, test := range map[string]struct {
		read func(*call) error
		body string
		want report.Findings // all have the rule type
	}{
		"an asset": {reads[edited[wats.Asset]](s), `{"serialNumber":"A","ParentAssetID":"zz","typeId":` + good + `}`,
			report.Findings{{Path: "$.ParentAssetID", Message: `"zz" is not a GUID`}}},
		"several of an asset": {reads[edited[wats.Asset]](s), `{"typeId":"zz","assetName":7,"firstSeenDate":"never"}`,
			report.Findings{{Path: "$.typeId", Message: `"zz" is not a GUID`}, {Path: "$.assetName", Message: "must be a text, not number"},
				{Path: "$.firstSeenDate", Message: `"never" is no date-time`}}},
		"in a list in an asset": {reads[edited[wats.Asset]](s), `{"subAssets":[],"tags":[{"key":"a"},{"key":"b","value":[]}]}`,
			report.Findings{{Path: "$.tags[1].value", Message: "must be a text, not array"}}},
		"a product": {reads[store.ProductChange](s), `{"partNumber":"P","productId":"zz"}`,
			report.Findings{{Path: "$.productId", Message: `"zz" is not a GUID`}}},
		"products": {reads[[]store.ProductChange](s), `[{"partNumber":"P"},{"revisions":[{},{"productRevisionId":"zz"}]},7]`,
			report.Findings{{Path: "$[1].revisions[1].productRevisionId", Message: `"zz" is not a GUID`}, {Path: "$[2]", Message: "must be an object, not number"}}},
		"units": {reads[[]wats.Unit](s), `[{"serialNumber":"1"}, {"serialNumber":2,"subUnits":[{"partNumber":[]}]}]`,
			report.Findings{{Path: "$[1].serialNumber", Message: "must be a text, not number"}, {Path: "$[1].subUnits[0].partNumber", Message: "must be a text, not array"}}},
		"a ticket": {reads[wats.Ticket](s), `{"ticketId":"zz","subject":"s","history":[{"updateId":"yy"}]}`,
			report.Findings{{Path: "$.ticketId", Message: `"zz" is not a GUID`}, {Path: "$.history[0].updateId", Message: `"yy" is not a GUID`}}},
		"IDs": {reads[[]report.ID](s), `[` + good + `,"zz"]`, report.Findings{{Path: "$[1]", Message: `"zz" is not a GUID`}}},
		"a name that is there twice": {reads[wats.ProcessInfo](s), `{"code":"x","code":1}`,
			report.Findings{{Path: "$.code", Message: "must be a whole number, not string"}}},
	} {
		t.Run(name, func(t *testing.T) {
			c := &call{Request: httptest.NewRequest(http.MethodPut, "/", strings.NewReader(test.body)), match: match{route: &route{limit: smallBody}}}
			refused, ok := errors.AsType[*refusal](test.read(c))
			if !ok {
				t.Fatalf("%s: got %v, want a refusal", test.body, refused)
			}
			if refused.status != http.StatusBadRequest || len(refused.body.Errors) != len(test.want) {
				t.Fatalf("%s: got %+v, want %d findings", test.body, refused.body.Errors, len(test.want))
			}
			for i, got := range refused.body.Errors {
				if want := test.want[i]; got.Path != want.Path || got.Rule != "type" || !strings.HasPrefix(got.Message, want.Message) {
					t.Errorf("%s: got %+v, want %s type %s", test.body, got, want.Path, want.Message)
				}
			}
		})
	}
}

// reads returns what reads a body into a T.
func reads[T any](s *server) func(*call) error {
	return func(c *call) error {
		_, err := readJSON[T](s, httptest.NewRecorder(), c)
		return err
	}
}

func TestOnlySoManyValuesAreNamed(t *testing.T) {
	var ids []report.ID
	refused, _ := errors.AsType[*refusal](decodeJSON([]byte("["+strings.Repeat(`"zz",`, 5000)+"7]"), &ids))
	if refused == nil || len(refused.body.Errors) != maxFound {
		t.Errorf("5001 wrong values: got %v, want %d findings", refused, maxFound)
	}
}

func FuzzDecodeJSON(f *testing.F) {
	for _, body := range []string{`{"typeId":"zz"}`, `[{"subUnits":[{"x":1}]}]`, `[[[[`, `{"a":{"a":null}}`, `7`, ` [ "zz" , 1e999 ] `, strings.Repeat("[", 200) + strings.Repeat("]", 200)} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, v := range []any{&edited[wats.Asset]{}, &[]wats.Unit{}, &wats.Ticket{}, &[]store.ProductChange{}, &wats.SCIMPatch{}} {
			err := decodeJSON(body, v)
			if refused, ok := errors.AsType[*refusal](err); err != nil && (!ok || len(refused.body.Errors) == 0 || len(refused.body.Errors) > maxFound) {
				t.Errorf("decodeJSON(%q, %T): got %v, want 1 to %d findings", body, v, err, maxFound)
			}
		}
	})
}
