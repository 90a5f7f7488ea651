package store

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

const (
	maxUploads   = 50 // of one account at a time
	sweepUploads = 20 // forgotten ones, with each new one
)

// StartUpload begins an upload of so many bytes by an account.
func (s *Store) StartUpload(ctx context.Context, size int64, user string) (*wats.SoftwareUpload, error) {
	if err := s.CheckRoom(size); err != nil {
		return nil, err
	}
	blob, err := s.StartBlob(ctx)
	if err != nil {
		return nil, err
	}
	id, now := report.NewID(), s.now()
	err = s.queue.do(ctx, 0, func(ctx context.Context, w *writer) error {
		var open int
		if _, err := w.get(ctx, []any{&open}, `SELECT count(*) FROM software_upload WHERE account = $1 AND blob IS NOT NULL AND touched_ns > $2`,
			nameKey(user), now.Add(-unownedTime).UnixNano()); err != nil {
			return err
		}
		if open >= maxUploads {
			return conflict("%s has %d uploads under way: end or cancel some, or wait a day", user, open)
		}
		if err := w.sweepUploads(ctx, now); err != nil {
			return err
		}
		_, err := w.exec(ctx, `INSERT INTO software_upload (id, account, size, blob, touched_ns) VALUES ($1, $2, $3, $4, $5)`,
			id[:], nameKey(user), size, blob, now.UnixNano())
		return err
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start an upload: %w", err), s.removeBlob(context.WithoutCancel(ctx), blob))
	}
	return &wats.SoftwareUpload{ID: id, Size: size}, nil
}

// sweepUploads forgets some uploads in which nothing happened for a day. Their blobs are removed as those that nobody took.
func (w *writer) sweepUploads(ctx context.Context, now time.Time) error {
	before := now.Add(-unownedTime).UnixNano()
	_, err := w.exec(ctx, `DELETE FROM software_upload WHERE id IN (SELECT u.id FROM software_upload u WHERE u.touched_ns < $1
		AND NOT EXISTS (SELECT 1 FROM blob b WHERE b.id = u.blob AND b.touched_ns >= $1) ORDER BY u.touched_ns LIMIT $2)`, before, sweepUploads)
	return err
}

// upload is an upload and its blob.
type upload struct {
	wats.SoftwareUpload
	blob  Blob
	whole bool // the blob is sealed
}

// findUpload returns an upload of an account.
func (s *Store) findUpload(ctx context.Context, id report.ID, user string) (*upload, error) {
	u := &upload{SoftwareUpload: wats.SoftwareUpload{ID: id}}
	var packageID, sum []byte
	var state int
	err := s.reads.QueryRowContext(ctx, `SELECT u.size, COALESCE(u.blob, 0), u.package, COALESCE(b.size, u.size), COALESCE(b.state, 0), b.sha256
		FROM software_upload u LEFT JOIN blob b ON b.id = u.blob WHERE u.id = $1 AND u.account = $2 AND (u.blob IS NULL OR b.state < 2)`,
		id[:], nameKey(user)).Scan(&u.Size, &u.blob.ID, &packageID, &u.Offset, &state, &sum)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, missing("%s has no upload %s; one in which nothing happens for a day is forgotten", user, id)
	case err != nil:
		return nil, fmt.Errorf("look up upload %s: %w", id, err)
	}
	u.PackageID = idOf(packageID)
	u.blob.Size, u.whole = u.Offset, state == blobWhole
	copy(u.blob.SHA256[:], sum)
	return u, nil
}

// Upload returns how far an upload is.
func (s *Store) Upload(ctx context.Context, id report.ID, user string) (*wats.SoftwareUpload, error) {
	u, err := s.findUpload(ctx, id, user)
	if err != nil {
		return nil, err
	}
	return &u.SoftwareUpload, nil
}

// AppendUpload adds what src holds to an upload, from a byte on, which must be its end. What came before src broke off is kept.
func (s *Store) AppendUpload(ctx context.Context, id report.ID, offset int64, src io.Reader, user string) (*wats.SoftwareUpload, error) {
	u, err := s.findUpload(ctx, id, user)
	switch {
	case err != nil:
		return nil, err
	case !u.PackageID.IsZero() || u.whole:
		return nil, conflict("upload %s is done: nothing can be added to it", id)
	case offset != u.Offset:
		return nil, conflict("upload %s goes on at byte %d, not at %d", id, u.Offset, offset)
	}
	size, err := s.AppendBlob(ctx, u.blob.ID, offset, &roomyReader{src: src, store: s}, u.Size)
	if err != nil {
		return nil, fmt.Errorf("append to upload %s: %w", id, err)
	}
	u.Offset = size
	return &u.SoftwareUpload, nil
}

// CancelUpload forgets an upload with its bytes.
func (s *Store) CancelUpload(ctx context.Context, id report.ID, user string) error {
	u, err := s.findUpload(ctx, id, user)
	if err != nil {
		return err
	}
	if err := s.forgetUpload(ctx, u); err != nil {
		return err
	}
	return s.sweepDropped(ctx)
}

