package reconcile

import (
	"context"
	"errors"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/policy"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/reconcile/approval"
	"github.com/tenter-net/tenter/internal/run"
	"github.com/tenter-net/tenter/internal/view"
)

// planDrift plans what puts a device back to what was applied, if it has an open episode. It reads the device, unless
// nothing of the drift is to be put back, or what was tried is not to be tried again yet.
func (e *Engine) planDrift(ctx context.Context, j job) error {
	only := []intent.DeviceName{j.device}
	ep, err := e.o.Store.OpenEpisode(ctx, j.device)
	if errors.Is(err, view.ErrNotFound) {
		return e.approvals.Withdraw(ctx, plan.ByDrift, only, "the drift is gone")
	}
	if err != nil {
		return err
	}
	g, err := e.o.Store.CurrentGeneration(ctx)
	if err != nil {
		return err
	}
	wanted, err := e.wants(ctx, g.ID, j.device)
	if err != nil {
		return err
	}
	if !wanted {
		return e.approvals.Withdraw(ctx, plan.ByDrift, only, policy.NotWanted)
	}
	p, err := e.picture(ctx, g.ID, j.device)
	if err != nil || p.row.Run != "" { // the run that is under way looks again when it ends
		return err
	}
	l := e.lookAt(ep, p)
	if l.observed {
		e.look(ep.ID, l)
		return e.approvals.Withdraw(ctx, plan.ByDrift, only, unplanned(ep))
	}
	tried, err := e.tries(ctx, ep)
	if err != nil {
		return err
	}
	if l.until = tried.next(); e.now().Before(l.until) {
		e.look(ep.ID, l)
		j.due = l.until
		e.queue.add(j)
		return nil
	}
	if err := e.reread(ctx, p, plan.Remedy); err != nil {
		return err
	}
	result, err := e.fit(ctx, p, plan.Compute(p.input))
	if err != nil {
		return err
	}
	if unfit := result.Plan.Refused; unfit != "" {
		e.look(ep.ID, l)
		return e.o.Store.Do(ctx, func(tx event.Tx) error {
			return e.noteEpisode(ctx, tx, noting{ep, ep.Plan, policy.Decision{Verdict: policy.Wait, Rule: policy.Failing, Reason: "it cannot be put back: " + unfit}})
		})
	}
	if len(result.Writes) == 0 {
		e.look(ep.ID, l)
		return e.approvals.Withdraw(ctx, plan.ByDrift, only, "there is nothing to put back any more")
	}
	decision, err := e.decideDrift(ctx, p, result, tried)
	if err != nil {
		return err
	}
	from, err := e.origin(ctx, g)
	if err != nil {
		return err
	}
	pl := plan.New(plan.Cause{Trigger: plan.ByDrift, Ref: ep.ID, Part: plan.Remedy}, from, []plan.DevicePlan{result.Plan})
	if err := e.proposeDrift(ctx, remedy{pl, ep, j.cause, decision}); err != nil {
		return err
	}
	l.until = time.Time{}
	if decision.Rule == policy.Loop || decision.Rule == policy.Failing {
		l.until = e.now().Add(patience)
	}
	if decision.Verdict == policy.Later {
		l.until = decision.Opens
	}
	e.look(ep.ID, l)
	return nil
}

// A remedy is the plan that puts an episode's drift back.
type remedy struct {
	plan     plan.Plan
	episode  view.Episode
	cause    event.Event // what asked for it, zero for nothing
	decision policy.Decision
}

// proposeDrift stores a remedy, and what was decided about it.
func (e *Engine) proposeDrift(ctx context.Context, r remedy) error {
	ep, d := r.episode, r.decision
	repeat, err := e.mayRepeat(ctx, r.plan)
	if err != nil {
		return err
	}
	correlation := ep.Correlation
	if correlation == "" {
		correlation = r.cause.Correlation
	}
	_, _, err = e.propose(ctx, proposal{
		plan: r.plan, episode: ep.ID, decision: d, repeat: repeat, cause: r.cause, correlation: correlation,
		note: func(tx event.Tx, id string) error { return e.noteEpisode(ctx, tx, noting{ep, id, d}) },
	})
	return err
}

