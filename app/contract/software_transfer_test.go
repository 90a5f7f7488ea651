package contract_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

// noise returns so many bytes without a pattern.
func noise(n int) []byte {
	data := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{7}).Read(data) // never fails
	return data
}

// breaking breaks connections of requests that wanted names: each after so many bytes, the given number of times.
type breaking struct {
	wanted func(*http.Request) bool
	after  int64
	times  atomic.Int64
	broken atomic.Int64
}

func (b *breaking) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !b.wanted(r) || b.broken.Add(1) > b.times.Load() {
			next.ServeHTTP(w, r)
			return
		}
		cut := &cutOff{ResponseWriter: w, left: b.after}
		passed := r.WithContext(r.Context())
		passed.Body = io.NopCloser(io.MultiReader(io.LimitReader(r.Body, b.after), failingBody{}))
		next.ServeHTTP(cut, passed)
		panic(http.ErrAbortHandler)
	})
}

type failingBody struct{}

func (failingBody) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// cutOff passes so many bytes on.
type cutOff struct {
	http.ResponseWriter
	left int64
}

func (c *cutOff) Write(p []byte) (int, error) {
	if int64(len(p)) > c.left {
		_, _ = c.ResponseWriter.Write(p[:c.left])
		panic(http.ErrAbortHandler)
	}
	c.left -= int64(len(p))
	return c.ResponseWriter.Write(p)
}

func TestRegisterReleaseOverABrokenLine(t *testing.T) {
	data := noise(20 << 20)
	sum := sha256.Sum256(data)
	uploads := &breaking{after: 3<<20 + 17, wanted: func(r *http.Request) bool {
		return r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/Upload/")
	}}
	uploads.times.Store(4)
	downloads := &breaking{after: 5<<20 + 3, wanted: func(r *http.Request) bool {
		return r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/Content")
	}}
	downloads.times.Store(4)
	b := startServer(t, uploads.wrap, downloads.wrap)
	c := b.client(t, wats.WithToken(b.token), wats.WithRetry(wats.RetryPolicy{BaseDelay: 1, MaxDelay: 1}))
	var told int64
	p, err := c.Software.RegisterRelease(t.Context(), wats.Release{
		Package: wats.Package{Name: "firmware", Description: "of the mainboard"}, Label: "2.1.0", Type: "firmware",
		ReleaseAs: wats.PackageReleased, FileName: "bin/main.bin", Modified: wats.Time{Time: fileTime}, SHA256: hex.EncodeToString(sum[:]),
	}, bytes.NewReader(data), int64(len(data)), func(done, _ int64) { told = done })
	if err != nil {
		t.Fatal(err)
	}
	if uploads.broken.Load() < 4 || told != int64(len(data)) {
		t.Errorf("%d connections were broken, progress ended at %d; want 4 and %d", uploads.broken.Load(), told, len(data))
	}
	want := []wats.PackageTag{{Key: wats.TagVersion, Value: "2.1.0"}, {Key: wats.TagReleaseType, Value: "firmware"}}
	if p.Status != wats.PackageReleased || p.Version != 1 || !slices.Equal(p.Tags, want) || p.FileCount != report.Some(1) {
		t.Errorf("release: got %+v; want it released with tags and one file", p)
	}
	files, err := c.Software.Files(t.Context(), p.ID)
	if err != nil || len(files) != 1 || files[0].Path != "bin/main.bin" || files[0].SHA256 != hex.EncodeToString(sum[:]) {
		t.Fatalf("Files: got %+v, %v", files, err)
	}
	var back bytes.Buffer
	if _, err := c.Software.DownloadFile(t.Context(), files[0].ID, &back, nil); err != nil || !bytes.Equal(back.Bytes(), data) {
		t.Errorf("DownloadFile over a line that breaks %d times: got %d bytes, %v", downloads.broken.Load(), back.Len(), err)
	}
	path := filepath.Join(t.TempDir(), "main.bin")
	if err := os.WriteFile(path+".part", data[:7<<20], 0o600); err != nil { // of a process that ended
		t.Fatal(err)
	}
	first := int64(-1)
	info, err := c.Software.SaveFile(t.Context(), files[0].ID, path, func(done, _ int64) {
		if first < 0 {
			first = done
		}
	})
	saved, readErr := os.ReadFile(path)
	if err != nil || readErr != nil || !bytes.Equal(saved, data) || info.Size != int64(len(data)) {
		t.Errorf("SaveFile: got %d bytes, %v, %v", len(saved), err, readErr)
	}
	if err := os.WriteFile(path+".part", noise(9 << 20)[1<<20:], 0o600); err != nil { // of another file
		t.Fatal(err)
	}
	if _, err := c.Software.SaveFile(t.Context(), files[0].ID, path, nil); err != nil {
		t.Errorf("SaveFile beside a part of another file: got %v", err)
	}
	if saved, err := os.ReadFile(path); err != nil || !bytes.Equal(saved, data) {
		t.Errorf("SaveFile beside a part of another file: got %d bytes, %v", len(saved), err)
	}
	if _, err := os.Stat(path + ".part"); !os.IsNotExist(err) {
		t.Errorf("the part is still there: %v", err)
	}
	var archive bytes.Buffer
	if _, err := c.Software.Download(t.Context(), p.ID, &archive, nil); err != nil || unzip(t, archive.Bytes())["bin/main.bin"] != string(data) {
		t.Errorf("Download of the package: got %d bytes, %v", archive.Len(), err)
	}
}

