package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/odata"
	"github.com/gowats/gowats/report"
)

const packageColumns = `p.id, p.name, p.version, p.status, p.description, p.install_on_root, p.root_directory, p.priority, p.tags, p.virtual_folder,
	p.created_ns, p.created_by, p.modified_ns, p.modified_by, p.file_count, p.row_version`

// packageTarget receives a row of packageColumns.
type packageTarget struct {
	id, folder        []byte
	installOnRoot     int
	tags              string
	created, modified int64
	files, rowVersion int
}

func (t *packageTarget) fields(p *wats.Package) []any {
	return []any{&t.id, &p.Name, &p.Version, &p.Status, &p.Description, &t.installOnRoot, &p.RootDirectory, &p.Priority, &t.tags, &t.folder,
		&t.created, &p.CreatedBy, &t.modified, &p.ModifiedBy, &t.files, &t.rowVersion}
}

func (t *packageTarget) finish(p *wats.Package) error {
	p.ID, p.FolderID = idOf(t.id), idOf(t.folder)
	p.InstallOnRoot = t.installOnRoot == 1
	p.CreatedUTC, p.ModifiedUTC = timeOf(t.created), timeOf(t.modified)
	p.FileCount, p.RowVersion = report.Some(t.files), report.Some(t.rowVersion)
	p.Tags = []wats.PackageTag{}
	if t.tags == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(t.tags), &p.Tags); err != nil {
		return fmt.Errorf("stored tags of package %s are damaged: %w", p.ID, err)
	}
	return nil
}

// idOf returns the ID in a column, the zero ID for NULL.
func idOf(column []byte) (id report.ID) {
	copy(id[:], column)
	return id
}

// timeOf returns the time in a column.
func timeOf(ns int64) wats.Time { return wats.Time{Time: time.Unix(0, ns).UTC()} }

// optionalID returns a column for an ID: NULL for the zero ID.
func optionalID(id report.ID) []byte {
	if id.IsZero() {
		return nil
	}
	return id[:]
}

func scanPackage(rows *sql.Rows, p *wats.Package) error {
	var t packageTarget
	if err := rows.Scan(t.fields(p)...); err != nil {
		return err
	}
	return t.finish(p)
}

// Package returns a package without its files, or an error that matches [ErrNotFound].
func (s *Store) Package(ctx context.Context, id report.ID) (*wats.Package, error) {
	return s.onePackage(ctx, fmt.Sprintf("package %s", id), `p.id = $1`, id[:])
}

// onePackage returns the first package under a condition; what names it for the error when there is none.
func (s *Store) onePackage(ctx context.Context, what, where string, args ...any) (*wats.Package, error) {
	rows, err := s.reads.QueryContext(ctx, `SELECT `+packageColumns+` FROM package p WHERE `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", what, err)
	}
	found, err := collect(rows, func(p *wats.Package) error { return scanPackage(rows, p) })
	switch {
	case err != nil:
		return nil, fmt.Errorf("read %s: %w", what, err)
	case len(found) == 0:
		return nil, missing("there is no %s", what)
	}
	return &found[0], nil
}

// PackageByName returns the newest version of a package that which allows; names are compared without regard to case.
func (s *Store) PackageByName(ctx context.Context, name string, which wats.PackageSelect) (*wats.Package, error) {
	where, args, what := `p.name_key = $1`, []any{nameKey(name)}, fmt.Sprintf("package %q", name)
	if which.Status != "" {
		args = append(args, string(which.Status))
		where += fmt.Sprintf(` AND p.status = $%d`, len(args))
		what = fmt.Sprintf("%s package %q", strings.ToLower(string(which.Status)), name)
	}
	if which.Version != 0 {
		args = append(args, which.Version)
		where += fmt.Sprintf(` AND p.version = $%d`, len(args))
		what += fmt.Sprintf(" of version %d", which.Version)
	}
	return s.onePackage(ctx, what, where+` ORDER BY p.version DESC LIMIT 1`, args...)
}

