package wats_test

import (
	"os"
	"testing"

	"github.com/gowats/gowats/internal/leaktest"
)

// recorder holds what clients of the tests log, and what their calls fail with, to the secrets that they sent.
var recorder = leaktest.New()

func TestMain(m *testing.M) { os.Exit(recorder.Main(m)) }
