package wats

// SCIMService provisions users (RFC 7643, RFC 7644).
type SCIMService struct{ client *Client }
