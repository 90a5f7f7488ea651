package server_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/auth"
	"github.com/gowats/gowats/app/server"
	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/report"
)

const benchProducts = 100_000

func benchPart(n int) string { return fmt.Sprintf("PCBA-%06d", n) }

// fillProducts stores products with a revision, three tags and, in every tenth, a bill of materials of 20 lines.
func fillProducts(b *testing.B, s *store.Store, n int) {
	b.Helper()
	tags := []wats.Setting{{Key: "Area", Value: "SMT"}, {Key: "Line", Value: "4"}, {Key: "Owner", Value: "ola"}}
	const atOnce = 2000
	for from := 0; from < n; from += atOnce {
		changes := make([]store.ProductChange, min(atOnce, n-from))
		for i := range changes {
			changes[i] = store.ProductChange{PartNumber: benchPart(from + i), Name: report.Some(fmt.Sprint("Board ", from+i)), Tags: tags,
				Revisions: []store.RevisionChange{{Revision: "A"}}}
		}
		if _, err := s.SaveProducts(b.Context(), changes); err != nil {
			b.Fatal(err)
		}
	}
	items := make([]wats.BOMItem, 20)
	for i := range items {
		items[i] = wats.BOMItem{PartNumber: fmt.Sprint("R-", i), ComponentRef: fmt.Sprint("R", i), Quantity: 1}
	}
	for i := 0; i < n; i += n / 100 {
		if err := s.SaveBOM(b.Context(), benchPart(i), "A", report.Optional[string]{}, items); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkProducts asks and writes over loopback, one request after the other, with 100,000 products stored. It reports the median time, and what that
// is of the time for the version of the server, which needs no database.
func BenchmarkProducts(b *testing.B) {
	bench := startServer(b, server.Options{})
	fillProducts(b, bench.store, benchProducts)
	floor := medianOf(b, 500, func(int) { ask(b, bench, http.MethodGet, "/api/App/Version", nil) })
	random := func() string { return benchPart(rand.IntN(benchProducts)) }
	for _, c := range []struct {
		name string
		do   func(n int)
	}{
		{"get", func(int) { ask(b, bench, http.MethodGet, "/api/Product/"+random(), nil) }},
		{"get revision", func(int) { ask(b, bench, http.MethodGet, "/api/Product?revision=A&partNumber="+random(), nil) }},
		{"get bill of materials", func(int) {
			ask(b, bench, http.MethodGet, "/api/internal/Product/Bom?revision=A&partNumber="+benchPart(rand.IntN(100)*benchProducts/100), nil)
		}},
		{"put", func(n int) {
			ask(b, bench, http.MethodPut, "/api/Product", fmt.Appendf(nil, `{"partNumber":%q,"name":"Name %d"}`, random(), n))
		}},
		{"put new", func(n int) {
			ask(b, bench, http.MethodPut, "/api/Product", fmt.Appendf(nil, `{"partNumber":"NEW-%d-%d","revisions":[{"revision":"A"}]}`, b.N, n))
		}},
		{"put revision", func(n int) {
			ask(b, bench, http.MethodPut, "/api/Product/Revision", fmt.Appendf(nil, `{"partNumber":%q,"revision":"A","name":"Name %d"}`, random(), n))
		}},
		{"page of 100 by wildcard", func(int) {
			ask(b, bench, http.MethodGet, "/api/gowats/v1/Product/Query?$filter=startswith(partNumber,'PCBA-0555')", nil)
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			median := medianOf(b, b.N, c.do)
			b.ReportMetric(float64(median.Microseconds())/1000, "ms/median")
			b.ReportMetric(float64(median)/float64(floor), "floors")
		})
	}
}

// medianOf carries out n requests and returns the median time of one.
func medianOf(b *testing.B, n int, do func(int)) time.Duration {
	took := make([]time.Duration, n)
	for i := range took {
		began := time.Now()
		do(i)
		took[i] = time.Since(began)
	}
	slices.Sort(took)
	return took[n/2]
}

func ask(b *testing.B, bench *bench, method, path string, body []byte) {
	if got := bench.do(b, auth.Write, method, path, bytes.NewReader(body)); got.status != http.StatusOK {
		b.Fatalf("%s %s: got %d %s, want 200", method, path, got.status, got.body)
	}
}

// BenchmarkProductList reads the list of all products. It reports products per second, and how much more the heap holds meanwhile, which must not grow with
// their number.
func BenchmarkProductList(b *testing.B) {
	for _, n := range []int{benchProducts / 10, benchProducts} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			bench := startServer(b, server.Options{})
			fillProducts(b, bench.store, n)
			var most int64
			b.ResetTimer()
			for range b.N {
				most = max(most, readList(b, bench, n))
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "products/s")
			b.ReportMetric(float64(most)/(1<<20), "MiB-heap")
		})
	}
}

// readList reads the list and returns by how much the heap has grown at the most while it came.
func readList(b *testing.B, bench *bench, n int) (most int64) {
	b.Helper()
	request, err := http.NewRequestWithContext(b.Context(), http.MethodGet, bench.url+"/api/Product/Query", nil)
	if err != nil {
		b.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+bench.tokens[auth.Read])
	before := liveHeap()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		b.Fatal(err)
	}
	defer response.Body.Close()
	rows, part, buffer := 0, 0, make([]byte, 64<<10)
	for {
		read, err := response.Body.Read(buffer)
		rows += bytes.Count(buffer[:read], []byte(`"partNumber"`))
		if part += read; part > 2<<20 {
			part = 0
			most = max(most, liveHeap()-before)
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	if rows < n*9/10 || response.StatusCode != http.StatusOK { // a name that a buffer splits is not counted
		b.Fatalf("got %d with %d products, want %d", response.StatusCode, rows, n)
	}
	return most
}

func liveHeap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
