package wats_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

// productServer knows one product, gives back what is saved, and refuses its version 1.
func productServer() *httptest.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/Product/{partNumber}", answer(200, `{"partNumber":"PCBA-1042","name":"Main board","state":1,"rowVersion":2}`))
	mux.HandleFunc("PUT /api/Product", func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })
	mux.HandleFunc("GET /api/Product/Query", answer(200, `[{"partNumber":"PCBA-1042","name":"Main board","state":1},{"partNumber":"PSU-7","state":0}]`))
	mux.HandleFunc("GET /api/App/Processes", answer(200, `[{"code":31,"name":"ICT","isTestOperation":true,"state":1}]`))
	return httptest.NewServer(mux)
}

// To change a part of a product, read it, change it and save it: what the SDK does not know stays as it is, and two who do so at once meet.
func ExampleProductService_Save() {
	server := productServer()
	defer server.Close()
	c, err := wats.NewClient(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	p, err := c.Product.Get(context.Background(), "PCBA-1042")
	if err != nil {
		fmt.Println(err)
		return
	}
	p.Description = "Four layers"
	p.Tags = []wats.Setting{{Key: "Line", Value: "4", Change: wats.AddSetting}} // tags left out stay
	p.Revisions = append(p.Revisions, wats.ProductRevision{Revision: "C"})
	saved, err := c.Product.Save(context.Background(), *p)
	switch {
	case errors.Is(err, wats.ErrConflict):
		fmt.Println("somebody else was faster: read it again")
	case err != nil:
		fmt.Println(err)
	default:
		fmt.Println(saved.Name, "/", saved.Description, "/", saved.Revisions[0].Revision)
	}
	// Output: Main board / Four layers / C
}

func ExampleProductService_All() {
	server := productServer()
	defer server.Close()
	c, err := wats.NewClient(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	for p, err := range c.Product.All(context.Background(), wats.ProductQuery{PartNumber: "P*", State: report.Some(wats.Inactive)}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(p.PartNumber, p.State)
	}
	// Output: PSU-7 inactive
}

func ExampleProcessService_ByName() {
	server := productServer()
	defer server.Close()
	c, err := wats.NewClient(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	p, err := c.Process.ByName(context.Background(), "ict") // one answer serves all lookups for an hour
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(p.Code, p.Name)
	// Output: 31 ICT
}
