package approval

import (
	"context"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/reconcile/vote"
	"github.com/tenter-net/tenter/internal/view"
)

// Judge has the validators vote on a plan that a person wants, and records what came of it when they are against it: then
// the error says so.
func (d *Desk) Judge(ctx context.Context, row view.Plan, p plan.Plan, a vote.Asking) ([]event.Vote, error) {
	t, err := d.o.Validators.Vote(ctx, p, a)
	if err != nil || t.Denied == "" {
		return t.Votes, err
	}
	err = d.o.Store.Do(ctx, func(tx event.Tx) error {
		moved, err := d.o.Store.MovePlan(tx, row.ID, row.Status, row.Status, "not approved: "+t.Denied)
		if err != nil || !moved {
			return err
		}
		if err := d.o.Store.SaveVotes(tx, row.ID, t.Votes); err != nil {
			return err
		}
		return tx.Append(ctx, OnDevice(event.Draft{
			Type: event.TypeApprovalDenied, Correlation: row.Correlation, Causation: d.o.Told(row), Actor: a.Actor, ActorType: event.ActorUser,
			Data: event.Approval{
				Plan: row.ID, Content: row.Content, Devices: row.Devices, Reason: "not approved: " + t.Denied, Episode: row.Episode, Votes: t.Votes, Waits: true,
			},
		}, row))
	})
	switch {
	case err != nil:
		return nil, err
	case t.Stale:
		return nil, &StaleError{row.ID, t.Denied}
	}
	return nil, &DeniedError{row.ID, t.Denied}
}
