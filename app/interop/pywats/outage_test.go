package pywats_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/agent"
	"github.com/gowats/gowats/app/auth"
	"github.com/gowats/gowats/app/server"
	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/app/store/storetest"
	"github.com/gowats/gowats/queue"
	reports "github.com/gowats/gowats/report"
)

// The Python client is given the address of a gateway, and submits a hundred reports while the server is away; when it comes, all are there.
func TestPythonClientOutlivesAnOutage(t *testing.T) {
	const count = 100
	python := install(t)
	s := storetest.Open(t, store.Options{})
	a := auth.New(s)
	if err := a.CreateUser(t.Context(), "python", "correct horse", auth.Write); err != nil {
		t.Fatal(err)
	}
	var there atomic.Bool
	api := server.New(s, a, server.Options{Version: "1.2.3-interop"})
	plant := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !there.Load() {
			panic(http.ErrAbortHandler)
		}
		api.ServeHTTP(w, r)
	}))
	defer plant.Close()
	client, err := wats.NewClient(plant.URL, wats.WithBasicAuth("python", "correct horse"))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	spool, err := queue.Open(filepath.Join(t.TempDir(), "spool"))
	if err != nil {
		t.Fatal(err)
	}
	gateway := httptest.NewServer(agent.NewGateway(agent.GatewayConfig{Put: spool.Put, Client: client, Version: "1.2.3-interop"}))
	defer gateway.Close()

	folder := t.TempDir()
	if err := os.CopyFS(folder, scripts); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, python, filepath.Join(folder, "outage.py"), gateway.URL, "YW55OnRoaW5n", "100")
	command.Env = append(os.Environ(), "PYTHONIOENCODING=utf-8", "NO_PROXY=127.0.0.1")
	var said strings.Builder
	command.Stderr = &said
	out, err := command.Output()
	if err != nil {
		t.Fatalf("outage.py: %v\n%s", err, said.String())
	}
	ids := strings.Fields(string(out))
	if len(ids) != count {
		t.Fatalf("%d reports were acknowledged, want %d:\n%s", len(ids), count, out)
	}

	there.Store(true)
	sum, err := spool.Process(ctx, agent.SendTo(client))
	if err != nil || sum.Sent != count {
		t.Fatalf("Process: got %+v, %v; want all %d sent", sum, err, count)
	}
	for _, text := range ids {
		id, err := reports.ParseID(text)
		if err == nil {
			_, err = client.Report.Get(ctx, id)
		}
		if err != nil {
			t.Errorf("report %s: %v", text, err)
		}
	}
	t.Logf("%s: %d reports acknowledged without the server, %d on it afterwards", "pywats-api", len(ids), sum.Sent)
}
