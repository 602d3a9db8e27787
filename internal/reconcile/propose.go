package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/policy"
	"github.com/tenter-net/tenter/internal/reconcile/approval"
	"github.com/tenter-net/tenter/internal/reconcile/vote"
	"github.com/tenter-net/tenter/internal/view"
)

// A proposal is a plan on its way into the store.
type proposal struct {
	plan        plan.Plan
	episode     string
	decision    policy.Decision
	repeat      bool        // the same occasion may make the plan again once an earlier one is through
	fell        bool        // an earlier one was through, and did not work: this one waits
	cause       event.Event // what asked for it; zero when a person did
	correlation string      // what everything downstream shares; the plan's name when empty
	actor       string
	expires     time.Time                          // no later than plans expire anyway; zero for then
	note        func(tx event.Tx, id string) error // what else commits with it, nil for nothing

	votes  []event.Vote // of the validators, when it is to run without asking
	others bool         // it superseded a plan that was for other devices too

	register approval.Register    // what the approvals that it needs were counted by
	needs    []event.ApprovalNeed // what the approval policies ask of it
}

// propose stores a plan, tells of it, and starts it if the decision says so. It returns the plan's name, which is that of
// an earlier one if that is still to be run, and the run's if there is one.
func (e *Engine) propose(ctx context.Context, p proposal) (id, runID string, err error) {
	if err := e.heed(ctx, &p); err != nil {
		return "", "", err
	}
	if p.decision.Verdict == policy.Run {
		t, err := e.votes.Vote(ctx, p.plan, vote.Asking{})
		if err != nil {
			return "", "", err
		}
		if p.votes = t.Votes; t.Denied != "" {
			p.decision = policy.Decision{Verdict: policy.Wait, Rule: policy.Validators, Reason: "not approved: " + t.Denied}
		}
	}
	for range 20 {
		id, runID, err = e.tryPropose(ctx, p)
		if errors.Is(err, approval.ErrMoved) {
			err = e.heed(ctx, &p)
			if err == nil {
				continue
			}
		}
		if !errors.Is(err, errUnseen) {
			break
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return "", "", err
		}
	}
	return id, runID, err
}

// errUnseen says that a plan with the same content is being stored right now by somebody else.
var errUnseen = errors.New("an equal plan is being stored")

func (e *Engine) tryPropose(ctx context.Context, p proposal) (id, runID string, err error) {
	var kept view.Plan
	err = e.o.Store.Do(ctx, func(tx event.Tx) error {
		id, runID = "", ""
		if err := e.approvals.InForce(tx, p.register); err != nil {
			return err
		}
		row, fresh, err := e.keep(ctx, tx, &p)
		if err != nil {
			return err
		}
		id, kept = row.ID, row
		if fresh {
			if err := tx.Append(ctx, p.generated(row)...); err != nil {
				return err
			}
			if p.episode != "" {
				if err := e.updateEpisode(tx, p.episode, func(ep *view.Episode) { ep.Plan = row.ID }); err != nil {
					return err
				}
			}
		}
		if p.decision.Verdict == policy.Run && (row.Status == view.PlanOpen || row.Status == view.PlanApproved) {
			if runID, err = e.start(ctx, tx, starting{row: row, plan: p.plan, draft: p.started(), votes: p.votes}); err != nil {
				return err
			}
		}
		if p.note != nil {
			return p.note(tx, id)
		}
		return nil
	})
	if err == nil && runID != "" {
		e.queue.add(job{key: "run/" + runID, kind: kindRun, run: runID})
	}
	if err == nil && runID == "" {
		e.watchWaiting(kept)
	}
	if err == nil && p.others && p.plan.Cause.Trigger == plan.ByIntent {
		e.queue.add(job{key: "intent", kind: kindIntent})
	}
	return id, runID, err
}

