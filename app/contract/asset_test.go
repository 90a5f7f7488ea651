package contract_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/auth"
	"github.com/gowats/gowats/report"
)

// fixtureType saves a type of assets, changed by the given function.
func fixtureType(t *testing.T, c *wats.Client, name string, change func(*wats.AssetType)) wats.AssetType {
	t.Helper()
	kind := wats.AssetType{Name: name}
	if change != nil {
		change(&kind)
	}
	saved, err := c.Asset.SaveType(t.Context(), kind)
	if err != nil {
		t.Fatalf("save asset type %q: %v", name, err)
	}
	return *saved
}

// fixture creates an asset, changed by the given function.
func fixture(t *testing.T, c *wats.Client, kind wats.AssetType, serial string, change func(*wats.Asset)) *wats.Asset {
	t.Helper()
	a := wats.Asset{SerialNumber: serial, TypeID: kind.ID}
	if change != nil {
		change(&a)
	}
	created, err := c.Asset.Create(t.Context(), a)
	if err != nil {
		t.Fatalf("create asset %q: %v", serial, err)
	}
	return created
}

// adminClient returns a client of a user who administers.
func (b *bench) adminClient(t *testing.T) *wats.Client {
	t.Helper()
	a := auth.New(b.store)
	if err := a.CreateUser(t.Context(), "root", "another good horse", auth.Admin); err != nil {
		t.Fatal(err)
	}
	return b.client(t, wats.WithBasicAuth("root", "another good horse"))
}

func TestAssetSaveAndGet(t *testing.T) {
	c := startServer(t).client(t)
	kind := fixtureType(t, c, "Fixture", func(k *wats.AssetType) {
		k.RunningCountLimit, k.TotalCountLimit, k.WarningThreshold, k.Icon = report.Some[int64](100), report.Some[int64](50), report.Some(80.0), "f.png"
	})
	if kind.ID.IsZero() || kind.TotalCountLimit != report.Some[int64](100) {
		t.Errorf("SaveType: got %+v, want an ID and the total limit raised to 100", kind)
	}
	rack := fixture(t, c, kind, "RACK-1", nil)
	a := fixture(t, c, kind, "FIX/7 ä%", func(a *wats.Asset) {
		a.Name, a.PartNumber, a.Revision, a.Location, a.Description = "Bed of nails", "BON-2", "C", "Oslo", "two sides"
		a.ParentSerialNumber, a.ClientID = "RACK-1", report.Some(3)
		a.Tags = []wats.Setting{{Key: "Line", Value: "4", Change: wats.AddSetting}, {Key: "Inventory", Value: "4711"}}
	})
	want := wats.Asset{
		ID: a.ID, SerialNumber: "FIX/7 ä%", TypeID: kind.ID, ParentID: rack.ID, ParentSerialNumber: "RACK-1", Name: "Bed of nails", PartNumber: "BON-2",
		Revision: "C", ClientID: report.Some(3), State: wats.AssetInOperation, Description: "two sides", Location: "Oslo",
		FirstSeen: a.FirstSeen, LastSeen: a.FirstSeen, TotalCount: report.Some[int64](0), RunningCount: report.Some[int64](0),
		Tags: []wats.Setting{{Key: "Inventory", Value: "4711"}, {Key: "Line", Value: "4"}}, Children: []wats.Asset{}, Type: &kind,
		Log:   []wats.AssetLogEntry{{ID: a.Log[0].ID, AssetID: a.ID, SerialNumber: "FIX/7 ä%", Date: a.FirstSeen, User: user, Type: wats.AssetLogRegister}},
		Alarm: report.Some(wats.AssetOK), RowVersion: report.Some(1),
	}
	for name, key := range map[string]wats.AssetKey{"ID": wats.AssetByID(a.ID), "serial number": wats.AssetBySerial("FIX/7 ä%")} {
		got, err := c.Asset.Get(t.Context(), key)
		if err != nil {
			t.Fatalf("Get by %s: %v", name, err)
		}
		if diff := cmp.Diff(&want, got); diff != "" {
			t.Errorf("Get by %s (-want +got):\n%s", name, diff)
		}
	}
	a.Location, a.Description = "Bergen", ""
	a.Tags = []wats.Setting{{Key: "Line", Change: wats.RemoveSetting}}
	changed, err := c.Asset.Update(t.Context(), *a)
	if err != nil {
		t.Fatal(err)
	}
	if changed.Location != "Bergen" || changed.Description != "" || changed.Name != "Bed of nails" || len(changed.Tags) != 1 || changed.RowVersion.Value != 2 ||
		changed.Log[0].Type != wats.AssetLogUpdate || !strings.Contains(changed.Log[0].Comment, `location: "Oslo" → "Bergen"`) {
		t.Errorf("Update: got %+v", changed)
	}
	if again, err := c.Asset.Update(t.Context(), *a); err != nil || again.RowVersion.Value != 2 {
		t.Errorf("the same Update again, as after a lost answer: got %+v, %v; want nothing changed", again, err)
	}
	a.Location = "Trondheim"
	if _, err := c.Asset.Update(t.Context(), *a); !errors.Is(err, wats.ErrConflict) || !strings.Contains(err.Error(), "row version 2, not 1") {
		t.Errorf("Update of what was changed meanwhile: got %v, want ErrConflict", err)
	}
	above, err := c.Asset.Get(t.Context(), rack.Key())
	if err != nil || len(above.Children) != 1 || above.Children[0].SerialNumber != a.SerialNumber {
		t.Errorf("Get of the parent: got %+v, %v", above, err)
	}
}

