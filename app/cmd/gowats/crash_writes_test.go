package main

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

// TestKilledServerLeavesNothingHalfWritten kills the server while clients write into all its domains. What was acknowledged is there, and what
// was not is there as a whole or not at all.
func TestKilledServerLeavesNothingHalfWritten(t *testing.T) {
	rounds := 4
	if os.Getenv("GOWATS_LONG") != "" {
		rounds = 20 // each leaves two uploads under way, and a user may have 50
	}
	folder := t.TempDir()
	serve := func() *process { return start(t, "server", "--listen", "127.0.0.1:0", "--data", folder) }
	p := serve()
	f := newFactory(t, p.client())
	acknowledged, there, writes := 0, map[string]int{}, 0
	for round := range rounds {
		tried := f.writeAndKill(t, p, round)
		p = serve()
		f.client = p.client()
		for _, name := range slices.Sorted(maps.Keys(tried)) {
			w := tried[name]
			whole, err := f.kinds[w.kind].check(t.Context(), name)
			switch {
			case err != nil:
				t.Errorf("%s %s, acknowledged %v: %v", w.kind, name, w.done, err)
			case w.done && !whole:
				t.Errorf("%s %s was acknowledged and is not there", w.kind, name)
			}
			writes++
			if w.done {
				acknowledged++
			}
			if whole {
				there[w.kind]++
			}
		}
		f.checkTickets(t)
	}
	t.Logf("%d kills: %d writes, %d acknowledged, there %v", rounds, writes, acknowledged, there)
	p.stop()
}

// written is one write that was tried.
type written struct {
	kind string
	done bool // acknowledged
}

// factory writes and looks at what was written. Names are its own and say all about the content.
type factory struct {
	client    *wats.Client
	assetType report.ID
	kinds     map[string]factoryWrite
}

// factoryWrite is a way to write, and to see whether that is there as a whole. The error of check says that it is there by half.
type factoryWrite struct {
	write func(ctx context.Context, name string) error
	check func(ctx context.Context, name string) (whole bool, err error)
}

const attached = 300_000 // bytes of a file

func newFactory(t *testing.T, c *wats.Client) *factory {
	t.Helper()
	kind, err := c.Asset.SaveType(t.Context(), wats.AssetType{Name: "Fixture"})
	if err != nil {
		t.Fatal(err)
	}
	var revisions [2]report.ID
	for i, part := range []string{"BOX", "PCB"} {
		p, err := c.Product.Save(t.Context(), wats.Product{PartNumber: part, Revisions: []wats.ProductRevision{{Revision: "A"}}})
		if err != nil {
			t.Fatal(err)
		}
		revisions[i] = p.Revisions[0].ID
	}
	if _, err := c.Product.AddRelation(t.Context(), wats.ProductRelation{ParentID: revisions[0], ChildID: revisions[1], Quantity: 1}); err != nil {
		t.Fatal(err)
	}
	f := &factory{client: c, assetType: kind.ID}
	f.kinds = map[string]factoryWrite{
		"product": {f.writeProduct, f.checkProduct},
		"asset":   {f.writeAsset, f.checkAsset},
		"unit":    {f.writeUnit, f.checkUnit},
		"order":   {f.writeOrder, f.checkOrder},
		"release": {f.writeRelease, f.checkRelease},
		"ticket":  {f.writeTicket, f.checkTicket},
	}
	return f
}

// writeAndKill lets two clients of each kind write until the server dies under them, and returns what they tried, by name.
func (f *factory) writeAndKill(t *testing.T, p *process, round int) map[string]*written {
	t.Helper()
	var mu sync.Mutex
	tried := map[string]*written{}
	killAfter := 30 + rand.IntN(60)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var work errgroup.Group
	for kind, w := range f.kinds {
		for client := range 2 {
			work.Go(func() error {
				for n := 0; ; n++ {
					name, entry := fmt.Sprintf("%s-%d-%d-%d", kind, round, client, n), &written{kind: kind}
					mu.Lock()
					tried[name] = entry
					mu.Unlock()
					if err := w.write(ctx, name); err != nil {
						return err
					}
					mu.Lock()
					entry.done = true
					killAfter--
					last := killAfter == 0
					mu.Unlock()
					if last {
						p.kill()
					}
				}
			})
		}
	}
	if err := work.Wait(); !errors.Is(err, wats.ErrOffline) {
		t.Fatalf("the first client that stopped: %v, want ErrOffline", err)
	}
	return tried
}

