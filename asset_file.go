package wats

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/gowats/gowats/report"
)

// AssetPage is a part of the assets that a query selects.
type AssetPage struct {
	Total  int     `json:"total"` // how many there are in all
	Assets []Asset `json:"assets"`
}

// Query returns a page of the assets that match q, and how many there are in all: at most q.Top of them, 100 when it is 0, after q.Skip others.
// A server takes at most 1,000 at once. Servers other than gowats do not have it: [ErrUnsupported]. All lists the same without a total.
//
// Route: GET /api/gowats/v1/Asset/Query.
func (s *AssetService) Query(ctx context.Context, q AssetQuery) (*AssetPage, error) {
	if err := q.check(); err != nil {
		return nil, err
	}
	req := newRequest(http.MethodGet, "api", "gowats", "v1", "Asset", "Query")
	q.addTo(req)
	if q.Top > 0 {
		req.query.Set("$top", fmt.Sprint(q.Top))
	}
	if q.Skip > 0 {
		req.query.Set("$skip", fmt.Sprint(q.Skip))
	}
	return one[AssetPage](ctx, s.client, req)
}

// GetByTag returns the one asset that has a tag of this key and value, as an inventory number may be. It returns [ErrNotFound] when there is none,
// nil and no error with [Lenient], and [ErrConflict] when there are several.
//
// Route: GET /api/Asset. Unverified: that servers other than gowats filter by tags.
func (s *AssetService) GetByTag(ctx context.Context, key, value string) (*Asset, error) {
	if strings.TrimSpace(key) == "" {
		return nil, fmt.Errorf("get asset by tag: %w: the key is blank", ErrInvalid)
	}
	return s.first(ctx, AssetQuery{Tag: Setting{Key: key, Value: value}}.ODataFilter())
}

// GetByLocation returns the assets at a location, by serial number; nil when there are none. The location may hold * for any text.
//
// Route: GET /api/Asset.
func (s *AssetService) GetByLocation(ctx context.Context, location string) ([]Asset, error) {
	var all []Asset
	for a, err := range s.All(ctx, AssetQuery{Location: location}) {
		if err != nil {
			return nil, err
		}
		all = append(all, *a)
	}
	return all, nil
}

// Files returns the names of the files of an asset; nil when there are none.
//
// Route: GET /api/internal/Blob/Asset/List/{assetId}.
func (s *AssetService) Files(ctx context.Context, id report.ID) ([]string, error) {
	if err := needsID(id); err != nil {
		return nil, err
	}
	return list[string](ctx, s.client, newRequest(http.MethodGet, "api", "internal", "Blob", "Asset", "List", id.String()))
}

func needsID(id report.ID) error {
	if id.IsZero() {
		return fmt.Errorf("files of an asset: %w: the asset's ID is zero", ErrInvalid)
	}
	return nil
}

// fileRequest is about one file of an asset.
func fileRequest(method string, id report.ID, name string) (*request, error) {
	if err := needsID(id); err != nil {
		return nil, err
	}
	if strings.TrimSpace(name) == "" {
		return nil, fmt.Errorf("file of asset %s: %w: its name is blank", id, ErrInvalid)
	}
	req := newRequest(method, "api", "internal", "Blob", "Asset")
	req.query.Set("assetId", id.String())
	req.query.Set("filename", name)
	return req, nil
}

// UploadFile stores size bytes of src as a file of an asset, in place of one of that name, so that it may be repeated. The name holds no folder, and the file
// is not empty. A gowats server takes 64 MiB: [ErrTooLarge].
//
// Route: POST /api/internal/Blob/Asset.
func (s *AssetService) UploadFile(ctx context.Context, id report.ID, name string, src io.ReaderAt, size int64) error {
	req, err := fileRequest(http.MethodPost, id, name)
	if err != nil {
		return err
	}
	if size <= 0 {
		return fmt.Errorf("file %q of asset %s: %w: it is empty", name, id, ErrInvalid)
	}
	req.header.Set("Content-Type", "application/octet-stream")
	req.stream = streamOf(src, size)
	req.repeatable = true
	return tell(ctx, s.client, req)
}

// DownloadFile writes a file of an asset to w. It returns [ErrNotFound] when there is none of that name.
//
// Route: GET /api/internal/Blob/Asset. Some servers wrap the bytes in JSON; they are unwrapped.
func (s *AssetService) DownloadFile(ctx context.Context, id report.ID, name string, w io.Writer) error {
	req, err := fileRequest(http.MethodGet, id, name)
	if err != nil {
		return err
	}
	req.header.Set("Accept", "application/octet-stream, application/json")
	ans, err := s.client.do(ctx, req)
	if err != nil {
		return err
	}
	content := ans.body
	if kind, _, _ := mime.ParseMediaType(ans.header.Get("Content-Type")); kind == "application/json" {
		content = unwrapped(content)
	}
	if _, err := w.Write(content); err != nil {
		return fmt.Errorf("write file %q of asset %s: %w", name, id, err)
	}
	return nil
}

// unwrapped returns the bytes that a JSON object holds in Base64 as its content; the body itself when it is no such object.
func unwrapped(body []byte) []byte {
	var wrap struct {
		Content []byte `json:"content"` // in any case
	}
	if json.Unmarshal(body, &wrap) == nil && wrap.Content != nil {
		return wrap.Content
	}
	return body
}

// DeleteFiles removes files of an asset. A gowats server removes all or, when one is not there, none: [ErrNotFound].
//
// Route: DELETE /api/internal/Blob/Assets.
func (s *AssetService) DeleteFiles(ctx context.Context, id report.ID, names ...string) error {
	if err := needsID(id); err != nil {
		return err
	}
	if len(names) == 0 {
		return fmt.Errorf("delete files of asset %s: %w: there is no name", id, ErrInvalid)
	}
	req := newRequest(http.MethodDelete, "api", "internal", "Blob", "Assets")
	req.query.Set("assetId", id.String())
	if err := req.json(names); err != nil {
		return err
	}
	return tell(ctx, s.client, req)
}
