package identify

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/gowats/gowats"
)

// Unit is what an operator has named, and what is to be done with it.
type Unit struct {
	SerialNumber string `json:"serialNumber"`
	PartNumber   string `json:"partNumber"`
	Revision     string `json:"revision"`
	BatchNumber  string `json:"batchNumber,omitempty"`
	Known        bool   `json:"known"` // the server has it
	ProcessCode  int    `json:"processCode"`
	Process      string `json:"process"` // name of the test operation
}

// Unit asks for a unit and for a test operation. Serial is its serial number and process the code or name of the operation; what is "" is asked for.
// A unit that the server does not know is described by its product.
func (d *Dialog) Unit(ctx context.Context, serial, process string) (*Unit, error) {
	if serial = strings.TrimSpace(serial); serial == "" {
		var err error
		if serial, err = d.need(ctx, "Serial number"); err != nil {
			return nil, err
		}
	}
	found, err := d.units(ctx, serial)
	if err != nil {
		return nil, err
	}
	named := &Unit{SerialNumber: serial}
	usual := 0
	if len(found) == 0 {
		if err := d.tell("No unit %s is known: name its product.", serial); err != nil {
			return nil, err
		}
		p, err := d.Product(ctx, "")
		if err != nil {
			return nil, err
		}
		named.PartNumber, named.Revision = p.PartNumber, p.Revision
	} else {
		var options []string
		for _, u := range found {
			options = append(options, fmt.Sprintf("%s  revision %s, %s", u.PartNumber, u.Revision, u.Phase))
		}
		i, err := d.choose(ctx, "Part number", options, -1)
		if err != nil {
			return nil, err
		}
		u := found[i]
		named.PartNumber, named.Revision, named.BatchNumber, named.Known = u.PartNumber, u.Revision, u.BatchNumber, true
		usual = u.ProcessCode.Value
	}
	return named, d.operation(ctx, named, process, usual)
}

// units returns the units of a serial number: one of each part.
func (d *Dialog) units(ctx context.Context, serial string) ([]*wats.Unit, error) {
	var found []*wats.Unit
	// A star would stand for any text.
	q := wats.UnitQuery{Filter: "serialNumber eq '" + strings.ReplaceAll(serial, "'", "''") + "'", Top: most}
	for u, err := range d.client.Production.Units(ctx, q) {
		switch {
		case errors.Is(err, wats.ErrUnsupported):
			return d.oneOfUnits(ctx, serial)
		case err != nil:
			return nil, fmt.Errorf("look for unit %s: %w", serial, err)
		}
		found = append(found, u)
	}
	return found, nil
}

// oneOfUnits is units for a WATS server, which answers with one of them.
func (d *Dialog) oneOfUnits(ctx context.Context, serial string) ([]*wats.Unit, error) {
	u, err := d.client.Production.GetBySerial(ctx, serial, "")
	switch {
	case errors.Is(err, wats.ErrNotFound), err == nil && u == nil: // as strict and lenient clients have it
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("look for unit %s: %w", serial, err)
	}
	return []*wats.Unit{u}, nil
}

// operation asks for a test operation; the usual one is where the unit is.
func (d *Dialog) operation(ctx context.Context, named *Unit, wanted string, usual int) error {
	all, err := d.client.Process.Query(ctx, wats.ProcessQuery{Tests: true})
	if err != nil {
		return fmt.Errorf("look for test operations: %w", err)
	}
	if len(all) == 0 {
		return errors.New("the server knows no test operations")
	}
	var options []string
	otherwise := -1
	for i, p := range all {
		if wanted != "" && (strings.EqualFold(p.Name, wanted) || strconv.Itoa(p.Code) == wanted) {
			named.ProcessCode, named.Process = p.Code, p.Name
			return nil
		}
		if p.Code == usual {
			otherwise = i
		}
		options = append(options, fmt.Sprintf("%s  code %d", p.Name, p.Code))
	}
	if wanted != "" {
		return fmt.Errorf("there is no test operation %q", wanted)
	}
	i, err := d.choose(ctx, "Test operation", options, otherwise)
	if err != nil {
		return err
	}
	named.ProcessCode, named.Process = all[i].Code, all[i].Name
	return nil
}
