package wats

import (
	"net/http"
	"testing"
)

// TestPathsAreKeptUnderTheirDomain names every kind of route once.
func TestPathsAreKeptUnderTheirDomain(t *testing.T) {
	const never = Domain("")
	for path, want := range map[string]struct{ domain, kept Domain }{
		"/api/App/Version":                                   {DomainServer, never},
		"/api/App/Processes":                                 {DomainProcess, DomainReference},
		"/api/App/DynamicYield":                              {DomainAnalytics, DomainAnalytics},
		"/api/internal/App/TopFailed":                        {DomainAnalytics, DomainAnalytics},
		"/api/internal/UnitFlow/Nodes":                       {DomainAnalytics, DomainAnalytics},
		"/api/internal/Process/GetProcess/1":                 {DomainProcess, DomainReference},
		"/api/Report/Query/Header":                           {DomainReport, DomainReport},
		"/api/Report/Wsjf/1":                                 {DomainReport, DomainReport},
		"/api/Product/PCBA-1042":                             {DomainProduct, DomainProduct},
		"/api/internal/Product/GetProductInfo":               {DomainProduct, DomainProduct},
		"/api/Asset/Types":                                   {DomainAsset, DomainReference},
		"/api/Asset/Status":                                  {DomainAsset, never},
		"/api/Asset/A1/Status":                               {DomainAsset, never},
		"/api/Asset/A1":                                      {DomainAsset, DomainAsset},
		"/api/internal/Blob/Asset/List/1":                    {DomainAsset, DomainAsset},
		"/api/internal/Blob/Assets":                          {DomainAsset, DomainAsset},
		"/api/internal/Blob/mi":                              {DomainManualInspection, DomainManualInspection},
		"/api/Production/Phases":                             {DomainProduction, DomainReference},
		"/api/internal/Mes/GetUnitPhases":                    {DomainProduction, DomainReference},
		"/api/Production/SerialNumbers/Types":                {DomainProduction, DomainReference},
		"/api/Production/SerialNumbers/ByRange":              {DomainProduction, never},
		"/api/Production/UnitVerification":                   {DomainProduction, never},
		"/api/Production/Units/Changes":                      {DomainProduction, never},
		"/api/Production/Unit/SN-1/PCBA":                     {DomainProduction, DomainProduction},
		"/api/internal/Production/isConnected":               {DomainProduction, never},
		"/api/RootCause/Tickets":                             {DomainRootCause, DomainRootCause},
		"/api/SCIM/v2/Token":                                 {DomainSCIM, never},
		"/api/SCIM/v2/Users":                                 {DomainSCIM, DomainSCIM},
		"/api/Software/Packages":                             {DomainSoftware, DomainSoftware},
		"/api/internal/Software/Log":                         {DomainSoftware, never},
		"/api/gowats/v1/product/PCBA":                        {DomainProduct, DomainProduct},
		"/api/gowats/v1/process/50":                          {DomainProcess, DomainProcess},
		"/api/internal/ManualInspection/Other":               {DomainManualInspection, DomainManualInspection},
		"/api/internal/Trigger/GetAlarmAndLogs":              {DomainAnalytics, DomainAnalytics},
		"/api/Something/Else":                                {DomainServer, DomainServer},
		"/api/internal/ManualInspection/GetDefinitionCopy/1": {DomainManualInspection, never},
	} {
		req := &request{method: http.MethodGet, path: path, domain: domainOf(path)}
		if got := cachedAs(req); req.domain != want.domain || got != want.kept {
			t.Errorf("%s: domain %q, kept as %q, want %q and %q", path, req.domain, got, want.domain, want.kept)
		}
	}
}

func FuzzCachedAs(f *testing.F) {
	for _, path := range []string{"", "/", "/api", "/api/", "//", "/api/App", "/api/internal/", "/api/Asset/Status/", "/api/gowats/v1/"} {
		f.Add(path, "$top=1", "body")
	}
	c := newCacher(defaultSettings(), nil, "http://plant.example", "plant.example", new(observer))
	f.Fuzz(func(t *testing.T, path, accept, body string) {
		req := newRequest(http.MethodGet, path)
		req.header.Set("Accept", accept)
		req.body = []byte(body)
		if d := cachedAs(req); d != "" && !d.isKnown() {
			t.Fatalf("path %q is kept as %q", req.path, d)
		}
		key := c.key(req.domain, "0", req)
		other := *req
		other.body = append([]byte(body), 'x')
		if len(key) > 200 || key == c.key(req.domain, "0", &other) || key == c.key(req.domain, "1", req) {
			t.Fatalf("key %q is long, or the same as for another request or user", key)
		}
	})
}
