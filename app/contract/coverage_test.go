package contract_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gowats/gowats/app/contract/openapi"
)

const extensions = "/api/gowats/" // addresses that no foreign client knows

var update = flag.Bool("update", false, "write docs/api-coverage.md and the table of faults in docs/sdk.md anew")

// coverage is what the sources say about each operation, by its ID.
type coverage struct {
	contract *openapi.Contract
	sdk      map[string][]string // methods of the SDK: Product.Get
	handlers map[string][]string // of the server: product
	tests    map[string][]string // of this package
	python   map[string]string   // "yes", or why the Python client does not call it
}

// TestCoverage holds docs/api-coverage.md to the sources, and the sources to the contract: an operation without SDK method, route or tests is
// an error unless it is pending or nobody is known to use it. Python need not call what is answered 501.
func TestCoverage(t *testing.T) {
	c, err := contract()
	if err != nil {
		t.Fatal(err)
	}
	cov := &coverage{contract: c}
	sources := map[string][]*ast.File{}
	for name, folder := range map[string]string{"sdk": "../..", "server": "../server", "tests": "."} {
		sources[name] = parseFolder(t, folder, name == "tests")
	}
	cov.handlers = readRoutes(t, c, sources["server"])
	var methods map[string][]string // operations by method of the SDK
	cov.sdk, methods = readSDK(t, c, sources["sdk"])
	cov.tests = readTests(c, sources["tests"], methods)
	cov.python = readPython(t, c)
	cov.complain(t)

	const file = "../../docs/api-coverage.md"
	page := cov.page()
	if *update {
		if err := os.WriteFile(file, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if have, err := os.ReadFile(file); err != nil || string(have) != page {
		t.Errorf("docs/api-coverage.md is not what the sources say (%v): run go test ./contract -run Coverage -update", err)
	}
}

func parseFolder(t *testing.T, folder string, tests bool) (files []*ast.File) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil || len(names) == 0 {
		t.Fatalf("sources in %s: got %v, %v", folder, names, err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") != tests {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return files
}

// readRoutes finds the routes of the server: {http.MethodGet, "/api/…", …, (*server).handler}.
func readRoutes(t *testing.T, c *openapi.Contract, files []*ast.File) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	inspect(files, func(n ast.Node) {
		lit, ok := n.(*ast.CompositeLit)
		if !ok || len(lit.Elts) < 3 {
			return
		}
		constant, ok := lit.Elts[0].(*ast.SelectorExpr)
		path, isText := text(lit.Elts[1])
		if !ok || !isText || !strings.HasPrefix(constant.Sel.Name, "Method") || !strings.HasPrefix(path, "/api/") {
			return
		}
		handler := "a function"
		if s, ok := lit.Elts[len(lit.Elts)-1].(*ast.SelectorExpr); ok {
			handler = s.Sel.Name
		}
		method := strings.ToUpper(strings.TrimPrefix(constant.Sel.Name, "Method"))
		op := c.Find(method, path)
		if op == nil {
			t.Errorf("route %s %s of the server is not in the contract", method, path)
			return
		}
		found[op.ID] = append(found[op.ID], handler)
	})
	return found
}

var routeLine = regexp.MustCompile(`(?m)^(?:Route|Routes): (.*)$`)
var routeName = regexp.MustCompile(`\b(GET|PUT|POST|PATCH|DELETE)\b(?: and (GET|PUT|POST|PATCH|DELETE)\b)? (/api/[^\s,;]+)`)

// readSDK finds the methods of services and their routes, by the lines Route: of their comments.
func readSDK(t *testing.T, c *openapi.Contract, files []*ast.File) (byOperation, byMethod map[string][]string) {
	t.Helper()
	byOperation, byMethod = map[string][]string{}, map[string][]string{}
	inspect(files, func(n ast.Node) {
		f, ok := n.(*ast.FuncDecl)
		if !ok || f.Recv == nil || !f.Name.IsExported() {
			return
		}
		receiver := typeName(f.Recv.List[0].Type)
		name := strings.TrimSuffix(receiver, "Service") + "." + f.Name.Name
		if receiver == "Client" {
			name = f.Name.Name
		} else if !strings.HasSuffix(receiver, "Service") {
			return
		}
		comment := strings.Join(strings.Fields(f.Doc.Text()), " ")
		comment = regexp.MustCompile(` (Routes?: )`).ReplaceAllString(comment, "\n$1") // a line of the comment may go on in the next
		for _, line := range routeLine.FindAllStringSubmatch(comment, -1) {
			for _, r := range routeName.FindAllStringSubmatch(line[1], -1) {
				path, _, _ := strings.Cut(strings.TrimRight(r[3], ".:)"), "?")
				for _, method := range r[1:3] {
					if method == "" {
						continue
					}
					op := c.Find(method, path)
					if op == nil {
						t.Errorf("the comment of %s names %s %s, which is not in the contract", name, method, path)
						continue
					}
					byOperation[op.ID] = append(byOperation[op.ID], name)
					byMethod[name] = append(byMethod[name], op.ID)
				}
			}
		}
	})
	return byOperation, byMethod
}

// readTests finds which tests call which methods of the SDK (x.Product.Get), or name a path of the API; calls of helpers count for the test.
func readTests(c *openapi.Contract, files []*ast.File, methods map[string][]string) map[string][]string {
	uses, calls := map[string]map[string]bool{}, map[string]map[string]bool{}
	for _, f := range files {
		for _, decl := range f.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Body != nil {
				name := f.Name.Name
				if uses[name] == nil {
					uses[name], calls[name] = map[string]bool{}, map[string]bool{}
				}
				readFunction(c, f.Body, methods, uses[name], calls[name])
			}
		}
	}
	byOperation := map[string][]string{}
	for name := range uses {
		if !strings.HasPrefix(name, "Test") {
			continue
		}
		all, queue := map[string]bool{name: true}, []string{name}
		for len(queue) > 0 {
			at := queue[0]
			queue = queue[1:]
			for id := range uses[at] {
				if !slices.Contains(byOperation[id], name) {
					byOperation[id] = append(byOperation[id], name)
				}
			}
			for callee := range calls[at] {
				if uses[callee] != nil && !all[callee] {
					all[callee] = true
					queue = append(queue, callee)
				}
			}
		}
	}
	return byOperation
}

func readFunction(c *openapi.Contract, body *ast.BlockStmt, methods map[string][]string, uses, calls map[string]bool) {
	services := map[string]string{} // of local variables: s := c.Product
	service := func(x ast.Expr) string {
		switch x := x.(type) {
		case *ast.SelectorExpr:
			return x.Sel.Name
		case *ast.Ident:
			return services[x.Name]
		}
		return ""
	}
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for i, left := range n.Lhs {
				name, ok := left.(*ast.Ident)
				if right, is := n.Rhs[min(i, len(n.Rhs)-1)].(*ast.SelectorExpr); ok && is {
					services[name.Name] = right.Sel.Name
				}
			}
		case *ast.Ident:
			calls[n.Name] = true
		case *ast.SelectorExpr:
			calls[n.Sel.Name] = true
			for _, name := range []string{service(n.X) + "." + n.Sel.Name, n.Sel.Name} {
				for _, id := range methods[name] {
					uses[id] = true
				}
			}
		case *ast.BasicLit:
			path, _ := text(n)
			if path, _, _ = strings.Cut(path, "?"); !strings.HasPrefix(path, "/api/") {
				return true
			}
			for _, method := range []string{"GET", "PUT", "POST", "PATCH", "DELETE"} {
				if op := c.Find(method, path); op != nil {
					uses[op.ID] = true
				}
			}
		}
		return true
	})
}

