package wats_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/gowats/gowats"
)

// releaseServer keeps one upload, as a gowats server does.
func releaseServer() *httptest.Server {
	const state = `{"uploadId":"11111111-1111-4111-8111-111111111111","size":%d,"offset":%d}`
	var size, offset int64
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/gowats/v1/Software/Upload", func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fscanf(r.Body, `{"size":%d}`, &size)
		fmt.Fprintf(w, state, size, offset)
	})
	mux.HandleFunc("GET /api/gowats/v1/Software/Upload/{id}", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, state, size, offset) })
	mux.HandleFunc("PUT /api/gowats/v1/Software/Upload/{id}", func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		offset += n
		fmt.Fprintf(w, state, size, offset)
	})
	mux.HandleFunc("POST /api/gowats/v1/Software/Upload/{id}/Package",
		answer(200, `{"packageId":"22222222-2222-4222-8222-222222222222","name":"mainboard","version":3,"status":"Released"}`))
	return httptest.NewServer(mux)
}

func ExampleSoftwareService_RegisterRelease() {
	server := releaseServer()
	defer server.Close()
	c, err := wats.NewClient(server.URL, wats.WithToken("dXNlcjpwYXNzd29yZA=="))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	ctx := context.Background()

	firmware := strings.NewReader("the bytes of the firmware") // an *os.File as a rule
	p, err := c.Software.RegisterRelease(ctx, wats.Release{
		Package: wats.Package{Name: "mainboard", Tags: []wats.PackageTag{{Key: "Line", Value: "4"}}},
		Label:   "2.1.0", Type: "firmware", FileName: "main.bin", ReleaseAs: wats.PackageReleased,
	}, firmware, firmware.Size(), func(done, total int64) { fmt.Printf("%d of %d bytes\n", done, total) })
	if broken, is := errors.AsType[*wats.UploadError](err); is {
		fmt.Println("to be resumed by Upload:", broken.ID)
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(p.Name, "version", p.Version, "is", p.Status)
	// Output:
	// 25 of 25 bytes
	// mainboard version 3 is Released
}
