package wats

import (
	"encoding/json"
	"testing"
)

type kept struct {
	Name  string `json:"name,omitzero" alias:"title"`
	Count int    `json:"count,omitzero"`
	Extra Extra  `json:"-"`
}

func (k *kept) UnmarshalJSON(data []byte) error {
	type plain kept
	return decodeKeeping(data, (*plain)(k), &k.Extra)
}

func (k kept) MarshalJSON() ([]byte, error) {
	type plain kept
	return encodeWith(plain(k), k.Extra)
}

func TestUnknownMembersSurvive(t *testing.T) {
	for name, test := range map[string]struct{ in, out string }{
		"unknown members come behind the known ones": {`{"zeta":[1, 2],"name":"a","alpha":{"b":null},"count":2}`,
			`{"name":"a","count":2,"alpha":{"b":null},"zeta":[1,2]}`},
		"only unknown members":             {`{"x":1.50}`, `{"x":1.50}`},
		"no members":                       {`{}`, `{}`},
		"null members are absent":          {`{"name":null,"count":null}`, `{}`},
		"another spelling":                 {`{"title":"a","x":1}`, `{"name":"a","x":1}`},
		"another letter case":              {`{"TITLE":"a","COUNT":3}`, `{"name":"a","count":3}`},
		"the own name wins over the other": {`{"title":"b","Name":"a"}`, `{"name":"a"}`},
	} {
		var k kept
		if err := json.Unmarshal([]byte(test.in), &k); err != nil {
			t.Errorf("%s: read %s: %v", name, test.in, err)
			continue
		}
		if out, err := json.Marshal(k); string(out) != test.out || err != nil {
			t.Errorf("%s: %s came back as %s, %v; want %s", name, test.in, out, err, test.out)
		}
	}
	for _, in := range []string{`[]`, `"text"`, `{"name":1}`, `{"name"`} {
		if err := json.Unmarshal([]byte(in), new(kept)); err == nil {
			t.Errorf("read %s: got no error", in)
		}
	}
}