// Packages yields packages by name and version, without their files, in flat memory. A filter names the members of a package. A bad query is
// a [*QueryError]. An error is yielded once, last.
func (s *Store) Packages(ctx context.Context, q ListQuery) iter.Seq2[*wats.Package, error] {
	return s.listPackages(ctx, packageListing(), q)
}

// PackagesByTag yields the packages with a tag of this key, compared without regard to case, and this value; status "" is any.
func (s *Store) PackagesByTag(ctx context.Context, key, value string, status wats.PackageStatus) iter.Seq2[*wats.Package, error] {
	l := packageListing()
	l.where = `EXISTS (SELECT 1 FROM package_tag t WHERE t.package = p.id AND t.name_key = $1 AND t.value = $2)`
	l.args = []any{nameKey(key), value}
	if status != "" {
		l.where += ` AND p.status = $3`
		l.args = append(l.args, string(status))
	}
	return s.listPackages(ctx, l, ListQuery{})
}

func (s *Store) listPackages(ctx context.Context, l listing, q ListQuery) iter.Seq2[*wats.Package, error] {
	return func(yield func(*wats.Package, error) bool) {
		statement, args, err := s.selectSQL(l, q)
		if err != nil {
			yield(nil, fmt.Errorf("list packages: %w", err))
			return
		}
		for p, err := range eachRow(ctx, s, statement, args, scanPackage) {
			if err != nil {
				err = fmt.Errorf("list packages: %w", err)
			}
			if !yield(p, err) {
				return
			}
		}
	}
}

func packageListing() listing {
	return listing{
		columns: packageColumns, from: `package p`, where: `1 = 1`, order: "name, version",
		ties: odata.Schema{{SQL: "p.name_key"}, {SQL: "p.version"}},
		schema: odata.Schema{
			{Name: "packageId", Type: odata.GUID, SQL: "p.id"},
			{Name: "name", SQL: "p.name"},
			{Name: "version", Type: odata.Int, SQL: "p.version"},
			{Name: "status", Type: odata.Enum, SQL: "p.status", Word: packageWord, Words: "Draft, Pending, Released and Revoked"},
			{Name: "description", SQL: "p.description"},
			{Name: "rootDirectory", SQL: "p.root_directory"},
			{Name: "priority", Type: odata.Int, SQL: "p.priority"},
			{Name: "fileCount", Type: odata.Int, SQL: "p.file_count"},
			{Name: "virtualFolderId", Type: odata.GUID, SQL: "p.virtual_folder", Nullable: true},
			{Name: "createdUtc", Type: odata.Time, SQL: "p.created_ns"},
			{Name: "modifiedUtc", Type: odata.Time, SQL: "p.modified_ns"},
			{Name: "createdBy", SQL: "p.created_by"},
			{Name: "modifiedBy", SQL: "p.modified_by"},
			{Name: "tags", Type: odata.List, SQL: "p.id", Select: `SELECT package FROM package_tag t`, Of: odata.Schema{
				{Name: "key", SQL: "t.name"}, {Name: "value", SQL: "t.value"},
			}},
		},
	}
}

func packageWord(word string) (any, bool) {
	status, err := wats.ParsePackageStatus(word)
	return string(status), err == nil
}

// CreatePackage stores p in Draft, as the next version of its name, and returns it as stored. By is who does it.
func (s *Store) CreatePackage(ctx context.Context, p *wats.Package, by string) (*wats.Package, error) {
	fresh := *p
	err := s.queue.do(ctx, 0, func(ctx context.Context, w *writer) error { return w.createPackage(ctx, &fresh, by, s.now()) })
	if err != nil {
		return nil, fmt.Errorf("create package %q: %w", p.Name, err)
	}
	return &fresh, nil
}

