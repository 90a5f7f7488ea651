package wats

import (
	"context"
	"fmt"
	"iter"
	"math"
	"net/http"
	"strings"

	"github.com/gowats/gowats/report"
)

// AssetState says where an asset is in its life. Whether a count or a date is due is another matter: see [AssetStatus].
type AssetState int

// The states, by their number on the wire.
const (
	AssetStateUnknown AssetState = iota
	AssetInOperation
	AssetInTransit
	AssetInMaintenance
	AssetInCalibration
	AssetInStorage
	AssetScrapped
)

var _ fmt.Stringer = AssetInOperation

// String returns the state in words, such as "in operation".
func (s AssetState) String() string {
	words := [...]string{"unknown", "in operation", "in transit", "in maintenance", "in calibration", "in storage", "scrapped"}
	if s < 0 || int(s) >= len(words) {
		return fmt.Sprintf("state %d", int(s))
	}
	return words[s]
}

// Asset is a tracked piece of equipment: a fixture, an instrument, a cable. Members a server did not send are zero or absent.
//
// Counts, dates, sub-assets, type and log are the server's: what a written asset says about counts and dates matters only when it is new.
//
// Route: GET /api/Asset/{idOrSerialNumber}.
type Asset struct {
	ID                 report.ID            `json:"assetId,omitzero"` // the server's; it never changes
	SerialNumber       string               `json:"serialNumber"`     // unique
	TypeID             report.ID            `json:"typeId,omitzero"`  // an [AssetType]; needed by a new asset
	ParentID           report.ID            `json:"parentAssetId,omitzero"`
	ParentSerialNumber string               `json:"parentSerialNumber,omitzero"`
	Name               string               `json:"assetName"`
	PartNumber         string               `json:"partNumber"`
	Revision           string               `json:"revision"`
	ClientID           report.Optional[int] `json:"ClientId,omitzero"`
	State              AssetState           `json:"state"`
	Description        string               `json:"description"`
	Location           string               `json:"location"`

	FirstSeen       Time                   `json:"firstSeenDate,omitzero"`
	LastSeen        Time                   `json:"lastSeenDate,omitzero"`
	LastMaintenance Time                   `json:"lastMaintenanceDate,omitzero"`
	NextMaintenance Time                   `json:"nextMaintenanceDate,omitzero"` // when it is due; zero when nothing says so
	LastCalibration Time                   `json:"lastCalibrationDate,omitzero"`
	NextCalibration Time                   `json:"nextCalibrationDate,omitzero"` // when it is due; zero when nothing says so
	TotalCount      report.Optional[int64] `json:"totalCount,omitzero"`          // uses since it is there
	RunningCount    report.Optional[int64] `json:"runningCount,omitzero"`        // uses since the last reset

	Tags     []Setting       `json:"tags"`
	Children []Asset         `json:"assetChildren"` // those directly below it; lists leave them out
	Type     *AssetType      `json:"assetType,omitzero"`
	Log      []AssetLogEntry `json:"assetLog"` // newest first; lists leave it out, and of a long log only the newest are there

	Alarm      report.Optional[AssetAlarm] `json:"alarmState,omitzero"` // of a gowats server: as its [AssetStatus] has it
	RowVersion report.Optional[int]        `json:"rowVersion,omitzero"` // of a gowats server: a write with an older one is refused by ErrConflict
	Extra      Extra                       `json:"-"`                   // members that this SDK does not know; they are written back
}

// UnmarshalJSON reads an asset and keeps the members it does not know in Extra.
func (a *Asset) UnmarshalJSON(data []byte) error {
	type plain Asset
	return decodeKeeping(data, (*plain)(a), &a.Extra)
}

