package report_test

import (
	"fmt"
	"time"

	"github.com/gowats/gowats/report"
)

func ExampleDecodeWSJF() {
	r, findings, err := report.DecodeWSJF([]byte(`{
		"type": "T", "pn": "PCB-1042", "sn": "0001", "result": "F", "start": "2026-01-30T22:01:41+01:00", "uut": {},
		"root": {"name": "Main", "steps": [
			{"name": "3V3", "status": "F", "numericMeas": [{"value": 3.1, "unit": "V", "compOp": "GEL", "lowLimit": 3.135}]}
		]}
	}`))
	if err != nil {
		fmt.Println(err) // not one JSON object: nothing of it can be used
		return
	}
	m := r.Test.Root.Steps[0].Numeric[0]
	fmt.Println(r.SerialNumber, r.Result, m.Value, m.Unit)
	fmt.Println(findings[0].Path)
	fmt.Println(findings[0].Message)
	// Output:
	// 0001 Failed 3.1 V
	// $.root.steps[0].numericMeas[0].compOp
	// compOp is "GEL"; allowed are LOG, EQ, NE, GT, GE, LT, LE, EQT, GELE, GELT, GTLE, GTLT, LEGE, LEGT, LTGE, LTGT, CASESENSIT, IGNORECASE
}

func ExampleReport_AppendWSJF() {
	r := &report.Report{
		PartNumber: "PCB-1042", SerialNumber: "0001", Station: "ICT-07", Result: report.Passed,
		Start: time.Date(2026, 1, 30, 22, 1, 41, 0, time.FixedZone("", 3600)),
		Test:  &report.Test{Operator: "anna", ExecTime: report.Num(12)},
	}
	fmt.Println(string(r.AppendWSJF(nil, report.WSJFOptions{})))
	// Output:
	// {"type":"T","pn":"PCB-1042","sn":"0001","rev":"","result":"P","machineName":"ICT-07","location":"","purpose":"","start":"2026-01-30T22:01:41+01:00","startUTC":"2026-01-30T21:01:41Z","uut":{"execTime":12.0,"user":"anna"}}
}