// createPackage gives p what the server gives, and stores it.
func (w *writer) createPackage(ctx context.Context, p *wats.Package, by string, now time.Time) error {
	if err := w.checkVirtualFolder(ctx, p.FolderID); err != nil {
		return err
	}
	p.ID, p.Status, p.RowVersion, p.FileCount = report.NewID(), wats.PackageDraft, report.Some(1), report.Some(0)
	p.CreatedUTC, p.ModifiedUTC = timeOf(now.UnixNano()), timeOf(now.UnixNano())
	p.CreatedBy, p.ModifiedBy, p.Files, p.Extra = by, by, nil, nil
	if p.Tags == nil {
		p.Tags = []wats.PackageTag{}
	}
	for {
		if err := w.nextVersion(ctx, p); err != nil {
			return err
		}
		added, err := w.exec(ctx, `INSERT INTO package (id, name_key, name, version, status, description, install_on_root, root_directory, priority, tags,
			virtual_folder, created_ns, created_by, modified_ns, modified_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
			ON CONFLICT (name_key, version) DO NOTHING`, p.ID[:], nameKey(p.Name), p.Name, p.Version, string(p.Status), p.Description, flag(p.InstallOnRoot),
			p.RootDirectory, p.Priority, encodeTags(p.Tags), optionalID(p.FolderID), now.UnixNano(), by, now.UnixNano(), by)
		if err != nil {
			return err
		}
		if added == 1 { // else another process was faster
			return w.insertTags(ctx, p)
		}
	}
}

// nextVersion makes p the version after the newest of its name.
func (w *writer) nextVersion(ctx context.Context, p *wats.Package) error {
	_, err := w.get(ctx, []any{&p.Version}, `SELECT COALESCE(max(version), 0) + 1 FROM package WHERE name_key = $1`, nameKey(p.Name))
	return err
}

func flag(is bool) int {
	if is {
		return 1
	}
	return 0
}

func encodeTags(tags []wats.PackageTag) string {
	if len(tags) == 0 {
		return ""
	}
	text, _ := json.Marshal(tags) // texts only: cannot fail
	return string(text)
}

func (w *writer) insertTags(ctx context.Context, p *wats.Package) error {
	for i, t := range p.Tags {
		if _, err := w.exec(ctx, `INSERT INTO package_tag (package, position, name, name_key, value) VALUES ($1, $2, $3, $4, $5)`,
			p.ID[:], i, t.Key, nameKey(t.Key), t.Value); err != nil {
			return err
		}
	}
	return nil
}

// findPackage reads a package within a transaction.
func (w *writer) findPackage(ctx context.Context, id report.ID) (*wats.Package, error) {
	p, t := new(wats.Package), new(packageTarget)
	found, err := w.get(ctx, t.fields(p), `SELECT `+packageColumns+` FROM package p WHERE p.id = $1`, id[:])
	switch {
	case err != nil:
		return nil, err
	case !found:
		return nil, missing("there is no package %s", id)
	}
	return p, t.finish(p)
}

// findDraft is findPackage for what changes a package in a way that only a draft may be changed.
func (w *writer) findDraft(ctx context.Context, id report.ID) (*wats.Package, error) {
	p, err := w.findPackage(ctx, id)
	if err == nil && p.Status != wats.PackageDraft {
		err = conflict("package %q version %d is %s: files and folders change only in Draft", p.Name, p.Version, p.Status)
	}
	return p, err
}

// UpdatePackage changes a package by change, which gets it as it is stored, without row version: one that is there afterwards must be the
// stored one. Tags that change leaves nil stay. Change may be called again, and its error ends it all; it must not wait. In Draft all but what
// the server gives may change, later only the tags.
func (s *Store) UpdatePackage(ctx context.Context, id report.ID, by string, change func(*wats.Package) error) (p *wats.Package, err error) {
	err = s.queue.do(ctx, 0, func(ctx context.Context, w *writer) error {
		stored, err := w.findPackage(ctx, id)
		if err != nil {
			return err
		}
		changed := *stored
		changed.Tags, changed.RowVersion, changed.FileCount = nil, report.Optional[int]{}, report.Optional[int]{}
		if err := change(&changed); err != nil {
			return err
		}
		if changed.Tags == nil {
			changed.Tags = stored.Tags
		}
		if err := w.checkPackageChange(ctx, stored, &changed); err != nil {
			return err
		}
		p = &changed
		return w.updatePackage(ctx, stored, p, by, s.now())
	})
	if err != nil {
		return nil, fmt.Errorf("update package %s: %w", id, err)
	}
	return p, nil
}

