package contract_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestOriginPage holds docs/origin.md to what is there: each row is shown by scripts of the command, examples and tests that exist.
func TestOriginPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/origin.md")
	if err != nil {
		t.Fatal(err)
	}
	there := testFunctions(t)
	quoted := regexp.MustCompile("`([^`]+)`")
	rows := 0
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) != 5 || strings.HasPrefix(cells[1], "---") || strings.TrimSpace(cells[3]) == "Shown by" {
			continue
		}
		rows++
		shown := quoted.FindAllStringSubmatch(cells[3], -1)
		if len(shown) == 0 {
			t.Errorf("nothing shows %s", cells[1])
		}
		for _, s := range shown {
			name := s[1]
			if strings.HasSuffix(name, ".txtar") {
				if _, err := os.Stat(filepath.Join("../cmd/gowats/testdata/script", name)); err != nil {
					t.Errorf("%s: %v", cells[1], err)
				}
			} else if !there[name] {
				t.Errorf("%s: there is no function %s in the tests", cells[1], name)
			}
		}
	}
	if rows < 40 {
		t.Errorf("found %d rows: the page is no longer read", rows)
	}
}

// testFunctions returns the names of all tests, benchmarks and examples of the repository.
func testFunctions(t *testing.T) map[string]bool {
	t.Helper()
	function := regexp.MustCompile(`(?m)^func ((?:Test|Example|Benchmark)\w*)\(`)
	names := map[string]bool{}
	err := filepath.WalkDir("../..", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, found := range function.FindAllSubmatch(text, -1) {
			names[string(found[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
