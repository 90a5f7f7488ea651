package wats_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/gowats/gowats"
)

// yieldServer tells yield by dimensions only, as a gowats server does.
func yieldServer() *httptest.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/App/WorstYield", answer(501, `{"Message":"this server does not have the figures of /api/App/WorstYield yet"}`))
	mux.HandleFunc("POST /api/App/DynamicYield", answer(200, `[{"partNumber":"PSU-7","unitCount":40,"fpCount":33,"fpy":82.5},{"partNumber":"PSU-9","unitCount":25,"fpCount":24,"fpy":96}]`))
	return httptest.NewServer(mux)
}

func ExampleAnalyticsService_WorstYield() {
	server := yieldServer()
	defer server.Close()
	c, err := wats.NewClient(server.URL, wats.WithToken("dXNlcjpwYXNzd29yZA=="))
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	monday := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)

	worst, err := c.Analytics.WorstYield(ctx, wats.AnalyticsFilter{
		ReportFilter: wats.ReportFilter{ProductGroup: "Power", DateFrom: &monday},
		MinCount:     20,
	})
	if errors.Is(err, wats.ErrUnsupported) { // ask for it by dimensions
		worst, err = c.Analytics.DynamicYield(ctx, wats.YieldFilter{DateFrom: &monday, Dimensions: "fpy;partNumber"})
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, row := range worst {
		fmt.Printf("%s: %.1f %% of %d units\n", row.PartNumber.Value, row.FPY, row.UnitCount)
	}
	// Output:
	// PSU-7: 82.5 % of 40 units
	// PSU-9: 96.0 % of 25 units
}
