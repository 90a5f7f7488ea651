package convert

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gowats/gowats/report"
)

// writeWSTF writes a file of any number of test reports, in UTF-8. It begins with a byte order mark when there is more than ASCII in it,
// since readers otherwise take it for Windows-1252.
func writeWSTF(dst io.Writer, reports []*report.Report, _ WriteOptions) ([]Loss, error) {
	for _, r := range reports {
		if r.IsRepair() || r.Test == nil {
			return nil, fmt.Errorf("the report on %s is a repair report, and WSTF holds test reports only; write WSJF or WSXF", r.SerialNumber)
		}
	}
	w := &wstfWriter{}
	for _, r := range reports {
		w.report(r)
	}
	if slices.ContainsFunc(w.dst, func(b byte) bool { return b >= utf8.RuneSelf }) {
		if _, err := io.WriteString(dst, "\ufeff"); err != nil {
			return nil, err
		}
	}
	_, err := dst.Write(w.dst)
	return w.losses.all(), err
}

// wstfWriter writes one report after the other.
type wstfWriter struct {
	dst    []byte
	losses lossList
	at     []int // index of each step from the root's child down to the one at hand
}

// where names the step at hand.
func (w *wstfWriter) where() string {
	path := "$.root"
	for _, i := range w.at {
		path += ".steps[" + strconv.Itoa(i) + "]"
	}
	return path
}

// lose notes a loss at the step at hand, if there is one.
func (w *wstfWriter) lose(isLost bool, what string) {
	if isLost {
		w.losses.add(w.where(), what)
	}
}

// loseAt notes a loss of a member of the report, if there is one.
func (w *wstfWriter) loseAt(isLost bool, member, what string) {
	if isLost {
		w.losses.add(strings.TrimSuffix("$."+member, "."), what)
	}
}

const wstfUnclean = "tabs and line ends in texts are written as blanks, bytes that are no UTF-8 as U+FFFD"

