package contract_test

import (
	"bytes"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

func TestAssetFiles(t *testing.T) {
	b := startServer(t)
	c := b.client(t)
	a := fixture(t, c, fixtureType(t, c, "Fixture", nil), "F", nil)
	big := bytes.Repeat([]byte("0123456789abcdef"), 40_000) // more than a chunk
	up := func(name string, content []byte) {
		t.Helper()
		if err := c.Asset.UploadFile(t.Context(), a.ID, name, bytes.NewReader(content), int64(len(content))); err != nil {
			t.Fatalf("UploadFile %s: %v", name, err)
		}
	}
	down := func(name string) ([]byte, error) {
		var w bytes.Buffer
		err := c.Asset.DownloadFile(t.Context(), a.ID, name, &w)
		return w.Bytes(), err
	}
	up("big.bin", []byte("first"))
	up("big.bin", big)
	up("æ & b.json", []byte(`{"content":"aGk="}`))
	up("third", []byte("3"))
	if names, err := c.Asset.Files(t.Context(), a.ID); err != nil || !slices.Equal(names, []string{"big.bin", "third", "æ & b.json"}) {
		t.Errorf("Files: got %q, %v", names, err)
	}
	for name, want := range map[string][]byte{"big.bin": big, "æ & b.json": []byte(`{"content":"aGk="}`), "third": []byte("3")} {
		if got, err := down(name); err != nil || !bytes.Equal(got, want) {
			t.Errorf("DownloadFile %s: got %d bytes, %v; want %d", name, len(got), err, len(want))
		}
	}
	if err := c.Asset.DeleteFiles(t.Context(), a.ID, "third", "nothing"); !errors.Is(err, wats.ErrNotFound) {
		t.Errorf("DeleteFiles of what is not there: got %v, want ErrNotFound", err)
	}
	if err := c.Asset.DeleteFiles(t.Context(), a.ID, "third", "big.bin"); err != nil {
		t.Errorf("DeleteFiles: %v", err)
	}
	if names, err := c.Asset.Files(t.Context(), a.ID); err != nil || !slices.Equal(names, []string{"æ & b.json"}) {
		t.Errorf("Files after DeleteFiles: got %q, %v", names, err)
	}
	if _, err := down("big.bin"); !errors.Is(err, wats.ErrNotFound) {
		t.Errorf("DownloadFile of what is gone: got %v, want ErrNotFound", err)
	}
	for _, name := range []string{"../up", "a/b", `a\b`, "..", "nul", "a:b", "a\nb", " a", strings.Repeat("n", 201)} {
		if err := c.Asset.UploadFile(t.Context(), a.ID, name, strings.NewReader("x"), 1); !errors.Is(err, wats.ErrInvalid) {
			t.Errorf("UploadFile %q: got %v, want ErrInvalid", name, err)
		}
	}
	if err := c.Asset.UploadFile(t.Context(), report.NewID(), "a", strings.NewReader("x"), 1); !errors.Is(err, wats.ErrNotFound) {
		t.Errorf("UploadFile to no asset: got %v, want ErrNotFound", err)
	}
	if err := c.Asset.UploadFile(t.Context(), a.ID, "huge", zeros{}, 64<<20+1); !errors.Is(err, wats.ErrTooLarge) {
		t.Errorf("UploadFile of more than 64 MiB: got %v, want ErrTooLarge", err)
	}
	if err := b.sendAs(t, http.MethodPost, "/api/internal/Blob/Asset?filename=a&assetId="+a.ID.String(), "text/plain", http.NoBody); !errors.Is(err, wats.ErrInvalid) {
		t.Errorf("upload of an empty file: got %v, want ErrInvalid", err)
	}
	if err := b.refusal(t, http.MethodDelete, "/api/internal/Blob/Assets?assetId="+a.ID.String(), ""); !errors.Is(err, wats.ErrInvalid) {
		t.Errorf("DELETE without names: got %v, want ErrInvalid", err)
	}
}

// zeros is as many zero bytes as anybody wants.
type zeros struct{}

func (zeros) ReadAt(p []byte, _ int64) (int, error) {
	clear(p)
	return len(p), nil
}

// TestAssetRoutesByPath tries the addresses that no method of the SDK uses.
func TestAssetRoutesByPath(t *testing.T) {
	b := startServer(t)
	c := b.client(t)
	a := fixture(t, c, fixtureType(t, c, "Fixture", nil), "F", nil)
	if err := errors.Join(c.Asset.Calibrate(t.Context(), a.Key(), time.Time{}, "x"), c.Asset.Maintain(t.Context(), a.Key(), time.Time{}, "y")); err != nil {
		t.Fatal(err)
	}
	if err := b.sendAs(t, http.MethodPost, "/api/internal/Blob/Asset/F?filename=a.txt", "application/octet-stream", strings.NewReader("abc")); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"/api/Asset/F/Status":              `"alarmState":0`,
		"/api/Asset/F/Calibrations":        `"type":4`,
		"/api/asset/F/maintenance":         `"type":5`,
		"/api/internal/Blob/Asset/F/a.txt": `abc`,
		"/api/internal/Blob/Asset/List/F":  `["a.txt"]`,
	} {
		if got := string(b.call(t, http.MethodGet, path, nil)); !strings.Contains(got, want) {
			t.Errorf("GET %s: got %s, want %s in it", path, got, want)
		}
	}
}