func TestUploadIsResumedByAnotherProcess(t *testing.T) {
	b := startServer(t)
	c := b.client(t)
	archive := zipOf(t, "a.bin", string(noise(9<<20)), "b.txt", "b")
	size := int64(len(archive))
	p := createPackage(t, c, wats.Package{Name: "resumed"})
	u, err := c.Software.StartUpload(t.Context(), size)
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("the disk is gone")
	target := wats.UploadTarget{PackageID: p.ID, CleanInstall: true}
	_, err = c.Software.Upload(t.Context(), u.ID, &brokenAt{bytes.NewReader(archive), 8<<20 + 5, broken}, target, nil)
	failed, ok := errors.AsType[*wats.UploadError](err)
	if !ok || failed.ID != u.ID || !errors.Is(err, broken) {
		t.Fatalf("Upload of a file that breaks: got %v, want an UploadError with the cause", err)
	}
	state, err := c.Software.GetUpload(t.Context(), u.ID)
	if err != nil || state.Offset < 8<<20 || state.Offset >= size {
		t.Fatalf("GetUpload: got %+v, %v; want at least 8 MiB of %d", state, err, size)
	}
	other := b.client(t)
	done, err := other.Software.Upload(t.Context(), failed.ID, bytes.NewReader(archive), target, nil)
	if err != nil || done.ID != p.ID || done.FileCount != report.Some(2) {
		t.Fatalf("Upload gone on: got %+v, %v", done, err)
	}
	if again, err := other.Software.Upload(t.Context(), failed.ID, bytes.NewReader(archive), target, nil); err != nil || again.ID != p.ID {
		t.Errorf("Upload once more: got %+v, %v; want the package again", again, err)
	}
	if state, err = c.Software.GetUpload(t.Context(), u.ID); err != nil || state.PackageID != p.ID {
		t.Errorf("GetUpload of a done one: got %+v, %v", state, err)
	}
	var back bytes.Buffer
	if _, err := c.Software.Download(t.Context(), p.ID, &back, nil); err != nil || !bytes.Equal(back.Bytes(), archive) {
		t.Errorf("Download: got %d bytes, %v; want the %d that were sent", back.Len(), err, size)
	}
}

// brokenAt is a file that cannot be read from a byte on.
type brokenAt struct {
	io.ReaderAt
	at  int64
	err error
}

func (b *brokenAt) ReadAt(p []byte, off int64) (int, error) {
	if off >= b.at {
		return 0, b.err
	}
	return b.ReaderAt.ReadAt(p[:min(int64(len(p)), b.at-off)], off)
}

