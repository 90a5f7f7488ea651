package wats

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"strings"
	"time"

	"github.com/gowats/gowats/report"
)

// OrderStatus is how far a production order is.
type OrderStatus string

// The statuses, in their order.
const (
	OrderPlanned   OrderStatus = "Planned"
	OrderStarted   OrderStatus = "Started"
	OrderCompleted OrderStatus = "Completed"
)

// ParseOrderStatus returns the status of a word in any case.
func ParseOrderStatus(word string) (OrderStatus, bool) {
	for _, s := range [...]OrderStatus{OrderPlanned, OrderStarted, OrderCompleted} {
		if strings.EqualFold(word, string(s)) {
			return s, true
		}
	}
	return "", false
}

// ProductionOrder says what is to be made, by when. Units belong to it by their own order number or by that of their batch.
//
// Route: GET /api/gowats/v1/Production/Orders/{orderNumber}.
type ProductionOrder struct {
	OrderNumber  string               `json:"orderNumber"`
	Description  string               `json:"description"`
	Customer     string               `json:"customer"`
	Status       OrderStatus          `json:"status,omitzero"`          // read only: see StartOrder
	PlannedStart Time                 `json:"plannedStartUtc,omitzero"` // default: when it is made
	Due          Time                 `json:"dueUtc,omitzero"`
	Created      Time                 `json:"createdUtc,omitzero"`   // read only, as are the next
	Started      Time                 `json:"startedUtc,omitzero"`   // zero while it is not
	Completed    Time                 `json:"completedUtc,omitzero"` // zero while it is not
	Quantity     int                  `json:"quantity"`              // of all items together
	Items        []OrderItem          `json:"items,omitzero"`        // nil where they were not asked for
	RowVersion   report.Optional[int] `json:"rowVersion,omitzero"`
}

// OrderItem is how many units of one product are to be made.
type OrderItem struct {
	PartNumber     string `json:"partNumber"`
	Revision       string `json:"revision"` // "": any that no other item is for
	Quantity       int    `json:"quantity"`
	UnitCount      int    `json:"unitCount"`      // units that belong to it; read only, as are the next
	FinalizedCount int    `json:"finalizedCount"` // of these finalized, in storage or shipped
	ScrappedCount  int    `json:"scrappedCount"`
}

const (
	maxOrderItems    = 1000
	maxOrderQuantity = 10_000_000
)

// Validate returns all that is wrong with an order that is to be written.
func (o *ProductionOrder) Validate() report.Findings {
	var c checks
	c.required("$.orderNumber", o.OrderNumber, maxUnitText)
	c.text("$.description", o.Description, maxUnitComment)
	c.text("$.customer", o.Customer, maxUnitText)
	c.date("$.plannedStartUtc", o.PlannedStart)
	c.date("$.dueUtc", o.Due)
	if !o.PlannedStart.IsZero() && !o.Due.IsZero() && o.Due.Before(o.PlannedStart.Time) {
		c.addf("$.dueUtc", "order", "dueUtc lies before plannedStartUtc")
	}
	if len(o.Items) == 0 || len(o.Items) > maxOrderItems {
		c.addf("$.items", "length", "there must be 1 to %d items, not %d", maxOrderItems, len(o.Items))
	}
	type product struct{ part, revision string }
	seen := map[product]bool{}
	for i, item := range o.Items {
		at := fmt.Sprintf("$.items[%d]", i)
		c.required(at+".partNumber", item.PartNumber, maxUnitText)
		c.text(at+".revision", item.Revision, maxUnitText)
		if item.Quantity < 1 || item.Quantity > maxOrderQuantity {
			c.addf(at+".quantity", "range", "quantity must be from 1 to %d, is %d", maxOrderQuantity, item.Quantity)
		}
		if seen[product{item.PartNumber, item.Revision}] {
			c.addf(at+".partNumber", "unique", "part %s revision %q is there twice", item.PartNumber, item.Revision)
		}
		seen[product{item.PartNumber, item.Revision}] = true
	}
	return c.found
}

func orderRequest(method string, more ...string) *request {
	return newRequest(method, append([]string{"api", "gowats", "v1", "Production", "Orders"}, more...)...)
}

// CreateOrder makes a production order, which is planned then. [ErrConflict] when there is one of that number.
//
// Route: POST /api/gowats/v1/Production/Orders, which only gowats servers have: else [ErrUnsupported].
func (s *ProductionService) CreateOrder(ctx context.Context, o ProductionOrder) (*ProductionOrder, error) {
	return s.writeOrder(ctx, orderRequest(http.MethodPost), o)
}

// UpdateOrder changes description, customer, dates and items of an order that is there. The items may change only while it is planned, the rest until it
// is completed: [ErrConflict], also when RowVersion is stale. A date that is zero stays as it is.
//
// Route: PUT /api/gowats/v1/Production/Orders/{orderNumber}, which only gowats servers have: else [ErrUnsupported].
func (s *ProductionService) UpdateOrder(ctx context.Context, o ProductionOrder) (*ProductionOrder, error) {
	return s.writeOrder(ctx, orderRequest(http.MethodPut, o.OrderNumber), o)
}

