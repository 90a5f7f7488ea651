package contract_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/auth"
	"github.com/gowats/gowats/app/server"
	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/app/web"
	"github.com/gowats/gowats/queue"
	"github.com/gowats/gowats/report"
)

// The examples of this file show what a client does in each domain, against a server of their own: docs/origin.md points to them.

// plant starts a server and returns its address and an administrator's client. What fails ends the example.
func plant(opts ...wats.Option) (address string, c *wats.Client, end func()) {
	ctx := context.Background()
	dir := must(os.MkdirTemp("", "plant"))
	s := must(store.Open(ctx, filepath.Join(dir, "gowats.db"), store.Options{}))
	a := auth.New(s)
	mustDo(a.CreateUser(ctx, "ann", password, auth.Admin))
	listening := httptest.NewServer(server.New(s, a, server.Options{Certificate: web.CertificateWriter()}))
	recorder.Secret(password)
	c = must(wats.NewClient(listening.URL, append([]wats.Option{wats.WithBasicAuth("ann", password), wats.WithStation("ICT-07", "Oslo", "Production")}, opts...)...))
	return listening.URL, c, func() {
		c.Close()
		listening.Close()
		mustDo(errors.Join(s.Close(), os.RemoveAll(dir)))
	}
}

func must[T any](v T, err error) T {
	mustDo(err)
	return v
}

func mustDo(err error) {
	if err != nil {
		panic(err)
	}
}

func Example_reports() {
	_, c, end := plant()
	defer end()
	ctx := context.Background()

	r := testReport("SN-1", time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC), report.Passed)
	r.MiscInfos = []report.MiscInfo{{Description: "Batch", Text: "B-17"}}
	receipt := must(c.Report.Submit(ctx, r))
	fmt.Println("the server has it:", receipt.ID == r.ID)

	xml := must(c.Report.GetWSXF(ctx, r.ID)) // the XML form, which can be submitted too
	fmt.Println("in XML:", bytes.HasPrefix(bytes.TrimSpace(xml), []byte("<?xml")))
	must(c.Report.SubmitWSXF(ctx, r.ID, xml))

	for h, err := range c.Report.Headers(ctx, wats.HeaderQuery{PartNumber: "PCB-*", From: time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)}) {
		mustDo(err)
		fmt.Println(h.SerialNumber, h.PartNumber, h.Result)
	}
	for _, h := range must(c.Report.HeadersByMiscInfo(ctx, "Batch", "B-17", 10)) {
		fmt.Println("of batch B-17:", h.SerialNumber)
	}
	for whole, err := range c.Report.Stream(ctx, wats.HeaderQuery{SerialNumber: "SN-1"}) {
		mustDo(err)
		fmt.Println("measured:", whole.Test.Root.Steps[0].Numeric[0].Value, whole.Test.Root.Steps[0].Numeric[0].Unit)
	}
	var certificate bytes.Buffer
	mustDo(c.Report.Certificate(ctx, r.ID, &certificate))
	fmt.Println("a certificate to print:", certificate.Len() > 0)
	// Output:
	// the server has it: true
	// in XML: true
	// SN-1 PCB-1 Passed
	// of batch B-17: SN-1
	// measured: 3.3 V
	// a certificate to print: true
}

