package wats

import (
	"fmt"
	"strings"
	"testing"
)

func BenchmarkCompress(b *testing.B) {
	var document strings.Builder
	for i := range 500 { // about 100 KiB, as a report of 500 steps has
		fmt.Fprintf(&document, `{"id":%d,"group":"M","name":"Voltage rail %d","stepType":"ET_NLT","status":"P","start":"2026-11-23T14:05:06.%03d",`+
			`"totTime":%.6f,"numericMeas":[{"compOp":"GELE","name":"","status":"P","unit":"V","value":%.9f,"lowLimit":3.2,"highLimit":3.4}]},`,
			i, i%40, i, float64(i%17)/7000, 3.3+float64(i%29)/977)
	}
	c := &compressor{}
	c.takes.Store(true)
	req := newRequest("POST", "api", "Report", "WSJF")
	req.body = []byte(document.String())
	b.SetBytes(int64(len(req.body)))
	b.ReportAllocs()
	for b.Loop() {
		small := c.shrink(req)
		b.ReportMetric(float64(len(req.body))/float64(len(small.body)), "x-smaller")
	}
}
