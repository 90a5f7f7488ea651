package store

import (
	"archive/zip"
	"compress/flate"
	"context"
	"crypto/md5" // the protocol compares files by MD5 or SHA-1; what is trusted is SHA-256
	"crypto/sha1"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/gowats/gowats/report"
)

// What an archive may hold. Clients unpack it, so it must not be a trap for them either.
const (
	maxPackageFiles   = 20_000   // and folders
	maxDirectory      = 8 << 20  // bytes of the list of files at its end
	maxUnpacked       = 64 << 30 // bytes of all files
	usualUnpacked     = 1 << 30  // up to here any ratio is taken: firmware is empty for the most part
	maxUnpackedRatio  = 100
	maxArchiveFinding = 100 // violations told
)

// archivedFile is a file in a blob.
type archivedFile struct {
	path     string
	position int64 // of its bytes in the blob
	packed   int64 // bytes there
	size     int64 // bytes of the file
	method   uint16
	crc32    uint32
	modified time.Time
	md5      [md5.Size]byte
	sha1     [sha1.Size]byte
	sha256   [sha256.Size]byte
}

// archive is what a blob holds: all files, and all folders that it names or files are in.
type archive struct {
	files   []archivedFile
	folders []string
	zipped  bool // the blob is a zip, not a file by itself
}

// archiveReader looks through an archive and collects all that is wrong with it.
type archiveReader struct {
	archive
	size  int64
	found report.Findings
	more  int               // violations that are not listed
	seen  map[string]string // what a path is: "file" or "folder", by its key
	names map[string]string // as it is spelled
}

func (a *archiveReader) addf(name, rule, format string, args ...any) {
	if len(a.found) == maxArchiveFinding {
		a.more++
		return
	}
	at := "$"
	if name != "" {
		at = fmt.Sprintf("$[%.100q]", name)
	}
	a.found = append(a.found, report.Finding{Path: at, Rule: rule, Message: fmt.Sprintf(format, args...)})
}

func (a *archiveReader) err() error {
	if a.more > 0 {
		a.found[len(a.found)-1].Message += fmt.Sprintf(" (and %d more)", a.more)
	}
	if len(a.found) > 0 {
		return &report.InvalidError{Violations: a.found}
	}
	return nil
}

// readArchive lists the files of a zip of so many bytes, with their checksums. It unpacks every file for that, and stops at the first byte that is beyond
// what the list says. What is wrong with the archive is a [*report.InvalidError] that names every entry.
func readArchive(ctx context.Context, src io.ReaderAt, size int64) (*archive, error) {
	a := &archiveReader{size: size, seen: map[string]string{}, names: map[string]string{}}
	bounded := &boundedReaderAt{src: src, left: maxDirectory + 128<<10} // the end is searched for in its last 64 KiB
	z, err := zip.NewReader(bounded, size)
	switch {
	case bounded.exceeded:
		a.addf("", "size", "the list of files of the archive exceeds %d MiB", maxDirectory>>20)
		return nil, a.err()
	case bounded.err != nil:
		return nil, fmt.Errorf("read the archive: %w", bounded.err)
	case err != nil && !errors.Is(err, zip.ErrInsecurePath): // names are looked at below
		a.addf("", "syntax", "the body is no zip archive: %v", err)
		return nil, a.err()
	case len(z.File) > maxPackageFiles:
		a.addf("", "count", "the archive has %d entries, the most is %d", len(z.File), maxPackageFiles)
		return nil, a.err()
	}
	bounded.left = -1
	for _, f := range z.File {
		a.check(f)
	}
	a.checkSizes(z.File)
	if err := a.err(); err != nil {
		return nil, err
	}
	for _, f := range z.File {
		if err := a.read(ctx, f); err != nil {
			return nil, err
		}
		if bounded.err != nil {
			return nil, fmt.Errorf("read the archive: %w", bounded.err)
		}
	}
	if err := a.err(); err != nil {
		return nil, err
	}
	slices.Sort(a.folders)
	a.zipped = true
	return &a.archive, nil
}

// boundedReaderAt keeps what archive/zip reads while it lists the entries within bounds: the number that an archive tells need not be true. It also
// tells failures of the source from faults of the archive.
type boundedReaderAt struct {
	src      io.ReaderAt
	left     int64 // bytes; below 0: any number
	exceeded bool
	err      error // of src
}

var errDirectoryTooLarge = errors.New("the list of files is too large")

func (r *boundedReaderAt) ReadAt(p []byte, offset int64) (int, error) {
	if r.left >= 0 {
		if r.left < int64(len(p)) {
			r.exceeded = true
			return 0, errDirectoryTooLarge
		}
		r.left -= int64(len(p))
	}
	n, err := r.src.ReadAt(p, offset)
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err
}

