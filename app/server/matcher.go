package server

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

const (
	maxSegments = 16 // of a path
	maxParams   = 3  // of a pattern
)

// matcher finds the route of a request.
//
// Literal segments match without regard to case. A parameter is one percent-encoded segment and may be empty. Paths are
// neither cleaned nor redirected: //, a slash at the end and .. are segments like others. Where two patterns match, the one
// whose first difference is a literal wins.
type matcher struct {
	bySegments [maxSegments + 1][]pattern
}

// pattern is one path and its route for each method.
type pattern struct {
	segments []segment
	methods  []string // sorted
	routes   []*route // same index
}

// segment is a literal, or a parameter with a literal before it (userName={name}).
type segment struct {
	literal string
	param   string // name; "" in a literal
}

// match is a route and the values of its parameters.
type match struct {
	route  *route
	params [maxParams]param
}

type param struct{ name, value string }

// param returns the decoded value of a parameter of the pattern.
func (m *match) param(name string) string {
	for _, p := range m.params {
		if p.name == name {
			return p.value
		}
	}
	return ""
}

func newMatcher(routes []route) *matcher {
	m := &matcher{}
	for i := range routes {
		m.add(&routes[i])
	}
	for _, patterns := range m.bySegments {
		slices.SortStableFunc(patterns, func(a, b pattern) int { return slices.CompareFunc(a.segments, b.segments, bySpecificity) })
	}
	return m
}

func (m *matcher) add(r *route) {
	segments := parsePattern(r.pattern)
	patterns := &m.bySegments[len(segments)]
	at := slices.IndexFunc(*patterns, func(p pattern) bool { return slices.EqualFunc(p.segments, segments, sameSegment) })
	if at < 0 {
		at = len(*patterns)
		*patterns = append(*patterns, pattern{segments: segments})
	}
	p := &(*patterns)[at]
	i, _ := slices.BinarySearch(p.methods, r.method)
	p.methods = slices.Insert(p.methods, i, r.method)
	p.routes = slices.Insert(p.routes, i, r)
}

func parsePattern(text string) []segment {
	var segments []segment
	for part := range strings.SplitSeq(strings.TrimPrefix(text, "/"), "/") {
		literal, param, _ := strings.Cut(part, "{")
		segments = append(segments, segment{literal, strings.TrimSuffix(param, "}")})
	}
	return segments
}

func sameSegment(a, b segment) bool {
	return a.param == b.param && strings.EqualFold(a.literal, b.literal)
}

// bySpecificity puts literals first, then parameters by the length of what stands before them.
func bySpecificity(a, b segment) int {
	if (a.param == "") != (b.param == "") {
		return cmp.Compare(len(a.param), len(b.param))
	}
	if a.param != "" {
		return cmp.Compare(len(b.literal), len(a.literal))
	}
	return 0
}

// find returns the route for a path as it came over the wire (escaped). When there is none it returns the methods that the path has, if any.
func (m *matcher) find(method, path string) (found match, allowed []string) {
	var segments [maxSegments]string
	n := 0
	for part := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		if n == maxSegments {
			return match{}, nil
		}
		text, err := url.PathUnescape(part)
		if err != nil {
			return match{}, nil
		}
		segments[n] = text
		n++
	}
	for i := range m.bySegments[n] {
		p := &m.bySegments[n][i]
		params, ok := p.match(segments[:n])
		if !ok {
			continue
		}
		if r := p.route(method); r != nil {
			return match{r, params}, nil
		}
		allowed = append(allowed, p.methods...)
	}
	slices.Sort(allowed)
	return match{}, slices.Compact(allowed)
}

func (p *pattern) match(path []string) (params [maxParams]param, ok bool) {
	n := 0
	for i, s := range p.segments {
		text := path[i]
		if s.param == "" {
			if !strings.EqualFold(text, s.literal) {
				return params, false
			}
			continue
		}
		if len(text) < len(s.literal) || !strings.EqualFold(text[:len(s.literal)], s.literal) {
			return params, false
		}
		params[n] = param{s.param, text[len(s.literal):]}
		n++
	}
	return params, true
}

// route returns the route for a method, nil if there is none. HEAD is answered as GET; net/http leaves out the body.
func (p *pattern) route(method string) *route {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	if i, ok := slices.BinarySearch(p.methods, method); ok {
		return p.routes[i]
	}
	return nil
}
