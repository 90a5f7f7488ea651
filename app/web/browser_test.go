package web

import (
	"context"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/gowats/gowats/app/auth"
)

// browser is a tab of a real Chromium, and what it complained of.
type browser struct {
	t    *testing.T
	ctx  context.Context
	base string

	provoked string // a complaint that holds this text is the test's own doing

	mu         sync.Mutex
	complaints []string
}

// openBrowser starts Chromium; the test is skipped where there is none.
func openBrowser(t *testing.T, server *httptest.Server) *browser {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("SKIPPED: no chromium on this machine, so the pages were not opened in a browser")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.UserDataDir(t.TempDir()), chromedp.Flag("disable-component-update", true))
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	b := &browser{t: t, ctx: ctx, base: server.URL}
	messages := chromedp.Console(ctx)
	var listening sync.WaitGroup
	listening.Go(func() {
		for m, err := range messages {
			if err != nil {
				return
			}
			b.mu.Lock()
			b.complaints = append(b.complaints, m.String())
			b.mu.Unlock()
		}
	})
	t.Cleanup(func() {
		cancel()
		listening.Wait()
		for _, c := range b.complaints {
			if b.provoked == "" || !strings.Contains(c, b.provoked) {
				t.Errorf("the browser's console says: %s", c)
			}
		}
	})
	return b
}

func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatalf("browser: %v", err)
	}
}

func (b *browser) open(target string) {
	b.t.Helper()
	b.do(chromedp.Navigate(b.base + target))
}

// click follows a link or sends a form, and waits for the page that comes.
func (b *browser) click(selector chromedp.CSS) {
	b.t.Helper()
	if _, err := chromedp.RunResponse(b.ctx, chromedp.Click(selector)); err != nil {
		b.t.Fatalf("click %s: %v", selector, err)
	}
}

// expect compares what an expression gives in the page.
func expect[T comparable](b *browser, expression string, want T) {
	b.t.Helper()
	got, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	if err != nil || got != want {
		b.t.Errorf("%s = %v, %v; want %v", expression, got, err, want)
	}
}

func TestBrowserReadsThePages(t *testing.T) {
	server := httptest.NewServer(openPages(filledStore(t)))
	defer server.Close()
	b := openBrowser(t, server)

	b.open("/")
	expect(b, `document.querySelectorAll(".kpi").length`, 4)
	expect(b, `document.querySelectorAll(".trend svg .curve").length > 3`, true)
	b.click(".choices a:first-child")
	expect(b, `location.search`, "?days=7")
	b.click(".kpi a")
	expect(b, `location.pathname`, "/reports")
	expect(b, `document.querySelector("[name=run]").checked`, true)

	// The list follows its filter without leaving the page.
	b.open("/reports")
	expect(b, `window.stayed = true`, true)
	b.do(chromedp.SetValue(chromedp.CSS("[name=result]"), "failed"),
		chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
			_, err := chromedp.Evaluate[bool](`document.querySelector("[name=result]").dispatchEvent(new Event("change", {bubbles: true}))`)(ctx, tab)
			return err
		}),
		chromedp.WaitNotPresent(chromedp.CSS("#results .badge.passed")))
	expect(b, `location.search`, "?result=failed")
	expect(b, `window.stayed`, true)

	// A report opens at its failing step.
	b.click("#results tbody a")
	expect(b, `document.querySelectorAll("details.step[open]").length > 0`, true)
	b.do(chromedp.Click(chromedp.CSS(".cause a")))
	expect(b, `document.querySelector(":target").classList.contains("source")`, true)
	b.do(chromedp.Click(chromedp.CSS("[data-open=false]")))
	expect(b, `document.querySelectorAll("details.step[open]").length`, 0)
	b.click(".steps .choices a:last-child")
	expect(b, `document.querySelectorAll(".steprow .badge.passed").length`, 0)

	// The keyboard finds a unit.
	b.do(chromedp.KeyEvent("/"))
	expect(b, `document.activeElement.name`, "serial")

	b.open(reportURL(fullTest().ID))
	expect(b, `document.querySelectorAll("figure.chart svg .curve").length > 1`, true)
	expect(b, `document.querySelector("h1").textContent`, fullTest().SerialNumber)
	b.open(reportURL(fullRepair().ID))
	b.click(".part tbody a")
	expect(b, `document.querySelector(":target").classList.contains("step")`, true)
}

