package server

import (
	"errors"
	"math"
	"net/http"
	"strings"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/auth"
	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/report"
)

func softwareRoutes() []route {
	return []route{
		{http.MethodGet, "/api/Software/Packages", auth.Read, noBody, (*server).packages},
		{http.MethodGet, "/api/Software/Package/{packageId}", auth.Read, noBody, (*server).packageByID},
		{http.MethodPut, "/api/Software/Package/{packageId}", auth.Write, smallBody, (*server).updatePackage},
		{http.MethodDelete, "/api/Software/Package/{packageId}", auth.Write, noBody, (*server).deletePackage},
		{http.MethodGet, "/api/Software/PackageByName", auth.Read, noBody, (*server).packageByName},
		{http.MethodDelete, "/api/Software/PackageByName", auth.Write, noBody, (*server).deletePackageByName},
		{http.MethodGet, "/api/Software/PackagesByTag", auth.Read, noBody, (*server).packagesByTag},
		{http.MethodPost, "/api/Software/Package", auth.Write, smallBody, (*server).createPackage},
		{http.MethodPost, "/api/Software/PackageStatus/{packageId}", auth.Write, noBody, (*server).setPackageStatus},
		{http.MethodGet, "/api/Software/PackageFiles/{packageId}", auth.Read, noBody, (*server).packageFiles},
		{http.MethodPost, "/api/Software/Package/UploadZip/{packageId}", auth.Write, anyBody, (*server).uploadPackage},
		{http.MethodPost, "/api/Software/Package/FileAttribute/{fileId}", auth.Write, smallBody, (*server).setFileAttributes},
		{http.MethodGet, "/api/Software/VirtualFolders", auth.Read, noBody, (*server).virtualFolders},
		{http.MethodGet, "/api/Software/File", auth.Read, noBody, (*server).softwareFileByQuery},

		{http.MethodGet, "/api/internal/Software/isConnected", auth.Read, noBody, (*server).softwareConnected},
		{http.MethodGet, "/api/internal/Software/File/{fileId}", auth.Read, noBody, (*server).softwareFile},
		{http.MethodGet, "/api/internal/Software/CheckFile", auth.Read, noBody, (*server).checkSoftwareFile},
		{http.MethodPost, "/api/internal/Software/PostPackageFolder", auth.Write, smallBody, (*server).createPackageFolder},
		{http.MethodPost, "/api/internal/Software/UpdatePackageFolder", auth.Write, smallBody, (*server).updatePackageFolder},
		{http.MethodPost, "/api/internal/Software/DeletePackageFolder", auth.Write, noBody, (*server).deletePackageFolder},
		{http.MethodPost, "/api/internal/Software/DeletePackageFolderFiles", auth.Write, noBody, (*server).deletePackageFiles},
		{http.MethodGet, "/api/internal/Software/GetPackageHistory", auth.Read, noBody, (*server).packageHistory},
		{http.MethodGet, "/api/internal/Software/GetPackageDownloadHistory", auth.Read, noBody, (*server).packageDownloads},
		{http.MethodGet, "/api/internal/Software/GetRevokedPackages", auth.Read, noBody, (*server).revokedPackages},
		{http.MethodGet, "/api/internal/Software/GetAvailablePackages", auth.Read, noBody, (*server).availablePackages},
		{http.MethodGet, "/api/internal/Software/GetSoftwareEntityDetails", auth.Read, noBody, (*server).softwareDetails},
		{http.MethodGet, "/api/internal/Software/Log", auth.Read, noBody, (*server).logPackageDownload},

		{http.MethodGet, "/api/gowats/v1/Software/Packages", auth.Read, noBody, (*server).queryPackages},
		{http.MethodGet, "/api/gowats/v1/Software/Package/{packageId}/Zip", auth.Read, noBody, (*server).packageZip},
		{http.MethodGet, "/api/gowats/v1/Software/File/{fileId}/Content", auth.Read, noBody, (*server).softwareFileContent},
		{http.MethodPut, "/api/gowats/v1/Software/VirtualFolder", auth.Write, smallBody, (*server).setVirtualFolder},
		{http.MethodDelete, "/api/gowats/v1/Software/VirtualFolder/{folderId}", auth.Write, noBody, (*server).deleteVirtualFolder},
		{http.MethodPost, "/api/gowats/v1/Software/Upload", auth.Write, smallBody, (*server).startUpload},
		{http.MethodGet, "/api/gowats/v1/Software/Upload/{uploadId}", auth.Write, noBody, (*server).upload},
		{http.MethodPut, "/api/gowats/v1/Software/Upload/{uploadId}", auth.Write, anyBody, (*server).appendUpload},
		{http.MethodDelete, "/api/gowats/v1/Software/Upload/{uploadId}", auth.Write, noBody, (*server).cancelUpload},
		{http.MethodPost, "/api/gowats/v1/Software/Upload/{uploadId}/Package", auth.Write, smallBody, (*server).finishUpload},
	}
}

