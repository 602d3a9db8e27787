package approval

import (
	"context"
	"slices"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/policy"
	"github.com/tenter-net/tenter/internal/view"
)

// EscalateAt is when others are to be told that a plan waits, zero for never.
func EscalateAt(row view.Plan) time.Time {
	var at time.Time
	if row.Status != view.PlanOpen || !row.Escalated.IsZero() {
		return at
	}
	for _, n := range row.Needs {
		if due := row.Created.Add(n.EscalateAfter); n.EscalateAfter > 0 && (at.IsZero() || due.Before(at)) {
			at = due
		}
	}
	return at
}

// Escalate tells others, once, that a plan has waited too long for its approvals; theirs count from then on.
func (d *Desk) Escalate(ctx context.Context, id string) error {
	return d.o.Store.Do(ctx, func(tx event.Tx) error {
		row, err := d.o.Store.PlanIn(tx, id)
		if err != nil {
			return err
		}
		at := EscalateAt(row)
		if at.IsZero() || d.o.Now().Before(at) {
			return nil
		}
		row.Escalated = d.o.Now()
		if err := d.o.Store.SaveApprovals(tx, row); err != nil {
			return err
		}
		var to []string
		for _, n := range row.Needs {
			to = append(to, n.EscalateTo...)
		}
		slices.Sort(to)
		reason := policy.MissingApprovals(policy.CountApprovals(row.Needs, policy.Given{By: row.Given, Barred: policy.Barred{Requester: row.Requester}, Now: d.o.Now()}))
		return tx.Append(ctx, OnDevice(event.Draft{
			Type: event.TypeApprovalEscalated, Time: row.Escalated, Correlation: row.Correlation, Causation: d.o.Told(row),
			Data: event.Approval{Plan: row.ID, Content: row.Content, Devices: row.Devices, Reason: reason, Episode: row.Episode, Needs: row.Needs, Given: row.Given},
		}, row))
	})
}
