package wats

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/gowats/gowats/report"
)

// RepairOperation is how a repair operation is carried out: which faults may be told, and how.
//
// Route: GET /api/internal/Process/GetRepairOperation/{id}.
type RepairOperation struct {
	Description            string            `json:"Description"`
	UUTRequired            int               `json:"UUTRequired"` // 0, 1 or 2; read as 1 where a server leaves it out. Unverified: what the numbers of the three …Required mean
	CompRefMask            string            `json:"CompRefMask"` // regular expression that component references must match; "": any
	CompRefMaskDescription string            `json:"CompRefMaskDescription"`
	BOMConstraint          string            `json:"BomConstraint"`
	BOMRequired            int               `json:"BOMRequired"`    // read as 1 where a server leaves it out
	VendorRequired         int               `json:"VendorRequired"` // read as 2 where a server leaves it out
	Categories             []FailCode        `json:"Categories"`
	MiscInfos              []json.RawMessage `json:"MiscInfos"` // as the server has them

	RowVersion report.Optional[int] `json:"rowVersion,omitzero"` // of a gowats server: a write of an older version than is stored is refused
	Extra      Extra                `json:"-"`
}

// FailCode is a fault that a repair can tell, or a category of them.
type FailCode struct {
	ID              report.ID   `json:"GUID,omitzero"`
	Description     string      `json:"Description"` // names it: reports hold the descriptions of category and code; 1–100 characters
	Unselectable    bool        `json:"-"`           // no repair may tell it any more; Selectable on the wire
	SortOrder       int         `json:"SortOrder"`
	FailureType     int         `json:"FailureType"`
	ImageConstraint string      `json:"ImageConstraint"`
	Status          ActiveState `json:"Status"`
	Codes           []FailCode  `json:"Failcodes"` // of a category; those of a code are empty

	Extra Extra `json:"-"`
}

// UnmarshalJSON keeps what it does not know in Extra.
func (o *RepairOperation) UnmarshalJSON(data []byte) error {
	type plain RepairOperation
	o.UUTRequired, o.BOMRequired, o.VendorRequired = 1, 1, 2
	return decodeKeeping(data, (*plain)(o), &o.Extra)
}

// MarshalJSON writes Extra too. Lists that are nil are written as empty ones.
func (o RepairOperation) MarshalJSON() ([]byte, error) {
	type plain RepairOperation
	o.Categories, o.MiscInfos = notNil(o.Categories), notNil(o.MiscInfos)
	return encodeWith(plain(o), o.Extra)
}

// UnmarshalJSON keeps what it does not know in Extra.
func (f *FailCode) UnmarshalJSON(data []byte) error {
	type Plain FailCode
	wire := struct {
		Plain
		Selectable bool `json:"Selectable"`
	}{Selectable: true}
	var extra Extra
	if err := decodeKeeping(data, &wire, &extra); err != nil {
		return err
	}
	*f = FailCode(wire.Plain)
	f.Unselectable, f.Extra = !wire.Selectable, extra
	return nil
}

// MarshalJSON writes Extra too. Codes that are nil are written as an empty list.
func (f FailCode) MarshalJSON() ([]byte, error) {
	type Plain FailCode
	f.Codes = notNil(f.Codes)
	return encodeWith(struct {
		Plain
		Selectable bool `json:"Selectable"`
	}{Plain(f), !f.Unselectable}, f.Extra)
}

// Has reports whether a repair may tell a fault by these descriptions of category and code, in any letter case.
func (o *RepairOperation) Has(category, code string) bool {
	for i := range o.Categories {
		c := &o.Categories[i]
		if !c.isUsable() || !strings.EqualFold(c.Description, category) {
			continue
		}
		for j := range c.Codes {
			if c.Codes[j].isUsable() && strings.EqualFold(c.Codes[j].Description, code) {
				return true
			}
		}
	}
	return false
}

func (f *FailCode) isUsable() bool { return !f.Unselectable && f.Status == Active }

// The most that a repair operation holds.
const (
	maxFailCategories = 1000
	maxFailCodes      = 10_000 // of all categories
	maxMiscInfos      = 1000
	maxMask           = 1000 // characters
)

