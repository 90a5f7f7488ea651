package wats

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"strconv"
	"sync"

	"github.com/gowats/gowats/report"
)

// ErrChecksum is matched when what came, or what was sent, is not what it should be by its SHA-256.
var ErrChecksum = errors.New("checksum mismatch")

// Progress is told how many bytes of a transfer have moved, of how many. It is called often, from other goroutines, never by two at a time. After a
// broken connection it may tell less than before. Nil tells nobody.
type Progress func(done, total int64)

// UploadOptions of [SoftwareService.UploadZip]. The zero UploadOptions are good.
type UploadOptions struct {
	Clean    bool // remove the files that are there first; else those of the zip come on top, in place of those of the same path
	Progress Progress
}

// UploadZip gives a draft the files of a zip of so many bytes, which is sent as it is read: not held in memory, and not repeated when the
// connection breaks. On a gowats server [SoftwareService.Upload] can be resumed, and is checked.
//
// It returns [ErrConflict] unless the package is in Draft.
//
// Route: POST /api/Software/Package/UploadZip/{packageId}.
func (s *SoftwareService) UploadZip(ctx context.Context, id report.ID, src io.ReaderAt, size int64, opt UploadOptions) error {
	req, err := packageRequest(http.MethodPost, "upload package", id, "Package", "UploadZip")
	if err != nil {
		return err
	}
	if src == nil || size <= 0 {
		return fmt.Errorf("upload package %s: %w: there is no zip", id, ErrInvalid)
	}
	req.header.Set("Content-Type", "application/zip")
	if opt.Clean {
		req.query.Set("cleanInstall", "true")
	}
	counted := &uploadSum{total: size, progress: opt.Progress}
	req.stream = counted.stream(src, 0, size)
	return tell(ctx, s.client, req)
}

// uploadSum follows the bytes of an upload as they are read.
type uploadSum struct {
	total    int64
	progress Progress

	mu   sync.Mutex
	sum  hash.Hash // of the first done bytes; nil: not wanted
	done int64
}

// stream returns the bytes from start to end as the body of a request.
func (u *uploadSum) stream(src io.ReaderAt, start, end int64) *stream {
	return &stream{size: end - start, open: func() (io.ReadCloser, error) {
		return io.NopCloser(&summedReader{io.NewSectionReader(src, start, end-start), u, start}), nil
	}}
}

// saw takes the bytes at a place. What was there before, in a try that failed, is not summed again.
func (u *uploadSum) saw(at int64, p []byte) {
	u.mu.Lock()
	defer u.mu.Unlock()
	end := at + int64(len(p))
	if end > u.done && at <= u.done {
		if u.sum != nil {
			_, _ = u.sum.Write(p[u.done-at:]) // a hash never fails
		}
		u.done = end
	}
	if u.progress != nil {
		u.progress(end, u.total)
	}
}

// digest returns the SHA-256 of all bytes, "" as long as not all were read.
func (u *uploadSum) digest() string {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.done != u.total {
		return ""
	}
	return hex.EncodeToString(u.sum.Sum(nil))
}

// summedReader is one reading of a part of an upload.
type summedReader struct {
	src io.Reader
	of  *uploadSum
	at  int64
}

func (r *summedReader) Read(p []byte) (int, error) {
	n, err := r.src.Read(p)
	if n > 0 {
		r.of.saw(r.at, p[:n])
		r.at += int64(n)
	}
	return n, err
}

const (
	uploadChunk  = 8 << 20 // bytes of one request
	transferTry  = 5       // failures in a row without a byte moved that end a transfer
	transferPart = 32 << 20
)

// StartUpload begins an upload of so many bytes, to go on with [SoftwareService.Upload]. It returns [ErrUnsupported] from a server that is no gowats server.
//
// Route: POST /api/gowats/v1/Software/Upload.
func (s *SoftwareService) StartUpload(ctx context.Context, size int64) (*SoftwareUpload, error) {
	req := extension(http.MethodPost, "Upload")
	if err := req.json(struct {
		Size int64 `json:"size"`
	}{size}); err != nil {
		return nil, err
	}
	return one[SoftwareUpload](ctx, s.client, req)
}

// extension makes a request below /api/gowats/v1/Software.
func extension(method string, segments ...string) *request {
	return newRequest(method, append([]string{"api", "gowats", "v1", "Software"}, segments...)...)
}