// readPython reads the lists of the run with the Python client: the operations it called, and why it does not call others.
func readPython(t *testing.T, c *openapi.Contract) map[string]string {
	t.Helper()
	all := map[string]string{}
	known := map[string]bool{}
	for _, op := range c.Operations() {
		known[op.ID] = true
	}
	for _, file := range []string{"operations.txt", "uncalled.txt"} {
		list, err := os.ReadFile(filepath.Join("../interop/pywats", file))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(list)) {
			id, reason, _ := strings.Cut(strings.TrimSpace(line), " ")
			switch {
			case id == "" || id == "#":
				continue // a comment
			case !known[id]:
				t.Errorf("%s of %s is not in the contract", id, file)
			case all[id] != "":
				t.Errorf("%s stands in both lists of interop/pywats", id)
			}
			if reason == "" {
				reason = "yes"
			}
			all[id] = reason
		}
	}
	return all
}

func inspect(files []*ast.File, look func(ast.Node)) {
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			look(n)
			return true
		})
	}
}

func text(e ast.Expr) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	s, err := strconv.Unquote(lit.Value)
	return s, err == nil
}

func typeName(e ast.Expr) string {
	if star, ok := e.(*ast.StarExpr); ok {
		e = star.X
	}
	if name, ok := e.(*ast.Ident); ok {
		return name.Name
	}
	return ""
}

