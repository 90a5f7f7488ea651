package wats

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gowats/gowats/report"
)

// SoftwareService keeps the packages of software that stations install.
type SoftwareService struct{ client *Client }

// PackageStatus says how far a package is. It goes from Draft to Pending, Released and Revoked; Pending may go back to Draft.
type PackageStatus string

// The statuses, by their words on the wire.
const (
	PackageDraft    PackageStatus = "Draft"    // being made; can be changed and deleted
	PackagePending  PackageStatus = "Pending"  // under review; only status and tags change
	PackageReleased PackageStatus = "Released" // distributed; only status and tags change
	PackageRevoked  PackageStatus = "Revoked"  // withdrawn; can be deleted
)

// packageStatuses returns the statuses in the order of their codes on internal routes, from 0.
func packageStatuses() []PackageStatus {
	return []PackageStatus{PackageDraft, PackagePending, PackageReleased, PackageRevoked}
}

// ParsePackageStatus reads the word of a status in any letter case, or its code from 0 to 3, which internal routes use.
func ParsePackageStatus(text string) (PackageStatus, error) {
	for code, status := range packageStatuses() {
		if strings.EqualFold(text, string(status)) || text == strconv.Itoa(code) {
			return status, nil
		}
	}
	return "", fmt.Errorf("%.40q is no status of a package: want Draft, Pending, Released or Revoked", text)
}

// UnmarshalJSON reads a word or, as internal routes have it, a code. A word that is not known stays as it is; null is "".
func (s *PackageStatus) UnmarshalJSON(data []byte) error {
	var code json.Number
	if json.Unmarshal(data, &code) == nil && code != "" {
		status, err := ParsePackageStatus(code.String())
		*s = status
		return err
	}
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	*s = PackageStatus(text)
	if known, err := ParsePackageStatus(text); err == nil {
		*s = known
	}
	return nil
}

// Package is one version of a package of software.
//
// Routes: below /api/Software.
type Package struct {
	ID            report.ID     `json:"packageId,omitzero" alias:"id"` // given by the server
	Name          string        `json:"name"`                          // the same for all versions, in any letter case
	Description   string        `json:"description"`
	Version       int           `json:"version,omitzero"` // from 1, given by the server: the next one of the name
	Status        PackageStatus `json:"status,omitzero"`  // changed by SetStatus alone
	InstallOnRoot bool          `json:"installOnRoot"`    // not into a folder of the package's name
	RootDirectory string        `json:"rootDirectory"`
	Priority      int           `json:"priority"` // higher ones are installed first
	Tags          []PackageTag  `json:"tags,omitzero"`

	CreatedUTC  Time          `json:"createdUtc,omitzero" alias:"created"`
	ModifiedUTC Time          `json:"modifiedUtc,omitzero" alias:"modified"`
	CreatedBy   string        `json:"createdBy,omitzero"`
	ModifiedBy  string        `json:"modifiedBy,omitzero"`
	Files       []PackageFile `json:"files,omitzero"` // only in some answers

	// What gowats servers tell beside that.
	FolderID   report.ID            `json:"virtualFolderId,omitzero"` // where it stands in the tree: see VirtualFolders
	FileCount  report.Optional[int] `json:"fileCount,omitzero"`
	RowVersion report.Optional[int] `json:"rowVersion,omitzero"` // an update with one that is not the present one matches ErrConflict

	Extra Extra `json:"-"`
}

// UnmarshalJSON keeps members it does not know.
func (p *Package) UnmarshalJSON(data []byte) error {
	type plain Package
	return decodeKeeping(data, (*plain)(p), &p.Extra)
}

// MarshalJSON writes them back.
func (p Package) MarshalJSON() ([]byte, error) {
	type plain Package
	return encodeWith(plain(p), p.Extra)
}

// PackageTag is what stations choose packages by.
type PackageTag struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Attributes of files that clients know. Source: support.wats.com article 207424193.
const (
	FileExecuteOnce                  = "ExecuteOnce"
	FileExecuteAlways                = "ExecuteAlways"
	FileExecuteOncePerVersion        = "ExecuteOncePerVersion"
	FileTopLevel                     = "TopLevelFile"
	FileOverwriteNever               = "OverwriteNever"
	FileOverwriteOnNewPackageVersion = "OverwriteOnNewPackageVersion"
)