// pathID returns a parameter of the path that must be a GUID.
func (c *call) pathID(name string) (report.ID, error) {
	id, err := report.ParseID(c.param(name))
	if err != nil {
		return report.ID{}, refuseOption(name, "type", "%v", err)
	}
	return id, nil
}

// requiredID returns an option that must be given and be a GUID.
func (o options) requiredID(name string) (report.ID, error) {
	if _, err := o.required(name); err != nil {
		return report.ID{}, err
	}
	return o.guid(name)
}

// packages answers with every version of every package.
//
// Route: GET /api/Software/Packages.
func (s *server) packages(w http.ResponseWriter, c *call) error {
	return answerList(w, s.store.Packages(c.Context(), store.ListQuery{}))
}

// queryPackages answers with the packages that OData options select.
//
// Route: GET /api/gowats/v1/Software/Packages.
func (s *server) queryPackages(w http.ResponseWriter, c *call) error {
	o, err := parseOptions(c.URL.RawQuery)
	if err != nil {
		return err
	}
	q, none, err := o.list()
	if err != nil {
		return err
	}
	rows := s.store.Packages(c.Context(), q)
	if none {
		rows = errorsOnly(rows)
	}
	return answerList(w, rows)
}

// errorsOnly leaves the rows out: the query is to be right all the same.
func errorsOnly[T any](rows func(func(*T, error) bool)) func(func(*T, error) bool) {
	return func(yield func(*T, error) bool) {
		for _, err := range rows {
			if err != nil && !yield(nil, err) {
				return
			}
		}
	}
}

// packageByID answers with one package.
//
// Route: GET /api/Software/Package/{packageId}.
func (s *server) packageByID(w http.ResponseWriter, c *call) error {
	id, err := c.pathID("packageId")
	if err != nil {
		return err
	}
	p, err := s.store.Package(c.Context(), id)
	if err != nil {
		return err
	}
	return answerJSON(w, p)
}

// packageByName answers with the newest version of a package, of those with a status or a version when one is given.
//
// Route: GET /api/Software/PackageByName.
func (s *server) packageByName(w http.ResponseWriter, c *call) error {
	name, which, err := packageName(c)
	if err != nil {
		return err
	}
	p, err := s.store.PackageByName(c.Context(), name, which)
	if err != nil {
		return err
	}
	return answerJSON(w, p)
}

// packageName reads the options that name a version of a package.
func packageName(c *call) (name string, which wats.PackageSelect, err error) {
	o, err := readOptions(c)
	if err != nil {
		return "", which, err
	}
	name = collect(o, "name", options.required)
	which.Status = collect(o, "status", options.packageStatus)
	which.Version = o.number("version", 0, math.MaxInt32).Value
	return name, which, o.err()
}

// collect reads one option and keeps what is wrong with it, so that all that is wrong with a query is told.
func collect[T any](o *optionReader, name string, read func(options, string) (T, error)) T {
	v, err := read(o.options, name)
	var refused *refusal
	if errors.As(err, &refused) {
		o.found = append(o.found, refused.body.Errors...)
	}
	return v
}

// packageStatus returns an option that must be a status, by word or code; "" when it is not given.
func (o options) packageStatus(name string) (wats.PackageStatus, error) {
	text := o.text(name)
	if text == "" {
		return "", nil
	}
	status, err := wats.ParsePackageStatus(text)
	if err != nil {
		return "", refuseOption(name, "enum", "%v", err)
	}
	return status, nil
}

// packagesByTag answers with the packages with a tag.
//
// Route: GET /api/Software/PackagesByTag.
func (s *server) packagesByTag(w http.ResponseWriter, c *call) error {
	o, err := readOptions(c)
	if err != nil {
		return err
	}
	tag, status := collect(o, "tag", options.required), collect(o, "status", options.packageStatus)
	if err := o.err(); err != nil {
		return err
	}
	return answerList(w, s.store.PackagesByTag(c.Context(), tag, o.text("value"), status))
}

// createPackage makes a package in Draft, as the next version of its name. What the server gives is not taken from the body.
//
// Route: POST /api/Software/Package.
func (s *server) createPackage(w http.ResponseWriter, c *call) error {
	p, err := readJSON[wats.Package](s, w, c)
	if err != nil {
		return err
	}
	p.Status = ""
	if err := p.Validate().Err(); err != nil {
		return err
	}
	made, err := s.store.CreatePackage(c.Context(), &p, c.id.User)
	if err != nil {
		return err
	}
	return answerJSON(w, made)
}

