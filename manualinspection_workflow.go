package wats

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"

	"github.com/gowats/gowats/report"
)

// Validate returns what is wrong with a workflow that is to be written.
func (w InspectionWorkflow) Validate() report.Findings {
	var c checks
	if w.DefinitionID.IsZero() {
		c.addf("$.TestSequenceDefinitionId", "required", "TestSequenceDefinitionId is required")
	}
	switch {
	case strings.TrimSpace(w.XAML) == "":
		c.addf("$.Definition", "required", "Definition is required")
	case len(w.XAML) > maxWorkflow:
		c.addf("$.Definition", "length", "Definition exceeds %d bytes: it has %d", maxWorkflow, len(w.XAML))
	default:
		if err := checkXAML(w.XAML); err != nil {
			c.addf("$.Definition", "format", "Definition must be XAML: %v", err)
		}
	}
	return c.found
}

const maxWorkflowDepth = 200 // of elements in each other

// checkXAML returns why a text is not one XML element.
func checkXAML(text string) error {
	dec := xml.NewDecoder(strings.NewReader(text))
	depth, roots := 0, 0
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.Directive:
			return errors.New("a document type has no place in it")
		case xml.StartElement:
			if depth == 0 {
				roots++
			}
			if depth++; depth > maxWorkflowDepth {
				return errors.New("its elements are nested too deeply")
			}
		case xml.EndElement:
			depth--
		case xml.CharData:
			if depth == 0 && strings.TrimSpace(string(t)) != "" {
				return errors.New("there is text outside its root")
			}
		}
	}
	if roots != 1 {
		return errors.New("it must have one root")
	}
	return nil
}
