package wats

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/gowats/gowats/report"
)

// ManualInspectionService keeps the definitions of inspections that people carry out, and their runs.
//
// The routes are internal ones of WATS servers, which may change without notice.
type ManualInspectionService struct{ client *Client }

// InspectionStatus is where the definition of an inspection stands.
type InspectionStatus int

// The statuses, by their number on the wire.
const (
	InspectionDraft    InspectionStatus = iota // can be changed
	InspectionPending                          // can be run on trial
	InspectionReleased                         // in use: it cannot be changed, only revoked
	InspectionRevoked                          // withdrawn
)

// String returns draft, pending, released or revoked.
func (s InspectionStatus) String() string {
	words := [...]string{"draft", "pending", "released", "revoked"}
	if s < 0 || int(s) >= len(words) {
		return fmt.Sprintf("status %d", int(s))
	}
	return words[s]
}

// InspectionRepair says what a failed step asks of the operator.
type InspectionRepair int

// What may be asked.
const (
	NoInspectionRepair       InspectionRepair = iota
	OptionalInspectionRepair                  // a repair may be made
	RequiredInspectionRepair                  // a repair must be made
)

// InspectionDefinition is an inspection that people carry out: its head, and what it asks of them. Its steps are its workflow: see [ManualInspectionService.Workflow].
//
// Route: /api/internal/ManualInspection/…, in PascalCase.
type InspectionDefinition struct {
	ID             report.ID                         `json:"TestSequenceDefinitionId,omitzero"`
	Name           string                            `json:"Name"`
	Description    string                            `json:"Description,omitzero"`
	Version        report.Optional[int]              `json:"Version,omitzero"` // counts up for each name, from 1; the server's
	Status         report.Optional[InspectionStatus] `json:"Status,omitzero"`
	Global         bool                              `json:"IsGlobal"`
	FolderID       report.ID                         `json:"VirtualFolderId,omitzero"`
	RepairProcess  report.ID                         `json:"RepairProcessId,omitzero"`
	CreatedBySite  string                            `json:"CreatedBySite,omitzero"`
	InstancesCount int                               `json:"InstancesCount"` // runs; the server's

	AddChildUnits         bool                  `json:"AddChildUnits"`
	FailedStepUnsubmitted bool                  `json:"CreateUnsubmittedReportOnFailedStep"`
	IncludeRepairMiscInfo bool                  `json:"IncludeUURMiscInfoInUUT"`
	LoadPreviousMiscInfo  bool                  `json:"LoadPreviousMiscInfo"`
	LogDescription        bool                  `json:"LogDescription"`
	LogOperator           report.Optional[bool] `json:"LogOperator,omitzero"` // true unless it is said otherwise
	OnFailGotoCleanup     bool                  `json:"OnFailGotoCleanup"`
	OnFailRequireSubmit   bool                  `json:"OnFailRequireSubmit"`
	OnFailRequireRepair   InspectionRepair      `json:"OnFailRequireRepair"`

	Created    Time   `json:"Created,omitzero"` // these, and by whom, are the server's
	CreatedBy  string `json:"CreatedBy,omitzero"`
	Modified   Time   `json:"Modified,omitzero"`
	ModifiedBy string `json:"ModifiedBy,omitzero"`
	Released   Time   `json:"Released,omitzero"`
	ReleasedBy string `json:"ReleasedBy,omitzero"`
	Revoked    Time   `json:"Revoked,omitzero"`
	RevokedBy  string `json:"RevokedBy,omitzero"`

	Relations  []InspectionRelation `json:"Relations,omitzero"` // of one that is read alone; not written with it
	RowVersion report.Optional[int] `json:"rowVersion,omitzero"`
	Extra      Extra                `json:"-"`
}

// UnmarshalJSON reads a definition; members that are not known are kept in Extra.
func (d *InspectionDefinition) UnmarshalJSON(data []byte) error {
	type plain InspectionDefinition
	return decodeKeeping(data, (*plain)(d), &d.Extra)
}

// MarshalJSON writes a definition with its Extra.
func (d InspectionDefinition) MarshalJSON() ([]byte, error) {
	type plain InspectionDefinition
	return encodeWith(plain(d), d.Extra)
}

// Lengths of texts, in characters.
const (
	maxInspectionName = 100
	maxInspectionText = 5000
	maxWorkflow       = 5 << 20 // bytes
)