// decideDrift judges a remedy by policy and by what happened on the device lately.
func (e *Engine) decideDrift(ctx context.Context, p *picture, r plan.Result, tried attempts) (policy.Decision, error) {
	backs, err := e.putBacks(ctx, p.input.Device, p.row.Looked)
	if err != nil {
		return policy.Decision{}, err
	}
	var paths []string
	for _, ch := range r.Plan.Changes {
		paths = append(paths, ch.Path)
	}
	s, err := e.o.Sessions.Session(ctx, p.input.Device)
	if err != nil {
		return policy.Decision{}, &unreachable{p.input.Device, err}
	}
	facts, why, err := e.identified(ctx, p.target, s)
	if err != nil {
		return policy.Decision{}, err
	}
	t, err := e.timing(ctx)
	if err != nil {
		return policy.Decision{}, err
	}
	f := e.about(t, p.row, policy.Facts{Trigger: plan.ByDrift, Failures: tried.failures, Failed: tried.how})
	f.Mismatch, f.Changed = why, p.row.Known.Differs(known(facts))
	f.Mode = p.mode(e, r.Writes)
	f.Looping = policy.Looping(backs, paths, e.now())
	f.Different, f.Leaves = len(r.Writes), p.input.Applied.Len()
	f.Deletes = policy.Deletion{Leaves: r.Plan.Deleted(), Of: f.Leaves, Bounds: p.target.Model.Deletes}
	return policy.Decide(f), nil
}

// latestPlans is how many of a device's latest plans are looked through for what they put back.
const latestPlans = 50

// putBacks are what runs put back on the device lately, whoever asked for them, since somebody looked at it last.
func (e *Engine) putBacks(ctx context.Context, device intent.DeviceName, since time.Time) ([]policy.PutBack, error) {
	plans, err := e.o.Store.Plans(ctx, view.PlanQuery{Device: device, Status: []view.PlanStatus{view.PlanDone}, Limit: latestPlans, Bodies: true})
	if err != nil {
		return nil, err
	}
	var backs []policy.PutBack
	for _, row := range plans {
		end, err := e.endOf(ctx, row.ID, device)
		if err != nil {
			return nil, err
		}
		if end.Outcome != string(run.Done) || e.now().Sub(end.Updated) > policy.LoopWindow || !end.Updated.After(since) {
			continue
		}
		p, err := plan.Parse(row.Body)
		if err != nil {
			return nil, err
		}
		b := policy.PutBack{At: end.Updated}
		part, _ := p.Device(device)
		for _, ch := range part.Changes {
			if ch.Cause == plan.ByDrift {
				b.Paths = append(b.Paths, ch.Path)
			}
		}
		backs = append(backs, b)
	}
	return backs, nil
}

// endOf is where the run of a plan stands on the device; without an outcome if there is none.
func (e *Engine) endOf(ctx context.Context, plan string, device intent.DeviceName) (view.RunDevice, error) {
	states, err := e.o.Store.RunDevices(ctx, runOf(plan))
	for _, s := range states {
		if s.Device == device {
			return s, err
		}
	}
	return view.RunDevice{}, err
}

// known is what a device is remembered by when it is as applied.
func known(f profile.Facts) view.Known {
	return view.Known{Software: f.SoftwareVersion, Serial: f.Serial, Booted: f.BootTime.UTC()}
}

// mayRepeat reports whether an episode may make a plan again that is through: it did not come to anything, nobody looked
// at it in time, or it was carried out and somebody changed the same again while something else keeps the episode open. How
// often is for the policy to say; what a person rejected is not made again.
func (e *Engine) mayRepeat(ctx context.Context, p plan.Plan) (bool, error) {
	for {
		row, err := e.o.Store.Plan(ctx, string(p.ID))
		if errors.Is(err, view.ErrNotFound) {
			return true, nil
		}
		if err != nil || row.Status == view.PlanRejected {
			return false, err
		}
		if approval.Live(row.Status) {
			return true, nil // it is made again already, and what was decided now is about that one
		}
		p = p.Again()
	}
}