func Example_reportsWhileTheServerIsAway() {
	_, c, end := plant()
	defer end()
	ctx := context.Background()
	dir := must(os.MkdirTemp("", "spool"))
	defer os.RemoveAll(dir)

	q := must(queue.Open(dir, queue.WithLimits(queue.Limits{MinFree: 1 << 20})))
	away := must(wats.NewClient("http://127.0.0.1:1", wats.WithToken("dTpw"), wats.WithRetry(wats.RetryPolicy{MaxAttempts: 1}), wats.WithSpool(q, wats.SpoolFallback)))
	defer away.Close()
	r := testReport("SN-2", time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC), report.Failed)
	receipt, err := away.Report.Submit(ctx, r)
	fmt.Println("queued:", receipt.Queued, errors.Is(err, wats.ErrQueued))

	sum := must(q.Process(ctx, func(ctx context.Context, it queue.Item) queue.Result { // the server is there again
		d := c.Report.Deliver(ctx, wats.QueuedReport{ID: report.ID(it.ID), Kind: string(it.Type), Document: it.Document})
		return queue.Result{Class: queue.Class(d.Class), Words: d.Words}
	}))
	fmt.Println("sent:", sum.Sent, "left:", sum.Left)
	fmt.Println("the server has", must(c.Report.Get(ctx, r.ID)).SerialNumber)
	// Output:
	// queued: true true
	// sent: 1 left: 0
	// the server has SN-2
}

func Example_products() {
	_, c, end := plant()
	defer end()
	ctx := context.Background()

	mustDo(c.Product.SaveCategories(ctx, []wats.ProductCategory{{Name: "Boards"}}))
	box := must(c.Product.Save(ctx, wats.Product{PartNumber: "BOX-1", Name: "Controller", Revisions: []wats.ProductRevision{{Revision: "A"}}}))
	board := must(c.Product.Save(ctx, wats.Product{PartNumber: "PCB-1", Name: "Mainboard", CategoryName: "Boards", Tags: []wats.Setting{{Key: "line", Value: "4"}}}))
	revision := must(c.Product.SaveRevision(ctx, wats.ProductRevision{PartNumber: "PCB-1", Revision: "1.0"}))
	fmt.Println(board.Name, "is of", board.CategoryName)

	mustDo(c.Product.SaveBOM(ctx, "PCB-1", "1.0", []wats.BOMItem{{PartNumber: "R-10k", ComponentRef: "R1;R2", Quantity: 2}, {PartNumber: "C-1"}}))
	fmt.Println("lines of its bill of material:", len(must(c.Product.BOM(ctx, "PCB-1", "1.0"))))
	must(c.Product.AddRelation(ctx, wats.ProductRelation{ParentID: box.Revisions[0].ID, ChildID: revision.ID, Quantity: 1}))
	for _, r := range must(c.Product.BoxBuild(ctx, "BOX-1", "A")) {
		fmt.Println("a box holds", r.Quantity, r.ChildPartNumber)
	}
	vendor := must(c.Product.SaveVendor(ctx, wats.Vendor{Name: "Acme"}))
	group := must(c.Product.SaveGroup(ctx, wats.ProductGroup{Name: "All boards"}))
	fmt.Println(vendor.Name, "and", group.Name)
	mustDo(c.Product.SaveTags(ctx, "PCB-1", []wats.Setting{{Key: "shift", Value: "day"}}))
	fmt.Println("tags:", len(must(c.Product.Tags(ctx, "PCB-1"))))

	page := must(c.Product.Query(ctx, wats.ProductQuery{PartNumber: "PCB-*", Top: 10}))
	fmt.Println("found:", page.Total, page.Products[0].PartNumber)
	// Output:
	// Mainboard is of Boards
	// lines of its bill of material: 2
	// a box holds 1 PCB-1
	// Acme and All boards
	// tags: 2
	// found: 1 PCB-1
}

