package wats

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/gowats/gowats/internal/fsx"
)

// snapshots keeps the last answer about each reference list in a file of its own, for a start without server.
type snapshots struct{ dir string }

// snapshotFile is the content of a file. Body is the answer as the server wrote it.
type snapshotFile struct {
	Request string          `json:"request"` // GET /api/App/Processes
	Host    string          `json:"host"`
	Saved   time.Time       `json:"saved"`
	Body    json.RawMessage `json:"body"`
}

func (s *snapshots) path(name string) string { return filepath.Join(s.dir, name+".json") }

// save replaces the file of that name. Answers that are no JSON, as of a proxy, are not kept.
func (s *snapshots) save(name, host string, req *request, ans *answer, now time.Time) error {
	if !json.Valid(ans.body) {
		return nil
	}
	data, err := json.Marshal(snapshotFile{req.method + " " + req.path, host, now.UTC(), ans.body})
	if err != nil {
		return fmt.Errorf("encode the snapshot of %s: %w", req.path, err)
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return fmt.Errorf("keep a snapshot of %s: %w", req.path, err)
	}
	return fsx.WriteFileAtomic(s.path(name), data, 0o600)
}

// load returns the answer kept under that name and when it came; nil when there is none.
func (s *snapshots) load(name string, req *request) (*answer, time.Time, error) {
	data, err := os.ReadFile(s.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, time.Time{}, nil
	}
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("read the snapshot of %s: %w", req.path, err)
	}
	var file snapshotFile
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, time.Time{}, fmt.Errorf("read the snapshot of %s: %s: %w", req.path, s.path(name), err)
	}
	return &answer{status: http.StatusOK, body: bytes.TrimSpace(file.Body)}, file.Saved, nil
}
