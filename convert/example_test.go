package convert_test

import (
	"bytes"
	"fmt"
	"os"

	"github.com/gowats/gowats/convert"
	"github.com/gowats/gowats/report"
)

// A file of unknown format becomes WSXF.
func Example() {
	data, err := os.ReadFile("testdata/wstf/a-unit/input.txt")
	if err != nil {
		panic(err)
	}
	format, _, ok := convert.Detect(data[:min(len(data), convert.ProbeSize)])
	if !ok {
		panic("the file is in no known format")
	}
	var all []*report.Report
	reading := format.Read(bytes.NewReader(data), convert.ReadOptions{Station: "FCT-1"})
	for r, err := range reading.Reports() {
		if err != nil {
			panic(err)
		}
		all = append(all, r)
	}
	fmt.Println(format.Title, all[0].SerialNumber, all[0].Result, reading.Losses())

	wsxf, _ := convert.ByName("wsxf")
	var out bytes.Buffer
	losses, err := wsxf.Write(&out, all, convert.WriteOptions{})
	fmt.Println(out.Len() > 0, losses, err)
	// Output:
	// WATS standard text format SN1 Passed []
	// true [] <nil>
}
