package server

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func testMatcher() *matcher {
	var routes []route
	for _, r := range [][2]string{
		{"GET", "/api/Report/Wsjf/{id}"},
		{"POST", "/api/Report/WSJF"},
		{"GET", "/api/Product/{partNumber}"},
		{"PUT", "/api/Product/{partNumber}"},
		{"GET", "/api/Product/Query"},
		{"GET", "/api/Product/{partNumber}/{revision}"},
		{"GET", "/api/SCIM/v2/Users/{id}"},
		{"GET", "/api/SCIM/v2/Users/userName={userName}"},
	} {
		routes = append(routes, route{method: r[0], pattern: r[1]})
	}
	return newMatcher(routes)
}

func TestMatcher(t *testing.T) {
	for _, tc := range []struct {
		name, method, path string
		want               string   // pattern; "" none
		params             []string // names and values
		allowed            []string
	}{
		{"a literal path matches", "POST", "/api/Report/WSJF", "/api/Report/WSJF", nil, nil},
		{"the case of a method matters", "post", "/api/Report/WSJF", "", nil, []string{"POST"}},
		{"literals match without regard to case", "POST", "/API/report/wsjf", "/api/Report/WSJF", nil, nil},
		{"an escaped literal is the literal", "POST", "/api/Report/W%53JF", "/api/Report/WSJF", nil, nil},
		{"a parameter is one segment", "GET", "/api/Product/PCB-1", "/api/Product/{partNumber}", []string{"partNumber", "PCB-1"}, nil},
		{"case of parameters is kept", "GET", "/api/product/pCb", "/api/Product/{partNumber}", []string{"partNumber", "pCb"}, nil},
		{"an escaped slash belongs to its segment", "GET", "/api/Product/A%2FB/01", "/api/Product/{partNumber}/{revision}", []string{"partNumber", "A/B", "revision", "01"}, nil},
		{"an escaped percent is decoded once", "GET", "/api/Product/50%2525", "/api/Product/{partNumber}", []string{"partNumber", "50%25"}, nil},
		{"a plus is a plus", "GET", "/api/Product/a+b", "/api/Product/{partNumber}", []string{"partNumber", "a+b"}, nil},
		{"a parameter may be empty at the end", "GET", "/api/Product/", "/api/Product/{partNumber}", []string{"partNumber", ""}, nil},
		{"a parameter may be empty in the middle", "GET", "/api/Product//01", "/api/Product/{partNumber}/{revision}", []string{"partNumber", "", "revision", "01"}, nil},
		{"dots are text", "GET", "/api/Product/..", "/api/Product/{partNumber}", []string{"partNumber", ".."}, nil},
		{"a literal goes before a parameter", "GET", "/api/Product/query", "/api/Product/Query", nil, nil},
		{"where the literal lacks the method the parameter serves", "PUT", "/api/Product/query", "/api/Product/{partNumber}", []string{"partNumber", "query"}, nil},
		{"a parameter may have a literal before it", "GET", "/api/SCIM/v2/Users/username=Ann%20B", "/api/SCIM/v2/Users/userName={userName}", []string{"userName", "Ann B"}, nil},
		{"without that literal the plain parameter serves", "GET", "/api/SCIM/v2/Users/42", "/api/SCIM/v2/Users/{id}", []string{"id", "42"}, nil},
		{"HEAD is answered as GET", "HEAD", "/api/Product/Query", "/api/Product/Query", nil, nil},
		{"another method is told what is possible", "DELETE", "/api/Product/Query", "", nil, []string{"GET", "PUT"}},
		{"a slash too many is another path", "GET", "/api/SCIM/v2/Users/42/", "", nil, nil},
		{"double slashes are not cleaned", "POST", "/api//Report/WSJF", "", nil, nil},
		{"a broken escape matches nothing", "GET", "/api/Product/%zz", "", nil, nil},
		{"a very deep path matches nothing", "GET", strings.Repeat("/x", 1000), "", nil, nil},
		{"an empty path matches nothing", "GET", "", "", nil, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, allowed := testMatcher().find(tc.method, tc.path)
			if pattern := patternOf(got); pattern != tc.want || !slices.Equal(allowed, tc.allowed) {
				t.Fatalf("find %s %s: got %q, allowed %v; want %q, allowed %v", tc.method, tc.path, pattern, allowed, tc.want, tc.allowed)
			}
			for i := 0; i < len(tc.params); i += 2 {
				if value := got.param(tc.params[i]); value != tc.params[i+1] {
					t.Errorf("parameter %s: got %q, want %q", tc.params[i], value, tc.params[i+1])
				}
			}
		})
	}
}

func patternOf(m match) string {
	if m.route == nil {
		return ""
	}
	return m.route.pattern
}

// FuzzMatcher holds: no path is too odd, and a value that was escaped into a path comes back as it was.
func FuzzMatcher(f *testing.F) {
	for _, seed := range []string{"", "PCB-1", "a/b", "..", "%2F", "50%", "ä\xff", "userName=", "Query"} {
		f.Add(seed)
	}
	m := testMatcher()
	f.Fuzz(func(t *testing.T, text string) {
		m.find(http.MethodGet, text)
		got, _ := m.find(http.MethodGet, "/api/Product/"+url.PathEscape(text)+"/x")
		if got.param("partNumber") != text {
			t.Errorf("parameter: got %q (%s), want %q", got.param("partNumber"), patternOf(got), text)
		}
	})
}