// Validate returns what is wrong with a definition that is to be written.
func (d InspectionDefinition) Validate() report.Findings {
	var c checks
	c.required("$.Name", d.Name, maxInspectionName)
	c.text("$.Description", d.Description, maxInspectionText)
	if s := d.Status.Value; s < InspectionDraft || s > InspectionRevoked {
		c.addf("$.Status", "enum", "Status must be from %d (draft) to %d (revoked), is %d", InspectionDraft, InspectionRevoked, s)
	}
	if r := d.OnFailRequireRepair; r < NoInspectionRepair || r > RequiredInspectionRepair {
		c.addf("$.OnFailRequireRepair", "enum", "OnFailRequireRepair must be from %d (no repair) to %d (required), is %d", NoInspectionRepair, RequiredInspectionRepair, r)
	}
	return c.found
}

// InspectionRelation says which units a definition is for: those whose field EntityKey has a value. In the value % stands for any text and _ for one character.
type InspectionRelation struct {
	ID           report.ID            `json:"TestSequenceRelationId,omitzero"`
	DefinitionID report.ID            `json:"TestSequenceDefinitionId,omitzero"`
	EntitySchema string               `json:"EntitySchema,omitzero"`
	EntityName   string               `json:"EntityName,omitzero"` // product
	EntityKey    string               `json:"EntityKey,omitzero"`  // partnumber
	EntityValue  string               `json:"EntityValue,omitzero"`
	ProductName  string               `json:"ProductName,omitzero"` // the server's
	Status       report.Optional[int] `json:"Status,omitzero"`      // 1: active

	Processes []InspectionProcess `json:"TestSequenceProcessRelations,omitzero"` // only in these operations; none: in all
	Sites     []InspectionSite    `json:"TestSequenceSiteRelations,omitzero"`    // only at these sites; none: at all
	Extra     Extra               `json:"-"`
}

// UnmarshalJSON reads a relation; members that are not known are kept in Extra.
func (r *InspectionRelation) UnmarshalJSON(data []byte) error {
	type plain InspectionRelation
	return decodeKeeping(data, (*plain)(r), &r.Extra)
}

// MarshalJSON writes a relation with its Extra.
func (r InspectionRelation) MarshalJSON() ([]byte, error) {
	type plain InspectionRelation
	return encodeWith(plain(r), r.Extra)
}

// InspectionProcess restricts a relation to a test operation.
type InspectionProcess struct {
	ID         report.ID `json:"TestSequenceProcessRelationId,omitzero"`
	RelationID report.ID `json:"TestSequenceRelationId,omitzero"`
	ProcessID  report.ID `json:"ProcessId,omitzero"`
}

// InspectionSite restricts a relation to a site.
type InspectionSite struct {
	ID         report.ID `json:"TestSequenceSiteRelationId,omitzero"`
	RelationID report.ID `json:"TestSequenceRelationId,omitzero"`
	SiteID     report.ID `json:"SiteId,omitzero"`
}

// Validate returns what is wrong with a relation that is to be written.
func (r InspectionRelation) Validate() report.Findings {
	var c checks
	if r.DefinitionID.IsZero() {
		c.addf("$.TestSequenceDefinitionId", "required", "TestSequenceDefinitionId is required")
	}
	c.text("$.EntitySchema", r.EntitySchema, maxInspectionName)
	c.text("$.EntityName", r.EntityName, maxInspectionName)
	c.required("$.EntityKey", r.EntityKey, maxInspectionName)
	c.required("$.EntityValue", r.EntityValue, maxInspectionName)
	for i, p := range r.Processes {
		if p.ProcessID.IsZero() {
			c.addf(fmt.Sprintf("$.TestSequenceProcessRelations[%d].ProcessId", i), "required", "ProcessId is required")
		}
	}
	for i, s := range r.Sites {
		if s.SiteID.IsZero() {
			c.addf(fmt.Sprintf("$.TestSequenceSiteRelations[%d].SiteId", i), "required", "SiteId is required")
		}
	}
	return c.found
}

// InspectionConflict is a relation of another definition that matches the same units.
type InspectionConflict struct {
	DefinitionID report.ID                         `json:"TestSequenceDefinitionId"`
	RelationID   report.ID                         `json:"TestSequenceRelationId"`
	Name         string                            `json:"Name"`
	Status       report.Optional[InspectionStatus] `json:"Status,omitzero"`
	EntityName   string                            `json:"EntityName"`
	EntityValue  string                            `json:"EntityValue"`
}