// absent turns the error of a thing that is not there into nothing.
func absent(err error) (bool, error) {
	if errors.Is(err, wats.ErrNotFound) {
		return false, nil
	}
	return false, err
}

// A product with three revisions is one write, its bill of material another.
func (f *factory) writeProduct(ctx context.Context, name string) error {
	_, err := f.client.Product.Save(ctx, wats.Product{
		PartNumber: name, Tags: []wats.Setting{{Key: "line", Value: "4"}}, Revisions: []wats.ProductRevision{{Revision: "A"}, {Revision: "B"}, {Revision: "C"}},
	})
	if err != nil {
		return err
	}
	return f.client.Product.SaveBOM(ctx, name, "B", []wats.BOMItem{{PartNumber: "R-10k", Quantity: 2}, {PartNumber: "C-1"}, {PartNumber: "L-1"}})
}

func (f *factory) checkProduct(ctx context.Context, name string) (bool, error) {
	p, err := f.client.Product.Get(ctx, name)
	if err != nil {
		return absent(err)
	}
	if len(p.Revisions) != 3 || len(p.Tags) != 1 {
		return false, fmt.Errorf("it has %d revisions and %d tags, want 3 and 1", len(p.Revisions), len(p.Tags))
	}
	bom, err := f.client.Product.BOM(ctx, name, "B")
	if err == nil && len(bom) != 0 && len(bom) != 3 {
		err = fmt.Errorf("its bill of material has %d lines, want 3 or none", len(bom))
	}
	return len(bom) == 3, err
}

// An asset below another one, and uses of both counted in one write.
func (f *factory) writeAsset(ctx context.Context, name string) error {
	a, err := f.client.Asset.Create(ctx, wats.Asset{SerialNumber: name, TypeID: f.assetType})
	if err != nil {
		return err
	}
	if _, err := f.client.Asset.Create(ctx, wats.Asset{SerialNumber: name + "/1", TypeID: f.assetType, ParentID: a.ID}); err != nil {
		return err
	}
	return f.client.Asset.Increment(ctx, wats.AssetBySerial(name), 3, true)
}

func (f *factory) checkAsset(ctx context.Context, name string) (bool, error) {
	a, err := f.client.Asset.Get(ctx, wats.AssetBySerial(name))
	if err != nil {
		return absent(err)
	}
	below, err := f.client.Asset.Get(ctx, wats.AssetBySerial(name+"/1"))
	if err != nil {
		return absent(err)
	}
	if below.ParentID != a.ID || below.TotalCount.Value != a.TotalCount.Value || a.TotalCount.Value != 0 && a.TotalCount.Value != 3 {
		return false, fmt.Errorf("the one below has parent %s, want %s; uses are %d and %d, want 0 or 3 of both", below.ParentID, a.ID, a.TotalCount.Value, below.TotalCount.Value)
	}
	return a.TotalCount.Value == 3, nil
}

// Two units in one write, and one built into the other.
func (f *factory) writeUnit(ctx context.Context, name string) error {
	parent, child := wats.UnitKey{SerialNumber: name, PartNumber: "BOX"}, wats.UnitKey{SerialNumber: name, PartNumber: "PCB"}
	units := []wats.Unit{
		{SerialNumber: name, PartNumber: "BOX", Revision: "A", PhaseID: wats.PhaseFinalized},
		{SerialNumber: name, PartNumber: "PCB", Revision: "A", PhaseID: wats.PhaseFinalized},
	}
	if _, err := f.client.Production.SaveAll(ctx, units); err != nil {
		return err
	}
	return f.client.Production.AddChild(ctx, parent, child)
}

func (f *factory) checkUnit(ctx context.Context, name string) (bool, error) {
	parent, err := f.client.Production.Hierarchy(ctx, name, "BOX")
	child, childErr := f.client.Production.Get(ctx, name, "PCB")
	switch {
	case errors.Is(err, wats.ErrNotFound) && errors.Is(childErr, wats.ErrNotFound):
		return false, nil
	case err != nil || childErr != nil:
		return false, fmt.Errorf("of two units written together one is not there: %w", errors.Join(err, childErr))
	}
	built := len(parent.SubUnits) == 1
	if told := child.ParentSerialNumber == name; built != told {
		return false, fmt.Errorf("the parent says built in %v, the child %v", built, told)
	}
	return built, nil
}

