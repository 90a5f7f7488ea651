package wats

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"
)

// A Client talks to one WATS server under one identity. It is safe for concurrent use.
type Client struct {
	Analytics        *AnalyticsService
	Asset            *AssetService
	ManualInspection *ManualInspectionService
	Process          *ProcessService
	Product          *ProductService
	Production       *ProductionService
	Report           *ReportService
	RootCause        *RootCauseService
	SCIM             *SCIMService
	Software         *SoftwareService

	base       *url.URL
	station    station
	spool      spooling
	do         handler // the pipeline: every call of every service goes through it
	observer   *observer
	errorMode  ErrorMode
	transport  *http.Transport // ours; nil when the user gave one
	encoder    *encoder
	signatures signatures
}

// NewClient returns a client for the server at baseURL, such as https://plant.example. It does not connect.
//
// The scheme is http or https; a folder is kept, a trailing /api and slashes are not. A credential in baseURL is refused:
// it would show in logs. Without a credential option requests are sent without one.
func NewClient(baseURL string, opts ...Option) (*Client, error) {
	base, err := parseBaseURL(baseURL)
	if err != nil {
		return nil, err
	}
	s := defaultSettings()
	for i, opt := range opts {
		if opt == nil {
			return nil, fmt.Errorf("option %d is nil", i+1)
		}
		if err := opt(&s); err != nil {
			return nil, err
		}
	}
	c := &Client{
		base: base, station: s.station, spool: s.spool, errorMode: s.errorMode, encoder: new(encoder), signatures: s.signatures,
		observer: &observer{metrics: s.metrics},
	}
	if err := s.connection.check(base, s.transport != nil); err != nil {
		return nil, err
	}
	if s.transport == nil {
		c.transport = s.connection.transport()
		s.transport = c.transport
		s.turns = make(chan struct{}, s.connection.connections())
	}
	if s.cache == nil {
		s.cache = NewMemoryCache(0, 0)
	}
	c.do = newPipeline(base, s, c.observer)
	c.addServices()
	return c, nil
}

func (c *Client) addServices() {
	c.Analytics = &AnalyticsService{c}
	c.Asset = &AssetService{c}
	c.ManualInspection = &ManualInspectionService{c}
	c.Process = &ProcessService{c}
	c.Product = &ProductService{c}
	c.Production = &ProductionService{c}
	c.Report = &ReportService{c}
	c.RootCause = &RootCauseService{c}
	c.SCIM = &SCIMService{c}
	c.Software = &SoftwareService{c}
}

// A CallOption changes how single calls are carried out: see [Client.With].
type CallOption uint8

// The call options.
const (
	NoRetry   CallOption = 1 << iota // one attempt, whatever comes of it
	NoCache                          // the server is asked; its answer is kept in place of what was cached, and no snapshot is taken for it
	NoBreaker                        // sent even while the breaker is open, and not counted by it
)

// With returns a client that carries out its calls with these options beside those of c, and shares all else with it: connections, limits,
// breaker, cache and statistics. A probe whether the server is there is
//
//	_, err := c.With(wats.NoCache, wats.NoRetry, wats.NoBreaker).Version(ctx)
func (c *Client) With(opts ...CallOption) *Client {
	var all CallOption
	for _, opt := range opts {
		all |= opt
	}
	derived := *c
	derived.do = func(ctx context.Context, req *request) (*answer, error) {
		marked := *req
		marked.opts |= all
		return c.do(ctx, &marked)
	}
	derived.addServices()
	return &derived
}

// parseBaseURL never repeats what it was given when that may hold a password.
func parseBaseURL(text string) (*url.URL, error) {
	const form = "want http://host or https://host, with port and folder where needed"
	base, err := url.Parse(text)
	switch {
	case err != nil && strings.Contains(text, "@"), err == nil && base.User != nil:
		return nil, errors.New("base URL holds a user name or password: give those with WithBasicAuth or WithToken")
	case err != nil, base.Scheme != "http" && base.Scheme != "https", base.Hostname() == "":
		return nil, fmt.Errorf("base URL %q is no web address: %s", text, form)
	case base.RawQuery != "", base.ForceQuery, base.Fragment != "":
		return nil, errors.New("base URL holds a query or a fragment: " + form)
	}
	path := strings.TrimRight(base.EscapedPath(), "/")
	if cut := len(path) - len("/api"); cut >= 0 && strings.EqualFold(path[cut:], "/api") {
		path = strings.TrimRight(path[:cut], "/")
	}
	return url.Parse(base.Scheme + "://" + base.Host + path)
}

// Close closes the connections that are idle. Calls under way go on, and c can still be used.
// A transport given by [WithTransport] is left alone.
func (c *Client) Close() {
	if c.transport != nil {
		c.transport.CloseIdleConnections()
	}
}

// String names the server. It tells no secret.
func (c *Client) String() string { return "wats client of " + c.base.String() }

// GoString is String.
func (c *Client) GoString() string { return c.String() }

// LogValue is String as a value for slog.
func (c *Client) LogValue() slog.Value { return slog.StringValue(c.String()) }

// Version returns the version of the server, such as 24.1.0. It is the cheapest way to check address and credential.
//
// Route: GET /api/App/Version, answered by a JSON string or plain text.
func (c *Client) Version(ctx context.Context) (string, error) {
	req := newRequest(http.MethodGet, "api", "App", "Version")
	ans, err := c.do(ctx, req)
	if err != nil {
		return "", err
	}
	version, err := parseVersion(ans.body)
	if err != nil {
		return "", c.unreadable(req, ans, err)
	}
	return version, nil
}

func parseVersion(body []byte) (string, error) {
	const longest = 100
	text := string(bytes.TrimSpace(body))
	if strings.HasPrefix(text, `"`) {
		if err := json.Unmarshal(body, &text); err != nil {
			return "", err
		}
	}
	if text == "" || len(text) > longest || !utf8.ValidString(text) || strings.ContainsAny(text, "<>{}[]\r\n") {
		return "", errors.New("no version text")
	}
	return text, nil
}