// complain fails the test for operations that lack something and are not pending.
func (cov *coverage) complain(t *testing.T) {
	t.Helper()
	waits := pendingIDs()
	for _, op := range cov.contract.Operations() {
		if waits[op.ID] || op.RouteOnly {
			continue
		}
		for what, has := range map[string]bool{
			"no method of the SDK has it in a line Route: of its comment": len(cov.sdk[op.ID]) > 0,
			"neither list of interop/pywats has it: drive it with the Python client, or say in uncalled.txt why not": cov.python[op.ID] != "" ||
				strings.HasPrefix(op.Path, extensions) || op.Analytics,
			"the server has no route for it":                                              len(cov.handlers[op.ID]) > 0,
			"no test of this package calls a method of the SDK for it, or names its path": len(cov.tests[op.ID]) > 0,
		} {
			if !has {
				t.Errorf("%s (%s %s): %s", op.ID, op.Method, op.Path, what)
			}
		}
	}
}

// page is docs/api-coverage.md.
func (cov *coverage) page() string {
	var b strings.Builder
	b.WriteString(`# What covers each operation

Generated from [api/openapi.yaml](../api/openapi.yaml), the comments of package ` + "`wats`" + `, the routes of the server, the contract tests, and the
run with the published Python client. Do not edit: ` + "`go test ./contract -run Coverage -update`" + ` in ` + "`app`" + `.

A contract test drives the method against the real server; both sides are held to the contract on the way. The column Python tells whether the
Python client was answered by our server, or why it does not call the operation. *Route only*: an address that is known, of which no use is known.
*Analytics*: the server answers 501 until it has these figures. *Pending*: still to come.
`)
	domains := map[string][]*openapi.Operation{}
	var order []string
	for _, op := range cov.contract.Operations() {
		if domains[op.Domain] == nil {
			order = append(order, op.Domain)
		}
		domains[op.Domain] = append(domains[op.Domain], op)
	}
	slices.Sort(order)
	fmt.Fprintf(&b, "\n| Domain | Operations | With SDK method | With route | With contract test | Called by the Python client | Route only | Analytics |\n|---|--:|--:|--:|--:|--:|--:|--:|\n")
	var total [7]int
	for _, domain := range order {
		n := cov.count(domains[domain])
		for i := range n {
			total[i] += n[i]
		}
		writeCounts(&b, domain, n)
	}
	writeCounts(&b, "**all**", total)
	for _, domain := range order {
		fmt.Fprintf(&b, "\n## %s\n\n| Operation | SDK | Server | Contract test | Python |\n|---|---|---|---|---|\n", domain)
		for _, op := range domains[domain] {
			cov.row(&b, op)
		}
	}
	return b.String()
}

func (cov *coverage) count(ops []*openapi.Operation) (n [7]int) {
	for _, op := range ops {
		for i, is := range [...]bool{
			true, len(cov.sdk[op.ID]) > 0, len(cov.handlers[op.ID]) > 0, len(cov.tests[op.ID]) > 0, cov.python[op.ID] == "yes", op.RouteOnly, op.Analytics,
		} {
			if is {
				n[i]++
			}
		}
	}
	return n
}

func writeCounts(b *strings.Builder, domain string, n [7]int) {
	fmt.Fprintf(b, "| %s |", domain)
	for _, v := range n {
		fmt.Fprintf(b, " %d |", v)
	}
	b.WriteByte('\n')
}

func (cov *coverage) row(b *strings.Builder, op *openapi.Operation) {
	lacks := ""
	switch {
	case op.RouteOnly:
		lacks = "*route only*"
	case pendingIDs()[op.ID]:
		lacks = "*pending*"
	}
	python, server := cov.python[op.ID], names(cov.handlers[op.ID], 3, lacks)
	if op.Analytics && server != lacks {
		server = "*analytics*"
	}
	switch {
	case python != "":
	case op.Analytics:
		python = server
	case strings.HasPrefix(op.Path, extensions):
		python = "no: extension"
	default:
		python = lacks
	}
	fmt.Fprintf(b, "| `%s %s` | %s | %s | %s | %s |\n", op.Method, op.Path, names(cov.sdk[op.ID], 3, lacks), server,
		names(cov.tests[op.ID], 2, lacks), python)
}

// names joins the first names of a list, or tells what stands for an empty one.
func names(all []string, most int, empty string) string {
	if len(all) == 0 {
		return empty
	}
	all = slices.Clone(all)
	slices.Sort(all)
	all = slices.Compact(all)
	more := ""
	if len(all) > most {
		all, more = all[:most], " …"
	}
	return "`" + strings.Join(all, "`, `") + "`" + more
}