// updatePackage changes the members of a package that the body has, and leaves those that are absent or null.
//
// Route: PUT /api/Software/Package/{packageId}.
func (s *server) updatePackage(w http.ResponseWriter, c *call) error {
	id, err := c.pathID("packageId")
	if err != nil {
		return err
	}
	body, free, err := s.bodies.read(w, c)
	if err != nil {
		return err
	}
	body = append([]byte(nil), body...) // the change may outlive this call
	free()
	saved, err := s.store.UpdatePackage(c.Context(), id, c.id.User, func(p *wats.Package) error {
		if err := decodeJSON(body, p); err != nil {
			return err
		}
		return p.Validate().Err()
	})
	if err != nil {
		return err
	}
	return answerJSON(w, saved)
}

// setPackageStatus moves a package to another status.
//
// Route: POST /api/Software/PackageStatus/{packageId}.
func (s *server) setPackageStatus(w http.ResponseWriter, c *call) error {
	id, err := c.pathID("packageId")
	if err != nil {
		return err
	}
	o, err := parseOptions(c.URL.RawQuery)
	if err != nil {
		return err
	}
	if _, err := o.required("status"); err != nil {
		return err
	}
	status, err := o.packageStatus("status")
	if err != nil {
		return err
	}
	if err := s.store.SetPackageStatus(c.Context(), id, status, c.id.User); err != nil {
		return err
	}
	return answerDone(w)
}

// deletePackage removes a package with its files.
//
// Route: DELETE /api/Software/Package/{packageId}.
func (s *server) deletePackage(w http.ResponseWriter, c *call) error {
	id, err := c.pathID("packageId")
	if err != nil {
		return err
	}
	if err := s.store.DeletePackage(c.Context(), id); err != nil {
		return err
	}
	return answerDone(w)
}

// deletePackageByName removes one version of a package, the newest when none is given.
//
// Route: DELETE /api/Software/PackageByName.
func (s *server) deletePackageByName(w http.ResponseWriter, c *call) error {
	name, which, err := packageName(c)
	if err != nil {
		return err
	}
	if err := s.store.DeletePackageByName(c.Context(), name, which.Version); err != nil {
		return err
	}
	return answerDone(w)
}

// packageFiles answers with the files of a package.
//
// Route: GET /api/Software/PackageFiles/{packageId}.
func (s *server) packageFiles(w http.ResponseWriter, c *call) error {
	id, err := c.pathID("packageId")
	if err != nil {
		return err
	}
	files, err := s.store.PackageFiles(c.Context(), id)
	if err != nil {
		return err
	}
	return answerJSON(w, files)
}

// setFileAttributes says how clients treat a file.
//
// Route: POST /api/Software/Package/FileAttribute/{fileId}.
func (s *server) setFileAttributes(w http.ResponseWriter, c *call) error {
	id, err := c.pathID("fileId")
	if err != nil {
		return err
	}
	update, err := readJSON[struct {
		Attributes report.Optional[string] `json:"attributes"`
	}](s, w, c)
	if err != nil {
		return err
	}
	if !update.Attributes.Present {
		return refuseAll(report.Findings{{Path: "$.attributes", Rule: "required", Message: "attributes is required"}})
	}
	if err := wats.ValidateFileAttributes(update.Attributes.Value).Err(); err != nil {
		return err
	}
	if err := s.store.SetFileAttributes(c.Context(), id, update.Attributes.Value, c.id.User); err != nil {
		return err
	}
	return answerDone(w)
}

// virtualFolders answers with the folders of the tree that packages are shown in.
//
// Route: GET /api/Software/VirtualFolders.
func (s *server) virtualFolders(w http.ResponseWriter, c *call) error {
	folders, err := s.store.VirtualFolders(c.Context())
	if err != nil {
		return err
	}
	return answerJSON(w, folders)
}

// setVirtualFolder makes a folder with those above it or, when the body has its ID, renames or moves it.
//
// Route: PUT /api/gowats/v1/Software/VirtualFolder.
func (s *server) setVirtualFolder(w http.ResponseWriter, c *call) error {
	f, err := readJSON[wats.VirtualFolder](s, w, c)
	if err != nil {
		return err
	}
	if f.Path = strings.Trim(f.Path, "/"); f.Path == "" {
		f.Path = f.Name
	}
	if err := f.Validate().Err(); err != nil {
		return err
	}
	saved, err := s.store.SetVirtualFolder(c.Context(), f)
	if err != nil {
		return err
	}
	return answerJSON(w, saved)
}

// deleteVirtualFolder removes a folder that is not in use.
//
// Route: DELETE /api/gowats/v1/Software/VirtualFolder/{folderId}.
func (s *server) deleteVirtualFolder(w http.ResponseWriter, c *call) error {
	id, err := c.pathID("folderId")
	if err != nil {
		return err
	}
	if err := s.store.DeleteVirtualFolder(c.Context(), id); err != nil {
		return err
	}
	return answerDone(w)
}
