package wats

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/gowats/gowats/internal/fsx"
	"github.com/gowats/gowats/report"
)

// DownloadInfo describes what was downloaded.
type DownloadInfo struct {
	Size   int64
	SHA256 string // hexadecimal digits; the server's, and what came has it
}

// Download writes all files of a package, as one zip, to w. It asks for parts of the bytes, goes on from a broken connection as long as bytes move, and
// compares the SHA-256 of all at the end: [ErrChecksum] when it is another one. After an error w has got a part.
//
// It returns [ErrUnsupported] from a server that is no gowats server: the WATS protocol has no such call.
//
// Route: GET /api/gowats/v1/Software/Package/{packageId}/Zip.
func (s *SoftwareService) Download(ctx context.Context, id report.ID, w io.Writer, progress Progress) (DownloadInfo, error) {
	return s.download(ctx, "package", id, w, progress, "Package", id.String(), "Zip")
}

// DownloadFile writes one file of a package to w, as [SoftwareService.Download] does.
//
// Route: GET /api/gowats/v1/Software/File/{fileId}/Content.
func (s *SoftwareService) DownloadFile(ctx context.Context, fileID report.ID, w io.Writer, progress Progress) (DownloadInfo, error) {
	return s.download(ctx, "file", fileID, w, progress, "File", fileID.String(), "Content")
}

func (s *SoftwareService) download(ctx context.Context, what string, id report.ID, w io.Writer, progress Progress, segments ...string) (DownloadInfo, error) {
	d, err := s.ask(ctx, what, id, progress, segments...)
	if err == nil {
		err = d.fetch(ctx, w)
	}
	if err != nil {
		return DownloadInfo{}, fmt.Errorf("download %s %s: %w", what, id, err)
	}
	return d.info(), nil
}

// Save writes all files of a package, as one zip, to the file path, as [SoftwareService.Download] does. While it is not complete it has the name path.part, from
// where a later call goes on, also one of another process; two at the same time must not be. A file that is there is replaced in the end.
//
// Route: GET /api/gowats/v1/Software/Package/{packageId}/Zip.
func (s *SoftwareService) Save(ctx context.Context, id report.ID, path string, progress Progress) (DownloadInfo, error) {
	return s.save(ctx, "package", id, path, progress, "Package", id.String(), "Zip")
}

// SaveFile writes one file of a package to the file path, as [SoftwareService.Save] does.
//
// Route: GET /api/gowats/v1/Software/File/{fileId}/Content.
func (s *SoftwareService) SaveFile(ctx context.Context, fileID report.ID, path string, progress Progress) (DownloadInfo, error) {
	return s.save(ctx, "file", fileID, path, progress, "File", fileID.String(), "Content")
}

func (s *SoftwareService) save(ctx context.Context, what string, id report.ID, path string, progress Progress, segments ...string) (DownloadInfo, error) {
	d, err := s.ask(ctx, what, id, progress, segments...)
	if err == nil {
		err = d.saveTo(ctx, path)
	}
	if err != nil {
		return DownloadInfo{}, fmt.Errorf("download %s %s to %s: %w", what, id, path, err)
	}
	return d.info(), nil
}

// download is what is known of one transfer.
type download struct {
	client   *Client
	segments []string
	etag     string
	digest   [sha256.Size]byte
	total    int64
	progress Progress

	sum  hash.Hash
	done int64
}

// ask asks what there is to download.
func (s *SoftwareService) ask(ctx context.Context, what string, id report.ID, progress Progress, segments ...string) (*download, error) {
	if id.IsZero() {
		return nil, fmt.Errorf("%w: the ID of the %s is zero", ErrInvalid, what)
	}
	req := extension(http.MethodHead, segments...)
	req.to = io.Discard // past the cache, which keeps no headers
	ans, err := s.client.do(ctx, req)
	if err != nil {
		return nil, err
	}
	d := &download{client: s.client, segments: segments, etag: ans.header.Get("ETag"), progress: progress, sum: sha256.New()}
	if d.total, err = strconv.ParseInt(ans.header.Get("Content-Length"), 10, 64); err != nil || d.total < 0 {
		return nil, fmt.Errorf("%w: the server does not tell how long it is", ErrUnsupported)
	}
	text, isSHA := strings.CutPrefix(ans.header.Get("Repr-Digest"), "sha-256=:")
	sum, err := base64.StdEncoding.DecodeString(strings.TrimSuffix(text, ":"))
	if !isSHA || err != nil || len(sum) != sha256.Size {
		return nil, fmt.Errorf("%w: the server tells no SHA-256", ErrUnsupported)
	}
	copy(d.digest[:], sum)
	return d, nil
}