// PackageFile is a file in a package.
type PackageFile struct {
	ID          report.ID `json:"fileId,omitzero" alias:"id"`
	Name        string    `json:"filename,omitzero" alias:"name"`
	Path        string    `json:"path,omitzero"`     // in the package, with slashes: bin/flash.exe
	Size        int64     `json:"size"`              // bytes
	Checksum    string    `json:"checksum,omitzero"` // Unverified: which; gowats servers give SHA-1 in hexadecimal digits, an answer of a WATS server to compare would tell
	CreatedUTC  Time      `json:"createdUtc,omitzero" alias:"created"`
	ModifiedUTC Time      `json:"modifiedUtc,omitzero" alias:"modified"`
	Attributes  string    `json:"attributes,omitzero"` // how a client treats the file, such as FileExecuteOnce; free text
	SHA256      string    `json:"sha256,omitzero"`     // hexadecimal digits; only from gowats servers

	Extra Extra `json:"-"`
}

// UnmarshalJSON keeps members it does not know.
func (f *PackageFile) UnmarshalJSON(data []byte) error {
	type plain PackageFile
	return decodeKeeping(data, (*plain)(f), &f.Extra)
}

// MarshalJSON writes them back.
func (f PackageFile) MarshalJSON() ([]byte, error) {
	type plain PackageFile
	return encodeWith(plain(f), f.Extra)
}

// VirtualFolder is a folder of the tree that packages are shown in. It means nothing to stations.
type VirtualFolder struct {
	ID          report.ID `json:"folderId,omitzero" alias:"id"`
	Name        string    `json:"name,omitzero"`
	Path        string    `json:"path,omitzero"` // from the top, with slashes, ending with the name
	Description string    `json:"description"`

	Extra Extra `json:"-"`
}

// UnmarshalJSON keeps members it does not know.
func (f *VirtualFolder) UnmarshalJSON(data []byte) error {
	type plain VirtualFolder
	return decodeKeeping(data, (*plain)(f), &f.Extra)
}

// MarshalJSON writes them back.
func (f VirtualFolder) MarshalJSON() ([]byte, error) {
	type plain VirtualFolder
	return encodeWith(plain(f), f.Extra)
}

// The most that the texts of packages hold, in characters. No server is known to declare its own.
const (
	maxPackageName        = 200
	maxPackageDescription = 4000
	maxPackageDirectory   = 260
	maxPackageTags        = 100
	maxPackageTagKey      = 100
	maxPackageTagValue    = 500
	maxFileAttributes     = 500
	maxFolderPath         = 400
)

// Validate returns all that is wrong with p as something to be written.
func (p *Package) Validate() report.Findings {
	var c checks
	c.required("$.name", p.Name, maxPackageName)
	c.text("$.description", p.Description, maxPackageDescription)
	c.text("$.rootDirectory", p.RootDirectory, maxPackageDirectory)
	if p.Status != "" && !slices.Contains(packageStatuses(), p.Status) {
		c.addf("$.status", "enum", "status %q must be Draft, Pending, Released or Revoked", p.Status)
	}
	c.packageTags("$.tags", p.Tags)
	return c.found
}

func (c *checks) packageTags(path string, tags []PackageTag) {
	if len(tags) > maxPackageTags {
		c.addf(path, "length", "tags exceeds %d entries: it has %d", maxPackageTags, len(tags))
		return
	}
	seen := map[string]bool{}
	for i, t := range tags {
		at := fmt.Sprintf("%s[%d]", path, i)
		c.required(at+".key", t.Key, maxPackageTagKey)
		c.text(at+".value", t.Value, maxPackageTagValue)
		key := strings.ToLower(t.Key) + "\x00" + t.Value
		if seen[key] {
			c.addf(at, "unique", "tag %s = %s is there twice", t.Key, t.Value)
		}
		seen[key] = true
	}
}