// MarshalJSON writes the lists as [] when they are nil, and Extra.
func (a Asset) MarshalJSON() ([]byte, error) {
	type plain Asset
	a.Tags, a.Children, a.Log = orEmpty(a.Tags), orEmpty(a.Children), orEmpty(a.Log)
	return encodeWith(plain(a), a.Extra)
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// The most that the texts of an asset hold, in characters: those of an asset in a report, and what a person writes by hand.
const (
	maxAssetText        = 100
	maxAssetDescription = 5000
)

// Validate returns all that is wrong with an asset that is to be written. Whether its type is there and its parent fits, a server knows.
func (a Asset) Validate() report.Findings {
	var c checks
	c.required("$.serialNumber", a.SerialNumber, maxAssetText)
	c.text("$.assetName", a.Name, maxAssetText)
	c.text("$.partNumber", a.PartNumber, maxAssetText)
	c.text("$.revision", a.Revision, maxAssetText)
	c.text("$.location", a.Location, maxAssetText)
	c.text("$.parentSerialNumber", a.ParentSerialNumber, maxAssetText)
	c.text("$.description", a.Description, maxAssetDescription)
	c.assetState("$.state", a.State)
	if n := a.ClientID; n.Present && (n.Value < math.MinInt32 || n.Value > math.MaxInt32) {
		c.addf("$.ClientId", "range", "ClientId must be %d to %d, is %d", math.MinInt32, math.MaxInt32, n.Value)
	}
	c.count("$.totalCount", a.TotalCount)
	c.count("$.runningCount", a.RunningCount)
	c.inOrder("$.nextCalibrationDate", "lastCalibrationDate", a.LastCalibration, a.NextCalibration)
	c.inOrder("$.nextMaintenanceDate", "lastMaintenanceDate", a.LastMaintenance, a.NextMaintenance)
	c.inOrder("$.lastSeenDate", "firstSeenDate", a.FirstSeen, a.LastSeen)
	c.settings("$.tags", a.Tags)
	return c.found
}

func (c *checks) assetState(path string, s AssetState) {
	if s < AssetStateUnknown || s > AssetScrapped {
		c.addf(path, "enum", "state must be 0 (unknown), 1 (in operation), 2 (in transit), 3 (in maintenance), 4 (in calibration), "+
			"5 (in storage) or 6 (scrapped), is %d", int(s))
	}
}

const maxCount = 1 << 53 // beyond it JSON numbers lose ones

func (c *checks) count(path string, n report.Optional[int64]) {
	if n.Present && (n.Value < 0 || n.Value > maxCount) {
		c.addf(path, "range", "%s must be 0 to %d, is %d", memberOf(path), int64(maxCount), n.Value)
	}
}

// inOrder checks that the member at path, whose value is later, is not before another.
func (c *checks) inOrder(path, earlierName string, earlier, later Time) {
	if !earlier.IsZero() && !later.IsZero() && later.Before(earlier.Time) {
		c.addf(path, "order", "%s must not be before %s", memberOf(path), earlierName)
	}
}

// AssetKey names one asset, by its ID or by its serial number. The zero AssetKey names none.
type AssetKey struct {
	id     report.ID
	serial string
}

// AssetByID names the asset of that ID.
func AssetByID(id report.ID) AssetKey { return AssetKey{id: id} }

// AssetBySerial names the asset of that serial number.
func AssetBySerial(serialNumber string) AssetKey { return AssetKey{serial: serialNumber} }

// Key names a by its ID, or by its serial number when it has no ID yet.
func (a Asset) Key() AssetKey {
	if a.ID.IsZero() {
		return AssetBySerial(a.SerialNumber)
	}
	return AssetByID(a.ID)
}

func (k AssetKey) String() string {
	if !k.id.IsZero() {
		return "asset " + k.id.String()
	}
	return fmt.Sprintf("asset %q", k.serial)
}

func (k AssetKey) isZero() bool { return k.id.IsZero() && strings.TrimSpace(k.serial) == "" }

// addTo names the asset in the query of req. It fails for a key that names none: some servers take that for any asset.
func (k AssetKey) addTo(req *request) error {
	switch {
	case k.isZero():
		return fmt.Errorf("%s %s: %w: neither an ID nor a serial number names the asset", req.method, req.path, ErrInvalid)
	case !k.id.IsZero():
		req.query.Set("id", k.id.String())
	default:
		req.query.Set("serialNumber", k.serial)
	}
	return nil
}

// Get returns an asset with its type, those directly below it and the newest of its log. It returns [ErrNotFound] when there is none,
// nil and no error with [Lenient].
//
// Route: GET /api/Asset/{idOrSerialNumber}. For a serial number that this address takes for something else, such as a GUID,
// GET /api/Asset goes ahead.
func (s *AssetService) Get(ctx context.Context, key AssetKey) (*Asset, error) {
	if key.isZero() {
		return nil, fmt.Errorf("get asset: %w: neither an ID nor a serial number names it", ErrInvalid)
	}
	if key.id.IsZero() && isOddSerial(key.serial) {
		found, err := s.first(ctx, "serialNumber eq "+quoteOData(key.serial))
		if err != nil || found == nil || found.ID.IsZero() {
			return found, err
		}
		key = found.Key() // which lists give less of
	}
	name := key.serial
	if !key.id.IsZero() {
		name = key.id.String()
	}
	return one[Asset](ctx, s.client, newRequest(http.MethodGet, "api", "Asset", name))
}

// isOddSerial reports whether the address of a single asset would not, or not surely, find this serial number.
func isOddSerial(serial string) bool {
	if _, err := report.ParseID(serial); err == nil {
		return true
	}
	for _, taken := range [...]string{"Status", "Log", "Types", "SubAssets"} {
		if strings.EqualFold(serial, taken) {
			return true
		}
	}
	return strings.ContainsAny(serial, `/\%`) || strings.Trim(serial, ".") == "" // some servers decode a path before they split it
}

// first returns the one asset that a filter matches.
func (s *AssetService) first(ctx context.Context, filter string) (*Asset, error) {
	req := newRequest(http.MethodGet, "api", "Asset")
	req.query.Set("$filter", filter)
	req.query.Set("$top", "2")
	ans, err := s.client.do(ctx, req)
	switch {
	case err != nil:
		return nil, s.client.absent(err)
	case ans.isEmpty():
		return nil, s.client.absent(s.client.missing(req, ans))
	}
	var found []*Asset
	for a, err := range elements[Asset](ans.body) {
		if err != nil {
			return nil, s.client.unreadable(req, ans, err)
		}
		found = append(found, a)
	}
	if len(found) > 1 {
		return nil, fmt.Errorf("get asset: %w: %s matches more than one", ErrConflict, filter)
	}
	return found[0], nil
}

// AssetQuery restricts a list of assets. The zero AssetQuery means all, by serial number.
type AssetQuery struct {
	SerialNumber string // these texts may hold * for any text: FIX-*; else they match whole and with regard to case
	PartNumber   string
	Name         string
	Location     string
	TypeID       report.ID
	State        report.Optional[AssetState]

	// Only assets with a tag of this key; with Tag.Value, also of this value. A gowats server knows such filters; others may not.
	Tag Setting

	Filter  string // OData expression, in addition to the above
	OrderBy string // OData; default "serialNumber"
	Top     int    // at most so many; 0: all
	Skip    int    // leave out so many at the beginning; only [AssetService.Query]
}

// ODataFilter returns the query as the text of $filter, "" when it restricts nothing.
func (q AssetQuery) ODataFilter() string {
	var all conjunction
	all.addText("serialNumber", q.SerialNumber)
	all.addText("partNumber", q.PartNumber)
	all.addText("assetName", q.Name)
	all.addText("location", q.Location)
	if !q.TypeID.IsZero() {
		all.add("typeId eq " + q.TypeID.String())
	}
	if q.State.Present {
		all.add(fmt.Sprintf("state eq %d", int(q.State.Value)))
	}
	if q.Tag.Key != "" {
		condition := "t/key eq " + quoteOData(q.Tag.Key)
		if q.Tag.Value != "" {
			condition += " and t/value eq " + quoteOData(q.Tag.Value)
		}
		all.add("tags/any(t: " + condition + ")")
	}
	if strings.TrimSpace(q.Filter) != "" {
		all.add("(" + q.Filter + ")")
	}
	return strings.Join(all, " and ")
}

func (q AssetQuery) check() error {
	switch {
	case q.Top < 0:
		return fmt.Errorf("query assets: %w: top %d is negative", ErrInvalid, q.Top)
	case q.Skip < 0:
		return fmt.Errorf("query assets: %w: skip %d is negative", ErrInvalid, q.Skip)
	case q.Tag.Key == "" && q.Tag.Value != "":
		return fmt.Errorf("query assets: %w: the value %q is asked for without the key of its tag", ErrInvalid, q.Tag.Value)
	}
	return nil
}

// addTo sets filter and order of req.
func (q AssetQuery) addTo(req *request) {
	if filter := q.ODataFilter(); filter != "" {
		req.query.Set("$filter", filter)
	}
	req.query.Set("$orderby", "serialNumber")
	if q.OrderBy != "" {
		req.query.Set("$orderby", q.OrderBy)
	}
}

// All yields the assets that match q, by serial number unless q says otherwise, without their logs and sub-assets. It asks for pages as needed
// and holds one at a time; a failure is given once, as the last, with a nil asset. It can be ranged over again.
//
// Route: GET /api/Asset.
func (s *AssetService) All(ctx context.Context, q AssetQuery) iter.Seq2[*Asset, error] {
	err := q.check()
	if err == nil && q.Skip > 0 {
		err = fmt.Errorf("list assets: %w: skip %d is for Query", ErrInvalid, q.Skip)
	}
	if err != nil {
		return func(yield func(*Asset, error) bool) { yield(nil, err) }
	}
	return pages[Asset](ctx, s.client, func() *request {
		req := newRequest(http.MethodGet, "api", "Asset")
		q.addTo(req)
		return req
	}, q.Top)
}