// cleanCell returns a text as a cell can hold it.
func cleanCell(text string) string {
	if strings.ContainsAny(text, "\t\r\n") {
		text = strings.NewReplacer("\r\n", " ", "\r", " ", "\n", " ", "\t", " ").Replace(text)
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}

// line writes cells, parted by tabs.
func (w *wstfWriter) line(cells ...string) {
	for i, cell := range cells {
		if i > 0 {
			w.dst = append(w.dst, '\t')
		}
		clean := cleanCell(cell)
		w.lose(clean != cell, wstfUnclean)
		w.dst = append(w.dst, clean...)
	}
	w.dst = append(w.dst, '\r', '\n')
}

// optional writes a header line unless value is "".
func (w *wstfWriter) optional(key, value string) {
	if value != "" {
		w.line(key, value)
	}
}

// integerText returns the decimal of an integer, "" when it is absent.
func integerText(v report.Optional[int]) string {
	if !v.Present {
		return ""
	}
	return strconv.Itoa(v.Value)
}

func (w *wstfWriter) report(r *report.Report) {
	w.line(wstfHeader)
	w.head(r)
	w.line(wstfSteps)
	names := make([]string, wstfColumnCount)
	for c := range wstfColumnCount {
		names[c] = c.String()
	}
	w.line(names...)
	if root := r.Test.Root; root != nil {
		w.root(root)
	}
	w.line(wstfStepsEnd)
	w.line(wstfStatus, r.Result.String())
	w.line(wstfEnd)
}

func (w *wstfWriter) head(r *report.Report) {
	t := r.Test
	w.line(wstfSerialNumber, r.SerialNumber)
	w.line(wstfPartNumber, r.PartNumber)
	w.line(wstfRevision, r.Revision)
	w.optional(wstfProcessCode, integerText(r.Process.Code))
	w.optional(wstfProcessName, r.Process.Name)
	w.line(wstfStation, r.Station)
	if !r.Start.IsZero() {
		const layout = "2006-01-02T15:04:05"
		w.line(wstfStart, r.Start.Format(layout))
		w.line(wstfStartUTC, r.Start.UTC().Format(layout))
		w.loseAt(r.Start.Nanosecond() != 0, "start", "fractions of a second")
	}
	w.line(wstfOperator, t.Operator)
	w.optional(wstfExecTime, t.ExecTime.String())
	w.optional(wstfComment, t.Comment)
	w.optional(wstfFixture, t.FixtureID)
	w.optional(wstfSocket, integerText(t.SocketIndex))
	w.optional(wstfBatch, t.BatchSerialNumber)
	w.optional(wstfErrorCode, integerText(t.ErrorCode))
	w.optional(wstfErrorMessage, t.ErrorMessage)
	if t.Root != nil && t.Root.Sequence != nil {
		q := t.Root.Sequence
		w.optional(wstfSoftware, q.Name)
		w.optional(wstfSoftwareVersion, q.Version)
		w.loseAt(q.Path != "" && q.Path != q.Name, "root.seqCall.path", "the path of a sequence")
	}
	w.headLosses(r)
	for i := range r.SubUnits {
		w.subUnit(&r.SubUnits[i])
	}
	for i := range r.MiscInfos {
		w.miscInfo(&r.MiscInfos[i])
	}
}

// headLosses names what the head of a report has and a header has no key for.
func (w *wstfWriter) headLosses(r *report.Report) {
	t := r.Test
	w.loseAt(!r.ID.IsZero(), "id", "the id of the report")
	w.loseAt(r.Location != "", "location", "the location")
	w.loseAt(r.Purpose != "", "purpose", "the purpose")
	w.loseAt(r.Process.CodeFormat+t.SocketIndexFormat+t.ErrorCodeFormat+t.BatchFailCountFormat+t.BatchLoopIndexFormat != "",
		"uut", "display formats of numbers")
	w.loseAt(t.BatchFailCount.Present || t.BatchLoopIndex.Present, "uut.batchFailCount", "the counters of the batch")
	w.loseAt(len(r.Assets) > 0, "assets", "assets")
	w.loseAt(len(r.BinaryData) > 0, "binaryData", "attached files")
	w.loseAt(len(r.AdditionalData) > 0, "additionalData", "additional data")
	w.loseAt(addedByServer(r), "", serverMembersLost)
	w.loseAt(len(r.Extra)+len(t.Extra) > 0, "uut", "members that are not known")
}

func (w *wstfWriter) subUnit(u *report.SubUnit) {
	w.line(wstfSubUnit, u.PartType, u.PartNumber, u.SerialNumber, u.Revision)
	w.loseAt(u.Position.Present || u.Index.Present || u.ParentIndex.Present || u.ReplacedIndex.Present, "subUnits", "the place of a sub-unit")
	w.loseAt(len(u.Failures) > 0, "subUnits.failures", "failures of a sub-unit")
	w.loseAt(len(u.Extra) > 0, "subUnits", "members that are not known")
}

// miscInfo writes a misc info, which WSTF knows as text only. A description that would be taken for something else gets a low line
// behind it.
func (w *wstfWriter) miscInfo(m *report.MiscInfo) {
	key, text := m.Description, m.Text
	if text == "" {
		text = m.Numeric.String()
		w.loseAt(m.Numeric.Present(), "miscInfos", "the number of a misc info becomes a text")
	} else {
		w.loseAt(m.Numeric.Present(), "miscInfos", "the number of a misc info that has a text too")
	}
	w.loseAt(m.ID+m.Typedef+m.NumericFormat != "", "miscInfos", "id, type definition and display format of a misc info")
	w.loseAt(len(m.Extra) > 0, "miscInfos", "members that are not known")
	if wstfKey(key) != "" || wstfMark(key+text) != "" {
		w.loseAt(true, "miscInfos", "a misc info with the name of a header key gets a _ behind it")
		key += "_"
	}
	if key == "" || strings.TrimSpace(key+text) == "" {
		w.loseAt(true, "miscInfos", "a misc info without a description")
		return
	}
	w.line(key, text)
}
