package contract_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// outputOnly are the members that a server writes by itself: they are ignored on input.
var outputOnly = []string{
	"origin", "productName", "assetStats", "referencedByUURs", "refUURs", "causedUUTFailure", "stepIdCausedUUTFailure", "refStepName",
}

// TestSamplesComeBack submits real reports and wants each back member by member, by encoding/json alone.
func TestSamplesComeBack(t *testing.T) {
	dir := os.Getenv("GOWATS_SAMPLES")
	if dir == "" {
		t.Skip("GOWATS_SAMPLES is not set: no real files to try")
	}
	files, err := filepath.Glob(filepath.Join(dir, "wsjf", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("files: got %v, %v; want some", files, err)
	}
	b := startServer(t)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			sent, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			want := parse(t, sent).(map[string]any)
			b.call(t, http.MethodPost, "/api/Report/WSJF", sent)
			got := parse(t, b.call(t, http.MethodGet, fmt.Sprint("/api/Report/Wsjf/", want["id"]), nil))
			for _, difference := range compare("$", want, got) {
				t.Error(difference)
			}
		})
	}
}

func (b *bench) call(t *testing.T, method, path string, body []byte) []byte {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, b.url+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+b.token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: got %d %s (%v), want 200", method, path, response.StatusCode, answer, err)
	}
	return answer
}

func parse(t *testing.T, doc []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// compare returns what differs between the value that was sent and the one that came back. Null, "" and a missing member are the
// same; numbers and date-times are compared by value.
func compare(path string, want, got any) (differences []string) {
	switch want := want.(type) {
	case map[string]any:
		got, ok := got.(map[string]any)
		if !ok {
			break
		}
		for _, name := range members(want, got) {
			if !slices.Contains(outputOnly, name) {
				differences = append(differences, compare(path+"."+name, want[name], got[name])...)
			}
		}
		return differences
	case []any:
		got, _ := got.([]any)
		if len(got) != len(want) {
			break
		}
		for i := range want {
			differences = append(differences, compare(fmt.Sprintf("%s[%d]", path, i), want[i], got[i])...)
		}
		return differences
	}
	if same(want, got) || path == "$.startUTC" && want == nil {
		return nil
	}
	return []string{fmt.Sprintf("%s: got %v, want %v", path, got, want)}
}

func members(a, b map[string]any) (names []string) {
	for _, object := range []map[string]any{a, b} {
		for name := range object {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func same(a, b any) bool {
	if a == b || isAbsent(a) && isAbsent(b) {
		return true
	}
	if a, ok := a.(json.Number); ok {
		b, ok := b.(json.Number)
		return ok && rational(a).Cmp(rational(b)) == 0
	}
	textA, okA := a.(string)
	textB, okB := b.(string)
	if !okA || !okB {
		return false
	}
	timeA, errA := time.Parse(time.RFC3339Nano, textA)
	timeB, errB := time.Parse(time.RFC3339Nano, textB)
	_, offsetA := timeA.Zone()
	_, offsetB := timeB.Zone()
	return errA == nil && errB == nil && timeA.Equal(timeB) && offsetA == offsetB
}

func isAbsent(v any) bool { return v == nil || v == "" }

func rational(n json.Number) *big.Rat {
	r, _ := new(big.Rat).SetString(strings.TrimSpace(n.String()))
	return r
}
