package reconcile

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/policy"
	"github.com/tenter-net/tenter/internal/view"
)

// A register is what approvals are counted by: the approval policies of one generation of the intents.
type register struct {
	generation string
	author     string // of its commit
	fabric     *fabric.Fabric
	policies   policy.Approvals
	person     func(author string) string
}

// register returns that of the current generation. Conditions are compiled once for each.
func (e *Engine) register(ctx context.Context) (register, error) {
	g, err := e.o.Store.CurrentGeneration(ctx)
	if err != nil {
		return register{}, err
	}
	e.mu.Lock()
	r := e.registered
	e.mu.Unlock()
	if r.generation == g.ID && r.author == g.Author {
		return r, nil
	}
	f, err := e.o.Intents.Fabric(ctx, g.ID)
	if err != nil {
		return register{}, err
	}
	r = register{generation: g.ID, author: g.Author, fabric: f, person: e.o.Person}
	if r.policies, err = policy.NewApprovals(f); err != nil {
		return register{}, err
	}
	e.mu.Lock()
	e.registered = r
	e.mu.Unlock()
	return r, nil
}

// errMoved says that other intents came into force while something was counted by the ones before.
var errMoved = errors.New("other intents are in force by now")

// inForce fails with errMoved unless the register is of the generation that is the current one until the transaction ends.
func (e *Engine) inForce(tx event.Tx, r register) error {
	id, err := e.o.Store.CurrentGenerationIn(tx)
	if err == nil && id != r.generation {
		return errMoved
	}
	return err
}

// counted runs a transaction that counts approvals, again if other intents came into force meanwhile.
func (e *Engine) counted(ctx context.Context, do func(tx event.Tx, r register) error) error {
	var err error
	for range 5 {
		var r register
		if r, err = e.register(ctx); err != nil {
			return err
		}
		err = e.o.Store.Do(ctx, func(tx event.Tx) error {
			if err := e.inForce(tx, r); err != nil {
				return err
			}
			return do(tx, r)
		})
		if !errors.Is(err, errMoved) {
			return err
		}
	}
	return err
}

// demands returns what the policies say of a plan that requester made by hand, empty for nobody.
func (r register) demands(p plan.Plan, requester string) []policy.Demand {
	s := policy.Subject{Plan: p, Fabric: r.fabric, Requester: requester}
	if p.Cause.Trigger != plan.ByDrift { // what was applied does not depend on who wrote the last commit
		s.Author = r.author
	}
	return r.policies.Demands(s)
}

// barred are those whose approval of a plan never counts: who made it by hand, and who wrote the commit that it is of.
func (r register) barred(row view.Plan) policy.Barred {
	out := policy.Barred{Requester: row.Requester}
	if row.Cause != string(plan.ByDrift) && r.author != "" && r.person != nil {
		out.Author = r.person(r.author)
	}
	return out
}

// given is what is known of a plan's approvals.
func (r register) given(row view.Plan, now time.Time) policy.Given {
	return policy.Given{By: row.Given, Barred: r.barred(row), Escalated: !row.Escalated.IsZero(), Now: now}
}

// A reckoning is how far a plan's approvals are.
type reckoning struct {
	needs   []event.ApprovalNeed
	denied  string // by a policy: no approval helps
	missing string // empty for none
}

func (r register) stand(row view.Plan, p plan.Plan, now time.Time) reckoning {
	s := reckoning{needs: policy.Needs(r.demands(p, row.Requester))}
	if d := policy.Denying(s.needs); d != nil {
		s.denied = policy.Denial(*d)
		return s
	}
	s.missing = policy.MissingApprovals(policy.CountApprovals(s.needs, r.given(row, now)))
	return s
}

// against says what stands against running the plan now, empty for nothing.
func (s reckoning) against() string {
	if s.denied != "" {
		return s.denied
	}
	return s.missing
}

// reopen lets a plan wait again whose approvals are not enough any more, and asks for those that are missing.
func (e *Engine) reopen(ctx context.Context, tx event.Tx, row view.Plan, s reckoning, cause event.Draft) error {
	moved, err := e.o.Store.MovePlan(tx, row.ID, view.PlanApproved, view.PlanOpen, s.against())
	if err != nil || !moved {
		return err
	}
	row.Needs = s.needs
	if err := e.o.Store.SaveApprovals(tx, row); err != nil {
		return err
	}
	cause.Type, cause.Correlation = event.TypeApprovalRequested, row.Correlation
	if cause.Causation == "" {
		cause.Causation = toldPlan(row)
	}
	cause.Data = event.Approval{
		Plan: row.ID, Content: row.Content, Devices: row.Devices, Reason: s.against(), Episode: row.Episode, Again: true, Needs: row.Needs, Given: row.Given,
	}
	return tx.Append(ctx, onDevice(cause, row))
}

// onDevice gives the event of a plan for one device that subject.
func onDevice(d event.Draft, row view.Plan) event.Draft {
	if len(row.Devices) == 1 {
		d.Subject = string(row.Devices[0])
	}
	return d
}

// escalateAt is when others are to be told that a plan waits, zero for never.
func escalateAt(row view.Plan) time.Time {
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

// watchWaiting queues the moment at which others are to be told of a plan.
func (e *Engine) watchWaiting(row view.Plan) {
	if at := escalateAt(row); !at.IsZero() {
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

// escalate tells others, once, that a plan has waited too long for its approvals; theirs count from then on.
func (e *Engine) escalate(ctx context.Context, id string) error {
	return e.o.Store.Do(ctx, func(tx event.Tx) error {
		row, err := e.o.Store.PlanIn(tx, id)
		if err != nil {
			return err
		}
		at := escalateAt(row)
		if at.IsZero() || e.now().Before(at) {
			return nil
		}
		row.Escalated = e.now()
		if err := e.o.Store.SaveApprovals(tx, row); err != nil {
			return err
		}
		var to []string
		for _, n := range row.Needs {
			to = append(to, n.EscalateTo...)
		}
		slices.Sort(to)
		reason := policy.MissingApprovals(policy.CountApprovals(row.Needs, policy.Given{By: row.Given, Barred: policy.Barred{Requester: row.Requester}, Now: e.now()}))
		return tx.Append(ctx, onDevice(event.Draft{
			Type: event.TypeApprovalEscalated, Time: row.Escalated, Correlation: row.Correlation, Causation: toldPlan(row),
			Data: event.Approval{Plan: row.ID, Content: row.Content, Devices: row.Devices, Reason: reason, Episode: row.Episode, Needs: row.Needs, Given: row.Given},
		}, row))
	})
}