// GetUpload returns how far an upload is. It returns [ErrNotFound] when there is none of this user, which is so a day after the last byte came.
//
// Route: GET /api/gowats/v1/Software/Upload/{uploadId}.
func (s *SoftwareService) GetUpload(ctx context.Context, id report.ID) (*SoftwareUpload, error) {
	if id.IsZero() {
		return nil, fmt.Errorf("get upload: %w: the ID is zero", ErrInvalid)
	}
	req := extension(http.MethodGet, "Upload", id.String())
	req.opts |= NoCache
	return one[SoftwareUpload](ctx, s.client, req)
}

// CancelUpload forgets an upload with its bytes.
//
// Route: DELETE /api/gowats/v1/Software/Upload/{uploadId}.
func (s *SoftwareService) CancelUpload(ctx context.Context, id report.ID) error {
	if id.IsZero() {
		return fmt.Errorf("cancel upload: %w: the ID is zero", ErrInvalid)
	}
	return tell(ctx, s.client, extension(http.MethodDelete, "Upload", id.String()))
}

// UploadError says that an upload did not end. It can be resumed by ID unless Err matches [ErrInvalid] or [ErrChecksum].
type UploadError struct {
	ID  report.ID
	Err error
}

func (e *UploadError) Error() string { return fmt.Sprintf("upload %s: %v", e.ID, e.Err) }

// Unwrap returns the cause.
func (e *UploadError) Unwrap() error { return e.Err }

// Upload sends the rest of an upload, from where the server has it, and makes of it what target says. Src holds all of its bytes, also those that were sent
// before: they are read for the SHA-256, which is made while the bytes pass and which the server compares; target.SHA256 need not be set. If it
// is, bytes with another one are never made a package: that matches [ErrChecksum].
//
// A broken connection is gone on from as long as bytes move. An error is an [*UploadError], with which the upload can be resumed later,
// also by another process.
//
// Routes: PUT /api/gowats/v1/Software/Upload/{uploadId}, POST /api/gowats/v1/Software/Upload/{uploadId}/Package.
func (s *SoftwareService) Upload(ctx context.Context, id report.ID, src io.ReaderAt, target UploadTarget, progress Progress) (*Package, error) {
	wanted := target.SHA256
	if wanted == "" {
		target.SHA256 = hex.EncodeToString(make([]byte, sha256.Size)) // for the check; the right one is known in the end
	}
	if err := refuseInvalid(target.describe(), target.Validate()); err != nil {
		return nil, err
	}
	p, err := s.upload(ctx, id, src, target, wanted, progress)
	if err != nil {
		return nil, &UploadError{id, err}
	}
	return p, nil
}

func (s *SoftwareService) upload(ctx context.Context, id report.ID, src io.ReaderAt, target UploadTarget, wanted string, progress Progress) (*Package, error) {
	state, err := s.GetUpload(ctx, id)
	if err != nil {
		return nil, err
	}
	if state == nil { // lenient
		return nil, fmt.Errorf("%w: the server has no such upload", ErrNotFound)
	}
	u := &uploadSum{total: state.Size, progress: progress, sum: sha256.New()}
	before := &summedReader{src: io.NewSectionReader(src, 0, state.Offset), of: &uploadSum{total: state.Size, sum: u.sum}}
	if n, err := io.Copy(io.Discard, onlyReads{before}); err != nil || n < state.Offset {
		return nil, fmt.Errorf("read the %d bytes that were sent before: %w", state.Offset, errors.Join(err, io.ErrUnexpectedEOF))
	}
	u.done = state.Offset
	if err := s.sendChunks(ctx, state, src, u); err != nil {
		return nil, err
	}
	target.SHA256 = u.digest()
	if wanted != "" && wanted != target.SHA256 {
		return nil, errors.Join(fmt.Errorf("%w: the file has the SHA-256 %s, not %s", ErrChecksum, target.SHA256, wanted), s.CancelUpload(ctx, id))
	}
	req := extension(http.MethodPost, "Upload", id.String(), "Package")
	if err := req.json(target); err != nil {
		return nil, err
	}
	req.repeatable = true // done twice it is done once
	req.slow = state.Size // the server looks through it
	return one[Package](ctx, s.client, req)
}

