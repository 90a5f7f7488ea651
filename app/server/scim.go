package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/auth"
	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/report"
)

func scimRoutes() []route {
	return []route{
		{http.MethodGet, "/api/SCIM/v2/Token", auth.Admin, noBody, (*server).scimToken},
		{http.MethodGet, "/api/SCIM/v2/Users", auth.Provision, noBody, (*server).scimUsers},
		{http.MethodPost, "/api/SCIM/v2/Users", auth.Provision, smallBody, (*server).createSCIMUser},
		{http.MethodGet, "/api/SCIM/v2/Users/{id}", auth.Provision, noBody, (*server).scimUser},
		{http.MethodPatch, "/api/SCIM/v2/Users/{id}", auth.Provision, smallBody, (*server).patchSCIMUser},
		{http.MethodDelete, "/api/SCIM/v2/Users/{id}", auth.Provision, noBody, (*server).deleteSCIMUser},
		{http.MethodGet, "/api/SCIM/v2/Users/userName={userName}", auth.Provision, noBody, (*server).scimUserByName},
		{http.MethodGet, "/api/SCIM/v2/Groups", auth.Provision, noBody, (*server).scimGroups},
		{http.MethodGet, "/api/SCIM/v2/Groups/{id}", auth.Provision, noBody, (*server).scimGroup},

		{http.MethodGet, "/api/gowats/v1/SCIM/Tokens", auth.Admin, noBody, (*server).tokens},
		{http.MethodPost, "/api/gowats/v1/SCIM/Tokens", auth.Admin, smallBody, (*server).issueToken},
		{http.MethodDelete, "/api/gowats/v1/SCIM/Tokens/{tokenId}", auth.Admin, noBody, (*server).withdrawToken},
	}
}

const (
	scimDays       = 90   // a token is good for unless the request says otherwise
	maxSCIMDays    = 3650 //
	scimPage       = 100  // users of a page unless the request says otherwise
	maxSCIMPage    = 1000
	maxAttributes  = 64 << 10 // bytes of what a directory says of a user
	maxSCIMChanges = 100      // operations of one change
)

// scimToken issues a token that is good for provisioning alone. It is a GET with an effect.
//
// Route: GET /api/SCIM/v2/Token?duration=.
func (s *server) scimToken(w http.ResponseWriter, c *call) error {
	o, err := parseOptions(c.URL.RawQuery)
	if err != nil {
		return err
	}
	given, err := o.integer("duration", maxSCIMDays)
	if err != nil {
		return err
	}
	days := given.Or(scimDays)
	if days == 0 {
		return refuseOption("duration", "range", "must be a whole number of days from 1 to %d, is 0", maxSCIMDays)
	}
	if c.Method == http.MethodHead { // is answered like GET, but asks only
		return answerJSON(w, struct{}{})
	}
	ends := s.now().Add(time.Duration(days) * 24 * time.Hour).UTC().Truncate(time.Second)
	secret, err := s.auth.IssueTokenUntil(c.Context(), c.id.User, "SCIM", auth.Provision, ends)
	if err != nil {
		return err
	}
	return answerJSON(w, struct {
		Token   string    `json:"token"`
		Expires time.Time `json:"expiresUtc"`
		Days    int       `json:"durationDays"`
	}{secret, ends, days})
}

// scimUsers answers with a page of users.
//
// Route: GET /api/SCIM/v2/Users?startIndex=&count=&filter=.
func (s *server) scimUsers(w http.ResponseWriter, c *call) error {
	o, err := readOptions(c)
	if err != nil {
		return err
	}
	start, count := o.number("startIndex", 0, math.MaxInt32), o.number("count", 0, math.MaxInt32)
	filter := collect(o, "filter", options.scimFilter)
	if err := o.err(); err != nil {
		return err
	}
	first, most := max(1, start.Or(1)), min(count.Or(scimPage), maxSCIMPage)
	users, total, err := s.store.Users(c.Context(), filter, first-1, most)
	if err != nil {
		return err
	}
	page := wats.SCIMPage{Schemas: []string{wats.SCIMListSchema}, TotalResults: total, ItemsPerPage: len(users), StartIndex: first, Resources: []wats.SCIMUser{}}
	for _, u := range users {
		one, err := scimOf(u)
		if err != nil {
			return err
		}
		page.Resources = append(page.Resources, one)
	}
	return answerJSON(w, page)
}

