package store

import (
	"context"
	"encoding/hex"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

// PackageTagQuery is a tag that packages must have.
type PackageTagQuery struct {
	Key   string // compared without regard to case
	Value report.Optional[string]
}

// PackagesWithTags yields the packages that have all of the tags, by name and version; status "" is any. Without all versions it gives the newest of
// each name that is left.
func (s *Store) PackagesWithTags(ctx context.Context, tags []PackageTagQuery, status wats.PackageStatus, allVersions bool) iter.Seq2[*wats.Package, error] {
	l := packageListing()
	condition := func(row string) string {
		var b strings.Builder
		b.WriteString(`1 = 1`)
		n := 0
		for _, t := range tags {
			n++
			fmt.Fprintf(&b, ` AND EXISTS (SELECT 1 FROM package_tag t WHERE t.package = %s.id AND t.name_key = $%d`, row, n)
			if t.Value.Present {
				n++
				fmt.Fprintf(&b, ` AND t.value = $%d`, n)
			}
			b.WriteString(`)`)
		}
		if status != "" {
			fmt.Fprintf(&b, ` AND %s.status = $%d`, row, n+1)
		}
		return b.String()
	}
	for _, t := range tags {
		l.args = append(l.args, nameKey(t.Key))
		if t.Value.Present {
			l.args = append(l.args, t.Value.Value)
		}
	}
	if status != "" {
		l.args = append(l.args, string(status))
	}
	l.where = condition("p")
	if !allVersions {
		l.where += ` AND NOT EXISTS (SELECT 1 FROM package q WHERE q.name_key = p.name_key AND q.version > p.version AND ` + condition("q") + `)`
	}
	return s.listPackages(ctx, l, ListQuery{})
}

// RevokedPackages returns those of the IDs whose packages are revoked and, unless onlyRevoked, those without package.
func (s *Store) RevokedPackages(ctx context.Context, ids []report.ID, onlyRevoked bool) ([]report.ID, error) {
	gone := []report.ID{}
	for _, id := range ids {
		var status string
		err := s.reads.QueryRowContext(ctx, `SELECT COALESCE((SELECT status FROM package WHERE id = $1), '')`, id[:]).Scan(&status)
		switch {
		case err != nil:
			return nil, fmt.Errorf("look up package %s: %w", id, err)
		case status == string(wats.PackageRevoked), status == "" && !onlyRevoked:
			gone = append(gone, id)
		}
	}
	return gone, nil
}

// AvailablePackages returns the newest released version of every package of ids that has a newer one, each once.
func (s *Store) AvailablePackages(ctx context.Context, ids []report.ID) ([]wats.Package, error) {
	found := []wats.Package{}
	seen := map[report.ID]bool{}
	for _, id := range ids {
		rows, err := s.reads.QueryContext(ctx, `SELECT `+packageColumns+` FROM package p JOIN package mine ON mine.id = $1 AND mine.name_key = p.name_key
			WHERE p.version > mine.version AND p.status = 'Released' ORDER BY p.version DESC LIMIT 1`, id[:])
		if err != nil {
			return nil, fmt.Errorf("look for newer versions of package %s: %w", id, err)
		}
		newer, err := collect(rows, func(p *wats.Package) error { return scanPackage(rows, p) })
		if err != nil {
			return nil, fmt.Errorf("look for newer versions of package %s: %w", id, err)
		}
		if len(newer) > 0 && !seen[newer[0].ID] {
			seen[newer[0].ID] = true
			found = append(found, newer[0])
		}
	}
	return found, nil
}

// SoftwareDetails returns what is known of a package.
func (s *Store) SoftwareDetails(ctx context.Context, id report.ID) (*wats.SoftwareEntity, error) {
	p, err := s.Package(ctx, id)
	if err != nil {
		return nil, err
	}
	e := &wats.SoftwareEntity{
		ID: p.ID, Kind: wats.EntityPackage, PackageID: p.ID, Name: p.Name, Description: p.Description, Version: p.Version, Status: p.Status,
		ModifiedUTC: p.ModifiedUTC, FileCount: p.FileCount.Value,
	}
	err = s.reads.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM package_folder WHERE package = $1),
		(SELECT CAST(COALESCE(sum(size), 0) AS BIGINT) FROM package_file WHERE package = $1)`, id[:]).Scan(&e.FolderCount, &e.Size)
	if err != nil {
		return nil, fmt.Errorf("read details of package %s: %w", id, err)
	}
	return e, nil
}

// CheckSoftwareFile compares a file that a client has with the one of its path. A checksum of 32 hexadecimal digits is MD5, of 40 SHA-1, of 64 SHA-256;
// "" is none.
func (s *Store) CheckSoftwareFile(ctx context.Context, c wats.FileCheck) (*wats.FileCheckResult, error) {
	if _, err := s.Package(ctx, c.PackageID); err != nil {
		return nil, err
	}
	text := strings.Trim(c.Path, "/")
	if !c.FolderID.IsZero() {
		var folder string
		err := s.reads.QueryRowContext(ctx, `SELECT COALESCE((SELECT path FROM package_folder WHERE id = $1 AND package = $2), '')`,
			c.FolderID[:], c.PackageID[:]).Scan(&folder)
		switch {
		case err != nil:
			return nil, fmt.Errorf("look up folder %s: %w", c.FolderID, err)
		case folder == "":
			return nil, missing("package %s has no folder %s", c.PackageID, c.FolderID)
		}
		text = joinPath(folder, text)
	}
	rows, err := s.reads.QueryContext(ctx, `SELECT `+fileColumns+` FROM package_file f WHERE f.package = $1 AND f.path_key = $2`, c.PackageID[:], pathKey(text))
	if err != nil {
		return nil, fmt.Errorf("check file %q: %w", text, err)
	}
	found, err := collect(rows, func(f *storedFile) error { return scanFile(rows, f) })
	if err != nil || len(found) == 0 {
		return &wats.FileCheckResult{}, err
	}
	f := found[0]
	sums := map[int][]byte{len(f.md5): f.md5[:], len(f.sha1): f.sha1[:], len(f.sha256): f.sha256[:]}
	sum := sums[len(c.Checksum)/2]
	return &wats.FileCheckResult{
		Exists: true, FileID: f.id, SameDate: f.modified.Equal(c.Modified.Truncate(time.Second)),
		SameContent: sum != nil && strings.EqualFold(hex.EncodeToString(sum), c.Checksum),
	}, nil
}

const maxDownloadHistory = 10_000 // entries told

// LogPackageDownload notes that a user has downloaded a package.
func (s *Store) LogPackageDownload(ctx context.Context, id report.ID, size int64, user string) error {
	err := s.queue.do(ctx, 0, func(ctx context.Context, w *writer) error {
		p, err := w.findPackage(ctx, id)
		if err != nil {
			return err
		}
		_, err = w.exec(ctx, `INSERT INTO package_download (package, name, version, account, user_name, size, at_ns) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			id[:], p.Name, p.Version, nameKey(user), user, size, s.now().UnixNano())
		return err
	})
	if err != nil {
		return fmt.Errorf("note the download of package %s: %w", id, err)
	}
	return nil
}

// PackageDownloads returns what a client has downloaded, newest first: at most the last 10,000. A client is an account, by its number.
func (s *Store) PackageDownloads(ctx context.Context, client int) ([]wats.PackageDownload, error) {
	rows, err := s.reads.QueryContext(ctx, `SELECT d.package, d.name, d.version, d.user_name, d.size, d.at_ns FROM package_download d
		JOIN account a ON a.name_key = d.account WHERE a.number = $1 ORDER BY d.id DESC LIMIT $2`, client, maxDownloadHistory)
	if err != nil {
		return nil, fmt.Errorf("list downloads of client %d: %w", client, err)
	}
	all, err := collect(rows, func(d *wats.PackageDownload) error {
		var id []byte
		var at int64
		err := rows.Scan(&id, &d.Name, &d.Version, &d.User, &d.Size, &at)
		d.PackageID, d.ClientID, d.DownloadUTC = idOf(id), client, timeOf(at)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list downloads of client %d: %w", client, err)
	}
	if all == nil {
		all = []wats.PackageDownload{}
	}
	return all, nil
}
