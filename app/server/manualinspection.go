package server

import (
	"net/http"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/auth"
	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/report"
)

const workflowBody = 8 << 20 // bytes

func manualInspectionRoutes() []route {
	return []route{
		{http.MethodGet, "/api/internal/ManualInspection/GetTestSequenceDefinitions", auth.Read, noBody, (*server).inspections},
		{http.MethodGet, "/api/internal/ManualInspection/GetTestSequenceDefinition", auth.Read, noBody, (*server).inspection},
		{http.MethodGet, "/api/internal/ManualInspection/GetDefinitionCopy/{definitionId}", auth.Write, noBody, (*server).copyInspection},
		{http.MethodGet, "/api/internal/ManualInspection/GetInstancesCount/{definitionId}", auth.Read, noBody, (*server).countInspectionRuns},
		{http.MethodPost, "/api/internal/ManualInspection/PostDefinition", auth.Write, smallBody, (*server).createInspection},
		{http.MethodPut, "/api/internal/ManualInspection/PutDefinitionNew", auth.Write, smallBody, (*server).updateInspection},

		{http.MethodGet, "/api/internal/ManualInspection/GetRelations/{definitionId}", auth.Read, noBody, (*server).inspectionRelations},
		{http.MethodGet, "/api/internal/ManualInspection/GetRelationConflicts/{definitionId}", auth.Read, noBody, (*server).inspectionConflicts},
		{http.MethodGet, "/api/internal/ManualInspection/GetRelationConflictsNew/{definitionId}", auth.Read, noBody, (*server).inspectionConflicts},
		{http.MethodPost, "/api/internal/ManualInspection/PostRelation", auth.Write, smallBody, (*server).createInspectionRelation},
		{http.MethodPut, "/api/internal/ManualInspection/PutRelation", auth.Write, smallBody, (*server).updateInspectionRelation},
		{http.MethodPut, "/api/internal/ManualInspection/DeleteRelationNew", auth.Write, smallBody, (*server).deleteInspectionRelation},

		{http.MethodGet, "/api/internal/ManualInspection/GetSequences", auth.Read, noBody, (*server).inspectionSequences},
		{http.MethodPut, "/api/internal/ManualInspection/PutSequence", auth.Write, smallBody, (*server).updateInspectionSequence},
		{http.MethodDelete, "/api/internal/ManualInspection/DeleteSequence/{sequenceId}", auth.Write, noBody, (*server).deleteInspectionSequence},

		{http.MethodGet, "/api/internal/ManualInspection/GetMiDetails/{unitId}", auth.Read, noBody, (*server).inspectionRun},
		{http.MethodGet, "/api/internal/ManualInspection/GetMiDetailsNew/{unitId}", auth.Read, noBody, (*server).inspectionRun},
		{http.MethodPost, "/api/gowats/v1/ManualInspection/Run", auth.Write, smallBody, (*server).startInspectionRun},
		{http.MethodPut, "/api/internal/ManualInspection/ValidateMiscInfo", auth.Read, smallBody, (*server).validateMiscInfo},
		{http.MethodPut, "/api/internal/ManualInspection/PutStringTest", auth.Write, smallBody, (*server).setInspectionText},

		{http.MethodGet, "/api/internal/ManualInspection/GetTestSequenceDefinitionXaml", auth.Read, noBody, (*server).inspectionWorkflow},
		{http.MethodPut, "/api/internal/ManualInspection/PutTestSequenceDefinitionXaml", auth.Write, workflowBody, (*server).setInspectionWorkflow},
		{http.MethodGet, "/api/internal/ManualInspection/GetWatswwfContent/{definitionId}", auth.Read, noBody, (*server).inspectionWorkflowFile},

		{http.MethodGet, "/api/internal/Blob/mi", auth.Read, noBody, (*server).inspectionDocuments},
		{http.MethodPost, "/api/internal/Blob/mi", auth.Write, formBody, (*server).uploadInspectionDocument},
		{http.MethodDelete, "/api/internal/Blob/mi", auth.Write, noBody, (*server).deleteInspectionDocument},
	}
}