// keep stores the plan, or finds the one that stands for it already.
func (e *Engine) keep(ctx context.Context, tx event.Tx, p *proposal) (row view.Plan, fresh bool, err error) {
	for {
		row, err = e.o.Store.PlanIn(tx, string(p.plan.ID))
		if errors.Is(err, view.ErrNotFound) {
			break
		}
		if err != nil {
			return row, false, err
		}
		if row.Status == view.PlanOpen && e.approvals.Late(row) {
			if err := e.approvals.End(ctx, tx, row, approval.OutOfTime); err != nil {
				return row, false, err
			}
			row.Status = view.PlanExpired
		}
		if row.Status == view.PlanOpen && p.otherPolicies(row) {
			if err := e.approvals.End(ctx, tx, row, "the policies moved"); err != nil {
				return row, false, err
			}
			row.Status = view.PlanExpired
		}
		if row.Status == view.PlanRejected && p.plan.Cause.Trigger == plan.ByDrift { // just now, perhaps
			return row, false, nil
		}
		again := p.repeat || p.fell && row.Status == view.PlanDone || row.Status == view.PlanStale || row.Status == view.PlanExpired // things may be as they were before
		if approval.Live(row.Status) || !again {
			return row, false, nil
		}
		p.plan = p.plan.Again()
	}
	if p.correlation == "" {
		p.correlation = string(p.plan.ID)
	}
	body, err := p.plan.JSON()
	if err != nil {
		return row, false, err
	}
	expires := e.now().Add(e.o.PlanExpires)
	if !p.expires.IsZero() && p.expires.Before(expires) {
		expires = p.expires
	}
	row = view.Plan{
		ID: string(p.plan.ID), Content: p.plan.Content, Status: view.PlanOpen, Reason: p.decision.Reason,
		Cause: string(p.plan.Cause.Trigger), Episode: p.episode, Generation: p.plan.Generation, Correlation: p.correlation,
		Created: e.now(), Expires: expires, Devices: p.plan.Busy(), Votes: p.votes, Body: body,
		Requester: p.requester(), Needs: p.needs,
	}
	if p.others, err = e.approvals.Supersede(ctx, tx, row); err != nil {
		return row, false, err
	}
	fresh, err = e.o.Store.SavePlan(tx, row)
	if err != nil || fresh {
		return row, fresh, err
	}
	// Somebody else's open plan has the same content: it does what this one would.
	open, err := e.o.Store.Plans(ctx, view.PlanQuery{Status: []view.PlanStatus{view.PlanOpen}, Limit: 10_000})
	if err != nil {
		return row, false, err
	}
	i := slices.IndexFunc(open, func(o view.Plan) bool { return o.Content == row.Content })
	if i < 0 {
		return row, false, fmt.Errorf("plan %q: %w", row.ID, errUnseen)
	}
	return open[i], false, nil
}

// otherPolicies reports whether a stored plan is bound to other policies than those of the proposal: nobody can approve it any more.
func (p *proposal) otherPolicies(row view.Plan) bool {
	stored, err := plan.Parse(row.Body)
	return err == nil && stored.Policy != p.plan.Policy
}

// draft is the frame of all events that follow from the proposal.
func (p *proposal) draft() event.Draft {
	d := event.Draft{Correlation: p.correlation, Causation: p.cause.ID, TraceParent: p.cause.TraceParent}
	if p.episode != "" && p.cause.Correlation != p.correlation { // a device that answers again, or nothing: the drift is why
		d.Causation = event.ID(p.episode)
	}
	if names := p.plan.Busy(); len(names) == 1 {
		d.Subject = string(names[0])
	}
	if p.actor != "" {
		d.Actor, d.ActorType = p.actor, event.ActorUser
	}
	return d
}

// started is the frame of the start of a run that nobody is asked about: it follows from the plan.
func (p *proposal) started() event.Draft {
	d := p.draft()
	d.Causation = ""
	return d
}

// generated tells of the plan, and asks for approval if it needs that.
func (p *proposal) generated(row view.Plan) []event.Draft {
	wait := p.asks()
	data := event.PlanGenerated{
		Plan: string(p.plan.ID), Content: p.plan.Content, Cause: string(p.plan.Cause.Trigger), Risk: p.plan.Risk.String(),
		Score: p.plan.Score, Risks: risks(p.plan),
		NeedsApproval: wait, Reason: p.decision.Reason, Episode: p.episode, Generation: p.plan.Generation,
		Expires: row.Expires, Votes: row.Votes, Needs: row.Needs, Requester: row.Requester,
	}
	for _, d := range p.plan.Devices {
		if d.Idle() {
			continue
		}
		c := d.Counts()
		data.Devices = append(data.Devices, event.PlanDevice{Device: d.Device, Add: c.Add, Change: c.Change, Delete: c.Delete})
	}
	made := p.draft()
	made.ID, made.Time, made.Type, made.Data = toldPlan(row), row.Created, event.TypePlanGenerated, data
	if !wait {
		return []event.Draft{made}
	}
	ask := p.draft()
	ask.Type, ask.Causation = event.TypeApprovalRequested, made.ID
	ask.Data = event.Approval{
		Plan: string(p.plan.ID), Content: p.plan.Content, Devices: p.plan.Busy(), Reason: p.decision.Reason, Episode: p.episode, Needs: row.Needs,
	}
	return []event.Draft{made, ask}
}

// updateEpisode changes an episode that is still open.
func (e *Engine) updateEpisode(tx event.Tx, id string, change func(*view.Episode)) error {
	ep, err := e.o.Store.EpisodeIn(tx, id)
	if err != nil {
		return err
	}
	if !ep.Closed.IsZero() {
		return nil
	}
	change(&ep)
	return e.o.Store.SaveEpisode(tx, ep)
}

// runOf names the run of a plan. A plan is used once, so it has at most one.
func runOf(plan string) string { return "run-" + plan }

// risks are the reasons of a plan's risk in words.
func risks(p plan.Plan) []string {
	const most = 10
	var all []string
	for _, r := range p.Reasons[:min(len(p.Reasons), most)] {
		all = append(all, r.String())
	}
	return all
}
