package server

// Route is a row of the table of routes, for the tests that walk it.
type Route = route

// Routes returns the table of routes.
func Routes() []Route { return routes() }

// Method, Pattern, Need and Limit tell what stands in the row.
func (r route) Method() string  { return r.method }
func (r route) Pattern() string { return r.pattern }
func (r route) Need() string    { return string(r.need) }
func (r route) Limit() int64    { return r.limit }