// requiredGUID returns an option that must be given and be a GUID.
func (o options) requiredGUID(name string) (report.ID, error) {
	if _, err := o.required(name); err != nil {
		return report.ID{}, err
	}
	return o.guid(name)
}

// optionGUID returns an option of a request that must be given and be a GUID.
func optionGUID(c *call, name string) (report.ID, error) {
	o, err := parseOptions(c.URL.RawQuery)
	if err != nil {
		return report.ID{}, err
	}
	return o.requiredGUID(name)
}

// inspections answers with the definitions of the site, or those that are global.
//
// Route: GET /api/internal/ManualInspection/GetTestSequenceDefinitions.
func (s *server) inspections(w http.ResponseWriter, c *call) error {
	o, err := parseOptions(c.URL.RawQuery)
	if err != nil {
		return err
	}
	global, err := o.boolean("isGlobalDefinitions")
	if err != nil {
		return err
	}
	return answerList(w, s.store.Inspections(c.Context(), global.Value))
}

// inspection answers with one definition.
//
// Route: GET /api/internal/ManualInspection/GetTestSequenceDefinition.
func (s *server) inspection(w http.ResponseWriter, c *call) error {
	id, err := optionGUID(c, "definitionId")
	if err != nil {
		return err
	}
	d, err := s.store.Inspection(c.Context(), id)
	if err != nil {
		return err
	}
	return answerJSON(w, d)
}

// copyInspection makes a draft of a definition and answers with it.
//
// Route: GET /api/internal/ManualInspection/GetDefinitionCopy/{definitionId}.
func (s *server) copyInspection(w http.ResponseWriter, c *call) error {
	id, err := c.guid("definitionId")
	if err != nil {
		return err
	}
	d, err := s.store.CopyInspection(c.Context(), id, c.id.User)
	if err != nil {
		return err
	}
	return answerJSON(w, d)
}

// countInspectionRuns answers with the number of runs of a definition.
//
// Route: GET /api/internal/ManualInspection/GetInstancesCount/{definitionId}.
func (s *server) countInspectionRuns(w http.ResponseWriter, c *call) error {
	id, err := c.guid("definitionId")
	if err != nil {
		return err
	}
	d, err := s.store.Inspection(c.Context(), id)
	if err != nil {
		return err
	}
	return answerJSON(w, d.InstancesCount)
}

// createInspection makes a definition and answers with it as stored.
//
// Route: POST /api/internal/ManualInspection/PostDefinition.
func (s *server) createInspection(w http.ResponseWriter, c *call) error {
	d, err := readJSON[wats.InspectionDefinition](s, w, c)
	if err != nil {
		return err
	}
	stored, err := s.store.CreateInspection(c.Context(), store.InspectionEdit{Definition: d, User: c.id.User})
	if err != nil {
		return err
	}
	return answerJSON(w, stored)
}

// updateInspection changes a definition and answers with it as stored. Members that are absent or null stay as they are.
//
// Route: PUT /api/internal/ManualInspection/PutDefinitionNew.
func (s *server) updateInspection(w http.ResponseWriter, c *call) error {
	e, err := readJSON[edited[wats.InspectionDefinition]](s, w, c)
	if err != nil {
		return err
	}
	stored, err := s.store.UpdateInspection(c.Context(), store.InspectionEdit{Definition: e.value, Apply: e.apply, User: c.id.User})
	if err != nil {
		return err
	}
	return answerJSON(w, stored)
}

// inspectionRelations answers with the relations of a definition.
//
// Route: GET /api/internal/ManualInspection/GetRelations/{definitionId}.
func (s *server) inspectionRelations(w http.ResponseWriter, c *call) error {
	id, err := c.guid("definitionId")
	if err != nil {
		return err
	}
	d, err := s.store.Inspection(c.Context(), id) // tells whether there is one
	if err != nil {
		return err
	}
	return answerJSON(w, d.Relations)
}

// inspectionConflicts answers with the relations of other definitions that match the same units.
//
// Routes: GET /api/internal/ManualInspection/GetRelationConflictsNew/{definitionId}, and
// GET /api/internal/ManualInspection/GetRelationConflicts/{definitionId}.
func (s *server) inspectionConflicts(w http.ResponseWriter, c *call) error {
	id, err := c.guid("definitionId")
	if err != nil {
		return err
	}
	conflicts, err := s.store.InspectionConflicts(c.Context(), id)
	if err != nil {
		return err
	}
	return answerJSON(w, conflicts)
}

