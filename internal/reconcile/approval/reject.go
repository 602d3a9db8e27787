package approval

import (
	"context"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/policy"
	"github.com/tenter-net/tenter/internal/view"
)

// Reject records that a person does not want a plan that waits, or that was approved and has not begun. It is never run, and
// made again only for a new occasion. Whoever asked for a plan may take it back.
func (d *Desk) Reject(ctx context.Context, id plan.ID, who policy.Who, reason string) error {
	return d.o.Store.Do(ctx, func(tx event.Tx) error {
		row, err := d.o.Store.PlanIn(tx, string(id))
		if err != nil {
			return err
		}
		if why := who.May("rejecting a plan", policy.Approver); why != "" && (who.Name != row.Requester || !who.Role.AtLeast(policy.Planner)) {
			return &DeniedError{row.ID, why}
		}
		if err := d.Startable(row); err != nil {
			return err
		}
		moved, err := d.o.Store.MovePlan(tx, row.ID, row.Status, view.PlanRejected, reason)
		if err == nil && !moved {
			err = &DeniedError{row.ID, "somebody else decided about it just now"}
		}
		if err != nil {
			return err
		}
		err = tx.Append(ctx, OnDevice(event.Draft{
			Type: event.TypeApprovalDenied, Correlation: row.Correlation, Causation: d.o.Told(row), Actor: who.Name, ActorType: event.ActorUser,
			Data: event.Approval{Plan: row.ID, Content: row.Content, Devices: row.Devices, Reason: reason, Episode: row.Episode},
		}, row))
		if err != nil || row.Episode == "" {
			return err
		}
		return d.o.Rejected(ctx, tx, row)
	})
}