// InspectionSequence is a definition in a list.
type InspectionSequence struct {
	ID      report.ID                         `json:"TestSequenceDefinitionId"`
	Name    string                            `json:"Name,omitzero"`
	Version report.Optional[int]              `json:"Version,omitzero"`
	Status  report.Optional[InspectionStatus] `json:"Status,omitzero"`
}

// InspectionRun is one run of a definition on a unit.
type InspectionRun struct {
	ID           report.ID `json:"TestSequenceInstanceId,omitzero"`
	DefinitionID report.ID `json:"TestSequenceDefinitionId,omitzero"`
	UnitID       report.ID `json:"UnitId,omitzero"`
	SerialNumber string    `json:"SerialNumber"`
	PartNumber   string    `json:"PartNumber"`
	Revision     string    `json:"Revision,omitzero"`
	Created      Time      `json:"Created,omitzero"`
	LastEvent    Time      `json:"LastEventTime,omitzero"`
}

// InspectionWorkflow is the steps of a definition.
type InspectionWorkflow struct {
	DefinitionID report.ID `json:"TestSequenceDefinitionId"`
	XAML         string    `json:"Definition"` // well-formed XML without document type, at most 5 MiB
}

// InspectionDocument is an instruction that goes with a definition, such as a PDF.
type InspectionDocument struct {
	ID       report.ID `json:"Id" alias:"BlobId"`
	FileName string    `json:"FileName" alias:"Name"`
}

// UnmarshalJSON reads a document under the names that servers use.
func (d *InspectionDocument) UnmarshalJSON(data []byte) error {
	type plain InspectionDocument
	var extra Extra // says nothing that is needed
	return decodeKeeping(data, (*plain)(d), &extra)
}

// inspect makes a request for a route of manual inspection.
func inspect(method string, segments ...string) *request {
	return newRequest(method, append([]string{"api", "internal", "ManualInspection"}, segments...)...)
}

// List returns the definitions of the site, or those that are global; nil when there are none.
//
// Route: GET /api/internal/ManualInspection/GetTestSequenceDefinitions.
func (s *ManualInspectionService) List(ctx context.Context, global bool) ([]InspectionDefinition, error) {
	req := inspect(http.MethodGet, "GetTestSequenceDefinitions")
	req.query.Set("isGlobalDefinitions", strconv.FormatBool(global))
	return list[InspectionDefinition](ctx, s.client, req)
}

// Get returns a definition with its relations, [ErrNotFound] when there is none.
//
// Route: GET /api/internal/ManualInspection/GetTestSequenceDefinition.
func (s *ManualInspectionService) Get(ctx context.Context, id report.ID) (*InspectionDefinition, error) {
	req := inspect(http.MethodGet, "GetTestSequenceDefinition")
	req.query.Set("definitionId", id.String())
	return one[InspectionDefinition](ctx, s.client, req)
}

// Create stores a new definition, a draft, and returns it as stored. It is not repeated by itself.
//
// Route: POST /api/internal/ManualInspection/PostDefinition.
func (s *ManualInspectionService) Create(ctx context.Context, d InspectionDefinition) (*InspectionDefinition, error) {
	return s.save(ctx, inspect(http.MethodPost, "PostDefinition"), d)
}

// Update changes a definition and returns it as stored. Its status may go from draft to pending and back, from pending to released, which revokes the
// released version of the same name, and from any to revoked. A released one cannot be changed otherwise: see [ManualInspectionService.Copy].
// It returns [ErrConflict] for what its status does not allow, and when somebody else has changed it.
//
// Route: PUT /api/internal/ManualInspection/PutDefinitionNew.
func (s *ManualInspectionService) Update(ctx context.Context, d InspectionDefinition) (*InspectionDefinition, error) {
	return s.save(ctx, inspect(http.MethodPut, "PutDefinitionNew"), d)
}

func (s *ManualInspectionService) save(ctx context.Context, req *request, d InspectionDefinition) (*InspectionDefinition, error) {
	if err := refuseInvalid(fmt.Sprintf("inspection definition %q", d.Name), d.Validate()); err != nil {
		return nil, err
	}
	if err := req.json(d); err != nil {
		return nil, err
	}
	return one[InspectionDefinition](ctx, s.client, req)
}