// createInspectionRelation adds a relation and answers with it as stored.
//
// Route: POST /api/internal/ManualInspection/PostRelation.
func (s *server) createInspectionRelation(w http.ResponseWriter, c *call) error {
	return s.saveInspectionRelation(w, c, true)
}

// updateInspectionRelation changes a relation and answers with it as stored.
//
// Route: PUT /api/internal/ManualInspection/PutRelation.
func (s *server) updateInspectionRelation(w http.ResponseWriter, c *call) error {
	return s.saveInspectionRelation(w, c, false)
}

func (s *server) saveInspectionRelation(w http.ResponseWriter, c *call, create bool) error {
	r, err := readJSON[wats.InspectionRelation](s, w, c)
	if err != nil {
		return err
	}
	stored, err := s.store.SaveInspectionRelation(c.Context(), r, create)
	if err != nil {
		return err
	}
	return answerJSON(w, stored)
}

// deleteInspectionRelation removes the relation of the ID that the body gives.
//
// Route: PUT /api/internal/ManualInspection/DeleteRelationNew.
func (s *server) deleteInspectionRelation(w http.ResponseWriter, c *call) error {
	r, err := readJSON[wats.InspectionRelation](s, w, c)
	if err != nil {
		return err
	}
	if err := s.store.DeleteInspectionRelation(c.Context(), r.ID); err != nil {
		return err
	}
	return answerJSON(w, true)
}

// inspectionSequences answers with all definitions in short.
//
// Route: GET /api/internal/ManualInspection/GetSequences.
func (s *server) inspectionSequences(w http.ResponseWriter, c *call) error {
	return answerList(w, s.store.InspectionSequences(c.Context()))
}

// updateInspectionSequence changes name or status of a definition.
//
// Route: PUT /api/internal/ManualInspection/PutSequence.
func (s *server) updateInspectionSequence(w http.ResponseWriter, c *call) error {
	q, err := readJSON[wats.InspectionSequence](s, w, c)
	if err != nil {
		return err
	}
	if err := s.store.SetInspectionSequence(c.Context(), q, c.id.User); err != nil {
		return err
	}
	return answerJSON(w, true)
}

// deleteInspectionSequence removes a definition.
//
// Route: DELETE /api/internal/ManualInspection/DeleteSequence/{sequenceId}.
func (s *server) deleteInspectionSequence(w http.ResponseWriter, c *call) error {
	id, err := c.guid("sequenceId")
	if err != nil {
		return err
	}
	if err := s.store.DeleteInspection(c.Context(), id); err != nil {
		return err
	}
	return answerJSON(w, true)
}

// inspectionRun answers with a run, or the latest run of a unit.
//
// Routes: GET /api/internal/ManualInspection/GetMiDetailsNew/{unitId}, and GET /api/internal/ManualInspection/GetMiDetails/{unitId}.
func (s *server) inspectionRun(w http.ResponseWriter, c *call) error {
	id, err := c.guid("unitId")
	if err != nil {
		return err
	}
	r, err := s.store.InspectionRun(c.Context(), id)
	if err != nil {
		return err
	}
	return answerJSON(w, r)
}

// startInspectionRun notes a run and answers with it.
//
// Route: POST /api/gowats/v1/ManualInspection/Run.
func (s *server) startInspectionRun(w http.ResponseWriter, c *call) error {
	r, err := readJSON[wats.InspectionRun](s, w, c)
	if err != nil {
		return err
	}
	started, err := s.store.StartInspectionRun(c.Context(), r)
	if err != nil {
		return err
	}
	return answerJSON(w, started)
}

// validateMiscInfo answers with what is wrong with misc infos: nothing is an empty list.
//
// Route: PUT /api/internal/ManualInspection/ValidateMiscInfo. Unverified: what a WATS server wants and answers.
func (s *server) validateMiscInfo(w http.ResponseWriter, c *call) error {
	body, err := readJSON[struct {
		MiscInfo []wats.HeaderMiscInfo
	}](s, w, c)
	if err != nil {
		return err
	}
	return answerJSON(w, append(report.Findings{}, wats.CheckMiscInfo(body.MiscInfo)...)) // [] when there is nothing, not null
}

