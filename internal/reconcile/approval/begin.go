package approval

import (
	"context"
	"fmt"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/policy"
	"github.com/tenter-net/tenter/internal/view"
)

// A Word is a person's word that a plan is to be run. BreakGlass is for running it without the approvals that it lacks.
type Word struct {
	Who        policy.Who
	BreakGlass bool
}

// MayBegin says why the person may not begin a run of the plan, and else which approvals the person does without.
func (d *Desk) MayBegin(r Register, row view.Plan, p plan.Plan, w Word) (missing string, err error) {
	if err := d.Startable(row); err != nil {
		return "", err
	}
	s := r.Stand(row, p, d.o.Now())
	what := "running a plan that an approval policy does not speak of, and that nobody approved,"
	switch why := w.Who.May(what, policy.Approver); {
	case s.Denied != "":
		return "", &DeniedError{row.ID, s.Denied}
	case w.BreakGlass:
		if why := w.Who.May("breaking the glass", policy.Approver); why != "" {
			return "", &DeniedError{row.ID, why}
		}
		return s.Missing, nil
	case s.Missing != "":
		return "", &DeniedError{row.ID, s.Missing + notBy(r, row) + "; " + nextApprove(row.ID)}
	case len(s.Needs) == 0 && row.Status == view.PlanOpen && why != "" && p.Changes() > 0:
		return "", &DeniedError{row.ID, why + "; " + nextApprove(row.ID)}
	}
	return "", nil
}

// notBy names those whose approval does not count.
func notBy(r Register, row view.Plan) string {
	switch b := r.Barred(row); {
	case b.Requester != "":
		return fmt.Sprintf("; not by %s, who asked for it", b.Requester)
	case b.Author != "":
		return fmt.Sprintf("; not by %s, who wrote the commit", b.Author)
	}
	return ""
}

// nextApprove is how to get the approvals that are missing.
func nextApprove(id string) string {
	return fmt.Sprintf("next: tenter plan approve %s", id)
}

// Recount lets a plan wait again that is approved and, by the policies in force, must not run.
func (d *Desk) Recount(ctx context.Context, id string, p plan.Plan) error {
	return d.Counted(ctx, func(tx event.Tx, r Register) error {
		row, err := d.o.Store.PlanIn(tx, id)
		if err != nil || row.Status != view.PlanApproved {
			return err
		}
		s := r.Stand(row, p, d.o.Now())
		if s.Against() == "" {
			return nil
		}
		return d.Reopen(ctx, tx, Reopening{Plan: row, Standing: s})
	})
}

// A Reopening is what Reopen says of a plan.
type Reopening struct {
	Plan     view.Plan
	Standing Standing
	Cause    event.Draft // the frame of the event; without a causation it follows from the plan
}

// Reopen lets a plan wait again whose approvals are not enough any more, and asks for those that are missing.
func (d *Desk) Reopen(ctx context.Context, tx event.Tx, r Reopening) error {
	row, s, cause := r.Plan, r.Standing, r.Cause
	moved, err := d.o.Store.MovePlan(tx, row.ID, view.PlanApproved, view.PlanOpen, s.Against())
	if err != nil || !moved {
		return err
	}
	row.Needs = s.Needs
	if err := d.o.Store.SaveApprovals(tx, row); err != nil {
		return err
	}
	cause.Type, cause.Correlation = event.TypeApprovalRequested, row.Correlation
	if cause.Causation == "" {
		cause.Causation = d.o.Told(row)
	}
	cause.Data = event.Approval{
		Plan: row.ID, Content: row.Content, Devices: row.Devices, Reason: s.Against(), Episode: row.Episode, Again: true, Needs: row.Needs, Given: row.Given,
	}
	return tx.Append(ctx, OnDevice(cause, row))
}
