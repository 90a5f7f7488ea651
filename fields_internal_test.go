package wats

import (
	"reflect"
	"strings"
	"testing"
)

func TestFieldsAreReadAndWritten(t *testing.T) {
	for text, want := range map[string]string{ // want: as it is written, "" when it is refused
		``:                                     ``,
		`a=1`:                                  `a=1`,
		`a=-15, b=007`:                         `a=-15, b=7`,
		`a=999999999999999`:                    `a=999999999999999`,
		`  a=1 ,	b=2  `:                        `a=1, b=2`,
		`a="x \"y\" \\z"`:                      `a="x \"y\" \\z"`,
		`a=:aGk=:;b=?0;c`:                      `a=:aGk=:;b=?0;c`,
		`a=::`:                                 `a=::`,
		`a, b;x=1`:                             `a=?1, b=?1;x=1`,
		`a=?1;x=?1`:                            `a=?1;x`,
		`a=tok/en:*1`:                          `a=tok/en:*1`,
		`*a_-.*1=*`:                            `*a_-.*1=*`,
		`s=();a=1`:                             `s=();a=1`,
		`s=(  "a"   "b";req )`:                 `s=("a" "b";req)`,
		`s=("@a";req;x="y"  :aGk=:);t="u"`:     `s=("@a";req;x="y" :aGk=:);t="u"`,
		`a=1,`:                                 ``,
		`a=1 b=2`:                              ``,
		`a=1, a=2`:                             ``,
		`a=1;x=1;x=2`:                          ``,
		`A=1`:                                  ``,
		`=1`:                                   ``,
		`a=`:                                   ``,
		`a=1;`:                                 ``,
		`a=1.5`:                                ``,
		`a=-`:                                  ``,
		`a=1000000000000000`:                   ``,
		`a="x`:                                 ``,
		`a="\x"`:                               ``,
		`a="\`:                                 ``,
		"a=\"\t\"":                             ``,
		`a="ø"`:                                ``,
		`a=:aGk:`:                              ``,
		`a=:aGl=:`:                             ``, // bits beyond the last byte
		`a=:aGk=`:                              ``,
		"a=:aG\nk=:":                           ``,
		`a=?2`:                                 ``,
		`a=?`:                                  ``,
		`a=(`:                                  ``,
		`a=("x"`:                               ``,
		`a=("x""y")`:                           ``,
		`a=(1 (2))`:                            ``,
		`a=@1`:                                 ``,
		strings.Repeat("x", maxField+1):        ``,
		"s=(" + strings.Repeat("1 ", 33) + ")": ``,
		"a=1" + strings.Repeat(";x", 2):        ``,
	} {
		fields, err := parseFields([]string{text})
		if (err == nil) != (want != "" || text == "") {
			t.Errorf("parseFields(%.60q) = %v, %v, want %q", text, fields, err, want)
			continue
		}
		if got := writeFields(fields); err == nil && got != want {
			t.Errorf("parseFields(%.60q) is written %q, want %q", text, got, want)
		}
	}
	if fields, err := parseFields([]string{"a=1", "b=2"}); err != nil || writeFields(fields) != "a=1, b=2" {
		t.Errorf("parseFields of two lines = %v, %v, want both", fields, err)
	}
	many := strings.Repeat(" ", 0)
	for i := range 33 {
		many += "k" + string(rune('a'+i%26)) + string(rune('a'+i/26)) + ","
	}
	if _, err := parseFields([]string{many + "z"}); err != errTooMany {
		t.Errorf("parseFields of 34 members = %v, want %v", err, errTooMany)
	}
}

func writeFields(fields []field) string {
	texts := make([]string, len(fields))
	for i, f := range fields {
		texts[i] = f.String()
	}
	return strings.Join(texts, ", ")
}

func FuzzFields(f *testing.F) {
	for _, seed := range []string{
		`sig1=("@method" "@target-uri" "content-digest";req);created=1618884473;keyid="k";nonce="b3k2pp5k7z-50gnwp.yemd";alg="ed25519"`,
		`sig1=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:`,
		`sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:, sha-512=::`, `a, b=?0;x;y=-1, c="\"\\", d=tok*/:`, `a=(1 2;b "c" :aGk=: ?0 t);x`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		fields, err := parseFields([]string{text})
		if err != nil {
			return
		}
		written := writeFields(fields)
		again, err := parseFields([]string{written})
		if len(written) > maxField {
			return // an omitted =?1 is written out
		}
		if err != nil || !reflect.DeepEqual(fields, again) {
			t.Errorf("%q is written %q, read again: %v, %v", text, written, again, err)
		}
	})
}
