package reconcile

import (
	"context"
	"fmt"
	"slices"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/policy"
	"github.com/tenter-net/tenter/internal/reconcile/vote"
	"github.com/tenter-net/tenter/internal/view"
)

// startable says why a plan cannot be started, nil if it can. One that waited too long cannot, even if no process was
// there to expire it.
func (e *Engine) startable(row view.Plan) error {
	switch row.Status {
	case view.PlanOpen, view.PlanApproved:
		if row.Status == view.PlanOpen && e.late(row) {
			return &StaleError{row.ID, outOfTime}
		}
		return nil
	case view.PlanRejected:
		return &DeniedError{row.ID, "it was rejected: " + row.Reason}
	case view.PlanRunning, view.PlanDone:
		return &StaleError{row.ID, "it was run already, and a plan can be used once"}
	}
	return &StaleError{row.ID, row.Reason}
}

// load returns a stored plan.
func (e *Engine) load(ctx context.Context, id plan.ID) (view.Plan, plan.Plan, error) {
	row, err := e.o.Store.Plan(ctx, string(id))
	if err != nil {
		return row, plan.Plan{}, err
	}
	p, err := plan.Parse(row.Body)
	return row, p, err
}

// An Approved is what came of an approval. Missing says which approvals are still needed, empty when it was the last one;
// then the run follows from the event.
type Approved struct {
	Missing string `json:"missing,omitempty"`
}

// Approve records a person's approval of a waiting plan. It fails with a *DeniedError where the person's approval would not
// count. Approving twice changes nothing.
func (e *Engine) Approve(ctx context.Context, id plan.ID, who policy.Who) (Approved, error) {
	row, p, err := e.load(ctx, id)
	if err != nil {
		return Approved{}, err
	}
	r, err := e.register(ctx)
	if err != nil {
		return Approved{}, err
	}
	if err := e.mayApprove(r, row, p, who); err != nil { // nobody votes for those who may not
		return Approved{}, err
	}
	votes, err := e.judge(ctx, row, p, vote.Asking{Actor: who.Name})
	if err != nil {
		return Approved{}, err
	}
	var out Approved
	err = e.counted(ctx, func(tx event.Tx, r register) error {
		row, err := e.o.Store.PlanIn(tx, string(id))
		if err != nil {
			return err
		}
		if err := e.mayApprove(r, row, p, who); err != nil {
			return err
		}
		if row.Status == view.PlanApproved {
			return &DeniedError{row.ID, "it is approved already"}
		}
		out, err = e.approve(ctx, tx, r, approval{row, p, who, votes})
		return err
	})
	return out, err
}

func (e *Engine) mayApprove(r register, row view.Plan, p plan.Plan, who policy.Who) error {
	if err := e.startable(row); err != nil {
		return err
	}
	if why := policy.MayApprove(policy.Needs(r.demands(p, row.Requester)), who, r.given(row, e.now())); why != "" {
		return &DeniedError{row.ID, why}
	}
	return nil
}

// An approval is one person's word for a plan.
type approval struct {
	row   view.Plan
	plan  plan.Plan
	who   policy.Who
	votes []event.Vote
}

func (e *Engine) approve(ctx context.Context, tx event.Tx, r register, a approval) (Approved, error) {
	row, now := a.row, e.now().UTC().Round(0)
	before := r.stand(row, a.plan, now)
	row.Given = slices.DeleteFunc(slices.Clone(row.Given), func(g event.Approver) bool { return g.Name == a.who.Name })
	row.Given = append(row.Given, event.Approver{Name: a.who.Name, Groups: a.who.Groups, Via: a.who.Via, At: now})
	s := r.stand(row, a.plan, now)
	row.Needs = s.needs
	if s.missing != "" && s.missing == before.missing && len(row.Given) == len(a.row.Given) {
		return Approved{s.missing}, nil // the same person's word once more
	}
	to := view.PlanApproved
	if s.missing != "" {
		to = view.PlanOpen
	}
	moved, err := e.o.Store.MovePlan(tx, row.ID, view.PlanOpen, to, s.missing)
	if err == nil && !moved {
		err = &DeniedError{row.ID, "it is " + string(row.Status) + " already"}
	}
	if err != nil {
		return Approved{}, err
	}
	if err := e.o.Store.SaveApprovals(tx, row); err != nil {
		return Approved{}, err
	}
	if len(a.votes) > 0 {
		if err := e.o.Store.SaveVotes(tx, row.ID, a.votes); err != nil {
			return Approved{}, err
		}
	}
	return Approved{s.missing}, tx.Append(ctx, onDevice(event.Draft{
		Type: event.TypeApprovalGranted, Correlation: row.Correlation, Causation: toldPlan(row), Actor: a.who.Name, ActorType: event.ActorUser,
		Data: event.Approval{
			Plan: row.ID, Content: row.Content, Devices: row.Devices, Reason: s.missing, Episode: row.Episode, Votes: a.votes,
			Waits: s.missing != "", Needs: row.Needs, Given: row.Given,
		},
	}, row))
}

// Reject records that a person does not want a plan that waits, or that was approved and has not begun. It is never run, and
// made again only for a new occasion. Whoever asked for a plan may take it back.
func (e *Engine) Reject(ctx context.Context, id plan.ID, who policy.Who, reason string) error {
	return e.o.Store.Do(ctx, func(tx event.Tx) error {
		row, err := e.o.Store.PlanIn(tx, string(id))
		if err != nil {
			return err
		}
		if why := who.May("rejecting a plan", policy.Approver); why != "" && (who.Name != row.Requester || !who.Role.AtLeast(policy.Planner)) {
			return &DeniedError{row.ID, why}
		}
		if err := e.startable(row); err != nil {
			return err
		}
		moved, err := e.o.Store.MovePlan(tx, row.ID, row.Status, view.PlanRejected, reason)
		if err == nil && !moved {
			err = &DeniedError{row.ID, "somebody else decided about it just now"}
		}
		if err != nil {
			return err
		}
		err = tx.Append(ctx, onDevice(event.Draft{
			Type: event.TypeApprovalDenied, Correlation: row.Correlation, Causation: toldPlan(row), Actor: who.Name, ActorType: event.ActorUser,
			Data: event.Approval{Plan: row.ID, Content: row.Content, Devices: row.Devices, Reason: reason, Episode: row.Episode},
		}, row))
		if err != nil || row.Episode == "" {
			return err
		}
		ep, err := e.o.Store.EpisodeIn(tx, row.Episode)
		if err != nil || !ep.Closed.IsZero() {
			return err
		}
		return e.noteEpisode(ctx, tx, ep, row.ID, policy.Decision{})
	})
}

// nextApprove is how to get the approvals that are missing.
func nextApprove(id string) string {
	return fmt.Sprintf("next: tenter plan approve %s", id)
}
