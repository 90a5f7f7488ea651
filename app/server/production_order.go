package server

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/auth"
	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/report"
)

func orderRoutes() []route {
	return []route{
		{http.MethodGet, "/api/Production/Batches", auth.Read, noBody, (*server).batches},
		{http.MethodPut, "/api/Production/Batches", auth.Write, smallBody, (*server).saveBatches},
		{http.MethodPut, "/api/Production/Batch", auth.Write, smallBody, (*server).saveBatch},

		{http.MethodGet, "/api/gowats/v1/Production/Orders", auth.Read, noBody, (*server).orders},
		{http.MethodGet, "/api/gowats/v1/Production/OrderCount", auth.Read, noBody, (*server).countOrders},
		{http.MethodPost, "/api/gowats/v1/Production/Orders", auth.Write, smallBody, (*server).createOrder},
		{http.MethodGet, "/api/gowats/v1/Production/Orders/{orderNumber}", auth.Read, noBody, (*server).order},
		{http.MethodPut, "/api/gowats/v1/Production/Orders/{orderNumber}", auth.Write, smallBody, (*server).updateOrder},
		{http.MethodPut, "/api/gowats/v1/Production/Orders/{orderNumber}/Start", auth.Write, noBody, (*server).startOrder},
		{http.MethodPut, "/api/gowats/v1/Production/Orders/{orderNumber}/Complete", auth.Write, noBody, (*server).completeOrder},
		{http.MethodPut, "/api/gowats/v1/Production/Orders/{orderNumber}/Units", auth.Write, unitsBody, (*server).addToOrder},
	}
}

// batches answers with batches.
//
// Route: GET /api/Production/Batches.
func (s *server) batches(w http.ResponseWriter, c *call) error {
	o, err := parseOptions(c.URL.RawQuery)
	if err != nil {
		return err
	}
	return answerList(w, s.store.Batches(c.Context(), o.text("partNumber"), o.text("batchId")))
}

// saveBatches creates or changes batches.
//
// Route: PUT /api/Production/Batches.
func (s *server) saveBatches(w http.ResponseWriter, c *call) error {
	batches, err := readJSON[[]wats.ProductionBatch](s, w, c)
	if err != nil {
		return err
	}
	if err := wats.ValidateBatches(batches).Err(); err != nil {
		return err
	}
	stored, err := s.store.SaveBatches(c.Context(), batches)
	if err != nil {
		return err
	}
	return answerJSON(w, stored)
}

// saveBatch creates or changes one batch.
//
// Route: PUT /api/Production/Batch.
func (s *server) saveBatch(w http.ResponseWriter, c *call) error {
	batch, err := readJSON[wats.ProductionBatch](s, w, c)
	if err != nil {
		return err
	}
	if err := batch.Validate().Err(); err != nil {
		return err
	}
	stored, err := s.store.SaveBatches(c.Context(), []wats.ProductionBatch{batch})
	if invalid, is := errors.AsType[*report.InvalidError](err); is { // by index in a list that the client does not know of
		for i := range invalid.Violations {
			invalid.Violations[i].Path = strings.Replace(invalid.Violations[i].Path, "$[0]", "$", 1)
		}
	}
	if err != nil {
		return err
	}
	return answerJSON(w, stored[0])
}

// orderQuery reads which orders are asked for.
func orderQuery(c *call) (q store.OrderQuery, none bool, err error) {
	o, err := readOptions(c)
	if err != nil {
		return q, false, err
	}
	if q.ListQuery, none, err = o.list(); err != nil {
		return q, false, err
	}
	if word := o.text("status"); word != "" {
		var known bool
		if q.Status, known = wats.ParseOrderStatus(word); !known {
			o.addf("status", "enum", "status must be Planned, Started or Completed, is %q", shorten(word))
		}
	}
	q.From, q.To = o.moment("from"), o.moment("to")
	if !q.From.IsZero() && !q.To.IsZero() && !q.From.Before(q.To) {
		o.addf("to", "order", "to does not lie after from")
	}
	return q, none, o.err()
}

