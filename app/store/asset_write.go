package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

// AssetEdit is an asset as a request gives it.
type AssetEdit struct {
	Asset wats.Asset
	Apply func(*wats.Asset) error // sets the members that the request gives, and leaves the others
	User  string
}

// SaveAsset stores a new asset or changes the one of that ID or, without an ID, of that serial number. It returns the asset as stored.
//
// Counts and dates are taken from the edit for a new asset only; where a new one has none, it is given what current reports have used it.
// What changed is logged.
//
// It returns a [*report.InvalidError] for what no asset may be, a type or a parent that is not there included, and [ErrConflict] when another
// asset has the serial number, or when the asset was changed since it was read.
func (s *Store) SaveAsset(ctx context.Context, e AssetEdit) (*wats.Asset, error) {
	var id report.ID
	err := s.queue.do(ctx, 0, func(ctx context.Context, w *writer) (err error) {
		id, err = w.saveAsset(ctx, e, s.now())
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("save asset %q: %w", e.Asset.SerialNumber, err)
	}
	return s.Asset(ctx, AssetKey{ID: id})
}

func (w *writer) saveAsset(ctx context.Context, e AssetEdit, now time.Time) (report.ID, error) {
	key := AssetKey{ID: e.Asset.ID}
	if key.ID.IsZero() {
		key = AssetKey{SerialNumber: e.Asset.SerialNumber}
	}
	old, err := w.asset(ctx, key, now)
	if errors.Is(err, ErrNotFound) {
		return w.createAsset(ctx, e, now)
	}
	if err != nil {
		return report.ID{}, err
	}
	return old.ID, w.updateAsset(ctx, old, e, now)
}

// assetPlace is what an asset depends on in the database.
type assetPlace struct {
	kind   wats.AssetType
	parent report.ID // zero: none
}

// place looks up type and parent of an asset that is to be written, and adds to found what is wrong with them. Old is the asset as stored,
// the zero Asset for a new one.
func (w *writer) place(ctx context.Context, old, a *wats.Asset, found *report.Findings) (p assetPlace, err error) {
	if a.TypeID.IsZero() {
		add(found, "$.typeId", "required", "typeId is required: GET /api/Asset/Types lists the types")
	} else {
		var known bool
		if p.kind, known, err = w.assetType(ctx, `t.id = $1`, a.TypeID[:]); err != nil {
			return p, err
		}
		if !known {
			add(found, "$.typeId", "reference", "there is no asset type %s", a.TypeID)
		}
	}
	p.parent, err = w.parentOf(ctx, old, a, found)
	return p, err
}

func add(found *report.Findings, path, rule, format string, args ...any) {
	*found = append(*found, report.Finding{Path: path, Rule: rule, Message: fmt.Sprintf(format, args...)})
}

// parentOf returns the parent that a is to have. Of the two members that name it the one that is another than before counts; when both are,
// they must agree.
func (w *writer) parentOf(ctx context.Context, old, a *wats.Asset, found *report.Findings) (report.ID, error) {
	byID, bySerial := a.ParentID != old.ParentID, a.ParentSerialNumber != old.ParentSerialNumber
	var key AssetKey
	if byID {
		key.ID = a.ParentID
	}
	if bySerial {
		key.SerialNumber = a.ParentSerialNumber
	}
	path := "$.parentAssetId"
	switch {
	case !byID && !bySerial:
		return old.ParentID, nil
	case key.Empty():
		return report.ID{}, nil
	case key.ID.IsZero():
		path = "$.parentSerialNumber"
	}
	parent, err := w.asset(ctx, key, time.Time{})
	switch {
	case errors.Is(err, ErrNotFound):
		add(found, path, "reference", "%v to be the parent", err)
		return report.ID{}, nil
	case err != nil:
		return report.ID{}, err
	}
	return parent.ID, w.checkParent(ctx, a.ID, parent, path, found)
}

// checkParent refuses a parent that would make a ring, or a chain that is too long. ID is zero for a new asset.
func (w *writer) checkParent(ctx context.Context, id report.ID, parent *wats.Asset, path string, found *report.Findings) error {
	above := 0
	for at := parent.ID; !at.IsZero(); above++ {
		if at == id {
			add(found, path, "cycle", "asset %q cannot be the parent: it is the asset itself, or hangs below it", parent.SerialNumber)
			return nil
		}
		if above > maxAssetDepth {
			break
		}
		var next []byte
		if _, err := w.get(ctx, []any{&next}, `SELECT parent_id FROM asset WHERE id = $1`, at[:]); err != nil {
			return err
		}
		at = toID(next)
	}
	var below int
	_, err := w.get(ctx, []any{&below}, belowSQL+` SELECT coalesce(max(level), 0) FROM below`, id[:], maxAssetDepth)
	if err == nil && above+below > maxAssetDepth-1 {
		add(found, path, "depth", "more than %d assets would hang below each other", maxAssetDepth)
	}
	return err
}

func (w *writer) createAsset(ctx context.Context, e AssetEdit, now time.Time) (report.ID, error) {
	a := e.Asset
	found := a.Validate()
	p, err := w.place(ctx, new(wats.Asset), &a, &found)
	if err != nil {
		return report.ID{}, err
	}
	if err := found.Err(); err != nil {
		return report.ID{}, err
	}
	if err := w.checkSerial(ctx, &a); err != nil {
		return report.ID{}, err
	}
	if a.ID.IsZero() {
		a.ID = report.NewID()
	}
	a.Tags, _ = mergeSettings(nil, a.Tags)
	if a.FirstSeen.IsZero() {
		a.FirstSeen = wats.Time{Time: now}
	}
	if a.LastSeen.Before(a.FirstSeen.Time) {
		a.LastSeen = a.FirstSeen
	}
	a.NextCalibration = firstDue(a.LastCalibration, a.NextCalibration, p.kind.CalibrationInterval)
	a.NextMaintenance = firstDue(a.LastMaintenance, a.NextMaintenance, p.kind.MaintenanceInterval)
	if err := w.insertAsset(ctx, &a, p); err != nil {
		return report.ID{}, err
	}
	if err := w.countEarlier(ctx, &a); err != nil {
		return report.ID{}, fmt.Errorf("count what reports have used it: %w", err)
	}
	return a.ID, w.logAsset(ctx, a.ID, assetEvent{now, e.User, wats.AssetLogRegister, ""})
}

// checkSerial refuses a serial number that another asset has.
func (w *writer) checkSerial(ctx context.Context, a *wats.Asset) error {
	var other []byte
	found, err := w.get(ctx, []any{&other}, `SELECT id FROM asset WHERE serial_number = $1`, a.SerialNumber)
	if err == nil && found && toID(other) != a.ID {
		err = conflict("the serial number %q is that of the asset %s", a.SerialNumber, toID(other))
	}
	return err
}

// firstDue returns when a new asset is due. What it says itself holds unless the interval of its type says something else.
func firstDue(last, next wats.Time, interval report.Optional[float64]) wats.Time {
	if interval.Value > 0 {
		return due(last, interval)
	}
	if interval.Value == wats.AssetUnlimited {
		return wats.Time{}
	}
	return next
}

// due returns when an asset is due that was served last at a time; the zero Time when nothing says so.
func due(last wats.Time, interval report.Optional[float64]) wats.Time {
	if last.IsZero() || interval.Value <= 0 {
		return wats.Time{}
	}
	return wats.Time{Time: last.Add(time.Duration(intervalNS(interval.Value)))}
}

func (w *writer) insertAsset(ctx context.Context, a *wats.Asset, p assetPlace) error {
	_, err := w.exec(ctx, `INSERT INTO asset (id, serial_number, type_id, parent_id, name, part_number, revision, client_id, state, description,
		location, tags, first_seen_ns, last_seen_ns, last_maintenance_ns, next_maintenance_ns, last_calibration_ns, next_calibration_ns,
		running_count, total_count, running_epoch, total_epoch, row_version)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, 0, 0, 0, 0, 1)`,
		a.ID[:], a.SerialNumber, p.kind.ID[:], idColumn(p.parent), a.Name, a.PartNumber, a.Revision, pointer(a.ClientID), int(a.State), a.Description,
		a.Location, encodeSettings(a.Tags), a.FirstSeen.UnixNano(), a.LastSeen.UnixNano(), toColumn(a.LastMaintenance), toColumn(a.NextMaintenance),
		toColumn(a.LastCalibration), toColumn(a.NextCalibration))
	if err != nil {
		return err
	}
	return w.indexTags(ctx, a)
}

// idColumn returns an ID as a nullable column takes it.
func idColumn(id report.ID) []byte {
	if id.IsZero() {
		return nil
	}
	return bytes.Clone(id[:])
}

// indexTags makes the tags findable.
func (w *writer) indexTags(ctx context.Context, a *wats.Asset) error {
	if _, err := w.exec(ctx, `DELETE FROM asset_tag WHERE asset_id = $1`, a.ID[:]); err != nil {
		return err
	}
	for _, t := range a.Tags {
		if _, err := w.exec(ctx, `INSERT INTO asset_tag (asset_id, key, value) VALUES ($1, $2, $3)`, a.ID[:], t.Key, t.Value); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) updateAsset(ctx context.Context, old *wats.Asset, e AssetEdit, now time.Time) error {
	a := *old
	a.Tags, a.RowVersion = nil, report.Optional[int]{}
	if err := e.Apply(&a); err != nil {
		return err
	}
	a.ID = old.ID
	found := a.Validate()
	p, err := w.place(ctx, old, &a, &found)
	if err != nil {
		return err
	}
	if err := found.Err(); err != nil {
		return err
	}
	if err := w.checkSerial(ctx, &a); err != nil {
		return err
	}
	var retagged bool
	a.Tags, retagged = mergeSettings(old.Tags, a.Tags)
	changes, err := w.assetChanges(ctx, old, &a, p)
	if err != nil {
		return err
	}
	if retagged {
		changes = append(changes, "tags")
	}
	if len(changes) == 0 && a.State == old.State {
		return nil // also when it was read long ago: it may be a repetition
	}
	if v := a.RowVersion; v.Present && v != old.RowVersion {
		return conflict("asset %q was changed meanwhile: it has row version %d, not %d; read it again", old.SerialNumber, old.RowVersion.Value, v.Value)
	}
	if err := w.writeAsset(ctx, old, &a, p); err != nil {
		return err
	}
	if a.State != old.State {
		if err := w.logAsset(ctx, a.ID, assetEvent{now, e.User, wats.AssetLogStateChange, stateChange(old.State, a.State)}); err != nil {
			return err
		}
	}
	if len(changes) == 0 {
		return nil
	}
	return w.logAsset(ctx, a.ID, assetEvent{now, e.User, wats.AssetLogUpdate, strings.Join(changes, "; ")})
}

func stateChange(from, to wats.AssetState) string { return from.String() + " → " + to.String() }

// assetChanges says in words what is different, tags and state apart.
func (w *writer) assetChanges(ctx context.Context, old, a *wats.Asset, p assetPlace) (changes []string, err error) {
	parent := ""
	if !p.parent.IsZero() {
		if _, err := w.get(ctx, []any{&parent}, `SELECT serial_number FROM asset WHERE id = $1`, p.parent[:]); err != nil {
			return nil, err
		}
	}
	for _, c := range []struct{ name, from, to string }{
		{"serialNumber", old.SerialNumber, a.SerialNumber},
		{"type", old.Type.Name, p.kind.Name},
		{"parent", old.ParentSerialNumber, parent},
		{"assetName", old.Name, a.Name},
		{"partNumber", old.PartNumber, a.PartNumber},
		{"revision", old.Revision, a.Revision},
		{"ClientId", clientText(old), clientText(a)},
		{"location", old.Location, a.Location},
		{"description", old.Description, a.Description},
	} {
		switch {
		case c.from == c.to:
		case c.name == "description": // long, and kept nowhere else: the new text is in the asset
			changes = append(changes, c.name)
		default:
			changes = append(changes, fmt.Sprintf("%s: %q → %q", c.name, c.from, c.to))
		}
	}
	return slices.Clip(changes), nil
}

func clientText(a *wats.Asset) string {
	if !a.ClientID.Present {
		return ""
	}
	return fmt.Sprint(a.ClientID.Value)
}

func (w *writer) writeAsset(ctx context.Context, old, a *wats.Asset, p assetPlace) error {
	_, err := w.exec(ctx, `UPDATE asset SET serial_number = $1, type_id = $2, parent_id = $3, name = $4, part_number = $5, revision = $6, client_id = $7,
		state = $8, description = $9, location = $10, tags = $11, row_version = row_version + 1 WHERE id = $12`,
		a.SerialNumber, p.kind.ID[:], idColumn(p.parent), a.Name, a.PartNumber, a.Revision, pointer(a.ClientID),
		int(a.State), a.Description, a.Location, encodeSettings(a.Tags), a.ID[:])
	if err != nil {
		return err
	}
	if old.Type.ID != p.kind.ID {
		if err := w.reschedule(ctx, old, p.kind); err != nil {
			return err
		}
	}
	return w.indexTags(ctx, a)
}

// reschedule sets anew when an asset is due, by the intervals of another type. Dates that another system keeps stay.
func (w *writer) reschedule(ctx context.Context, a *wats.Asset, by wats.AssetType) error {
	calibration, maintenance := a.NextCalibration, a.NextMaintenance
	if by.CalibrationInterval.Value != wats.AssetExternal {
		calibration = due(a.LastCalibration, by.CalibrationInterval)
	}
	if by.MaintenanceInterval.Value != wats.AssetExternal {
		maintenance = due(a.LastMaintenance, by.MaintenanceInterval)
	}
	_, err := w.exec(ctx, `UPDATE asset SET next_calibration_ns = $1, next_maintenance_ns = $2 WHERE id = $3`,
		toColumn(calibration), toColumn(maintenance), a.ID[:])
	return err
}

// DeleteAsset removes an asset with its log, tags and files. It returns [ErrNotFound] when there is none, and [ErrConflict] when others hang
// below it or reports have used it.
func (s *Store) DeleteAsset(ctx context.Context, key AssetKey) error {
	err := s.changeAsset(ctx, key, func(ctx context.Context, w *writer, a *wats.Asset) error { return w.deleteAsset(ctx, a) })
	if err != nil {
		return fmt.Errorf("delete asset: %w", err)
	}
	return nil
}

func (w *writer) deleteAsset(ctx context.Context, a *wats.Asset) error {
	var children, uses int
	if _, err := w.get(ctx, []any{&children, &uses}, `SELECT (SELECT count(*) FROM asset WHERE parent_id = $1),
		(SELECT count(*) FROM asset_use WHERE asset_id = $1)`, a.ID[:]); err != nil {
		return err
	}
	switch {
	case children > 0:
		return conflict("asset %q is in use: %d assets hang below it; hang them elsewhere first", a.SerialNumber, children)
	case uses > 0:
		return conflict("asset %q is in use: %d reports have used it; set its state to 6 (scrapped) instead", a.SerialNumber, uses)
	}
	names, err := w.assetFiles(ctx, a.ID)
	if err != nil {
		return err
	}
	if err := w.removeAssetFiles(ctx, a.ID, names); err != nil {
		return err
	}
	for _, text := range [...]string{
		`DELETE FROM asset_tag WHERE asset_id = $1`, `DELETE FROM asset_log WHERE asset_id = $1`, `DELETE FROM asset WHERE id = $1`,
	} {
		if _, err := w.exec(ctx, text, a.ID[:]); err != nil {
			return err
		}
	}
	return nil
}
