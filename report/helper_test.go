package report_test

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/gowats/gowats/report"
)

// samples returns the contents of the real WSJF files by name, and skips the test when they are not there.
func samples(t testing.TB) map[string][]byte {
	t.Helper()
	folder := os.Getenv("GOWATS_SAMPLES")
	if folder == "" {
		t.Skip("GOWATS_SAMPLES is not set: no real files to test with")
	}
	return readSamples(t, folder)
}

func readSamples(t testing.TB, folder string) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(folder, "wsjf", "*.json"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no WSJF files in %s: %v", folder, err)
	}
	files := make(map[string][]byte)
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(path)] = data
	}
	return files
}

// decode reads a document that is well formed.
func decode(t testing.TB, document string) (*report.Report, report.Findings) {
	t.Helper()
	r, findings, err := report.DecodeWSJF([]byte(document))
	if err != nil {
		t.Fatalf("DecodeWSJF(%.200s): %v", document, err)
	}
	return r, findings
}

var everything = report.WSJFOptions{ServerMembers: true}

// encode returns r as a document with all members.
func encode(r *report.Report) string { return string(r.AppendWSJF(nil, everything)) }

// difference returns where two values of the model differ, "" when they are equal. Lists that are nil and empty differ.
func difference(path string, a, b reflect.Value) string {
	switch x := a.Interface().(type) {
	case report.Number:
		if y := b.Interface().(report.Number); !x.Equal(y) {
			return fmt.Sprintf("%s: %s and %s", path, x, y)
		}
		return ""
	case time.Time:
		if y := b.Interface().(time.Time); x.Format(time.RFC3339Nano) != y.Format(time.RFC3339Nano) {
			return fmt.Sprintf("%s: %s and %s", path, x, y)
		}
		return ""
	case report.Time, report.ID:
		if x != b.Interface() {
			return fmt.Sprintf("%s: %v and %v", path, x, b)
		}
		return ""
	}
	switch a.Kind() {
	case reflect.Pointer:
		if a.IsNil() || b.IsNil() {
			if a.IsNil() != b.IsNil() {
				return fmt.Sprintf("%s: %v and %v", path, a, b)
			}
			return ""
		}
		return difference(path, a.Elem(), b.Elem())
	case reflect.Struct:
		for i := range a.NumField() {
			if d := difference(path+"."+a.Type().Field(i).Name, a.Field(i), b.Field(i)); d != "" {
				return d
			}
		}
		return ""
	case reflect.Slice:
		if a.Len() != b.Len() || a.IsNil() != b.IsNil() {
			return fmt.Sprintf("%s: %d elements (nil: %t) and %d (nil: %t)", path, a.Len(), a.IsNil(), b.Len(), b.IsNil())
		}
		for i := range a.Len() {
			if d := difference(fmt.Sprintf("%s[%d]", path, i), a.Index(i), b.Index(i)); d != "" {
				return d
			}
		}
		return ""
	}
	if a.Interface() != b.Interface() {
		return fmt.Sprintf("%s: %v and %v", path, a, b)
	}
	return ""
}

// wantSame fails the test when got and want differ.
func wantSame(t testing.TB, what string, got, want *report.Report) {
	t.Helper()
	if d := difference("report", reflect.ValueOf(got), reflect.ValueOf(want)); d != "" {
		t.Errorf("%s differs (got and want): %s", what, d)
	}
}
