package server

import (
	"encoding/hex"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/report"
)

const maxListed = 1000 // IDs or tags in one option

// answerResult answers a command of an internal route, where clients expect an object.
func answerResult(w http.ResponseWriter) error {
	return answerJSON(w, struct {
		Success bool `json:"success"`
	}{true})
}

// softwareConnected says that this server keeps packages.
//
// Route: GET /api/internal/Software/isConnected.
func (s *server) softwareConnected(w http.ResponseWriter, _ *call) error { return answerJSON(w, true) }

// softwareFile answers with what is known of a file.
//
// Route: GET /api/internal/Software/File/{fileId}.
func (s *server) softwareFile(w http.ResponseWriter, c *call) error {
	id, err := c.pathID("fileId")
	if err != nil {
		return err
	}
	f, err := s.store.SoftwareFile(c.Context(), id)
	if err != nil {
		return err
	}
	return answerJSON(w, f)
}

// checkSoftwareFile compares a file that a client has with the one that the package has.
//
// Route: GET /api/internal/Software/CheckFile.
func (s *server) checkSoftwareFile(w http.ResponseWriter, c *call) error {
	o, err := readOptions(c)
	if err != nil {
		return err
	}
	check := wats.FileCheck{
		PackageID: collect(o, "packageId", options.requiredID), FolderID: collect(o, "parentFolderId", options.guid),
		Path: collect(o, "filePath", options.required), Checksum: collect(o, "checksum", options.checksum), Modified: collect(o, "fileDateEpoch", options.unixTime),
	}
	if err := o.err(); err != nil {
		return err
	}
	result, err := s.store.CheckSoftwareFile(c.Context(), check)
	if err != nil {
		return err
	}
	return answerJSON(w, result)
}

// checksum returns an option that must be the digits of a checksum.
func (o options) checksum(name string) (string, error) {
	text := o.text(name)
	_, err := hex.DecodeString(text)
	if n := len(text); err != nil || n != 0 && n != 32 && n != 40 && n != 64 {
		return "", refuseOption(name, "type", "must be the hexadecimal digits of an MD5 (32), SHA-1 (40) or SHA-256 (64), is %q", shorten(text))
	}
	return text, nil
}

// unixTime returns an option that must be a time in seconds since 1970; the zero Time when it is not given.
func (o options) unixTime(name string) (time.Time, error) {
	text := o.text(name)
	if text == "" {
		return time.Time{}, nil
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, refuseOption(name, "type", "must be a Unix time in seconds, is %q", shorten(text))
	}
	return time.Unix(seconds, 0), nil
}

// createPackageFolder makes a folder in a package.
//
// Route: POST /api/internal/Software/PostPackageFolder.
func (s *server) createPackageFolder(w http.ResponseWriter, c *call) error {
	o, err := parseOptions(c.URL.RawQuery)
	if err != nil {
		return err
	}
	id, err := o.requiredID("packageId")
	if err != nil {
		return err
	}
	folder, err := readJSON[wats.SoftwareEntity](s, w, c)
	if err != nil {
		return err
	}
	made, err := s.store.CreatePackageFolder(c.Context(), id, folder, c.id.User)
	if err != nil {
		return err
	}
	return answerJSON(w, made)
}

// updatePackageFolder renames or moves a folder in a package.
//
// Route: POST /api/internal/Software/UpdatePackageFolder.
func (s *server) updatePackageFolder(w http.ResponseWriter, c *call) error {
	folder, err := readJSON[wats.SoftwareEntity](s, w, c)
	if err != nil {
		return err
	}
	if folder.ID.IsZero() {
		return refuseAll(report.Findings{{Path: "$.id", Rule: "required", Message: "id is required: that of the folder"}})
	}
	moved, err := s.store.UpdatePackageFolder(c.Context(), folder, c.id.User)
	if err != nil {
		return err
	}
	return answerJSON(w, moved)
}

// deletePackageFolder removes a folder with all that is in it.
//
// Route: POST /api/internal/Software/DeletePackageFolder.
func (s *server) deletePackageFolder(w http.ResponseWriter, c *call) error {
	o, err := parseOptions(c.URL.RawQuery)
	if err != nil {
		return err
	}
	id, err := o.requiredID("packageFolderId")
	if err != nil {
		return err
	}
	if err := s.store.DeletePackageFolder(c.Context(), id, c.id.User); err != nil {
		return err
	}
	return answerResult(w)
}

// deletePackageFiles removes files, all or none.
//
// Route: POST /api/internal/Software/DeletePackageFolderFiles.
func (s *server) deletePackageFiles(w http.ResponseWriter, c *call) error {
	o, err := parseOptions(c.URL.RawQuery)
	if err != nil {
		return err
	}
	ids, err := o.ids("packageFolderFileIds")
	if err != nil {
		return err
	}
	if err := s.store.DeletePackageFiles(c.Context(), ids, c.id.User); err != nil {
		return err
	}
	return answerResult(w)
}

