package server

import (
	"errors"
	"net/http"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/store"
)

// issuedToken is a token as it is answered: with its secret once, when it is issued.
type issuedToken struct {
	wats.APIToken
	Secret string `json:"token,omitempty"`
}

func tokenOf(t store.Token) issuedToken {
	return issuedToken{APIToken: wats.APIToken{
		ID: t.ID(), User: t.User, Name: t.Name, Scope: t.Scope, CreatedUTC: wats.Time{Time: t.CreatedAt}, ExpiresUTC: wats.Time{Time: t.ExpiresAt},
	}}
}

// tokens answers with the tokens of a user, or of all.
//
// Route: GET /api/gowats/v1/SCIM/Tokens?user=.
func (s *server) tokens(w http.ResponseWriter, c *call) error {
	o, err := parseOptions(c.URL.RawQuery)
	if err != nil {
		return err
	}
	all, err := s.store.Tokens(c.Context(), o.text("user"))
	if err != nil {
		return err
	}
	rows := make([]issuedToken, len(all))
	for i, t := range all {
		rows[i] = tokenOf(t)
	}
	return answerJSON(w, rows)
}

// issueToken makes a token for a user.
//
// Route: POST /api/gowats/v1/SCIM/Tokens.
func (s *server) issueToken(w http.ResponseWriter, c *call) error {
	wanted, err := readJSON[wats.TokenRequest](s, w, c)
	if err != nil {
		return err
	}
	if err := wanted.Validate().Err(); err != nil {
		return err
	}
	var ends time.Time
	if wanted.Days > 0 {
		ends = s.now().Add(time.Duration(wanted.Days) * 24 * time.Hour).UTC().Truncate(time.Second)
	}
	secret, err := s.auth.IssueTokenUntil(c.Context(), wanted.User, wanted.Name, "", ends)
	if errors.Is(err, store.ErrNotFound) {
		return refusef(http.StatusNotFound, "there is no user %s", shorten(wanted.User))
	}
	if err != nil {
		return err
	}
	issued, err := s.auth.Token(c.Context(), secret)
	if err != nil {
		return err
	}
	answer := tokenOf(issued)
	answer.Secret = secret
	return answerJSON(w, answer)
}

// withdrawToken makes a token worthless at once.
//
// Route: DELETE /api/gowats/v1/SCIM/Tokens/{tokenId}.
func (s *server) withdrawToken(w http.ResponseWriter, c *call) error {
	if err := s.auth.WithdrawToken(c.Context(), c.param("tokenId"), ""); err != nil {
		return err
	}
	return answerDone(w)
}
