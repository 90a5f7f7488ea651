package wats

// ManualInspectionService keeps the definitions of inspections that people carry out.
type ManualInspectionService struct{ client *Client }
