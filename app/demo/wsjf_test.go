package demo_test

import (
	"testing"

	"github.com/gowats/gowats/app/demo"
	"github.com/gowats/gowats/report"
)

func TestReportsHaveNothingToFindFault(t *testing.T) {
	for r := range demo.Reports(1, end) {
		if findings := r.Validate(); len(findings) > 0 {
			t.Fatalf("%s %s: %v", r.PartNumber, r.SerialNumber, findings)
		}
	}
}

func TestInCircuitHasTheSizeOfARealReport(t *testing.T) {
	data := demo.InCircuit(1, end).AppendWSJF(nil, report.WSJFOptions{})
	if n := len(data); n < 6500 || n > 8000 {
		t.Errorf("InCircuit(1, end) is %d bytes of WSJF, want about 7000", n)
	}
}