func (s *Store) forgetUpload(ctx context.Context, u *upload) error {
	err := s.queue.do(ctx, 0, func(ctx context.Context, w *writer) error {
		if u.blob.ID != 0 {
			n, err := w.exec(ctx, `UPDATE blob SET state = 3 WHERE id = $1 AND state < 2`, u.blob.ID)
			if err != nil || n == 0 { // a package has it by now
				return err
			}
		}
		_, err := w.exec(ctx, `DELETE FROM software_upload WHERE id = $1`, u.ID[:])
		return err
	})
	if err != nil {
		return fmt.Errorf("forget upload %s: %w", u.ID, err)
	}
	return nil
}

// FinishUpload makes of an upload what target says, all in one transaction: the files of a draft, or a new package with tags, files and status. The bytes must have
// the SHA-256 of target. Done twice it gives the package again. What is refused for its content is forgotten.
func (s *Store) FinishUpload(ctx context.Context, id report.ID, target wats.UploadTarget, user string) (*wats.Package, error) {
	u, err := s.findUpload(ctx, id, user)
	switch {
	case err != nil:
		return nil, err
	case !u.PackageID.IsZero():
		return s.Package(ctx, u.PackageID)
	case u.Offset != u.Size:
		return nil, conflict("upload %s has %d of %d bytes", id, u.Offset, u.Size)
	}
	if target.Package == nil {
		if err := s.CheckDraft(ctx, target.PackageID); err != nil {
			return nil, err
		}
	}
	p, err := s.finishUpload(ctx, u, target, user)
	var invalid *report.InvalidError
	if errors.As(err, &invalid) {
		err = errors.Join(err, s.forgetUpload(context.WithoutCancel(ctx), u))
	}
	if err != nil {
		return nil, fmt.Errorf("finish upload %s: %w", id, err)
	}
	return p, s.sweepDropped(ctx)
}

func (s *Store) finishUpload(ctx context.Context, u *upload, target wats.UploadTarget, user string) (*wats.Package, error) {
	var err error
	if !u.whole { // else it was sealed by a try before
		blob, err := s.SealBlob(ctx, u.blob.ID)
		if errors.Is(err, ErrNotFound) { // or by one beside this
			return s.FinishUpload(ctx, u.ID, target, user)
		}
		if err != nil {
			return nil, err
		}
		u.blob = blob
	}
	if sum := hex.EncodeToString(u.blob.SHA256[:]); !strings.EqualFold(sum, target.SHA256) {
		return nil, &report.InvalidError{Violations: report.Findings{{Path: "$.sha256", Rule: "checksum",
			Message: fmt.Sprintf("the bytes that came have the SHA-256 %s, not %s: send them again", sum, strings.ToLower(target.SHA256))}}}
	}
	var a *archive
	if target.FileName == "" {
		a, err = s.unpackArchive(ctx, u.blob)
	} else {
		at := target.ModifiedUTC.UTC().Truncate(time.Second)
		if at.IsZero() || at.Year() < 1970 || at.Year() > 2200 {
			at = s.now().UTC().Truncate(time.Second)
		}
		a, err = singleFile(ctx, s.readerOf(ctx, u.blob.ID, u.blob.Size), u.blob.Size, target.FileName, at)
	}
	if err != nil {
		return nil, err
	}
	var p *wats.Package
	err = s.queue.do(ctx, len(a.files)*500, func(ctx context.Context, w *writer) (err error) {
		p, err = w.placeUpload(ctx, u, a, target, user, s.now())
		return err
	})
	return p, err
}

// placeUpload gives a package the files of an upload.
func (w *writer) placeUpload(ctx context.Context, u *upload, a *archive, target wats.UploadTarget, user string, now time.Time) (*wats.Package, error) {
	var done []byte
	found, err := w.get(ctx, []any{&done}, `SELECT package FROM software_upload WHERE id = $1`, u.ID[:])
	switch {
	case err != nil:
		return nil, err
	case !found:
		return nil, missing("upload %s was canceled", u.ID)
	case len(done) > 0: // by a call beside this one
		return w.findPackage(ctx, idOf(done))
	}
	id := target.PackageID
	if target.Package != nil {
		fresh := *target.Package
		if err := w.createPackage(ctx, &fresh, user, now); err != nil {
			return nil, err
		}
		id = fresh.ID
	}
	p, err := w.findDraft(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := w.install(ctx, p, u.blob.ID, a, target.CleanInstall, user, now); err != nil {
		return nil, err
	}
	if target.Status != "" && target.Status != wats.PackageDraft {
		if _, err := w.exec(ctx, `UPDATE package SET status = $1 WHERE id = $2`, string(target.Status), id[:]); err != nil {
			return nil, err
		}
	}
	if _, err := w.exec(ctx, `UPDATE software_upload SET blob = NULL, package = $1, touched_ns = $2 WHERE id = $3`, id[:], now.UnixNano(), u.ID[:]); err != nil {
		return nil, err
	}
	return w.findPackage(ctx, id)
}
