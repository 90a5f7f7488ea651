package identify_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/identify"
)

// dialog returns a dialog with a server that has two units of one serial number, products, and test operations.
func dialog(t *testing.T, answers string) (*identify.Dialog, *strings.Builder) {
	t.Helper()
	var products []string
	for n := range 30 {
		products = append(products, fmt.Sprintf(`{"partNumber":"PCB-%02d","name":"Board","state":1}`, n))
	}
	products = append(products, `{"partNumber":"OLD-1","name":"Board","state":0}`)
	mux := http.NewServeMux()
	reply := func(pattern, body string) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Get("$skip") != "" {
				body = "[]"
			}
			_, _ = io.WriteString(w, body) // what fails there the client tells
		})
	}
	mux.HandleFunc("GET /api/gowats/v1/Production/Units", func(w http.ResponseWriter, r *http.Request) {
		body := "[]"
		if q := r.URL.Query(); strings.Contains(q.Get("$filter"), "'SN''1'") && q.Get("$skip") == "" {
			body = `[{"serialNumber":"SN'1","partNumber":"PCB-01","revision":"A","processCode":"20","unitPhase":"Finalized"},{"serialNumber":"SN'1","partNumber":"BOX","revision":"B"}]`
		}
		_, _ = io.WriteString(w, body)
	})
	reply("GET /api/Product/Query", "["+strings.Join(products, ",")+"]")
	mux.HandleFunc("GET /api/Product/{part}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"partNumber":%q,"revisions":[{"revision":"1"},{"revision":"2"}]}`, r.PathValue("part"))
	})
	reply("GET /api/App/Processes", `[{"code":10,"name":"ICT","isTestOperation":true,"state":1},{"code":20,"name":"Final test","isTestOperation":true,"state":1},{"code":500,"name":"Repair","isRepairOperation":true,"state":1}]`)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	c, err := wats.NewClient(server.URL, wats.WithToken("dTpw"), wats.WithRetry(wats.RetryPolicy{MaxAttempts: 1}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	var out strings.Builder
	return identify.New(c, strings.NewReader(answers), &out), &out
}

func TestUnits(t *testing.T) {
	for name, tc := range map[string]struct {
		answers, serial, process string
		want                     identify.Unit
	}{
		"all is asked for, the usual operation is taken":  {"\n SN'1 \n1\n\n", "", "", identify.Unit{"SN'1", "PCB-01", "A", "", true, 20, "Final test"}},
		"the part by its text, the operation by its name": {"box\nict\n", "SN'1", "", identify.Unit{"SN'1", "BOX", "B", "", true, 10, "ICT"}},
		"a wrong number is asked again":                   {"7\nx\n2\n10\n1\n", "SN'1", "", identify.Unit{"SN'1", "BOX", "B", "", true, 10, "ICT"}},
		"an unknown unit gets its product":                {"pcb-07\n\n", "NEW", "final TEST", identify.Unit{"NEW", "PCB-07", "2", "", false, 20, "Final test"}},
		"the last answer needs no end of line":            {"2", "SN'1", "10", identify.Unit{"SN'1", "BOX", "B", "", true, 10, "ICT"}},
	} {
		t.Run(name, func(t *testing.T) {
			d, out := dialog(t, tc.answers)
			got, err := d.Unit(t.Context(), tc.serial, tc.process)
			if err != nil || *got != tc.want {
				t.Errorf("Unit: got %+v, %v; want %+v; it said:\n%s", got, err, tc.want, out)
			}
		})
	}
}

// TestUnitsOfAWATSServer asks a server that knows no lists of units.
func TestUnitsOfAWATSServer(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/internal/Production/GetUnit", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("serialNumber") != "SN-1" {
			http.NotFound(w, r)
			return
		}
		_, _ = io.WriteString(w, `{"serialNumber":"SN-1","partNumber":"PCB-01","revision":"A"}`) // what fails there the client tells
	})
	mux.HandleFunc("GET /api/App/Processes", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `[{"code":10,"name":"ICT","isTestOperation":true,"state":1}]`)
	})
	mux.HandleFunc("GET /api/Product/Query", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "[]") })
	server := httptest.NewServer(mux)
	defer server.Close()
	for _, mode := range []wats.ErrorMode{wats.Strict, wats.Lenient} {
		c, err := wats.NewClient(server.URL, wats.WithToken("dTpw"), wats.WithErrorMode(mode))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		want := identify.Unit{"SN-1", "PCB-01", "A", "", true, 10, "ICT"}
		if got, err := identify.New(c, strings.NewReader(""), io.Discard).Unit(t.Context(), "SN-1", "ICT"); err != nil || *got != want {
			t.Errorf("Unit: got %+v, %v; want %+v", got, err, want)
		}
		if _, err := identify.New(c, strings.NewReader(""), io.Discard).Unit(t.Context(), "NEW", "ICT"); !errors.Is(err, identify.ErrNoAnswer) {
			t.Errorf("Unit that is not known: %v, want the question for its product", err)
		}
	}
}

func TestProducts(t *testing.T) {
	d, out := dialog(t, "old\nboard\n3\n1\n")
	got, err := d.Product(t.Context(), "")
	if err != nil || *got != (identify.Product{PartNumber: "PCB-02", Revision: "1", Name: "Board"}) {
		t.Errorf("Product: got %+v, %v", got, err)
	}
	for _, said := range []string{`No product in use has "old"`, "more than these 20", "  20  PCB-19  Board\n", "Revision [2]: "} {
		if !strings.Contains(out.String(), said) {
			t.Errorf("it did not say %q:\n%s", said, out)
		}
	}
	if strings.Contains(out.String(), "OLD-1") || strings.Contains(out.String(), "PCB-20") {
		t.Errorf("it shows a product that is not in use, or too many:\n%s", out)
	}
}

func TestDialogsThatEnd(t *testing.T) {
	d, _ := dialog(t, "")
	if _, err := d.Unit(t.Context(), "", ""); !errors.Is(err, identify.ErrNoAnswer) {
		t.Errorf("Unit without answers: %v, want ErrNoAnswer", err)
	}
	if _, err := d.Unit(t.Context(), "SN'1", ""); !errors.Is(err, identify.ErrNoAnswer) {
		t.Errorf("Unit with one answer too few: %v, want ErrNoAnswer", err)
	}
	d, _ = dialog(t, "1\n")
	if _, err := d.Unit(t.Context(), "SN'1", "burn-in"); err == nil || !strings.Contains(err.Error(), `no test operation "burn-in"`) {
		t.Errorf("Unit with an operation that is not there: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	waits, end := io.Pipe()
	defer end.Close()
	asked := identify.New(nil, waits, cancelling{cancel})
	if _, err := asked.Product(ctx, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("Product while the caller leaves: %v, want context.Canceled", err)
	}
}

// cancelling ends a context as soon as something is asked.
type cancelling struct{ cancel func() }

func (c cancelling) Write(p []byte) (int, error) {
	c.cancel()
	return len(p), nil
}
