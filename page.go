package wats

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"iter"
	"strconv"
)

// list carries out req and returns the elements of the array it is answered by; nil when the answer is empty.
func list[T any](ctx context.Context, c *Client, req *request) ([]T, error) {
	ans, err := c.do(ctx, req)
	if err != nil || ans.isEmpty() {
		return nil, err
	}
	var out []T
	for v, err := range elements[T](ans.body) {
		if err != nil {
			return nil, c.unreadable(req, ans, err)
		}
		out = append(out, *v)
	}
	return out, nil
}

// listOrOne is like list for a route that answers a single element without the array around it.
func listOrOne[T any](ctx context.Context, c *Client, req *request) ([]T, error) {
	ans, err := c.do(ctx, req)
	if err != nil || ans.isEmpty() {
		return nil, err
	}
	out, err := manyOrOne[T](ans.body)
	if err != nil {
		return nil, c.unreadable(req, ans, err)
	}
	return out, nil
}

// manyOrOne decodes a JSON array, or the one element that stands in its place.
func manyOrOne[T any](data []byte) (out []T, err error) {
	if rest := skipSpace(data); len(rest) > 0 && rest[0] == '{' {
		out = make([]T, 1)
		return out, json.Unmarshal(data, &out[0])
	}
	for v, err := range elements[T](data) {
		if err != nil {
			return nil, err
		}
		out = append(out, *v)
	}
	return out, nil
}

// elements yields the elements of a JSON array, decoding each only when it is asked for. It stops at the first error.
func elements[T any](array []byte) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		rest := skipSpace(array)
		if len(rest) == 0 || rest[0] != '[' {
			yield(nil, fmt.Errorf("want a JSON array, got %.40q", array))
			return
		}
		rest = skipSpace(rest[1:])
		for i := 0; len(rest) > 0 && (rest[0] != ']' || i > 0); i++ {
			length := valueLength(rest)
			v := new(T)
			if err := decode(rest[:length], v); err != nil {
				yield(nil, fmt.Errorf("element %d: %w", i, err))
				return
			}
			if !yield(v, nil) {
				return
			}
			rest = skipSpace(rest[length:])
			if len(rest) == 0 || rest[0] != ',' {
				break
			}
			rest = skipSpace(rest[1:])
		}
		switch {
		case len(rest) == 0 || rest[0] != ']':
			yield(nil, fmt.Errorf("want the next element or the end of the array at byte %d", len(array)-len(rest)))
		case len(skipSpace(rest[1:])) > 0:
			yield(nil, fmt.Errorf("text after the array, at byte %d", len(array)-len(rest)+1))
		}
	}
}

// decode reads one JSON value into v. It spares encoding/json's own look at a value that v reads itself, and checks.
func decode(value []byte, v any) error {
	if u, ok := v.(json.Unmarshaler); ok {
		return u.UnmarshalJSON(value)
	}
	return json.Unmarshal(value, v)
}

// skipSpace returns what of text follows after white space of JSON (RFC 8259 §2).
func skipSpace[T string | []byte](text T) T {
	for i := range len(text) {
		switch text[i] {
		case ' ', '\t', '\r', '\n':
		default:
			return text[i:]
		}
	}
	return text[len(text):]
}

// valueLength returns the length of the JSON value that text starts with. What stands there need not be valid: it only finds the
// end, and who decodes the value checks it. It is 0 where no value can start.
func valueLength[T string | []byte](text T) int {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			i += quotedLength(text[i:]) - 1
			if depth == 0 {
				return i + 1
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return i
			}
			if depth--; depth == 0 {
				return i + 1
			}
		case ',', ':', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return i
			}
		}
	}
	return len(text)
}

// quotedLength returns the length of the text in quotes that text starts with, all of it when the closing quote is missing.
func quotedLength[T string | []byte](text T) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(text)
}

const pageSize = 1000 // rows asked for at once

// pages yields the rows of a list that is read by $top and $skip: all of them, or the first top if top is above 0.
// One page is in memory at a time. A page that is not full does not end the list, since a server may give fewer rows than asked for;
// an empty one does. More rows than asked for are taken for the whole list, from a server that does not page.
func pages[T any](ctx context.Context, c *Client, query func() *request, top int) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		p := pager[T]{client: c, top: top, yield: yield, seed: maphash.MakeSeed()}
		for {
			req := query()
			req.query.Set("$top", strconv.Itoa(p.want()))
			if p.given > 0 {
				req.query.Set("$skip", strconv.Itoa(p.given))
			}
			if !p.next(ctx, req) {
				return
			}
		}
	}
}

// pager is the state of one loop over pages.
type pager[T any] struct {
	client *Client
	top    int
	yield  func(*T, error) bool
	given  int // rows yielded so far
	seed   maphash.Seed
	last   uint64 // hash of the page before
	page   []byte // memory of the page before: every row has been decoded
}

// want returns how many rows to ask for next.
func (p *pager[T]) want() int {
	if p.top > 0 {
		return min(pageSize, p.top-p.given)
	}
	return pageSize
}

// next yields the rows of one page. It reports whether to ask for another.
func (p *pager[T]) next(ctx context.Context, req *request) bool {
	want := p.want()
	req.into = p.page
	ans, err := p.client.do(ctx, req)
	switch {
	case err != nil:
		return p.fail(err)
	case ans.isEmpty():
		return false
	}
	p.page = ans.body
	hash := maphash.Bytes(p.seed, ans.body)
	if p.given > 0 && hash == p.last {
		return p.fail(p.client.unreadable(req, ans, errors.New("the server gives the same page again, so it does not know $skip")))
	}
	p.last = hash
	n := 0
	for row, err := range elements[T](ans.body) {
		if err != nil {
			return p.fail(p.client.unreadable(req, ans, err))
		}
		if err := ctx.Err(); err != nil {
			return p.fail(fmt.Errorf("%s %s: stopped after %d rows: %w", req.method, req.path, p.given, err))
		}
		n++
		p.given++
		if !p.yield(row, nil) || p.given == p.top {
			return false
		}
	}
	return 0 < n && n <= want
}

func (p *pager[T]) fail(err error) bool {
	p.yield(nil, err)
	return false
}
