package wats

import "strings"

// Domain is a part of the API. What is written to one makes old what was read of it: see [WithCacheTTL] and [WithOnUpdate].
type Domain string

// The domains. Reference data are lists that change a few times a year and that stations need to work: processes, repair operations,
// unit phases, asset types and types of serial numbers.
const (
	DomainAnalytics        Domain = "analytics" // yield, repair and measurement figures
	DomainAsset            Domain = "asset"
	DomainManualInspection Domain = "manualinspection"
	DomainProcess          Domain = "process"
	DomainProduct          Domain = "product"
	DomainProduction       Domain = "production"
	DomainReference        Domain = "reference"
	DomainReport           Domain = "report"
	DomainRootCause        Domain = "rootcause"
	DomainSCIM             Domain = "scim"
	DomainServer           Domain = "server" // version and what belongs to no other
	DomainSoftware         Domain = "software"
)

// isKnown reports whether d is one of the domains above.
func (d Domain) isKnown() bool {
	switch d {
	case DomainAnalytics, DomainAsset, DomainManualInspection, DomainProcess, DomainProduct, DomainProduction, DomainReference, DomainReport,
		DomainRootCause, DomainSCIM, DomainServer, DomainSoftware:
		return true
	}
	return false
}

// domainOf returns the domain of a path, other than DomainReference.
func domainOf(path string) Domain {
	path, _ = strings.CutPrefix(path, "/api/")
	for _, prefix := range [...]string{"internal/", "gowats/v1/", "Blob/"} {
		path, _ = strings.CutPrefix(path, prefix)
	}
	area, rest, _ := strings.Cut(path, "/")
	switch area {
	case "App":
		return appDomain(rest)
	case "Asset", "Assets", "asset":
		return DomainAsset
	case "ManualInspection", "manualinspection", "mi":
		return DomainManualInspection
	case "Mes", "Production", "production":
		return DomainProduction
	case "Process", "process":
		return DomainProcess
	case "Product", "product":
		return DomainProduct
	case "Report", "report":
		return DomainReport
	case "RootCause", "rootcause":
		return DomainRootCause
	case "SCIM", "scim":
		return DomainSCIM
	case "Software", "software":
		return DomainSoftware
	case "Trigger", "UnitFlow", "analytics":
		return DomainAnalytics
	}
	return DomainServer
}

// appDomain returns the domain of a path below /api/App/, where almost all is statistics.
func appDomain(rest string) Domain {
	switch rest {
	case "Version":
		return DomainServer
	case "Processes":
		return DomainProcess
	case "ProductGroups":
		return DomainProduct
	case "SerialNumberHistory", "UutReport", "UurReport":
		return DomainReport
	}
	return DomainAnalytics
}
