package main

import (
	"encoding/json"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/demo"
	"github.com/gowats/gowats/report"
)

func TestTheServerIsOneForTheSDK(t *testing.T) {
	var c counter
	server := httptest.NewUnstartedServer(c.handler(0, 2500))
	server.Config.ConnState = c.connection
	server.Start()
	t.Cleanup(server.Close)
	client, err := wats.NewClient(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)

	var reports []*report.Report
	for i := range 10 {
		reports = append(reports, demo.InCircuit(i, time.Now()))
	}
	for res := range client.Report.SubmitAll(t.Context(), slices.Values(reports), wats.Concurrency(3)) {
		if res.Err != nil {
			t.Error(res.Err) // also when another ID is acknowledged
		}
	}
	seen := map[report.ID]bool{}
	for h, err := range client.Report.Headers(t.Context(), wats.HeaderQuery{}) {
		if err != nil {
			t.Fatal(err)
		}
		seen[h.ID] = true
	}
	if len(seen) != 2500 {
		t.Errorf("%d headers, want 2500", len(seen))
	}
	for r, err := range client.Report.Stream(t.Context(), wats.HeaderQuery{Top: 5}) {
		if err != nil || len(r.Test.Root.Steps) == 0 {
			t.Errorf("Stream gave %v, %v", r, err)
		}
	}

	res, err := server.Client().Get(server.URL + "/counts")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var got counts
	if err := json.NewDecoder(res.Body).Decode(&got); err != nil {
		t.Fatal(err)
	}
	if got.Reports != 10 || got.Requests != 10+4+1+5 || got.MaxRequests > 16 || got.Connections == 0 {
		t.Errorf("counts = %+v, want 10 reports and 20 requests", got)
	}
}
