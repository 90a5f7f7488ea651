package wats_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/gowats/gowats"
)

// productionServer knows the unit B026001, a pool of MAC addresses and the order PO-7.
func productionServer() *httptest.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/internal/Mes/GetUnitPhases", answer(200, `[{"UnitPhaseId":2,"Code":"Under_Production","Name":"Under production"},
		{"UnitPhaseId":16,"Code":"Finalized","Name":"Finalized"}]`))
	mux.HandleFunc("PUT /api/Production/SetUnitPhase", answer(200, ""))
	mux.HandleFunc("GET /api/Production/UnitVerification", answer(200, `{"status":"Passed","grade":"B","allProcessesPassedLastRun":true,
		"results":[{"processCode":31,"processName":"ICT","status":"Passed","totalCount":2,"nonPassedCount":1}]}`))
	mux.HandleFunc("POST /api/Production/SerialNumbers/Take", answer(200, `<SerialNumbers><SN id="00-1B-63-84-45-E6"/><SN id="00-1B-63-84-45-E7"/></SerialNumbers>`))
	mux.HandleFunc("PUT /api/gowats/v1/Production/Orders/PO-7/Start", answer(200, `{"orderNumber":"PO-7","status":"Started","quantity":100,
		"items":[{"partNumber":"PCBA-1042","revision":"C","quantity":100,"unitCount":40,"finalizedCount":12}]}`))
	mux.HandleFunc("GET /api/gowats/v1/Production/Orders", answer(200, `[]`))
	return httptest.NewServer(mux)
}

func ExampleProductionService() {
	server := productionServer()
	defer server.Close()
	c, err := wats.NewClient(server.URL, wats.WithToken("dXNlcjpwYXNzd29yZA=="))
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()

	addresses, err := c.Production.TakeSerialNumbers(ctx, wats.SerialTake{Type: "MAC", Quantity: 2, SerialNumber: "B026001", PartNumber: "PCBA-1042"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(addresses)

	grade, err := c.Production.Verify(ctx, "B026001", "PCBA-1042", "C")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(grade.Status, grade.Grade)
	if grade.PassedLastRun {
		if err := c.Production.SetPhaseNamed(ctx, "B026001", "PCBA-1042", "Finalized", "final test passed"); err != nil {
			fmt.Println(err)
			return
		}
	}
	// Output:
	// [00-1B-63-84-45-E6 00-1B-63-84-45-E7]
	// Passed B
}

func ExampleProductionService_StartOrder() {
	server := productionServer()
	defer server.Close()
	c, err := wats.NewClient(server.URL, wats.WithToken("dXNlcjpwYXNzd29yZA=="))
	if err != nil {
		fmt.Println(err)
		return
	}
	order, err := c.Production.StartOrder(context.Background(), "PO-7")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, item := range order.Items {
		fmt.Printf("%s: %d of %d finalized\n", item.PartNumber, item.FinalizedCount, item.Quantity)
	}
	for order, err := range c.Production.Orders(context.Background(), wats.OrderQuery{Status: wats.OrderPlanned, Top: 10}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(order.OrderNumber, "waits")
	}
	// Output: PCBA-1042: 12 of 100 finalized
}
