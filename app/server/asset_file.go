package server

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/report"
)

const fileBody = 64 << 20 // bytes of a file that belongs to something, decompressed

// uploadAssetFile stores the body as a file of an asset, in place of one of that name.
//
// Route: POST /api/internal/Blob/Asset.
func (s *server) uploadAssetFile(w http.ResponseWriter, c *call) error {
	o, err := parseOptions(c.URL.RawQuery)
	if err != nil {
		return err
	}
	id, idErr := o.required("assetId")
	name, nameErr := o.fileName("filename")
	if err := gather(idErr, nameErr); err != nil {
		return err
	}
	return s.saveAssetFile(w, c, store.AssetKey{Either: id}, name)
}

// uploadAssetFileByPath is uploadAssetFile with the asset in the path.
//
// Route: POST /api/internal/Blob/Asset/{assetId}.
func (s *server) uploadAssetFileByPath(w http.ResponseWriter, c *call) error {
	o, err := parseOptions(c.URL.RawQuery)
	if err != nil {
		return err
	}
	name, err := o.fileName("filename")
	if err != nil {
		return err
	}
	return s.saveAssetFile(w, c, store.AssetKey{Either: c.param("assetId")}, name)
}

func (s *server) saveAssetFile(w http.ResponseWriter, c *call, key store.AssetKey, name string) error {
	body, done, err := s.bodies.stream(w, c)
	if err != nil {
		return err
	}
	defer done()
	return s.store.SaveAssetFile(c.Context(), key, name, body, c.route.limit, c.id.User)
}

// fileName returns an option that must be the name of a file, as any system can hold it.
func (o options) fileName(option string) (string, error) {
	name, err := o.required(option)
	if err != nil {
		return "", err
	}
	if found := checkFileName(option, name); len(found) > 0 {
		return "", refuseAll(found)
	}
	return name, nil
}

func checkFileName(path, name string) report.Findings {
	if safe := fileName(name); safe != name {
		return report.Findings{{Path: path, Rule: "format", Message: fmt.Sprintf(
			"must be the name of a file, without folders, control characters, : * ? \" < > |, dots or blanks at its ends, at most 200 bytes, and no device of Windows: "+
				"%q is not, %q would be", shorten(name), safe)}}
	}
	return nil
}

// stream returns the decompressed body as it comes, to be read once. Its errors are answers already. Done gives the decompressor back.
func (b *bodyReader) stream(w http.ResponseWriter, c *call) (body io.Reader, done func(), err error) {
	limit := c.route.limit
	if c.ContentLength > limit {
		return nil, nil, tooLarge(limit)
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTime)) // the error: not every ResponseWriter has deadlines; net/http's have
	src, done, err := b.decompress(http.MaxBytesReader(w, c.Body, limit), c.Header.Get("Content-Encoding"))
	if err != nil {
		return nil, nil, bodyError(err, limit)
	}
	return &checkedBody{src, limit}, done, nil
}

// checkedBody gives errors of reading a body the words of an answer.
type checkedBody struct {
	src   io.Reader
	limit int64
}

func (b *checkedBody) Read(p []byte) (int, error) {
	n, err := b.src.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = bodyError(err, b.limit)
	}
	return n, err
}

// downloadAssetFile answers with a file of an asset.
//
// Route: GET /api/internal/Blob/Asset.
func (s *server) downloadAssetFile(w http.ResponseWriter, c *call) error {
	o, err := parseOptions(c.URL.RawQuery)
	if err != nil {
		return err
	}
	id, idErr := o.required("assetId")
	name, nameErr := o.required("filename")
	if err := gather(idErr, nameErr); err != nil {
		return err
	}
	return s.answerAssetFile(w, c, store.AssetKey{Either: id}, name)
}

// downloadAssetFileByPath is downloadAssetFile with all in the path.
//
// Route: GET /api/internal/Blob/Asset/{assetId}/{fileName}.
func (s *server) downloadAssetFileByPath(w http.ResponseWriter, c *call) error {
	return s.answerAssetFile(w, c, store.AssetKey{Either: c.param("assetId")}, c.param("fileName"))
}

func (s *server) answerAssetFile(w http.ResponseWriter, c *call, key store.AssetKey, name string) error {
	f, err := s.store.AssetFile(c.Context(), key, name)
	if err != nil {
		return err
	}
	announceFile(w, f.Name, f.Size)
	return s.store.ReadAssetFile(c.Context(), f, newPatientWriter(w))
}

// announceFile sets the header of an answer that is a file somebody has uploaded.
func announceFile(w http.ResponseWriter, name string, size int64) {
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Length", strconv.FormatInt(size, 10))
	h.Set("Content-Disposition", disposition("attachment", name))
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'") // whatever the file is, a browser runs nothing in it
}

// assetFiles answers with the names of the files of an asset.
//
// Route: GET /api/internal/Blob/Asset/List/{assetId}.
func (s *server) assetFiles(w http.ResponseWriter, c *call) error {
	files, err := s.store.AssetFiles(c.Context(), store.AssetKey{Either: c.param("assetId")})
	if err != nil {
		return err
	}
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = f.Name
	}
	return answerJSON(w, names)
}

// deleteAssetFiles removes the files whose names the body lists, all or none.
//
// Route: DELETE /api/internal/Blob/Assets.
func (s *server) deleteAssetFiles(w http.ResponseWriter, c *call) error {
	o, err := parseOptions(c.URL.RawQuery)
	if err != nil {
		return err
	}
	id, err := o.required("assetId")
	if err != nil {
		return err
	}
	names, err := readJSON[[]string](s, w, c)
	if err != nil {
		return err
	}
	if len(names) == 0 {
		return refuseAll(report.Findings{{Path: "$", Rule: "required", Message: "the list of names is empty"}})
	}
	slices.SortFunc(names, strings.Compare)
	return s.store.DeleteAssetFiles(c.Context(), store.AssetKey{Either: id}, slices.Compact(names), c.id.User)
}
