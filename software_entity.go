package wats

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gowats/gowats/report"
)

// SoftwareEntity is a package, a folder in one, or a file, as internal routes have it. A server sends the members that make sense.
//
// Unverified: the names of the members are those of gowats servers; an answer of a WATS server would settle them. Others are in Extra.
type SoftwareEntity struct {
	ID          report.ID     `json:"id,omitzero" alias:"packageFolderId,folderId,fileId,packageFolderFileId"`
	Kind        EntityKind    `json:"type,omitzero"`
	PackageID   report.ID     `json:"packageId,omitzero"`
	ParentID    report.ID     `json:"parentId,omitzero" alias:"parentFolderId"` // folder; zero: the package itself
	Name        string        `json:"name,omitzero" alias:"filename"`
	Path        string        `json:"path,omitzero"` // in the package, with slashes
	Description string        `json:"description,omitzero"`
	Version     int           `json:"version,omitzero"`
	Status      PackageStatus `json:"status,omitzero"`
	Size        int64         `json:"size,omitzero"` // bytes; of a package: of all its files
	Checksum    string        `json:"checksum,omitzero"`
	Attributes  string        `json:"attributes,omitzero"`
	ModifiedUTC Time          `json:"modifiedUtc,omitzero" alias:"modified"`
	FileCount   int           `json:"fileCount,omitzero"`
	FolderCount int           `json:"folderCount,omitzero"`

	Extra Extra `json:"-"`
}

// EntityKind tells what a SoftwareEntity is.
type EntityKind string

// The kinds.
const (
	EntityPackage EntityKind = "package"
	EntityFolder  EntityKind = "folder"
	EntityFile    EntityKind = "file"
)

// UnmarshalJSON keeps members it does not know.
func (e *SoftwareEntity) UnmarshalJSON(data []byte) error {
	type plain SoftwareEntity
	return decodeKeeping(data, (*plain)(e), &e.Extra)
}

// MarshalJSON writes them back.
func (e SoftwareEntity) MarshalJSON() ([]byte, error) {
	type plain SoftwareEntity
	return encodeWith(plain(e), e.Extra)
}

// FileCheck describes a file at hand.
type FileCheck struct {
	PackageID report.ID
	FolderID  report.ID // that Path begins in; zero: the package itself
	Path      string
	Checksum  string // MD5 or SHA-1, in hexadecimal digits
	Modified  time.Time
}

// FileCheckResult says what a server knows of such a file.
//
// Unverified: the names of the members are those of gowats servers. Others are in Extra.
type FileCheckResult struct {
	Exists      bool      `json:"exists"`      // there is a file of that path
	SameContent bool      `json:"sameContent"` // and it has that checksum
	SameDate    bool      `json:"sameDate"`    // and that time, to the second
	FileID      report.ID `json:"fileId,omitzero"`

	Extra Extra `json:"-"`
}

// UnmarshalJSON keeps members it does not know.
func (r *FileCheckResult) UnmarshalJSON(data []byte) error {
	type plain FileCheckResult
	return decodeKeeping(data, (*plain)(r), &r.Extra)
}

// PackageDownload is one download that a client told of.
//
// Unverified: the names of the members are those of gowats servers. Others are in Extra.
type PackageDownload struct {
	PackageID   report.ID `json:"packageId,omitzero"`
	Name        string    `json:"name,omitzero"`
	Version     int       `json:"version,omitzero"`
	ClientID    int       `json:"clientId,omitzero"`
	User        string    `json:"user,omitzero"`
	Size        int64     `json:"downloadSize"` // bytes, as the client told
	DownloadUTC Time      `json:"downloadUtc,omitzero"`

	Extra Extra `json:"-"`
}

// UnmarshalJSON keeps members it does not know.
func (d *PackageDownload) UnmarshalJSON(data []byte) error {
	type plain PackageDownload
	return decodeKeeping(data, (*plain)(d), &d.Extra)
}

// IsConnected reports whether the server keeps packages.
//
// Route: GET /api/internal/Software/isConnected. Internal: it may change without notice.
func (s *SoftwareService) IsConnected(ctx context.Context) (bool, error) {
	ans, err := s.client.do(ctx, newRequest(http.MethodGet, "api", "internal", "Software", "isConnected"))
	return err == nil && !ans.isEmpty() && strings.TrimSpace(string(ans.body)) != "false", err
}

