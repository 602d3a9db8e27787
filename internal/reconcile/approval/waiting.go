package approval

import (
	"context"
	"slices"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/view"
)

// Startable says why a plan cannot be started, nil if it can. One that waited too long cannot, even if no process was
// there to expire it.
func (d *Desk) Startable(row view.Plan) error {
	switch row.Status {
	case view.PlanOpen, view.PlanApproved:
		if row.Status == view.PlanOpen && d.Late(row) {
			return &StaleError{row.ID, OutOfTime}
		}
		return nil
	case view.PlanRejected:
		return &DeniedError{row.ID, "it was rejected: " + row.Reason}
	case view.PlanRunning, view.PlanDone:
		return &StaleError{row.ID, "it was run already, and a plan can be used once"}
	}
	return &StaleError{row.ID, row.Reason}
}

// Load returns a stored plan.
func (d *Desk) Load(ctx context.Context, id plan.ID) (view.Plan, plan.Plan, error) {
	row, err := d.o.Store.Plan(ctx, string(id))
	if err != nil {
		return row, plan.Plan{}, err
	}
	p, err := plan.Parse(row.Body)
	return row, p, err
}

// Live reports whether a plan is still to be run, or is being run.
func Live(status view.PlanStatus) bool {
	return status == view.PlanOpen || status == view.PlanApproved || status == view.PlanRunning
}

// Supersede expires the open plans that a new one makes pointless, those for the same cause on the same devices, and
// those whose time is over. It reports whether one of them was for other devices too, which have no plan now.
func (d *Desk) Supersede(ctx context.Context, tx event.Tx, row view.Plan) (more bool, err error) {
	open, err := d.o.Store.Plans(ctx, view.PlanQuery{Status: []view.PlanStatus{view.PlanOpen}, Limit: 10_000})
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
		case d.Late(o):
			reason = OutOfTime
		case o.Cause != row.Cause, o.Content == row.Content, o.Cause == string(plan.ByManual), here == 0:
			continue
		default:
			more = more || here < len(o.Devices)
		}
		if err := d.End(ctx, tx, o, reason); err != nil {
			return false, err
		}
	}
	return more, nil
}

// End lets an open plan expire and tells of it.
func (d *Desk) End(ctx context.Context, tx event.Tx, p view.Plan, reason string) error {
	moved, err := d.o.Store.MovePlan(tx, p.ID, view.PlanOpen, view.PlanExpired, reason)
	if err != nil || !moved {
		return err
	}
	return tx.Append(ctx, event.Draft{
		Type: event.TypePlanExpired, Correlation: p.Correlation, Causation: d.o.Told(p),
		Data: event.PlanExpired{Plan: p.ID, Reason: reason},
	})
}

// Expire ends the plans that waited too long.
func (d *Desk) Expire(ctx context.Context) error {
	return d.expireOpen(ctx, OutOfTime, d.Late)
}

// OutOfTime is why a plan expires that waited too long.
const OutOfTime = "nobody approved it in time"

// Late reports whether a plan has waited too long.
func (d *Desk) Late(p view.Plan) bool { return !p.Expires.IsZero() && !d.o.Now().Before(p.Expires) }

// expireOpen ends the open plans that which picks.
func (d *Desk) expireOpen(ctx context.Context, reason string, which func(view.Plan) bool) error {
	open, err := d.o.Store.Plans(ctx, view.PlanQuery{Status: []view.PlanStatus{view.PlanOpen}, Limit: 10_000})
	if err != nil {
		return err
	}
	for _, p := range open {
		if !which(p) {
			continue
		}
		err := d.o.Store.Do(ctx, func(tx event.Tx) error { return d.End(ctx, tx, p, reason) })
		if err != nil {
			return err
		}
	}
	return nil
}

// Withdraw expires the open plans of a trigger that are for nothing but the given devices.
func (d *Desk) Withdraw(ctx context.Context, by plan.Trigger, devices []intent.DeviceName, reason string) error {
	return d.expireOpen(ctx, reason, func(p view.Plan) bool {
		return p.Cause == string(by) && !slices.ContainsFunc(p.Devices, func(d intent.DeviceName) bool { return !slices.Contains(devices, d) })
	})
}

// Outdate expires the plans that were made from other intents than the current ones. Plans that put drift back
// stay: what was applied does not depend on intents.
func (d *Desk) Outdate(ctx context.Context, generation string) error {
	return d.expireOpen(ctx, "the intents changed", func(p view.Plan) bool {
		return p.Generation != generation && p.Cause != string(plan.ByDrift)
	})
}

// OnDevice gives the event of a plan for one device that subject.
func OnDevice(d event.Draft, row view.Plan) event.Draft {
	if len(row.Devices) == 1 {
		d.Subject = string(row.Devices[0])
	}
	return d
}