func Example_assets() {
	_, c, end := plant()
	defer end()
	ctx := context.Background()

	kind := must(c.Asset.SaveType(ctx, wats.AssetType{Name: "Fixture", RunningCountLimit: report.Some[int64](100), CalibrationInterval: report.Some(365.0)}))
	nails := must(c.Asset.Create(ctx, wats.Asset{SerialNumber: "FIX-1", TypeID: kind.ID, Name: "Bed of nails", Location: "Oslo",
		Tags: []wats.Setting{{Key: "inventory", Value: "4711"}}}))
	must(c.Asset.Create(ctx, wats.Asset{SerialNumber: "PROBE-1", TypeID: kind.ID, ParentID: nails.ID}))
	key := wats.AssetBySerial("FIX-1")

	fmt.Println("by tag:", must(c.Asset.GetByTag(ctx, "inventory", "4711")).SerialNumber)
	fmt.Println("at Oslo:", len(must(c.Asset.GetByLocation(ctx, "Oslo"))))
	fmt.Println("below it:", must(c.Asset.SubAssets(ctx, key, 0))[0].SerialNumber)
	mustDo(c.Asset.Increment(ctx, key, 101, true))
	fmt.Println("after 101 uses:", must(c.Asset.Status(ctx, key)).Alarm)
	mustDo(c.Asset.ResetRunningCount(ctx, key, "new needles"))
	mustDo(c.Asset.Calibrate(ctx, key, time.Time{}, "within 1 %"))
	mustDo(c.Asset.Maintain(ctx, key, time.Time{}, "cleaned"))
	fmt.Println("after its reset:", must(c.Asset.Status(ctx, key)).Alarm)
	mustDo(c.Asset.SetState(ctx, key, wats.AssetInMaintenance))
	mustDo(c.Asset.PostMessage(ctx, wats.AssetMessage{AssetID: nails.ID.String(), Comment: "back on Monday"}))
	mustDo(c.Asset.UploadFile(ctx, nails.ID, "drawing.txt", strings.NewReader("a drawing"), 9))
	var drawing bytes.Buffer
	mustDo(c.Asset.DownloadFile(ctx, nails.ID, "drawing.txt", &drawing))
	fmt.Println(must(c.Asset.Files(ctx, nails.ID)), "holds", drawing.String())
	entries := 0
	for e, err := range c.Asset.Log(ctx, wats.AssetLogQuery{}) {
		mustDo(err)
		if entries++; entries == 1 {
			fmt.Println("logged last:", e.Comment)
		}
	}
	page := must(c.Asset.Query(ctx, wats.AssetQuery{State: report.Some(wats.AssetInMaintenance)}))
	fmt.Println("in maintenance:", page.Total)
	// Output:
	// by tag: FIX-1
	// at Oslo: 1
	// below it: PROBE-1
	// after 101 uses: alarm
	// after its reset: ok
	// [drawing.txt] holds a drawing
	// logged last: file "drawing.txt" stored, 9 bytes
	// in maintenance: 1
}

func Example_processes() {
	_, c, end := plant()
	defer end()
	ctx := context.Background()

	fmt.Println(must(c.Process.ByName(ctx, "PCBA test")).Code)
	tests := must(c.Process.Query(ctx, wats.ProcessQuery{Tests: true}))
	repairs := must(c.Process.Query(ctx, wats.ProcessQuery{Repairs: true}))
	fmt.Println(len(tests) > 0, len(repairs) > 0)
	must(c.Process.Create(ctx, wats.ProcessInfo{Code: 77, Name: "Burn-in", IsTestOperation: true}))
	must(c.Process.Refresh(ctx))
	fmt.Println(must(c.Process.Get(ctx, 77)).Name)
	fmt.Println("categories of failures of repair operation 500:", len(must(c.Process.RepairOperations(ctx))[500].Categories))
	// Output:
	// 50
	// true true
	// Burn-in
	// categories of failures of repair operation 500: 4
}

