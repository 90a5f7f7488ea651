package wats

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"strconv"

	"github.com/gowats/gowats/report"
)

// SCIMService provisions users (RFC 7643, RFC 7644). It needs the role of an administrator, or a token of [SCIMService.Token].
type SCIMService struct{ client *Client }

// URNs of SCIM.
const (
	SCIMUserSchema  = "urn:ietf:params:scim:schemas:core:2.0:User"
	SCIMGroupSchema = "urn:ietf:params:scim:schemas:core:2.0:Group"
	SCIMListSchema  = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
	SCIMPatchSchema = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
)

// SCIMToken is a token to provision with.
type SCIMToken struct {
	Token        Secret `json:"token,omitzero"`
	ExpiresUTC   Time   `json:"expiresUtc,omitzero" alias:"expires"`
	DurationDays int    `json:"durationDays,omitzero" alias:"duration"`

	Extra Extra `json:"-"`
}

// UnmarshalJSON keeps members it does not know.
func (t *SCIMToken) UnmarshalJSON(data []byte) error {
	type plain SCIMToken
	return decodeKeeping(data, (*plain)(t), &t.Extra)
}

// SCIMName is the name of a person in parts.
type SCIMName struct {
	Formatted  string `json:"formatted,omitzero"`
	GivenName  string `json:"givenName,omitzero"`
	FamilyName string `json:"familyName,omitzero"`

	Extra Extra `json:"-"`
}

// UnmarshalJSON keeps members it does not know.
func (n *SCIMName) UnmarshalJSON(data []byte) error {
	type plain SCIMName
	return decodeKeeping(data, (*plain)(n), &n.Extra)
}

// MarshalJSON writes them back.
func (n SCIMName) MarshalJSON() ([]byte, error) {
	type plain SCIMName
	return encodeWith(plain(n), n.Extra)
}

// SCIMEmail is a mail address.
type SCIMEmail struct {
	Value   string                `json:"value,omitzero"`
	Type    string                `json:"type,omitzero"` // such as work
	Primary report.Optional[bool] `json:"primary,omitzero"`

	Extra Extra `json:"-"`
}

// UnmarshalJSON keeps members it does not know.
func (e *SCIMEmail) UnmarshalJSON(data []byte) error {
	type plain SCIMEmail
	return decodeKeeping(data, (*plain)(e), &e.Extra)
}

// MarshalJSON writes them back.
func (e SCIMEmail) MarshalJSON() ([]byte, error) {
	type plain SCIMEmail
	return encodeWith(plain(e), e.Extra)
}

// SCIMRole is what a user may do.
type SCIMRole struct {
	Value string `json:"value"`

	Extra Extra `json:"-"`
}

// UnmarshalJSON keeps members it does not know. A bare text is the value.
func (r *SCIMRole) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		r.Extra = nil
		return json.Unmarshal(data, &r.Value)
	}
	type plain SCIMRole
	return decodeKeeping(data, (*plain)(r), &r.Extra)
}

// MarshalJSON writes them back.
func (r SCIMRole) MarshalJSON() ([]byte, error) {
	type plain SCIMRole
	return encodeWith(plain(r), r.Extra)
}

// SCIMUser is a user. What a directory says beside that is in Extra, and is kept.
type SCIMUser struct {
	Schemas     []string              `json:"schemas,omitzero"` // default: SCIMUserSchema
	ID          string                `json:"id,omitzero"`      // given by the server
	ExternalID  string                `json:"externalId,omitzero"`
	UserName    string                `json:"userName,omitzero"` // often a mail address
	DisplayName string                `json:"displayName,omitzero"`
	Active      report.Optional[bool] `json:"active,omitzero"` // a user who is not may not sign in. Default true
	Name        *SCIMName             `json:"name,omitzero"`
	Emails      []SCIMEmail           `json:"emails,omitzero"`
	Roles       []SCIMRole            `json:"roles,omitzero"` // of a gowats server: read, write or admin; default read
	Password    Secret                `json:"-"`              // sent by Create alone, as member password; without one a user signs in by tokens alone
	Meta        map[string]any        `json:"meta,omitzero"`  // resourceType, created, lastModified, …

	Extra Extra `json:"-"`
}

// UnmarshalJSON keeps members it does not know.
func (u *SCIMUser) UnmarshalJSON(data []byte) error {
	type plain SCIMUser
	return decodeKeeping(data, (*plain)(u), &u.Extra)
}

// MarshalJSON writes them back.
func (u SCIMUser) MarshalJSON() ([]byte, error) {
	type plain SCIMUser
	return encodeWith(plain(u), u.Extra)
}

