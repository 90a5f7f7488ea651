package store

import (
	"archive/zip"
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"time"

	"github.com/gowats/gowats/report"
)

// Content is a file to be sent, with what a client needs to ask for the rest of it later and to know that it has got the right one. It is read from any
// place as long as the context of the call that gave it lives.
type Content struct {
	Name     string // of a file
	Size     int64
	SHA256   [32]byte
	Modified time.Time

	io.ReadSeeker
}

// PackageArchive returns all files of a package as one zip: the one that was uploaded, where that is all there is; else it is made from its files when it is
// asked for, and kept.
func (s *Store) PackageArchive(ctx context.Context, id report.ID) (*Content, error) {
	for {
		c, contentVersion, err := s.storedArchive(ctx, id)
		if err != nil || c != nil {
			return c, err
		}
		if err := s.makeArchive(ctx, id, contentVersion); err != nil && !s.isOvertaken(ctx, id, contentVersion) {
			return nil, fmt.Errorf("make the archive of package %s: %w", id, err)
		}
	}
}

// isOvertaken reports whether the archive of that version need not be made any more. Who is overtaken while making it finds its sources gone.
func (s *Store) isOvertaken(ctx context.Context, id report.ID, contentVersion int) bool {
	c, now, err := s.storedArchive(ctx, id)
	return err == nil && (c != nil || now != contentVersion)
}

// storedArchive returns the archive of a package, nil when it is to be made.
func (s *Store) storedArchive(ctx context.Context, id report.ID) (c *Content, contentVersion int, err error) {
	c = &Content{}
	var blob, modified int64
	var version, entries int
	var sum []byte
	err = s.reads.QueryRowContext(ctx, `SELECT p.name, p.version, p.modified_ns, p.content_version, COALESCE(p.archive, 0), COALESCE(b.size, 0), b.sha256,
		(SELECT count(*) FROM package_file f WHERE f.package = p.id) + (SELECT count(*) FROM package_folder d WHERE d.package = p.id)
		FROM package p LEFT JOIN blob b ON b.id = p.archive WHERE p.id = $1`, id[:]).
		Scan(&c.Name, &version, &modified, &contentVersion, &blob, &c.Size, &sum, &entries)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, 0, missing("there is no package %s", id)
	case err != nil:
		return nil, 0, fmt.Errorf("read package %s: %w", id, err)
	case entries == 0:
		return nil, 0, missing("package %q version %d has no files", c.Name, version)
	case blob == 0:
		return nil, contentVersion, nil
	}
	c.Name = fmt.Sprintf("%s-%d.zip", c.Name, version)
	c.Modified = time.Unix(0, modified).UTC()
	copy(c.SHA256[:], sum)
	c.ReadSeeker = io.NewSectionReader(s.readerOf(ctx, blob, c.Size), 0, c.Size)
	return c, contentVersion, nil
}

// makeArchive writes the files of a package into one zip, as long as they are those of that version. When they changed meanwhile it does nothing.
func (s *Store) makeArchive(ctx context.Context, id report.ID, contentVersion int) error {
	release, err := s.acquireUnpacking(ctx)
	if err != nil {
		return err
	}
	defer release()
	if c, _, err := s.storedArchive(ctx, id); err != nil || c != nil { // somebody else made it while we waited
		return err
	}
	files, err := s.packageFiles(ctx, id)
	if err != nil {
		return err
	}
	folders, err := s.packageFolders(ctx, id)
	if err != nil {
		return err
	}
	blob, positions, err := s.writePackageArchive(ctx, folders, files)
	if err != nil {
		return err
	}
	kept := false
	err = s.queue.do(ctx, len(files)*100, func(ctx context.Context, w *writer) (err error) {
		kept, err = w.keepArchive(ctx, id, contentVersion, blob.ID, files, positions)
		return err
	})
	if err != nil || !kept {
		return errors.Join(err, s.removeBlob(context.WithoutCancel(ctx), blob.ID))
	}
	return s.sweepDropped(ctx)
}

func (s *Store) packageFolders(ctx context.Context, id report.ID) ([]string, error) {
	rows, err := s.reads.QueryContext(ctx, `SELECT path FROM package_folder WHERE package = $1 ORDER BY path_key`, id[:])
	if err != nil {
		return nil, err
	}
	return collect(rows, func(path *string) error { return rows.Scan(path) })
}

