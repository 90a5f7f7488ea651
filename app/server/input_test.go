package server

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gowats/gowats"
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