func (s *ProductionService) writeOrder(ctx context.Context, req *request, o ProductionOrder) (*ProductionOrder, error) {
	if err := refuseInvalid("production order", o.Validate()); err != nil {
		return nil, err
	}
	if err := req.json(o); err != nil {
		return nil, err
	}
	return one[ProductionOrder](ctx, s.client, req)
}

// Order returns a production order, with items and what has been made of them if withItems is true. [ErrNotFound] when there is none.
//
// Route: GET /api/gowats/v1/Production/Orders/{orderNumber}, which only gowats servers have: else [ErrUnsupported].
func (s *ProductionService) Order(ctx context.Context, orderNumber string, withItems bool) (*ProductionOrder, error) {
	req := orderRequest(http.MethodGet, orderNumber)
	if !withItems {
		req.query.Set("includeItems", "false")
	}
	return one[ProductionOrder](ctx, s.client, req)
}

// OrderQuery restricts a list of orders. The zero OrderQuery means all, the latest planned start first.
type OrderQuery struct {
	Status   OrderStatus // "": any
	From, To time.Time   // planned start: From included, To not; zero: open
	Filter   string      // OData over the members of ProductionOrder but for items, in addition
	OrderBy  string      // OData; default "plannedStartUtc desc"
	Top      int         // at most so many; 0: all
}

func (q OrderQuery) request(more ...string) *request {
	req := orderRequest(http.MethodGet, more...)
	for name, value := range map[string]string{"status": string(q.Status), "$filter": q.Filter, "$orderby": q.OrderBy} {
		if value != "" {
			req.query.Set(name, value)
		}
	}
	for name, at := range map[string]time.Time{"from": q.From, "to": q.To} {
		if !at.IsZero() {
			req.query.Set(name, at.UTC().Format(time.RFC3339Nano))
		}
	}
	return req
}

// Orders yields the orders that q selects, without their items.
//
// Route: GET /api/gowats/v1/Production/Orders, which only gowats servers have: else [ErrUnsupported].
func (s *ProductionService) Orders(ctx context.Context, q OrderQuery) iter.Seq2[*ProductionOrder, error] {
	return pages[ProductionOrder](ctx, s.client, func() *request { return q.request() }, q.Top)
}

// CountOrders returns how many orders q selects, without regard to Top.
//
// Route: GET /api/gowats/v1/Production/OrderCount, which only gowats servers have: else [ErrUnsupported].
func (s *ProductionService) CountOrders(ctx context.Context, q OrderQuery) (int, error) {
	q.OrderBy = ""
	req := q.request()
	req.path = newRequest(http.MethodGet, "api", "gowats", "v1", "Production", "OrderCount").path
	n, err := one[int](ctx, s.client, req)
	if err != nil || n == nil {
		return 0, err
	}
	return *n, nil
}

// StartOrder says that an order is being made. Starting a started one changes nothing, so it may be repeated; [ErrConflict] when it is completed.
//
// Route: PUT /api/gowats/v1/Production/Orders/{orderNumber}/Start, which only gowats servers have: else [ErrUnsupported].
func (s *ProductionService) StartOrder(ctx context.Context, orderNumber string) (*ProductionOrder, error) {
	return one[ProductionOrder](ctx, s.client, orderRequest(http.MethodPut, orderNumber, "Start"))
}

// CompleteOrder says that an order has been made, whatever its units tell. Completing a completed one changes nothing, so it may be repeated; [ErrConflict] when
// it has not been started.
//
// Route: PUT /api/gowats/v1/Production/Orders/{orderNumber}/Complete, which only gowats servers have: else [ErrUnsupported].
func (s *ProductionService) CompleteOrder(ctx context.Context, orderNumber string) (*ProductionOrder, error) {
	return one[ProductionOrder](ctx, s.client, orderRequest(http.MethodPut, orderNumber, "Complete"))
}

// AddToOrder gives units to an order, at most 10,000 at a time: all or none, and it may be repeated. Units that are not there are violations by their index. [ErrNotFound]
// when there is no such order.
//
// Route: PUT /api/gowats/v1/Production/Orders/{orderNumber}/Units, which only gowats servers have: else [ErrUnsupported].
func (s *ProductionService) AddToOrder(ctx context.Context, orderNumber string, units []UnitKey) error {
	if err := refuseInvalid("units of an order", ValidateUnitKeys(units)); err != nil {
		return err
	}
	req := orderRequest(http.MethodPut, orderNumber, "Units")
	if err := req.json(units); err != nil {
		return err
	}
	return tell(ctx, s.client, req)
}

// ValidateUnitKeys returns all that is wrong with a list of units that are named, by index.
func ValidateUnitKeys(units []UnitKey) report.Findings {
	var c checks
	if len(units) == 0 || len(units) > MaxUnits {
		c.addf("$", "length", "there must be 1 to %d units, not %d", MaxUnits, len(units))
		return c.found
	}
	for i, u := range units {
		c.required(fmt.Sprintf("$[%d].serialNumber", i), u.SerialNumber, maxUnitText)
		c.required(fmt.Sprintf("$[%d].partNumber", i), u.PartNumber, maxUnitText)
	}
	return c.found
}