func TestBrowserFitsNarrowWindows(t *testing.T) {
	server := httptest.NewServer(openPages(filledStore(t)))
	defer server.Close()
	b := openBrowser(t, server)
	b.do(chromedp.EmulateViewport(360, 740), chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		dark := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}
		_, err := cdp.Call(ctx, tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: dark})
		return err
	}))
	for _, target := range []string{"/", "/reports", "/reports?serial=nosuch", reportURL(fullTest().ID), reportURL(fullRepair().ID)} {
		b.open(target)
		expect(b, `document.documentElement.scrollWidth`, 360)
		expect(b, `matchMedia("(prefers-color-scheme: dark)").matches && getComputedStyle(document.body).backgroundColor !== "rgb(244, 246, 248)"`, true)
	}
}

func TestBrowserSeesTheFirstReportArrive(t *testing.T) {
	s := openStore(t)
	server := httptest.NewServer(openPages(s))
	defer server.Close()
	b := openBrowser(t, server)
	b.open("/")
	expect(b, `document.querySelector(".empty h2").textContent`, "No reports yet")
	expect(b, `window.stayed = true`, true)
	submit(t, s, lastReports(1)[0])
	b.do(chromedp.WaitVisible(chromedp.CSS(".kpi")))
	expect(b, `window.stayed`, true)
	expect(b, `document.getElementById("dashboard").getAttribute("hx-trigger")`, "every 10s")

	// What a reader opened stays open when the page renews itself.
	expect(b, `document.querySelector("details.rule").open = true`, true)
	b.renew("htmx:after:swap")
	expect(b, `document.querySelector("details.rule").open`, true)

	// A server that is gone, or in trouble, is told of; the page stays.
	b.provoked = "htmx:error: refused"
	expect(b, `(window.fetch = () => Promise.reject(new TypeError("refused")), true)`, true)
	b.renew("htmx:error")
	expect(b, `document.getElementById("offline").hidden`, false)
	expect(b, `(window.fetch = () => Promise.resolve(new Response("broken", {status: 502})), true)`, true)
	b.renew("htmx:response:error")
	expect(b, `document.getElementById("offline").hidden + " " + document.querySelectorAll(".kpi").length`, "false 4")
}

// renew makes the dashboard ask for itself, and waits for what comes of it.
func (b *browser) renew(event string) {
	b.t.Helper()
	_, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`new Promise(done => {
		document.addEventListener("`+event+`", () => setTimeout(() => done("came")), {once: true});
		htmx.trigger("#dashboard", "every");
	})`, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("renew the dashboard: %v", err)
	}
}

func TestBrowserSignsIn(t *testing.T) {
	s := filledStore(t)
	a := auth.New(s)
	if err := a.CreateUser(t.Context(), "anna", "correct horse battery", auth.Read); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(New(s, a, Options{Now: now}))
	defer server.Close()
	b := openBrowser(t, server)
	b.open("/reports?result=failed")
	expect(b, `location.pathname`, "/login")
	b.do(chromedp.SendKeys(chromedp.CSS("[name=name]"), "anna"), chromedp.SendKeys(chromedp.CSS("[name=password]"), "correct horse battery"))
	b.click(".login button")
	expect(b, `location.pathname + location.search`, "/reports?result=failed")
	expect(b, `document.querySelector(".who").textContent.includes("anna")`, true)
	b.click(".who button")
	expect(b, `location.pathname`, "/login")
	expect(b, `document.cookie`, "")
	expect(b, `document.body.textContent.includes("Sign out")`, false)
}