// Copy makes a draft of a definition under the same name, with the next version, its workflow and its relations, and returns it.
// Though it is a GET on the wire it is neither cached nor repeated.
//
// Route: GET /api/internal/ManualInspection/GetDefinitionCopy/{definitionId}.
func (s *ManualInspectionService) Copy(ctx context.Context, id report.ID) (*InspectionDefinition, error) {
	req := inspect(http.MethodGet, "GetDefinitionCopy", id.String())
	req.reads, req.repeatable = false, false
	return one[InspectionDefinition](ctx, s.client, req)
}

// CountRuns returns how often a definition was run.
//
// Route: GET /api/internal/ManualInspection/GetInstancesCount/{definitionId}.
func (s *ManualInspectionService) CountRuns(ctx context.Context, id report.ID) (int, error) {
	n, err := one[int](ctx, s.client, inspect(http.MethodGet, "GetInstancesCount", id.String()))
	if err != nil || n == nil {
		return 0, err
	}
	return *n, nil
}

// Relations returns which units a definition is for; nil when that is not said.
//
// Route: GET /api/internal/ManualInspection/GetRelations/{definitionId}.
func (s *ManualInspectionService) Relations(ctx context.Context, id report.ID) ([]InspectionRelation, error) {
	return list[InspectionRelation](ctx, s.client, inspect(http.MethodGet, "GetRelations", id.String()))
}

// Conflicts returns the relations of other definitions, in use or on trial, that match units of this one; nil when there are none.
//
// Route: GET /api/internal/ManualInspection/GetRelationConflictsNew/{definitionId}; older servers know GET
// /api/internal/ManualInspection/GetRelationConflicts/{definitionId} only, which is asked when the first is not there.
func (s *ManualInspectionService) Conflicts(ctx context.Context, id report.ID) ([]InspectionConflict, error) {
	all, err := list[InspectionConflict](ctx, s.client, inspect(http.MethodGet, "GetRelationConflictsNew", id.String()))
	if isOlder(err) {
		return list[InspectionConflict](ctx, s.client, inspect(http.MethodGet, "GetRelationConflicts", id.String()))
	}
	return all, err
}

// isOlder reports whether a server that is not gowats has no such route.
func isOlder(err error) bool {
	answer, ok := errors.AsType[*APIError](err)
	return ok && (answer.Status == http.StatusMethodNotAllowed || answer.Status == http.StatusNotImplemented || answer.Status == http.StatusNotFound && answer.Message == "")
}

// CreateRelation adds a relation and returns it as stored. It is not repeated by itself.
//
// Route: POST /api/internal/ManualInspection/PostRelation.
func (s *ManualInspectionService) CreateRelation(ctx context.Context, r InspectionRelation) (*InspectionRelation, error) {
	return s.saveRelation(ctx, inspect(http.MethodPost, "PostRelation"), r)
}

// UpdateRelation changes a relation and returns it as stored. It returns [ErrNotFound] when there is none of its ID.
//
// Route: PUT /api/internal/ManualInspection/PutRelation.
func (s *ManualInspectionService) UpdateRelation(ctx context.Context, r InspectionRelation) (*InspectionRelation, error) {
	return s.saveRelation(ctx, inspect(http.MethodPut, "PutRelation"), r)
}

// DeleteRelation removes a relation. It returns [ErrNotFound] when there is none of its ID.
//
// Route: PUT /api/internal/ManualInspection/DeleteRelationNew.
func (s *ManualInspectionService) DeleteRelation(ctx context.Context, r InspectionRelation) error {
	req := inspect(http.MethodPut, "DeleteRelationNew")
	if err := req.json(r); err != nil {
		return err
	}
	return tell(ctx, s.client, req)
}

func (s *ManualInspectionService) saveRelation(ctx context.Context, req *request, r InspectionRelation) (*InspectionRelation, error) {
	if err := refuseInvalid("inspection relation", r.Validate()); err != nil {
		return nil, err
	}
	if err := req.json(r); err != nil {
		return nil, err
	}
	return one[InspectionRelation](ctx, s.client, req)
}

// Sequences returns all definitions by name and version; nil when there are none.
//
// Route: GET /api/internal/ManualInspection/GetSequences.
func (s *ManualInspectionService) Sequences(ctx context.Context) ([]InspectionSequence, error) {
	return list[InspectionSequence](ctx, s.client, inspect(http.MethodGet, "GetSequences"))
}

// UpdateSequence changes name or status of a definition, by the rules of [ManualInspectionService.Update].
//
// Route: PUT /api/internal/ManualInspection/PutSequence. Unverified: the members of the body; a recording of a WATS server would settle it.
func (s *ManualInspectionService) UpdateSequence(ctx context.Context, q InspectionSequence) error {
	req := inspect(http.MethodPut, "PutSequence")
	if err := req.json(q); err != nil {
		return err
	}
	return tell(ctx, s.client, req)
}

