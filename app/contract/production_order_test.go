package contract_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

func TestBatches(t *testing.T) {
	c := startServer(t).client(t)
	ctx := t.Context()
	stored, err := c.Production.SaveBatches(ctx, []wats.ProductionBatch{{BatchNumber: "B2", BatchSize: report.Some(100)}, {BatchNumber: "B1"}})
	if err != nil || len(stored) != 2 || stored[0].BatchSize != report.Some(100) {
		t.Fatalf("SaveBatches: %+v, %v", stored, err)
	}
	if b, err := c.Production.SaveBatch(ctx, wats.ProductionBatch{BatchNumber: "B1", BatchSize: report.Some(0)}); err != nil || b.BatchSize != report.Some(0) {
		t.Errorf("SaveBatch: %+v, %v", b, err)
	}
	if b, err := c.Production.SaveBatch(ctx, wats.ProductionBatch{BatchNumber: "B1"}); err != nil || b.BatchSize != report.Some(0) {
		t.Errorf("SaveBatch without size: %+v, %v; want it as it was", b, err)
	}
	all, err := c.Production.Batches(ctx, "", "")
	if err != nil || len(all) != 2 || all[0].BatchNumber != "B1" {
		t.Errorf("Batches: %+v, %v", all, err)
	}
	if one, err := c.Production.Batches(ctx, "", "B2"); err != nil || len(one) != 1 {
		t.Errorf("Batches of a number: %+v, %v", one, err)
	}
	if none, err := c.Production.Batches(ctx, "PCB-1", ""); err != nil || len(none) != 0 {
		t.Errorf("Batches of a part without units: %+v, %v", none, err)
	}
	if _, err := c.Production.Save(ctx, wats.Unit{SerialNumber: "1", PartNumber: "PCB-1", BatchNumber: "B2"}); err != nil {
		t.Fatal(err)
	}
	if one, err := c.Production.Batches(ctx, "PCB-1", ""); err != nil || len(one) != 1 || one[0].BatchNumber != "B2" {
		t.Errorf("Batches of a part: %+v, %v", one, err)
	}
	_, err = c.Production.SaveBatches(ctx, []wats.ProductionBatch{{BatchNumber: "B3"}, {BatchNumber: "B4", OrderNumber: "none"}})
	if got := fmt.Sprint(rulesOf(t, err)); got != "map[$[1].orderNumber:reference]" {
		t.Errorf("SaveBatches with an order that is not there: %s", got)
	}
	if _, err := c.Production.SaveBatch(ctx, wats.ProductionBatch{BatchNumber: "B4", OrderNumber: "none"}); rulesOf(t, err)["$.orderNumber"] != "reference" {
		t.Errorf("SaveBatch with an order that is not there: %v", err)
	}
	if none, err := c.Production.Batches(ctx, "", "B3"); err != nil || len(none) != 0 {
		t.Errorf("a batch beside a refused one: %+v, %v; want it not stored", none, err)
	}
	_, err = c.Production.SaveBatch(ctx, wats.ProductionBatch{BatchSize: report.Some(-1)})
	if got := fmt.Sprint(rulesOf(t, err)); got != "map[$.batchNumber:required $.batchSize:range]" {
		t.Errorf("SaveBatch of nonsense: %s", got)
	}
}

