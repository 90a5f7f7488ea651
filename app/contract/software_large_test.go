package contract_test

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/auth"
	"github.com/gowats/gowats/app/server"
	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/app/store/storetest"
)

// pseudoFile is a file of any size that needs no disk: each block of 64 KiB is the same noise with its number in it.
type pseudoFile struct {
	size  int64
	block []byte
}

func newPseudoFile(size int64) *pseudoFile { return &pseudoFile{size, noise(64 << 10)} }

func (f *pseudoFile) ReadAt(p []byte, offset int64) (n int, err error) {
	for n < len(p) {
		if offset >= f.size {
			return n, io.EOF
		}
		inBlock := offset % int64(len(f.block))
		m := copy(p[n:min(int64(len(p)), int64(n)+f.size-offset)], f.block[inBlock:])
		if inBlock < 8 {
			var number [8]byte
			for i := range number {
				number[i] = byte(offset / int64(len(f.block)) >> (8 * i))
			}
			copy(p[n:n+m], number[inBlock:])
		}
		n += m
		offset += int64(m)
	}
	return n, nil
}

// zipAround returns a zip that holds the file as it is, as one reader.
func zipAround(t testing.TB, f *pseudoFile) (archive io.ReaderAt, size int64) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "large.zip")
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(out)
	w, err := z.CreateHeader(&zip.FileHeader{Name: "large.bin", Method: zip.Store, Modified: fileTime})
	if err == nil {
		_, err = io.Copy(w, io.NewSectionReader(f, 0, f.size))
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	info, err := out.Stat()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { out.Close() })
	return out, info.Size()
}

// heap returns the bytes of objects on the heap, those included that are garbage already.
func heap() int64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64())
}

// resident returns the bytes of memory that the process holds, all libraries and caches included; 0 where the system does not tell.
func resident() int64 {
	data, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(data)) {
		var kilobytes int64
		if n, _ := fmt.Sscanf(line, "VmRSS: %d kB", &kilobytes); n == 1 {
			return kilobytes << 10
		}
	}
	return 0
}

// memoryPeak calls do and returns by how much heap and process grew at most meanwhile, as seen each time that progress is told.
type memoryPeak struct{ heapBefore, residentBefore, heap, resident int64 }

func newMemoryPeak() *memoryPeak {
	runtime.GC()
	return &memoryPeak{heapBefore: heap(), residentBefore: resident()}
}

func (m *memoryPeak) look(int64, int64) {
	m.heap = max(m.heap, heap()-m.heapBefore)
	m.resident = max(m.resident, resident()-m.residentBefore)
}

func (m *memoryPeak) String() string {
	return fmt.Sprintf("heap grew by at most %d MiB, the process by %d MiB", m.heap>>20, m.resident>>20)
}

// TestLargePackagesInFlatMemory sends a package up and down: 64 MiB, and with GOWATS_LONG set a gigabyte. Client and server are one process, so that the
// bound holds both.
func TestLargePackagesInFlatMemory(t *testing.T) {
	size, warmSize, long := int64(64<<20), int64(4<<20), os.Getenv("GOWATS_LONG") != ""
	if long {
		size, warmSize = 1<<30, 192<<20
	}
	c, _ := plainServer(t)
	file := newPseudoFile(size)
	// What every transfer needs once is there after another one; in the long form also the page cache of the database, which has a bound of its own.
	warm := newPseudoFile(warmSize)
	first, err := c.Software.RegisterRelease(t.Context(), wats.Release{Package: wats.Package{Name: "warm"}, FileName: "x"}, warm, warm.size, nil)
	if err == nil {
		_, err = c.Software.Download(t.Context(), first.ID, io.Discard, nil)
	}
	if err != nil {
		t.Fatal(err)
	}

	const most = 64 << 20
	hold := func(what string, m *memoryPeak, took time.Duration) {
		t.Logf("%s: %d MiB in %v, %.0f MB/s; %s", what, size>>20, took.Round(time.Millisecond), float64(size)/1e6/took.Seconds(), m)
		if m.heap > most || long && m.resident > most {
			t.Errorf("%s: %s; want at most %d MiB", what, m, most>>20)
		}
	}
	archive, archiveSize := zipAround(t, file)
	m, began := newMemoryPeak(), time.Now()
	p, err := c.Software.RegisterRelease(t.Context(), wats.Release{Package: wats.Package{Name: "large"}}, archive, archiveSize, m.look)
	if err != nil {
		t.Fatal(err)
	}
	hold("resumable upload of a zip", m, time.Since(began))

	draft := createPackage(t, c, wats.Package{Name: "large"})
	m, began = newMemoryPeak(), time.Now()
	if err := c.Software.UploadZip(t.Context(), draft.ID, archive, archiveSize, wats.UploadOptions{Progress: m.look}); err != nil {
		t.Fatal(err)
	}
	hold("upload of a zip at once", m, time.Since(began))

	m, began = newMemoryPeak(), time.Now()
	info, err := c.Software.Download(t.Context(), p.ID, io.Discard, m.look)
	if err != nil {
		t.Fatal(err)
	}
	hold("download of the zip", m, time.Since(began))
	sum := sha256.New()
	if _, err := io.Copy(sum, io.NewSectionReader(archive, 0, archiveSize)); err != nil || info.SHA256 != hex.EncodeToString(sum.Sum(nil)) {
		t.Errorf("what came down has SHA-256 %s, %v; what went up has %x", info.SHA256, err, sum.Sum(nil))
	}

	files, err := c.Software.Files(t.Context(), p.ID)
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	m, began = newMemoryPeak(), time.Now()
	if _, err := c.Software.DownloadFile(t.Context(), files[0].ID, io.Discard, m.look); err != nil {
		t.Fatal(err)
	}
	hold("download of the file", m, time.Since(began))
}