// Validate returns all that is wrong with f as something to be written.
func (f *VirtualFolder) Validate() report.Findings {
	var c checks
	c.required("$.path", f.Path, maxFolderPath)
	for name := range strings.SplitSeq(f.Path, "/") {
		if f.Path != "" && strings.TrimSpace(name) == "" {
			c.addf("$.path", "path", "path %q has an empty part", f.Path)
			break
		}
	}
	c.text("$.description", f.Description, maxPackageDescription)
	return c.found
}

// ValidateFileAttributes returns what is wrong with the attributes of a file.
func ValidateFileAttributes(text string) report.Findings {
	var c checks
	c.text("$.attributes", text, maxFileAttributes)
	return c.found
}

// List returns every version of every package; nil when there are none.
//
// Route: GET /api/Software/Packages.
func (s *SoftwareService) List(ctx context.Context) ([]Package, error) {
	return list[Package](ctx, s.client, newRequest(http.MethodGet, "api", "Software", "Packages"))
}

// Get returns the package of this ID. It returns [ErrNotFound] when there is none.
//
// Route: GET /api/Software/Package/{packageId}.
func (s *SoftwareService) Get(ctx context.Context, id report.ID) (*Package, error) {
	req, err := packageRequest(http.MethodGet, "get package", id, "Package")
	if err != nil {
		return nil, err
	}
	return maybe[Package](ctx, s.client, req)
}

// packageRequest is one whose path ends with the ID of a package or a file.
func packageRequest(method, doing string, id report.ID, segments ...string) (*request, error) {
	if id.IsZero() {
		return nil, fmt.Errorf("%s: %w: the ID is zero", doing, ErrInvalid)
	}
	return newRequest(method, append(append([]string{"api", "Software"}, segments...), id.String())...), nil
}

// PackageSelect restricts which version of a package is meant. The zero PackageSelect means the newest.
type PackageSelect struct {
	Status  PackageStatus // zero: any
	Version int           // zero: the newest with that status
}

// GetByName returns a package by its name. It returns [ErrNotFound] when there is none.
//
// Route: GET /api/Software/PackageByName.
func (s *SoftwareService) GetByName(ctx context.Context, name string, which PackageSelect) (*Package, error) {
	if strings.TrimSpace(name) == "" {
		return nil, fmt.Errorf("get package: %w: the name is blank", ErrInvalid)
	}
	req := newRequest(http.MethodGet, "api", "Software", "PackageByName")
	req.query.Set("name", name)
	which.set(req)
	return maybe[Package](ctx, s.client, req)
}

func (p PackageSelect) set(req *request) {
	if p.Status != "" {
		req.query.Set("status", string(p.Status))
	}
	if p.Version != 0 {
		req.query.Set("version", strconv.Itoa(p.Version))
	}
}

// ListByTag returns the packages with a tag of this key and value, in a status unless that is "".
//
// Route: GET /api/Software/PackagesByTag.
func (s *SoftwareService) ListByTag(ctx context.Context, key, value string, status PackageStatus) ([]Package, error) {
	if key == "" {
		return nil, fmt.Errorf("list packages by tag: %w: the key is empty", ErrInvalid)
	}
	req := newRequest(http.MethodGet, "api", "Software", "PackagesByTag")
	req.query.Set("tag", key)
	req.query.Set("value", value)
	PackageSelect{Status: status}.set(req)
	return list[Package](ctx, s.client, req)
}

// Create makes a package in Draft. A name that is there already gets its next version. What the server gives (ID, version, status) is not
// taken from p.
//
// Route: POST /api/Software/Package.
func (s *SoftwareService) Create(ctx context.Context, p *Package) (*Package, error) {
	if err := refusePackage(p); err != nil {
		return nil, err
	}
	req := newRequest(http.MethodPost, "api", "Software", "Package")
	if err := req.json(p); err != nil {
		return nil, err
	}
	return one[Package](ctx, s.client, req)
}

// refusePackage says why p is not sent.
func refusePackage(p *Package) error {
	if p == nil {
		return fmt.Errorf("package not sent: %w: it is nil", ErrInvalid)
	}
	return refuseInvalid(fmt.Sprintf("package %q", p.Name), p.Validate())
}

