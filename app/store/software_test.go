package store_test

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/app/store/storetest"
	"github.com/gowats/gowats/report"
)

// archiveOf returns a zip made by a function.
func archiveOf(t testing.TB, write func(*zip.Writer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	if err := errors.Join(write(z), z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// plainArchive returns a zip of files with their names as contents.
func plainArchive(t testing.TB, names ...string) []byte {
	t.Helper()
	return archiveOf(t, func(z *zip.Writer) error {
		for _, name := range names {
			w, err := z.Create(name)
			if err == nil {
				_, err = io.WriteString(w, name)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// rawArchive returns a zip of one entry, packed as it is given.
func rawArchive(t testing.TB, h zip.FileHeader, packed []byte) []byte {
	t.Helper()
	return archiveOf(t, func(z *zip.Writer) error {
		w, err := z.CreateRaw(&h)
		if err == nil {
			_, err = w.Write(packed)
		}
		return err
	})
}

func deflated(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err == nil {
		_, err = w.Write(data)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func newPackage(t testing.TB, s *store.Store, name string) *wats.Package {
	t.Helper()
	p, err := s.CreatePackage(t.Context(), &wats.Package{Name: name}, "ola")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// wrongs returns the paths and rules that an error holds.
func wrongs(err error) (all []string) {
	var invalid *report.InvalidError
	if errors.As(err, &invalid) {
		for _, v := range invalid.Violations {
			all = append(all, v.Path+" "+v.Rule)
		}
	}
	return all
}

func TestArchivesThatAreRefused(t *testing.T) {
	s := openStore(t)
	p := newPackage(t, s, "refused")
	kept := plainArchive(t, "kept.txt")
	if err := s.UploadPackage(t.Context(), p.ID, bytes.NewReader(kept), true, "ola"); err != nil {
		t.Fatal(err)
	}
	content := bytes.Repeat([]byte("abc"), 1000)
	packed := deflated(t, content)
	header := func(change func(*zip.FileHeader)) zip.FileHeader {
		h := zip.FileHeader{
			Name: "a.txt", Method: zip.Deflate, CRC32: crc32.ChecksumIEEE(content), CompressedSize64: uint64(len(packed)), UncompressedSize64: uint64(len(content)),
		}
		change(&h)
		return h
	}
	many := make([]string, 20_001)
	for i := range many {
		many[i] = fmt.Sprint(i)
	}
	bomb := deflated(t, make([]byte, 100<<20))
	for name, tc := range map[string]struct {
		archive []byte
		want    []string
	}{
		"no archive":                   {[]byte("PK, or not"), []string{"$ syntax"}},
		"nothing":                      {nil, []string{"$ syntax"}},
		"cut off":                      {plainArchive(t, "a")[:30], []string{"$ syntax"}},
		"names that lead elsewhere":    {plainArchive(t, "../a", "b/../../c", "/etc/passwd", "C:/x", `d\e`, "ok"), []string{`$["../a"] path`, `$["b/../../c"] path`, `$["/etc/passwd"] path`, `$["C:/x"] path`, `$["d\\e"] path`}},
		"names that Windows has not":   {plainArchive(t, "nul", "a/COM1.txt", "b.", "c ", "x:y", "q?", "tab\t"), []string{`$["nul"] path`, `$["a/COM1.txt"] path`, `$["b."] path`, `$["c "] path`, `$["x:y"] path`, `$["q?"] path`, `$["tab\t"] path`}},
		"a name that is not UTF-8":     {plainArchive(t, "\xff\xfe"), []string{`$["\xff\xfe"] path`}},
		"a name that is too long":      {plainArchive(t, strings.Repeat("x/", 200)+"y"), []string{`$[` + fmt.Sprintf("%.100q", strings.Repeat("x/", 200)+"y") + `] path`}},
		"the same name twice":          {plainArchive(t, "a", "a"), []string{`$["a"] unique`}},
		"names that differ in case":    {plainArchive(t, "Readme", "README"), []string{`$["README"] unique`}},
		"a file that is a folder":      {plainArchive(t, "a", "a/b"), []string{`$["a/b"] unique`}},
		"too many files":               {plainArchive(t, many...), []string{"$ count"}},
		"encrypted":                    {rawArchive(t, header(func(h *zip.FileHeader) { h.Flags |= 1 }), packed), []string{`$["a.txt"] encrypted`}},
		"another compression":          {rawArchive(t, header(func(h *zip.FileHeader) { h.Method = 12 }), packed), []string{`$["a.txt"] method`}},
		"a link":                       {rawArchive(t, header(func(h *zip.FileHeader) { h.SetMode(os.ModeSymlink | 0o777) }), packed), []string{`$["a.txt"] type`}},
		"a wrong checksum":             {rawArchive(t, header(func(h *zip.FileHeader) { h.CRC32++ }), packed), []string{`$["a.txt"] damaged`}},
		"more than it says":            {rawArchive(t, header(func(h *zip.FileHeader) { h.UncompressedSize64-- }), packed), []string{`$["a.txt"] damaged`}},
		"less than it says":            {rawArchive(t, header(func(h *zip.FileHeader) { h.UncompressedSize64++ }), packed), []string{`$["a.txt"] damaged`}},
		"a bomb that tells":            {rawArchive(t, header(func(h *zip.FileHeader) { h.UncompressedSize64 = 3 << 30 }), packed), []string{"$ ratio"}},
		"a bomb that tells everything": {rawArchive(t, header(func(h *zip.FileHeader) { h.UncompressedSize64 = 65 << 30 }), packed), []string{"$ size"}},
		"a bomb that does not tell":    {rawArchive(t, header(func(h *zip.FileHeader) { h.CompressedSize64 = uint64(len(bomb)) }), bomb), []string{`$["a.txt"] damaged`}},
		"entries that share bytes":     {overlapping(t), []string{`$["b"] overlap`}},
	} {
		t.Run(name, func(t *testing.T) {
			err := s.UploadPackage(t.Context(), p.ID, bytes.NewReader(tc.archive), true, "ola")
			if got := wrongs(err); !slices.Equal(got, tc.want) {
				t.Errorf("got %v (%v), want %v", got, err, tc.want)
			}
		})
	}
	files, err := s.PackageFiles(t.Context(), p.ID)
	if err != nil || len(files) != 1 || files[0].Path != "kept.txt" {
		t.Errorf("after all of these: files %+v, %v; want the one from before", files, err)
	}
	if blobs, err := s.CountBlobs(t.Context()); err != nil || blobs != 1 {
		t.Errorf("after all of these: %d blobs, %v; want one", blobs, err)
	}
}

// overlapping returns an archive whose second entry is the bytes of the first.
func overlapping(t testing.TB) []byte {
	t.Helper()
	archive := archiveOf(t, func(z *zip.Writer) error {
		for _, name := range []string{"a", "b"} {
			w, err := z.CreateRaw(&zip.FileHeader{Name: name, CRC32: crc32.ChecksumIEEE([]byte("xy")), CompressedSize64: 2, UncompressedSize64: 2})
			if err == nil {
				_, err = io.WriteString(w, "xy")
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	first := bytes.Index(archive, []byte("PK\x01\x02"))
	second := first + 1 + bytes.Index(archive[first+1:], []byte("PK\x01\x02"))
	binary.LittleEndian.PutUint32(archive[second+42:], 0) // where the local header of b is: that of a
	return archive
}

func TestVersionsOfOneNameAreAllDifferent(t *testing.T) {
	address := storetest.Address(t)
	stores := []*store.Store{openAt(t, address)}
	if storetest.OnPostgreSQL() {
		stores = append(stores, openAt(t, address))
	}
	const each = 25
	var mu sync.Mutex
	seen := map[int]int{}
	var wg sync.WaitGroup
	for _, s := range stores {
		for range 8 {
			wg.Go(func() {
				for range each {
					p, err := s.CreatePackage(t.Context(), &wats.Package{Name: "tool"}, "ola")
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					seen[p.Version]++
					mu.Unlock()
				}
			})
		}
	}
	wg.Wait()
	total := len(stores) * 8 * each
	for v := 1; v <= total; v++ {
		if seen[v] != 1 {
			t.Errorf("version %d was given %d times", v, seen[v])
		}
	}
	if len(seen) != total {
		t.Errorf("%d versions were given, want %d", len(seen), total)
	}
}

func TestConcurrentUpdatesAreNoticed(t *testing.T) {
	s := openStore(t)
	p := newPackage(t, s, "edited")
	var wg sync.WaitGroup
	var mu sync.Mutex
	won := 0
	for i := range 20 {
		wg.Go(func() {
			_, err := s.UpdatePackage(t.Context(), p.ID, "ola", func(q *wats.Package) error {
				q.RowVersion, q.Priority = p.RowVersion, i
				return nil
			})
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won++
			} else if !errors.Is(err, store.ErrConflict) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won != 1 {
		t.Errorf("%d of 20 updates of the same row version were taken, want one", won)
	}
}

func TestAFullDiskRefusesPackages(t *testing.T) {
	free := int64(1 << 40)
	s := storetest.OpenAt(t, storetest.Address(t), store.Options{FreeSpace: func() (int64, error) { return free, nil }})
	p := newPackage(t, s, "large")
	free = 300 << 20
	if err := s.UploadPackage(t.Context(), p.ID, bytes.NewReader(plainArchive(t, "a")), true, "ola"); !errors.Is(err, store.ErrNoSpace) {
		t.Errorf("UploadPackage with 300 MiB free: got %v, want ErrNoSpace", err)
	}
	if _, err := s.StartUpload(t.Context(), 100<<20, "ola"); !errors.Is(err, store.ErrNoSpace) {
		t.Errorf("StartUpload of 100 MiB with 300 MiB free: got %v, want ErrNoSpace", err)
	}
	if blobs, err := s.CountBlobs(t.Context()); err != nil || blobs != 0 {
		t.Errorf("%d blobs are left, %v; want none", blobs, err)
	}
}

func TestDroppedContentIsFreed(t *testing.T) {
	s := openStore(t)
	p := newPackage(t, s, "dropped")
	upload := func() {
		t.Helper()
		archive := archiveOf(t, func(z *zip.Writer) error {
			w, err := z.CreateHeader(&zip.FileHeader{Name: "big", Method: zip.Store})
			if err == nil {
				_, err = w.Write(someBytes(20 << 20))
			}
			return err
		})
		if err := s.UploadPackage(t.Context(), p.ID, bytes.NewReader(archive), true, "ola"); err != nil {
			t.Fatal(err)
		}
	}
	upload()
	upload()
	if blobs, err := s.CountBlobs(t.Context()); err != nil || blobs != 1 {
		t.Errorf("after two uploads: %d blobs, %v; want one", blobs, err)
	}
	if err := s.DeletePackage(t.Context(), p.ID); err != nil {
		t.Fatal(err)
	}
	if blobs, err := s.CountBlobs(t.Context()); err != nil || blobs != 0 {
		t.Errorf("after deleting: %d blobs, %v; want none", blobs, err)
	}
}

func TestArchiveIsMadeOnceForAll(t *testing.T) {
	s := openStore(t)
	p := newPackage(t, s, "made")
	for _, names := range [][]string{{"a", "b"}, {"b", "c/d"}} {
		if err := s.UploadPackage(t.Context(), p.ID, bytes.NewReader(plainArchive(t, names...)), false, "ola"); err != nil {
			t.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	archives := make([][]byte, 8)
	for i := range archives {
		wg.Go(func() {
			c, err := s.PackageArchive(t.Context(), p.ID)
			if err == nil {
				archives[i], err = io.ReadAll(c)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for i, a := range archives {
		if !bytes.Equal(a, archives[0]) {
			t.Errorf("archive %d differs from the first", i)
		}
	}
	z, err := zip.NewReader(bytes.NewReader(archives[0]), int64(len(archives[0])))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range z.File {
		names = append(names, f.Name)
	}
	if want := []string{"c/", "a", "b", "c/d"}; !slices.Equal(names, want) {
		t.Errorf("archive holds %v, want %v", names, want)
	}
	if blobs, err := s.CountBlobs(t.Context()); err != nil || blobs != 1 {
		t.Errorf("%d blobs, %v; want one", blobs, err)
	}
}

func TestAFileThatIsReadMovesIntoTheArchive(t *testing.T) {
	s := openStore(t)
	p := newPackage(t, s, "moved")
	content := make([]byte, 1<<20) // several chunks
	rand.NewChaCha8([32]byte{}).Read(content)
	for _, method := range []uint16{zip.Store, zip.Deflate} {
		packed := archiveOf(t, func(z *zip.Writer) error {
			w, err := z.CreateHeader(&zip.FileHeader{Name: fmt.Sprint("method", method), Method: method})
			if err == nil {
				_, err = w.Write(content)
			}
			return err
		})
		if err := s.UploadPackage(t.Context(), p.ID, bytes.NewReader(packed), false, "ola"); err != nil {
			t.Fatal(err)
		}
	}
	files, err := s.PackageFiles(t.Context(), p.ID)
	if err != nil || len(files) != 2 {
		t.Fatalf("PackageFiles: got %v, %v; want two", files, err)
	}
	contents := make([]io.Reader, len(files))
	begun := make([]bytes.Buffer, len(files))
	for i, f := range files {
		if contents[i], err = s.PackageFileContent(t.Context(), f.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := io.CopyN(&begun[i], contents[i], 10); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.PackageArchive(t.Context(), p.ID); err != nil {
		t.Fatal(err)
	}
	if blobs, err := s.CountBlobs(t.Context()); err != nil || blobs != 1 {
		t.Fatalf("%d blobs, %v; want the archive alone", blobs, err)
	}
	for i, f := range files {
		if _, err := io.Copy(&begun[i], contents[i]); err != nil || !bytes.Equal(begun[i].Bytes(), content) {
			t.Errorf("%s: read %d bytes, %v; want the same %d as before", f.Path, begun[i].Len(), err, len(content))
		}
	}
}
