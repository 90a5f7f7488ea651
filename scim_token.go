package wats

import (
	"context"
	"fmt"
	"net/http"

	"github.com/gowats/gowats/report"
)

// APIToken is a token of a user of a gowats server. Its secret is there only when it has just been issued.
//
// Route: /api/gowats/v1/SCIM/Tokens, an extension of gowats.
type APIToken struct {
	ID         string `json:"tokenId"` // names it without telling the secret
	User       string `json:"user"`
	Name       string `json:"name"`           // what it is for
	Scope      string `json:"scope,omitzero"` // scim: good for provisioning alone; "": all that the user may
	CreatedUTC Time   `json:"createdUtc"`
	ExpiresUTC Time   `json:"expiresUtc,omitzero"` // zero: never

	Token Secret `json:"token,omitzero"`
}

// TokenRequest says which token is wanted.
type TokenRequest struct {
	User string `json:"user"`
	Name string `json:"name"`          // what it is for
	Days int    `json:"days,omitzero"` // it is good for; 0: for ever
}

const maxTokenDays = 3650

// Validate returns all that is wrong with r.
func (r *TokenRequest) Validate() report.Findings {
	var c checks
	c.required("$.user", r.User, maxSCIMName)
	c.required("$.name", r.Name, maxSCIMName)
	if r.Days < 0 || r.Days > maxTokenDays {
		c.addf("$.days", "range", "days must be from 0 to %d, is %d", maxTokenDays, r.Days)
	}
	return c.found
}

// Tokens returns the tokens of a user, oldest first; of all users for "". Only gowats servers offer it.
//
// Route: GET /api/gowats/v1/SCIM/Tokens.
func (s *SCIMService) Tokens(ctx context.Context, user string) ([]APIToken, error) {
	req := newRequest(http.MethodGet, "api", "gowats", "v1", "SCIM", "Tokens")
	if user != "" {
		req.query.Set("user", user)
	}
	return list[APIToken](ctx, s.client, req)
}

// IssueToken makes a token that is good for all that a user may. It returns [ErrNotFound] when there is no such user. Only gowats servers offer it.
//
// Route: POST /api/gowats/v1/SCIM/Tokens.
func (s *SCIMService) IssueToken(ctx context.Context, r TokenRequest) (*APIToken, error) {
	if err := refuseInvalid(fmt.Sprintf("token %q", r.Name), r.Validate()); err != nil {
		return nil, err
	}
	req := newRequest(http.MethodPost, "api", "gowats", "v1", "SCIM", "Tokens")
	if err := req.json(r); err != nil {
		return nil, err
	}
	return one[APIToken](ctx, s.client, req)
}

// WithdrawToken makes a token worthless. Only gowats servers offer it.
//
// Route: DELETE /api/gowats/v1/SCIM/Tokens/{tokenId}.
func (s *SCIMService) WithdrawToken(ctx context.Context, id string) error {
	if id == "" {
		return fmt.Errorf("withdraw token: %w: the ID is empty", ErrInvalid)
	}
	return tell(ctx, s.client, newRequest(http.MethodDelete, "api", "gowats", "v1", "SCIM", "Tokens", id))
}
