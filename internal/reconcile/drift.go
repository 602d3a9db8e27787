package reconcile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/policy"
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
			held := decision.Rule == "hold" || decision.Rule == "loop" || decision.Rule == "mass change"
			return e.noteEpisode(ctx, tx, ep, id, decision, held)
		},
	})
	return err
}

// noteEpisode writes the plan into the episode, and tells once why it is held.
func (e *Engine) noteEpisode(ctx context.Context, tx event.Tx, ep view.Episode, id string, d policy.Decision, held bool) error {
	told := false
	err := e.updateEpisode(tx, ep.ID, func(ep *view.Episode) {
		ep.Plan = id
		if held {
			told, ep.Reason = ep.Reason == d.Reason, d.Reason
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
	f := e.facts(p, plan.ByDrift)
	f.Mode = p.mode(e, r.Writes)
	f.Looping = policy.Looping(backs, paths, now)
	f.Different, f.Leaves = len(r.Writes), p.input.Applied.Len()
	return policy.Decide(f), nil
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

// planBack plans anew for a device that answers again: its open drift, and the intent that it may have missed.
func (e *Engine) planBack(ctx context.Context, j job) error {
	e.queue.add(job{key: "drift/" + string(j.device), kind: kindDrift, device: j.device, cause: j.cause})
	if !e.o.AutoApply {
		return nil
	}
	g, err := e.o.Store.CurrentGeneration(ctx)
	if err != nil {
		return err
	}
	row, err := e.o.Store.Device(ctx, j.device)
	if err != nil || row.Generation == g.ID {
		return err
	}
	planned, err := e.Plan(ctx, Request{Devices: []intent.DeviceName{j.device}, Part: plan.Pending})
	if err != nil {
		return err
	}
	return e.proposeIntent(ctx, planned, true)
}

// planIntent plans what of the current generation was not rolled out yet, for every device.
func (e *Engine) planIntent(ctx context.Context) error {
	planned, err := e.Plan(ctx, Request{Part: plan.Pending})
	if err != nil {
		return err
	}
	if err := e.proposeIntent(ctx, planned, false); err != nil {
		return err
	}
	e.mu.Lock()
	e.planned = planned.Plan.Generation
	e.mu.Unlock()
	return nil
}

// proposeIntent stores a plan for new intent. Enrolled devices may get theirs at once; one that is not makes all wait.
func (e *Engine) proposeIntent(ctx context.Context, planned Planned, repeat bool) error {
	if err := e.outdate(ctx, planned.Plan.Generation); err != nil {
		return err
	}
	if planned.Plan.Idle() {
		var read []intent.DeviceName
		for name := range planned.Results {
			read = append(read, name)
		}
		return e.withdraw(ctx, plan.ByIntent, read, "there is nothing to roll out any more")
	}
	cause, err := e.causeOf(ctx, planned.Plan.Generation)
	if err != nil {
		return err
	}
	p := planned.because(plan.Cause{Trigger: plan.ByIntent, Ref: planned.Plan.Generation, Part: plan.Pending})
	decision, err := e.decideAll(ctx, p, policy.Facts{Trigger: plan.ByIntent, AutoApply: e.o.AutoApply})
	if err != nil {
		return err
	}
	_, _, err = e.propose(ctx, proposal{plan: p, decision: decision, cause: cause, correlation: cause.Correlation, repeat: repeat})
	return err
}

// causeOf returns the event by which a generation became the current one, the zero event if the log does not tell.
func (e *Engine) causeOf(ctx context.Context, generation string) (event.Event, error) {
	list, err := e.o.Store.Events(ctx, event.Query{Types: []event.Type{event.TypeIntentValidated}, Newest: true, Limit: 10})
	if err != nil {
		return event.Event{}, err
	}
	for _, ev := range list {
		var v event.IntentValidated
		if json.Unmarshal(ev.Data, &v) == nil && v.Generation == generation {
			return ev, nil
		}
	}
	return event.Event{}, nil
}

// decideAll decides about a plan for several devices: the first that may not be written to at once makes all wait.
func (e *Engine) decideAll(ctx context.Context, p plan.Plan, f policy.Facts) (policy.Decision, error) {
	decision := policy.Decision{Verdict: policy.Wait, Reason: "nothing to do"}
	for _, name := range busyDevices(p) {
		row, err := e.o.Store.Device(ctx, name)
		if err != nil {
			return decision, err
		}
		f.Now, f.Enrolled, f.HeldUntil, f.HeldReason = e.now(), !row.Enrolled.IsZero(), row.HeldUntil, row.HeldReason
		decision = policy.Decide(f)
		if decision.Verdict != policy.Run {
			decision.Reason = fmt.Sprintf("%s: %s", name, decision.Reason)
			return decision, nil
		}
	}
	return decision, nil
}

// withdraw expires the open plans of a trigger that are for nothing but the given devices.
func (e *Engine) withdraw(ctx context.Context, by plan.Trigger, devices []intent.DeviceName, reason string) error {
	return e.expireOpen(ctx, reason, func(p view.Plan) bool {
		return p.Cause == string(by) && !slices.ContainsFunc(p.Devices, func(d intent.DeviceName) bool { return !slices.Contains(devices, d) })
	})
}

// outdate expires the plans that were made from other intents than the current ones. Plans that put drift back
// stay: what was applied does not depend on intents.
func (e *Engine) outdate(ctx context.Context, generation string) error {
	return e.expireOpen(ctx, "the intents changed", func(p view.Plan) bool {
		return p.Generation != generation && p.Cause != string(plan.ByDrift)
	})
}