// internalSoftware makes a request below /api/internal/Software with query pairs of name and value.
func internalSoftware(method, route string, pairs ...string) *request {
	req := newRequest(method, "api", "internal", "Software", route)
	for i := 0; i < len(pairs); i += 2 {
		req.query.Set(pairs[i], pairs[i+1])
	}
	return req
}

// idList joins IDs, of which there must be one at least and none zero.
func idList(doing string, ids []report.ID) (string, error) {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = id.String()
	}
	if len(ids) == 0 || slices.ContainsFunc(ids, report.ID.IsZero) {
		return "", fmt.Errorf("%s: %w: no ID is given, or one is zero", doing, ErrInvalid)
	}
	return strings.Join(texts, ","), nil
}

// File returns what the server knows of a file. It returns [ErrNotFound] when there is none.
//
// Route: GET /api/internal/Software/File/{fileId}. Internal: it may change without notice.
func (s *SoftwareService) File(ctx context.Context, fileID report.ID) (*SoftwareEntity, error) {
	if fileID.IsZero() {
		return nil, fmt.Errorf("get file: %w: the ID is zero", ErrInvalid)
	}
	return maybe[SoftwareEntity](ctx, s.client, newRequest(http.MethodGet, "api", "internal", "Software", "File", fileID.String()))
}

// CheckFile asks whether the server has this file already.
//
// Route: GET /api/internal/Software/CheckFile. Internal: it may change without notice.
func (s *SoftwareService) CheckFile(ctx context.Context, f FileCheck) (*FileCheckResult, error) {
	if f.PackageID.IsZero() || f.Path == "" {
		return nil, fmt.Errorf("check file %q: %w: package and path must be given", f.Path, ErrInvalid)
	}
	return maybe[FileCheckResult](ctx, s.client, internalSoftware(http.MethodGet, "CheckFile",
		"packageId", f.PackageID.String(), "parentFolderId", f.FolderID.String(), "filePath", f.Path,
		"checksum", f.Checksum, "fileDateEpoch", strconv.FormatInt(f.Modified.Unix(), 10)))
}

// CreateFolder makes a folder in a package: Name in the folder ParentID, or Path from the top. What is there already is no error.
//
// Route: POST /api/internal/Software/PostPackageFolder. Internal: it may change without notice.
func (s *SoftwareService) CreateFolder(ctx context.Context, packageID report.ID, folder *SoftwareEntity) (*SoftwareEntity, error) {
	if packageID.IsZero() || folder == nil {
		return nil, fmt.Errorf("create folder: %w: package and folder must be given", ErrInvalid)
	}
	req := internalSoftware(http.MethodPost, "PostPackageFolder", "packageId", packageID.String())
	if err := req.json(folder); err != nil {
		return nil, err
	}
	return maybe[SoftwareEntity](ctx, s.client, req)
}

// UpdateFolder renames or moves a folder with all that is in it.
//
// Route: POST /api/internal/Software/UpdatePackageFolder. Internal: it may change without notice.
func (s *SoftwareService) UpdateFolder(ctx context.Context, folder *SoftwareEntity) (*SoftwareEntity, error) {
	if folder == nil || folder.ID.IsZero() {
		return nil, fmt.Errorf("update folder: %w: it has no ID", ErrInvalid)
	}
	req := internalSoftware(http.MethodPost, "UpdatePackageFolder")
	if err := req.json(folder); err != nil {
		return nil, err
	}
	return maybe[SoftwareEntity](ctx, s.client, req)
}

// DeleteFolder removes a folder with all that is in it.
//
// Route: POST /api/internal/Software/DeletePackageFolder. Internal: it may change without notice.
func (s *SoftwareService) DeleteFolder(ctx context.Context, folderID report.ID) error {
	if folderID.IsZero() {
		return fmt.Errorf("delete folder: %w: the ID is zero", ErrInvalid)
	}
	return tell(ctx, s.client, internalSoftware(http.MethodPost, "DeletePackageFolder", "packageFolderId", folderID.String()))
}

// DeleteFiles removes files from packages: all of them or, if one cannot be, none.
//
// Route: POST /api/internal/Software/DeletePackageFolderFiles. Internal: it may change without notice.
func (s *SoftwareService) DeleteFiles(ctx context.Context, fileIDs ...report.ID) error {
	ids, err := idList("delete files", fileIDs)
	if err != nil {
		return err
	}
	return tell(ctx, s.client, internalSoftware(http.MethodPost, "DeletePackageFolderFiles", "packageFolderFileIds", ids))
}

