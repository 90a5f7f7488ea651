package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/odata"
	"github.com/gowats/gowats/report"
)

const orderColumns = `o.id, o.order_number, o.description, o.customer, o.status, o.planned_ns, o.due_ns, o.created_ns, o.started_ns, o.completed_ns, o.row_version,
	CAST((SELECT COALESCE(sum(i.quantity), 0) FROM production_order_item i WHERE i.production_order = o.id) AS BIGINT)`

// orderTarget takes the columns of an order.
type orderTarget struct {
	id                                      int64
	order                                   wats.ProductionOrder
	planned, due, created, started, stopped *int64
	version                                 int
}

func (t *orderTarget) fields() []any {
	o := &t.order
	return []any{
		&t.id, &o.OrderNumber, &o.Description, &o.Customer, &o.Status, &t.planned, &t.due, &t.created, &t.started, &t.stopped, &t.version, &o.Quantity,
	}
}

func (t *orderTarget) finish() {
	o := &t.order
	o.PlannedStart, o.Due, o.Created, o.Started, o.Completed = wireTime(t.planned), wireTime(t.due), wireTime(t.created), wireTime(t.started), wireTime(t.stopped)
	o.RowVersion = report.Some(t.version)
}

func noOrder(number string) error { return missing("there is no production order %q", number) }

// Order returns a production order, with its items and how many units belong to them where that is asked for. [ErrNotFound] when there is none.
func (s *Store) Order(ctx context.Context, number string, withItems bool) (*wats.ProductionOrder, error) {
	var t orderTarget
	err := s.reads.QueryRowContext(ctx, `SELECT `+orderColumns+` FROM production_order o WHERE o.order_number = $1`, number).Scan(t.fields()...)
	if errors.Is(err, ErrNotFound) {
		return nil, noOrder(number)
	}
	t.finish()
	if err == nil && withItems {
		t.order.Items, err = s.orderItems(ctx, t.id)
	}
	if err != nil {
		return nil, fmt.Errorf("read production order %q: %w", number, err)
	}
	return &t.order, nil
}

// orderItems returns the items of an order. A unit counts for the item of its part number and revision, else for that of its part number alone.
func (s *Store) orderItems(ctx context.Context, order int64) ([]wats.OrderItem, error) {
	rows, err := s.reads.QueryContext(ctx, `SELECT part_number, revision, quantity FROM production_order_item WHERE production_order = $1 ORDER BY position`, order)
	if err != nil {
		return nil, err
	}
	items, err := collect(rows, func(i *wats.OrderItem) error { return rows.Scan(&i.PartNumber, &i.Revision, &i.Quantity) })
	if err != nil {
		return nil, err
	}
	at := map[partRevision]*wats.OrderItem{}
	for i := range items {
		at[partRevision{items[i].PartNumber, items[i].Revision}] = &items[i]
	}
	const columns = `SELECT part_number, revision, phase, count(*) FROM unit WHERE `
	rows, err = s.reads.QueryContext(ctx, columns+`production_order = $1 GROUP BY part_number, revision, phase UNION ALL `+
		columns+`production_order IS NULL AND batch_number <> '' AND batch_number IN (SELECT batch_number FROM production_batch WHERE production_order = $1)
		GROUP BY part_number, revision, phase`, order)
	if err != nil {
		return nil, err
	}
	type group struct {
		partRevision
		phase wats.UnitPhaseID
		count int
	}
	groups, err := collect(rows, func(g *group) error { return rows.Scan(&g.part, &g.revision, &g.phase, &g.count) })
	for _, g := range groups {
		item := at[g.partRevision]
		if item == nil {
			item = at[partRevision{part: g.part}]
		}
		if item == nil {
			continue // of another product: it is in no item
		}
		item.UnitCount += g.count
		switch g.phase {
		case wats.PhaseFinalized, wats.PhaseInStorage, wats.PhaseShipped:
			item.FinalizedCount += g.count
		case wats.PhaseScrapped:
			item.ScrappedCount += g.count
		}
	}
	return items, err
}

// OrderQuery selects orders.
type OrderQuery struct {
	ListQuery
	Status   wats.OrderStatus // "": any
	From, To time.Time        // planned start: From included, To not; zero: open
}

