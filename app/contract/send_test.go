package contract_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"
)

// send makes a request that the SDK would not, and returns the status and the violations as path:rule, sorted.
func (b *bench) send(t *testing.T, method, path, contentType, body string) (status int, rules []string) {
	t.Helper()
	status, answer := b.do(t, method, path, contentType, body)
	if status == http.StatusOK {
		return status, nil
	}
	var told struct{ Errors []struct{ Path, Rule string } }
	if err := json.Unmarshal([]byte(answer), &told); err != nil {
		t.Errorf("%s %s: answer %.200q is no error body: %v", method, path, answer, err)
	}
	for _, e := range told.Errors {
		rules = append(rules, e.Path+":"+e.Rule)
	}
	slices.Sort(rules)
	return status, rules
}