// setInspectionText stores the answer to a string test of a run.
//
// Route: PUT /api/internal/ManualInspection/PutStringTest.
func (s *server) setInspectionText(w http.ResponseWriter, c *call) error {
	x, err := readJSON[wats.InspectionText](s, w, c)
	if err != nil {
		return err
	}
	if err := s.store.SetInspectionText(c.Context(), x); err != nil {
		return err
	}
	return answerJSON(w, true)
}

// inspectionWorkflow answers with the workflow of a definition.
//
// Route: GET /api/internal/ManualInspection/GetTestSequenceDefinitionXaml.
func (s *server) inspectionWorkflow(w http.ResponseWriter, c *call) error {
	id, err := optionGUID(c, "definitionId")
	if err != nil {
		return err
	}
	f, err := s.store.InspectionWorkflow(c.Context(), id)
	if err != nil {
		return err
	}
	return answerJSON(w, f)
}

// setInspectionWorkflow replaces the workflow of a definition.
//
// Route: PUT /api/internal/ManualInspection/PutTestSequenceDefinitionXaml.
func (s *server) setInspectionWorkflow(w http.ResponseWriter, c *call) error {
	f, err := readJSON[wats.InspectionWorkflow](s, w, c)
	if err != nil {
		return err
	}
	if err := s.store.SetInspectionWorkflow(c.Context(), f); err != nil {
		return err
	}
	return answerJSON(w, true)
}

// inspectionWorkflowFile answers with the workflow as a text.
//
// Route: GET /api/internal/ManualInspection/GetWatswwfContent/{definitionId}.
func (s *server) inspectionWorkflowFile(w http.ResponseWriter, c *call) error {
	id, err := c.guid("definitionId")
	if err != nil {
		return err
	}
	f, err := s.store.InspectionWorkflow(c.Context(), id)
	if err != nil {
		return err
	}
	return answerJSON(w, f.XAML)
}

// inspectionDocuments answers with the documents of a definition or, with download=true, with one of them.
//
// Route: GET /api/internal/Blob/mi.
func (s *server) inspectionDocuments(w http.ResponseWriter, c *call) error {
	o, err := parseOptions(c.URL.RawQuery)
	if err != nil {
		return err
	}
	id, idErr := o.requiredGUID("definitionId")
	document, documentErr := o.guid("mediaId")
	download, downloadErr := o.boolean("download")
	if err := gather(idErr, documentErr, downloadErr); err != nil {
		return err
	}
	if download.Value {
		f, err := s.store.InspectionFile(c.Context(), id, document)
		if err != nil {
			return err
		}
		announceFile(w, f.Name, f.Size)
		return s.store.ReadInspectionFile(c.Context(), f, newPatientWriter(w))
	}
	all, err := s.store.InspectionDocuments(c.Context(), id)
	if err != nil {
		return err
	}
	return answerJSON(w, append([]wats.InspectionDocument{}, all...))
}

// uploadInspectionDocument adds the file of a form to a definition.
//
// Route: POST /api/internal/Blob/mi.
func (s *server) uploadInspectionDocument(w http.ResponseWriter, c *call) error {
	id, err := optionGUID(c, "definitionId")
	if err != nil {
		return err
	}
	f, err := s.openForm(w, c)
	if err != nil {
		return err
	}
	defer f.done()
	if err := s.store.SaveInspectionFile(c.Context(), id, f.name, f, fileBody, c.id.User); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// deleteInspectionDocument removes a document.
//
// Route: DELETE /api/internal/Blob/mi.
func (s *server) deleteInspectionDocument(w http.ResponseWriter, c *call) error {
	o, err := parseOptions(c.URL.RawQuery)
	if err != nil {
		return err
	}
	id, idErr := o.requiredGUID("definitionId")
	document, documentErr := o.requiredGUID("mediaId")
	if err := gather(idErr, documentErr); err != nil {
		return err
	}
	if err := s.store.DeleteInspectionFile(c.Context(), id, document); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
