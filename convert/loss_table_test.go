package convert_test

import (
	"strings"
	"time"

	"github.com/gowats/gowats/report"
)

// written are the formats that reports can be written in, in the order of the table in docs/formats.md.
func written() []string { return []string{"wsjf", "wsxf", "wstf", "atml"} }

// kindOfData is one row of the table of losses.
type kindOfData struct {
	name string
	lost map[string]string // what becomes of it in a format; a format that is not named keeps it

	// level makes two reports alike that differ only in what is lost here. Nil for a row without losses.
	level func(*report.Report)
}

// everywhere are the rows of what all formats keep, for the reader of the table.
func everywhere() []string {
	return []string{
		"serial and part number, revision, process, result, station, operator",
		"start, to the second, with the offset of local time",
		"execution time, comment, fixture, socket, batch, error of the report",
		"numbers with unit, operator and limits, to the last digit; NaN and the infinities",
		"texts, pass-fail verdicts, multi tests with the name and status of each measurement",
		"sequences, order and nesting of the steps, their status, time, text and error",
		"charts with their series",
		"type, part number, serial number and revision of sub-units",
		"texts of misc infos",
	}
}

// losses are the rows of what some format loses.
func losses() []kindOfData {
	const gone = "lost"
	return []kindOfData{
		{"repair reports", map[string]string{"wstf": "refused", "atml": "refused"}, nil},
		{"what only a server adds (product name, origin, statistics, cause of the failure)", map[string]string{"wsjf": gone, "wsxf": gone, "wstf": gone, "atml": gone}, func(r *report.Report) {
			r.ProductName, r.Origin, r.AssetStats = "", "", nil
			for i := range r.SubUnits {
				for j := range r.SubUnits[i].Failures {
					r.SubUnits[i].Failures[j].StepName = ""
				}
			}
			if r.Test != nil {
				r.Test.CausedFailureStepID, r.Test.ReferencedBy = report.Optional[int]{}, nil
			}
			eachStep(r, func(s *report.Step) { s.CausedUUTFailure = report.Optional[bool]{} })
		}},
		{"members that are not known", map[string]string{"wsxf": "texts only", "wstf": gone, "atml": gone}, func(r *report.Report) {
			r.Extra = nil
			eachStep(r, func(s *report.Step) { s.Extra = nil })
		}},
		{"report id", map[string]string{"wstf": gone}, func(r *report.Report) { r.ID = report.ID{} }},
		{"fraction of a second of the start", map[string]string{"wstf": gone}, func(r *report.Report) { r.Start = r.Start.Truncate(time.Second) }},
		{"location, purpose", map[string]string{"wstf": gone}, func(r *report.Report) { r.Location, r.Purpose = "", "" }},
		{"display formats of numbers", map[string]string{"wstf": gone}, levelFormats},
		{"fail count and loop index of the batch", map[string]string{"wstf": gone}, func(r *report.Report) {
			if r.Test != nil {
				r.Test.BatchFailCount, r.Test.BatchLoopIndex = report.Optional[int]{}, report.Optional[int]{}
			}
		}},
		{"numbers of misc infos", map[string]string{"wstf": "as text, unless there is a text"}, func(r *report.Report) {
			for i := range r.MiscInfos {
				m := &r.MiscInfos[i]
				if m.Text == "" {
					m.Text = m.Numeric.String()
				}
				m.Numeric = report.Number{}
			}
		}},
		{"id and type definition of misc infos", map[string]string{"wstf": gone}, func(r *report.Report) {
			for i := range r.MiscInfos {
				r.MiscInfos[i].ID, r.MiscInfos[i].Typedef = "", ""
			}
		}},
		{"misc infos named like a key of a WSTF header", map[string]string{"wstf": "renamed: a _ is put behind"}, func(r *report.Report) {
			for i := range r.MiscInfos {
				r.MiscInfos[i].Description = strings.TrimSuffix(r.MiscInfos[i].Description, "_")
			}
		}},
		{"place of sub-units", map[string]string{"wstf": gone}, func(r *report.Report) {
			for i := range r.SubUnits {
				u := &r.SubUnits[i]
				u.Index, u.ParentIndex, u.Position, u.ReplacedIndex = report.Optional[int]{}, report.Optional[int]{}, report.Optional[int]{}, report.Optional[int]{}
			}
		}},
		{"assets", map[string]string{"wstf": gone}, func(r *report.Report) { r.Assets = nil }},
		{"additional data", map[string]string{"wstf": gone}, func(r *report.Report) { r.AdditionalData = nil }},
		{"name, group, time, text, error of the main sequence", map[string]string{"wstf": gone}, func(r *report.Report) {
			if r.Test == nil || r.Test.Root == nil {
				return
			}
			s := r.Test.Root
			s.Name, s.TotalTime, s.ReportText, s.ErrorCode, s.ErrorMessage = "", report.Number{}, "", report.Optional[int]{}, ""
			s.CausedSequenceFailure, s.Status, s.Group = report.Optional[bool]{}, 0, 0
		}},
		{"step ids", map[string]string{"wstf": gone}, func(r *report.Report) {
			eachStep(r, func(s *report.Step) { s.ID = report.Optional[int]{} })
		}},
		{"step groups", map[string]string{"wstf": "all Main"}, func(r *report.Report) {
			eachStep(r, func(s *report.Step) { s.Group = 0 })
		}},
		{"names of step types", map[string]string{"wstf": "only the kind"}, func(r *report.Report) {
			eachStep(r, func(s *report.Step) { s.Type = "" })
		}},
		{"starts of steps", map[string]string{"wstf": gone}, func(r *report.Report) {
			eachStep(r, func(s *report.Step) { s.Start = report.Time{} })
		}},
		{"TestStand's ids of steps, interactive runs", map[string]string{"wstf": gone}, func(r *report.Report) {
			eachStep(r, func(s *report.Step) { s.TSGuid, s.InteractiveExeNum = "", report.Optional[int]{} })
		}},
		{"loops", map[string]string{"wstf": "the passes stay, as steps"}, func(r *report.Report) {
			eachStep(r, func(s *report.Step) { s.Loop = nil })
		}},
		{"path, name and version of sequences", map[string]string{"wstf": "name and version of the main one only"}, func(r *report.Report) {
			eachStep(r, func(s *report.Step) {
				switch {
				case s == r.Test.Root:
					s.Sequence.Path = ""
				case s.Sequence != nil:
					s.Sequence = &report.Sequence{}
				}
			})
		}},
		{"measurements of a step that has steps", map[string]string{"wstf": "as a step inside of it"}, func(r *report.Report) {
			eachStep(r, func(s *report.Step) {
				if (s.Sequence != nil || len(s.Steps) > 0) && len(s.Numeric) > 0 {
					inside := &report.Step{Name: s.Name, Status: s.Status, Numeric: s.Numeric}
					s.Steps, s.Numeric = append([]*report.Step{inside}, s.Steps...), nil
				}
			})
		}},
		{"status of a single measurement that differs from that of its step", map[string]string{"wstf": "that of the step, or by the limits"}, func(r *report.Report) {
			eachStep(r, func(s *report.Step) {
				for i := range s.Numeric {
					if m := &s.Numeric[i]; m.Name == "" {
						m.Status = 0
					}
				}
				for i := range s.Strings {
					if m := &s.Strings[i]; m.Name == "" {
						m.Status = 0
					}
				}
				for i := range s.Booleans {
					if m := &s.Booleans[i]; m.Name == "" {
						m.Status = 0
					}
				}
			})
		}},
		{"attached files", map[string]string{"wstf": gone}, func(r *report.Report) {
			if r.Test == nil {
				return
			}
			r.BinaryData = nil
			eachStep(r, func(s *report.Step) { s.Attachment = nil })
		}},
		{"message pop-ups", map[string]string{"wstf": gone}, func(r *report.Report) {
			eachStep(r, func(s *report.Step) { s.MessagePopup = nil })
		}},
		{"exit codes of programs", map[string]string{"wstf": gone}, func(r *report.Report) {
			eachStep(r, func(s *report.Step) { s.CallExecutable = nil })
		}},
		{"additional results", map[string]string{"wstf": gone}, func(r *report.Report) {
			eachStep(r, func(s *report.Step) { s.AdditionalResults = nil })
		}},
		{"tabs and line ends in texts", map[string]string{"wstf": "blanks"}, levelTexts},
	}
}

