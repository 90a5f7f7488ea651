package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

// storedFile is a row of package_file.
type storedFile struct {
	archivedFile
	id         report.ID
	created    time.Time
	attributes string
	blob       int64
}

const fileColumns = `f.id, f.path, f.size, f.crc32, f.md5, f.sha1, f.sha256, f.created_ns, f.modified_ns, f.attributes, f.blob, f.position, f.packed, f.method`

// fileTarget receives a row of fileColumns.
type fileTarget struct {
	id, md5, sha1, sha256 []byte
	created, modified     int64
}

func (t *fileTarget) fields(f *storedFile) []any {
	return []any{&t.id, &f.path, &f.size, &f.crc32, &t.md5, &t.sha1, &t.sha256, &t.created, &t.modified, &f.attributes, &f.blob, &f.position, &f.packed, &f.method}
}

func (t *fileTarget) finish(f *storedFile) {
	f.id = idOf(t.id)
	copy(f.md5[:], t.md5)
	copy(f.sha1[:], t.sha1)
	copy(f.sha256[:], t.sha256)
	f.created, f.modified = time.Unix(0, t.created).UTC(), time.Unix(0, t.modified).UTC()
}

func scanFile(rows *sql.Rows, f *storedFile) error {
	var t fileTarget
	if err := rows.Scan(t.fields(f)...); err != nil {
		return err
	}
	t.finish(f)
	return nil
}

// wire returns the file as clients see it.
func (f *storedFile) wire() wats.PackageFile {
	return wats.PackageFile{
		ID: f.id, Name: path.Base(f.path), Path: f.path, Size: f.size, Checksum: hex.EncodeToString(f.sha1[:]), SHA256: hex.EncodeToString(f.sha256[:]),
		CreatedUTC: wats.Time{Time: f.created}, ModifiedUTC: wats.Time{Time: f.modified}, Attributes: f.attributes,
	}
}

// PackageFiles returns the files of a package by path, or an error that matches [ErrNotFound] when there is no such package.
func (s *Store) PackageFiles(ctx context.Context, id report.ID) ([]wats.PackageFile, error) {
	if _, err := s.Package(ctx, id); err != nil {
		return nil, err
	}
	files, err := s.packageFiles(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("list files of package %s: %w", id, err)
	}
	all := make([]wats.PackageFile, len(files))
	for i := range files {
		all[i] = files[i].wire()
	}
	return all, nil
}

func (s *Store) packageFiles(ctx context.Context, id report.ID) ([]storedFile, error) {
	rows, err := s.reads.QueryContext(ctx, `SELECT `+fileColumns+` FROM package_file f WHERE f.package = $1 ORDER BY f.path_key`, id[:])
	if err != nil {
		return nil, err
	}
	return collect(rows, func(f *storedFile) error { return scanFile(rows, f) })
}

// packageFile returns one file and the package that it is in.
func (s *Store) packageFile(ctx context.Context, id report.ID) (f storedFile, packageID report.ID, err error) {
	var t fileTarget
	var owner []byte
	err = s.reads.QueryRowContext(ctx, `SELECT `+fileColumns+`, f.package FROM package_file f WHERE f.id = $1`, id[:]).Scan(append(t.fields(&f), &owner)...)
	switch {
	case errors.Is(err, ErrNotFound):
		return f, packageID, missing("there is no file %s", id)
	case err != nil:
		return f, packageID, fmt.Errorf("read file %s: %w", id, err)
	}
	t.finish(&f)
	return f, idOf(owner), nil
}

// SetFileAttributes says how clients treat a file of a draft.
func (s *Store) SetFileAttributes(ctx context.Context, id report.ID, attributes, by string) error {
	err := s.queue.do(ctx, 0, func(ctx context.Context, w *writer) error {
		var owner []byte
		var before string
		found, err := w.get(ctx, []any{&owner, &before}, `SELECT package, attributes FROM package_file WHERE id = $1`, id[:])
		switch {
		case err != nil:
			return err
		case !found:
			return missing("there is no file %s", id)
		}
		p, err := w.findDraft(ctx, idOf(owner))
		if err != nil || before == attributes {
			return err
		}
		if _, err := w.exec(ctx, `UPDATE package_file SET attributes = $1 WHERE id = $2`, attributes, id[:]); err != nil {
			return err
		}
		return w.touchPackage(ctx, p.ID, by, s.now())
	})
	if err != nil {
		return fmt.Errorf("set attributes of file %s: %w", id, err)
	}
	return nil
}

