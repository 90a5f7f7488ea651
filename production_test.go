package wats_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

// TestTakenNumbersComeInManyForms: a WATS server answers with XML although JSON is asked for; others answer with JSON.
func TestTakenNumbersComeInManyForms(t *testing.T) {
	for body, want := range map[string]string{
		`<SerialNumbers><SN id="A1"/><SN id="A2" taken="2026-01-01T00:00:00Z"></SN></SerialNumbers>`:                         "[A1 A2]",
		`<?xml version="1.0"?>` + "\r\n" + `<w:SerialNumbers xmlns:w="urn:x"><w:SN seq="0" id='A&amp;1'/></w:SerialNumbers>`: "[A&1]",
		`"<SerialNumbers><SN id=\"A1\"/></SerialNumbers>"`:                                                                   "[A1]",
		` ["A1","A2"]`: "[A1 A2]",
		`"A1"`:         "[A1]",
		`A1`:           "[A1]",
	} {
		c := serve(t, answer(200, body))
		got, err := c.Production.TakeSerialNumbers(t.Context(), wats.SerialTake{Type: "X", Quantity: 1})
		if fmt.Sprint(got) != want || err != nil {
			t.Errorf("answer %s: %q, %v; want %s", body, got, err, want)
		}
	}
	for body, want := range map[string]error{``: wats.ErrNotFound, `[]`: wats.ErrNotFound, `<SerialNumbers/>`: nil, `<SerialNumbers><SN/></SerialNumbers>`: nil, `[1]`: nil} {
		c := serve(t, answer(200, body), wats.WithErrorMode(wats.Lenient))
		got, err := c.Production.TakeSerialNumbers(t.Context(), wats.SerialTake{Type: "X", Quantity: 1})
		if err == nil || want != nil && !errors.Is(err, want) {
			t.Errorf("answer %q: %q, %v; want an error", body, got, err)
		}
	}
}

// TestTakingIsNotRepeated: a repetition would take further numbers; one that may be given again is repeated.
func TestTakingIsNotRepeated(t *testing.T) {
	var got requestLog
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got.add(r)
		w.WriteHeader(http.StatusServiceUnavailable)
	}, wats.WithRetry(wats.RetryPolicy{MaxAttempts: 2, BaseDelay: 1}))
	if _, err := c.Production.TakeSerialNumbers(t.Context(), wats.SerialTake{Type: "X", Quantity: 1}); !errors.Is(err, wats.ErrServer) || got.len() != 1 {
		t.Errorf("%d requests, %v; want 1", got.len(), err)
	}
	if _, err := c.Production.TakeSerialNumbers(t.Context(), wats.SerialTake{Type: "X", Quantity: 1, SerialNumber: "U", Reuse: true}); err == nil || got.len() != 3 {
		t.Errorf("%d requests with Reuse, %v; want 2 more", got.len(), err)
	}
}

// TestUnitsOfAnotherServer: a summary says how many units were not stored, without saying which.
func TestUnitsOfAnotherServer(t *testing.T) {
	units := []wats.Unit{{SerialNumber: "1", PartNumber: "P"}, {SerialNumber: "2", PartNumber: "P"}}
	for body, want := range map[string]string{
		`{"errorCount":1}`:   "1 of 2 units were not stored",
		`{"errorCount":0}`:   "",
		`{}`:                 "",
		``:                   "",
		`[{"tags":null}]`:    "",
		`{"errorCount":"x"}`: "cannot unmarshal",
	} {
		_, err := serve(t, answer(200, body)).Production.SaveAll(t.Context(), units)
		if want == "" && err != nil || want != "" && !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("answer %q: %v, want %q", body, err, want)
		}
		if strings.Contains(want, "not stored") && !errors.Is(err, wats.ErrInvalid) {
			t.Errorf("answer %q: %v, want ErrInvalid", body, err)
		}
	}
}

// TestUnitKeepsWhatItDoesNotKnow: what is read is written back whole.
func TestUnitKeepsWhatItDoesNotKnow(t *testing.T) {
	var got requestLog
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got.add(r)
		answer(200, `{"serialNumber":"1","partNumber":"P","product":{"partNumber":"P"},"colour":"red","tags":null,"subUnits":[{"serialNumber":"2","partNumber":"Q","odd":1}]}`)(w, r)
	})
	unit, err := c.Production.Get(t.Context(), "1", "P")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Production.Save(t.Context(), *unit); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{`"product":{"partNumber":"P"}`, `"colour":"red"`, `"tags":[]`, `"odd":1`} {
		if !strings.Contains(got.bodies[1], part) {
			t.Errorf("written back: %s, want %s in it", got.bodies[1], part)
		}
	}
}

func TestRequestsOfProduction(t *testing.T) {
	var got requestLog
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got.add(r)
		answer(200, `{}`)(w, r)
	}, wats.WithErrorMode(wats.Lenient), wats.WithStation("ICT", "", ""))
	ctx := t.Context()
	parent, child := wats.UnitKey{SerialNumber: "1", PartNumber: "P"}, wats.UnitKey{SerialNumber: "2", PartNumber: "Q"}
	for want, call := range map[string]func() error{
		"POST /api/Production/AddChildUnit?childPartNumber=Q&childSerialNumber=2&parentPartNumber=P&parentSerialNumber=1": func() error {
			return c.Production.AddChild(ctx, parent, child)
		},
		"POST /api/internal/Production/AddChildUnit?checkPartNumber=&checkPhase=false&checkRevision=1.%25&childPartNumber=Q&childSerialNumber=2&cultureCode=de-DE&partNumber=P&serialNumber=1": func() error {
			_, err := c.Production.AddChildChecked(ctx, parent, child, wats.ChildCheck{Revision: "1.%", Phase: report.Some(false), Culture: "de-DE"})
			return err
		},
		"GET /api/internal/Production/CheckChildUnits?CultureCode=en-US&ParentPartNumber=P&ParentSerialNumber=1": func() error {
			_, err := c.Production.CheckChildrenTold(ctx, parent, "")
			return err
		},
		"POST /api/Production/SerialNumbers/Take?quantity=2&refSN=1&serialNumberType=X&stationName=ICT": func() error {
			_, err := c.Production.TakeSerialNumbers(ctx, wats.SerialTake{Type: "X", Quantity: 2, SerialNumber: "1"})
			if errors.Is(err, wats.ErrNotFound) { // {} is empty
				err = nil
			}
			return err
		},
		"PUT /api/Production/SetUnitProcess?partNumber=P&processCode=0&serialNumber=1": func() error {
			return c.Production.SetProcess(ctx, "1", "P", report.Some(0), "")
		},
		"GET /api/Production/Unit/a%2Fb/..%3F": func() error {
			_, err := c.Production.Get(ctx, "a/b", "..?")
			return err
		},
	} {
		if err := call(); err != nil {
			t.Errorf("%s: %v", want, err)
		}
		last := got.all[got.len()-1]
		if line := last.Method + " " + last.RequestURI; line != want {
			t.Errorf("sent\n%s, want\n%s", line, want)
		}
		if strings.HasPrefix(last.URL.Path, "/api/internal/") && last.Header.Get("Referer") == "" {
			t.Errorf("%s: sent without Referer", want)
		}
	}
}
