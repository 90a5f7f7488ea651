package contract_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/gowats/gowats"

// allowed is the import table of the design: which of our packages a package may import directly, tests apart.
// A package that is missing here may not exist; "*" allows everything.
var allowed = map[string][]string{
	"":             {"report", "internal/fsx"}, // package wats
	"report":       {},
	"convert":      {"report"},
	"queue":        {"internal/fsx"},
	"internal/fsx": {},

	"internal/fsx/fsxtest": {"internal/fsx"}, // for tests

	"internal/leaktest": {}, // for tests alone

	"cache/rediscache": {""},

	"app/config":    {},
	"app/odata":     {},
	"app/store":     {"", "report", "app/odata"},
	"app/auth":      {"report", "app/store"},
	"app/server":    {"", "report", "convert", "app/auth", "app/store"},
	"app/web":       {"", "report", "app/auth", "app/store"},
	"app/agent":     {"", "app/config", "convert", "queue", "report", "internal/fsx"},
	"app/demo":      {"report"},
	"app/secret":    {"internal/fsx"},
	"app/service":   {},
	"app/obs":       {""},
	"app/negotiate": {},
	"app/identify":  {""},

	"app/store/storetest": {"app/store"},

	"app/contract":          {"*"},
	"app/contract/openapi":  {},
	"app/interop/pywats":    {"*"},
	"app/bench/bulk":        {"*"},
	"app/bench/delayserver": {"*"},
	"app/bench/load":        {"*"},
	"app/cmd/gowats":        {"*"},
}

type listedPackage struct {
	ImportPath   string
	Imports      []string
	TestImports  []string
	XTestImports []string
}

// listPackages returns every package of the workspace.
func listPackages(t *testing.T) []listedPackage {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports,TestImports,XTestImports", module+"/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var packages []listedPackage
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listedPackage
		switch err := dec.Decode(&p); {
		case errors.Is(err, io.EOF):
			return packages
		case err != nil:
			t.Fatalf("read go list: %v", err)
		}
		packages = append(packages, p)
	}
}

// within returns the path of a package of ours below the module, "" for the root package.
func within(importPath string) (string, bool) {
	rest, ok := strings.CutPrefix(importPath, module)
	return strings.TrimPrefix(rest, "/"), ok && (rest == "" || rest[0] == '/')
}

func TestImportsFollowTheDesign(t *testing.T) {
	packages := listPackages(t)
	if len(packages) < len(allowed)/2 {
		t.Fatalf("go list found %d packages only", len(packages))
	}
	for _, p := range packages {
		name, _ := within(p.ImportPath)
		may, known := allowed[name]
		if !known {
			t.Errorf("package %q is not in the import table: say there what it may import", name)
			continue
		}
		if slices.Contains(may, "*") {
			continue
		}
		for _, imported := range p.Imports {
			if other, ours := within(imported); ours && !slices.Contains(may, other) {
				t.Errorf("package %q imports %q, which the import table does not allow", name, other)
			}
		}
	}
}

func TestRootModuleNeedsOnlyTheStandardLibrary(t *testing.T) {
	for _, p := range listPackages(t) {
		name, _ := within(p.ImportPath)
		if inOtherModule := strings.HasPrefix(name, "app/") || name == "cache/rediscache"; inOtherModule {
			continue
		}
		for _, imported := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
			if _, ours := within(imported); ours || strings.HasPrefix(imported, "golang.org/x/") {
				continue
			}
			if first, _, _ := strings.Cut(imported, "/"); strings.Contains(first, ".") {
				t.Errorf("package %q imports %q: the root module keeps to the standard library and golang.org/x", name, imported)
			}
		}
	}
}