// touchPackage notes who changed a package.
func (w *writer) touchPackage(ctx context.Context, id report.ID, by string, now time.Time) error {
	_, err := w.exec(ctx, `UPDATE package SET modified_ns = $1, modified_by = $2, row_version = row_version + 1 WHERE id = $3`, now.UnixNano(), by, id[:])
	return err
}

// packageBlobs returns the blobs that a package owns.
func (w *writer) packageBlobs(ctx context.Context, id report.ID) (ids []int64, err error) {
	var blob int64
	err = w.each(ctx, `SELECT blob FROM package_file WHERE package = $1 UNION SELECT archive FROM package WHERE id = $1 AND archive IS NOT NULL`,
		[]any{id[:]}, []any{&blob}, func() { ids = append(ids, blob) })
	return ids, err
}

// changeContent runs change, which changes the files and folders of a package, and does what belongs to that: the archive is made anew when it
// is asked for next, unless change gives one (0: none), counts are kept, and blobs that are no longer used are dropped.
func (w *writer) changeContent(ctx context.Context, id report.ID, by string, now time.Time, change func() (archive int64, err error)) error {
	before, err := w.packageBlobs(ctx, id)
	if err != nil {
		return err
	}
	archive, err := change()
	if err != nil {
		return err
	}
	var column *int64
	if archive != 0 {
		column = &archive
	}
	if _, err := w.exec(ctx, `UPDATE package SET archive = $1, content_version = content_version + 1,
		file_count = (SELECT count(*) FROM package_file WHERE package = $2) WHERE id = $2`, column, id[:]); err != nil {
		return err
	}
	if err := w.touchPackage(ctx, id, by, now); err != nil {
		return err
	}
	after, err := w.packageBlobs(ctx, id)
	if err != nil {
		return err
	}
	return w.dropBlobs(ctx, slices.DeleteFunc(before, func(blob int64) bool { return slices.Contains(after, blob) }))
}

// UploadPackage gives a draft the files of a zip, which src holds to its end; with clean they take the place of those that it has. Of two files of one path the
// new one stays. The archive is stored and looked through before anything of the package changes.
//
// What is wrong with the archive is a [*report.InvalidError]. More bytes than fit on the disk are [ErrNoSpace].
func (s *Store) UploadPackage(ctx context.Context, id report.ID, src io.Reader, clean bool, by string) error {
	if err := s.uploadPackage(ctx, id, src, clean, by); err != nil {
		return fmt.Errorf("upload package %s: %w", id, err)
	}
	return s.sweepDropped(ctx)
}

func (s *Store) uploadPackage(ctx context.Context, id report.ID, src io.Reader, clean bool, by string) error {
	if err := s.CheckDraft(ctx, id); err != nil {
		return err
	}
	blob, err := s.WriteBlob(ctx, &roomyReader{src: src, store: s}, maxBlob)
	if err != nil {
		return err
	}
	a, err := s.unpackArchive(ctx, blob)
	if err == nil {
		err = s.queue.do(ctx, len(a.files)*500, func(ctx context.Context, w *writer) error {
			p, err := w.findDraft(ctx, id)
			if err != nil {
				return err
			}
			return w.install(ctx, p, blob.ID, a, clean, by, s.now())
		})
	}
	if err != nil {
		return errors.Join(err, s.removeBlob(context.WithoutCancel(ctx), blob.ID))
	}
	return nil
}

// maxBlob is beyond any disk; what is free decides.
const maxBlob = 1 << 50

// CheckDraft returns nil when the files of a package can be changed. An upload is not worth to be read otherwise.
func (s *Store) CheckDraft(ctx context.Context, id report.ID) error {
	p, err := s.Package(ctx, id)
	if err == nil && p.Status != wats.PackageDraft {
		err = conflict("package %q version %d is %s: files and folders change only in Draft", p.Name, p.Version, p.Status)
	}
	return err
}

