package reconcile

import (
	"context"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/policy"
	"github.com/tenter-net/tenter/internal/run"
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

// Start commits a run of a stored plan at a person's word, which counts as approval; of the mode, unless that is empty. It
// returns the run's name; Execute, here or in any other process, carries it out.
func (e *Engine) Start(ctx context.Context, id plan.ID, actor string, mode run.Mode) (string, error) {
	row, p, err := e.load(ctx, id)
	if err != nil {
		return "", err
	}
	if err := e.startable(row); err != nil {
		return "", err
	}
	votes, err := e.judge(ctx, row, p, actor)
	if err != nil {
		return "", err
	}
	var runID string
	err = e.o.Store.Do(ctx, func(tx event.Tx) error {
		row, err := e.o.Store.PlanIn(tx, string(id))
		if err != nil {
			return err
		}
		if err := e.startable(row); err != nil {
			return err
		}
		d := event.Draft{Correlation: row.Correlation, Actor: actor, ActorType: event.ActorUser}
		runID, err = e.start(ctx, tx, row, p, starting{draft: d, onFailure: mode, votes: votes})
		return err
	})
	if err == nil {
		e.queue.add(job{key: "run/" + runID, kind: kindRun, run: runID})
	}
	return runID, err
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

// Approve records a person's approval of a waiting plan. The run follows from the event.
func (e *Engine) Approve(ctx context.Context, id plan.ID, actor string) error {
	row, p, err := e.load(ctx, id)
	if err != nil {
		return err
	}
	if err := e.startable(row); err != nil {
		return err
	}
	votes, err := e.judge(ctx, row, p, actor)
	if err != nil {
		return err
	}
	return e.settle(ctx, row, answer{status: view.PlanApproved, tell: event.TypeApprovalGranted, actor: actor, votes: votes})
}

// Reject records that a person does not want a waiting plan. It is never run, and made again only for a new occasion.
func (e *Engine) Reject(ctx context.Context, id plan.ID, actor, reason string) error {
	row, _, err := e.load(ctx, id)
	if err != nil {
		return err
	}
	return e.settle(ctx, row, answer{status: view.PlanRejected, tell: event.TypeApprovalDenied, actor: actor, reason: reason})
}

// An answer is what a person decided about a waiting plan.
type answer struct {
	status view.PlanStatus
	tell   event.Type
	actor  string
	reason string
	votes  []event.Vote
}

func (e *Engine) settle(ctx context.Context, row view.Plan, a answer) error {
	return e.o.Store.Do(ctx, func(tx event.Tx) error {
		moved, err := e.o.Store.MovePlan(tx, row.ID, view.PlanOpen, a.status, a.reason)
		if err != nil {
			return err
		}
		if !moved {
			now, err := e.o.Store.PlanIn(tx, row.ID)
			if err != nil {
				return err
			}
			if err := e.startable(now); err != nil {
				return err
			}
			return &DeniedError{row.ID, "it is " + string(now.Status) + " already"}
		}
		if len(a.votes) > 0 {
			if err := e.o.Store.SaveVotes(tx, row.ID, a.votes); err != nil {
				return err
			}
		}
		d := event.Draft{
			Type: a.tell, Correlation: row.Correlation, Causation: toldPlan(row), Actor: a.actor, ActorType: event.ActorUser,
			Data: event.Approval{Plan: row.ID, Content: row.Content, Devices: row.Devices, Reason: a.reason, Episode: row.Episode, Votes: a.votes},
		}
		if len(row.Devices) == 1 {
			d.Subject = string(row.Devices[0])
		}
		if err := tx.Append(ctx, d); err != nil || a.status != view.PlanRejected || row.Episode == "" {
			return err
		}
		ep, err := e.o.Store.EpisodeIn(tx, row.Episode)
		if err != nil || !ep.Closed.IsZero() {
			return err
		}
		return e.noteEpisode(ctx, tx, ep, row.ID, policy.Decision{})
	})
}
