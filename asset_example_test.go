package wats_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/gowats/gowats"
)

// assetServer knows one asset, FIX-7, which has been used 41 of 50 times.
func assetServer() *httptest.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/Asset/FIX-7", answer(200, `{"serialNumber":"FIX-7","assetName":"Bed of nails","location":"Oslo","state":1,"runningCount":41}`))
	mux.HandleFunc("GET /api/Asset/Status", answer(200, `{"alarmState":1,"runningCount":42,"totalCount":142,"message":"running count is 42 of 50"}`))
	mux.HandleFunc("GET /api/Asset", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("$skip") != "" || r.URL.Query().Get("$filter") != "startswith(location,'Os')" {
			answer(200, `[]`)(w, r)
			return
		}
		answer(200, `[{"serialNumber":"FIX-7","location":"Oslo"},{"serialNumber":"FIX-8","location":"Oslo hall 2"}]`)(w, r)
	})
	mux.HandleFunc("PUT /api/Asset/Count", answer(200, ""))
	return httptest.NewServer(mux)
}

func ExampleAssetService() {
	server := assetServer()
	defer server.Close()
	c, err := wats.NewClient(server.URL, wats.WithToken("dXNlcjpwYXNzd29yZA=="))
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()

	fixture := wats.AssetBySerial("FIX-7")
	a, err := c.Asset.Get(ctx, fixture)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(a.Name, "is", a.State, "in", a.Location)

	if err := c.Asset.Increment(ctx, fixture, 1, false); err != nil {
		fmt.Println(err)
		return
	}
	status, err := c.Asset.Status(ctx, fixture)
	if err != nil {
		fmt.Println(err)
		return
	}
	if status.Alarm >= wats.AssetWarning {
		fmt.Println(status.Alarm, "since its", status.Message)
	}

	for a, err := range c.Asset.All(ctx, wats.AssetQuery{Location: "Os*"}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(a.SerialNumber, "is at", a.Location)
	}
	// Output:
	// Bed of nails is in operation in Oslo
	// warning since its running count is 42 of 50
	// FIX-7 is at Oslo
	// FIX-8 is at Oslo hall 2
}