// unpackArchive looks through a zip in a blob, when it is its turn.
func (s *Store) unpackArchive(ctx context.Context, b Blob) (*archive, error) {
	release, err := s.acquireUnpacking(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	return readArchive(ctx, s.readerOf(ctx, b.ID, b.Size), b.Size)
}

// acquireUnpacking waits until there is room for one more archive in memory.
func (s *Store) acquireUnpacking(ctx context.Context) (release func(), err error) {
	select {
	case s.unpacking <- struct{}{}:
		return func() { <-s.unpacking }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// install puts what is in a blob into a package.
func (w *writer) install(ctx context.Context, p *wats.Package, blob int64, a *archive, clean bool, by string, now time.Time) error {
	if err := w.checkInstall(ctx, p, a, clean); err != nil {
		return err
	}
	return w.changeContent(ctx, p.ID, by, now, func() (int64, error) {
		if err := w.ownBlob(ctx, blob); err != nil {
			return 0, err
		}
		if clean {
			for _, statement := range [...]string{`DELETE FROM package_file WHERE package = $1`, `DELETE FROM package_folder WHERE package = $1`} {
				if _, err := w.exec(ctx, statement, p.ID[:]); err != nil {
					return 0, err
				}
			}
		}
		for _, folder := range a.folders {
			if err := w.insertFolder(ctx, p.ID, folder); err != nil {
				return 0, err
			}
		}
		for i := range a.files {
			if err := w.insertFile(ctx, p.ID, blob, &a.files[i], now); err != nil {
				return 0, err
			}
		}
		var rows int
		_, err := w.get(ctx, []any{&rows}, `SELECT (SELECT count(*) FROM package_file WHERE package = $1) + (SELECT count(*) FROM package_folder WHERE package = $1)`, p.ID[:])
		isAll := rows == len(a.files)+len(a.folders) && a.zipped
		if err != nil || !isAll {
			return 0, err
		}
		return blob, nil
	})
}

// checkInstall tells why files cannot be put beside those that a package has.
func (w *writer) checkInstall(ctx context.Context, p *wats.Package, a *archive, clean bool) error {
	if clean {
		return nil
	}
	files, folders, err := w.packagePaths(ctx, p.ID)
	if err != nil || len(files)+len(folders) == 0 {
		return err
	}
	var found report.Findings
	add := func(path, was string) {
		if len(found) < maxArchiveFinding {
			found = append(found, report.Finding{Path: fmt.Sprintf("$[%.100q]", path), Rule: "unique", Message: fmt.Sprintf("%q is a %s in the package already", path, was)})
		}
	}
	total := len(files) + len(folders)
	for _, f := range a.files {
		if folders[pathKey(f.path)] {
			add(f.path, "folder")
		}
		if !files[pathKey(f.path)] {
			total++
		}
	}
	for _, folder := range a.folders {
		if files[pathKey(folder)] {
			add(folder, "file")
		}
		if !folders[pathKey(folder)] {
			total++
		}
	}
	if total > maxPackageFiles {
		found = append(found, report.Finding{Path: "$", Rule: "count", Message: fmt.Sprintf("the package would have %d files and folders, the most is %d", total, maxPackageFiles)})
	}
	if len(found) > 0 {
		return &report.InvalidError{Violations: found}
	}
	return nil
}

// packagePaths returns the keys of the paths of a package.
func (w *writer) packagePaths(ctx context.Context, id report.ID) (files, folders map[string]bool, err error) {
	files, folders = map[string]bool{}, map[string]bool{}
	var key string
	err = w.each(ctx, `SELECT path_key FROM package_file WHERE package = $1`, []any{id[:]}, []any{&key}, func() { files[key] = true })
	if err == nil {
		err = w.each(ctx, `SELECT path_key FROM package_folder WHERE package = $1`, []any{id[:]}, []any{&key}, func() { folders[key] = true })
	}
	return files, folders, err
}

func (w *writer) insertFolder(ctx context.Context, packageID report.ID, path string) error {
	id := report.NewID()
	_, err := w.exec(ctx, `INSERT INTO package_folder (id, package, path_key, path) VALUES ($1, $2, $3, $4) ON CONFLICT (package, path_key) DO NOTHING`,
		id[:], packageID[:], pathKey(path), path)
	return err
}

// insertFile adds a file, or gives the one of that path another content; its ID and its attributes stay.
func (w *writer) insertFile(ctx context.Context, packageID report.ID, blob int64, f *archivedFile, now time.Time) error {
	id := report.NewID()
	_, err := w.exec(ctx, `INSERT INTO package_file (id, package, path_key, path, size, crc32, md5, sha1, sha256, created_ns, modified_ns, attributes,
		blob, position, packed, method) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, '', $12, $13, $14, $15)
		ON CONFLICT (package, path_key) DO UPDATE SET path = excluded.path, size = excluded.size, crc32 = excluded.crc32, md5 = excluded.md5,
		sha1 = excluded.sha1, sha256 = excluded.sha256, modified_ns = excluded.modified_ns, blob = excluded.blob, position = excluded.position,
		packed = excluded.packed, method = excluded.method`,
		id[:], packageID[:], pathKey(f.path), f.path, f.size, int64(f.crc32), f.md5[:], f.sha1[:], f.sha256[:], now.UnixNano(), f.modified.UnixNano(),
		blob, f.position, f.packed, int(f.method))
	return err
}
