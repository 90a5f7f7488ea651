package contract_test

import (
	"archive/zip"
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

// fileTime is that of all files in test archives.
var fileTime = time.Date(2026, 11, 20, 8, 30, 12, 0, time.UTC)

// zipOf returns an archive of names and contents, in this order; a name that ends with a slash is a folder.
func zipOf(t testing.TB, pairs ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(pairs); i += 2 {
		w, err := z.CreateHeader(&zip.FileHeader{Name: pairs[i], Method: zip.Deflate, Modified: fileTime})
		if err == nil {
			_, err = io.WriteString(w, pairs[i+1])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// unzip returns the files of an archive by name, folders with their slash.
func unzip(t testing.TB, archive []byte) map[string]string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		all[f.Name] = string(data)
		if !strings.HasSuffix(f.Name, "/") && !f.Modified.Equal(fileTime) {
			t.Errorf("%s was modified %v, want %v", f.Name, f.Modified, fileTime)
		}
	}
	return all
}

func createPackage(t *testing.T, c *wats.Client, p wats.Package) *wats.Package {
	t.Helper()
	made, err := c.Software.Create(t.Context(), &p)
	if err != nil {
		t.Fatalf("create package %q: %v", p.Name, err)
	}
	return made
}

func uploadZip(t *testing.T, c *wats.Client, id report.ID, clean bool, pairs ...string) []byte {
	t.Helper()
	archive := zipOf(t, pairs...)
	if err := c.Software.UploadZip(t.Context(), id, bytes.NewReader(archive), int64(len(archive)), wats.UploadOptions{Clean: clean}); err != nil {
		t.Fatal(err)
	}
	return archive
}

func setStatus(t *testing.T, c *wats.Client, id report.ID, statuses ...wats.PackageStatus) {
	t.Helper()
	for _, status := range statuses {
		if err := c.Software.SetStatus(t.Context(), id, status); err != nil {
			t.Fatalf("set status %s: %v", status, err)
		}
	}
}

func TestPackagesAreKeptAndVersioned(t *testing.T) {
	c := startServer(t).client(t)
	if all, err := c.Software.List(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("List of nothing: got %v, %v", all, err)
	}
	given := wats.Package{
		Name: "ICT tests", Description: "for line 4", InstallOnRoot: true, RootDirectory: `C:\Tests`, Priority: 3,
		Tags: []wats.PackageTag{{Key: "Line", Value: "4"}, {Key: "Product", Value: "PCBA-1"}},
	}
	first := createPackage(t, c, given)
	second := createPackage(t, c, wats.Package{Name: "ict TESTS", Tags: []wats.PackageTag{{Key: "line", Value: "4"}}})
	if first.Version != 1 || second.Version != 2 || first.Status != wats.PackageDraft || first.CreatedBy != user || first.CreatedUTC.IsZero() {
		t.Errorf("created: got versions %d and %d, status %s by %q at %v; want 1 and 2, Draft", first.Version, second.Version, first.Status, first.CreatedBy, first.CreatedUTC)
	}
	want := given
	want.ID, want.Version, want.Status, want.CreatedBy, want.ModifiedBy = first.ID, 1, wats.PackageDraft, user, user
	want.CreatedUTC, want.ModifiedUTC, want.FileCount, want.RowVersion = first.CreatedUTC, first.ModifiedUTC, report.Some(0), report.Some(1)
	got, err := c.Software.Get(t.Context(), first.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&want, got); diff != "" {
		t.Errorf("Get (-want +got):\n%s", diff)
	}
	all, err := c.Software.List(t.Context())
	if err != nil || len(all) != 2 {
		t.Errorf("List: got %d packages, %v; want 2", len(all), err)
	}
	newest, err := c.Software.GetByName(t.Context(), "ICT TESTS", wats.PackageSelect{})
	if err != nil || newest.ID != second.ID {
		t.Errorf("GetByName: got %+v, %v; want version 2", newest, err)
	}
	old, err := c.Software.GetByName(t.Context(), "ICT tests", wats.PackageSelect{Version: 1, Status: wats.PackageDraft})
	if err != nil || old.ID != first.ID {
		t.Errorf("GetByName of version 1: got %+v, %v", old, err)
	}
	if _, err := c.Software.GetByName(t.Context(), "ICT tests", wats.PackageSelect{Status: wats.PackageReleased}); !errors.Is(err, wats.ErrNotFound) {
		t.Errorf("GetByName of a released one: got %v, want ErrNotFound", err)
	}
	tagged, err := c.Software.ListByTag(t.Context(), "LINE", "4", "")
	if err != nil || len(tagged) != 2 {
		t.Errorf("ListByTag: got %d packages, %v; want 2", len(tagged), err)
	}
	if tagged, err = c.Software.ListByTag(t.Context(), "Product", "PCBA-1", wats.PackageDraft); err != nil || len(tagged) != 1 {
		t.Errorf("ListByTag with status: got %d packages, %v; want 1", len(tagged), err)
	}
	if err := c.Software.DeleteByName(t.Context(), "ICT tests", 0); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Software.Get(t.Context(), second.ID); !errors.Is(err, wats.ErrNotFound) {
		t.Errorf("Get of a deleted package: got %v, want ErrNotFound", err)
	}
	if err := c.Software.Delete(t.Context(), first.ID); err != nil {
		t.Fatal(err)
	}
	if err := c.Software.DeleteByName(t.Context(), "ICT tests", 1); !errors.Is(err, wats.ErrNotFound) {
		t.Errorf("DeleteByName of what is gone: got %v, want ErrNotFound", err)
	}
}

func TestPackageUpdateKeepsToTheStatus(t *testing.T) {
	b := startServer(t)
	c := b.client(t)
	p := createPackage(t, c, wats.Package{Name: "A", Description: "one", Tags: []wats.PackageTag{{Key: "k", Value: "1"}}})
	p.Description, p.Priority = "", 7
	p.Tags = nil
	saved, err := c.Software.Update(t.Context(), p)
	if err != nil || saved.Description != "" || saved.Priority != 7 || len(saved.Tags) != 1 || saved.RowVersion != report.Some(2) {
		t.Fatalf("Update in Draft: got %+v, %v; want no description, priority 7, the tag, row version 2", saved, err)
	}
	if _, err := c.Software.Update(t.Context(), p); !errors.Is(err, wats.ErrConflict) {
		t.Errorf("Update with a stale row version: got %v, want ErrConflict", err)
	}
	if status := b.put(t, "/api/Software/Package/"+p.ID.String(), `{"name":"A","tags":[]}`); status != http.StatusOK {
		t.Errorf("PUT of a fragment: got %d", status)
	}
	got, err := c.Software.Get(t.Context(), p.ID)
	if err != nil || got.Priority != 7 || len(got.Tags) != 0 {
		t.Errorf("after a fragment with no tags: got %+v, %v; want priority 7 and no tags", got, err)
	}
	got.Status = wats.PackageReleased
	if _, err := c.Software.Update(t.Context(), got); !slices.Equal(violations(err), []string{"$.status readonly"}) {
		t.Errorf("Update of the status: got %v, want it named", err)
	}
	setStatus(t, c, p.ID, wats.PackagePending)
	if got, err = c.Software.Get(t.Context(), p.ID); err != nil {
		t.Fatal(err)
	}
	got.Tags = []wats.PackageTag{{Key: "new", Value: "tag"}}
	if got, err = c.Software.Update(t.Context(), got); err != nil || len(got.Tags) != 1 {
		t.Errorf("Update of tags in Pending: got %+v, %v", got, err)
	}
	got.Description, got.Name = "other", "B"
	if _, err := c.Software.Update(t.Context(), got); !errors.Is(err, wats.ErrConflict) || !strings.Contains(err.Error(), "description, name") {
		t.Errorf("Update of more in Pending: got %v, want ErrConflict that names both members", err)
	}
	if err := c.Software.Delete(t.Context(), p.ID); !errors.Is(err, wats.ErrConflict) {
		t.Errorf("Delete in Pending: got %v, want ErrConflict", err)
	}
}

func TestPackageStatusFlow(t *testing.T) {
	c := startServer(t).client(t)
	all := []wats.PackageStatus{wats.PackageDraft, wats.PackagePending, wats.PackageReleased, wats.PackageRevoked}
	allowed := map[wats.PackageStatus][]wats.PackageStatus{
		wats.PackageDraft:    {wats.PackageDraft, wats.PackagePending},
		wats.PackagePending:  {wats.PackagePending, wats.PackageDraft, wats.PackageReleased},
		wats.PackageReleased: {wats.PackageReleased, wats.PackageRevoked},
		wats.PackageRevoked:  {wats.PackageRevoked},
	}
	for i, from := range all {
		for _, to := range all {
			p := createPackage(t, c, wats.Package{Name: string(from + to)})
			setStatus(t, c, p.ID, all[:i+1]...)
			err := c.Software.SetStatus(t.Context(), p.ID, to)
			if may := slices.Contains(allowed[from], to); may != (err == nil) || !may && !errors.Is(err, wats.ErrConflict) {
				t.Errorf("from %s to %s: got %v, want allowed %v", from, to, err, may)
			}
			want := from
			if err == nil {
				want = to
			}
			if got, err := c.Software.Get(t.Context(), p.ID); err != nil || got.Status != want {
				t.Errorf("after %s to %s: got %v, %v", from, to, got, err)
			}
			if err := c.Software.Delete(t.Context(), p.ID); (err == nil) != (want == wats.PackageDraft || want == wats.PackageRevoked) {
				t.Errorf("Delete in %s: got %v", want, err)
			}
		}
	}
}

func TestPackageFilesComeOutOfTheZip(t *testing.T) {
	c := startServer(t).client(t)
	p := createPackage(t, c, wats.Package{Name: "files"})
	var told int64
	archive := zipOf(t, "bin/", "", "bin/flash.exe", strings.Repeat("code", 1000), "kept.txt", "kept", "readme.txt", "hello")
	if err := c.Software.UploadZip(t.Context(), p.ID, bytes.NewReader(archive), int64(len(archive)), wats.UploadOptions{
		Progress: func(done, _ int64) { told = done },
	}); err != nil || told != int64(len(archive)) {
		t.Fatalf("UploadZip: got %v, progress told %d of %d bytes", err, told, len(archive))
	}
	files, err := c.Software.Files(t.Context(), p.ID)
	if err != nil || len(files) != 3 {
		t.Fatalf("Files: got %+v, %v; want three", files, err)
	}
	content := strings.Repeat("code", 1000)
	sha1Sum, sha256Sum := sha1.Sum([]byte(content)), sha256.Sum256([]byte(content))
	want := wats.PackageFile{
		ID: files[0].ID, Name: "flash.exe", Path: "bin/flash.exe", Size: 4000, CreatedUTC: files[0].CreatedUTC, ModifiedUTC: wats.Time{Time: fileTime},
		Checksum: hex.EncodeToString(sha1Sum[:]), SHA256: hex.EncodeToString(sha256Sum[:]),
	}
	if diff := cmp.Diff(want, files[0]); diff != "" {
		t.Errorf("first file (-want +got):\n%s", diff)
	}
	var back bytes.Buffer
	info, err := c.Software.Download(t.Context(), p.ID, &back, nil)
	if err != nil || !bytes.Equal(back.Bytes(), archive) || info.Size != int64(len(archive)) {
		t.Errorf("Download: got %d bytes, %v; want the %d that were uploaded", back.Len(), err, len(archive))
	}
	var one bytes.Buffer
	if info, err := c.Software.DownloadFile(t.Context(), files[0].ID, &one, nil); err != nil || one.String() != content || info.SHA256 != want.SHA256 {
		t.Errorf("DownloadFile: got %d bytes, %+v, %v", one.Len(), info, err)
	}
	if err := c.Software.SetFileAttributes(t.Context(), files[0].ID, wats.FileExecuteOnce); err != nil {
		t.Fatal(err)
	}
	entity, err := c.Software.File(t.Context(), files[0].ID)
	if err != nil || entity.Attributes != wats.FileExecuteOnce || entity.PackageID != p.ID || entity.Kind != wats.EntityFile {
		t.Errorf("File: got %+v, %v", entity, err)
	}

	uploadZip(t, c, p.ID, false, "readme.txt", "hello again", "Docs/manual.txt", "read me", "bin/Flash.EXE", "new code")
	after, err := c.Software.Files(t.Context(), p.ID)
	if err != nil || len(after) != 4 || after[0].ID != files[0].ID || after[0].Attributes != wats.FileExecuteOnce || after[0].Path != "bin/Flash.EXE" {
		t.Errorf("Files after another zip: got %+v, %v; want four, the first with its ID and attributes", after, err)
	}
	back.Reset()
	if _, err := c.Software.Download(t.Context(), p.ID, &back, nil); err != nil {
		t.Fatal(err)
	}
	wantFiles := map[string]string{"bin/": "", "Docs/": "", "bin/Flash.EXE": "new code", "Docs/manual.txt": "read me", "kept.txt": "kept", "readme.txt": "hello again"}
	if diff := cmp.Diff(wantFiles, unzip(t, back.Bytes())); diff != "" {
		t.Errorf("Download after another zip (-want +got):\n%s", diff)
	}
	one.Reset()
	if _, err := c.Software.DownloadFile(t.Context(), files[0].ID, &one, nil); err != nil || one.String() != "new code" {
		t.Errorf("DownloadFile after another zip: got %q, %v", one.String(), err)
	}
	uploadZip(t, c, p.ID, true, "only.txt", "x")
	if files, err = c.Software.Files(t.Context(), p.ID); err != nil || len(files) != 1 || files[0].Path != "only.txt" {
		t.Errorf("Files after a clean upload: got %+v, %v", files, err)
	}
	setStatus(t, c, p.ID, wats.PackagePending)
	small := zipOf(t, "a", "b")
	if err := c.Software.UploadZip(t.Context(), p.ID, bytes.NewReader(small), int64(len(small)), wats.UploadOptions{}); !errors.Is(err, wats.ErrConflict) {
		t.Errorf("UploadZip in Pending: got %v, want ErrConflict", err)
	}
	if err := c.Software.SetFileAttributes(t.Context(), files[0].ID, "x"); !errors.Is(err, wats.ErrConflict) {
		t.Errorf("SetFileAttributes in Pending: got %v, want ErrConflict", err)
	}
}

func TestPackageFolders(t *testing.T) {
	c := startServer(t).client(t)
	p := createPackage(t, c, wats.Package{Name: "folders"})
	uploadZip(t, c, p.ID, true, "a/b/one.txt", "1", "a/two.txt", "2", "three.txt", "3")
	made, err := c.Software.CreateFolder(t.Context(), p.ID, &wats.SoftwareEntity{Path: "a/new/deep"})
	if err != nil || made.Path != "a/new/deep" || made.Name != "deep" || made.Kind != wats.EntityFolder {
		t.Fatalf("CreateFolder: got %+v, %v", made, err)
	}
	again, err := c.Software.CreateFolder(t.Context(), p.ID, &wats.SoftwareEntity{ParentID: made.ParentID, Name: "DEEP"})
	if err != nil || again.ID != made.ID {
		t.Errorf("CreateFolder of what is there: got %+v, %v; want the same", again, err)
	}
	top, err := c.Software.CreateFolder(t.Context(), p.ID, &wats.SoftwareEntity{Name: "a"})
	if err != nil {
		t.Fatal(err)
	}
	top.Name = "renamed"
	moved, err := c.Software.UpdateFolder(t.Context(), top)
	if err != nil || moved.ID != top.ID || moved.Path != "renamed" {
		t.Errorf("UpdateFolder: got %+v, %v", moved, err)
	}
	var back bytes.Buffer
	if _, err := c.Software.Download(t.Context(), p.ID, &back, nil); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"renamed/": "", "renamed/b/": "", "renamed/new/": "", "renamed/new/deep/": "", "renamed/b/one.txt": "1", "renamed/two.txt": "2", "three.txt": "3"}
	if diff := cmp.Diff(want, unzip(t, back.Bytes())); diff != "" {
		t.Errorf("after renaming (-want +got):\n%s", diff)
	}
	if _, err := c.Software.UpdateFolder(t.Context(), &wats.SoftwareEntity{ID: moved.ID, Path: "renamed/b/x"}); !errors.Is(err, wats.ErrConflict) {
		t.Errorf("UpdateFolder into itself: got %v, want ErrConflict", err)
	}
	if _, err := c.Software.UpdateFolder(t.Context(), &wats.SoftwareEntity{ID: made.ID, Path: "three.txt"}); !errors.Is(err, wats.ErrConflict) {
		t.Errorf("UpdateFolder onto a file: got %v, want ErrConflict", err)
	}
	if _, err := c.Software.CreateFolder(t.Context(), p.ID, &wats.SoftwareEntity{Path: "../x"}); !slices.Equal(violations(err), []string{"$.path path"}) {
		t.Errorf("CreateFolder outside: got %v, want the path named", err)
	}
	details, err := c.Software.Details(t.Context(), p.ID)
	if err != nil || details.FileCount != 3 || details.FolderCount != 4 || details.Size != 3 || details.Kind != wats.EntityPackage {
		t.Errorf("Details: got %+v, %v; want 3 files of 3 bytes, 4 folders", details, err)
	}
	files, err := c.Software.Files(t.Context(), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Software.DeleteFiles(t.Context(), files[0].ID, report.NewID()); !errors.Is(err, wats.ErrNotFound) {
		t.Errorf("DeleteFiles with one that is not there: got %v, want ErrNotFound", err)
	}
	if left, err := c.Software.Files(t.Context(), p.ID); err != nil || len(left) != 3 {
		t.Errorf("after a DeleteFiles that failed: %d files, %v; want 3", len(left), err)
	}
	if err := c.Software.DeleteFiles(t.Context(), files[0].ID); err != nil {
		t.Fatal(err)
	}
	if err := c.Software.DeleteFolder(t.Context(), moved.ID); err != nil {
		t.Fatal(err)
	}
	left, err := c.Software.Files(t.Context(), p.ID)
	if err != nil || len(left) != 1 || left[0].Path != "three.txt" {
		t.Errorf("after DeleteFolder: got %+v, %v; want three.txt", left, err)
	}
}

func TestPackageHistoryAndDownloads(t *testing.T) {
	c := startServer(t).client(t)
	if is, err := c.Software.IsConnected(t.Context()); err != nil || !is {
		t.Errorf("IsConnected: got %v, %v", is, err)
	}
	tags := []wats.PackageTag{{Key: "Line", Value: "4"}}
	var v [4]*wats.Package
	for i := range v {
		v[i] = createPackage(t, c, wats.Package{Name: "tool", Tags: tags})
	}
	setStatus(t, c, v[0].ID, wats.PackagePending, wats.PackageReleased, wats.PackageRevoked)
	setStatus(t, c, v[1].ID, wats.PackagePending, wats.PackageReleased)
	setStatus(t, c, v[2].ID, wats.PackagePending, wats.PackageReleased)
	for name, tc := range map[string]struct {
		query wats.PackageHistoryQuery
		want  []int
	}{
		"the newest":             {wats.PackageHistoryQuery{Tags: []string{"line"}}, []int{4}},
		"the newest released":    {wats.PackageHistoryQuery{Tags: []string{"Line=4"}, Status: wats.PackageReleased}, []int{3}},
		"all released":           {wats.PackageHistoryQuery{Tags: []string{"Line=4"}, Status: wats.PackageReleased, AllVersions: true}, []int{2, 3}},
		"all":                    {wats.PackageHistoryQuery{Tags: []string{"Line"}, AllVersions: true}, []int{1, 2, 3, 4}},
		"another value":          {wats.PackageHistoryQuery{Tags: []string{"Line=5"}}, nil},
		"one tag of two missing": {wats.PackageHistoryQuery{Tags: []string{"Line", "Area"}}, nil},
	} {
		var got []int
		packages, err := c.Software.History(t.Context(), tc.query)
		for _, p := range packages {
			got = append(got, p.Version)
		}
		if err != nil || !slices.Equal(got, tc.want) {
			t.Errorf("History, %s: got versions %v, %v; want %v", name, got, err, tc.want)
		}
	}
	unknown := report.NewID()
	installed := []report.ID{v[0].ID, v[1].ID, unknown}
	if got, err := c.Software.Revoked(t.Context(), installed, true); err != nil || !slices.Equal(got, installed[:1]) {
		t.Errorf("Revoked only: got %v, %v; want the first", got, err)
	}
	if got, err := c.Software.Revoked(t.Context(), installed, false); err != nil || !slices.Equal(got, []report.ID{v[0].ID, unknown}) {
		t.Errorf("Revoked: got %v, %v; want the first and the unknown", got, err)
	}
	if got, err := c.Software.Available(t.Context(), []report.ID{v[0].ID, v[1].ID}); err != nil || len(got) != 1 || got[0].Version != 3 {
		t.Errorf("Available: got %+v, %v; want version 3 once", got, err)
	}
	if got, err := c.Software.Available(t.Context(), []report.ID{v[2].ID}); err != nil || len(got) != 0 {
		t.Errorf("Available of the newest: got %+v, %v; want none", got, err)
	}
	if err := c.Software.LogDownload(t.Context(), v[1].ID, 1234); err != nil {
		t.Fatal(err)
	}
	history, err := c.Software.DownloadHistory(t.Context(), 1)
	if err != nil || len(history) != 1 || history[0].PackageID != v[1].ID || history[0].Size != 1234 || history[0].User != user || history[0].Version != 2 {
		t.Errorf("DownloadHistory: got %+v, %v", history, err)
	}
}

func TestCheckFile(t *testing.T) {
	c := startServer(t).client(t)
	p := createPackage(t, c, wats.Package{Name: "check"})
	uploadZip(t, c, p.ID, true, "bin/tool.exe", "content")
	folder, err := c.Software.CreateFolder(t.Context(), p.ID, &wats.SoftwareEntity{Path: "bin"})
	if err != nil {
		t.Fatal(err)
	}
	md5Sum, sha1Sum := md5.Sum([]byte("content")), sha1.Sum([]byte("content"))
	for name, tc := range map[string]struct {
		check wats.FileCheck
		want  wats.FileCheckResult
	}{
		"the same by MD5":     {wats.FileCheck{Path: "bin/tool.exe", Checksum: hex.EncodeToString(md5Sum[:]), Modified: fileTime}, wats.FileCheckResult{Exists: true, SameContent: true, SameDate: true}},
		"the same by SHA-1":   {wats.FileCheck{Path: "bin/tool.exe", Checksum: strings.ToUpper(hex.EncodeToString(sha1Sum[:])), Modified: fileTime}, wats.FileCheckResult{Exists: true, SameContent: true, SameDate: true}},
		"in a folder":         {wats.FileCheck{FolderID: folder.ID, Path: "TOOL.exe", Checksum: hex.EncodeToString(md5Sum[:])}, wats.FileCheckResult{Exists: true, SameContent: true}},
		"another content":     {wats.FileCheck{Path: "bin/tool.exe", Checksum: strings.Repeat("0", 40), Modified: fileTime}, wats.FileCheckResult{Exists: true, SameDate: true}},
		"no such file at all": {wats.FileCheck{Path: "bin/other.exe", Checksum: strings.Repeat("0", 40)}, wats.FileCheckResult{}},
	} {
		tc.check.PackageID = p.ID
		got, err := c.Software.CheckFile(t.Context(), tc.check)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got.FileID = report.ID{}
		if diff := cmp.Diff(&tc.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if _, err := c.Software.CheckFile(t.Context(), wats.FileCheck{PackageID: p.ID, Path: "x", Checksum: "xyz"}); !errors.Is(err, wats.ErrInvalid) {
		t.Errorf("CheckFile with a bad checksum: got %v, want ErrInvalid", err)
	}
}

func TestVirtualFolders(t *testing.T) {
	c := startServer(t).client(t)
	line, err := c.Software.SetVirtualFolder(t.Context(), &wats.VirtualFolder{Path: "Oslo/Line 4", Description: "ICT"})
	if err != nil || line.Name != "Line 4" {
		t.Fatalf("SetVirtualFolder: got %+v, %v", line, err)
	}
	p := createPackage(t, c, wats.Package{Name: "x", FolderID: line.ID})
	if _, err := c.Software.Create(t.Context(), &wats.Package{Name: "y", FolderID: report.NewID()}); !slices.Equal(violations(err), []string{"$.virtualFolderId reference"}) {
		t.Errorf("Create in a folder that is not there: got %v", err)
	}
	all, err := c.Software.VirtualFolders(t.Context())
	if err != nil || len(all) != 2 || all[0].Path != "Oslo" || all[1].Path != "Oslo/Line 4" || all[1].Description != "ICT" {
		t.Fatalf("VirtualFolders: got %+v, %v", all, err)
	}
	all[0].Path = "Bergen"
	if _, err := c.Software.SetVirtualFolder(t.Context(), &all[0]); err != nil {
		t.Fatal(err)
	}
	if all, err = c.Software.VirtualFolders(t.Context()); err != nil || len(all) != 2 || all[1].Path != "Bergen/Line 4" {
		t.Errorf("VirtualFolders after renaming the upper one: got %+v, %v", all, err)
	}
	for name, id := range map[string]report.ID{"with a package": line.ID, "with a folder": all[0].ID} {
		if err := c.Software.DeleteVirtualFolder(t.Context(), id); !errors.Is(err, wats.ErrConflict) {
			t.Errorf("DeleteVirtualFolder %s: got %v, want ErrConflict", name, err)
		}
	}
	if err := c.Software.Delete(t.Context(), p.ID); err != nil {
		t.Fatal(err)
	}
	for _, id := range []report.ID{line.ID, all[0].ID} {
		if err := c.Software.DeleteVirtualFolder(t.Context(), id); err != nil {
			t.Error(err)
		}
	}
}

func TestQueryPackages(t *testing.T) {
	c := startServer(t).client(t)
	for i := range 5 {
		p := createPackage(t, c, wats.Package{Name: fmt.Sprintf("P%d", i), Priority: i, Tags: []wats.PackageTag{{Key: "Line", Value: fmt.Sprint(i % 2)}}})
		if i == 3 {
			setStatus(t, c, p.ID, wats.PackagePending)
		}
	}
	for filter, want := range map[string][]string{
		"":                    {"P0", "P1", "P2", "P3", "P4"},
		"priority ge 3":       {"P3", "P4"},
		"status eq 'Pending'": {"P3"},
		"tags/any(t: t/key eq 'Line' and t/value eq '1')": {"P1", "P3"},
	} {
		var got []string
		for p, err := range c.Software.Query(t.Context(), wats.PackageQuery{Filter: filter}) {
			if err != nil {
				t.Fatalf("%s: %v", filter, err)
			}
			got = append(got, p.Name)
		}
		if !slices.Equal(got, want) {
			t.Errorf("Query %q: got %v, want %v", filter, got, want)
		}
	}
	for _, err := range c.Software.Query(t.Context(), wats.PackageQuery{Filter: "prioritee eq 3", Top: 1}) {
		if !errors.Is(err, wats.ErrInvalid) {
			t.Errorf("Query by an unknown name: got %v, want ErrInvalid", err)
		}
	}
}

func TestSoftwareQueriesNameAllThatIsWrong(t *testing.T) {
	b := startServer(t)
	for path, want := range map[string][]string{
		"/api/Software/PackageByName?status=over&version=x":                                            {"name required", "status enum", "version range"},
		"/api/Software/PackagesByTag?status=9":                                                         {"tag required", "status enum"},
		"/api/internal/Software/CheckFile?packageId=x&parentFolderId=y&checksum=zz&fileDateEpoch=soon": {"packageId type", "parentFolderId type", "filePath required", "checksum type", "fileDateEpoch type"},
		"/api/internal/Software/GetPackageHistory?tags=,&status=4&allVersions=maybe":                   {"tags length", "status enum", "allVersions type"},
		"/api/internal/Software/GetRevokedPackages?installedPackages=a,b&includeRevokedOnly=1":         {"installedPackages type", "installedPackages type", "includeRevokedOnly type"},
		"/api/internal/Software/GetAvailablePackages":                                                  {"installedPackages required"},
		"/api/internal/Software/GetPackageDownloadHistory?clientId=-1":                                 {"clientId range"},
		"/api/internal/Software/Log?downloadSize=-5":                                                   {"packageId required", "downloadSize range"},
		"/api/Software/Package/x":                                                                      {"packageId type"},
		"/api/Software/PackageFiles/00000000-0000":                                                     {"packageId type"},
	} {
		status, body := b.do(t, http.MethodGet, path, "application/json", "")
		var told struct{ Errors []struct{ Path, Rule string } }
		if err := json.Unmarshal([]byte(body), &told); err != nil {
			t.Fatalf("%s: %s: %v", path, body, err)
		}
		var got []string
		for _, e := range told.Errors {
			got = append(got, e.Path+" "+e.Rule)
		}
		if status != http.StatusBadRequest || !slices.Equal(got, want) {
			t.Errorf("%s: got %d %v, want 400 %v", path, status, got, want)
		}
	}
	status, body := b.do(t, http.MethodPost, "/api/Software/Package", "application/json",
		`{"name":" ","description":"`+strings.Repeat("x", 4001)+`","tags":[{"key":""},{"key":"a","value":"1"},{"key":"A","value":"1"}]}`)
	for _, want := range []string{"$.name", "$.description", "$.tags[0].key", "$.tags[2]"} {
		if status != http.StatusBadRequest || !strings.Contains(body, `"`+want+`"`) {
			t.Errorf("POST of a bad package: got %d %s, want 400 with %s", status, body, want)
		}
	}
}
