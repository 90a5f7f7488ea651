package wats

// SoftwareService keeps the packages of software that stations install.
type SoftwareService struct{ client *Client }
