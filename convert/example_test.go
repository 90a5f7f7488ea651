package convert_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

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

// Every file of a folder becomes WSJF files, one for each report.
func Example_folder() {
	dir, err := os.MkdirTemp("", "wsjf")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }() // made for this example
	files, err := filepath.Glob("testdata/wstf/u*/input.txt")
	if err != nil {
		panic(err)
	}
	wsjf, _ := convert.ByName("wsjf")
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			panic(err)
		}
		format, _, ok := convert.Detect(data[:min(len(data), convert.ProbeSize)])
		if !ok {
			fmt.Println(path, "is in no known format")
			continue
		}
		for r, err := range format.Read(bytes.NewReader(data), convert.ReadOptions{Station: "FCT-1", FileName: path}).Reports() {
			if err != nil {
				fmt.Println(err) // the reports before it are good
				break
			}
			var out bytes.Buffer
			if _, err := wsjf.Write(&out, []*report.Report{r}, convert.WriteOptions{}); err != nil {
				panic(err)
			}
			if err := os.WriteFile(filepath.Join(dir, filepath.Base(filepath.Dir(path))+"-"+r.SerialNumber+".json"), out.Bytes(), 0o600); err != nil {
				panic(err)
			}
			fmt.Println(r.SerialNumber, r.Result)
		}
	}
	// Output:
	// SN1 Passed
	// SN2 Passed
	// SN3 Passed
	// SN1 Passed
}