func TestProductionOrders(t *testing.T) {
	c := startServer(t).client(t)
	ctx := t.Context()
	monday := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	order := wats.ProductionOrder{
		OrderNumber: "PO/1 #7", Description: "Boards", Customer: "ACME", PlannedStart: wats.Time{Time: monday}, Due: wats.Time{Time: monday.AddDate(0, 0, 5)},
		Items: []wats.OrderItem{{PartNumber: "PCB-1", Revision: "A", Quantity: 10}, {PartNumber: "PCB-1", Quantity: 5}, {PartNumber: "PSU", Quantity: 2}},
	}
	created, err := c.Production.CreateOrder(ctx, order)
	if err != nil || created.Status != wats.OrderPlanned || created.Quantity != 17 || len(created.Items) != 3 || created.Created.IsZero() || !created.Started.IsZero() {
		t.Fatalf("CreateOrder: %+v, %v", created, err)
	}
	if _, err := c.Production.CreateOrder(ctx, order); !errors.Is(err, wats.ErrConflict) {
		t.Errorf("CreateOrder once more: %v, want ErrConflict", err)
	}
	if got, err := c.Production.Order(ctx, "PO/1 #7", false); err != nil || got.Items != nil || got.Quantity != 17 || got.Customer != "ACME" || !got.Due.Equal(monday.AddDate(0, 0, 5)) {
		t.Errorf("Order without items: %+v, %v", got, err)
	}

	// Units belong to it by themselves and by their batch.
	if _, err := c.Production.SaveBatch(ctx, wats.ProductionBatch{BatchNumber: "B1", OrderNumber: "PO/1 #7"}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Production.SaveAll(ctx, []wats.Unit{
		{SerialNumber: "1", PartNumber: "PCB-1", Revision: "A", OrderNumber: "PO/1 #7", PhaseID: wats.PhaseFinalized},
		{SerialNumber: "2", PartNumber: "PCB-1", Revision: "A", BatchNumber: "B1", PhaseID: wats.PhaseScrapped},
		{SerialNumber: "3", PartNumber: "PCB-1", Revision: "B", BatchNumber: "B1", OrderNumber: "PO/1 #7"},
		{SerialNumber: "4", PartNumber: "PSU", BatchNumber: "B1", PhaseID: wats.PhaseShipped},
		{SerialNumber: "5", PartNumber: "PSU"},
		{SerialNumber: "6", PartNumber: "other", BatchNumber: "B1"},
	}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := c.Production.AddToOrder(ctx, "PO/1 #7", []wats.UnitKey{key("5", "PSU")}); err != nil {
			t.Error(err)
		}
	}
	got, err := c.Production.Order(ctx, "PO/1 #7", true)
	want := "[{PCB-1 A 10 2 1 1} {PCB-1  5 1 0 0} {PSU  2 2 1 0}]"
	if err != nil || fmt.Sprint(got.Items) != want {
		t.Errorf("Order: %v, %v; want items %s", got.Items, err, want)
	}
	batched, err := c.Production.Get(ctx, "2", "PCB-1")
	if err != nil || batched.OrderNumber != "PO/1 #7" {
		t.Errorf("Get of a unit whose batch is of an order: %+v, %v", batched, err)
	}
	if again, err := c.Production.Save(ctx, *batched); err != nil || again.RowVersion != batched.RowVersion {
		t.Errorf("writing it back: %+v, %v; want nothing changed", again, err)
	}
	if all := collect(t, c.Production.Units(ctx, wats.UnitQuery{OrderNumber: "PO/1 #7"})); len(all) != 6 {
		t.Errorf("units of the order: %d, want 6", len(all))
	}
	err = c.Production.AddToOrder(ctx, "PO/1 #7", []wats.UnitKey{key("1", "PCB-1"), key("no", "PCB-1")})
	if got := fmt.Sprint(rulesOf(t, err)); got != "map[$[1]:reference]" {
		t.Errorf("AddToOrder of a unit that is not there: %s", got)
	}

	// Changing, starting, completing.
	stale := *got
	got.Description = "Boards, urgent"
	if got, err = c.Production.UpdateOrder(ctx, *got); err != nil || got.Description != "Boards, urgent" || got.Status != wats.OrderPlanned || len(got.Items) != 3 {
		t.Fatalf("UpdateOrder: %+v, %v", got, err)
	}
	if _, err := c.Production.UpdateOrder(ctx, stale); !errors.Is(err, wats.ErrConflict) {
		t.Errorf("UpdateOrder of a stale version: %v, want ErrConflict", err)
	}
	if _, err := c.Production.CompleteOrder(ctx, "PO/1 #7"); !errors.Is(err, wats.ErrConflict) {
		t.Errorf("CompleteOrder before it is started: %v, want ErrConflict", err)
	}
	for range 2 {
		if got, err = c.Production.StartOrder(ctx, "PO/1 #7"); err != nil || got.Status != wats.OrderStarted || got.Started.IsZero() {
			t.Errorf("StartOrder: %+v, %v", got, err)
		}
	}
	more := *got
	more.Items = append(slices.Clone(got.Items), wats.OrderItem{PartNumber: "late", Quantity: 1})
	if _, err := c.Production.UpdateOrder(ctx, more); !errors.Is(err, wats.ErrConflict) {
		t.Errorf("UpdateOrder of the items of a started one: %v, want ErrConflict", err)
	}
	got.Due = wats.Time{Time: monday.AddDate(0, 1, 0)}
	if got, err = c.Production.UpdateOrder(ctx, *got); err != nil || got.Due.Month() != time.December {
		t.Errorf("UpdateOrder of the date of a started one: %+v, %v", got, err)
	}
	for range 2 {
		if got, err = c.Production.CompleteOrder(ctx, "PO/1 #7"); err != nil || got.Status != wats.OrderCompleted || got.Completed.IsZero() {
			t.Errorf("CompleteOrder: %+v, %v", got, err)
		}
	}
	for name, err := range map[string]error{
		"StartOrder":  second(c.Production.StartOrder(ctx, "PO/1 #7")),
		"UpdateOrder": second(c.Production.UpdateOrder(ctx, *got)),
	} {
		if !errors.Is(err, wats.ErrConflict) {
			t.Errorf("%s of a completed one: %v, want ErrConflict", name, err)
		}
	}
	for name, err := range map[string]error{
		"Order":         second(c.Production.Order(ctx, "none", true)),
		"StartOrder":    second(c.Production.StartOrder(ctx, "none")),
		"CompleteOrder": second(c.Production.CompleteOrder(ctx, "none")),
		"UpdateOrder":   second(c.Production.UpdateOrder(ctx, wats.ProductionOrder{OrderNumber: "none", Items: order.Items})),
		"AddToOrder":    c.Production.AddToOrder(ctx, "none", []wats.UnitKey{key("1", "PCB-1")}),
	} {
		if !errors.Is(err, wats.ErrNotFound) {
			t.Errorf("%s of one that is not there: %v, want ErrNotFound", name, err)
		}
	}
	_, err = c.Production.CreateOrder(ctx, wats.ProductionOrder{
		PlannedStart: wats.Time{Time: monday}, Due: wats.Time{Time: monday.Add(-time.Hour)},
		Items: []wats.OrderItem{{PartNumber: "P", Quantity: -1}, {PartNumber: "P", Quantity: 1}, {Quantity: 1}},
	})
	if got := fmt.Sprint(rulesOf(t, err)); got != "map[$.dueUtc:order $.items[0].quantity:range $.items[1].partNumber:unique $.items[2].partNumber:required $.orderNumber:required]" {
		t.Errorf("CreateOrder of nonsense: %s", got)
	}
}

func TestListOfProductionOrders(t *testing.T) {
	b := startServer(t)
	c := b.client(t)
	ctx := t.Context()
	first := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	const total = 1100 // more than a page
	for i := range total {
		if _, err := b.store.CreateOrder(ctx, wats.ProductionOrder{
			OrderNumber: fmt.Sprintf("PO%04d", i), PlannedStart: wats.Time{Time: first.AddDate(0, 0, i)}, Items: []wats.OrderItem{{PartNumber: "P", Quantity: 1}},
		}); err != nil {
			t.Fatal(err)
		}
	}
	for _, number := range []string{"PO0003", "PO0004"} {
		if _, err := c.Production.StartOrder(ctx, number); err != nil {
			t.Fatal(err)
		}
	}
	all := collect(t, c.Production.Orders(ctx, wats.OrderQuery{}))
	if len(all) != total || all[0].OrderNumber != "PO1099" || all[0].Items != nil || all[0].Quantity != 1 {
		t.Errorf("Orders: %d, first %+v", len(all), all[0])
	}
	for name, tc := range map[string]struct {
		q    wats.OrderQuery
		want int
	}{
		"started":  {wats.OrderQuery{Status: wats.OrderStarted}, 2},
		"in days":  {wats.OrderQuery{From: first.AddDate(0, 0, 3), To: first.AddDate(0, 0, 10)}, 7},
		"both":     {wats.OrderQuery{Status: wats.OrderPlanned, From: first, To: first.AddDate(0, 0, 10)}, 8},
		"filtered": {wats.OrderQuery{Filter: "startswith(orderNumber,'PO10') and status eq 'planned'"}, 100},
	} {
		if got := len(collect(t, c.Production.Orders(ctx, tc.q))); got != tc.want {
			t.Errorf("Orders %s: %d, want %d", name, got, tc.want)
		}
		if got, err := c.Production.CountOrders(ctx, tc.q); got != tc.want || err != nil {
			t.Errorf("CountOrders %s: %d, %v; want %d", name, got, err, tc.want)
		}
	}
	if got := collect(t, c.Production.Orders(ctx, wats.OrderQuery{OrderBy: "orderNumber", Top: 3})); len(got) != 3 || got[2].OrderNumber != "PO0002" {
		t.Errorf("three orders by number: %+v", got)
	}
	if n, err := c.Production.CountOrders(ctx, wats.OrderQuery{Filter: "orderNumber eq 'none'"}); n != 0 || err != nil {
		t.Errorf("CountOrders of none: %d, %v", n, err)
	}
}

// TestBadOrderRequests sends what the SDK would not.
func TestBadOrderRequests(t *testing.T) {
	b := startServer(t)
	for _, tc := range []struct {
		method, path, body string
		rules              []string
	}{
		{http.MethodGet, "/api/gowats/v1/Production/Orders?status=lost&from=x&to=2026-01-01", "", []string{"from:date-time", "status:enum", "to:date-time"}},
		{http.MethodGet, "/api/gowats/v1/Production/Orders?from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z", "", []string{"to:order"}},
		{http.MethodGet, "/api/gowats/v1/Production/OrderCount?from=9999-01-01T00:00:00Z", "", []string{"from:range"}},
		{http.MethodGet, "/api/gowats/v1/Production/Orders?$filter=colour%20eq%201", "", []string{"$filter:query"}},
		{http.MethodGet, "/api/gowats/v1/Production/Orders?$top=-1", "", []string{"$top:range"}},
		{http.MethodPost, "/api/gowats/v1/Production/Orders", `{"items":[{"quantity":"x"}]}`, []string{"$.items[0].quantity:type"}},
		{http.MethodPost, "/api/gowats/v1/Production/Orders", `{"orderNumber":"1","dueUtc":"9999-01-01T00:00:00Z"}`, []string{"$.dueUtc:range", "$.items:length"}},
		{http.MethodPut, "/api/gowats/v1/Production/Orders/2", `{"orderNumber":"1","items":[{"partNumber":"P","quantity":1}]}`, []string{"$.orderNumber:reference"}},
		{http.MethodPut, "/api/gowats/v1/Production/Orders/2/Units", `[]`, []string{"$:length"}},
		{http.MethodPut, "/api/gowats/v1/Production/Orders/2/Units", `[{"serialNumber":"1"}]`, []string{"$[0].partNumber:required"}},
		{http.MethodPut, "/api/Production/Batches", `[{"batchNumber":"` + strings.Repeat("x", 101) + `"},{}]`, []string{"$[0].batchNumber:length", "$[1].batchNumber:required"}},
		{http.MethodPut, "/api/Production/Units", `[{"serialNumber":"1","partNumber":"P","serialDate":"9999-01-01T00:00:00Z"}]`, []string{"$[0].serialDate:range"}},
	} {
		if status, rules := b.send(t, tc.method, tc.path, "application/json", tc.body); status != http.StatusBadRequest || !slices.Equal(rules, tc.rules) {
			t.Errorf("%s %s %s: %d with %q, want 400 with %q", tc.method, tc.path, tc.body, status, rules, tc.rules)
		}
	}
}

func TestExtensionsAreUnsupportedElsewhere(t *testing.T) {
	b := startServer(t, func(http.Handler) http.Handler { // a server that has no such routes
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no such route", http.StatusNotFound) })
	})
	c := b.client(t)
	ctx := t.Context()
	items := []wats.OrderItem{{PartNumber: "P", Quantity: 1}}
	for name, err := range map[string]error{
		"CreateOrder":          second(c.Production.CreateOrder(ctx, wats.ProductionOrder{OrderNumber: "1", Items: items})),
		"Order":                second(c.Production.Order(ctx, "1", true)),
		"CountOrders":          second(c.Production.CountOrders(ctx, wats.OrderQuery{})),
		"StartOrder":           second(c.Production.StartOrder(ctx, "1")),
		"CompleteOrder":        second(c.Production.CompleteOrder(ctx, "1")),
		"SaveSerialNumberType": second(c.Production.SaveSerialNumberType(ctx, wats.SerialNumberType{Name: "X"})),
		"ReserveSerialNumbers": second(c.Production.ReserveSerialNumbers(ctx, wats.SerialReserve{Type: "X", Quantity: 1})),
		"Take in sequence":     second(c.Production.TakeSerialNumbers(ctx, wats.SerialTake{Type: "X", Quantity: 1, InSequence: true})),
		"VerificationRules":    second(c.Production.VerificationRules(ctx)),
	} {
		if !errors.Is(err, wats.ErrUnsupported) || !strings.Contains(fmt.Sprint(err), "/api/gowats/v1/") {
			t.Errorf("%s: %v, want ErrUnsupported and the address", name, err)
		}
	}
}
