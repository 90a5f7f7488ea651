package wats

import (
	"context"
	"fmt"
	"net/http"

	"github.com/gowats/gowats/report"
)

// ProductionBatch is a number of units that are made together.
//
// Route: GET /api/Production/Batches.
type ProductionBatch struct {
	BatchNumber string               `json:"batchNumber"`
	BatchSize   report.Optional[int] `json:"batchSize,omitzero"`   // units; absent: not known, and when writing: as it is
	OrderNumber string               `json:"orderNumber,omitzero"` // production order that its units are made for; only gowats servers know it
}

// Validate returns all that is wrong with a batch that is to be written.
func (b *ProductionBatch) Validate() report.Findings { return b.validate("$") }

func (b *ProductionBatch) validate(path string) report.Findings {
	var c checks
	c.required(path+".batchNumber", b.BatchNumber, maxUnitText)
	if size := b.BatchSize; size.Present && (size.Value < 0 || size.Value > maxOrderQuantity) {
		c.addf(path+".batchSize", "range", "batchSize must be from 0 to %d, is %d", maxOrderQuantity, size.Value)
	}
	c.text(path+".orderNumber", b.OrderNumber, maxUnitText)
	return c.found
}

// maxBatches is how many batches one call writes.
const maxBatches = 1000

// ValidateBatches returns all that is wrong with a list of batches that is to be written, by index.
func ValidateBatches(batches []ProductionBatch) report.Findings {
	if len(batches) > maxBatches {
		return report.Findings{{Path: "$", Rule: "length", Message: fmt.Sprintf("%d batches are more than the %d of one call", len(batches), maxBatches)}}
	}
	var found report.Findings
	for i := range batches {
		found = append(found, batches[i].validate(fmt.Sprintf("$[%d]", i))...)
	}
	return found
}

// Batches returns the batches of a number, or those that have a unit of a part; "" is any. They come by number.
//
// Route: GET /api/Production/Batches.
func (s *ProductionService) Batches(ctx context.Context, partNumber, batchNumber string) ([]ProductionBatch, error) {
	req := newRequest(http.MethodGet, "api", "Production", "Batches")
	if partNumber != "" {
		req.query.Set("partNumber", partNumber)
	}
	if batchNumber != "" {
		req.query.Set("batchId", batchNumber)
	}
	return list[ProductionBatch](ctx, s.client, req)
}

// SaveBatch creates a batch, or changes the one of that number, and returns it as stored; nil when the server does not tell.
//
// Route: PUT /api/Production/Batch.
func (s *ProductionService) SaveBatch(ctx context.Context, b ProductionBatch) (*ProductionBatch, error) {
	if err := refuseInvalid("batch", b.Validate()); err != nil {
		return nil, err
	}
	req := newRequest(http.MethodPut, "api", "Production", "Batch")
	if err := req.json(b); err != nil {
		return nil, err
	}
	return maybe[ProductionBatch](ctx, s.client, req)
}

// SaveBatches creates batches and changes those that are there, at most 1,000 at a time, and returns them as stored; nil when the server does not tell. At a gowats server
// it is all or nothing.
//
// Route: PUT /api/Production/Batches.
func (s *ProductionService) SaveBatches(ctx context.Context, batches []ProductionBatch) ([]ProductionBatch, error) {
	if len(batches) == 0 {
		return nil, nil
	}
	if err := refuseInvalid("batches", ValidateBatches(batches)); err != nil {
		return nil, err
	}
	req := newRequest(http.MethodPut, "api", "Production", "Batches")
	if err := req.json(batches); err != nil {
		return nil, err
	}
	return list[ProductionBatch](ctx, s.client, req)
}
