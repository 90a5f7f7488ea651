package web

import (
	"testing"

	"github.com/gowats/gowats/report"
)

func TestNumericLimits(t *testing.T) {
	for name, c := range map[string]struct {
		op              report.CompOp
		low, high, want string
	}{
		"both bounds are inside":                      {report.GELE, "10", "45", "10 ≤ x ≤ 45"},
		"bounds can exclude themselves":               {report.GTLT, "10", "45", "10 < x < 45"},
		"one bound can exclude itself":                {report.GELT, "10", "45", "10 ≤ x < 45"},
		"tolerance is inside":                         {report.EQT, "4.9", "5.1", "4.9 ≤ x ≤ 5.1"},
		"outside is one or the other":                 {report.LTGE, "1", "9", "x < 1 or x ≥ 9"},
		"an upper limit stands in low":                {report.LT, "5", "", "< 5"},
		"an upper limit in high is read too":          {report.LE, "", "5", "≤ 5"},
		"equality":                                    {report.EQ, "24", "", "= 24"},
		"difference":                                  {report.NE, "0", "", "≠ 0"},
		"two bounds of which the upper is missing":    {report.GELE, "10", "", "x ≥ 10"},
		"two bounds of which the lower is missing":    {report.GTLT, "", "45", "x < 45"},
		"outside with one bound only":                 {report.LEGE, "1", "", "x ≤ 1"},
		"recorded only has no limit":                  {report.LOG, "1", "2", ""},
		"no operator has no limit":                    {report.NoCompOp, "", "", ""},
		"an operator without its limit shows nothing": {report.GE, "", "", ""},
		"two bounds of which both are missing":        {report.GELE, "", "", ""},
		"digits are kept as they were read":           {report.GE, "0.10000000000000000001", "", "≥ 0.10000000000000000001"},
	} {
		t.Run(name, func(t *testing.T) {
			m := numeric(c.op, "1", c.low, c.high)
			if got := numericLimits(&m); got != c.want {
				t.Errorf("numericLimits(%v %q %q) = %q, want %q", c.op, c.low, c.high, got, c.want)
			}
		})
	}
}

func TestStringLimit(t *testing.T) {
	for _, c := range []struct {
		op          report.CompOp
		limit, want string
	}{
		{report.CASESENSIT, "abc", `= "abc"`},
		{report.IGNORECASE, "abc", `= "abc" in any case`},
		{report.NE, `a"b`, `≠ "a\"b"`},
		{report.LOG, "abc", ""},
	} {
		if got := stringLimit(&report.StringMeasurement{CompOp: c.op, Limit: c.limit}); got != c.want {
			t.Errorf("stringLimit(%v %q) = %q, want %q", c.op, c.limit, got, c.want)
		}
	}
}

func TestPercentNeverRoundsToPerfection(t *testing.T) {
	for _, c := range []struct {
		part, whole int
		want        string
	}{
		{0, 0, "–"}, {0, 10, "0.0 %"}, {10, 10, "100.0 %"}, {9999, 10000, "99.9 %"}, {1, 10000, "0.1 %"}, {942, 1000, "94.2 %"},
	} {
		if got := percent(c.part, c.whole); got != c.want {
			t.Errorf("percent(%d, %d) = %q, want %q", c.part, c.whole, got, c.want)
		}
	}
}

func TestDuration(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "0": "0 s", "0.0123": "12.3 ms", "1.5": "1.5 s", "59.96": "60 s", "125": "2 min 5 s", "7260": "2 h 1 min",
		"NaN": "NaN s", "soon": "soon s", "1e300": "1e+300 s", "-2": "-2 s",
	} {
		if got := duration(report.ParseNumber(text)); got != want {
			t.Errorf("duration(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestCountGroupsDigits(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1\u202f000", 1234567: "1\u202f234\u202f567", -1000: "-1\u202f000"} {
		if got := count(n); got != want {
			t.Errorf("count(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestTimeTextSaysItsZone(t *testing.T) {
	for text, want := range map[string]string{
		"":                            "",
		"2026-11-23T10:00:00.5+01:00": "2026-11-23 10:00:00 +01:00",
		"2026-11-23T10:00:00Z":        "2026-11-23 10:00:00 UTC",
		"2026-11-23T10:00:00":         "2026-11-23 10:00:00 (no zone given)",
		"some time ago":               "some time ago",
	} {
		if got := timeText(report.TimeText(text)); got != want {
			t.Errorf("timeText(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestLocalPathKeepsToThisSite(t *testing.T) {
	for target, want := range map[string]string{
		"/reports?serial=A%2FB": "/reports?serial=A%2FB", "": "/", "/": "/",
		"https://evil.example/": "/", "//evil.example/": "/", `/\evil.example`: "/", `\\evil.example`: "/", "reports": "/",
		"javascript:alert(1)": "/", "/\tx": "/", "/%zz": "/",
	} {
		if got := localPath(target); got != want {
			t.Errorf("localPath(%q) = %q, want %q", target, got, want)
		}
	}
}

func TestIsLoopback(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "LOCALHOST:8080": true, "127.0.0.1": true, "127.0.0.1:1": true, "[::1]:8080": true, "[::1]": true,
		"evil.example": false, "localhost.evil.example:8080": false, "192.168.1.5:8080": false, "": false, "[::2]:80": false,
	} {
		if got := isLoopback(host); got != want {
			t.Errorf("isLoopback(%q) = %v, want %v", host, got, want)
		}
	}
}

func TestDispositionHoldsNoPath(t *testing.T) {
	for name, want := range map[string]string{
		"log.txt":          "attachment; filename=log.txt",
		"../../etc/passwd": "attachment; filename=.._.._etc_passwd",
		"a\r\nb.txt":       "attachment; filename=a__b.txt",
		"":                 "attachment; filename=attachment",
		"måling.csv":       "attachment; filename*=utf-8''m%C3%A5ling.csv",
	} {
		if got := disposition(name); got != want {
			t.Errorf("disposition(%q) = %q, want %q", name, got, want)
		}
	}
}