// DeleteSequence removes a definition for good. It returns [ErrConflict] unless it is a draft or revoked, and was never run.
//
// Route: DELETE /api/internal/ManualInspection/DeleteSequence/{sequenceId}.
func (s *ManualInspectionService) DeleteSequence(ctx context.Context, id report.ID) error {
	return tell(ctx, s.client, inspect(http.MethodDelete, "DeleteSequence", id.String()))
}

// StartRun notes that a definition that is pending or released is run on a unit, and returns the run. It is not repeated by itself.
//
// Route: POST /api/gowats/v1/ManualInspection/Run, of gowats servers only: [ErrUnsupported] elsewhere.
func (s *ManualInspectionService) StartRun(ctx context.Context, r InspectionRun) (*InspectionRun, error) {
	if err := refuseInvalid("inspection run", r.Validate()); err != nil {
		return nil, err
	}
	req := newRequest(http.MethodPost, "api", "gowats", "v1", "ManualInspection", "Run")
	if err := req.json(r); err != nil {
		return nil, err
	}
	return one[InspectionRun](ctx, s.client, req)
}

// Validate returns what is wrong with a run that is to be started.
func (r InspectionRun) Validate() report.Findings {
	var c checks
	if r.DefinitionID.IsZero() {
		c.addf("$.TestSequenceDefinitionId", "required", "TestSequenceDefinitionId is required")
	}
	c.required("$.SerialNumber", r.SerialNumber, maxStationText)
	c.required("$.PartNumber", r.PartNumber, maxStationText)
	c.text("$.Revision", r.Revision, maxStationText)
	return c.found
}

// Run returns a run by its ID, or the latest run of a unit by the unit's. It returns [ErrNotFound] when there is none.
//
// Route: GET /api/internal/ManualInspection/GetMiDetailsNew/{unitId}; older servers know GET
// /api/internal/ManualInspection/GetMiDetails/{unitId} only, which is asked when the first is not there.
func (s *ManualInspectionService) Run(ctx context.Context, id report.ID) (*InspectionRun, error) {
	r, err := one[InspectionRun](ctx, s.client, inspect(http.MethodGet, "GetMiDetailsNew", id.String()))
	if isOlder(err) {
		return one[InspectionRun](ctx, s.client, inspect(http.MethodGet, "GetMiDetails", id.String()))
	}
	return r, err
}

// Workflow returns the steps of a definition.
//
// Route: GET /api/internal/ManualInspection/GetTestSequenceDefinitionXaml.
func (s *ManualInspectionService) Workflow(ctx context.Context, id report.ID) (*InspectionWorkflow, error) {
	req := inspect(http.MethodGet, "GetTestSequenceDefinitionXaml")
	req.query.Set("definitionId", id.String())
	return one[InspectionWorkflow](ctx, s.client, req)
}

// SetWorkflow replaces the steps of a definition that is a draft or pending.
//
// Route: PUT /api/internal/ManualInspection/PutTestSequenceDefinitionXaml.
func (s *ManualInspectionService) SetWorkflow(ctx context.Context, w InspectionWorkflow) error {
	if err := refuseInvalid("workflow", w.Validate()); err != nil {
		return err
	}
	req := inspect(http.MethodPut, "PutTestSequenceDefinitionXaml")
	if err := req.json(w); err != nil {
		return err
	}
	return tell(ctx, s.client, req)
}

// WorkflowFile returns the steps of a definition as a file of the designer.
//
// Route: GET /api/internal/ManualInspection/GetWatswwfContent/{definitionId}. Unverified: that the answer is a text; other answers are
// returned as they came.
func (s *ManualInspectionService) WorkflowFile(ctx context.Context, id report.ID) (string, error) {
	req := inspect(http.MethodGet, "GetWatswwfContent", id.String())
	ans, err := s.client.do(ctx, req)
	if err != nil {
		return "", s.client.absent(err)
	}
	if text, err := single[string](s.client, req, ans); err == nil {
		return *text, nil
	}
	return string(ans.body), nil // no JSON text
}

