package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gowats/gowats/app/demo"
	"github.com/gowats/gowats/report"
)

// counts is what /counts tells, as JSON.
type counts struct {
	Reports        int64 `json:"reports"`        // taken
	Requests       int64 `json:"requests"`       // for reports, headers and documents
	MaxRequests    int64 `json:"maxRequests"`    // at once
	Connections    int64 `json:"connections"`    // ever accepted, those for /counts included
	MaxConnections int64 `json:"maxConnections"` // open at once
}

// gauge counts what is going on, and the most there was of it.
type gauge struct{ total, now, most atomic.Int64 }

func (g *gauge) up() {
	g.total.Add(1)
	now := g.now.Add(1)
	for most := g.most.Load(); now > most && !g.most.CompareAndSwap(most, now); most = g.most.Load() {
	}
}

func (g *gauge) down() { g.now.Add(-1) }

type counter struct {
	reports               atomic.Int64
	requests, connections gauge
	buffers               sync.Pool // *bytes.Buffer
}

func (c *counter) counts() counts {
	return counts{
		Reports:  c.reports.Load(),
		Requests: c.requests.total.Load(), MaxRequests: c.requests.most.Load(),
		Connections: c.connections.total.Load(), MaxConnections: c.connections.most.Load(),
	}
}

// connection follows the connections of the server.
func (c *counter) connection(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		c.connections.up()
	case http.StateClosed, http.StateHijacked:
		c.connections.down()
	case http.StateActive, http.StateIdle:
	}
}

func (c *counter) handler(delay time.Duration, headers int) http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, answer http.HandlerFunc) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			c.requests.up()
			defer c.requests.down()
			w.Header()["Content-Type"] = []string{"application/json"}
			answer(w, r)
		})
	}
	handle("POST /api/Report/WSJF", func(w http.ResponseWriter, r *http.Request) { c.take(w, r, delay) })
	handle("GET /api/Report/Query/Header", func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(delay)
		c.writePage(w, r, headers)
	})
	document := demo.InCircuit(0, time.Now()).AppendWSJF(nil, report.WSJFOptions{})
	handle("GET /api/Report/Wsjf/{id}", func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(delay)
		_, _ = w.Write(document) // a client that is gone needs no answer, here and below
	})
	mux.HandleFunc("GET /counts", func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(c.counts()) })
	return mux
}

// buffer returns an empty buffer, to be put back.
func (c *counter) buffer() *bytes.Buffer {
	b, ok := c.buffers.Get().(*bytes.Buffer)
	if !ok {
		return new(bytes.Buffer)
	}
	b.Reset()
	return b
}

const maxReport = 64 << 20

// take reads a report to its end and acknowledges it.
func (c *counter) take(w http.ResponseWriter, r *http.Request, delay time.Duration) {
	body := c.buffer()
	defer c.buffers.Put(body)
	if _, err := body.ReadFrom(http.MaxBytesReader(w, r.Body, maxReport)); err != nil {
		http.Error(w, "the report breaks off: "+err.Error(), http.StatusBadRequest)
		return
	}
	id := findID(body.Bytes())
	if id == nil {
		http.Error(w, "the report has no id", http.StatusBadRequest)
		return
	}
	time.Sleep(delay)
	c.reports.Add(1)
	_, _ = w.Write(append(append([]byte(`[{"ID":"`), id...), `"}]`...))
}

// findID returns the first member id that is a text: those of steps are numbers. It is all that is read of a report.
func findID(document []byte) []byte {
	const length = 36
	for _, name := range [...]string{`"id":"`, `"id": "`} {
		if _, after, found := bytes.Cut(document, []byte(name)); found && len(after) >= length {
			return after[:length]
		}
	}
	return nil
}

// headerRow is one header, as long and as full as a real one. Its number goes to the places of the marks.
const (
	headerRow = `{"uuid":"6f9619ff-8b86-4011-b42d-########0000","serialNumber":"2447########","partNumber":"PCBA-1042","revision":"B","batchNumber":"WO-118203",` +
		`"reportType":"T","stationName":"ICT-07","location":"Oslo","purpose":"Production","processCode":31,"processName":"In-circuit test",` +
		`"result":"Passed","startUtc":"2026-11-23T13:05:06.1234567Z","operator":"kari","comment":null,"swFilename":"ict_main.seq","swVersion":"1.6.0",` +
		`"executionTime":48.9191064,"testSocketIndex":2,"fixtureId":"FIX-ICT-3","errorCode":null,"errorMessage":null,"causedUutFailure":null,` +
		`"causedUutFailurePath":null,"run":1,"passedInRun":1,"receiveCount":1,"reportSize":7,"referencedUut":null}`
	mark = "########"
)

// writePage answers with the rows of $top and $skip; without $top with all of them, at most maxPage.
func (c *counter) writePage(w io.Writer, r *http.Request, headers int) {
	const maxPage = 100_000
	query := r.URL.Query()
	top, err := strconv.Atoi(query.Get("$top"))
	if err != nil || top < 0 || top > maxPage {
		top = maxPage
	}
	skip, err := strconv.Atoi(query.Get("$skip"))
	if err != nil || skip < 0 {
		skip = 0
	}
	last := min(skip+top, headers)
	buffer := c.buffer()
	defer c.buffers.Put(buffer)
	page := append(buffer.AvailableBuffer(), '[')
	for i := skip; i < last; i++ {
		if i > skip {
			page = append(page, ',')
		}
		page = appendRow(page, i)
	}
	buffer.Write(append(page, ']')) // keeps the memory
	_, _ = buffer.WriteTo(w)
}

func appendRow(page []byte, n int) []byte {
	start := len(page)
	page = append(page, headerRow...)
	for row := page[start:]; ; {
		at := bytes.Index(row, []byte(mark))
		if at < 0 {
			return page
		}
		for i, rest := at+len(mark)-1, n; i >= at; i, rest = i-1, rest/10 {
			row[i] = '0' + byte(rest%10)
		}
		row = row[at+len(mark):]
	}
}