func Example_production() {
	_, c, end := plant()
	defer end()
	ctx := context.Background()

	must(c.Production.CreateOrder(ctx, wats.ProductionOrder{OrderNumber: "PO-1", Items: []wats.OrderItem{{PartNumber: "BOX", Quantity: 2}}}))
	must(c.Production.SaveBatch(ctx, wats.ProductionBatch{BatchNumber: "B-1", OrderNumber: "PO-1", BatchSize: report.Some(2)}))
	must(c.Production.StartOrder(ctx, "PO-1"))
	must(c.Production.SaveSerialNumberType(ctx, wats.SerialNumberType{Name: "Box"}))
	must(c.Production.ImportSerialNumbers(ctx, "Box", wats.SerialCSV, []byte("id,seq\nBX-0001,9\n")))
	numbers := must(c.Production.TakeSerialNumbers(ctx, wats.SerialTake{Type: "Box", Quantity: 2}))
	fmt.Println("numbers:", numbers)
	for _, n := range numbers {
		must(c.Production.Save(ctx, wats.Unit{SerialNumber: n, PartNumber: "BOX", Revision: "A", BatchNumber: "B-1"}))
	}
	mustDo(c.Production.SetPhaseNamed(ctx, numbers[0], "BOX", "Finalized", "packed"))
	fmt.Println(numbers[0], "is", must(c.Production.Phase(ctx, numbers[0], "BOX")).Name)
	order := must(c.Production.Order(ctx, "PO-1", true))
	fmt.Println("order:", order.Status, order.Items[0].UnitCount, "units,", order.Items[0].FinalizedCount, "finalized")
	must(c.Production.CompleteOrder(ctx, "PO-1"))
	for o, err := range c.Production.Orders(ctx, wats.OrderQuery{Status: wats.OrderCompleted}) {
		mustDo(err)
		fmt.Println("completed:", o.OrderNumber)
	}
	for change, err := range c.Production.Changes(ctx, wats.UnitChangeQuery{}) {
		mustDo(err)
		fmt.Println("changed:", change.SerialNumber)
		mustDo(c.Production.AcknowledgeChange(ctx, change.ID))
		break
	}
	grade := must(c.Production.Verify(ctx, numbers[0], "BOX", "A"))
	fmt.Println("verified:", grade.Status)
	// Output:
	// numbers: [BX-0001 BX-0002]
	// BX-0001 is Finalized
	// order: Started 2 units, 1 finalized
	// completed: PO-1
	// changed: BX-0001
	// verified: Not tested
}

func Example_unitsBuiltIn() {
	_, c, end := plant()
	defer end()
	ctx := context.Background()

	box := must(c.Product.Save(ctx, wats.Product{PartNumber: "BOX", Revisions: []wats.ProductRevision{{Revision: "A"}}}))
	board := must(c.Product.Save(ctx, wats.Product{PartNumber: "PCB", Revisions: []wats.ProductRevision{{Revision: "1"}}}))
	must(c.Product.AddRelation(ctx, wats.ProductRelation{ParentID: box.Revisions[0].ID, ChildID: board.Revisions[0].ID, Quantity: 1}))
	must(c.Production.SaveAll(ctx, []wats.Unit{
		{SerialNumber: "B1", PartNumber: "BOX", Revision: "A", PhaseID: wats.PhaseFinalized}, {SerialNumber: "P1", PartNumber: "PCB", Revision: "1", PhaseID: wats.PhaseFinalized},
	}))
	parent, child := wats.UnitKey{SerialNumber: "B1", PartNumber: "BOX"}, wats.UnitKey{SerialNumber: "P1", PartNumber: "PCB"}
	mustDo(c.Production.AddChild(ctx, parent, child))
	fmt.Println("complete:", must(c.Production.CheckChildren(ctx, parent, "A")).Complete)
	fmt.Println("in B1:", must(c.Production.Hierarchy(ctx, "B1", "BOX")).SubUnits[0].SerialNumber)
	mustDo(c.Production.RemoveChild(ctx, parent, child))
	fmt.Println("in B1:", len(must(c.Production.Hierarchy(ctx, "B1", "BOX")).SubUnits))
	// Output:
	// complete: true
	// in B1: P1
	// in B1: 0
}