// check looks at what the list says of an entry.
func (a *archiveReader) check(f *zip.File) {
	name, isFolder := strings.CutSuffix(f.Name, "/")
	if problem := pathProblem(name); problem != "" {
		a.addf(f.Name, "path", "the name %.100q %s", f.Name, problem)
		return
	}
	kind := f.Mode().Type()
	switch {
	case f.Flags&0x1 != 0 || f.Flags&0x40 != 0:
		a.addf(f.Name, "encrypted", "%q is encrypted", name)
	case kind != 0 && (kind != fs.ModeDir || !isFolder):
		a.addf(f.Name, "type", "%q is neither a file, nor a folder with a slash at its end: its mode is %v", name, kind)
	case isFolder && f.UncompressedSize64 > 0:
		a.addf(f.Name, "type", "%q is a folder with content", name)
	case !isFolder && f.Method != zip.Store && f.Method != zip.Deflate:
		a.addf(f.Name, "method", "%q is compressed by method %d: only store (0) and deflate (8) are understood", name, f.Method)
	case !isFolder && f.Method == zip.Store && f.CompressedSize64 != f.UncompressedSize64:
		a.addf(f.Name, "size", "%q is stored as it is, but with two sizes", name)
	}
	for _, folder := range foldersAbove(name) {
		a.enter(f.Name, folder, "folder", false)
	}
	if isFolder {
		a.enter(f.Name, name, "folder", false)
	} else {
		a.enter(f.Name, name, "file", true)
	}
}

// enter notes a path. A folder may be named any number of times, in one spelling.
func (a *archiveReader) enter(entry, name, kind string, once bool) {
	key := pathKey(name)
	before, found := a.seen[key]
	switch {
	case !found:
		a.seen[key], a.names[key] = kind, name
		if kind == "folder" {
			a.folders = append(a.folders, name)
		}
	case before != kind:
		a.addf(entry, "unique", "%q is a file and a folder", name)
	case once && a.names[key] == name:
		a.addf(entry, "unique", "%q is there twice", name)
	case once:
		a.addf(entry, "unique", "%q and %q are one file on Windows", a.names[key], name)
	}
}

// checkSizes holds the sizes that the list tells against the bounds, and the places of entries against each other: two that share bytes make an
// archive that unpacks to far more than it is.
func (a *archiveReader) checkSizes(files []*zip.File) {
	type span struct {
		name       string
		start, end int64
	}
	spans := make([]span, 0, len(files))
	var unpacked uint64
	for _, f := range files {
		start, err := f.DataOffset()
		switch {
		case err != nil:
			a.addf(f.Name, "syntax", "%.100q is not where the list says: %v", f.Name, err)
			continue
		case f.CompressedSize64 > uint64(a.size-start):
			a.addf(f.Name, "syntax", "%.100q ends beyond the archive", f.Name)
			continue
		}
		spans = append(spans, span{f.Name, start, start + int64(f.CompressedSize64)})
		if unpacked += f.UncompressedSize64; f.UncompressedSize64 > maxUnpacked || unpacked > maxUnpacked {
			a.addf("", "size", "the archive unpacks to more than %d GiB", maxUnpacked>>30)
			return
		}
	}
	if unpacked > usualUnpacked && unpacked/maxUnpackedRatio > uint64(a.size) {
		a.addf("", "ratio", "the archive unpacks to %d times its size, the most is %d", unpacked/uint64(max(1, a.size)), maxUnpackedRatio)
	}
	slices.SortFunc(spans, func(x, y span) int { return int(min(1, max(-1, x.start-y.start))) })
	for i := 1; i < len(spans); i++ {
		if spans[i].start < spans[i-1].end {
			a.addf(spans[i].name, "overlap", "%.100q and %.100q share bytes of the archive", spans[i-1].name, spans[i].name)
		}
	}
}

