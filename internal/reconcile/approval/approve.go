package approval

import (
	"context"
	"slices"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/policy"
	"github.com/tenter-net/tenter/internal/reconcile/vote"
	"github.com/tenter-net/tenter/internal/view"
)

// An Approved is what came of an approval. Missing says which approvals are still needed, empty when it was the last one;
// then the run follows from the event.
type Approved struct {
	Missing string `json:"missing,omitempty"`
}

// Approve records a person's approval of a waiting plan. It fails with a *DeniedError where the person's approval would not
// count. Approving twice changes nothing.
func (d *Desk) Approve(ctx context.Context, id plan.ID, who policy.Who) (Approved, error) {
	row, p, err := d.Load(ctx, id)
	if err != nil {
		return Approved{}, err
	}
	r, err := d.Register(ctx)
	if err != nil {
		return Approved{}, err
	}
	if err := d.mayApprove(r, row, p, who); err != nil { // nobody votes for those who may not
		return Approved{}, err
	}
	votes, err := d.Judge(ctx, row, p, vote.Asking{Actor: who.Name})
	if err != nil {
		return Approved{}, err
	}
	var out Approved
	err = d.Counted(ctx, func(tx event.Tx, r Register) error {
		row, err := d.o.Store.PlanIn(tx, string(id))
		if err != nil {
			return err
		}
		if err := d.mayApprove(r, row, p, who); err != nil {
			return err
		}
		if row.Status == view.PlanApproved {
			return &DeniedError{row.ID, "it is approved already"}
		}
		out, err = d.approve(ctx, tx, r, approval{row, p, who, votes})
		return err
	})
	return out, err
}

func (d *Desk) mayApprove(r Register, row view.Plan, p plan.Plan, who policy.Who) error {
	if err := d.Startable(row); err != nil {
		return err
	}
	if why := policy.MayApprove(policy.Needs(r.Demands(p, row.Requester)), who, r.given(row, d.o.Now())); why != "" {
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

func (d *Desk) approve(ctx context.Context, tx event.Tx, r Register, a approval) (Approved, error) {
	row, now := a.row, d.o.Now().UTC().Round(0)
	before := r.Stand(row, a.plan, now)
	row.Given = slices.DeleteFunc(slices.Clone(row.Given), func(g event.Approver) bool { return g.Name == a.who.Name })
	row.Given = append(row.Given, event.Approver{Name: a.who.Name, Groups: a.who.Groups, Via: a.who.Via, At: now})
	s := r.Stand(row, a.plan, now)
	row.Needs = s.Needs
	if s.Missing != "" && s.Missing == before.Missing && len(row.Given) == len(a.row.Given) {
		return Approved{s.Missing}, nil // the same person's word once more
	}
	to := view.PlanApproved
	if s.Missing != "" {
		to = view.PlanOpen
	}
	moved, err := d.o.Store.MovePlan(tx, row.ID, view.PlanOpen, to, s.Missing)
	if err == nil && !moved {
		err = &DeniedError{row.ID, "it is " + string(row.Status) + " already"}
	}
	if err != nil {
		return Approved{}, err
	}
	if err := d.o.Store.SaveApprovals(tx, row); err != nil {
		return Approved{}, err
	}
	if len(a.votes) > 0 {
		if err := d.o.Store.SaveVotes(tx, row.ID, a.votes); err != nil {
			return Approved{}, err
		}
	}
	return Approved{s.Missing}, tx.Append(ctx, OnDevice(event.Draft{
		Type: event.TypeApprovalGranted, Correlation: row.Correlation, Causation: d.o.Told(row), Actor: a.who.Name, ActorType: event.ActorUser,
		Data: event.Approval{
			Plan: row.ID, Content: row.Content, Devices: row.Devices, Reason: s.Missing, Episode: row.Episode, Votes: a.votes,
			Waits: s.Missing != "", Needs: row.Needs, Given: row.Given,
		},
	}, row))
}
