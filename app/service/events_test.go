package service

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// events keeps what is written to the event log.
type events []string

func (e *events) Info(id uint32, message string) error    { return e.add("info", id, message) }
func (e *events) Warning(id uint32, message string) error { return e.add("warning", id, message) }
func (e *events) Error(id uint32, message string) error   { return e.add("error", id, message) }

func (e *events) add(level string, id uint32, message string) error {
	*e = append(*e, fmt.Sprintf("%s %d %s", level, id, strings.ReplaceAll(message, "\r\n", " | ")))
	return fmt.Errorf("the event log is full")
}

func TestEventLogHasWhatAnOperatorLooksFor(t *testing.T) {
	var got events
	var file bytes.Buffer
	log := slog.New(&eventHandler{next: slog.NewTextHandler(&file, nil), log: &got}).With("station", "ICT-7").WithGroup("g")
	log.Info("source done", "path", "a.json")
	log.Info("agent started")
	log.Warn("source refused", "path", "b.json")
	log.Error("reports wait", "class", "auth")
	log.Warn("reports wait", "class", "offline")
	log.Warn("anything else")
	log.Debug("reports wait")
	want := []string{
		"info 1000 agent started | station: ICT-7",
		"warning 1201 source refused | station: ICT-7 | path: b.json",
		"error 1400 reports wait | station: ICT-7 | class: auth",
		"warning 1100 reports wait | station: ICT-7 | class: offline",
		"warning 1 anything else | station: ICT-7",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if n := strings.Count(file.String(), "\n"); n != 6 {
		t.Errorf("the next handler got %d records, want 6 although the event log takes none:\n%s", n, file.String())
	}
}