// plainServer returns a client of a server, and its store, that nobody listens in to, so that no copies are kept.
func plainServer(t testing.TB) (*wats.Client, *store.Store) {
	t.Helper()
	s := storetest.Open(t, store.Options{})
	a := auth.New(s)
	if err := a.CreateUser(t.Context(), user, password, auth.Write); err != nil {
		t.Fatal(err)
	}
	token, err := a.IssueToken(t.Context(), user, "test")
	if err != nil {
		t.Fatal(err)
	}
	listening := httptest.NewServer(server.New(s, a, server.Options{Version: serverVersion}))
	t.Cleanup(listening.Close)
	c, err := wats.NewClient(listening.URL, wats.WithToken(token))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c, s
}

// BenchmarkPackageTransfer moves 64 MiB up and down, beside a bare copy of as much over loopback by net/http alone.
func BenchmarkPackageTransfer(b *testing.B) {
	const size = 64 << 20
	file := newPseudoFile(size)
	bare := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if r.Method == http.MethodGet {
			_, _ = io.Copy(w, io.NewSectionReader(file, 0, size))
		}
	}))
	b.Cleanup(bare.Close)
	send := func(b *testing.B, method string, body io.Reader) {
		request, err := http.NewRequestWithContext(b.Context(), method, bare.URL, body)
		if err != nil {
			b.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err == nil {
			_, err = io.Copy(io.Discard, response.Body)
			response.Body.Close()
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	c, _ := plainServer(b)
	release := wats.Release{Package: wats.Package{Name: "bench"}, FileName: "large.bin"}
	stored, err := c.Software.RegisterRelease(b.Context(), release, file, size, nil)
	if err != nil {
		b.Fatal(err)
	}
	files, err := c.Software.Files(b.Context(), stored.ID)
	if err != nil {
		b.Fatal(err)
	}
	for _, bench := range []struct {
		name      string
		bare, run func(*testing.B)
	}{
		{"up", func(b *testing.B) { send(b, http.MethodPut, io.NewSectionReader(file, 0, size)) }, func(b *testing.B) {
			p, err := c.Software.RegisterRelease(b.Context(), release, file, size, nil)
			b.StopTimer()
			if err == nil {
				err = c.Software.Delete(b.Context(), p.ID)
			}
			if err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
		}},
		{"down", func(b *testing.B) { send(b, http.MethodGet, nil) }, func(b *testing.B) {
			if _, err := c.Software.DownloadFile(b.Context(), files[0].ID, io.Discard, nil); err != nil {
				b.Fatal(err)
			}
		}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			began := time.Now()
			bench.bare(b)
			bare := time.Since(began)
			b.SetBytes(size)
			for b.Loop() {
				bench.run(b)
			}
			b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(bare), "x-bare-copy")
		})
	}
}

// BenchmarkPackageCalls measures single calls with 20,000 packages stored.
func BenchmarkPackageCalls(b *testing.B) {
	c, s := plainServer(b)
	var making sync.WaitGroup
	for worker := range 64 {
		making.Go(func() {
			for i := worker; i < 20_000; i += 64 {
				p := &wats.Package{Name: fmt.Sprintf("P%03d", i%500), Tags: []wats.PackageTag{{Key: "Line", Value: fmt.Sprint(i % 50)}}}
				if _, err := s.CreatePackage(b.Context(), p, user); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	making.Wait()
	last, err := c.Software.GetByName(b.Context(), "P007", wats.PackageSelect{})
	if err != nil {
		b.Fatal(err)
	}
	for name, call := range map[string]func() error{
		"get":         func() error { _, err := c.Software.Get(b.Context(), last.ID); return err },
		"get by name": func() error { _, err := c.Software.GetByName(b.Context(), "P007", wats.PackageSelect{}); return err },
		"put": func() (err error) {
			last, err = c.Software.Update(b.Context(), last)
			return err
		},
	} {
		b.Run(name, func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				began := time.Now()
				if err := call(); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(began))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "ms-median")
		})
	}
}
