package report_test

import (
	"strings"
	"testing"

	"github.com/gowats/gowats/report"
)

func TestKindComesFromTheTypeElseFromTheContent(t *testing.T) {
	for kind, types := range map[report.Kind]string{
		report.KindSequence:       "SequenceCall WATS_SeqCall sequencecall",
		report.KindNumeric:        "ET_NLT NumericLimitTest et_nlt",
		report.KindMultiNumeric:   "ET_MNLT NI_MultipleNumericLimitTest MultiNumericLimitTest",
		report.KindString:         "ET_SVT StringValueTest",
		report.KindMultiString:    "ET_MSVT MultiStringTest",
		report.KindPassFail:       "ET_PFT PassFailTest",
		report.KindMultiPassFail:  "ET_MPFT MultiBooleanTest",
		report.KindAction:         "ET_A Action Statement",
		report.KindFlow:           "NI_Flow_If NI_Flow_End ni_flow_sweeploop Goto Label DoWhile",
		report.KindChart:          "WATS_XYGMNLT Chart",
		report.KindAttachment:     "WATS_AttachFile",
		report.KindMessagePopup:   "MessagePopup",
		report.KindCallExecutable: "CallExecutable",
		report.KindGeneric:        "NI_Wait NI_IVIDmm NI_IviDmm NI_Switch NI_LV_RunVIAsynchronously MyOwnType",
	} {
		for _, name := range strings.Fields(types) {
			if got := (&report.Step{Type: name}).Kind(); got != kind {
				t.Errorf("kind of type %s is %d, want %d", name, got, kind)
			}
		}
	}
	for _, tt := range []struct {
		name string
		step report.Step
		want report.Kind
	}{
		{"one number", report.Step{Numeric: make([]report.NumericMeasurement, 1)}, report.KindNumeric},
		{"one number with a name", report.Step{Numeric: []report.NumericMeasurement{{Name: "a"}}}, report.KindMultiNumeric},
		{"two texts", report.Step{Strings: make([]report.StringMeasurement, 2)}, report.KindMultiString},
		{"one verdict", report.Step{Booleans: make([]report.BooleanMeasurement, 1)}, report.KindPassFail},
		{"a chart", report.Step{Chart: &report.Chart{}}, report.KindChart},
		{"a file", report.Step{Attachment: &report.Attachment{}}, report.KindAttachment},
		{"an answer", report.Step{MessagePopup: &report.MessagePopup{}}, report.KindMessagePopup},
		{"an exit code", report.Step{CallExecutable: &report.CallExecutable{}}, report.KindCallExecutable},
		{"a called sequence", report.Step{Type: "NI_Wait", Sequence: &report.Sequence{}}, report.KindSequence},
		{"children", report.Step{Steps: []*report.Step{{}}}, report.KindSequence},
		{"nothing", report.Step{}, report.KindGeneric},
	} {
		if got := tt.step.Kind(); got != tt.want {
			t.Errorf("kind of a step with %s is %d, want %d", tt.name, got, tt.want)
		}
	}
}

func TestWalkGoesInDocumentOrderAndMayStop(t *testing.T) {
	root := &report.Step{Name: "r", Steps: []*report.Step{{Name: "a", Steps: []*report.Step{{Name: "b"}, nil}}, {Name: "c"}}}
	var got strings.Builder
	for depth, s := range root.Walk() {
		got.WriteString(strings.Repeat(">", depth) + s.Name + " ")
	}
	if want := "r >a >>b >c "; got.String() != want {
		t.Errorf("Walk yields %s, want %s", got.String(), want)
	}
	visited := 0
	for range root.Walk() {
		if visited++; visited == 3 {
			break
		}
	}
	if visited != 3 {
		t.Errorf("Walk went on after the loop ended: %d steps", visited)
	}
}

func TestAssignStepIDs(t *testing.T) {
	for _, tt := range []struct{ name, ids, want string }{
		{"none given", "- - - -", "1 2 3 4"},
		{"gaps stay", "1 5 - 9", "1 5 2 9"},
		{"a number given later is not used", "- - 1 2", "3 4 1 2"},
		{"the first of equal ones keeps it", "7 7 0 7", "7 1 0 2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			document := `{"type":"T","uut":{},"root":{`
			for i, id := range strings.Fields(tt.ids) {
				if i > 0 {
					document += `"steps":[{`
				}
				if id != "-" {
					document += `"id":` + id + `,`
				}
				document += `"name":"s",`
			}
			document += `"status":"P"}` + strings.Repeat("]}", 3) + "}"
			r, _ := decode(t, document)
			r.AssignStepIDs()
			var got []string
			for _, s := range r.Test.Root.Walk() {
				got = append(got, report.Num(float64(s.ID.Value)).String())
			}
			if ids := strings.Join(got, " "); ids != tt.want {
				t.Errorf("ids are %s, want %s", ids, tt.want)
			}
		})
	}
	(&report.Report{Repair: &report.Repair{}}).AssignStepIDs() // has no steps
	(&report.Report{Test: &report.Test{}}).AssignStepIDs()
}

func TestFailureCause(t *testing.T) {
	for _, tt := range []struct{ name, result, steps, want string }{
		{"the first failed step", "F", `{"name":"a","status":"P"},{"name":"b","status":"F"},{"name":"c","status":"F"}`, "b"},
		{"the step with the flag", "F", `{"name":"a","status":"F"},{"name":"b","status":"F","causedSeqFailure":true}`, "b"},
		{"a flag on a passed step does not count", "F", `{"name":"a","status":"P","causedSeqFailure":true},{"name":"b","status":"F"}`, "b"},
		{"an error before a failure", "E", `{"name":"a","status":"F"},{"name":"b","status":"E"}`, "b"},
		{"terminated before a failure", "T", `{"name":"a","status":"F"},{"name":"b","status":"T"}`, "b"},
		{"down to the leaf", "F", `{"name":"a","status":"F","steps":[{"name":"b","status":"D"},{"name":"c","status":"F"}]}`, "a c"},
		{"a sequence without a failed step", "F", `{"name":"a","status":"F","steps":[{"name":"b","status":"P"}]}`, "a"},
		{"the root when no step tells", "T", `{"name":"a","status":"P"}`, ""},
		{"none when the report passed", "P", `{"name":"a","status":"F"}`, "none"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, _ := decode(t, `{"type":"T","uut":{},"result":"`+tt.result+`","root":{"name":"root","status":"F","steps":[`+tt.steps+`]}}`)
			step, path := r.FailureCause()
			got := strings.Join(path, " ")
			if step == nil {
				got = "none"
			}
			if got != tt.want {
				t.Errorf("FailureCause goes to %q, want %q", got, tt.want)
			}
		})
	}
	for name, data := range map[string]string{"a repair": `{"type":"R","uur":{}}`, "a test without root": `{"type":"T","uut":{},"result":"F"}`} {
		r, _ := decode(t, data)
		if step, path := r.FailureCause(); step != nil || path != nil {
			t.Errorf("FailureCause of %s = %v, %v; want nil", name, step, path)
		}
	}
}

func TestFailureCauseAgreesWithTheServer(t *testing.T) {
	for name, data := range samples(t) {
		r, _ := decode(t, string(data))
		if r.Test == nil || !r.Test.CausedFailureStepID.Present {
			continue
		}
		step, _ := r.FailureCause()
		if step == nil || step.ID != r.Test.CausedFailureStepID {
			t.Errorf("%s: FailureCause is %+v, the server says step %d", name, step, r.Test.CausedFailureStepID.Value)
		}
	}
}
