package server

import (
	"net/http"
	"slices"

	"github.com/gowats/gowats/app/auth"
)

const (
	noBody     = 0        // a body is not read
	smallBody  = 1 << 20  // bytes: filters and the like
	reportBody = 64 << 20 // bytes, decompressed
)

// route is one method of one path.
type route struct {
	method  string
	pattern string
	need    auth.Role
	limit   int64 // of the body, in bytes after decompression
	handle  func(*server, http.ResponseWriter, *call) error
}

// routes returns everything the server answers.
func routes() []route {
	return slices.Concat(appRoutes(), assetRoutes(), figureRoutes(), manualInspectionRoutes(), processRoutes(), productRoutes(), productionRoutes(),
		reportRoutes(), rootCauseRoutes(), scimRoutes(), softwareRoutes())
}

func appRoutes() []route {
	return append(reportListRoutes(), []route{
		{http.MethodGet, "/api/App/Version", auth.Read, noBody, (*server).appVersion},
		{http.MethodPost, "/api/App/DynamicYield", auth.Read, smallBody, (*server).dynamicYield},
	}...)
}

func reportRoutes() []route {
	return []route{
		{http.MethodPost, "/api/Report/WSJF", auth.Write, reportBody, (*server).submitWSJF},
		{http.MethodGet, "/api/Report/Wsjf/{id}", auth.Read, noBody, (*server).reportWSJF},
		{http.MethodPost, "/api/Report/WSXF", auth.Write, reportBody, (*server).submitWSXF},
		{http.MethodGet, "/api/Report/Wsxf/{id}", auth.Read, noBody, (*server).reportWSXF},
		{http.MethodGet, "/api/Report/Attachment", auth.Read, noBody, (*server).attachment},
		{http.MethodGet, "/api/Report/Attachments/{id}", auth.Read, noBody, (*server).attachments},
		{http.MethodGet, "/api/Report/Certificate/{id}", auth.Read, noBody, (*server).certificate},
		{http.MethodGet, "/api/Report/Query/Header", auth.Read, noBody, (*server).headers},
		{http.MethodGet, "/api/Report/Query/HeaderByMiscInfo", auth.Read, noBody, (*server).headersByMiscInfo},
	}
}