// eachStep calls do for every step of a test, the children of a step as they are before it.
func eachStep(r *report.Report, do func(*report.Step)) {
	if r.Test == nil {
		return
	}
	var all []*report.Step
	for _, s := range r.Test.Root.Walk() {
		all = append(all, s)
	}
	for _, s := range all {
		do(s)
	}
}

func levelFormats(r *report.Report) {
	r.Process.CodeFormat = ""
	for i := range r.MiscInfos {
		r.MiscInfos[i].NumericFormat = ""
	}
	if r.Test != nil {
		r.Test.SocketIndexFormat = ""
	}
	eachStep(r, func(s *report.Step) {
		s.TotalTimeFormat, s.ErrorCodeFormat = "", ""
		for i := range s.Numeric {
			m := &s.Numeric[i]
			m.ValueFormat, m.LowFormat, m.HighFormat = "", "", ""
		}
	})
}

func levelTexts(r *report.Report) {
	flat := func(texts ...*string) {
		for _, text := range texts {
			*text = strings.NewReplacer("\r\n", " ", "\n", " ", "\t", " ").Replace(*text)
		}
	}
	if r.Test != nil {
		flat(&r.Test.Comment, &r.Test.ErrorMessage)
	}
	eachStep(r, func(s *report.Step) {
		flat(&s.Name, &s.ReportText, &s.ErrorMessage)
		if s.Sequence != nil {
			flat(&s.Sequence.Name)
		}
		for i := range s.Strings {
			flat(&s.Strings[i].Value, &s.Strings[i].Limit)
		}
	})
}

// level applies every row in which one of the formats loses something, but for the row named except.
func level(r *report.Report, except string, formats ...string) {
	for _, row := range losses() {
		if row.level == nil || row.name == except {
			continue
		}
		for _, format := range formats {
			if row.lost[format] != "" {
				row.level(r)
				break
			}
		}
	}
}
