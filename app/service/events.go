package service

import (
	"context"
	"log/slog"
	"strings"
)

// Event IDs, by which an operator filters the event log. They never change their meaning.
const (
	eventOther       = 1
	eventStarted     = 1000
	eventStopped     = 1001
	eventReportsWait = 1100
	eventReportsGo   = 1101
	eventFolderLost  = 1200
	eventRefused     = 1201
	eventSetAside    = 1300
	eventSpoolFull   = 1301
	eventAuth        = 1400
	eventConfig      = 1500
)

// eventID returns the ID of a log message; ok is false for what is not for the event log at this level.
func eventID(level slog.Level, message string, class string) (id uint32, ok bool) {
	switch message {
	case "agent started":
		return eventStarted, true
	case "agent stopped":
		return eventStopped, true
	case "reports wait":
		if class == "auth" {
			return eventAuth, true
		}
		return eventReportsWait, true
	case "server takes reports again":
		return eventReportsGo, true
	case "folder cannot be watched; will try again":
		return eventFolderLost, true
	case "source refused":
		return eventRefused, true
	case "report set aside":
		return eventSetAside, true
	case "spool takes no more reports", "reports cannot be made safe; sources stay where they are until they can":
		return eventSpoolFull, true
	case "settings have changed and are wrong; the agent goes on with those before":
		return eventConfig, true
	}
	return eventOther, level >= slog.LevelWarn
}

// eventLog is the event log of Windows.
type eventLog interface {
	Info(id uint32, message string) error
	Warning(id uint32, message string) error
	Error(id uint32, message string) error
}

// eventHandler also writes what an operator looks for in the event log there, as one text.
type eventHandler struct {
	next  slog.Handler
	log   eventLog
	attrs []slog.Attr
}

// Enabled reports whether the next handler is.
func (h *eventHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, level)
}

// Handle writes a record to both. An event log that takes nothing must not keep it from the other.
func (h *eventHandler) Handle(ctx context.Context, r slog.Record) error {
	var text strings.Builder
	text.WriteString(r.Message)
	class := ""
	add := func(a slog.Attr) bool {
		if a.Key == "class" {
			class = a.Value.String()
		}
		text.WriteString("\r\n" + a.Key + ": " + a.Value.String())
		return true
	}
	for _, a := range h.attrs {
		add(a)
	}
	r.Attrs(add)
	if id, ok := eventID(r.Level, r.Message, class); ok {
		write := h.log.Info
		switch {
		case r.Level >= slog.LevelError:
			write = h.log.Error
		case r.Level >= slog.LevelWarn:
			write = h.log.Warning
		}
		_ = write(id, text.String()) // see above
	}
	return h.next.Handle(ctx, r)
}

// WithAttrs returns a handler whose records have these, too.
func (h *eventHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &eventHandler{h.next.WithAttrs(attrs), h.log, append(h.attrs[:len(h.attrs):len(h.attrs)], attrs...)}
}

// WithGroup returns a handler that groups for the next one; the event log has no groups.
func (h *eventHandler) WithGroup(name string) slog.Handler {
	return &eventHandler{h.next.WithGroup(name), h.log, h.attrs}
}
