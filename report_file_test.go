package wats_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

func TestRequestsOfReportParts(t *testing.T) {
	id := report.DeriveID([]byte("SN-1"))
	text := id.String()
	var w bytes.Buffer
	for name, c := range map[string]struct {
		call func(*wats.ReportService) error
		want string
	}{
		"WSXF without charts and attachments": {func(s *wats.ReportService) error {
			_, err := s.GetWSXF(t.Context(), id, wats.WithoutCharts(), wats.WithoutAttachments())
			return err
		}, "/api/Report/Wsxf/" + text + "?includeAttachments=false&includeChartdata=false"},
		"misc info": {func(s *wats.ReportService) error {
			_, err := s.HeadersByMiscInfo(t.Context(), "Lot & no", "1", 5)
			return err
		}, "/api/Report/Query/HeaderByMiscInfo?%24top=5&description=Lot+%26+no&stringValue=1"},
		"an attachment": {func(s *wats.ReportService) error { return s.Attachment(t.Context(), 7, &w) }, "/api/Report/Attachment?attachmentId=7"},
		"the attachment of a step": {func(s *wats.ReportService) error { return s.StepAttachment(t.Context(), id, 0, &w) },
			"/api/Report/Attachment?reportId=" + text + "&stepId=0"},
		"all attachments": {func(s *wats.ReportService) error { return s.Attachments(t.Context(), id, &w) }, "/api/Report/Attachments/" + text},
		"a certificate":   {func(s *wats.ReportService) error { return s.Certificate(t.Context(), id, &w) }, "/api/Report/Certificate/" + text},
		"headers with lists": {func(s *wats.ReportService) error {
			for _, err := range s.Headers(t.Context(), wats.HeaderQuery{Expand: wats.ExpandSubUnits | wats.ExpandAttachments, Select: []string{"uuid", "result"}, Top: 1}) {
				return err
			}
			return nil
		}, "/api/Report/Query/Header?%24expand=subUnits%2Cattachments&%24orderby=start+desc&%24select=uuid%2Cresult&%24top=1&reportType=U"},
		"repairs by a part": {func(s *wats.ReportService) error {
			for _, err := range s.Headers(t.Context(), wats.HeaderQuery{Type: wats.UUR, SubUnitSerialNumber: "S'1", Expand: wats.ExpandMiscInfo, Top: 1}) {
				return err
			}
			return nil
		}, "/api/Report/Query/Header?%24expand=uurMiscInfo&%24filter=uurSubUnits%2Fany%28s%3A+s%2FserialNumber+eq+%27S%27%271%27%29&%24orderby=start+desc&%24top=1&reportType=R"},
	} {
		t.Run(name, func(t *testing.T) {
			var got requestLog
			client := serve(t, func(w http.ResponseWriter, req *http.Request) {
				got.add(req)
				answer(200, `[{"uuid":"`+text+`"}]`)(w, req)
			})
			if err := c.call(client.Report); err != nil {
				t.Fatal(err)
			}
			if uri := got.all[0].RequestURI; uri != c.want {
				t.Errorf("asked for\n%s, want\n%s", uri, c.want)
			}
		})
	}
}

func TestSubmitWSXF(t *testing.T) {
	id := report.DeriveID([]byte("SN-1"))
	var got requestLog
	client := serve(t, func(w http.ResponseWriter, req *http.Request) {
		got.add(req)
		answer(200, `{"id":"`+id.String()+`"}`)(w, req)
	})
	if rc, err := client.Report.SubmitWSXF(t.Context(), id, []byte("<Reports/>")); err != nil || rc.ID != id {
		t.Fatalf("SubmitWSXF = %v, %v, want ID %s", rc, err, id)
	}
	if req := got.all[0]; req.URL.Path != "/api/Report/WSXF" || req.Header.Get("Content-Type") != "application/xml" || got.bodies[0] != "<Reports/>" {
		t.Errorf("sent %s %s %q, want the document as application/xml", req.URL.Path, req.Header.Get("Content-Type"), got.bodies[0])
	}
	if _, err := client.Report.SubmitWSXF(t.Context(), report.ID{}, nil); !errors.Is(err, wats.ErrInvalid) {
		t.Errorf("SubmitWSXF without ID = %v, want ErrInvalid", err)
	}
}

