package store

import (
	"context"
	"fmt"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

// SetAssetState says where an asset is. [ErrNotFound] when there is none.
func (s *Store) SetAssetState(ctx context.Context, key AssetKey, state wats.AssetState, user string) error {
	err := s.changeAsset(ctx, key, func(ctx context.Context, w *writer, a *wats.Asset) error {
		if a.State == state {
			return nil
		}
		if _, err := w.exec(ctx, `UPDATE asset SET state = $1, row_version = row_version + 1 WHERE id = $2`, int(state), a.ID[:]); err != nil {
			return err
		}
		return w.logAsset(ctx, a.ID, assetEvent{s.now(), user, wats.AssetLogStateChange, stateChange(a.State, state)})
	})
	if err != nil {
		return fmt.Errorf("set the state: %w", err)
	}
	return nil
}

// IncrementAsset adds uses to both counts of an asset, and of all below it when withChildren is set. [ErrNotFound] when there is none.
func (s *Store) IncrementAsset(ctx context.Context, key AssetKey, uses int64, withChildren bool, user string) error {
	err := s.changeAsset(ctx, key, func(ctx context.Context, w *writer, a *wats.Asset) error {
		counted := []report.ID{a.ID}
		if withChildren {
			var id []byte
			if err := w.each(ctx, belowSQL+` SELECT id FROM below`, []any{a.ID[:], maxAssetDepth}, []any{&id}, func() {
				counted = append(counted, toID(id))
			}); err != nil {
				return err
			}
		}
		for _, id := range counted {
			if err := w.addUses(ctx, id, uses, assetEvent{s.now(), user, wats.AssetLogUpdate, fmt.Sprintf("counts +%d", uses)}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("count uses: %w", err)
	}
	return nil
}

// addUses adds to both counts by a command.
func (w *writer) addUses(ctx context.Context, id report.ID, uses int64, e assetEvent) error {
	if uses == 0 {
		return nil
	}
	_, err := w.exec(ctx, `UPDATE asset SET running_count = running_count + $1, total_count = total_count + $1,
		last_seen_ns = CASE WHEN last_seen_ns < $2 THEN $2 ELSE last_seen_ns END WHERE id = $3`, uses, e.at.UnixNano(), id[:])
	if err != nil {
		return err
	}
	return w.logAsset(ctx, id, e)
}

// CountAssetTo says what the asset's own counter shows: both counts grow by what it has gone on. [ErrConflict] when that is less than was counted.
func (s *Store) CountAssetTo(ctx context.Context, key AssetKey, total int64, user string) error {
	err := s.changeAsset(ctx, key, func(ctx context.Context, w *writer, a *wats.Asset) error {
		uses := total - a.TotalCount.Value
		if uses < 0 {
			return conflict("asset %q has counted %d uses already, more than %d; PUT /api/Asset/SetTotalCount corrects it",
				a.SerialNumber, a.TotalCount.Value, total)
		}
		return w.addUses(ctx, a.ID, uses, assetEvent{s.now(), user, wats.AssetLogUpdate, fmt.Sprintf("counts +%d, to a total of %d", uses, total)})
	})
	if err != nil {
		return fmt.Errorf("count uses: %w", err)
	}
	return nil
}

// ResetAssetCount sets the running count to 0. [ErrConflict] when the total count has reached its limit, from which on a reset hides nothing any more.
func (s *Store) ResetAssetCount(ctx context.Context, key AssetKey, comment, user string) error {
	err := s.changeAsset(ctx, key, func(ctx context.Context, w *writer, a *wats.Asset) error {
		if limit := realLimit(a.Type.TotalCountLimit); limit.Present && a.TotalCount.Value >= limit.Value {
			return conflict("asset %q has reached its total count limit: %d of %d; its running count cannot be reset any more",
				a.SerialNumber, a.TotalCount.Value, limit.Value)
		}
		if _, err := w.exec(ctx, `UPDATE asset SET running_count = 0, running_epoch = running_epoch + 1 WHERE id = $1`, a.ID[:]); err != nil {
			return err
		}
		text := fmt.Sprintf("running count %d → 0", a.RunningCount.Value)
		if comment != "" {
			text += ": " + comment
		}
		return w.logAsset(ctx, a.ID, assetEvent{s.now(), user, wats.AssetLogResetCount, text})
	})
	if err != nil {
		return fmt.Errorf("reset the running count: %w", err)
	}
	return nil
}

// SetAssetRunningCount corrects the running count. What reports have counted up to now is in it from then on, whatever becomes of the reports.
func (s *Store) SetAssetRunningCount(ctx context.Context, key AssetKey, count int64, user string) error {
	err := s.changeAsset(ctx, key, func(ctx context.Context, w *writer, a *wats.Asset) error {
		_, err := w.exec(ctx, `UPDATE asset SET running_count = $1, running_epoch = running_epoch + 1 WHERE id = $2`, count, a.ID[:])
		if err != nil {
			return err
		}
		return w.logAsset(ctx, a.ID, assetEvent{s.now(), user, wats.AssetLogUpdate, fmt.Sprintf("running count %d → %d", a.RunningCount.Value, count)})
	})
	if err != nil {
		return fmt.Errorf("set the running count: %w", err)
	}
	return nil
}

// SetAssetTotalCount corrects the total count, as SetAssetRunningCount does.
func (s *Store) SetAssetTotalCount(ctx context.Context, key AssetKey, count int64, user string) error {
	err := s.changeAsset(ctx, key, func(ctx context.Context, w *writer, a *wats.Asset) error {
		_, err := w.exec(ctx, `UPDATE asset SET total_count = $1, total_epoch = total_epoch + 1 WHERE id = $2`, count, a.ID[:])
		if err != nil {
			return err
		}
		return w.logAsset(ctx, a.ID, assetEvent{s.now(), user, wats.AssetLogUpdate, fmt.Sprintf("total count %d → %d", a.TotalCount.Value, count)})
	})
	if err != nil {
		return fmt.Errorf("set the total count: %w", err)
	}
	return nil
}

// AssetService is a calibration or maintenance that was done.
type AssetService struct {
	Kind     wats.AssetLogType // AssetLogCalibration or AssetLogMaintenance
	At       time.Time         // zero: now
	External bool              // another system keeps the dates
	Next     time.Time         // External only: when it is due next; zero: nobody knows
	Comment  string
	User     string
}

// futureService is how far ahead of this server's clock a service may be dated.
const futureService = 24 * time.Hour

// ServiceAsset records a service and sets when the next is due: by the interval of the type, or as another system says. It returns a
// [*report.InvalidError] for a date in the future or dates out of order, [ErrConflict] when the type has its dates from elsewhere, or not from elsewhere,
// and [ErrNotFound] when there is no such asset.
func (s *Store) ServiceAsset(ctx context.Context, key AssetKey, v AssetService) error {
	now := s.now()
	if v.At.IsZero() {
		v.At = now
	}
	if err := v.check(now); err != nil {
		return err
	}
	err := s.changeAsset(ctx, key, func(ctx context.Context, w *writer, a *wats.Asset) error { return w.serviceAsset(ctx, a, v, now) })
	if err != nil {
		return fmt.Errorf("record %s: %w", v.name(), err)
	}
	return nil
}

func (v AssetService) name() string {
	if v.Kind == wats.AssetLogCalibration {
		return "calibration"
	}
	return "maintenance"
}

func (v AssetService) check(now time.Time) error {
	var found report.Findings
	at := "dateTime"
	if v.External {
		at = "fromDate"
	}
	if v.At.Sub(now) > futureService {
		add(&found, at, "range", "must not lie in the future, is %s", v.At.UTC().Format(time.RFC3339))
	}
	if year := v.At.UTC().Year(); year < firstYear || year >= lastYear {
		add(&found, at, "range", "must lie between the years %d and %d", firstYear, lastYear)
	}
	if year := v.Next.UTC().Year(); !v.Next.IsZero() && (year < firstYear || year >= lastYear) {
		add(&found, "toDate", "range", "must lie between the years %d and %d", firstYear, lastYear)
	}
	if !v.Next.IsZero() && v.Next.Before(v.At) {
		add(&found, "toDate", "order", "must not be before fromDate, is %s", v.Next.UTC().Format(time.RFC3339))
	}
	return found.Err()
}

func (w *writer) serviceAsset(ctx context.Context, a *wats.Asset, v AssetService, now time.Time) error {
	interval := a.Type.CalibrationInterval
	if v.Kind == wats.AssetLogMaintenance {
		interval = a.Type.MaintenanceInterval
	}
	last, next := wats.Time{Time: v.At}, wats.Time{Time: v.Next}
	switch isExternal := interval.Value == wats.AssetExternal; {
	case v.External && !isExternal:
		return conflict("%s of asset %q follows from the interval of its type %q, which is not external (-2): leave out External", v.name(), a.SerialNumber, a.Type.Name)
	case !v.External && isExternal:
		return conflict("another system keeps the %s of asset %q, as its type %q says: give both dates by External", v.name(), a.SerialNumber, a.Type.Name)
	case !v.External:
		next = due(last, interval)
	}
	_, err := w.exec(ctx, `UPDATE asset SET last_`+v.name()+`_ns = $1, next_`+v.name()+`_ns = $2 WHERE id = $3`, toColumn(last), toColumn(next), a.ID[:])
	if err != nil {
		return err
	}
	return w.logAsset(ctx, a.ID, assetEvent{now, v.User, v.Kind, v.text(next)})
}

// text is the comment of the log entry. Its date is when the entry was made, so the comment tells when the service was.
func (v AssetService) text(next wats.Time) string {
	text := "done " + v.At.UTC().Format(time.RFC3339)
	if !next.IsZero() {
		text += ", due " + next.UTC().Format(time.RFC3339)
	}
	if v.Comment != "" {
		text += ": " + v.Comment
	}
	return text
}
