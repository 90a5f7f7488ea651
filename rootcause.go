package wats

// RootCauseService keeps tickets on the causes of failures.
type RootCauseService struct{ client *Client }