func TestAssetOddSerials(t *testing.T) {
	c := startServer(t).client(t)
	kind := fixtureType(t, c, "Fixture", nil)
	first := fixture(t, c, kind, "plain", nil)
	for _, serial := range []string{first.ID.String(), "Types", "status", "..", "a/b\\c", "100%", "O'Brien", strings.Repeat("x", 100)} {
		fixture(t, c, kind, serial, nil)
		a, err := c.Asset.Get(t.Context(), wats.AssetBySerial(serial))
		if err != nil || a.SerialNumber != serial {
			t.Errorf("Get of serial number %q: got %+v, %v", serial, a, err)
		}
		if err := c.Asset.Increment(t.Context(), wats.AssetBySerial(serial), 1, false); err != nil {
			t.Errorf("Increment of serial number %q: %v", serial, err)
		}
	}
	if a, err := c.Asset.Get(t.Context(), wats.AssetByID(first.ID)); err != nil || a.SerialNumber != "plain" {
		t.Errorf("Get by an ID that is another's serial number: got %+v, %v; want the asset of that ID", a, err)
	}
}

func TestAssetRefusals(t *testing.T) {
	b := startServer(t)
	c := b.client(t)
	kind := fixtureType(t, c, "Fixture", nil)
	parent := fixture(t, c, kind, "P", nil)
	child := fixture(t, c, kind, "C", func(a *wats.Asset) { a.ParentID = parent.ID })
	for name, tc := range map[string]struct {
		body string
		want []string
	}{
		"all at once": {`{"serialNumber":" ","typeId":"00000001-0000-4000-8000-000000000000","parentSerialNumber":"nobody","state":7,"totalCount":-1,
			"location":"` + strings.Repeat("ø", 101) + `","lastCalibrationDate":"2026-02-01T00:00:00Z","nextCalibrationDate":"2026-01-01T00:00:00","tags":[{"key":""},{"key":"a"},{"key":"a"}]}`,
			[]string{"$.serialNumber required", "$.location length", "$.state enum", "$.totalCount range", "$.nextCalibrationDate order", "$.tags[0].key required",
				"$.tags[2].key unique", "$.typeId reference", "$.parentSerialNumber reference"}},
		"no type":             {`{"serialNumber":"N"}`, []string{"$.typeId required"}},
		"a GUID that is none": {`{"serialNumber":"N","typeId":"fixture"}`, []string{"$.typeId type"}},
		"a wrong type":        {`{"serialNumber":5}`, []string{"$.serialNumber type"}},
		"not an object":       {`[]`, []string{"$ type"}},
		"its own parent":      {`{"serialNumber":"P","parentSerialNumber":"P"}`, []string{"$.parentSerialNumber cycle"}},
		"a ring":              {`{"serialNumber":"P","parentAssetId":"` + child.ID.String() + `"}`, []string{"$.parentAssetId cycle"}},
		"two parents":         {`{"serialNumber":"N","typeId":"` + kind.ID.String() + `","parentAssetId":"` + parent.ID.String() + `","parentSerialNumber":"C"}`, []string{"$.parentAssetId reference"}},
	} {
		err := b.refusal(t, http.MethodPut, "/api/Asset", tc.body)
		if got := violations(err); !slices.Equal(got, tc.want) {
			t.Errorf("%s: got %q (%v), want %q", name, got, err, tc.want)
		}
	}
	got, err := c.Asset.Get(t.Context(), parent.Key())
	if err != nil || got.RowVersion != parent.RowVersion || len(got.Log) != 1 {
		t.Errorf("after refusals the asset is %+v, %v; want it unchanged", got, err)
	}
	if _, err := c.Asset.Get(t.Context(), wats.AssetBySerial("N")); !errors.Is(err, wats.ErrNotFound) {
		t.Errorf("after refusals: got %v, want that nothing was created", err)
	}
}