func TestUploadRefusals(t *testing.T) {
	b := startServer(t)
	c := b.client(t)
	p := createPackage(t, c, wats.Package{Name: "refused"})
	start := func(data []byte) report.ID {
		u, err := c.Software.StartUpload(t.Context(), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		return u.ID
	}
	data := []byte("no zip at all")
	wrongSum := strings.Repeat("ab", 32)

	_, err := c.Software.Upload(t.Context(), start(data), bytes.NewReader(data), wats.UploadTarget{PackageID: p.ID, SHA256: wrongSum, FileName: "x"}, nil)
	if !errors.Is(err, wats.ErrChecksum) {
		t.Errorf("a file with another checksum: got %v, want ErrChecksum", err)
	}
	id := start(data)
	_, err = c.Software.Upload(t.Context(), id, bytes.NewReader(data), wats.UploadTarget{PackageID: p.ID}, nil)
	if !slices.Equal(violations(err), []string{"$ syntax"}) {
		t.Errorf("an archive that is none: got %v", err)
	}
	if _, err := c.Software.GetUpload(t.Context(), id); !errors.Is(err, wats.ErrNotFound) {
		t.Errorf("a refused upload is kept: got %v, want ErrNotFound", err)
	}
	for _, name := range []string{"../x", "/x", `a\b`, "CON.txt", "a/./b", "a//b", "x.", "c:x"} {
		_, err = c.Software.Upload(t.Context(), start(data), bytes.NewReader(data), wats.UploadTarget{PackageID: p.ID, FileName: name}, nil)
		if !slices.Equal(violations(err), []string{"$.fileName path"}) {
			t.Errorf("file name %q: got %v", name, err)
		}
	}
	if files, err := c.Software.Files(t.Context(), p.ID); err != nil || len(files) != 0 {
		t.Errorf("after refused uploads: %d files, %v; want none", len(files), err)
	}
	for name, target := range map[string]wats.UploadTarget{
		"$.packageId required":    {},
		"$.packageId exclusive":   {PackageID: p.ID, Package: &wats.Package{Name: "x"}},
		"$.status exclusive":      {PackageID: p.ID, Status: wats.PackageReleased},
		"$.package.name required": {Package: &wats.Package{}},
		"$.sha256 type":           {PackageID: p.ID, SHA256: "abc"},
	} {
		_, err := c.Software.Upload(t.Context(), p.ID, bytes.NewReader(data), target, nil)
		if !slices.Contains(violations(err), name) {
			t.Errorf("target %+v: got %v, want %s", target, err, name)
		}
	}
	id = start(data)
	for name, tc := range map[string]struct {
		method, path, body string
		status             int
	}{
		"beyond the end":     {http.MethodPut, id.String() + "?offset=0", strings.Repeat("x", 100), http.StatusRequestEntityTooLarge},
		"a gap":              {http.MethodPut, id.String() + "?offset=5", "x", http.StatusConflict},
		"a negative offset":  {http.MethodPut, id.String() + "?offset=-1", "x", http.StatusBadRequest},
		"no offset":          {http.MethodPut, id.String(), "x", http.StatusBadRequest},
		"a bad ID":           {http.MethodPut, "x?offset=0", "x", http.StatusBadRequest},
		"an unknown ID":      {http.MethodPut, report.NewID().String() + "?offset=0", "x", http.StatusNotFound},
		"finish too early":   {http.MethodPost, id.String() + "/Package", `{"sha256":"` + wrongSum + `","packageId":"` + p.ID.String() + `"}`, http.StatusConflict},
		"finish for nothing": {http.MethodPost, id.String() + "/Package", `{}`, http.StatusBadRequest},
	} {
		if status, body := b.do(t, tc.method, "/api/gowats/v1/Software/Upload/"+tc.path, "application/json", tc.body); status != tc.status {
			t.Errorf("%s: got %d %s, want %d", name, status, body, tc.status)
		}
	}
	if err := c.Software.CancelUpload(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if err := c.Software.CancelUpload(t.Context(), id); !errors.Is(err, wats.ErrNotFound) {
		t.Errorf("CancelUpload twice: got %v, want ErrNotFound", err)
	}
}

func TestReleaseRoutesAreUnsupportedElsewhere(t *testing.T) {
	other := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(other.Close)
	c, err := wats.NewClient(other.URL)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Software.RegisterRelease(t.Context(), wats.Release{Package: wats.Package{Name: "x"}}, bytes.NewReader(nil), 0, nil); !errors.Is(err, wats.ErrUnsupported) {
		t.Errorf("RegisterRelease: got %v, want ErrUnsupported", err)
	}
	if _, err := c.Software.Download(t.Context(), report.NewID(), io.Discard, nil); !errors.Is(err, wats.ErrUnsupported) {
		t.Errorf("Download: got %v, want ErrUnsupported", err)
	}
}

func TestRangesOfAPackage(t *testing.T) {
	b := startServer(t)
	c := b.client(t)
	p := createPackage(t, c, wats.Package{Name: "ranges"})
	archive := uploadZip(t, c, p.ID, true, "a.txt", strings.Repeat("0123456789", 1000))
	files, err := c.Software.Files(t.Context(), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	zipPath, filePath := "/api/gowats/v1/Software/Package/"+p.ID.String()+"/Zip", "/api/Software/File?fileId="+files[0].ID.String()
	for name, tc := range map[string]struct {
		path, header, value string
		status              int
		body                string
	}{
		"the beginning":           {zipPath, "Range", "bytes=0-3", http.StatusPartialContent, string(archive[:4])},
		"the end":                 {zipPath, "Range", "bytes=-5", http.StatusPartialContent, string(archive[len(archive)-5:])},
		"of an unpacked file":     {filePath, "Range", "bytes=9991-", http.StatusPartialContent, "123456789"},
		"beyond the end":          {filePath, "Range", "bytes=10000-", http.StatusRequestedRangeNotSatisfiable, ""},
		"of what it is no longer": {zipPath, "If-Match", `"00"`, http.StatusPreconditionFailed, ""},
		"of what is there still":  {zipPath, "If-None-Match", etagOf(archive), http.StatusNotModified, ""},
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.url+tc.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+b.token)
		request.Header.Set(tc.header, tc.value)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != tc.status || tc.body != "" && string(body) != tc.body {
			t.Errorf("%s: got %d and %.60q, want %d and %.60q", name, response.StatusCode, body, tc.status, tc.body)
		}
	}
}

func etagOf(data []byte) string {
	sum := sha256.Sum256(data)
	return `"` + hex.EncodeToString(sum[:]) + `"`
}