// ValidateMiscInfo returns what is wrong with misc infos that an operator has entered; nil when nothing is.
//
// Route: PUT /api/internal/ManualInspection/ValidateMiscInfo. Unverified: body and answer; of other servers only whether they refuse is told.
func (s *ManualInspectionService) ValidateMiscInfo(ctx context.Context, infos []HeaderMiscInfo) (report.Findings, error) {
	req := inspect(http.MethodPut, "ValidateMiscInfo")
	req.reads = true
	if err := req.json(map[string][]HeaderMiscInfo{"MiscInfo": infos}); err != nil {
		return nil, err
	}
	ans, err := s.client.do(ctx, req)
	if err != nil || ans.isEmpty() {
		return nil, err
	}
	return parseViolations(ans.body), nil
}

// InspectionText is the answer to a string test of a run.
type InspectionText struct {
	RunID report.ID `json:"TestSequenceInstanceId"`
	Name  string    `json:"Name"` // of the step
	Value string    `json:"Value"`
}

// Validate returns what is wrong with an answer that is to be stored.
func (x InspectionText) Validate() report.Findings {
	var c checks
	if x.RunID.IsZero() {
		c.addf("$.TestSequenceInstanceId", "required", "TestSequenceInstanceId is required")
	}
	c.required("$.Name", x.Name, maxInspectionName)
	c.text("$.Value", x.Value, maxInspectionText)
	return c.found
}

// SetText stores the answer to a string test of a run, in place of one before.
//
// Route: PUT /api/internal/ManualInspection/PutStringTest. Unverified: the members of the body.
func (s *ManualInspectionService) SetText(ctx context.Context, x InspectionText) error {
	if err := refuseInvalid("string test", x.Validate()); err != nil {
		return err
	}
	req := inspect(http.MethodPut, "PutStringTest")
	if err := req.json(x); err != nil {
		return err
	}
	return tell(ctx, s.client, req)
}

// Documents returns the documents of a definition; nil when there are none.
//
// Route: GET /api/internal/Blob/mi.
func (s *ManualInspectionService) Documents(ctx context.Context, id report.ID) ([]InspectionDocument, error) {
	return list[InspectionDocument](ctx, s.client, inspectDocument(http.MethodGet, id))
}

// UploadDocument adds a PDF file of size bytes to a definition. A gowats server takes 64 MiB, [ErrTooLarge]. It is not repeated by itself.
//
// Route: POST /api/internal/Blob/mi.
func (s *ManualInspectionService) UploadDocument(ctx context.Context, id report.ID, name string, src io.ReaderAt, size int64) error {
	if strings.TrimSpace(name) == "" || size <= 0 {
		return fmt.Errorf("upload document %q: %w: the name is blank, or the file empty", name, ErrInvalid)
	}
	req := inspectDocument(http.MethodPost, id)
	var err error
	if req.stream, err = formOf(req.header, name, src, size); err != nil {
		return fmt.Errorf("upload document %q: %w", name, err)
	}
	return tell(ctx, s.client, req)
}

// Document writes a document to w. It returns [ErrNotFound] when there is none.
//
// Route: GET /api/internal/Blob/mi.
func (s *ManualInspectionService) Document(ctx context.Context, id, document report.ID, w io.Writer) error {
	req := inspectDocument(http.MethodGet, id)
	req.query.Set("mediaId", document.String())
	req.query.Set("download", "true")
	req.header.Set("Accept", "application/octet-stream, application/json")
	req.to = w
	return tell(ctx, s.client, req)
}

// DeleteDocument removes a document. It returns [ErrNotFound] when there is none.
//
// Route: DELETE /api/internal/Blob/mi.
func (s *ManualInspectionService) DeleteDocument(ctx context.Context, id, document report.ID) error {
	req := inspectDocument(http.MethodDelete, id)
	req.query.Set("mediaId", document.String())
	return tell(ctx, s.client, req)
}

func inspectDocument(method string, definition report.ID) *request {
	req := newRequest(method, "api", "internal", "Blob", "mi")
	req.query.Set("definitionId", definition.String())
	return req
}

// CheckMiscInfo returns what is wrong with misc infos that are to go into a report.
func CheckMiscInfo(infos []HeaderMiscInfo) report.Findings {
	var c checks
	for i, m := range infos {
		c.required(fmt.Sprintf("$.MiscInfo[%d].description", i), m.Description, maxMiscInfo)
		c.text(fmt.Sprintf("$.MiscInfo[%d].value", i), m.Value, maxMiscInfo)
	}
	return c.found
}

// maxMiscInfo is the length of description and text of a misc info, in characters. Source: support.wats.com article 360014879119.
const maxMiscInfo = 100