// PackageHistoryQuery selects packages by tags.
type PackageHistoryQuery struct {
	Tags        []string      // Unverified: each is key, or key=value; a package must have all of them
	Status      PackageStatus // zero: any
	AllVersions bool          // else the newest of each name
}

// History returns the packages with tags; nil when there are none.
//
// Route: GET /api/internal/Software/GetPackageHistory. Internal: it may change without notice.
func (s *SoftwareService) History(ctx context.Context, q PackageHistoryQuery) ([]Package, error) {
	if len(q.Tags) == 0 || slices.ContainsFunc(q.Tags, func(tag string) bool { return tag == "" || strings.Contains(tag, ",") }) {
		return nil, fmt.Errorf("list packages by tags: %w: there must be tags, not empty and without comma", ErrInvalid)
	}
	req := internalSoftware(http.MethodGet, "GetPackageHistory", "tags", strings.Join(q.Tags, ","))
	if q.Status != "" {
		code := slices.Index(packageStatuses(), q.Status)
		if code < 0 {
			return nil, fmt.Errorf("list packages by tags: %w: %q is no status", ErrInvalid, q.Status)
		}
		req.query.Set("status", strconv.Itoa(code))
	}
	if q.AllVersions {
		req.query.Set("allVersions", "true")
	}
	return list[Package](ctx, s.client, req)
}

// DownloadHistory returns the downloads of a client, newest first; nil when there are none.
//
// Route: GET /api/internal/Software/GetPackageDownloadHistory. Internal: it may change without notice.
func (s *SoftwareService) DownloadHistory(ctx context.Context, clientID int) ([]PackageDownload, error) {
	return list[PackageDownload](ctx, s.client, internalSoftware(http.MethodGet, "GetPackageDownloadHistory", "clientId", strconv.Itoa(clientID)))
}

// Revoked returns those of the installed packages that are to be removed: the revoked ones and, unless onlyRevoked, those that the server no
// longer has.
//
// Route: GET /api/internal/Software/GetRevokedPackages. Internal: it may change without notice.
func (s *SoftwareService) Revoked(ctx context.Context, installed []report.ID, onlyRevoked bool) ([]report.ID, error) {
	ids, err := idList("list revoked packages", installed)
	if err != nil {
		return nil, err
	}
	req := internalSoftware(http.MethodGet, "GetRevokedPackages", "installedPackages", ids)
	if onlyRevoked {
		req.query.Set("includeRevokedOnly", "true")
	}
	return list[report.ID](ctx, s.client, req)
}

// Available returns the newest released version of each installed package that has a newer one; nil when all are up to date.
//
// Route: GET /api/internal/Software/GetAvailablePackages. Internal: it may change without notice.
func (s *SoftwareService) Available(ctx context.Context, installed []report.ID) ([]Package, error) {
	ids, err := idList("list available packages", installed)
	if err != nil {
		return nil, err
	}
	return list[Package](ctx, s.client, internalSoftware(http.MethodGet, "GetAvailablePackages", "installedPackages", ids))
}

// Details returns what the server knows of a package, with the counts of its files and folders.
//
// Route: GET /api/internal/Software/GetSoftwareEntityDetails. Internal: it may change without notice.
func (s *SoftwareService) Details(ctx context.Context, packageID report.ID) (*SoftwareEntity, error) {
	if packageID.IsZero() {
		return nil, fmt.Errorf("get details of package: %w: the ID is zero", ErrInvalid)
	}
	return maybe[SoftwareEntity](ctx, s.client, internalSoftware(http.MethodGet, "GetSoftwareEntityDetails", "packageId", packageID.String()))
}

// LogDownload tells the server that this client has downloaded a package of so many bytes. It is not repeated: each call adds an entry.
//
// Route: GET /api/internal/Software/Log. Internal: it may change without notice.
func (s *SoftwareService) LogDownload(ctx context.Context, packageID report.ID, size int64) error {
	if packageID.IsZero() || size < 0 {
		return fmt.Errorf("log download of package %s: %w: the ID is zero, or the size %d negative", packageID, ErrInvalid, size)
	}
	req := internalSoftware(http.MethodGet, "Log", "packageId", packageID.String(), "downloadSize", strconv.FormatInt(size, 10))
	req.reads, req.repeatable = false, false
	return tell(ctx, s.client, req)
}
