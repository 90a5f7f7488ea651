package main

import (
	"errors"
	"testing"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/demo"
	"github.com/gowats/gowats/report"
)

// Who makes products is a setting of the server, which its next start can change.
func TestServerThatMakesNoProducts(t *testing.T) {
	folder := t.TempDir()
	r := demo.InCircuit(1, time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC))
	p := start(t, "server", "--listen", "127.0.0.1:0", "--data", folder, "--create-products=false")
	submitEach(t, p.client(), []*report.Report{r})
	if _, err := p.client().Product.Get(t.Context(), r.PartNumber); !errors.Is(err, wats.ErrNotFound) {
		t.Errorf("product of a report: got %v, want ErrNotFound", err)
	}
	p.stop()
	p = start(t, "server", "--listen", "127.0.0.1:0", "--data", folder)
	if made, err := p.client().Product.Get(t.Context(), r.PartNumber); err != nil || len(made.Revisions) != 1 {
		t.Errorf("product after a start that makes products: got %+v, %v; want it with its revision", made, err)
	}
	p.stop()
}