// scimFilter reads an expression of the form: attribute eq value (RFC 7644 §3.4.2.2).
func (o options) scimFilter(option string) (f store.UserFilter, err error) {
	text := o.text(option)
	if strings.TrimSpace(text) == "" {
		return f, nil
	}
	fields := strings.SplitN(strings.TrimSpace(text), " ", 3)
	refuse := func() error {
		return refuseOption(option, "unsupported", `must be userName, externalId, id or active, then eq, then a value, such as userName eq "ola"; is %q`, shorten(text))
	}
	if len(fields) != 3 || !strings.EqualFold(fields[1], "eq") {
		return f, refuse()
	}
	var value any
	if err := json.Unmarshal([]byte(fields[2]), &value); err != nil {
		return f, refuse()
	}
	word, isText := value.(string)
	is, isBool := value.(bool)
	switch name := strings.ToLower(fields[0]); {
	case name == "username" && isText && word != "":
		f.Name = word
	case name == "externalid" && isText && word != "":
		f.ExternalID = word
	case name == "id" && isText:
		if f.ID, err = report.ParseID(word); err != nil {
			f.ID, err = report.NewID(), nil // nobody's
		}
	case name == "active" && isBool:
		f.Disabled = report.Some(!is)
	default:
		return f, refuse()
	}
	return f, err
}

// scimUser answers with one user.
//
// Route: GET /api/SCIM/v2/Users/{id}.
func (s *server) scimUser(w http.ResponseWriter, c *call) error {
	id, err := c.userID()
	if err != nil {
		return err
	}
	u, err := s.store.UserByID(c.Context(), id)
	if err != nil {
		return err
	}
	return answerUser(w, u)
}

// userID returns the ID in the path. One that is no GUID is nobody's.
func (c *call) userID() (report.ID, error) {
	id, err := report.ParseID(c.param("id"))
	if err != nil {
		return id, refusef(http.StatusNotFound, "there is no user %s", shorten(c.param("id")))
	}
	return id, nil
}

func answerUser(w http.ResponseWriter, u store.User) error {
	one, err := scimOf(u)
	if err != nil {
		return err
	}
	return answerJSON(w, one)
}

// scimUserByName answers with the user of that name.
//
// Route: GET /api/SCIM/v2/Users/userName={userName}.
func (s *server) scimUserByName(w http.ResponseWriter, c *call) error {
	u, err := s.store.User(c.Context(), c.param("userName"))
	if errors.Is(err, store.ErrNotFound) {
		return refusef(http.StatusNotFound, "there is no user %s", shorten(c.param("userName")))
	}
	if err != nil {
		return err
	}
	return answerUser(w, u)
}

// createSCIMUser makes an account.
//
// Route: POST /api/SCIM/v2/Users.
func (s *server) createSCIMUser(w http.ResponseWriter, c *call) error {
	body, err := readJSON[wats.SCIMUser](s, w, c)
	if err != nil {
		return err
	}
	password, err := takePassword(&body)
	if err != nil {
		return err
	}
	u := store.User{Role: string(auth.Read)}
	if err := applySCIM(&u, body); err != nil {
		return err
	}
	made, err := s.auth.AddAccount(c.Context(), u, password)
	if errors.Is(err, store.ErrExists) {
		return refusef(http.StatusConflict, "there is a user %q already", u.Name)
	}
	if err != nil {
		return err
	}
	return answerUser(w, made)
}

// takePassword removes the password from what is kept of a user.
func takePassword(body *wats.SCIMUser) (password string, err error) {
	for name, value := range body.Extra {
		if strings.EqualFold(name, "password") {
			delete(body.Extra, name)
			if json.Unmarshal(value, &password) != nil {
				return "", refuseAll(report.Findings{{Path: "$.password", Rule: "type", Message: "password must be a text"}})
			}
		}
	}
	return password, nil
}

// deleteSCIMUser removes an account with its tokens.
//
// Route: DELETE /api/SCIM/v2/Users/{id}.
func (s *server) deleteSCIMUser(w http.ResponseWriter, c *call) error {
	id, err := c.userID()
	if err != nil {
		return err
	}
	if err := s.auth.RemoveAccount(c.Context(), id); err != nil {
		return err
	}
	return answerDone(w)
}

// patchSCIMUser replaces attributes of a user, all or none.
//
// Route: PATCH /api/SCIM/v2/Users/{id}.
func (s *server) patchSCIMUser(w http.ResponseWriter, c *call) error {
	id, err := c.userID()
	if err != nil {
		return err
	}
	patch, err := readJSON[wats.SCIMPatch](s, w, c)
	if err != nil {
		return err
	}
	changes, password, err := readPatch(patch)
	if err != nil {
		return err
	}
	u, err := s.auth.ChangeAccount(c.Context(), id, password, func(u *store.User) error {
		one, err := scimOf(*u)
		if err != nil {
			return err
		}
		var found report.Findings
		for _, change := range changes {
			if err := change.apply(&one); err != nil {
				found = append(found, report.Finding{Path: change.at, Rule: "value", Message: err.Error()})
			}
		}
		if len(found) > 0 {
			return &report.InvalidError{Violations: found}
		}
		return applySCIM(u, one)
	})
	if err != nil {
		return err
	}
	return answerUser(w, u)
}