func Example_tickets() {
	_, c, end := plant()
	defer end()
	ctx := context.Background()

	r := testReport("SN-3", time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC), report.Failed)
	must(c.Report.Submit(ctx, r))
	ticket := must(c.RootCause.Create(ctx, wats.Ticket{Subject: "Voltage too high", ReportID: r.ID}))
	ticket = must(c.RootCause.Assign(ctx, *ticket, "ann"))
	log := must(c.RootCause.UploadAttachment(ctx, "log.txt", strings.NewReader("3.9 V"), 5))
	ticket = must(c.RootCause.Comment(ctx, *ticket, "see the log", log))
	ticket = must(c.RootCause.SetStatus(ctx, *ticket, wats.TicketSolved))
	fmt.Println(ticket.Subject, "is", ticket.Status, "after", len(ticket.History), "entries")
	for _, k := range must(c.RootCause.List(ctx, wats.TicketQuery{Status: wats.TicketSolved, View: wats.AllTickets})) {
		fmt.Println("solved:", k.Subject)
	}

	must(c.RootCause.RegisterDefect(ctx, wats.Defect{ReportID: r.ID, Code: "Burned component", ComponentRef: "U7"}))
	statistics := must(c.RootCause.DefectStatistics(ctx, wats.DefectStatisticsQuery{GroupBy: []string{"partNumber", "code"}}))
	fmt.Println("defects:", statistics.Count, "of", statistics.Rows[0].PartNumber.Value, "code", statistics.Rows[0].Code.Value)
	// Output:
	// Voltage too high is solved after 3 entries
	// solved: Voltage too high
	// defects: 1 of PCB-1 code Burned Component
}

func Example_software() {
	_, c, end := plant()
	defer end()
	ctx := context.Background()

	firmware := bytes.Repeat([]byte("firmware"), 100_000)
	var told int64
	p := must(c.Software.RegisterRelease(ctx, wats.Release{
		Package: wats.Package{Name: "mainboard"}, Label: "2.1.0", Type: "firmware", FileName: "main.bin", ReleaseAs: wats.PackageReleased,
	}, bytes.NewReader(firmware), int64(len(firmware)), func(done, _ int64) { told = done }))
	fmt.Println(p.Name, "version", p.Version, "is", p.Status, "- told of", told, "bytes")

	dir := must(os.MkdirTemp("", "release"))
	defer os.RemoveAll(dir)
	files := must(c.Software.Files(ctx, p.ID))
	into := filepath.Join(dir, "main.bin")
	must(c.Software.SaveFile(ctx, files[0].ID, into, nil)) // goes on where it broke off, and checks the sum
	fmt.Println("the same bytes:", bytes.Equal(must(os.ReadFile(into)), firmware))
	fmt.Println("by tag:", must(c.Software.ListByTag(ctx, "ReleaseType", "firmware", wats.PackageReleased))[0].Name)
	mustDo(c.Software.SetStatus(ctx, p.ID, wats.PackageRevoked))
	fmt.Println("now it is", must(c.Software.GetByName(ctx, "mainboard", wats.PackageSelect{})).Status)
	// Output:
	// mainboard version 1 is Released - told of 800000 bytes
	// the same bytes: true
	// by tag: mainboard
	// now it is Revoked
}

func Example_users() {
	address, c, end := plant()
	defer end()
	ctx := context.Background()

	kari := must(c.SCIM.Create(ctx, &wats.SCIMUser{UserName: "kari", DisplayName: "Kari", Password: wats.NewSecret("a long password"), Roles: []wats.SCIMRole{{Value: "write"}}}))
	token := must(c.SCIM.IssueToken(ctx, wats.TokenRequest{User: "kari", Name: "bench", Days: 30}))
	bench := must(wats.NewClient(address, wats.WithToken(token.Token.Reveal())))
	defer bench.Close()
	must(bench.Report.Submit(ctx, testReport("SN-4", time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC), report.Passed)))
	must(c.SCIM.Update(ctx, kari.ID, wats.SCIMChange{Path: "active", Value: false}))
	_, err := bench.Product.Groups(ctx)
	fmt.Println("no longer let in:", errors.Is(err, wats.ErrUnauthorized))
	var names []string
	for u, err := range c.SCIM.All(ctx, wats.SCIMQuery{}) {
		mustDo(err)
		names = append(names, u.UserName)
	}
	slices.Sort(names)
	fmt.Println(names)
	// Output:
	// no longer let in: true
	// [ann kari]
}

