package wats

// ProductionService keeps units, their phases, serial numbers and batches.
type ProductionService struct{ client *Client }