// listing is q without what is common to lists.
func (q OrderQuery) listing() listing {
	var c conditions
	if q.Status != "" {
		c.add(`o.status = ?`, string(q.Status))
	}
	if !q.From.IsZero() {
		c.add(`o.planned_ns >= ?`, q.From.UnixNano())
	}
	if !q.To.IsZero() {
		c.add(`o.planned_ns < ?`, q.To.UnixNano())
	}
	return listing{
		columns: orderColumns, from: `production_order o`, where: c.text(), args: c.args, order: "plannedStartUtc desc",
		ties: odata.Schema{{SQL: "o.planned_ns"}, {SQL: "o.order_number"}},
		schema: odata.Schema{
			{Name: "orderNumber", SQL: "o.order_number"},
			{Name: "description", SQL: "o.description"},
			{Name: "customer", SQL: "o.customer"},
			{Name: "status", Type: odata.Enum, SQL: "o.status", Word: orderStatusWord, Words: "Planned, Started and Completed"},
			{Name: "plannedStartUtc", Type: odata.Time, SQL: "o.planned_ns"},
			{Name: "dueUtc", Type: odata.Time, SQL: "o.due_ns", Nullable: true},
			{Name: "createdUtc", Type: odata.Time, SQL: "o.created_ns"},
			{Name: "startedUtc", Type: odata.Time, SQL: "o.started_ns", Nullable: true},
			{Name: "completedUtc", Type: odata.Time, SQL: "o.completed_ns", Nullable: true},
		},
	}
}

func orderStatusWord(word string) (any, bool) {
	status, ok := wats.ParseOrderStatus(word)
	return string(status), ok
}

// Orders yields orders without their items, the latest planned start first unless q says otherwise. A bad query is a [*QueryError].
func (s *Store) Orders(ctx context.Context, q OrderQuery) iter.Seq2[*wats.ProductionOrder, error] {
	statement, args, err := s.selectSQL(q.listing(), q.ListQuery)
	if err != nil {
		return func(yield func(*wats.ProductionOrder, error) bool) { yield(nil, err) }
	}
	return eachRow(ctx, s, statement, args, func(rows *sql.Rows, o *wats.ProductionOrder) error {
		var t orderTarget
		err := rows.Scan(t.fields()...)
		t.finish()
		*o = t.order
		return err
	})
}

// CountOrders returns how many orders q selects, without regard to Top and Skip.
func (s *Store) CountOrders(ctx context.Context, q OrderQuery) (int, error) {
	n, err := s.count(ctx, q.listing(), q.Filter)
	if err != nil {
		return 0, fmt.Errorf("count production orders: %w", err)
	}
	return n, nil
}

// findOrder returns an order as the writer sees it. [ErrNotFound] when there is none.
func (w *writer) findOrder(ctx context.Context, number string) (*orderTarget, error) {
	t := new(orderTarget)
	found, err := w.get(ctx, t.fields(), `SELECT `+orderColumns+` FROM production_order o WHERE o.order_number = $1`, number)
	if err == nil && !found {
		err = noOrder(number)
	}
	t.finish()
	return t, err
}

// CreateOrder makes an order, which is planned then. [ErrConflict] when there is one of that number.
func (s *Store) CreateOrder(ctx context.Context, o wats.ProductionOrder) (*wats.ProductionOrder, error) {
	now := s.now()
	if o.PlannedStart.IsZero() {
		o.PlannedStart = wats.Time{Time: now}
	}
	err := s.queue.do(ctx, 1000, func(ctx context.Context, w *writer) error {
		if _, err := w.findOrder(ctx, o.OrderNumber); err == nil {
			return conflict("production order %q is there already", o.OrderNumber)
		} else if !errors.Is(err, ErrNotFound) {
			return err
		}
		var id int64
		err := w.insert(ctx, &id, `INSERT INTO production_order (order_number, description, customer, status, planned_ns, due_ns, created_ns)
			VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id`,
			o.OrderNumber, o.Description, o.Customer, string(wats.OrderPlanned), o.PlannedStart.UnixNano(), nanoseconds(o.Due.Time), now.UnixNano())
		if err != nil {
			return err
		}
		return w.insertItems(ctx, id, o.Items)
	})
	if err != nil {
		return nil, fmt.Errorf("create production order %q: %w", o.OrderNumber, err)
	}
	return s.Order(ctx, o.OrderNumber, true)
}

func (w *writer) insertItems(ctx context.Context, order int64, items []wats.OrderItem) error {
	for i, item := range items {
		if _, err := w.exec(ctx, `INSERT INTO production_order_item (production_order, position, part_number, revision, quantity) VALUES ($1, $2, $3, $4, $5)`,
			order, i+1, item.PartNumber, item.Revision, item.Quantity); err != nil {
			return err
		}
	}
	return nil
}

