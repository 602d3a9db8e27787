package reconcile

import (
	"context"
	"errors"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/policy"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/run"
	"github.com/tenter-net/tenter/internal/view"
)

// mostAttempts bounds how often within policy.LoopWindow one episode makes the same plan of which nothing came.
const mostAttempts = 5

// notWanted is why nothing is done to a device that the intents do not have any more.
const notWanted = "the intents have no such device any more"

// planDrift plans what puts a device back to what was applied, if it has an open episode. It reads the device: the event
// that led here may be old.
func (e *Engine) planDrift(ctx context.Context, j job) error {
	ep, err := e.o.Store.OpenEpisode(ctx, j.device)
	if errors.Is(err, view.ErrNotFound) {
		return e.withdraw(ctx, plan.ByDrift, []intent.DeviceName{j.device}, "the drift is gone")
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
		return e.withdraw(ctx, plan.ByDrift, []intent.DeviceName{j.device}, notWanted)
	}
	p, result, err := e.survey(ctx, g.ID, j.device, plan.Remedy)
	if err != nil {
		return err
	}
	if p.row.Run != "" {
		return nil // the run that is under way looks again when it ends
	}
	if len(result.Writes) == 0 {
		return e.withdraw(ctx, plan.ByDrift, []intent.DeviceName{j.device}, "there is nothing to put back any more")
	}
	cause := plan.Cause{Trigger: plan.ByDrift, Ref: ep.ID, Part: plan.Remedy}
	pl := plan.New(cause, plan.Origin{Generation: g.ID, Commit: g.Commit}, []plan.DevicePlan{result.Plan})
	decision, err := e.decideDrift(ctx, p, result)
	if err != nil {
		return err
	}
	repeat, err := e.mayRepeat(ctx, ep, pl)
	if err != nil {
		return err
	}
	correlation := ep.Correlation
	if correlation == "" {
		correlation = j.cause.Correlation
	}
	_, _, err = e.propose(ctx, proposal{
		plan: pl, episode: ep.ID, decision: decision, repeat: repeat, cause: j.cause, correlation: correlation,
		note: func(tx event.Tx, id string) error {
			return e.noteEpisode(ctx, tx, ep, id, decision)
		},
	})
	return err
}

// noteEpisode writes the plan into the episode, and tells once why it is held.
func (e *Engine) noteEpisode(ctx context.Context, tx event.Tx, ep view.Episode, id string, d policy.Decision) error {
	told := false
	err := e.updateEpisode(tx, ep.ID, func(ep *view.Episode) {
		told, ep.Plan, ep.Reason = ep.Reason == d.Reason, id, ""
		if d.Held() {
			ep.Reason = d.Reason
		}
	})
	if err != nil || !d.Held() || told {
		return err
	}
	return tx.Append(ctx, event.Draft{
		Type: event.TypeDriftHeld, Subject: string(ep.Device), Correlation: ep.Correlation,
		Data: event.Drift{
			Episode: ep.ID, Device: ep.Device, Findings: ep.Findings, Total: ep.Total, Mode: ep.Mode, Reason: d.Reason, FirstSeen: ep.Opened,
		},
	})
}

// decideDrift judges a remedy by policy and by what happened on the device lately.
func (e *Engine) decideDrift(ctx context.Context, p *picture, r plan.Result) (policy.Decision, error) {
	backs, err := e.putBacks(ctx, p.input.Device)
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
	facts, err := s.Probe(ctx)
	if err != nil {
		return policy.Decision{}, &unreachable{p.input.Device, err}
	}
	f := e.facts(p, plan.ByDrift)
	f.Changed = p.row.Known.Differs(known(facts))
	f.Mode = p.mode(e, r.Writes)
	f.Looping = policy.Looping(backs, paths, e.now())
	f.Different, f.Leaves = len(r.Writes), p.input.Applied.Len()
	return policy.Decide(f), nil
}

// latestPlans is how many of a device's latest plans are looked through for what they put back.
const latestPlans = 50

// putBacks are what runs put back on the device lately, whoever asked for them.
func (e *Engine) putBacks(ctx context.Context, device intent.DeviceName) ([]policy.PutBack, error) {
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
		if end.Outcome != string(run.Done) || e.now().Sub(end.Updated) > policy.LoopWindow {
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

// facts are what every decision about the device depends on.
func (e *Engine) facts(p *picture, by plan.Trigger) policy.Facts {
	return policy.Facts{
		Trigger: by, Enrolled: !p.row.Enrolled.IsZero(), Now: e.now(), HeldUntil: p.row.HeldUntil, HeldReason: p.row.HeldReason,
		AutoApply: e.o.AutoApply, Mode: fabric.DriftPropose,
	}
}

// mayRepeat reports whether an episode may make a plan again that is through: when it did not reach the device, when
// nobody looked at it in time, or when it was carried out and somebody changed the same again while something else keeps the
// episode open. How often the last may happen is for the loop breaker to say.
func (e *Engine) mayRepeat(ctx context.Context, ep view.Episode, p plan.Plan) (bool, error) {
	for tries := 0; tries < mostAttempts; {
		row, err := e.o.Store.Plan(ctx, string(p.ID))
		if errors.Is(err, view.ErrNotFound) {
			return true, nil
		}
		if err != nil {
			return false, err
		}
		if live(row.Status) || row.Status == view.PlanRejected {
			return false, nil
		}
		end, err := e.endOf(ctx, row.ID, ep.Device)
		if err != nil {
			return false, err
		}
		switch run.Outcome(end.Outcome) {
		case run.Unreachable, run.Stale:
			if e.now().Sub(end.Updated) < policy.LoopWindow {
				tries++
			}
		case run.Failed, run.Refused, run.Skipped:
			return false, nil
		case run.Done, "":
		}
		p = p.Again()
	}
	return false, nil
}
