package contract_test

import (
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gowats/gowats/app/contract/openapi"
	"github.com/gowats/gowats/app/store/storetest"
	"github.com/gowats/gowats/internal/leaktest"
)

// contract reads api/openapi.yaml, once.
var contract = sync.OnceValues(func() (*openapi.Contract, error) { return openapi.Load("../../api/openapi.yaml") })

// tested collects the operations that a test of this run had answered with 2xx.
var tested = struct {
	sync.Mutex
	operations map[string]bool
}{operations: map[string]bool{}}

// checked wraps a server so that all that clients and server say to each other is held to the contract, and fails the test where it departs.
//
// Answers are checked always, requests of our SDK unless they were refused, as tests send wrong ones on purpose; an answer 501 refuses nothing that
// is wrong with a request. Requests of other clients are not: the server takes more than the contract says. Requests that go on after the test has ended are not seen.
func checked(t *testing.T, server http.Handler) http.Handler {
	t.Helper()
	c, err := contract()
	if err != nil {
		t.Fatal(err)
	}
	var told sync.Map // violations, each is told once
	return openapi.Watch(server, func(x *openapi.Exchange) {
		for _, v := range check(c, x) {
			if _, again := told.LoadOrStore(v, true); !again {
				t.Errorf("contract: %s", v)
			}
		}
	})
}

// check returns what is wrong with one exchange, and records its operation.
func check(c *openapi.Contract, x *openapi.Exchange) (found []string) {
	bySDK := x.Header.Get("User-Agent") == "gowats-sdk"
	op := c.Find(x.Method, x.URL.EscapedPath())
	if op == nil {
		if bySDK || x.OK() {
			return []string{fmt.Sprintf("%s %s answered %d is not in the contract", x.Method, x.URL.Path, x.Status)}
		}
		return nil
	}
	violations := op.CheckAnswer(x)
	if bySDK && (x.OK() || x.Status == http.StatusNotImplemented) {
		violations = append(violations, op.CheckRequest(x, true)...)
	}
	const most = 8
	for i, v := range violations {
		if i == most {
			found = append(found, fmt.Sprintf("%s: and %d more", op.ID, len(violations)-most))
			break
		}
		found = append(found, fmt.Sprintf("%s answered %d: %v", op.ID, x.Status, v))
	}
	if x.OK() {
		tested.Lock()
		defer tested.Unlock()
		tested.operations[op.ID] = true
	}
	return found
}

// recorder holds what clients, servers and stores of the tests log, and what calls fail with, to the secrets that were used.
var recorder = leaktest.New()

// TestMain holds a run of all tests to the contract: every operation is answered with 2xx in one of them.
func TestMain(m *testing.M) {
	flag.Parse()
	code := recorder.Main(m)
	if code == 0 && runsAll() {
		code = reportUntested()
	}
	storetest.Drop()
	os.Exit(code)
}

func runsAll() bool {
	for _, filter := range []string{"test.run", "test.skip", "test.list"} {
		if flag.Lookup(filter).Value.String() != "" {
			return false
		}
	}
	return !testing.Short()
}

// reportUntested prints the operations that lack a test, and those that are pending no more. It returns the exit code.
func reportUntested() int {
	c, err := contract()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	var wrong []string
	waits := pendingIDs()
	counts := map[string]int{}
	for _, op := range c.Operations() {
		isTested, isPending := tested.operations[op.ID], waits[op.ID]
		delete(waits, op.ID)
		switch {
		case isTested && isPending:
			wrong = append(wrong, op.ID+" is tested: delete its line in pending_test.go")
		case isTested:
			counts["tested"]++
		case op.RouteOnly:
			counts["route-only"]++
		case op.Analytics:
			counts["analytics"]++
		case isPending:
			counts["pending"]++
		default:
			wrong = append(wrong, fmt.Sprintf("%s (%s %s) was answered with 2xx in no test", op.ID, op.Method, op.Path))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(waits)) {
		wrong = append(wrong, id+" of pending_test.go is not in the contract")
	}
	fmt.Printf("contract: %d operations: %d tested, %d pending, %d route-only, %d analytics\n",
		len(c.Operations()), counts["tested"], counts["pending"], counts["route-only"], counts["analytics"])
	for _, w := range wrong {
		fmt.Println("contract:", w)
	}
	return min(len(wrong), 1)
}

func pendingIDs() map[string]bool {
	all := map[string]bool{}
	for _, ids := range pending() {
		for id := range strings.FieldsSeq(ids) {
			all[id] = true
		}
	}
	return all
}

func TestContractIsValidOpenAPI(t *testing.T) {
	if _, err := contract(); err != nil {
		t.Error(err)
	}
}
