package wats

// ProcessInfo is one operation: a test, a repair, or work in progress.
//
// Route: GET /api/App/Processes.
type ProcessInfo struct {
	Code              int    `json:"code"`
	Name              string `json:"name"`
	Description       string `json:"description"`
	IsTestOperation   bool   `json:"isTestOperation"`
	IsRepairOperation bool   `json:"isRepairOperation"`
	IsWIPOperation    bool   `json:"isWipOperation"`
	ProcessIndex      int    `json:"processIndex"` // order of the operations in production
	State             int    `json:"state"`        // 1 active
}
