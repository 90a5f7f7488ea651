package wats

import (
	"context"
	"net/http"
)

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

// ProcessService reads the operations that tests and repairs are filed under.
type ProcessService struct{ client *Client }

// List returns every active operation in the server's order; nil when there is none.
//
// Route: GET /api/App/Processes.
func (s *ProcessService) List(ctx context.Context) ([]ProcessInfo, error) {
	return list[ProcessInfo](ctx, s.client, newRequest(http.MethodGet, "api", "App", "Processes"))
}
