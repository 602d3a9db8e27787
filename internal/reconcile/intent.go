package reconcile

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/policy"
)

// planBack plans anew for a device that answers again: its open drift, and the intent that it may have missed.
func (e *Engine) planBack(ctx context.Context, j job) error {
	if err := e.clarify(ctx, j.device); err != nil {
		return err
	}
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
	decision, err := e.decideAll(ctx, p, policy.Facts{
		Trigger: plan.ByIntent, AutoApply: e.o.AutoApply || p.Changes() == 0, // what is there already needs nobody's word
	})
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