// scimOf returns an account as a user of SCIM.
func scimOf(u store.User) (wats.SCIMUser, error) {
	var one wats.SCIMUser
	if u.Attributes != "" {
		if err := json.Unmarshal([]byte(u.Attributes), &one); err != nil {
			return one, fmt.Errorf("stored attributes of user %q are damaged: %w", u.Name, err)
		}
	}
	if !slices.Contains(one.Schemas, wats.SCIMUserSchema) {
		one.Schemas = append([]string{wats.SCIMUserSchema}, one.Schemas...)
	}
	one.ID, one.UserName, one.ExternalID, one.Active = u.ID.String(), u.Name, u.ExternalID, report.Some(!u.Disabled)
	one.Roles = append([]wats.SCIMRole{{Value: u.Role}}, one.Roles...)
	changed := u.ModifiedAt
	if changed.IsZero() {
		changed = u.CreatedAt
	}
	one.Meta = map[string]any{
		"resourceType": "User", "created": u.CreatedAt.Format(time.RFC3339Nano), "lastModified": changed.Format(time.RFC3339Nano),
		"location": "/api/SCIM/v2/Users/" + u.ID.String(),
	}
	return one, nil
}

// applySCIM makes an account what a user of SCIM says. Roles that are not ours are kept with the attributes.
func applySCIM(u *store.User, one wats.SCIMUser) error {
	if err := one.Validate().Err(); err != nil {
		return err
	}
	u.Name, u.ExternalID, u.Disabled = one.UserName, one.ExternalID, !one.Active.Or(true)
	var foreign []wats.SCIMRole
	known := ""
	for _, r := range one.Roles {
		switch word := auth.Role(strings.ToLower(r.Value)); word {
		case auth.Read, auth.Write, auth.Admin:
			if known == "" {
				known = string(word)
			}
		default:
			foreign = append(foreign, r)
		}
	}
	if known != "" {
		u.Role = known
	}
	one.ID, one.UserName, one.ExternalID, one.Active, one.Roles, one.Meta = "", "", "", report.Optional[bool]{}, foreign, nil
	attributes, err := json.Marshal(one)
	if err != nil {
		return fmt.Errorf("keep the attributes of user %q: %w", u.Name, err)
	}
	if len(attributes) > maxAttributes {
		return &report.InvalidError{Violations: report.Findings{{Path: "$", Rule: "length", Message: fmt.Sprintf("the attributes of the user exceed %d bytes", maxAttributes)}}}
	}
	u.Attributes = string(attributes)
	return nil
}

// scimGroupOf is a group: a role, and the users who have it.
type scimGroupOf struct {
	Schemas     []string         `json:"schemas"`
	ID          string           `json:"id"`
	DisplayName string           `json:"displayName"`
	Members     []scimMember     `json:"members,omitempty"`
	Meta        scimResourceType `json:"meta"`
}

type scimMember struct {
	Value   string `json:"value"`
	Display string `json:"display"`
}

type scimResourceType struct {
	ResourceType string `json:"resourceType"`
}

func groupOf(role auth.Role) scimGroupOf {
	return scimGroupOf{Schemas: []string{wats.SCIMGroupSchema}, ID: string(role), DisplayName: string(role), Meta: scimResourceType{"Group"}}
}

// scimGroups answers with the groups, which are the roles, without their members.
//
// Unverified: of this route only the address is known; a recording would settle what a WATS server answers.
//
// Route: GET /api/SCIM/v2/Groups.
func (s *server) scimGroups(w http.ResponseWriter, _ *call) error {
	groups := []scimGroupOf{groupOf(auth.Read), groupOf(auth.Write), groupOf(auth.Admin)}
	return answerJSON(w, struct {
		Schemas      []string      `json:"schemas"`
		TotalResults int           `json:"totalResults"`
		ItemsPerPage int           `json:"itemsPerPage"`
		StartIndex   int           `json:"startIndex"`
		Resources    []scimGroupOf `json:"Resources"`
	}{[]string{wats.SCIMListSchema}, len(groups), len(groups), 1, groups})
}

// scimGroup answers with a group and its members, of which there are at most 1000.
//
// Unverified: as for scimGroups.
//
// Route: GET /api/SCIM/v2/Groups/{id}.
func (s *server) scimGroup(w http.ResponseWriter, c *call) error {
	role := auth.Role(strings.ToLower(c.param("id")))
	if role != auth.Read && role != auth.Write && role != auth.Admin {
		return refusef(http.StatusNotFound, "there is no group %s: groups are read, write and admin", shorten(c.param("id")))
	}
	users, _, err := s.store.Users(c.Context(), store.UserFilter{Role: string(role)}, 0, maxSCIMPage)
	if err != nil {
		return err
	}
	group := groupOf(role)
	for _, u := range users {
		group.Members = append(group.Members, scimMember{u.ID.String(), u.Name})
	}
	return answerJSON(w, group)
}
