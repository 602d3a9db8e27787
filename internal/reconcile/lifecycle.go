package reconcile

import (
	"context"
	"slices"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/view"
)

func live(status view.PlanStatus) bool {
	return status == view.PlanOpen || status == view.PlanApproved || status == view.PlanRunning
}

// supersede expires the open plans that a new one makes pointless, those for the same cause on the same devices, and
// those whose time is over. It reports whether one of them was for other devices too, which have no plan now.
func (e *Engine) supersede(ctx context.Context, tx event.Tx, row view.Plan) (more bool, err error) {
	open, err := e.o.Store.Plans(ctx, view.PlanQuery{Status: []view.PlanStatus{view.PlanOpen}, Limit: 10_000})
	if err != nil {
		return false, err
	}
	for _, o := range open {
		here := 0
		for _, d := range o.Devices {
			if slices.Contains(row.Devices, d) {
				here++
			}
		}
		reason := "superseded by plan " + row.ID
		switch {
		case e.late(o):
			reason = outOfTime
		case o.Cause != row.Cause, o.Content == row.Content, o.Cause == string(plan.ByManual), here == 0:
			continue
		default:
			more = more || here < len(o.Devices)
		}
		if err := e.end(ctx, tx, o, reason); err != nil {
			return false, err
		}
	}
	return more, nil
}

// end lets an open plan expire and tells of it.
func (e *Engine) end(ctx context.Context, tx event.Tx, p view.Plan, reason string) error {
	moved, err := e.o.Store.MovePlan(tx, p.ID, view.PlanOpen, view.PlanExpired, reason)
	if err != nil || !moved {
		return err
	}
	return tx.Append(ctx, event.Draft{
		Type: event.TypePlanExpired, Correlation: p.Correlation, Causation: toldPlan(p),
		Data: event.PlanExpired{Plan: p.ID, Reason: reason},
	})
}

// expire ends the plans that waited too long.
func (e *Engine) expire(ctx context.Context) error {
	return e.expireOpen(ctx, outOfTime, e.late)
}

const outOfTime = "nobody approved it in time"

func (e *Engine) late(p view.Plan) bool { return !p.Expires.IsZero() && !e.now().Before(p.Expires) }

// expireOpen ends the open plans that which picks.
func (e *Engine) expireOpen(ctx context.Context, reason string, which func(view.Plan) bool) error {
	open, err := e.o.Store.Plans(ctx, view.PlanQuery{Status: []view.PlanStatus{view.PlanOpen}, Limit: 10_000})
	if err != nil {
		return err
	}
	for _, p := range open {
		if !which(p) {
			continue
		}
		err := e.o.Store.Do(ctx, func(tx event.Tx) error { return e.end(ctx, tx, p, reason) })
		if err != nil {
			return err
		}
	}
	return nil
}

// withdraw expires the open plans of a trigger that are for nothing but the given devices.
func (e *Engine) withdraw(ctx context.Context, by plan.Trigger, devices []intent.DeviceName, reason string) error {
	return e.expireOpen(ctx, reason, func(p view.Plan) bool {
		return p.Cause == string(by) && !slices.ContainsFunc(p.Devices, func(d intent.DeviceName) bool { return !slices.Contains(devices, d) })
	})
}

// outdate expires the plans that were made from other intents than the current ones. Plans that put drift back
// stay: what was applied does not depend on intents.
func (e *Engine) outdate(ctx context.Context, generation string) error {
	return e.expireOpen(ctx, "the intents changed", func(p view.Plan) bool {
		return p.Generation != generation && p.Cause != string(plan.ByDrift)
	})
}
