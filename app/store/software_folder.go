package store

import (
	"context"
	"encoding/hex"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

// VirtualFolders returns the folders of the tree by path; an empty list when there are none.
func (s *Store) VirtualFolders(ctx context.Context) ([]wats.VirtualFolder, error) {
	rows, err := s.reads.QueryContext(ctx, `SELECT id, path, description FROM virtual_folder ORDER BY path_key`)
	if err != nil {
		return nil, fmt.Errorf("list virtual folders: %w", err)
	}
	all, err := collect(rows, func(f *wats.VirtualFolder) error {
		var id []byte
		err := rows.Scan(&id, &f.Path, &f.Description)
		f.ID, f.Name = idOf(id), path.Base(f.Path)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list virtual folders: %w", err)
	}
	if all == nil {
		all = []wats.VirtualFolder{}
	}
	return all, nil
}

// checkVirtualFolder refuses a folder that is not there; the zero ID is none.
func (w *writer) checkVirtualFolder(ctx context.Context, id report.ID) error {
	if id.IsZero() {
		return nil
	}
	var found int
	_, err := w.get(ctx, []any{&found}, `SELECT count(*) FROM virtual_folder WHERE id = $1`, id[:])
	if err == nil && found == 0 {
		err = &report.InvalidError{Violations: report.Findings{{Path: "$.virtualFolderId", Rule: "reference", Message: fmt.Sprintf("there is no virtual folder %s", id)}}}
	}
	return err
}

// SetVirtualFolder makes the folder f.Path with those above it or, with an ID, renames and moves that folder with those in it.
func (s *Store) SetVirtualFolder(ctx context.Context, f wats.VirtualFolder) (*wats.VirtualFolder, error) {
	f.Name, f.Extra = path.Base(f.Path), nil
	err := s.queue.do(ctx, 0, func(ctx context.Context, w *writer) error {
		if !f.ID.IsZero() {
			return w.moveVirtualFolder(ctx, f)
		}
		for _, above := range foldersAbove(f.Path) {
			if _, err := w.makeVirtualFolder(ctx, above, ""); err != nil {
				return err
			}
		}
		var err error
		f.ID, err = w.makeVirtualFolder(ctx, f.Path, f.Description)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("set virtual folder %q: %w", f.Path, err)
	}
	return &f, nil
}

// makeVirtualFolder returns the ID of a folder that is there or made; a description that is not "" takes the place of the old one.
func (w *writer) makeVirtualFolder(ctx context.Context, path, description string) (report.ID, error) {
	fresh := report.NewID()
	var id []byte
	err := w.insert(ctx, &id, `INSERT INTO virtual_folder (id, path_key, path, description) VALUES ($1, $2, $3, $4)
		ON CONFLICT (path_key) DO UPDATE SET description = CASE WHEN excluded.description = '' THEN virtual_folder.description ELSE excluded.description END
		RETURNING id`, fresh[:], pathKey(path), path, description)
	return idOf(id), err
}

func (w *writer) moveVirtualFolder(ctx context.Context, f wats.VirtualFolder) error {
	var old string
	found, err := w.get(ctx, []any{&old}, `SELECT path FROM virtual_folder WHERE id = $1`, f.ID[:])
	switch {
	case err != nil:
		return err
	case !found:
		return missing("there is no virtual folder %s", f.ID)
	case within(pathKey(old), pathKey(f.Path)):
		return conflict("virtual folder %q cannot be moved into itself", old)
	}
	all, err := w.virtualPaths(ctx)
	if err != nil {
		return err
	}
	moved := movedPaths(all, old, f.Path)
	for _, to := range moved {
		if _, taken := all[pathKey(to)]; taken && !isMoved(moved, pathKey(to)) {
			return conflict("there is a virtual folder %q already", to)
		}
	}
	for _, above := range foldersAbove(f.Path) {
		if _, err := w.makeVirtualFolder(ctx, above, ""); err != nil {
			return err
		}
	}
	if err := w.renamePaths(ctx, moved, `UPDATE virtual_folder SET path_key = $1, path = $2 WHERE path_key = $3`); err != nil {
		return err
	}
	_, err = w.exec(ctx, `UPDATE virtual_folder SET description = $1 WHERE id = $2`, f.Description, f.ID[:])
	return err
}

// virtualPaths returns all paths by their keys.
func (w *writer) virtualPaths(ctx context.Context) (map[string]string, error) {
	all := map[string]string{}
	var text string
	err := w.each(ctx, `SELECT path FROM virtual_folder`, nil, []any{&text}, func() { all[pathKey(text)] = text })
	return all, err
}

// movedPaths returns what becomes of a folder and of all that is in it, by the key of what it was.
func movedPaths(all map[string]string, from, to string) map[string]string {
	moved, depth := map[string]string{}, strings.Count(from, "/")+1
	for key, text := range all {
		switch {
		case key == pathKey(from):
			moved[key] = to
		case within(pathKey(from), key):
			moved[key] = joinPath(to, strings.SplitN(text, "/", depth+1)[depth])
		}
	}
	return moved
}

func isMoved(moved map[string]string, key string) bool { _, is := moved[key]; return is }

// DeleteVirtualFolder removes a folder of the tree in which there is nothing.
func (s *Store) DeleteVirtualFolder(ctx context.Context, id report.ID) error {
	err := s.queue.do(ctx, 0, func(ctx context.Context, w *writer) error {
		var text string
		found, err := w.get(ctx, []any{&text}, `SELECT path FROM virtual_folder WHERE id = $1`, id[:])
		switch {
		case err != nil:
			return err
		case !found:
			return missing("there is no virtual folder %s", id)
		}
		var packages int
		if _, err := w.get(ctx, []any{&packages}, `SELECT count(*) FROM package WHERE virtual_folder = $1`, id[:]); err != nil {
			return err
		}
		all, err := w.virtualPaths(ctx)
		if err != nil {
			return err
		}
		if folders := len(movedPaths(all, text, text)) - 1; packages+folders > 0 {
			return conflict("virtual folder %q is in use: it has %d packages and %d folders", text, packages, folders)
		}
		_, err = w.exec(ctx, `DELETE FROM virtual_folder WHERE id = $1`, id[:])
		return err
	})
	if err != nil {
		return fmt.Errorf("delete virtual folder %s: %w", id, err)
	}
	return nil
}

// folder is a row of package_folder.
type folder struct {
	id, packageID report.ID
	path          string
}

func (f folder) wire() *wats.SoftwareEntity {
	return &wats.SoftwareEntity{ID: f.id, Kind: wats.EntityFolder, PackageID: f.packageID, Name: path.Base(f.path), Path: f.path}
}

func (w *writer) findFolder(ctx context.Context, id report.ID) (f folder, err error) {
	var key, owner []byte
	found, err := w.get(ctx, []any{&key, &owner, &f.path}, `SELECT id, package, path FROM package_folder WHERE id = $1`, id[:])
	if err == nil && !found {
		err = missing("there is no folder %s in a package", id)
	}
	f.id, f.packageID = idOf(key), idOf(owner)
	return f, err
}

// wantedPath returns the path that a folder is to have: Path, or Name in the folder ParentID.
func (w *writer) wantedPath(ctx context.Context, packageID report.ID, e wats.SoftwareEntity) (string, error) {
	text := strings.Trim(e.Path, "/")
	at := "$.path"
	if text == "" {
		at, text = "$.name", e.Name
		if !e.ParentID.IsZero() {
			parent, err := w.findFolder(ctx, e.ParentID)
			switch {
			case err != nil:
				return "", err
			case parent.packageID != packageID:
				return "", missing("folder %s is in another package", e.ParentID)
			}
			text = joinPath(parent.path, e.Name)
		}
	}
	if problem := pathProblem(text); problem != "" {
		return "", &report.InvalidError{Violations: report.Findings{{Path: at, Rule: "path", Message: fmt.Sprintf("the path %.100q %s", text, problem)}}}
	}
	return text, nil
}

// CreatePackageFolder makes a folder in a draft, with those above it. What is there already is returned as it is.
func (s *Store) CreatePackageFolder(ctx context.Context, packageID report.ID, e wats.SoftwareEntity, by string) (made *wats.SoftwareEntity, err error) {
	err = s.queue.do(ctx, 0, func(ctx context.Context, w *writer) error {
		p, err := w.findDraft(ctx, packageID)
		if err != nil {
			return err
		}
		text, err := w.wantedPath(ctx, packageID, e)
		if err != nil {
			return err
		}
		files, folders, err := w.packagePaths(ctx, p.ID)
		if err != nil {
			return err
		}
		if !folders[pathKey(text)] {
			list := append(foldersAbove(text), text)
			if err := checkFolders(list, files, folders); err != nil {
				return err
			}
			if err := w.changeContent(ctx, p.ID, by, s.now(), func() (int64, error) {
				for _, f := range list {
					if err := w.insertFolder(ctx, p.ID, f); err != nil {
						return 0, err
					}
				}
				return 0, nil
			}); err != nil {
				return err
			}
		}
		made, err = w.folderAt(ctx, p.ID, text)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("create folder in package %s: %w", packageID, err)
	}
	return made, nil
}

// checkFolders refuses folders where there are files, and too many.
func checkFolders(list []string, files, folders map[string]bool) error {
	for _, f := range list {
		if files[pathKey(f)] {
			return conflict("%q is a file in the package already", f)
		}
	}
	if n := len(files) + len(folders) + len(list); n > maxPackageFiles {
		return conflict("the package would have more than %d files and folders", maxPackageFiles)
	}
	return nil
}

func (w *writer) folderAt(ctx context.Context, packageID report.ID, text string) (*wats.SoftwareEntity, error) {
	f := folder{packageID: packageID}
	var id []byte
	if _, err := w.get(ctx, []any{&id, &f.path}, `SELECT id, path FROM package_folder WHERE package = $1 AND path_key = $2`, packageID[:], pathKey(text)); err != nil {
		return nil, err
	}
	f.id = idOf(id)
	e := f.wire()
	if above := folderOf(f.path); above != "" {
		if _, err := w.get(ctx, []any{&id}, `SELECT id FROM package_folder WHERE package = $1 AND path_key = $2`, packageID[:], pathKey(above)); err != nil {
			return nil, err
		}
		e.ParentID = idOf(id)
	}
	return e, nil
}

// UpdatePackageFolder renames or moves a folder of a draft with all that is in it, to Path or else to Name in the folder ParentID, which is where it is when
// that is zero.
func (s *Store) UpdatePackageFolder(ctx context.Context, e wats.SoftwareEntity, by string) (moved *wats.SoftwareEntity, err error) {
	err = s.queue.do(ctx, 0, func(ctx context.Context, w *writer) error {
		f, err := w.findFolder(ctx, e.ID)
		if err != nil {
			return err
		}
		if _, err := w.findDraft(ctx, f.packageID); err != nil {
			return err
		}
		if e.Path == f.path { // as it was read: the new name counts
			e.Path = ""
		}
		if e.Path == "" && e.ParentID.IsZero() {
			e.Path = joinPath(folderOf(f.path), e.Name)
		}
		to, err := w.wantedPath(ctx, f.packageID, e)
		if err != nil {
			return err
		}
		if err := w.moveFolder(ctx, f, to, by, s.now()); err != nil {
			return err
		}
		moved, err = w.folderAt(ctx, f.packageID, to)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("update folder %s: %w", e.ID, err)
	}
	return moved, nil
}

func (w *writer) moveFolder(ctx context.Context, f folder, to, by string, now time.Time) error {
	if to == f.path {
		return nil
	}
	if within(pathKey(f.path), pathKey(to)) {
		return conflict("folder %q cannot be moved into itself", f.path)
	}
	files, folders := map[string]string{}, map[string]string{}
	var text string
	err := w.each(ctx, `SELECT path FROM package_file WHERE package = $1`, []any{f.packageID[:]}, []any{&text}, func() { files[pathKey(text)] = text })
	if err == nil {
		err = w.each(ctx, `SELECT path FROM package_folder WHERE package = $1`, []any{f.packageID[:]}, []any{&text}, func() { folders[pathKey(text)] = text })
	}
	if err != nil {
		return err
	}
	movedFiles, movedFolders := movedPaths(files, f.path, to), movedPaths(folders, f.path, to)
	above := foldersAbove(to)
	for _, target := range append(above[:len(above):len(above)], to) {
		key := pathKey(target)
		_, isFile := files[key]
		_, isFolder := folders[key]
		if isFile || isFolder && key == pathKey(to) && !isMoved(movedFolders, key) {
			return conflict("there is %q in the package already", target)
		}
	}
	for _, moved := range [...]map[string]string{movedFiles, movedFolders} {
		for _, target := range moved {
			if problem := pathProblem(target); problem != "" {
				return conflict("%.100q could not be moved: its new path %s", target, problem)
			}
		}
	}
	return w.changeContent(ctx, f.packageID, by, now, func() (int64, error) {
		for _, folder := range above {
			if err := w.insertFolder(ctx, f.packageID, folder); err != nil {
				return 0, err
			}
		}
		err := w.renamePaths(ctx, movedFolders, `UPDATE package_folder SET path_key = $1, path = $2 WHERE path_key = $3 AND package = $4`, f.packageID[:])
		if err == nil {
			err = w.renamePaths(ctx, movedFiles, `UPDATE package_file SET path_key = $1, path = $2 WHERE path_key = $3 AND package = $4`, f.packageID[:])
		}
		return 0, err
	})
}

// renamePaths gives rows other paths, by a statement of new key, new path, old key and what scope holds. It goes over keys that no path can have, since a
// new key may be that of a row which is itself still to be renamed.
func (w *writer) renamePaths(ctx context.Context, moved map[string]string, statement string, scope ...any) error {
	for key, to := range moved {
		if _, err := w.exec(ctx, statement, append([]any{"/" + key, to, key}, scope...)...); err != nil {
			return err
		}
	}
	for key, to := range moved {
		if _, err := w.exec(ctx, statement, append([]any{pathKey(to), to, "/" + key}, scope...)...); err != nil {
			return err
		}
	}
	return nil
}

// DeletePackageFolder removes a folder of a draft with all that is in it.
func (s *Store) DeletePackageFolder(ctx context.Context, id report.ID, by string) error {
	err := s.queue.do(ctx, 0, func(ctx context.Context, w *writer) error {
		f, err := w.findFolder(ctx, id)
		if err != nil {
			return err
		}
		if _, err := w.findDraft(ctx, f.packageID); err != nil {
			return err
		}
		files, folders, err := w.packagePaths(ctx, f.packageID)
		if err != nil {
			return err
		}
		return w.changeContent(ctx, f.packageID, by, s.now(), func() (int64, error) {
			err := w.deletePaths(ctx, f, files, `DELETE FROM package_file WHERE package = $1 AND path_key = $2`)
			if err == nil {
				err = w.deletePaths(ctx, f, folders, `DELETE FROM package_folder WHERE package = $1 AND path_key = $2`)
			}
			return 0, err
		})
	})
	if err != nil {
		return fmt.Errorf("delete folder %s: %w", id, err)
	}
	return s.sweepDropped(ctx)
}

// deletePaths removes what is in a folder, and it, by a statement of package and key.
func (w *writer) deletePaths(ctx context.Context, f folder, keys map[string]bool, statement string) error {
	for key := range keys {
		if key != pathKey(f.path) && !within(pathKey(f.path), key) {
			continue
		}
		if _, err := w.exec(ctx, statement, f.packageID[:], key); err != nil {
			return err
		}
	}
	return nil
}

// DeletePackageFiles removes files of drafts: all of them or, when one cannot be, none.
func (s *Store) DeletePackageFiles(ctx context.Context, ids []report.ID, by string) error {
	err := s.queue.do(ctx, 0, func(ctx context.Context, w *writer) error {
		byPackage := map[report.ID][]report.ID{}
		var order []report.ID
		for _, id := range ids {
			var owner []byte
			found, err := w.get(ctx, []any{&owner}, `SELECT package FROM package_file WHERE id = $1`, id[:])
			switch {
			case err != nil:
				return err
			case !found:
				return missing("there is no file %s", id)
			}
			packageID := idOf(owner)
			if len(byPackage[packageID]) == 0 {
				if _, err := w.findDraft(ctx, packageID); err != nil {
					return err
				}
				order = append(order, packageID)
			}
			byPackage[packageID] = append(byPackage[packageID], id)
		}
		for _, packageID := range order {
			if err := w.changeContent(ctx, packageID, by, s.now(), func() (int64, error) {
				for _, id := range byPackage[packageID] {
					if _, err := w.exec(ctx, `DELETE FROM package_file WHERE id = $1`, id[:]); err != nil {
						return 0, err
					}
				}
				return 0, nil
			}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("delete files of packages: %w", err)
	}
	return s.sweepDropped(ctx)
}

// SoftwareFile returns what is known of a file.
func (s *Store) SoftwareFile(ctx context.Context, id report.ID) (*wats.SoftwareEntity, error) {
	f, packageID, err := s.packageFile(ctx, id)
	if err != nil {
		return nil, err
	}
	return &wats.SoftwareEntity{
		ID: f.id, Kind: wats.EntityFile, PackageID: packageID, Name: path.Base(f.path), Path: f.path, Size: f.size,
		Checksum: hex.EncodeToString(f.sha1[:]), Attributes: f.attributes, ModifiedUTC: wats.Time{Time: f.modified},
	}, nil
}