// onlyReads hides that a reader can do more.
type onlyReads struct{ io.Reader }

// sendChunks sends what the server does not have yet.
func (s *SoftwareService) sendChunks(ctx context.Context, state *SoftwareUpload, src io.ReaderAt, u *uploadSum) error {
	failures := 0
	for state.Offset < state.Size {
		req := extension(http.MethodPut, "Upload", state.ID.String())
		req.query.Set("offset", strconv.FormatInt(state.Offset, 10))
		req.header.Set("Content-Type", "application/octet-stream")
		req.repeatable = false // a part may be there already: that is asked for first
		req.stream = u.stream(src, state.Offset, min(state.Offset+uploadChunk, state.Size))
		next, err := one[SoftwareUpload](ctx, s.client, req)
		if err != nil {
			if failures++; failures >= transferTry || !canGoOn(err) {
				return err
			}
			asked, failed := s.GetUpload(ctx, state.ID)
			if failed != nil || asked == nil {
				return errors.Join(err, failed)
			}
			next = asked
		}
		if next.Offset > state.Offset {
			failures = 0
		}
		if next.Offset > u.total || next.Offset < 0 {
			return fmt.Errorf("the server has %d bytes of an upload of %d", next.Offset, u.total)
		}
		state.Offset = next.Offset
	}
	return nil
}

// canGoOn reports whether a transfer that failed is worth another try from where it is.
func canGoOn(err error) bool {
	if e, ok := errors.AsType[*TransportError](err); ok {
		return !e.endedByCaller() && !e.isTLS()
	}
	return IsTemporary(err) || errors.Is(err, ErrConflict)
}

// Release is a version of software to be registered.
type Release struct {
	Package                 // name, description, tags, priority and the like; the server gives ID and version
	Label     string        // the maker's own version, such as 2.1.0-rc1: becomes the tag Version
	Type      string        // such as firmware: becomes the tag ReleaseType
	ReleaseAs PackageStatus // status that it gets at once; default Draft

	FileName string // "": the file is a zip whose files become those of the package. Else its path in the package, such as firmware.bin
	Modified Time   // of that one file; default: now
	SHA256   string // that the file must have, in hexadecimal digits; "": any
}

// Tags that RegisterRelease sets.
const (
	TagVersion     = "Version"
	TagReleaseType = "ReleaseType"
)

// RegisterRelease makes a package of a file of so many bytes: it sends the file, as [SoftwareService.Upload] does, with its SHA-256 made on the way, and the server
// then makes the package with its files, tags and status at once, or nothing. A failed one is an [*UploadError] if it can be resumed: by
// [SoftwareService.Upload] with the target of [Release.Target].
//
// It returns [ErrUnsupported] from a server that is no gowats server.
//
// Routes: POST /api/gowats/v1/Software/Upload, PUT /api/gowats/v1/Software/Upload/{uploadId}, POST /api/gowats/v1/Software/Upload/{uploadId}/Package.
func (s *SoftwareService) RegisterRelease(ctx context.Context, r Release, src io.ReaderAt, size int64, progress Progress) (*Package, error) {
	target := r.Target()
	checked := target
	if checked.SHA256 == "" {
		checked.SHA256 = hex.EncodeToString(make([]byte, sha256.Size))
	}
	if err := refuseInvalid(target.describe(), checked.Validate()); err != nil {
		return nil, err
	}
	u, err := s.StartUpload(ctx, size)
	if err == nil && u == nil { // lenient
		err = fmt.Errorf("%w: the server gave no upload", ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("register release %q: %w", r.Name, err)
	}
	p, err := s.Upload(ctx, u.ID, src, target, progress)
	if err != nil {
		return nil, fmt.Errorf("register release %q: %w", r.Name, err)
	}
	return p, nil
}

// Target returns what becomes of the upload of r.
func (r *Release) Target() UploadTarget {
	p := r.Package
	p.Tags = append([]PackageTag(nil), p.Tags...)
	for _, tag := range [...]PackageTag{{TagVersion, r.Label}, {TagReleaseType, r.Type}} {
		if tag.Value != "" {
			p.Tags = append(p.Tags, tag)
		}
	}
	return UploadTarget{SHA256: r.SHA256, FileName: r.FileName, ModifiedUTC: r.Modified, Package: &p, Status: r.ReleaseAs}
}