// writePackageArchive stores a zip of files and folders.
func (s *Store) writePackageArchive(ctx context.Context, folders []string, files []storedFile) (blob Blob, positions []int64, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	out, in := io.Pipe()
	done := make(chan error, 1)
	go func() {
		var last *blobReader // of one blob at a time: files of one archive stand beside each other
		buffered := bufio.NewWriterSize(in, chunkSize)
		var err error
		positions, err = writeArchive(buffered, folders, files, func(f storedFile) io.ReaderAt {
			if last == nil || last.id != f.blob {
				last = s.readerOf(ctx, f.blob, f.position+f.packed)
			}
			last.size = max(last.size, f.position+f.packed)
			return last
		})
		if err == nil {
			err = buffered.Flush()
		}
		_ = in.CloseWithError(err) // never fails
		done <- err
	}()
	blob, err = s.WriteBlob(ctx, &roomyReader{src: out, store: s}, maxBlob)
	_ = out.CloseWithError(err) // never fails; lets the writer end when it has not
	failed := <-done
	return blob, positions, errors.Join(err, failed)
}

// keepArchive makes a blob the archive of a package and the place of its files. It reports whether the files are still those of that version.
func (w *writer) keepArchive(ctx context.Context, id report.ID, contentVersion int, blob int64, files []storedFile, positions []int64) (bool, error) {
	var now int
	found, err := w.get(ctx, []any{&now}, `SELECT content_version FROM package WHERE id = $1 AND archive IS NULL`, id[:])
	if err != nil || !found || now != contentVersion {
		return false, err
	}
	before, err := w.packageBlobs(ctx, id)
	if err != nil {
		return false, err
	}
	if err := w.ownBlob(ctx, blob); err != nil {
		return false, err
	}
	if _, err := w.exec(ctx, `UPDATE package SET archive = $1 WHERE id = $2`, blob, id[:]); err != nil {
		return false, err
	}
	for i := range files {
		if _, err := w.exec(ctx, `UPDATE package_file SET blob = $1, position = $2 WHERE id = $3`, blob, positions[i], files[i].id[:]); err != nil {
			return false, err
		}
	}
	return true, w.dropBlobs(ctx, before)
}

// PackageFileContent returns the content of one file.
func (s *Store) PackageFileContent(ctx context.Context, id report.ID) (*Content, error) {
	f, _, err := s.packageFile(ctx, id)
	if err != nil {
		return nil, err
	}
	stored := &fileBytes{ctx: ctx, store: s, file: f, blob: s.readerOf(ctx, f.blob, f.position+f.packed)}
	c := &Content{Name: path.Base(f.path), Size: f.size, SHA256: f.sha256, Modified: f.modified}
	if f.method == zip.Store {
		c.ReadSeeker = io.NewSectionReader(stored, 0, f.size)
	} else {
		c.ReadSeeker = &fileReader{size: f.size, open: func() io.Reader { return f.unpacked(stored) }}
	}
	return c, nil
}

// fileBytes are the bytes of a file as they are stored, at whatever place: the file moves when the archive of its package is made, with
// those that read it unawares. It is not safe for concurrent use.
type fileBytes struct {
	ctx   context.Context //nolint:containedctx // of the one request that the reader serves: io.ReaderAt has no other place for it
	store *Store
	file  storedFile
	blob  *blobReader
}

// ReadAt implements io.ReaderAt.
func (r *fileBytes) ReadAt(p []byte, offset int64) (int, error) {
	for {
		n, err := r.blob.ReadAt(p, r.file.position+offset)
		if err == nil || errors.Is(err, io.EOF) || !r.follow() {
			return n, err
		}
	}
}

// follow goes to where the file is now. It reports whether it moved since.
func (r *fileBytes) follow() bool {
	f, _, err := r.store.packageFile(r.ctx, r.file.id)
	if err != nil || f.blob == r.file.blob || f.sha256 != r.file.sha256 || f.packed != r.file.packed {
		return false
	}
	r.file, r.blob = f, r.store.readerOf(r.ctx, f.blob, f.position+f.packed)
	return true
}

// fileReader reads a file that is packed, from any place: to go back it begins anew.
type fileReader struct {
	open func() io.Reader
	size int64

	src  io.Reader
	at   int64 // of src
	want int64 // where the next read begins
}

// Seek implements io.Seeker.
func (r *fileReader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += r.want
	case io.SeekEnd:
		offset += r.size
	}
	if offset < 0 {
		return r.want, fmt.Errorf("seek: %d is before the beginning", offset)
	}
	r.want = offset
	return offset, nil
}

// Read implements io.Reader.
func (r *fileReader) Read(p []byte) (int, error) {
	if r.want >= r.size {
		return 0, io.EOF
	}
	if r.src == nil || r.want < r.at {
		r.src, r.at = r.open(), 0
	}
	if skip := r.want - r.at; skip > 0 {
		n, err := io.CopyN(io.Discard, r.src, skip)
		if r.at += n; err != nil {
			return 0, fmt.Errorf("skip to byte %d: %w", r.want, err)
		}
	}
	n, err := r.src.Read(p)
	r.at += int64(n)
	r.want = r.at
	if errors.Is(err, io.EOF) && r.at < r.size {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}