// An order with its items.
func (f *factory) writeOrder(ctx context.Context, name string) error {
	_, err := f.client.Production.CreateOrder(ctx, wats.ProductionOrder{
		OrderNumber: name, Items: []wats.OrderItem{{PartNumber: "BOX", Quantity: 5}, {PartNumber: "PCB", Quantity: 7}},
	})
	if err != nil {
		return err
	}
	_, err = f.client.Production.StartOrder(ctx, name)
	return err
}

func (f *factory) checkOrder(ctx context.Context, name string) (bool, error) {
	o, err := f.client.Production.Order(ctx, name, true)
	if err != nil {
		return absent(err)
	}
	if len(o.Items) != 2 || o.Quantity != 12 || (o.Status == wats.OrderStarted) == o.Started.IsZero() {
		return false, fmt.Errorf("it has %d items, %d units, and status %s since %v", len(o.Items), o.Quantity, o.Status, o.Started)
	}
	return o.Status == wats.OrderStarted, nil
}

// content returns the bytes of a file of that name; they do not shrink when packed.
func content(name string) []byte {
	var seed [32]byte
	copy(seed[:], name)
	data := make([]byte, attached)
	_, _ = rand.NewChaCha8(seed).Read(data) // never fails
	return data
}

// A file in chunks, which becomes a package and is released in one write.
func (f *factory) writeRelease(ctx context.Context, name string) error {
	_, err := f.client.Software.RegisterRelease(ctx, wats.Release{
		Package: wats.Package{Name: name}, FileName: "main.bin", ReleaseAs: wats.PackageReleased,
	}, bytes.NewReader(content(name)), attached, nil)
	return err
}

func (f *factory) checkRelease(ctx context.Context, name string) (bool, error) {
	p, err := f.client.Software.GetByName(ctx, name, wats.PackageSelect{})
	if err != nil {
		return absent(err)
	}
	if p.Status != wats.PackageReleased {
		return false, fmt.Errorf("it is %s, want released or not there", p.Status)
	}
	var packed bytes.Buffer
	if _, err := f.client.Software.Download(ctx, p.ID, &packed, nil); err != nil {
		return false, err
	}
	z, err := zip.NewReader(bytes.NewReader(packed.Bytes()), int64(packed.Len()))
	if err != nil {
		return false, err
	}
	got, err := z.Open("main.bin")
	if err != nil {
		return false, err
	}
	defer got.Close() // only read: there is nothing to lose
	var data bytes.Buffer
	if _, err := data.ReadFrom(got); err != nil || !bytes.Equal(data.Bytes(), content(name)) {
		return false, fmt.Errorf("its file has %d bytes, not the %d that were sent: %w", data.Len(), attached, err)
	}
	return true, nil
}

// A file, and a ticket that has it.
func (f *factory) writeTicket(ctx context.Context, name string) error {
	file, err := f.client.RootCause.UploadAttachment(ctx, name, bytes.NewReader(content(name)), attached)
	if err != nil {
		return err
	}
	_, err = f.client.RootCause.Create(ctx, wats.Ticket{Subject: name, Update: &wats.TicketUpdate{Content: "see", Attachments: []wats.TicketAttachment{file}}})
	return err
}

func (f *factory) checkTicket(ctx context.Context, name string) (bool, error) {
	found, err := f.client.RootCause.List(ctx, wats.TicketQuery{View: wats.AllTickets, Search: name})
	if err != nil {
		return false, err
	}
	found = slices.DeleteFunc(found, func(k wats.Ticket) bool { return k.Subject != name })
	if len(found) > 1 {
		return false, fmt.Errorf("there are %d tickets", len(found))
	}
	return len(found) == 1, nil
}

// checkTickets holds that every ticket has its file.
func (f *factory) checkTickets(t *testing.T) {
	t.Helper()
	tickets, err := f.client.RootCause.List(t.Context(), wats.TicketQuery{View: wats.AllTickets})
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range tickets {
		whole, err := f.client.RootCause.Get(t.Context(), k.ID)
		if err != nil || len(whole.History) != 1 || len(whole.History[0].Attachments) != 1 {
			t.Errorf("ticket %s: got %+v, %v; want an entry with its file", k.Subject, whole, err)
			continue
		}
		var file bytes.Buffer
		if err := f.client.RootCause.Attachment(t.Context(), whole.History[0].Attachments[0], &file); err != nil || !bytes.Equal(file.Bytes(), content(k.Subject)) {
			t.Errorf("file of ticket %s: %d bytes, %v; want the %d that were sent", k.Subject, file.Len(), err, attached)
		}
	}
}
