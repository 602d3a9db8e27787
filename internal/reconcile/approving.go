package reconcile

import (
	"context"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/policy"
	"github.com/tenter-net/tenter/internal/reconcile/approval"
	"github.com/tenter-net/tenter/internal/view"
)

// Approved is what came of an approval.
type Approved = approval.Approved

// Approve records a person's approval of a waiting plan. It fails with an *approval.DeniedError where the person's approval would
// not count. Approving twice changes nothing.
func (e *Engine) Approve(ctx context.Context, id plan.ID, who policy.Who) (Approved, error) {
	return e.approvals.Approve(ctx, id, who)
}

// Reject records that a person does not want a plan that waits, or that was approved and has not begun. It is never run, and
// made again only for a new occasion. Whoever asked for a plan may take it back.
func (e *Engine) Reject(ctx context.Context, id plan.ID, who policy.Who, reason string) error {
	return e.approvals.Reject(ctx, id, who, reason)
}

// rejected notes in an episode that its remedy was rejected.
func (e *Engine) rejected(ctx context.Context, tx event.Tx, row view.Plan) error {
	ep, err := e.o.Store.EpisodeIn(tx, row.Episode)
	if err != nil || !ep.Closed.IsZero() {
		return err
	}
	return e.noteEpisode(ctx, tx, noting{episode: ep, plan: row.ID})
}

// watchWaiting queues the moment at which others are to be told of a plan.
func (e *Engine) watchWaiting(row view.Plan) {
	if at := approval.EscalateAt(row); !at.IsZero() {
		e.queue.add(job{key: "escalate/" + row.ID, kind: kindEscalate, run: row.ID, due: at})
	}
}

// resyncEscalations does so for all plans that wait.
func (e *Engine) resyncEscalations(ctx context.Context) error {
	open, err := e.o.Store.Plans(ctx, view.PlanQuery{Status: []view.PlanStatus{view.PlanOpen}, Limit: 10_000})
	for _, row := range open {
		e.watchWaiting(row)
	}
	return err
}