func (d *download) info() DownloadInfo { return DownloadInfo{d.total, hex.EncodeToString(d.digest[:])} }

// fetch writes what is missing to w, and checks the whole.
func (d *download) fetch(ctx context.Context, w io.Writer) error {
	failures := 0
	for d.done < d.total {
		before := d.done
		err := d.part(ctx, w)
		if d.done > before {
			failures = 0
		}
		if err == nil {
			continue
		}
		if failures++; failures >= transferTry || !canGoOn(err) || errors.Is(err, ErrConflict) {
			return err
		}
	}
	if sum := d.sum.Sum(nil); [sha256.Size]byte(sum) != d.digest {
		return fmt.Errorf("%w: what came has the SHA-256 %x, the server told %x", ErrChecksum, sum, d.digest)
	}
	return nil
}

// part asks for the next bytes.
func (d *download) part(ctx context.Context, w io.Writer) error {
	req := extension(http.MethodGet, d.segments...)
	end := min(d.done+transferPart, d.total)
	req.header.Set("Range", fmt.Sprintf("bytes=%d-%d", d.done, end-1))
	req.header.Set("Accept-Encoding", "identity")
	if d.etag != "" {
		req.header.Set("If-Match", d.etag)
	}
	out := &downloadWriter{to: w, of: d, most: end - d.done}
	req.to = out
	from := d.done
	ans, err := d.client.do(ctx, req)
	e, refused := errors.AsType[*APIError](err)
	switch {
	case refused && e.Status == http.StatusPreconditionFailed:
		return fmt.Errorf("%w: it was changed at the server meanwhile", ErrConflict)
	case err != nil:
		return err
	case ans.status != http.StatusPartialContent && from > 0:
		return fmt.Errorf("%w: the server cannot go on from byte %d", ErrUnsupported, from)
	case d.done != end:
		return fmt.Errorf("the server gave %d bytes of %d", d.done-from, end-from)
	}
	return nil
}

// downloadWriter passes bytes on and follows them.
type downloadWriter struct {
	to   io.Writer
	of   *download
	most int64
}

var errMoreThanAsked = errors.New("the server sends more bytes than it was asked for")

func (w *downloadWriter) Write(p []byte) (int, error) {
	if int64(len(p)) > w.most {
		return 0, errMoreThanAsked
	}
	n, err := w.to.Write(p)
	w.most -= int64(n)
	w.of.saw(p[:n])
	return n, err
}

func (d *download) saw(p []byte) {
	_, _ = d.sum.Write(p) // a hash never fails
	d.done += int64(len(p))
	if d.progress != nil {
		d.progress(d.done, d.total)
	}
}

// saveTo makes the file path.
func (d *download) saveTo(ctx context.Context, path string) error {
	part := path + ".part"
	f, err := os.OpenFile(part, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	err = d.fill(ctx, f)
	if err = errors.Join(err, f.Close()); err != nil {
		if errors.Is(err, ErrChecksum) { // nothing to go on from
			err = errors.Join(err, os.Remove(part))
		}
		return err
	}
	if err := (fsx.FS{}).Rename(part, path); err != nil {
		return err
	}
	return fsx.SyncDir(filepath.Dir(path))
}

// fill completes a file that may have a part of the bytes.
func (d *download) fill(ctx context.Context, f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%w: %s is no file", fs.ErrInvalid, f.Name())
	}
	resumed := info.Size() > 0
	if info.Size() > d.total {
		if err := f.Truncate(0); err != nil {
			return err
		}
	}
	if _, err := io.Copy(writerFunc(d.saw), onlyReads{f}); err != nil {
		return err
	}
	err = d.fetch(ctx, f)
	if errors.Is(err, ErrChecksum) && resumed { // what was there was of something else
		d.sum.Reset()
		d.done = 0
		if err = f.Truncate(0); err == nil {
			_, err = f.Seek(0, io.SeekStart)
		}
		if err == nil {
			err = d.fetch(ctx, f)
		}
	}
	if err != nil {
		return err
	}
	return f.Sync()
}

// writerFunc is a writer that takes all.
type writerFunc func(p []byte)

func (f writerFunc) Write(p []byte) (int, error) {
	f(p)
	return len(p), nil
}