// UpdateOrder changes description, customer, dates and items. [ErrNotFound] when there is no such order; [ErrConflict] when it is too far for that, or when the row
// version is stale. A [*report.InvalidError] when it would be due before it begins.
func (s *Store) UpdateOrder(ctx context.Context, o wats.ProductionOrder) (*wats.ProductionOrder, error) {
	err := s.queue.do(ctx, 1000, func(ctx context.Context, w *writer) error {
		old, err := w.findOrder(ctx, o.OrderNumber)
		if err != nil {
			return err
		}
		items, err := w.itemsOf(ctx, old.id)
		if err != nil {
			return err
		}
		next := old.order
		next.Description, next.Customer = o.Description, o.Customer
		if !o.PlannedStart.IsZero() {
			next.PlannedStart = o.PlannedStart
		}
		if !o.Due.IsZero() {
			next.Due = o.Due
		}
		sameItems := equalItems(items, o.Items)
		switch {
		case o.RowVersion.Present && o.RowVersion.Value != old.version:
			return conflict("production order %q has been changed meanwhile: its version is %d, not %d; read it again", o.OrderNumber, old.version, o.RowVersion.Value)
		case old.order.Status == wats.OrderCompleted:
			return conflict("production order %q is completed", o.OrderNumber)
		case old.order.Status != wats.OrderPlanned && !sameItems:
			return conflict("production order %q is started: its items cannot be changed any more", o.OrderNumber)
		case !next.Due.IsZero() && next.Due.Before(next.PlannedStart.Time):
			return refuseMember("$.dueUtc", "order", "dueUtc lies before plannedStartUtc")
		}
		if _, err := w.exec(ctx, `UPDATE production_order SET description = $1, customer = $2, planned_ns = $3, due_ns = $4, row_version = row_version + 1 WHERE id = $5`,
			next.Description, next.Customer, next.PlannedStart.UnixNano(), nanoseconds(next.Due.Time), old.id); err != nil || sameItems {
			return err
		}
		if _, err := w.exec(ctx, `DELETE FROM production_order_item WHERE production_order = $1`, old.id); err != nil {
			return err
		}
		return w.insertItems(ctx, old.id, o.Items)
	})
	if err != nil {
		return nil, fmt.Errorf("change production order %q: %w", o.OrderNumber, err)
	}
	return s.Order(ctx, o.OrderNumber, true)
}

func (w *writer) itemsOf(ctx context.Context, order int64) (items []wats.OrderItem, err error) {
	var i wats.OrderItem
	err = w.each(ctx, `SELECT part_number, revision, quantity FROM production_order_item WHERE production_order = $1 ORDER BY position`, []any{order},
		[]any{&i.PartNumber, &i.Revision, &i.Quantity}, func() { items = append(items, i) })
	return items, err
}

// equalItems compares what is to be made, not what has been.
func equalItems(a, b []wats.OrderItem) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].PartNumber != b[i].PartNumber || a[i].Revision != b[i].Revision || a[i].Quantity != b[i].Quantity {
			return false
		}
	}
	return true
}

// StartOrder says that an order is being made. [ErrNotFound] when there is none, [ErrConflict] when it is completed.
func (s *Store) StartOrder(ctx context.Context, number string) (*wats.ProductionOrder, error) {
	return s.advanceOrder(ctx, number, wats.OrderStarted, `UPDATE production_order SET status = $1, started_ns = $2, row_version = row_version + 1 WHERE id = $3`)
}

// CompleteOrder says that an order has been made. [ErrNotFound] when there is none, [ErrConflict] when it has not been started.
func (s *Store) CompleteOrder(ctx context.Context, number string) (*wats.ProductionOrder, error) {
	return s.advanceOrder(ctx, number, wats.OrderCompleted, `UPDATE production_order SET status = $1, completed_ns = $2, row_version = row_version + 1 WHERE id = $3`)
}