// Validate returns all that is wrong with o before it is written.
func (o *RepairOperation) Validate() report.Findings {
	var c checks
	c.text("$.Description", o.Description, maxProductText)
	c.text("$.CompRefMask", o.CompRefMask, maxMask)
	if _, err := regexp.Compile(o.CompRefMask); err != nil {
		c.addf("$.CompRefMask", "syntax", "CompRefMask is no regular expression: %v", err)
	}
	c.text("$.CompRefMaskDescription", o.CompRefMaskDescription, maxProductText)
	c.text("$.BomConstraint", o.BOMConstraint, maxProductText)
	for _, m := range [...]struct {
		path string
		n    int
	}{{"$.UUTRequired", o.UUTRequired}, {"$.BOMRequired", o.BOMRequired}, {"$.VendorRequired", o.VendorRequired}} {
		if m.n < 0 || m.n > 2 {
			c.addf(m.path, "enum", "%s must be 0, 1 or 2, is %d", memberOf(m.path), m.n)
		}
	}
	if n := len(o.MiscInfos); n > maxMiscInfos {
		c.addf("$.MiscInfos", "length", "%d misc infos are too many; at most %d", n, maxMiscInfos)
	}
	codes := 0
	for _, category := range o.Categories {
		codes += len(category.Codes)
	}
	if n := len(o.Categories); n > maxFailCategories || codes > maxFailCodes {
		c.addf("$.Categories", "length", "%d categories with %d codes are too many; at most %d with %d", n, codes, maxFailCategories, maxFailCodes)
		return c.found
	}
	ids := map[report.ID]bool{}
	c.failCodes("$.Categories", o.Categories, ids)
	for i, category := range o.Categories {
		path := fmt.Sprintf("$.Categories[%d].Failcodes", i)
		c.failCodes(path, category.Codes, ids)
		for j, code := range category.Codes {
			if len(code.Codes) > 0 {
				c.addf(fmt.Sprintf("%s[%d].Failcodes", path, j), "depth", "a code has no codes of its own: reports hold a category and a code only")
			}
		}
	}
	return c.found
}

func (c *checks) failCodes(path string, list []FailCode, ids map[report.ID]bool) {
	seen := map[string]bool{}
	for i, f := range list {
		at := fmt.Sprintf("%s[%d]", path, i)
		c.required(at+".Description", f.Description, maxProcessText)
		c.text(at+".ImageConstraint", f.ImageConstraint, maxProductText)
		c.activeState(at+".Status", f.Status)
		if name := strings.ToLower(f.Description); seen[name] {
			c.addf(at+".Description", "unique", "Description %q is there twice, at least but for letter case", f.Description)
		} else {
			seen[name] = true
		}
		if !f.ID.IsZero() && ids[f.ID] {
			c.addf(at+".GUID", "unique", "GUID %s is there twice", f.ID)
		}
		ids[f.ID] = true
	}
}

// RepairOperations returns how every repair operation is carried out, by process code; nil when there is none. It is reference data, which the
// client keeps: see [ProcessService].
//
// Route: GET /api/internal/Process/GetRepairOperations.
func (s *ProcessService) RepairOperations(ctx context.Context) (map[int]*RepairOperation, error) {
	req := newRequest(http.MethodGet, "api", "internal", "Process", "GetRepairOperations")
	ans, err := s.client.do(ctx, req)
	if err != nil || ans.isEmpty() {
		return nil, err
	}
	found, err := single[map[string]*RepairOperation](s.client, req, ans)
	if err != nil {
		return nil, err
	}
	byCode := make(map[int]*RepairOperation, len(*found))
	for text, operation := range *found {
		code, err := strconv.Atoi(text)
		if err != nil || operation == nil {
			return nil, s.client.unreadable(req, ans, fmt.Errorf("want operations by their codes, got one of %.40q", text))
		}
		byCode[code] = operation
	}
	return byCode, nil
}

// RepairOperation returns how the repair operation of an ID, which [ProcessService.Details] tells, is carried out. It returns [ErrNotFound] when
// there is none, nil and no error with [Lenient].
//
// Route: GET /api/internal/Process/GetRepairOperation/{id}.
func (s *ProcessService) RepairOperation(ctx context.Context, id report.ID) (*RepairOperation, error) {
	return one[RepairOperation](ctx, s.client, newRequest(http.MethodGet, "api", "internal", "Process", "GetRepairOperation", id.String()))
}

// SaveRepairOperation replaces how the repair operation of a code is carried out, its fail codes included, and returns it as stored. Categories and
// codes that it leaves out are removed; reports that name them stay as they are. It returns [ErrNotFound] when there is no such repair
// operation, [ErrConflict] when o.RowVersion is not that of what is stored, and [ErrUnsupported] from a server that is not gowats.
// It needs an administrator.
//
// Route: PUT /api/gowats/v1/Process/{code}/Repair.
func (s *ProcessService) SaveRepairOperation(ctx context.Context, code int, o RepairOperation) (*RepairOperation, error) {
	if err := refuseInvalid(fmt.Sprintf("repair operation %d", code), o.Validate()); err != nil {
		return nil, err
	}
	req := newRequest(http.MethodPut, "api", "gowats", "v1", "Process", strconv.Itoa(code), "Repair")
	if err := req.json(o); err != nil {
		return nil, err
	}
	return one[RepairOperation](ctx, s.client, req)
}