const (
	maxSCIMName = 100 // characters of a user name
	maxSCIMText = 500
	maxSCIMList = 50
)

// Validate returns all that is wrong with u as something to be written.
func (u *SCIMUser) Validate() report.Findings {
	var c checks
	c.required("$.userName", u.UserName, maxSCIMName)
	c.text("$.displayName", u.DisplayName, maxSCIMText)
	c.text("$.externalId", u.ExternalID, maxSCIMText)
	if u.Name != nil {
		c.text("$.name.formatted", u.Name.Formatted, maxSCIMText)
		c.text("$.name.givenName", u.Name.GivenName, maxSCIMText)
		c.text("$.name.familyName", u.Name.FamilyName, maxSCIMText)
	}
	if n := len(u.Emails); n > maxSCIMList {
		c.addf("$.emails", "length", "emails exceeds %d entries: it has %d", maxSCIMList, n)
	} else {
		for i, e := range u.Emails {
			c.text(fmt.Sprintf("$.emails[%d].value", i), e.Value, maxSCIMText)
		}
	}
	if n := len(u.Roles); n > maxSCIMList {
		c.addf("$.roles", "length", "roles exceeds %d entries: it has %d", maxSCIMList, n)
	}
	return c.found
}

// SCIMChange replaces one attribute of a user.
type SCIMChange struct {
	Path  string // such as displayName, active or name.givenName
	Value any    // of the attribute's JSON type: a text, true or false, an object, a list
}

// SCIMPatch is the body of a change. Only replace is known.
type SCIMPatch struct {
	Schemas    []string        `json:"schemas,omitzero"`
	Operations []SCIMOperation `json:"Operations" alias:"operations"`
}

// SCIMOperation is one operation of a SCIMPatch.
type SCIMOperation struct {
	Op    string          `json:"op"`
	Path  string          `json:"path,omitzero"`
	Value json.RawMessage `json:"value,omitzero"`
}

// SCIMPage is one page of users, and how many there are.
type SCIMPage struct {
	Schemas      []string   `json:"schemas,omitzero"`
	TotalResults int        `json:"totalResults"`
	ItemsPerPage int        `json:"itemsPerPage"`
	StartIndex   int        `json:"startIndex"` // of the first one here, from 1
	Resources    []SCIMUser `json:"Resources"`

	Extra Extra `json:"-"`
}

// UnmarshalJSON keeps members it does not know.
func (p *SCIMPage) UnmarshalJSON(data []byte) error {
	type plain SCIMPage
	return decodeKeeping(data, (*plain)(p), &p.Extra)
}

// SCIMQuery selects users. The zero SCIMQuery is all.
type SCIMQuery struct {
	Filter     string // such as userName eq "ola"; only gowats servers are known to take one: ==, of userName, externalId, id, active
	StartIndex int    // from 1; zero: 1
	Count      int    // of a page; zero: what the server likes
}

// Token issues a token to provision with, good for so many days; 0: 90.
//
// Route: GET /api/SCIM/v2/Token.
func (s *SCIMService) Token(ctx context.Context, days int) (*SCIMToken, error) {
	if days == 0 {
		days = 90
	}
	if days < 0 {
		return nil, fmt.Errorf("issue a token: %w: %d days are negative", ErrInvalid, days)
	}
	req := newRequest(http.MethodGet, "api", "SCIM", "v2", "Token")
	req.query.Set("duration", strconv.Itoa(days))
	req.reads, req.repeatable = false, false // each call issues one
	return one[SCIMToken](ctx, s.client, req)
}

// Page returns one page of users.
//
// Route: GET /api/SCIM/v2/Users.
func (s *SCIMService) Page(ctx context.Context, q SCIMQuery) (*SCIMPage, error) {
	if q.StartIndex < 0 || q.Count < 0 {
		return nil, fmt.Errorf("list users: %w: StartIndex and Count must not be negative", ErrInvalid)
	}
	req := newRequest(http.MethodGet, "api", "SCIM", "v2", "Users")
	if q.StartIndex > 0 {
		req.query.Set("startIndex", strconv.Itoa(q.StartIndex))
	}
	if q.Count > 0 {
		req.query.Set("count", strconv.Itoa(q.Count))
	}
	if q.Filter != "" {
		req.query.Set("filter", q.Filter)
	}
	page, err := maybe[SCIMPage](ctx, s.client, req)
	if err == nil && page == nil {
		page = &SCIMPage{}
	}
	return page, err
}

