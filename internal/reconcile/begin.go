package reconcile

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/policy"
	"github.com/tenter-net/tenter/internal/reconcile/approval"
	"github.com/tenter-net/tenter/internal/reconcile/vote"
	"github.com/tenter-net/tenter/internal/run"
	"github.com/tenter-net/tenter/internal/view"
)

// A Beginning is how a person wants a plan to be run. BreakGlass, the person's reason, runs it without the approvals that it
// lacks, in spite of a freeze and outside of windows; everybody is told.
type Beginning struct {
	Who        policy.Who
	OnFailure  run.Mode // empty for what the rollout or the settings say
	BreakGlass string
	Within     time.Duration // how long each device waits for a person to confirm it, 0 for not at all
}

// Start commits a run of a stored plan at a person's word, and returns the run's name; Execute, here or in any other process,
// carries it out. Where no approval policy speaks of the plan, the word of an approver counts as approval. Otherwise the
// approvals are counted by the policies in force in the transaction that commits the run: they are missing, then it fails with
// a *approval.DeniedError.
func (e *Engine) Start(ctx context.Context, id plan.ID, b Beginning) (string, error) {
	row, p, err := e.approvals.Load(ctx, id)
	if err != nil {
		return "", err
	}
	r, err := e.approvals.Register(ctx)
	if err != nil {
		return "", err
	}
	word := approval.Word{Who: b.Who, BreakGlass: b.BreakGlass != ""}
	if _, err := e.approvals.MayBegin(r, row, p, word); err != nil { // nobody votes for what must not begin
		return "", errors.Join(err, e.approvals.Recount(ctx, row.ID, p))
	}
	votes, err := e.approvals.Judge(ctx, row, p, vote.Asking{Actor: b.Who.Name, ByHand: true, BreakGlass: b.BreakGlass != ""})
	if err != nil {
		return "", err
	}
	var runID string
	err = e.approvals.Counted(ctx, func(tx event.Tx, r approval.Register) error {
		row, err := e.o.Store.PlanIn(tx, string(id))
		if err != nil {
			return err
		}
		missing, err := e.approvals.MayBegin(r, row, p, word)
		if err != nil {
			return err
		}
		d := event.Draft{Correlation: row.Correlation, Actor: b.Who.Name, ActorType: event.ActorUser}
		if b.BreakGlass != "" {
			if err := tx.Append(ctx, overridden(row, b, missing)); err != nil {
				return err
			}
		}
		runID, err = e.start(ctx, tx, starting{row: row, plan: p, draft: d, onFailure: b.OnFailure, votes: votes, breakGlass: b.BreakGlass, byHand: true, within: b.Within})
		if err == nil && runID == "" {
			err = &approval.DeniedError{Plan: row.ID, Reason: "somebody else decided about it just now"}
		}
		return err
	})
	if err == nil {
		e.queue.add(job{key: "run/" + runID, kind: kindRun, run: runID})
	}
	return runID, err
}

func overridden(row view.Plan, b Beginning, missing string) event.Draft {
	return approval.OnDevice(event.Draft{
		Type: event.TypeApprovalOverridden, Correlation: row.Correlation, Causation: toldPlan(row), Actor: b.Who.Name, ActorType: event.ActorUser,
		Data: event.ApprovalOverridden{Plan: row.ID, Devices: row.Devices, Reason: b.BreakGlass, Missing: missing, Episode: row.Episode},
	}, row)
}

// granted starts an approved plan, if its approvals are enough by the policies that are in force now.
func (e *Engine) granted(ctx context.Context, tx event.Tx, ev event.Event, a event.Approval) error {
	row, err := e.o.Store.PlanIn(tx, a.Plan)
	if errors.Is(err, view.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if row.Status != view.PlanApproved {
		return nil // run or ended by now, or more approvals are needed
	}
	p, err := plan.Parse(row.Body)
	if err != nil {
		return err
	}
	r, err := e.approvals.Register(ctx)
	if err != nil {
		return err
	}
	if err := e.approvals.InForce(tx, r); err != nil {
		return err // the event comes again
	}
	follows := event.Draft{
		Subject: ev.Subject, Correlation: ev.Correlation, Causation: ev.ID, Actor: ev.Actor, ActorType: ev.ActorType,
	}
	if s := r.Stand(row, p, e.now()); s.Against() != "" {
		return e.approvals.Reopen(ctx, tx, approval.Reopening{Plan: row, Standing: s, Cause: event.Draft{Causation: ev.ID}})
	}
	if why, err := e.untimely(ctx, p); err != nil || why != "" { // it is looked at again when a window opens
		return err
	}
	_, err = e.start(ctx, tx, starting{row: row, plan: p, draft: follows})
	return err
}

// A starting is what a run begins with.
type starting struct {
	row       view.Plan
	plan      plan.Plan
	draft     event.Draft // the frame of the event
	onFailure run.Mode    // empty for the engine's
	within    time.Duration
	votes     []event.Vote
	// breakGlass is why somebody runs the plan without what it needs, empty for a run that has that.
	breakGlass string
	byHand     bool // a person wants it to be run now
}

// start commits a run of the plan. The plan is used up with it. What the draft does not say of its cause is the plan.
func (e *Engine) start(ctx context.Context, tx event.Tx, s starting) (string, error) {
	row, d := s.row, s.draft
	moved, err := e.o.Store.MovePlan(tx, row.ID, row.Status, view.PlanRunning, "")
	if err != nil || !moved {
		return "", err
	}
	r := view.Run{
		ID: runOf(row.ID), Plan: row.ID, Status: view.RunRunning, Cause: row.Cause, Episode: row.Episode,
		Correlation: row.Correlation, Created: e.now(),
	}
	order, err := e.Order(ctx, s.plan)
	if err != nil {
		return "", err
	}
	saga := run.Saga{Actor: d.Actor, OnFailure: cmp.Or(s.onFailure, order.OnFailure, e.o.OnFailure), Order: &order, Manual: run.Manual{Within: s.within}}
	if len(order.Stages) == 1 { // of which there is nothing to tell
		saga.Stage = 1
	}
	saga.ByHand, saga.BreakGlass = s.byHand, s.breakGlass != ""
	if r.Body, err = json.Marshal(saga); err != nil {
		return "", err
	}
	if len(s.votes) > 0 {
		if err := e.o.Store.SaveVotes(tx, row.ID, s.votes); err != nil {
			return "", err
		}
	}
	if err := e.o.Store.SaveRun(tx, r); err != nil {
		return "", err
	}
	if row.Episode != "" {
		if err := e.updateEpisode(tx, row.Episode, func(ep *view.Episode) { ep.Plan, ep.Run = row.ID, r.ID }); err != nil {
			return "", err
		}
	}
	d.ID, d.Time, d.Type, d.Correlation = toldRun(r), r.Created, event.TypeApplyStarted, row.Correlation
	if d.Causation == "" {
		d.Causation = toldPlan(row)
	}
	d.Data = event.ApplyStarted{Run: r.ID, Plan: row.ID, Devices: s.plan.Busy(), Cause: row.Cause, Episode: row.Episode, OnFailure: string(saga.OnFailure), Votes: s.votes, BreakGlass: s.breakGlass}
	return r.ID, tx.Append(ctx, d)
}