// checkPackageChange tells why a package must not become another one.
func (w *writer) checkPackageChange(ctx context.Context, old, p *wats.Package) error {
	if v := p.RowVersion; v.Present && v != old.RowVersion {
		return conflict("package %q version %d was changed meanwhile: its row version is %d, not %d", old.Name, old.Version, old.RowVersion.Value, v.Value)
	}
	var found report.Findings
	if p.ID != old.ID {
		found = append(found, report.Finding{Path: "$.packageId", Rule: "readonly", Message: fmt.Sprintf("packageId is %s in the body, %s in the address", p.ID, old.ID)})
	}
	if p.Status != old.Status {
		found = append(found, report.Finding{Path: "$.status", Rule: "readonly",
			Message: fmt.Sprintf("the status is %s and is changed by POST /api/Software/PackageStatus", old.Status)})
	}
	if len(found) > 0 {
		return &report.InvalidError{Violations: found}
	}
	if old.Status != wats.PackageDraft {
		if names := packageDifferences(old, p); len(names) > 0 {
			return conflict("package %q version %d is %s: only its tags can be changed, not %s", old.Name, old.Version, old.Status, strings.Join(names, ", "))
		}
	}
	if p.FolderID != old.FolderID {
		return w.checkVirtualFolder(ctx, p.FolderID)
	}
	return nil
}