// ids returns an option that must hold GUIDs, joined by commas. Every wrong one is told. One that is there twice counts once.
func (o options) ids(name string) ([]report.ID, error) {
	text, err := o.required(name)
	if err != nil {
		return nil, err
	}
	var ids []report.ID
	var found report.Findings
	seen := map[report.ID]bool{}
	for part := range strings.SplitSeq(text, ",") {
		id, err := report.ParseID(strings.TrimSpace(part))
		switch {
		case err != nil:
			found = append(found, report.Finding{Path: name, Rule: "type", Message: err.Error()})
		case !seen[id]:
			seen[id] = true
			ids = append(ids, id)
		}
		if len(ids)+len(found) > maxListed {
			return nil, refuseOption(name, "length", "holds more than %d IDs", maxListed)
		}
	}
	if len(found) > 0 {
		return nil, refuseAll(found)
	}
	return ids, nil
}

// packageHistory answers with the packages that have all of the tags: each is a key, or key=value.
//
// Unverified: how a WATS server takes the tags; a recording would tell.
//
// Route: GET /api/internal/Software/GetPackageHistory.
func (s *server) packageHistory(w http.ResponseWriter, c *call) error {
	o, err := readOptions(c)
	if err != nil {
		return err
	}
	tags, status, all := collect(o, "tags", options.packageTags), collect(o, "status", options.packageStatus), collect(o, "allVersions", options.boolean)
	if err := o.err(); err != nil {
		return err
	}
	return answerList(w, s.store.PackagesWithTags(c.Context(), tags, status, all.Value))
}

// packageTags returns an option that must hold tags.
func (o options) packageTags(name string) ([]store.PackageTagQuery, error) {
	text, err := o.required(name)
	if err != nil {
		return nil, err
	}
	const most = 20
	var tags []store.PackageTagQuery
	for part := range strings.SplitSeq(text, ",") {
		key, value, hasValue := strings.Cut(strings.TrimSpace(part), "=")
		tag := store.PackageTagQuery{Key: strings.TrimSpace(key)}
		if hasValue {
			tag.Value = report.Some(strings.TrimSpace(value))
		}
		if tag.Key == "" || len(tags) == most {
			return nil, refuseOption(name, "length", "must be 1 to %d tags, each with a key: key or key=value, joined by commas", most)
		}
		tags = append(tags, tag)
	}
	return tags, nil
}

// packageDownloads answers with what a client has downloaded. A client is an account, by its number.
//
// Route: GET /api/internal/Software/GetPackageDownloadHistory.
func (s *server) packageDownloads(w http.ResponseWriter, c *call) error {
	o, err := parseOptions(c.URL.RawQuery)
	if err != nil {
		return err
	}
	if _, err := o.required("clientId"); err != nil {
		return err
	}
	client, err := o.integer("clientId", math.MaxInt32)
	if err != nil {
		return err
	}
	downloads, err := s.store.PackageDownloads(c.Context(), client.Value)
	if err != nil {
		return err
	}
	return answerJSON(w, downloads)
}

// revokedPackages answers with those of the installed packages that are to be removed.
//
// Unverified: includeRevokedOnly=false also gives those that are not there any more.
//
// Route: GET /api/internal/Software/GetRevokedPackages.
func (s *server) revokedPackages(w http.ResponseWriter, c *call) error {
	o, err := readOptions(c)
	if err != nil {
		return err
	}
	ids, only := collect(o, "installedPackages", options.ids), collect(o, "includeRevokedOnly", options.boolean)
	if err := o.err(); err != nil {
		return err
	}
	revoked, err := s.store.RevokedPackages(c.Context(), ids, only.Value)
	if err != nil {
		return err
	}
	return answerJSON(w, revoked)
}

// availablePackages answers with newer versions of the installed packages.
//
// Route: GET /api/internal/Software/GetAvailablePackages.
func (s *server) availablePackages(w http.ResponseWriter, c *call) error {
	o, err := parseOptions(c.URL.RawQuery)
	if err != nil {
		return err
	}
	ids, err := o.ids("installedPackages")
	if err != nil {
		return err
	}
	packages, err := s.store.AvailablePackages(c.Context(), ids)
	if err != nil {
		return err
	}
	return answerJSON(w, packages)
}

// softwareDetails answers with what is known of a package.
//
// Route: GET /api/internal/Software/GetSoftwareEntityDetails.
func (s *server) softwareDetails(w http.ResponseWriter, c *call) error {
	o, err := parseOptions(c.URL.RawQuery)
	if err != nil {
		return err
	}
	id, err := o.requiredID("packageId")
	if err != nil {
		return err
	}
	e, err := s.store.SoftwareDetails(c.Context(), id)
	if err != nil {
		return err
	}
	return answerJSON(w, e)
}

// logPackageDownload notes a download that a client tells of. It is a GET with an effect.
//
// Route: GET /api/internal/Software/Log.
func (s *server) logPackageDownload(w http.ResponseWriter, c *call) error {
	o, err := readOptions(c)
	if err != nil {
		return err
	}
	id, size := collect(o, "packageId", options.requiredID), collect(o, "downloadSize", options.size)
	if err := o.err(); err != nil {
		return err
	}
	if c.Method == http.MethodHead { // is answered like GET, but asks only
		return answerResult(w)
	}
	if err := s.store.LogPackageDownload(c.Context(), id, size, c.id.User); err != nil {
		return err
	}
	return answerResult(w)
}

// size returns an option that must be given and be a number of bytes.
func (o options) size(name string) (int64, error) {
	text, err := o.required(name)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, refuseOption(name, "range", "must be a number of bytes, 0 or more, is %q", shorten(text))
	}
	return n, nil
}
