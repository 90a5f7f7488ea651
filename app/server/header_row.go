package server

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/store"
)

// headerRow is a header as it goes over the wire: the lists of a repair have names of their own.
type headerRow struct {
	*wats.ReportHeader
	SubUnits       []wats.HeaderSubUnit    `json:"subUnits,omitzero"`
	MiscInfo       []wats.HeaderMiscInfo   `json:"miscInfo,omitzero"`
	Assets         []wats.HeaderAsset      `json:"assets,omitzero"`
	Attachments    []wats.HeaderAttachment `json:"attachments,omitzero"`
	UURSubUnits    []wats.HeaderSubUnit    `json:"uurSubUnits,omitzero"`
	UURMiscInfo    []wats.HeaderMiscInfo   `json:"uurMiscInfo,omitzero"`
	UURAssets      []wats.HeaderAsset      `json:"uurAssets,omitzero"`
	UURAttachments []wats.HeaderAttachment `json:"uurAttachments,omitzero"`
}

func newHeaderRow(h *wats.ReportHeader) headerRow {
	row := headerRow{ReportHeader: h}
	if h.ReportType == "R" {
		row.UURSubUnits, row.UURMiscInfo, row.UURAssets, row.UURAttachments = h.SubUnits, h.MiscInfo, h.Assets, h.Attachments
	} else {
		row.SubUnits, row.MiscInfo, row.Assets, row.Attachments = h.SubUnits, h.MiscInfo, h.Assets, h.Attachments
	}
	return row
}

// addHeader writes one header, or those of its members that are selected.
func (a *arrayWriter) addHeader(h *wats.ReportHeader, selected []string) error {
	row := newHeaderRow(h)
	if selected == nil {
		return a.add(row)
	}
	whole, err := json.Marshal(row)
	if err != nil {
		return fmt.Errorf("encode the header of report %s: %w", h.ID, err)
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(whole, &members); err != nil {
		return fmt.Errorf("encode the header of report %s: %w", h.ID, err)
	}
	some := make(map[string]json.RawMessage, len(selected))
	for _, name := range selected {
		if value, ok := members[name]; ok {
			some[name] = value
		}
	}
	return a.add(some)
}

// expansion reads $expand. The names of tests and of repairs are both taken for reports of either type.
func expansion(text string) (e store.Expansion, err error) {
	for name := range names(text) {
		switch strings.ToLower(name) {
		case "subunits", "uursubunits":
			e.SubUnits = true
		case "miscinfo", "uurmiscinfo":
			e.MiscInfo = true
		case "assets", "uurassets":
			e.Assets = true
		case "attachments", "uurattachments":
			e.Attachments = true
		default:
			return e, refuseOption("$expand", "enum", "%q is none of subUnits, miscInfo, assets and attachments, "+
				"nor of these of a repair: uurSubUnits, uurMiscInfo, uurAssets, uurAttachments", shorten(name))
		}
	}
	return e, nil
}

// selection reads $select into the names of members as they are on the wire, with the lists of $expand, which come in any case. It returns
// nil when all are wanted. Members that a report does not have are left out of its row.
func selection(text string) ([]string, error) {
	var chosen []string
	known := memberNames(reflect.TypeFor[headerRow]())
	for name := range names(text) {
		switch strings.ToLower(name) {
		case "*":
			return nil, nil
		case "id":
			name = "uuid"
		case "start":
			name = "startUtc"
		}
		wire, ok := known[strings.ToLower(name)]
		if !ok {
			return nil, refuseOption("$select", "enum", "a header has no member %q", shorten(name))
		}
		chosen = append(chosen, wire)
	}
	if chosen == nil {
		return nil, nil
	}
	return append(chosen, "subUnits", "miscInfo", "assets", "attachments", "uurSubUnits", "uurMiscInfo", "uurAssets", "uurAttachments"), nil
}

// names yields what stands between the commas of an option.
func names(text string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for name := range strings.SplitSeq(text, ",") {
			if name = strings.TrimSpace(name); name != "" && !yield(name) {
				return
			}
		}
	}
}

// memberNames returns the names that the fields of a struct have in JSON, by name in lower case.
func memberNames(of reflect.Type) map[string]string {
	all := map[string]string{}
	for _, field := range reflect.VisibleFields(of) {
		if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name != "" {
			all[strings.ToLower(name)] = name
		}
	}
	return all
}
