package wats

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gowats/gowats/report"
)

// AssetService keeps equipment: what it is used for, how often, and when it is due for calibration or maintenance.
type AssetService struct{ client *Client }

// Create stores a new asset and returns it as stored. It needs a serial number and a type; a State that is unknown is sent as in operation.
//
// The server has one operation for new and known assets, so Create may be repeated. Of a serial number that is there already it changes that asset.
//
// Route: PUT /api/Asset.
func (s *AssetService) Create(ctx context.Context, a Asset) (*Asset, error) {
	if a.State == AssetStateUnknown {
		a.State = AssetInOperation
	}
	return s.save(ctx, a)
}

// Update writes an asset that was read and changed, and returns it as stored. Empty texts are written as such; tags that are left out stay, and
// so does the parent: see [AssetService.SetParent]. An asset that somebody else changed meanwhile is refused with [ErrConflict] by a gowats server.
//
// Route: PUT /api/Asset.
func (s *AssetService) Update(ctx context.Context, a Asset) (*Asset, error) { return s.save(ctx, a) }

func (s *AssetService) save(ctx context.Context, a Asset) (*Asset, error) {
	if err := refuseInvalid("asset "+strconv.Quote(a.SerialNumber), a.Validate()); err != nil {
		return nil, err
	}
	a.Children, a.Log, a.Type, a.Alarm = nil, nil, nil, report.Optional[AssetAlarm]{} // the server's
	req := newRequest(http.MethodPut, "api", "Asset")
	if err := req.json(a); err != nil {
		return nil, err
	}
	return one[Asset](ctx, s.client, req)
}

// SetParent hangs an asset below another one, or below none when parent is the zero AssetKey, and returns it as stored. It reads the asset and
// writes it back. What would make a ring of assets, a gowats server refuses.
//
// Route: PUT /api/Asset. Unverified: that servers other than gowats take an empty parent for none.
func (s *AssetService) SetParent(ctx context.Context, key, parent AssetKey) (*Asset, error) {
	a, err := s.client.With(NoCache).Asset.Get(ctx, key)
	if err != nil {
		return nil, err
	}
	if a == nil {
		return nil, nil // with Lenient
	}
	a.ParentID, a.ParentSerialNumber = parent.id, parent.serial
	if !parent.isZero() {
		return s.save(ctx, *a)
	}
	a.Extra = a.Extra.with("parentAssetId", `""`).with("parentSerialNumber", `""`)
	return s.save(ctx, *a)
}

// with returns a copy of e with one member more.
func (e Extra) with(name, value string) Extra {
	copied := Extra{name: []byte(value)}
	for n, v := range e {
		if n != name {
			copied[n] = v
		}
	}
	return copied
}

// Delete removes an asset and its files. One that others hang below, or that reports have used, is refused with [ErrConflict] by a gowats
// server: set its state to [AssetScrapped] instead.
//
// Route: DELETE /api/Asset.
func (s *AssetService) Delete(ctx context.Context, key AssetKey) error {
	req := newRequest(http.MethodDelete, "api", "Asset")
	if err := key.addTo(req); err != nil {
		return err
	}
	return tell(ctx, s.client, req)
}

// SubAssets returns the assets below another one, each after the one it hangs below, without their logs: those directly below with level 1, all
// with level 0, and so many levels otherwise. It is nil when there are none.
//
// Route: GET /api/Asset/SubAssets.
func (s *AssetService) SubAssets(ctx context.Context, key AssetKey, level int) ([]Asset, error) {
	req := newRequest(http.MethodGet, "api", "Asset", "SubAssets")
	if err := key.addTo(req); err != nil {
		return nil, err
	}
	if level < 0 {
		return nil, fmt.Errorf("list sub-assets: %w: level %d is negative", ErrInvalid, level)
	}
	req.query.Set("level", strconv.Itoa(level))
	return list[Asset](ctx, s.client, req)
}

// AssetLogType is the kind of a log entry.
type AssetLogType int