// orders answers with production orders without their items.
//
// Route: GET /api/gowats/v1/Production/Orders.
func (s *server) orders(w http.ResponseWriter, c *call) error {
	q, none, err := orderQuery(c)
	if err != nil {
		return err
	}
	return answerRows(w, none, s.store.Orders(c.Context(), q))
}

// countOrders answers with how many orders there are.
//
// Route: GET /api/gowats/v1/Production/OrderCount.
func (s *server) countOrders(w http.ResponseWriter, c *call) error {
	q, _, err := orderQuery(c)
	if err != nil {
		return err
	}
	n, err := s.store.CountOrders(c.Context(), q)
	if err != nil {
		return err
	}
	return answerJSON(w, n)
}

// createOrder makes a production order.
//
// Route: POST /api/gowats/v1/Production/Orders.
func (s *server) createOrder(w http.ResponseWriter, c *call) error {
	order, err := readJSON[wats.ProductionOrder](s, w, c)
	if err != nil {
		return err
	}
	if err := order.Validate().Err(); err != nil {
		return err
	}
	created, err := s.store.CreateOrder(c.Context(), order)
	if err != nil {
		return err
	}
	return answerJSON(w, created)
}

// updateOrder changes a production order.
//
// Route: PUT /api/gowats/v1/Production/Orders/{orderNumber}.
func (s *server) updateOrder(w http.ResponseWriter, c *call) error {
	order, err := readJSON[wats.ProductionOrder](s, w, c)
	if err != nil {
		return err
	}
	number := c.param("orderNumber")
	if order.OrderNumber == "" {
		order.OrderNumber = number
	}
	found := order.Validate()
	if order.OrderNumber != number {
		found = append(found, report.Finding{Path: "$.orderNumber", Rule: "reference", Message: fmt.Sprintf(
			"orderNumber is %q, the address says %q", shorten(order.OrderNumber), shorten(number))})
	}
	if err := found.Err(); err != nil {
		return err
	}
	changed, err := s.store.UpdateOrder(c.Context(), order)
	if err != nil {
		return err
	}
	return answerJSON(w, changed)
}

// order answers with one production order.
//
// Route: GET /api/gowats/v1/Production/Orders/{orderNumber}.
func (s *server) order(w http.ResponseWriter, c *call) error {
	o, err := parseOptions(c.URL.RawQuery)
	if err != nil {
		return err
	}
	withItems, err := o.boolean("includeItems")
	if err != nil {
		return err
	}
	order, err := s.store.Order(c.Context(), c.param("orderNumber"), withItems.Or(true))
	if err != nil {
		return err
	}
	return answerJSON(w, order)
}

// startOrder says that an order is being made.
//
// Route: PUT /api/gowats/v1/Production/Orders/{orderNumber}/Start.
func (s *server) startOrder(w http.ResponseWriter, c *call) error {
	order, err := s.store.StartOrder(c.Context(), c.param("orderNumber"))
	if err != nil {
		return err
	}
	return answerJSON(w, order)
}

// completeOrder says that an order has been made.
//
// Route: PUT /api/gowats/v1/Production/Orders/{orderNumber}/Complete.
func (s *server) completeOrder(w http.ResponseWriter, c *call) error {
	order, err := s.store.CompleteOrder(c.Context(), c.param("orderNumber"))
	if err != nil {
		return err
	}
	return answerJSON(w, order)
}

// addToOrder gives units to an order.
//
// Route: PUT /api/gowats/v1/Production/Orders/{orderNumber}/Units.
func (s *server) addToOrder(w http.ResponseWriter, c *call) error {
	units, err := readJSON[[]wats.UnitKey](s, w, c)
	if err != nil {
		return err
	}
	if err := wats.ValidateUnitKeys(units).Err(); err != nil {
		return err
	}
	if err := s.store.AddToOrder(c.Context(), c.param("orderNumber"), units); err != nil {
		return err
	}
	return answerDone(w)
}