// advanceOrder brings an order from the status before to this one. An order that has it already stays as it is.
func (s *Store) advanceOrder(ctx context.Context, number string, to wats.OrderStatus, update string) (*wats.ProductionOrder, error) {
	now := s.now()
	err := s.queue.do(ctx, 100, func(ctx context.Context, w *writer) error {
		o, err := w.findOrder(ctx, number)
		if err != nil || o.order.Status == to {
			return err
		}
		if to == wats.OrderStarted && o.order.Status != wats.OrderPlanned {
			return conflict("production order %q is completed: it cannot be started again", number)
		}
		if to == wats.OrderCompleted && o.order.Status != wats.OrderStarted {
			return conflict("production order %q has not been started", number)
		}
		_, err = w.exec(ctx, update, string(to), now.UnixNano(), o.id)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("bring production order %q to %s: %w", number, to, err)
	}
	return s.Order(ctx, number, true)
}

// AddToOrder gives units to an order: all or none. [ErrNotFound] when there is no such order, a [*report.InvalidError] with the units that are not there, by index.
func (s *Store) AddToOrder(ctx context.Context, number string, units []wats.UnitKey) error {
	err := s.queue.do(ctx, len(units)*100, func(ctx context.Context, w *writer) error {
		o, err := w.findOrder(ctx, number)
		if err != nil {
			return err
		}
		var found report.Findings
		ids := make([]int64, len(units))
		for i, key := range units {
			known, err := w.get(ctx, []any{&ids[i]}, `SELECT id FROM unit WHERE serial_number = $1 AND part_number = $2`, key.SerialNumber, key.PartNumber)
			if err != nil {
				return err
			}
			if !known {
				found = append(found, report.Finding{Path: fmt.Sprintf("$[%d]", i), Rule: "reference", Message: fmt.Sprintf("there is no %s", key)})
			}
		}
		if err := found.Err(); err != nil {
			return err
		}
		for _, id := range ids {
			if _, err := w.exec(ctx, `UPDATE unit SET production_order = $1, row_version = row_version + 1 WHERE id = $2 AND production_order IS DISTINCT FROM $1`,
				o.id, id); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("give units to production order %q: %w", number, err)
	}
	return nil
}

// Batches yields the batches of a number, or those that have a unit of a part; "" is any. They come by number.
func (s *Store) Batches(ctx context.Context, partNumber, batchNumber string) iter.Seq2[*wats.ProductionBatch, error] {
	var c conditions
	if partNumber != "" {
		c.add(`EXISTS (SELECT 1 FROM unit u WHERE u.batch_number = b.batch_number AND u.batch_number <> '' AND u.part_number = ?)`, partNumber)
	}
	if batchNumber != "" {
		c.add(`b.batch_number = ?`, batchNumber)
	}
	return eachRow(ctx, s, `SELECT b.batch_number, b.batch_size, COALESCE(o.order_number, '') FROM production_batch b
		LEFT JOIN production_order o ON o.id = b.production_order WHERE `+c.text()+` ORDER BY b.batch_number`, c.args,
		func(rows *sql.Rows, b *wats.ProductionBatch) error {
			var size *int
			err := rows.Scan(&b.BatchNumber, &size, &b.OrderNumber)
			b.BatchSize = optional(size)
			return err
		})
}

// SaveBatches creates batches and changes those that are there: all or none. What is not given stays as it is. A [*report.InvalidError] with the orders that are not there, by
// index. It returns them as stored.
func (s *Store) SaveBatches(ctx context.Context, batches []wats.ProductionBatch) (stored []wats.ProductionBatch, err error) {
	now := s.now()
	err = s.queue.do(ctx, len(batches)*100, func(ctx context.Context, w *writer) error {
		stored = make([]wats.ProductionBatch, len(batches))
		orders := make([]*int64, len(batches))
		var found report.Findings
		for i, b := range batches {
			if b.OrderNumber == "" {
				continue
			}
			o, err := w.findOrder(ctx, b.OrderNumber)
			switch {
			case errors.Is(err, ErrNotFound):
				found = append(found, report.Finding{Path: fmt.Sprintf("$[%d].orderNumber", i), Rule: "reference", Message: err.Error()})
			case err != nil:
				return err
			}
			orders[i] = &o.id
		}
		if err := found.Err(); err != nil {
			return err
		}
		for i, b := range batches {
			if _, err := w.exec(ctx, `INSERT INTO production_batch (batch_number, batch_size, production_order, created_ns) VALUES ($1, $2, $3, $4)
				ON CONFLICT (batch_number) DO UPDATE SET batch_size = COALESCE(excluded.batch_size, production_batch.batch_size),
				production_order = COALESCE(excluded.production_order, production_batch.production_order)`,
				b.BatchNumber, pointer(b.BatchSize), orders[i], now.UnixNano()); err != nil {
				return err
			}
			var size *int
			if _, err := w.get(ctx, []any{&stored[i].BatchNumber, &size, &stored[i].OrderNumber}, `SELECT b.batch_number, b.batch_size, COALESCE(o.order_number, '')
				FROM production_batch b LEFT JOIN production_order o ON o.id = b.production_order WHERE b.batch_number = $1`, b.BatchNumber); err != nil {
				return err
			}
			stored[i].BatchSize = optional(size)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("save batches: %w", err)
	}
	return stored, nil
}