// Update writes p, whole as it was read and then changed; only tags that are nil stay as they are. In Draft everything can be changed but
// what the server gives; later only the tags: else it returns [ErrConflict]. It also does so when p carries a RowVersion that is not the present one.
//
// Route: PUT /api/Software/Package/{packageId}.
func (s *SoftwareService) Update(ctx context.Context, p *Package) (*Package, error) {
	if err := refusePackage(p); err != nil {
		return nil, err
	}
	req, err := packageRequest(http.MethodPut, "update package", p.ID, "Package")
	if err != nil {
		return nil, err
	}
	req.repeatable = !p.RowVersion.Present // the second time that one would be stale
	if err := req.json(p); err != nil {
		return nil, err
	}
	return one[Package](ctx, s.client, req)
}

// Delete removes a package with its files. It returns [ErrConflict] unless the package is in Draft or Revoked.
//
// Route: DELETE /api/Software/Package/{packageId}.
func (s *SoftwareService) Delete(ctx context.Context, id report.ID) error {
	req, err := packageRequest(http.MethodDelete, "delete package", id, "Package")
	if err != nil {
		return err
	}
	return tell(ctx, s.client, req)
}

// DeleteByName removes one version of a package as [SoftwareService.Delete] does; 0: the newest.
//
// Route: DELETE /api/Software/PackageByName.
func (s *SoftwareService) DeleteByName(ctx context.Context, name string, version int) error {
	if strings.TrimSpace(name) == "" {
		return fmt.Errorf("delete package: %w: the name is blank", ErrInvalid)
	}
	req := newRequest(http.MethodDelete, "api", "Software", "PackageByName")
	req.query.Set("name", name)
	PackageSelect{Version: version}.set(req)
	req.repeatable = version != 0 // the second time the newest is another one
	return tell(ctx, s.client, req)
}

// SetStatus moves a package to another status. It returns [ErrConflict] for a move that is not allowed; to be there already is no move, and no error
// from a gowats server.
//
// Route: POST /api/Software/PackageStatus/{packageId}.
func (s *SoftwareService) SetStatus(ctx context.Context, id report.ID, status PackageStatus) error {
	if !slices.Contains(packageStatuses(), status) {
		return fmt.Errorf("set status of package %s: %w: %q is none", id, ErrInvalid, status)
	}
	req, err := packageRequest(http.MethodPost, "set status of package", id, "PackageStatus")
	if err != nil {
		return err
	}
	req.query.Set("status", string(status))
	return tell(ctx, s.client, req)
}

// Files returns the files of a package; nil when it has none.
//
// Route: GET /api/Software/PackageFiles/{packageId}.
func (s *SoftwareService) Files(ctx context.Context, id report.ID) ([]PackageFile, error) {
	req, err := packageRequest(http.MethodGet, "list files of package", id, "PackageFiles")
	if err != nil {
		return nil, err
	}
	return list[PackageFile](ctx, s.client, req)
}

// SetFileAttributes says how a client treats a file, such as [FileExecuteOnce]; the ID is that of the file.
//
// Route: POST /api/Software/Package/FileAttribute/{fileId}.
func (s *SoftwareService) SetFileAttributes(ctx context.Context, fileID report.ID, attributes string) error {
	if err := refuseInvalid("attributes of file "+fileID.String(), ValidateFileAttributes(attributes)); err != nil {
		return err
	}
	req, err := packageRequest(http.MethodPost, "set attributes of file", fileID, "Package", "FileAttribute")
	if err != nil {
		return err
	}
	if err := req.json(FileAttributeUpdate{attributes}); err != nil {
		return err
	}
	return tell(ctx, s.client, req)
}

// FileAttributeUpdate is the body of that request.
type FileAttributeUpdate struct {
	Attributes string `json:"attributes"`
}

// VirtualFolders returns the folders of the tree; nil when there are none.
//
// Route: GET /api/Software/VirtualFolders.
func (s *SoftwareService) VirtualFolders(ctx context.Context) ([]VirtualFolder, error) {
	return list[VirtualFolder](ctx, s.client, newRequest(http.MethodGet, "api", "Software", "VirtualFolders"))
}