// refusal makes a request as any client could, and returns the error that the SDK would make of a refusal.
func (b *bench) refusal(t *testing.T, method, path, body string) error {
	t.Helper()
	return b.sendAs(t, method, path, "application/json", strings.NewReader(body))
}

// sendAs is refusal with a body of another kind.
func (b *bench) sendAs(t *testing.T, method, path, contentType string, body io.Reader) error {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, b.url+path, body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+b.token)
	r.Header.Set("Content-Type", contentType)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode/100 == 2 {
		return nil
	}
	var refusal struct {
		Message string          `json:"Message"`
		Errors  report.Findings `json:"errors"`
	}
	if err := json.NewDecoder(res.Body).Decode(&refusal); err != nil {
		t.Fatalf("%s %s answered %d without a reason: %v", method, path, res.StatusCode, err)
	}
	return &wats.APIError{Method: method, Path: path, Status: res.StatusCode, Message: refusal.Message, Violations: refusal.Errors}
}

func TestAssetDelete(t *testing.T) {
	c := startServer(t).client(t)
	kind := fixtureType(t, c, "Fixture", nil)
	parent := fixture(t, c, kind, "P", nil)
	child := fixture(t, c, kind, "C", func(a *wats.Asset) { a.ParentID, a.Tags = parent.ID, []wats.Setting{{Key: "k"}} })
	if err := c.Asset.UploadFile(t.Context(), child.ID, "a.txt", strings.NewReader("abc"), 3); err != nil {
		t.Fatal(err)
	}
	r := testReport("1", time.Now().Add(-time.Hour), report.Passed)
	r.Assets = []report.Asset{{SerialNumber: "P"}}
	if _, err := c.Report.Submit(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if err := c.Asset.Delete(t.Context(), parent.Key()); !errors.Is(err, wats.ErrConflict) || !strings.Contains(err.Error(), "1 assets hang below") {
		t.Errorf("Delete of a parent: got %v, want ErrConflict", err)
	}
	if err := c.Asset.Delete(t.Context(), child.Key()); err != nil {
		t.Errorf("Delete: %v", err)
	}
	if err := c.Asset.Delete(t.Context(), wats.AssetBySerial("P")); !errors.Is(err, wats.ErrConflict) || !strings.Contains(err.Error(), "1 reports have used") {
		t.Errorf("Delete of what a report has used: got %v, want ErrConflict", err)
	}
	if err := c.Asset.Delete(t.Context(), child.Key()); !errors.Is(err, wats.ErrNotFound) {
		t.Errorf("Delete of what is gone: got %v, want ErrNotFound", err)
	}
	if err := c.Asset.Delete(t.Context(), wats.AssetKey{}); !errors.Is(err, wats.ErrInvalid) {
		t.Errorf("Delete of nothing: got %v, want ErrInvalid", err)
	}
}

func TestAssetHierarchy(t *testing.T) {
	c := startServer(t).client(t)
	kind := fixtureType(t, c, "Fixture", func(k *wats.AssetType) {
		k.TotalCountLimit, k.WarningThreshold = report.Some[int64](10), report.Some(50.0)
	})
	for _, serial := range []string{"A", "B", "C", "D"} {
		fixture(t, c, kind, serial, nil)
	}
	hang := func(below, above string) error {
		key := wats.AssetKey{}
		if above != "" {
			key = wats.AssetBySerial(above)
		}
		_, err := c.Asset.SetParent(t.Context(), wats.AssetBySerial(below), key)
		return err
	}
	for _, pair := range [][2]string{{"B", "A"}, {"C", "B"}, {"D", "A"}} {
		if err := hang(pair[0], pair[1]); err != nil {
			t.Fatalf("hang %s below %s: %v", pair[0], pair[1], err)
		}
	}
	if err := hang("A", "C"); !errors.Is(err, wats.ErrInvalid) {
		t.Errorf("hang A below C, which hangs below A: got %v, want ErrInvalid", err)
	}
	below := func(level int) string {
		t.Helper()
		all, err := c.Asset.SubAssets(t.Context(), wats.AssetBySerial("A"), level)
		if err != nil {
			t.Fatal(err)
		}
		var serials []string
		for _, a := range all {
			serials = append(serials, a.SerialNumber)
		}
		return strings.Join(serials, " ")
	}
	if direct, all := below(1), below(0); direct != "B D" || all != "B D C" {
		t.Errorf("SubAssets: got %q and %q, want B D and B D C", direct, all)
	}
	if err := c.Asset.Increment(t.Context(), wats.AssetBySerial("A"), 4, true); err != nil {
		t.Fatal(err)
	}
	if err := c.Asset.Increment(t.Context(), wats.AssetBySerial("C"), 2, false); err != nil {
		t.Fatal(err)
	}
	status, err := c.Asset.Status(t.Context(), wats.AssetBySerial("A"))
	if err != nil || status.Alarm != wats.AssetOK || status.Bubbled != wats.AssetWarning || status.TotalCount.Value != 4 {
		t.Errorf("Status: got %+v, %v; want ok with a warning below", status, err)
	}
	if err := hang("C", ""); err != nil {
		t.Fatal(err)
	}
	if all := below(0); all != "B D" {
		t.Errorf("SubAssets after C was taken away: got %q", all)
	}
}

func TestAssetLists(t *testing.T) {
	b := startServer(t)
	c := b.client(t)
	plain := fixtureType(t, c, "Fixture", nil)
	meter := fixtureType(t, c, "Meter", nil)
	for i := range 12 {
		kind, place := plain, "Oslo"
		if i%3 == 0 {
			kind, place = meter, "Bergen / hall 1"
		}
		fixture(t, c, kind, fmt.Sprintf("A-%02d", i), func(a *wats.Asset) {
			a.Location = place
			a.Tags = []wats.Setting{{Key: "Line", Value: fmt.Sprint(i % 4)}, {Key: "Inventory", Value: fmt.Sprint(1000 + i)}}
		})
	}
	serials := func(q wats.AssetQuery) string {
		t.Helper()
		var all []string
		for a, err := range c.Asset.All(t.Context(), q) {
			if err != nil {
				t.Fatalf("All(%+v): %v", q, err)
			}
			all = append(all, strings.TrimPrefix(a.SerialNumber, "A-"))
		}
		return strings.Join(all, " ")
	}
	for _, tc := range []struct {
		query wats.AssetQuery
		want  string
	}{
		{wats.AssetQuery{Top: 3}, "00 01 02"},
		{wats.AssetQuery{Location: "Bergen*"}, "00 03 06 09"},
		{wats.AssetQuery{TypeID: meter.ID, OrderBy: "serialNumber desc"}, "09 06 03 00"},
		{wats.AssetQuery{Tag: wats.Setting{Key: "Line", Value: "1"}}, "01 05 09"},
		{wats.AssetQuery{Tag: wats.Setting{Key: "Line", Value: "1"}, Location: "Oslo"}, "01 05"},
		{wats.AssetQuery{Filter: "typeName eq 'Meter' and tags/any(t: t/value eq '1006')"}, "06"},
		{wats.AssetQuery{State: report.Some(wats.AssetScrapped)}, ""},
		{wats.AssetQuery{Tag: wats.Setting{Key: "line"}}, ""},
	} {
		if got := serials(tc.query); got != tc.want {
			t.Errorf("All(%+v): got %q, want %q", tc.query, got, tc.want)
		}
	}
	page, err := c.Asset.Query(t.Context(), wats.AssetQuery{Location: "Oslo", Top: 2, Skip: 3})
	if err != nil || page.Total != 8 || len(page.Assets) != 2 || page.Assets[0].SerialNumber != "A-05" {
		t.Errorf("Query: got %+v, %v; want 2 of 8 from A-05 on", page, err)
	}
	if a, err := c.Asset.GetByTag(t.Context(), "Inventory", "1007"); err != nil || a.SerialNumber != "A-07" {
		t.Errorf("GetByTag: got %+v, %v", a, err)
	}
	if _, err := c.Asset.GetByTag(t.Context(), "Line", "1"); !errors.Is(err, wats.ErrConflict) {
		t.Errorf("GetByTag of several: got %v, want ErrConflict", err)
	}
	if _, err := c.Asset.GetByTag(t.Context(), "Inventory", "1"); !errors.Is(err, wats.ErrNotFound) {
		t.Errorf("GetByTag of none: got %v, want ErrNotFound", err)
	}
	if at, err := c.Asset.GetByLocation(t.Context(), "Bergen / hall 1"); err != nil || len(at) != 4 {
		t.Errorf("GetByLocation: got %d, %v; want 4", len(at), err)
	}
	for _, path := range []string{"/api/Asset?$filter=colour%20eq%201", "/api/Asset?$orderby=tags", "/api/Asset?$top=-1", "/api/Asset?$top=0&$filter=x",
		"/api/gowats/v1/Asset/Query?$top=1001", "/api/Asset/Log?$filter=assetId%20eq%20'x'", "/api/Asset/Types?$expand=x"} {
		if err := b.refusal(t, http.MethodGet, path, ""); !errors.Is(err, wats.ErrInvalid) {
			t.Errorf("GET %s: got %v, want ErrInvalid", path, err)
		}
	}
	types, err := c.Asset.Types(t.Context(), wats.AssetTypeQuery{Filter: "startswith(typeName,'M')", Top: 5})
	if err != nil || len(types) != 1 || types[0].ID != meter.ID {
		t.Errorf("Types: got %+v, %v", types, err)
	}
}

func TestAssetQueryOnOtherServers(t *testing.T) {
	wats0 := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(wats0.Close)
	c, err := wats.NewClient(wats0.URL)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Asset.Query(t.Context(), wats.AssetQuery{}); !errors.Is(err, wats.ErrUnsupported) || !strings.Contains(err.Error(), "/api/gowats/v1/Asset/Query") {
		t.Errorf("Query at a server without it: got %v, want ErrUnsupported naming the route", err)
	}
}

func TestAssetTypes(t *testing.T) {
	c := startServer(t).client(t)
	kind := fixtureType(t, c, "Fixture", nil)
	if again := fixtureType(t, c, "FIXTURE", nil); again.ID != kind.ID || again.RowVersion.Value != 2 {
		t.Errorf("SaveType of a name that is there: got %+v, want that type renamed", again)
	}
	kind.Name, kind.IsReadonly = "Fixture", true
	if _, err := c.Asset.SaveType(t.Context(), kind); !errors.Is(err, wats.ErrConflict) {
		t.Errorf("SaveType of what was changed meanwhile: got %v, want ErrConflict", err)
	}
	kind.RowVersion = report.Optional[int]{}
	if _, err := c.Asset.SaveType(t.Context(), kind); err != nil {
		t.Fatal(err)
	}
	kind.Icon = "x"
	if _, err := c.Asset.SaveType(t.Context(), kind); !errors.Is(err, wats.ErrConflict) || !strings.Contains(err.Error(), "read-only") {
		t.Errorf("SaveType of a read-only one: got %v, want ErrConflict", err)
	}
	other := fixtureType(t, c, "Meter", nil)
	other.Name = "fixture"
	if _, err := c.Asset.SaveType(t.Context(), other); !errors.Is(err, wats.ErrConflict) {
		t.Errorf("SaveType under the name of another: got %v, want ErrConflict", err)
	}
	_, err := c.Asset.SaveType(t.Context(), wats.AssetType{
		RunningCountLimit: report.Some[int64](-2), CalibrationInterval: report.Some(-3.0), AlarmThreshold: report.Some(-1.0),
	})
	want := []string{"$.typeName required", "$.runningCountLimit range", "$.calibrationInterval range", "$.alarmThreshold range"}
	if got := violations(err); !slices.Equal(got, want) {
		t.Errorf("SaveType of a bad one: got %q, want %q", got, want)
	}
}

func TestAssetCommands(t *testing.T) {
	b := startServer(t)
	c, admin := b.client(t), b.adminClient(t)
	kind := fixtureType(t, c, "Fixture", func(k *wats.AssetType) {
		k.RunningCountLimit, k.TotalCountLimit, k.WarningThreshold, k.AlarmThreshold = report.Some[int64](5), report.Some[int64](20), report.Some(60.0), report.Some(100.0)
		k.CalibrationInterval, k.MaintenanceInterval = report.Some(30.0), report.Some(float64(wats.AssetExternal))
	})
	a := fixture(t, c, kind, "F", nil)
	key := a.Key()
	do := func(name string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	want := func(after string, alarm wats.AssetAlarm, running, total int64) {
		t.Helper()
		s, err := c.Asset.Status(t.Context(), key)
		if err != nil || s.Alarm != alarm || s.RunningCount.Value != running || s.TotalCount.Value != total {
			t.Errorf("status after %s: got %+v, %v; want %s, %d, %d", after, s, err, alarm, running, total)
		}
	}
	want("creation", wats.AssetOK, 0, 0)
	do("Increment", c.Asset.Increment(t.Context(), key, 2, false))
	want("2 uses", wats.AssetOK, 2, 2)
	do("Increment", c.Asset.Increment(t.Context(), key, 1, false))
	want("3 uses, 60 percent of 5", wats.AssetWarning, 3, 3)
	do("CountTo", c.Asset.CountTo(t.Context(), key, 5))
	want("5 uses", wats.AssetInAlarm, 5, 5)
	if err := c.Asset.CountTo(t.Context(), key, 4); !errors.Is(err, wats.ErrConflict) {
		t.Errorf("CountTo backwards: got %v, want ErrConflict", err)
	}
	do("ResetRunningCount", c.Asset.ResetRunningCount(t.Context(), key, "new pins"))
	want("a reset", wats.AssetOK, 0, 5)
	for name, err := range map[string]error{
		"SetRunningCount": c.Asset.SetRunningCount(t.Context(), key, 1),
		"SetTotalCount":   c.Asset.SetTotalCount(t.Context(), key, 1),
	} {
		if !errors.Is(err, wats.ErrForbidden) {
			t.Errorf("%s by a user who may not: got %v, want ErrForbidden", name, err)
		}
	}
	do("SetRunningCount", admin.Asset.SetRunningCount(t.Context(), key, 1))
	do("SetTotalCount", admin.Asset.SetTotalCount(t.Context(), key, 20))
	want("a total at its limit", wats.AssetInAlarm, 1, 20)
	if err := c.Asset.ResetRunningCount(t.Context(), key, ""); !errors.Is(err, wats.ErrConflict) {
		t.Errorf("ResetRunningCount with the total at its limit: got %v, want ErrConflict", err)
	}
	do("SetTotalCount", admin.Asset.SetTotalCount(t.Context(), key, 6))

	do("SetState", c.Asset.SetState(t.Context(), key, wats.AssetInCalibration))
	do("Calibrate", c.Asset.Calibrate(t.Context(), key, time.Now().AddDate(0, 0, -31), "by ola"))
	want("a calibration 31 days ago", wats.AssetInAlarm, 1, 6)
	if s, err := c.Asset.StatusIn(t.Context(), key, ""); err != nil || s.DaysSinceCalibration.Value != 31 || s.CalibrationDaysOverdue.Value != 1 || s.Message == "" {
		t.Errorf("StatusIn: got %+v, %v; want 31 days, 1 overdue", s, err)
	}
	do("Calibrate", c.Asset.Calibrate(t.Context(), key, time.Time{}, ""))
	want("a calibration now", wats.AssetOK, 1, 6)
	if s, err := c.Asset.StatusIn(t.Context(), key, "nb-NO"); err != nil || s.DaysSinceCalibration.Value != 0 || s.Message != "" {
		t.Errorf("StatusIn: got %+v, %v", s, err)
	}
	last, next := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), time.Now().AddDate(0, 1, 0).UTC()
	do("MaintainExternal", c.Asset.MaintainExternal(t.Context(), key, last, next, "by SAP"))
	sap := fixture(t, c, fixtureType(t, c, "SAP", func(k *wats.AssetType) { k.CalibrationInterval = report.Some(float64(wats.AssetExternal)) }), "S", nil)
	do("CalibrateExternal", c.Asset.CalibrateExternal(t.Context(), sap.Key(), last, next, ""))
	if got, err := c.Asset.Get(t.Context(), sap.Key()); err != nil || !got.LastCalibration.Equal(last) || !got.NextCalibration.Equal(next) {
		t.Errorf("Get after CalibrateExternal: got %+v, %v", got, err)
	}
	for name, err := range map[string]error{
		"Maintain with external dates":             c.Asset.Maintain(t.Context(), key, time.Time{}, ""),
		"CalibrateExternal without external dates": c.Asset.CalibrateExternal(t.Context(), key, last, next, ""),
	} {
		if !errors.Is(err, wats.ErrConflict) {
			t.Errorf("%s: got %v, want ErrConflict", name, err)
		}
	}
	for name, err := range map[string]error{
		"dates out of order":   c.Asset.MaintainExternal(t.Context(), key, next, last, ""),
		"in the future":        c.Asset.Calibrate(t.Context(), key, time.Now().AddDate(0, 0, 3), ""),
		"a negative count":     c.Asset.Increment(t.Context(), key, -1, false),
		"a state that is none": c.Asset.SetState(t.Context(), key, 7),
		"a message of nothing": c.Asset.PostMessage(t.Context(), wats.AssetMessage{AssetID: a.ID.String()}),
	} {
		if !errors.Is(err, wats.ErrInvalid) {
			t.Errorf("%s: got %v, want ErrInvalid", name, err)
		}
	}
	do("PostMessage", c.Asset.PostMessage(t.Context(), wats.AssetMessage{AssetID: a.ID.String(), Comment: "dropped", User: "kari"}))
	got, err := c.Asset.Get(t.Context(), key)
	if err != nil || got.State != wats.AssetInCalibration || !got.LastMaintenance.Equal(last) || !got.NextMaintenance.Equal(next) ||
		got.NextCalibration.Sub(got.LastCalibration.Time) != 30*24*time.Hour {
		t.Errorf("Get after the commands: got %+v, %v", got, err)
	}
	var log []string
	for e, err := range c.Asset.Log(t.Context(), wats.AssetLogQuery{Asset: key, OrderBy: "logId"}) {
		if err != nil {
			t.Fatal(err)
		}
		log = append(log, fmt.Sprint(int(e.Type), " ", e.User))
	}
	wantLog := []string{"1 ann", "2 ann", "2 ann", "2 ann", "3 ann", "2 root", "2 root", "2 root", "6 ann", "4 ann", "4 ann", "5 ann", "0 kari"}
	if !slices.Equal(log, wantLog) {
		t.Errorf("Log: got %q, want %q", log, wantLog)
	}
}

// TestAssetCommandRefusals: every violation of a command is named, and nothing is changed.
func TestAssetExternalCalibration(t *testing.T) {
	c := startServer(t).client(t)
	kind := fixtureType(t, c, "Reference", func(k *wats.AssetType) { k.CalibrationInterval = report.Some(float64(wats.AssetExternal)) })
	key := fixture(t, c, kind, "R", nil).Key()
	last, next := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	if err := c.Asset.CalibrateExternal(t.Context(), key, last, next, "by the institute"); err != nil {
		t.Fatal(err)
	}
	a, err := c.Asset.Get(t.Context(), key)
	if err != nil || !a.LastCalibration.Equal(last) || !a.NextCalibration.Equal(next) {
		t.Errorf("Get: got %+v, %v; want calibrated %v, due %v", a, err, last, next)
	}
}

func TestAssetCommandRefusals(t *testing.T) {
	b := startServer(t)
	c := b.client(t)
	a := fixture(t, c, fixtureType(t, c, "Fixture", nil), "F", nil)
	for _, tc := range []struct{ method, path, want string }{
		{"PUT", "/api/Asset/State?state=9&id=x", "id type, state range"},
		{"PUT", "/api/Asset/State", "id required, state required"},
		{"PUT", "/api/Asset/Count?incrementBy=-1&incrementChildren=maybe", "id required, incrementBy range, incrementChildren type"},
		{"PUT", "/api/Asset/Count?serialNumber=F", "incrementBy required"},
		{"PUT", "/api/Asset/Count?serialNumber=F&incrementBy=1&totalCount=2", "incrementBy required"},
		{"PUT", "/api/Asset/Count?serialNumber=F&totalCount=2&incrementChildren=true", "incrementChildren unsupported"},
		{"POST", "/api/Asset/Calibration?dateTime=yesterday", "id required, dateTime type"},
		{"POST", "/api/Asset/Calibration?serialNumber=F&dateTime=0001-01-02T00:00:00Z", "dateTime range"},
		{"POST", "/api/Asset/Maintenance/External?serialNumber=F&fromDate=2026-02-01T00:00:00Z&toDate=2026-01-01T00:00:00Z", "toDate order"},
		{"POST", "/api/Asset/ResetRunningCount?serialNumber=F&comment=" + strings.Repeat("x", 5001), "comment length"},
		{"GET", "/api/Asset/SubAssets?level=-1", "id required, level range"},
		{"GET", "/api/Asset/Status?translate=no", "id required, translate type"},
		{"DELETE", "/api/Asset", "id required"},
		{"DELETE", "/api/Asset?id=F", "id type"},
	} {
		got := strings.Join(violations(b.refusal(t, tc.method, tc.path, "")), ", ")
		if got != tc.want {
			t.Errorf("%s %.80s: got %q, want %q", tc.method, tc.path, got, tc.want)
		}
	}
	for _, path := range []string{"/api/Asset/State?state=1&serialNumber=nobody", "/api/Asset/Count?incrementBy=1&serialNumber=f", "/api/Asset/State?state=1&id=" + a.ID.String() + "&serialNumber=G"} {
		if err := b.refusal(t, "PUT", path, ""); !errors.Is(err, wats.ErrNotFound) {
			t.Errorf("PUT %s: got %v, want ErrNotFound", path, err)
		}
	}
	if got, err := c.Asset.Get(t.Context(), a.Key()); err != nil || len(got.Log) != 1 || got.TotalCount.Value != 0 {
		t.Errorf("after refusals: got %+v, %v; want nothing changed", got, err)
	}
}

// TestIncrementIsSentOnce: an answer that is lost must not double what is counted.
func TestIncrementIsSentOnce(t *testing.T) {
	lose := false
	b := startServer(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !lose || r.URL.Path != "/api/Asset/Count" {
				next.ServeHTTP(w, r)
				return
			}
			next.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		})
	})
	c := b.client(t)
	a := fixture(t, c, fixtureType(t, c, "Fixture", nil), "F", nil)
	lose = true
	if err := c.Asset.Increment(t.Context(), a.Key(), 1, false); !errors.Is(err, wats.ErrOffline) {
		t.Errorf("Increment with a lost answer: got %v, want ErrOffline", err)
	}
	if err := c.Asset.CountTo(t.Context(), a.Key(), 5); !errors.Is(err, wats.ErrOffline) {
		t.Errorf("CountTo with lost answers: got %v, want ErrOffline", err)
	}
	lose = false
	if got, err := c.Asset.Get(context.Background(), a.Key()); err != nil || got.TotalCount.Value != 5 || len(got.Log) != 3 {
		t.Errorf("Get: got %+v, %v; want 1 and then up to 5, each counted once", got, err)
	}
}
