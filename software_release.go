package wats

import (
	"context"
	"fmt"
	"iter"
	"net/http"

	"github.com/gowats/gowats/report"
)

// SoftwareUpload is an upload that can be resumed. A server keeps it for a day after the last byte came.
//
// Route: /api/gowats/v1/Software/Upload, an extension of gowats.
type SoftwareUpload struct {
	ID        report.ID `json:"uploadId"`
	Size      int64     `json:"size"`               // bytes in the end
	Offset    int64     `json:"offset"`             // bytes that the server has: where to go on
	PackageID report.ID `json:"packageId,omitzero"` // that it became; then it is done
}

// UploadTarget says what becomes of an upload once all of it is there: the files of a package that is there, or a new package.
type UploadTarget struct {
	SHA256 string `json:"sha256"` // of the whole upload, in hexadecimal digits: the server takes nothing else

	// FileName is the path that the upload has as one file of the package. "": it is a zip, whose files become those of the package.
	FileName    string `json:"fileName,omitzero"`
	ModifiedUTC Time   `json:"modifiedUtc,omitzero"` // of that one file

	PackageID    report.ID `json:"packageId,omitzero"`    // a draft
	CleanInstall bool      `json:"cleanInstall,omitzero"` // its files are removed first

	Package *Package      `json:"package,omitzero"` // or: a new package like this one
	Status  PackageStatus `json:"status,omitzero"`  // that the new package gets at once; default Draft
}

// Validate returns all that is wrong with t.
func (t *UploadTarget) Validate() report.Findings {
	var c checks
	if !isHex(t.SHA256, 64) {
		c.addf("$.sha256", "type", "sha256 must be 64 hexadecimal digits, is %.80q", t.SHA256)
	}
	c.text("$.fileName", t.FileName, maxPackageDescription) // what a path may be says the server
	switch {
	case t.Package == nil && t.PackageID.IsZero():
		c.addf("$.packageId", "required", "packageId or package is required")
	case t.Package != nil && !t.PackageID.IsZero():
		c.addf("$.packageId", "exclusive", "packageId and package exclude each other")
	case t.Package == nil && t.Status != "":
		c.addf("$.status", "exclusive", "status is of a new package only")
	}
	if t.Status != "" {
		if _, err := ParsePackageStatus(string(t.Status)); err != nil {
			c.addf("$.status", "enum", "status %q must be Draft, Pending, Released or Revoked", t.Status)
		}
	}
	if t.Package != nil {
		for _, f := range t.Package.Validate() {
			f.Path = "$.package" + f.Path[len("$"):]
			c.found = append(c.found, f)
		}
	}
	return c.found
}

// isHex reports whether text has so many hexadecimal digits and nothing else.
func isHex(text string, digits int) bool {
	if len(text) != digits {
		return false
	}
	for i := range len(text) {
		if c := text[i] | 0x20; (text[i] < '0' || text[i] > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// describe names the target for errors.
func (t *UploadTarget) describe() string {
	if t.Package != nil {
		return fmt.Sprintf("release %q", t.Package.Name)
	}
	return fmt.Sprintf("content of package %s", t.PackageID)
}

// PackageQuery selects packages. The zero PackageQuery is all, by name and version.
type PackageQuery struct {
	Filter  string // OData, over the members of a package; tags/any(t: t/key eq 'Line' and t/value eq '4')
	OrderBy string // OData; default "name, version"
	Top     int    // at most so many; 0: all
}

// Query yields the packages that match q. It asks for pages as needed; a failure is given once, as the last, with a nil package. It can be ranged over again.
// Only gowats servers offer it: [ErrUnsupported] from others, which have [SoftwareService.List].
//
// Route: GET /api/gowats/v1/Software/Packages.
func (s *SoftwareService) Query(ctx context.Context, q PackageQuery) iter.Seq2[*Package, error] {
	return pages[Package](ctx, s.client, func() *request {
		req := extension(http.MethodGet, "Packages")
		if q.Filter != "" {
			req.query.Set("$filter", q.Filter)
		}
		if q.OrderBy != "" {
			req.query.Set("$orderby", q.OrderBy)
		}
		return req
	}, q.Top)
}

// SetVirtualFolder makes the folder f.Path with those above it or, when f has an ID, renames or moves that one with all that is in it. It returns the folder as
// stored. Only gowats servers offer it.
//
// Route: PUT /api/gowats/v1/Software/VirtualFolder.
func (s *SoftwareService) SetVirtualFolder(ctx context.Context, f *VirtualFolder) (*VirtualFolder, error) {
	if f == nil {
		return nil, fmt.Errorf("virtual folder not sent: %w: it is nil", ErrInvalid)
	}
	if err := refuseInvalid(fmt.Sprintf("virtual folder %q", f.Path), f.Validate()); err != nil {
		return nil, err
	}
	req := extension(http.MethodPut, "VirtualFolder")
	if err := req.json(f); err != nil {
		return nil, err
	}
	return one[VirtualFolder](ctx, s.client, req)
}

// DeleteVirtualFolder removes a folder. It returns [ErrConflict] while packages or folders are in it. Only gowats servers offer it.
//
// Route: DELETE /api/gowats/v1/Software/VirtualFolder/{folderId}.
func (s *SoftwareService) DeleteVirtualFolder(ctx context.Context, id report.ID) error {
	if id.IsZero() {
		return fmt.Errorf("delete virtual folder: %w: the ID is zero", ErrInvalid)
	}
	return tell(ctx, s.client, extension(http.MethodDelete, "VirtualFolder", id.String()))
}
