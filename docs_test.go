package wats_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestSnippetsOfTheDocsAreExamples: what docs/sdk.md shows stands in an example, and so compiles.
func TestSnippetsOfTheDocsAreExamples(t *testing.T) {
	files, err := filepath.Glob("*example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var examples string
	for _, file := range files {
		examples += withoutIndent(t, file)
	}
	page := withoutIndent(t, "docs/sdk.md")
	snippets := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(page, -1)
	if len(snippets) == 0 {
		t.Error("docs/sdk.md shows no code")
	}
	for _, s := range snippets {
		if !strings.Contains(examples, s[1]) {
			t.Errorf("docs/sdk.md shows what stands in no example:\n%s", s[1])
		}
	}
}

func withoutIndent(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return regexp.MustCompile(`(?m)^[ \t]+`).ReplaceAllString(string(data), "")
}
