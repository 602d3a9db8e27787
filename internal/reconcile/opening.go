package reconcile

import (
	"context"
	"slices"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/policy"
	"github.com/tenter-net/tenter/internal/reconcile/approval"
	"github.com/tenter-net/tenter/internal/view"
)

// lookAgain has drift looked at again that is held, for what holds it may be over: a window opened, other windows are in
// force. Devices that others serve are told of by one event.
func (e *Engine) lookAgain(ctx context.Context, tx event.Tx, ev event.Event) error {
	episodes, err := e.o.Store.Episodes(ctx, view.EpisodeQuery{Open: true, Limit: 10_000})
	if err != nil {
		return err
	}
	var others []intent.DeviceName
	for _, ep := range episodes {
		switch {
		case ep.Reason == "":
		case e.o.Holds.Serves(ep.Device):
			e.queue.add(job{key: lookDrift + "/" + string(ep.Device), kind: kindDrift, device: ep.Device})
		default:
			others = append(others, ep.Device)
		}
	}
	if len(others) == 0 {
		return nil
	}
	return tx.Append(ctx, event.Draft{
		Type: event.TypeCommand, Actor: e.o.Worker, ActorType: event.ActorSystem,
		Data: event.Command{Verb: VerbLook, Devices: others, Reason: lookDrift},
	})
}

// opening begins what waited for a window, or for the end of a freeze: runs that are paused for it, and plans.
func (e *Engine) opening(ctx context.Context) error {
	runs, err := e.o.Store.Runs(ctx, view.RunQuery{Status: []view.RunStatus{view.RunPaused}})
	if err != nil {
		return err
	}
	for _, r := range runs {
		e.queue.add(job{key: "run/" + r.ID, kind: kindRun, run: r.ID})
	}
	if err := e.resyncScheduled(ctx); err != nil {
		return err
	}
	return e.resyncTimely(ctx)
}

// resyncTimely begins the plans for which it is time by now: no event tells that a hold is over, and that of a window may
// have been handled by a process whose clock is late.
func (e *Engine) resyncTimely(ctx context.Context) error {
	approved, err := e.o.Store.Plans(ctx, view.PlanQuery{Status: []view.PlanStatus{view.PlanApproved}, Limit: 10_000, Bodies: true})
	if err != nil {
		return err
	}
	for _, row := range approved {
		if err := e.startApproved(ctx, row); err != nil {
			return err
		}
	}
	return e.resyncWaiting(ctx)
}

// startApproved starts an approved plan, if it is time.
func (e *Engine) startApproved(ctx context.Context, row view.Plan) error {
	p, err := plan.Parse(row.Body)
	if err != nil {
		return err
	}
	if why, err := e.untimely(ctx, p); err != nil || why != "" {
		return err
	}
	runID := ""
	err = e.approvals.Counted(ctx, func(tx event.Tx, r approval.Register) error {
		row, err := e.o.Store.PlanIn(tx, row.ID)
		if err != nil || row.Status != view.PlanApproved {
			return err
		}
		if s := r.Stand(row, p, e.now()); s.Against() != "" {
			return e.approvals.Reopen(ctx, tx, approval.Reopening{Plan: row, Standing: s})
		}
		d := approval.OnDevice(event.Draft{Correlation: row.Correlation}, row)
		if n := len(row.Given); n > 0 {
			d.Actor, d.ActorType = row.Given[n-1].Name, event.ActorUser
		}
		runID, err = e.start(ctx, tx, starting{row: row, plan: p, draft: d})
		return err
	})
	if err == nil && runID != "" {
		e.queue.add(job{key: "run/" + runID, kind: kindRun, run: runID})
	}
	return err
}

// resyncScheduled begins what schedules wanted to be run outside of a window. It asks devices what they are, so it is for
// when a window opens.
func (e *Engine) resyncScheduled(ctx context.Context) error {
	open, err := e.o.Store.Plans(ctx, view.PlanQuery{Status: []view.PlanStatus{view.PlanOpen}, Limit: 10_000})
	if err != nil {
		return err
	}
	for _, row := range open {
		if row.Cause != string(plan.BySchedule) {
			continue
		}
		_, p, err := e.approvals.Load(ctx, plan.ID(row.ID))
		if err != nil {
			return err
		}
		if p.Cause.Part == "" { // it was to be planned, and nothing else
			continue
		}
		rulings, err := e.ruleUnasked(ctx, p)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(rulings, func(r ruling) bool { return r.Verdict != policy.Run }) {
			continue
		}
		if err := e.proposeRuled(ctx, rulings, proposal{plan: p, correlation: row.Correlation}); err != nil {
			return err
		}
	}
	return nil
}

// pokeAll makes the drivers of this process look at what is said to their runs.
func (e *Engine) pokeAll() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, c := range e.pokes {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}
