package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

// AssetFile describes a file of an asset.
type AssetFile struct {
	Name      string
	Size      int64 // bytes
	CreatedAt time.Time
	User      string

	blob int64
}

// maxAssetFiles is how many files an asset may have.
const maxAssetFiles = 1000

// SaveAssetFile stores what src holds, at most limit bytes, as a file of an asset, in place of one of that name. [ErrNotFound] when there is no such asset,
// [ErrTooLarge] when src holds more, [ErrConflict] when the asset has 1,000 files.
func (s *Store) SaveAssetFile(ctx context.Context, key AssetKey, name string, src io.Reader, limit int64, user string) error {
	if _, err := s.bareAsset(ctx, key); err != nil { // before the bytes are taken
		return err
	}
	b, err := s.WriteBlob(ctx, src, limit)
	if err == nil && b.Size == 0 {
		err = errors.Join(errEmptyFile, s.removeBlob(ctx, b.ID))
	}
	if err == nil {
		err = s.changeAsset(ctx, key, func(ctx context.Context, w *writer, a *wats.Asset) error {
			return w.saveAssetFile(ctx, a, name, b, user, s.now())
		})
	}
	if err != nil {
		return fmt.Errorf("save file %q: %w", name, err)
	}
	return nil
}

// errEmptyFile refuses a file without content: that is a mistake of who sent it.
var errEmptyFile = &report.InvalidError{Violations: report.Findings{{Path: "$", Rule: "required", Message: "the file is empty"}}}

func (w *writer) saveAssetFile(ctx context.Context, a *wats.Asset, name string, b Blob, user string, now time.Time) error {
	names, err := w.assetFiles(ctx, a.ID)
	if err != nil {
		return err
	}
	known := false
	for _, n := range names {
		known = known || n == name
	}
	if !known && len(names) >= maxAssetFiles {
		return conflict("asset %q has %d files already, the most there may be", a.SerialNumber, len(names))
	}
	if known {
		if err := w.removeAssetFiles(ctx, a.ID, []string{name}); err != nil {
			return err
		}
	}
	if err := w.ownBlob(ctx, b.ID); err != nil {
		return err
	}
	_, err = w.exec(ctx, `INSERT INTO asset_file (asset_id, name, blob, size, created_ns, account) VALUES ($1, $2, $3, $4, $5, $6)`,
		a.ID[:], name, b.ID, b.Size, now.UnixNano(), user)
	if err != nil {
		return err
	}
	return w.logAsset(ctx, a.ID, assetEvent{now, user, wats.AssetLogUpdate, fmt.Sprintf("file %q stored, %d bytes", name, b.Size)})
}

// assetFiles returns the names of the files of an asset.
func (w *writer) assetFiles(ctx context.Context, id report.ID) (names []string, err error) {
	var name string
	err = w.each(ctx, `SELECT name FROM asset_file WHERE asset_id = $1 ORDER BY name`, []any{id[:]}, []any{&name}, func() { names = append(names, name) })
	return names, err
}

func (w *writer) removeAssetFiles(ctx context.Context, id report.ID, names []string) error {
	for _, name := range names {
		var blob int64
		found, err := w.get(ctx, []any{&blob}, `SELECT blob FROM asset_file WHERE asset_id = $1 AND name = $2`, id[:], name)
		if err != nil || !found {
			return err
		}
		if _, err := w.exec(ctx, `DELETE FROM asset_file WHERE asset_id = $1 AND name = $2`, id[:], name); err != nil {
			return err
		}
		if err := w.dropBlob(ctx, blob); err != nil {
			return err
		}
	}
	return nil
}

// AssetFiles returns the files of an asset by name. [ErrNotFound] when there is no such asset.
func (s *Store) AssetFiles(ctx context.Context, key AssetKey) ([]AssetFile, error) {
	a, err := s.bareAsset(ctx, key)
	if err != nil {
		return nil, err
	}
	rows, err := s.reads.QueryContext(ctx, `SELECT name, size, created_ns, account, blob FROM asset_file WHERE asset_id = $1 ORDER BY name`, a.ID[:])
	if err != nil {
		return nil, fmt.Errorf("list the files of %s: %w", key, err)
	}
	files, err := collect(rows, func(f *AssetFile) error {
		var created int64
		err := rows.Scan(&f.Name, &f.Size, &created, &f.User, &f.blob)
		f.CreatedAt = time.Unix(0, created).UTC()
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list the files of %s: %w", key, err)
	}
	return files, nil
}

// AssetFile returns a file of an asset. [ErrNotFound] when there is none of that name.
func (s *Store) AssetFile(ctx context.Context, key AssetKey, name string) (AssetFile, error) {
	a, err := s.bareAsset(ctx, key)
	if err != nil {
		return AssetFile{}, err
	}
	f := AssetFile{Name: name}
	var created int64
	err = s.reads.QueryRowContext(ctx, `SELECT size, created_ns, account, blob FROM asset_file WHERE asset_id = $1 AND name = $2`, a.ID[:], name).
		Scan(&f.Size, &created, &f.User, &f.blob)
	switch {
	case errors.Is(err, ErrNotFound):
		return f, missing("%s has no file %q", key, name)
	case err != nil:
		return f, fmt.Errorf("read file %q of %s: %w", name, key, err)
	}
	f.CreatedAt = time.Unix(0, created).UTC()
	return f, nil
}

// ReadAssetFile writes the content of a file to w.
func (s *Store) ReadAssetFile(ctx context.Context, f AssetFile, w io.Writer) error {
	return s.ReadBlob(ctx, f.blob, 0, w)
}

// DeleteAssetFiles removes files of an asset: all of the names, or none of them and [ErrNotFound] when one is not there.
func (s *Store) DeleteAssetFiles(ctx context.Context, key AssetKey, names []string, user string) error {
	err := s.changeAsset(ctx, key, func(ctx context.Context, w *writer, a *wats.Asset) error {
		there, err := w.assetFiles(ctx, a.ID)
		if err != nil {
			return err
		}
		if absent := without(names, there); len(absent) > 0 {
			return missing("asset %q has no file %s", a.SerialNumber, strings.Join(absent, ", "))
		}
		if err := w.removeAssetFiles(ctx, a.ID, names); err != nil {
			return err
		}
		for _, name := range names {
			if err := w.logAsset(ctx, a.ID, assetEvent{s.now(), user, wats.AssetLogUpdate, fmt.Sprintf("file %q removed", name)}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("delete files: %w", err)
	}
	return nil
}

// without returns the texts that are not in others, in quotes.
func without(texts, others []string) (absent []string) {
	known := make(map[string]bool, len(others))
	for _, o := range others {
		known[o] = true
	}
	for _, t := range texts {
		if !known[t] {
			absent = append(absent, fmt.Sprintf("%q", t))
		}
	}
	return absent
}
