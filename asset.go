package wats

// AssetService keeps equipment: what it is used for, how often, and when it is due for calibration or maintenance.
type AssetService struct{ client *Client }
