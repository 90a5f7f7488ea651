package service

import (
	"fmt"
	"log/slog"

	"golang.org/x/sys/windows/svc/eventlog"
)

// WithEventLog returns a handler that also writes to the event log of Windows, under the source that Install registered, and what closes it.
func WithEventLog(s Spec, next slog.Handler) (slog.Handler, func() error, error) {
	log, err := eventlog.Open(s.Name())
	if err != nil {
		return nil, nil, fmt.Errorf("open the event log: %w", err)
	}
	return &eventHandler{next: next, log: log}, log.Close, nil
}