// The kinds, by their number on the wire.
const (
	AssetLogMessage AssetLogType = iota
	AssetLogRegister
	AssetLogUpdate
	AssetLogResetCount
	AssetLogCalibration
	AssetLogMaintenance
	AssetLogStateChange
)

// AssetLogEntry tells one thing that happened to an asset. What reports count is no entry.
type AssetLogEntry struct {
	ID           int64        `json:"logId"`
	AssetID      report.ID    `json:"assetId,omitzero"`
	SerialNumber string       `json:"serialNumber,omitzero"`
	Date         Time         `json:"date,omitzero"`
	User         string       `json:"user,omitzero"`
	Type         AssetLogType `json:"type"`
	Comment      string       `json:"comment,omitzero"`
}

// AssetLogQuery restricts a list of log entries. The zero AssetLogQuery means those of all assets, newest first.
type AssetLogQuery struct {
	Asset    AssetKey
	Type     report.Optional[AssetLogType]
	From, To time.Time // date: From included, To not; zero: open
	Filter   string    // OData expression, in addition to the above
	OrderBy  string    // OData; default "date desc"
	Top      int       // at most so many; 0: all
}

// ODataFilter returns the query as the text of $filter, "" when it restricts nothing.
func (q AssetLogQuery) ODataFilter() string {
	var all conjunction
	if !q.Asset.id.IsZero() {
		all.add("assetId eq " + quoteOData(q.Asset.id.String()))
	} else {
		all.addText("serialNumber", q.Asset.serial)
	}
	if q.Type.Present {
		all.add("type eq " + strconv.Itoa(int(q.Type.Value)))
	}
	if !q.From.IsZero() {
		all.add("date ge " + q.From.UTC().Format(time.RFC3339Nano))
	}
	if !q.To.IsZero() {
		all.add("date lt " + q.To.UTC().Format(time.RFC3339Nano))
	}
	if strings.TrimSpace(q.Filter) != "" {
		all.add("(" + q.Filter + ")")
	}
	return strings.Join(all, " and ")
}

// Log yields the log entries that match q, newest first unless q says otherwise, page by page like [AssetService.All].
//
// Route: GET /api/Asset/Log.
func (s *AssetService) Log(ctx context.Context, q AssetLogQuery) iter.Seq2[*AssetLogEntry, error] {
	if q.Top < 0 {
		err := fmt.Errorf("list the log of assets: %w: top %d is negative", ErrInvalid, q.Top)
		return func(yield func(*AssetLogEntry, error) bool) { yield(nil, err) }
	}
	order := q.OrderBy
	if order == "" {
		order = "date desc"
	}
	return pages[AssetLogEntry](ctx, s.client, func() *request {
		req := newRequest(http.MethodGet, "api", "Asset", "Log")
		req.query.Set("$orderby", order)
		if filter := q.ODataFilter(); filter != "" {
			req.query.Set("$filter", filter)
		}
		return req
	}, q.Top)
}

// AssetMessage is a text for the log of an asset.
type AssetMessage struct {
	AssetID string `json:"assetId"` // its ID; a gowats server also takes the serial number
	Comment string `json:"comment"`
	User    string `json:"user,omitzero"` // whom it is from; default the user of the client
}

// Validate returns all that is wrong with a message that is to be written.
func (m AssetMessage) Validate() report.Findings {
	var c checks
	c.required("$.assetId", m.AssetID, maxAssetText)
	c.required("$.comment", m.Comment, maxAssetComment)
	c.text("$.user", m.User, maxAssetText)
	return c.found
}

// maxAssetComment is the most that a comment on an asset holds, in characters.
const maxAssetComment = 5000

// PostMessage adds a text to the log of an asset. It is not repeated by itself: the text would be there twice.
//
// Route: POST /api/Asset/Message.
func (s *AssetService) PostMessage(ctx context.Context, m AssetMessage) error {
	if err := refuseInvalid("message", m.Validate()); err != nil {
		return err
	}
	req := newRequest(http.MethodPost, "api", "Asset", "Message")
	if err := req.json(m); err != nil {
		return err
	}
	return tell(ctx, s.client, req)
}