// read unpacks a file for its checksums.
func (a *archiveReader) read(ctx context.Context, f *zip.File) error {
	if strings.HasSuffix(f.Name, "/") {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	start, err := f.DataOffset()
	if err != nil {
		a.addf(f.Name, "syntax", "%.100q is not where the list says: %v", f.Name, err)
		return nil
	}
	entry := archivedFile{
		path: f.Name, position: start, packed: int64(f.CompressedSize64), size: int64(f.UncompressedSize64),
		method: f.Method, crc32: f.CRC32, modified: modifiedOf(f),
	}
	src, err := f.Open()
	if err == nil {
		err = errors.Join(entry.sum(src), src.Close())
	}
	if err != nil {
		a.addf(f.Name, "damaged", "%.100q cannot be unpacked: %v", f.Name, err)
		return nil
	}
	a.files = append(a.files, entry)
	return nil
}

// modifiedOf returns the time of an entry, to the second. One without zone is taken for UTC; one that no column can hold for none.
func modifiedOf(f *zip.File) time.Time {
	at := f.Modified.UTC().Truncate(time.Second)
	if at.Year() < 1970 || at.Year() > 2200 {
		return time.Unix(0, 0).UTC()
	}
	return at
}

// sum reads a file to its end and keeps its checksums.
func (f *archivedFile) sum(src io.Reader) error {
	sums := [...]interface {
		io.Writer
		Sum([]byte) []byte
	}{md5.New(), sha1.New(), sha256.New()}
	if _, err := io.CopyBuffer(io.MultiWriter(sums[0], sums[1], sums[2]), onlyReader{src}, make([]byte, 64<<10)); err != nil {
		return err
	}
	sums[0].Sum(f.md5[:0])
	sums[1].Sum(f.sha1[:0])
	sums[2].Sum(f.sha256[:0])
	return nil
}

// onlyReader hides WriteTo, so that a copy goes by the buffer given.
type onlyReader struct{ io.Reader }

// singleFile describes a blob that is one file by itself.
func singleFile(ctx context.Context, src io.ReaderAt, size int64, name string, modified time.Time) (*archive, error) {
	a := &archiveReader{}
	if problem := pathProblem(name); problem != "" {
		a.found = append(a.found, report.Finding{Path: "$.fileName", Rule: "path", Message: "fileName " + problem})
		return nil, a.err()
	}
	f := archivedFile{path: name, packed: size, size: size, method: zip.Store, modified: modified}
	crc := crc32.NewIEEE()
	if err := f.sum(io.TeeReader(io.NewSectionReader(src, 0, size), crc)); err != nil {
		return nil, fmt.Errorf("read the file: %w", err)
	}
	f.crc32 = crc.Sum32()
	return &archive{files: []archivedFile{f}, folders: foldersAbove(name)}, ctx.Err()
}

// unpacked returns the content of a deflated file from its beginning, given the bytes that are stored.
func (f *archivedFile) unpacked(stored io.ReaderAt) io.Reader {
	return io.LimitReader(flate.NewReader(io.NewSectionReader(stored, 0, f.packed)), f.size)
}

// writeArchive writes a zip of files, each from the blob that open gives, packed as it is there, and of folders. It returns where the bytes of each
// file are in it.
func writeArchive(dst io.Writer, folders []string, files []storedFile, open func(storedFile) io.ReaderAt) (positions []int64, err error) {
	counted := &countingWriter{to: dst}
	z := zip.NewWriter(counted)
	for _, folder := range folders {
		if _, err := z.CreateRaw(&zip.FileHeader{Name: folder + "/", Flags: utf8Flag, ExternalAttrs: 0x10}); err != nil {
			return nil, err
		}
	}
	for _, f := range files {
		h := &zip.FileHeader{
			Name: f.path, Flags: utf8Flag, Method: f.method, CRC32: f.crc32, CompressedSize64: uint64(f.packed), UncompressedSize64: uint64(f.size),
			Extra: timestamp(f.modified),
		}
		if h.CompressedSize64 > math.MaxUint32 || h.UncompressedSize64 > math.MaxUint32 {
			h.Flags |= 0x8 // its sizes stand behind it: there is no room for them before
		}
		h.SetModTime(f.modified) //nolint:staticcheck // CreateRaw does not look at Modified
		entry, err := z.CreateRaw(h)
		if err == nil {
			err = z.Flush()
		}
		if err != nil {
			return nil, err
		}
		positions = append(positions, counted.n)
		if _, err := io.CopyBuffer(entry, onlyReader{io.NewSectionReader(open(f), f.position, f.packed)}, make([]byte, 64<<10)); err != nil {
			return nil, err
		}
	}
	return positions, z.Close()
}

const utf8Flag = 0x800 // names are UTF-8

// timestamp is the extra field "extended timestamp" of an entry: the time of the file in seconds of UTC.
func timestamp(at time.Time) []byte {
	s := uint32(at.Unix())
	return []byte{0x55, 0x54, 5, 0, 1, byte(s), byte(s >> 8), byte(s >> 16), byte(s >> 24)}
}

type countingWriter struct {
	to io.Writer
	n  int64
}

func (w *countingWriter) Write(p []byte) (int, error) {
	n, err := w.to.Write(p)
	w.n += int64(n)
	return n, err
}