func TestHeaderListsOfTestsAndRepairs(t *testing.T) {
	for _, prefix := range []string{`"subUnits":[{"serialNumber":"1"}],"miscInfo":[],"attachments":[{"attachmentId":7,"size":5}]`,
		`"uurSubUnits":[{"serialNumber":"1"}],"uurMiscInfo":[],"uurAttachments":[{"attachmentId":7,"size":5}]`} {
		client := serve(t, answer(200, `[{"reportType":"T",`+prefix+`}]`))
		got, err := client.Report.HeadersByMiscInfo(t.Context(), "a", "b", 0)
		if err != nil || len(got) != 1 {
			t.Fatalf("HeadersByMiscInfo = %v, %v, want one", got, err)
		}
		h := got[0]
		if len(h.SubUnits) != 1 || h.SubUnits[0].SerialNumber != "1" || h.MiscInfo == nil || h.Assets != nil || len(h.Attachments) != 1 || h.Attachments[0].ID != 7 {
			t.Errorf("lists of %s: got %+v", prefix, h)
		}
	}
}

// TestAFileThatBreaksOffIsNotBegunAgain: what was written cannot be taken back.
func TestAFileThatBreaksOffIsNotBegunAgain(t *testing.T) {
	var log requestLog
	client := serve(t, func(w http.ResponseWriter, req *http.Request) {
		if log.add(req) == 1 {
			panic(http.ErrAbortHandler) // before anything came: this may be repeated
		}
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "half")
	}, fast)
	var got bytes.Buffer
	err := client.Report.Attachment(t.Context(), 1, &got)
	if !errors.Is(err, wats.ErrOffline) || log.len() != 2 || got.String() != "half" {
		t.Errorf("Attachment = %v after %d requests, wrote %q; want ErrOffline after 2 and half the file", err, log.len(), &got)
	}
}

type fullDisk struct{}

var errFull = errors.New("disk is full")

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

func TestAFileThatCannotBeWrittenIsAskedForOnce(t *testing.T) {
	var log requestLog
	client := serve(t, func(w http.ResponseWriter, req *http.Request) {
		log.add(req)
		_, _ = io.WriteString(w, strings.Repeat("x", 100))
	}, fast)
	if err := client.Report.Attachment(t.Context(), 1, fullDisk{}); !errors.Is(err, errFull) || errors.Is(err, wats.ErrOffline) || log.len() != 1 {
		t.Errorf("Attachment = %v after %d requests, want the writer's error after one", err, log.len())
	}
}

func TestPartsOfNoReport(t *testing.T) {
	client := serve(t, func(w http.ResponseWriter, req *http.Request) { t.Errorf("asked for %s", req.URL) })
	s := client.Report
	for name, call := range map[string]func() error{
		"GetWSXF":           func() error { _, err := s.GetWSXF(t.Context(), report.ID{}); return err },
		"Attachments":       func() error { return s.Attachments(t.Context(), report.ID{}, io.Discard) },
		"Certificate":       func() error { return s.Certificate(t.Context(), report.ID{}, io.Discard) },
		"StepAttachment":    func() error { return s.StepAttachment(t.Context(), report.ID{}, 1, io.Discard) },
		"HeadersByMiscInfo": func() error { _, err := s.HeadersByMiscInfo(t.Context(), "", "x", 0); return err },
		"Headers": func() (last error) {
			for _, last = range s.Headers(t.Context(), wats.HeaderQuery{Expand: 1 << 6}) {
			}
			return last
		},
	} {
		if err := call(); !errors.Is(err, wats.ErrInvalid) {
			t.Errorf("%s: got %v, want ErrInvalid", name, err)
		}
	}
}