// All yields the users that match q. It asks for pages of q.Count (default 100) as needed; a failure is given once, as the last, with a nil user. It can be
// ranged over again.
//
// Route: GET /api/SCIM/v2/Users.
func (s *SCIMService) All(ctx context.Context, q SCIMQuery) iter.Seq2[*SCIMUser, error] {
	if q.StartIndex == 0 {
		q.StartIndex = 1
	}
	if q.Count == 0 {
		q.Count = 100
	}
	return func(yield func(*SCIMUser, error) bool) {
		q := q
		for {
			page, err := s.Page(ctx, q)
			if err != nil {
				yield(nil, err)
				return
			}
			for i := range page.Resources {
				if !yield(&page.Resources[i], nil) {
					return
				}
			}
			q.StartIndex += len(page.Resources)
			if len(page.Resources) == 0 || q.StartIndex > page.TotalResults && page.TotalResults > 0 || page.TotalResults == 0 && len(page.Resources) < q.Count {
				return
			}
		}
	}
}

// Get returns the user of this ID. It returns [ErrNotFound] when there is none.
//
// Route: GET /api/SCIM/v2/Users/{id}.
func (s *SCIMService) Get(ctx context.Context, id string) (*SCIMUser, error) {
	req, err := userRequest(http.MethodGet, id)
	if err != nil {
		return nil, err
	}
	return maybe[SCIMUser](ctx, s.client, req)
}

func userRequest(method, id string) (*request, error) {
	if id == "" {
		return nil, fmt.Errorf("user: %w: the ID is empty", ErrInvalid)
	}
	return newRequest(method, "api", "SCIM", "v2", "Users", id), nil
}

// GetByName returns the user of this name. It returns [ErrNotFound] when there is none.
//
// Route: GET /api/SCIM/v2/Users/userName={userName}.
func (s *SCIMService) GetByName(ctx context.Context, userName string) (*SCIMUser, error) {
	if userName == "" {
		return nil, fmt.Errorf("get user: %w: the name is empty", ErrInvalid)
	}
	req := newRequest(http.MethodGet, "api", "SCIM", "v2", "Users")
	req.path += "/userName=" + escapeSegment(userName)
	return maybe[SCIMUser](ctx, s.client, req)
}

// Create makes a user, and returns it as stored. It returns [ErrConflict] when the name is taken.
//
// Route: POST /api/SCIM/v2/Users.
func (s *SCIMService) Create(ctx context.Context, u *SCIMUser) (*SCIMUser, error) {
	if u == nil {
		return nil, fmt.Errorf("user not sent: %w: it is nil", ErrInvalid)
	}
	if err := refuseInvalid(fmt.Sprintf("user %q", u.UserName), u.Validate()); err != nil {
		return nil, err
	}
	sent := *u
	if sent.Schemas == nil {
		sent.Schemas = []string{SCIMUserSchema}
	}
	if text := sent.Password.Reveal(); text != "" {
		password, err := json.Marshal(text)
		if err != nil {
			return nil, fmt.Errorf("user %q not sent: %w: the password has no JSON form", u.UserName, ErrInvalid)
		}
		sent.Extra = maps.Clone(sent.Extra)
		if sent.Extra == nil {
			sent.Extra = Extra{}
		}
		sent.Extra["password"] = password
	}
	req := newRequest(http.MethodPost, "api", "SCIM", "v2", "Users")
	if err := req.json(sent); err != nil {
		return nil, err
	}
	return one[SCIMUser](ctx, s.client, req)
}

// Update replaces attributes of a user, all or none, and returns it as stored. {"active", false} ends all that the user may do.
//
// Route: PATCH /api/SCIM/v2/Users/{id}.
func (s *SCIMService) Update(ctx context.Context, id string, changes ...SCIMChange) (*SCIMUser, error) {
	req, err := userRequest(http.MethodPatch, id)
	if err != nil {
		return nil, err
	}
	if len(changes) == 0 {
		return nil, fmt.Errorf("update user %s: %w: there is no change", id, ErrInvalid)
	}
	patch := SCIMPatch{Schemas: []string{SCIMPatchSchema}}
	for _, change := range changes {
		value, err := json.Marshal(change.Value)
		if err != nil {
			return nil, fmt.Errorf("update user %s: %w: %s: %w", id, ErrInvalid, change.Path, err)
		}
		patch.Operations = append(patch.Operations, SCIMOperation{"replace", change.Path, value})
	}
	if err := req.json(patch); err != nil {
		return nil, err
	}
	return one[SCIMUser](ctx, s.client, req)
}

// Delete removes a user, with all tokens.
//
// Route: DELETE /api/SCIM/v2/Users/{id}.
func (s *SCIMService) Delete(ctx context.Context, id string) error {
	req, err := userRequest(http.MethodDelete, id)
	if err != nil {
		return err
	}
	return tell(ctx, s.client, req)
}