// packageDifferences names the members that only a draft may change.
func packageDifferences(a, b *wats.Package) (names []string) {
	for name, same := range map[string]bool{
		"name": a.Name == b.Name, "description": a.Description == b.Description, "installOnRoot": a.InstallOnRoot == b.InstallOnRoot,
		"rootDirectory": a.RootDirectory == b.RootDirectory, "priority": a.Priority == b.Priority,
	} {
		if !same {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// updatePackage writes p over what is stored, and gives it what the server gives.
func (w *writer) updatePackage(ctx context.Context, old, p *wats.Package, by string, now time.Time) error {
	p.Version, p.CreatedUTC, p.CreatedBy, p.FileCount, p.Files, p.Extra = old.Version, old.CreatedUTC, old.CreatedBy, old.FileCount, nil, nil
	p.ModifiedUTC, p.ModifiedBy, p.RowVersion = timeOf(now.UnixNano()), by, report.Some(old.RowVersion.Value+1)
	if nameKey(p.Name) != nameKey(old.Name) {
		if err := w.nextVersion(ctx, p); err != nil {
			return err
		}
	}
	if _, err := w.exec(ctx, `UPDATE package SET name_key = $1, name = $2, version = $3, description = $4, install_on_root = $5, root_directory = $6,
		priority = $7, tags = $8, virtual_folder = $9, modified_ns = $10, modified_by = $11, row_version = $12 WHERE id = $13`,
		nameKey(p.Name), p.Name, p.Version, p.Description, flag(p.InstallOnRoot), p.RootDirectory, p.Priority, encodeTags(p.Tags),
		optionalID(p.FolderID), now.UnixNano(), by, p.RowVersion.Value, p.ID[:]); err != nil {
		return err
	}
	if slices.Equal(old.Tags, p.Tags) {
		return nil
	}
	if _, err := w.exec(ctx, `DELETE FROM package_tag WHERE package = $1`, p.ID[:]); err != nil {
		return err
	}
	return w.insertTags(ctx, p)
}

// SetPackageStatus moves a package to another status; to be there already changes nothing.
func (s *Store) SetPackageStatus(ctx context.Context, id report.ID, status wats.PackageStatus, by string) error {
	err := s.queue.do(ctx, 0, func(ctx context.Context, w *writer) error {
		p, err := w.findPackage(ctx, id)
		if err != nil || p.Status == status {
			return err
		}
		return w.moveStatus(ctx, p, status, by, s.now())
	})
	if err != nil {
		return fmt.Errorf("set status of package %s: %w", id, err)
	}
	return nil
}

func (w *writer) moveStatus(ctx context.Context, p *wats.Package, status wats.PackageStatus, by string, now time.Time) error {
	if next := statusesAfter(p.Status); !slices.Contains(next, status) {
		possible := "nowhere"
		if len(next) > 0 {
			possible = "to " + joinStatuses(next)
		}
		return conflict("package %q version %d is %s and cannot become %s: from there it goes %s", p.Name, p.Version, p.Status, status, possible)
	}
	_, err := w.exec(ctx, `UPDATE package SET status = $1, modified_ns = $2, modified_by = $3, row_version = row_version + 1 WHERE id = $4`,
		string(status), now.UnixNano(), by, p.ID[:])
	return err
}

// statusesAfter returns where a package may go from a status.
func statusesAfter(status wats.PackageStatus) []wats.PackageStatus {
	switch status {
	case wats.PackageDraft:
		return []wats.PackageStatus{wats.PackagePending}
	case wats.PackagePending:
		return []wats.PackageStatus{wats.PackageDraft, wats.PackageReleased}
	case wats.PackageReleased:
		return []wats.PackageStatus{wats.PackageRevoked}
	}
	return nil
}

func joinStatuses(list []wats.PackageStatus) string {
	words := make([]string, len(list))
	for i, s := range list {
		words[i] = string(s)
	}
	return strings.Join(words, " or ")
}

// DeletePackage removes a package in Draft or Revoked, with its files.
func (s *Store) DeletePackage(ctx context.Context, id report.ID) error {
	return s.deletePackage(ctx, func(ctx context.Context, w *writer) (*wats.Package, error) { return w.findPackage(ctx, id) })
}

// DeletePackageByName removes one version of a package, 0: the newest, as [Store.DeletePackage] does.
func (s *Store) DeletePackageByName(ctx context.Context, name string, version int) error {
	return s.deletePackage(ctx, func(ctx context.Context, w *writer) (*wats.Package, error) {
		var id []byte
		found, err := w.get(ctx, []any{&id}, `SELECT id FROM package WHERE name_key = $1 AND (version = $2 OR $2 = 0) ORDER BY version DESC LIMIT 1`,
			nameKey(name), version)
		switch {
		case err != nil:
			return nil, err
		case !found && version != 0:
			return nil, missing("there is no package %q of version %d", name, version)
		case !found:
			return nil, missing("there is no package %q", name)
		}
		return w.findPackage(ctx, idOf(id))
	})
}

func (s *Store) deletePackage(ctx context.Context, find func(context.Context, *writer) (*wats.Package, error)) error {
	err := s.queue.do(ctx, 0, func(ctx context.Context, w *writer) error {
		p, err := find(ctx, w)
		switch {
		case err != nil:
			return err
		case p.Status != wats.PackageDraft && p.Status != wats.PackageRevoked:
			return conflict("package %q version %d is %s: only one in Draft or Revoked can be deleted", p.Name, p.Version, p.Status)
		}
		blobs, err := w.packageBlobs(ctx, p.ID)
		if err != nil {
			return err
		}
		for _, statement := range [...]string{
			`DELETE FROM package_file WHERE package = $1`, `DELETE FROM package_folder WHERE package = $1`,
			`DELETE FROM package_tag WHERE package = $1`, `DELETE FROM package WHERE id = $1`,
		} {
			if _, err := w.exec(ctx, statement, p.ID[:]); err != nil {
				return err
			}
		}
		return w.dropBlobs(ctx, blobs)
	})
	if err != nil {
		return fmt.Errorf("delete package: %w", err)
	}
	return s.sweepDropped(ctx)
}