func Example_inspection() {
	_, c, end := plant()
	defer end()
	ctx := context.Background()

	d := must(c.ManualInspection.Create(ctx, wats.InspectionDefinition{Name: "Incoming", Description: "look at the solder"}))
	must(c.ManualInspection.CreateRelation(ctx, wats.InspectionRelation{
		DefinitionID: d.ID, EntitySchema: "Product", EntityName: "Product", EntityKey: "Part number", EntityValue: "PCB-%"}))
	mustDo(c.ManualInspection.SetWorkflow(ctx, wats.InspectionWorkflow{DefinitionID: d.ID, XAML: "<Sequence><PassFailTest Name='Solder'/></Sequence>"}))
	mustDo(c.ManualInspection.UploadDocument(ctx, d.ID, "guide.txt", strings.NewReader("how to look"), 11))
	for _, status := range []wats.InspectionStatus{wats.InspectionPending, wats.InspectionReleased} {
		d = must(c.ManualInspection.Get(ctx, d.ID))
		d.Status = report.Some(status)
		d = must(c.ManualInspection.Update(ctx, *d))
	}
	must(c.Production.Save(ctx, wats.Unit{SerialNumber: "SN-5", PartNumber: "PCB-1", Revision: "A"}))
	run := must(c.ManualInspection.StartRun(ctx, wats.InspectionRun{DefinitionID: d.ID, SerialNumber: "SN-5", PartNumber: "PCB-1"}))
	fmt.Println(d.Name, "version", d.Version.Value, "looks at", must(c.ManualInspection.Run(ctx, run.ID)).SerialNumber)
	fmt.Println("its documents:", must(c.ManualInspection.Documents(ctx, d.ID))[0].FileName)
	// Output:
	// Incoming version 1 looks at SN-5
	// its documents: guide.txt
}

func Example_client() {
	updates := 0
	_, c, end := plant(wats.WithCachedDomains(wats.DomainProduct), wats.WithOnUpdate(func(wats.Domain) { updates++ }), wats.WithErrorMode(wats.Lenient),
		wats.WithRetry(wats.RetryPolicy{MaxAttempts: 4}), wats.WithRateLimit(wats.RateLimit{PerMinute: 500}))
	defer end()
	ctx := context.Background()

	p, err := c.Product.Get(ctx, "none") // lenient: a single thing that is missing is no error
	fmt.Println(p == nil, err)
	must(c.Product.Save(ctx, wats.Product{PartNumber: "PCB-9"}))
	for range 3 {
		must(c.Product.Get(ctx, "PCB-9"))
	}
	fmt.Println("writes told:", updates > 0, "answers from the cache:", c.Stats().CacheHits)
	_, err = c.Product.Save(ctx, wats.Product{}) // nothing is sent that breaks a rule
	fmt.Println(errors.Is(err, wats.ErrInvalid))
	// Output:
	// true <nil>
	// writes told: true answers from the cache: 2
	// true
}

func Example_serverThatIsDown() {
	c := must(wats.NewClient("http://127.0.0.1:1", wats.WithToken("dTpw"), wats.WithRetry(wats.RetryPolicy{MaxAttempts: 2, BaseDelay: time.Millisecond}),
		wats.WithBreaker(wats.BreakerPolicy{Consecutive: 2})))
	defer c.Close()
	for range 2 {
		_, err := c.Version(context.Background())
		fmt.Println("offline:", errors.Is(err, wats.ErrOffline), "kept back:", errors.Is(err, wats.ErrCircuitOpen))
	}
	fmt.Println("repeated:", c.Stats().Retries)
	// Output:
	// offline: true kept back: false
	// offline: false kept back: true
	// repeated: 1
}
