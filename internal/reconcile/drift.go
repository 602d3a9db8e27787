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

// mostAttempts bounds how often one episode makes the same plan, which it may when the device could not be reached.
const mostAttempts = 5

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
			held := decision.Rule == "hold" || decision.Rule == "loop" || decision.Rule == "changed device" || decision.Rule == "mass change"
			return e.noteEpisode(ctx, tx, ep, id, decision, held)
		},
	})
	return err
}

// noteEpisode writes the plan into the episode, and tells once why it is held.
func (e *Engine) noteEpisode(ctx context.Context, tx event.Tx, ep view.Episode, id string, d policy.Decision, held bool) error {
	told := false
	err := e.updateEpisode(tx, ep.ID, func(ep *view.Episode) {
		told, ep.Plan, ep.Reason = ep.Reason == d.Reason, id, ""
		if held {
			ep.Reason = d.Reason
		}
	})
	if err != nil || !held || told {
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
	now := e.now()
	past, err := e.o.Store.Episodes(ctx, view.EpisodeQuery{Device: p.input.Device, Since: now.Add(-2 * policy.LoopWindow), Limit: 1000})
	if err != nil {
		return policy.Decision{}, err
	}
	var backs []policy.PutBack
	for _, ep := range past {
		if ep.Closed.IsZero() || ep.By != "tenter" {
			continue
		}
		b := policy.PutBack{At: ep.Closed}
		for _, f := range ep.Findings {
			b.Paths = append(b.Paths, f.Path)
		}
		backs = append(backs, b)
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
	f.Looping = policy.Looping(backs, paths, now)
	f.Different, f.Leaves = len(r.Writes), p.input.Applied.Len()
	return policy.Decide(f), nil
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

// mayRepeat reports whether an episode may make a plan again that is through: when it did not reach the device.
func (e *Engine) mayRepeat(ctx context.Context, ep view.Episode, p plan.Plan) (bool, error) {
	for range mostAttempts {
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
		states, err := e.o.Store.RunDevices(ctx, runOf(row.ID))
		if err != nil {
			return false, err
		}
		for _, s := range states {
			if s.Device == ep.Device && s.Outcome != string(run.Unreachable) && s.Outcome != string(run.Stale) {
				return false, nil
			}
		}
		p = p.Again()
	}
	return false, nil
}
