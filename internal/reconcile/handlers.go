package reconcile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/policy"
	"github.com/tenter-net/tenter/internal/view"
)

// Group is the name of the consumer group that Handle belongs to.
const Group = "reconciler"

// Types are the events that Handle wants to see.
func Types() []event.Type {
	return []event.Type{
		event.TypeIntentValidated, event.TypeDriftDetected, event.TypeDriftUpdated, event.TypeDriftRemediated, event.TypeDeviceSynced,
		event.TypeApprovalGranted, event.TypeApplyStarted, event.TypeCommand,
	}
}

// Handle takes an event in. What it must not lose it commits with the event's delivery; the rest it queues, as a hint.
func (e *Engine) Handle(ctx context.Context, tx event.Tx, ev event.Event) error {
	switch ev.Type {
	case event.TypeIntentValidated:
		e.queue.add(job{key: "intent", kind: kindIntent, cause: ev})
	case event.TypeDriftDetected, event.TypeDriftUpdated:
		return decoded(ev, func(d event.Drift) error {
			e.queue.add(job{key: "drift/" + string(d.Device), kind: kindDrift, device: d.Device, cause: ev})
			return nil
		})
	case event.TypeDriftRemediated:
		return decoded(ev, func(d event.DriftRemediated) error {
			e.queue.add(job{key: "drift/" + string(d.Device), kind: kindDrift, device: d.Device, cause: ev})
			return nil
		})
	case event.TypeDeviceSynced:
		return decoded(ev, func(d event.Device) error {
			e.queue.add(job{key: "back/" + string(d.Device), kind: kindBack, device: d.Device, cause: ev})
			return nil
		})
	case event.TypeApplyStarted:
		return decoded(ev, func(a event.ApplyStarted) error {
			e.queue.add(job{key: "run/" + a.Run, kind: kindRun, run: a.Run, cause: ev})
			return nil
		})
	case event.TypeCommand:
		e.queue.add(job{key: "command/" + string(ev.ID), kind: kindCommand, command: ev, cause: ev})
	case event.TypeApprovalGranted:
		return decoded(ev, func(a event.Approval) error { return e.granted(ctx, tx, ev, a) })
	}
	return nil
}

// decoded calls use with the event's data. Data that cannot be read will not get better by trying again, but the bus
// decides that, and tells of it.
func decoded[T any](ev event.Event, use func(T) error) error {
	var data T
	if err := json.Unmarshal(ev.Data, &data); err != nil {
		return fmt.Errorf("event %s: %w", ev.Type, err)
	}
	return use(data)
}

// granted starts an approved plan. Whoever approved it enrolls its devices by that.
func (e *Engine) granted(ctx context.Context, tx event.Tx, ev event.Event, a event.Approval) error {
	row, err := e.o.Store.PlanIn(tx, a.Plan)
	if errors.Is(err, view.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if row.Status != view.PlanApproved {
		return nil // run or ended by now
	}
	p, err := plan.Parse(row.Body)
	if err != nil {
		return err
	}
	_, err = e.start(ctx, tx, row, p, event.Draft{
		Subject: ev.Subject, Correlation: ev.Correlation, Causation: ev.ID, Actor: ev.Actor, ActorType: ev.ActorType,
	})
	return err
}

// The verbs of a command.
const (
	verbPlan      = "plan"
	verbReconcile = "reconcile"
)

// command plans what a schedule or a person asked for and, for reconcile, runs it, as far as the drift policy lets. Where
// new intent waits for approval, reconcile restores what was applied and ships nothing else.
func (e *Engine) command(ctx context.Context, j job) error {
	return decoded(j.command, func(c event.Command) error {
		if c.Verb != verbPlan && c.Verb != verbReconcile {
			return fmt.Errorf("command %q: unknown verb", c.Verb)
		}
		req := Request{Devices: c.Devices, Labels: c.Labels}
		if c.Verb == verbReconcile {
			req.Part = plan.Remedy
			if e.o.AutoApply {
				req.Part = plan.Heeding
			}
		}
		planned, err := e.Plan(ctx, req)
		if err != nil || planned.Plan.Idle() {
			return err
		}
		cause := plan.Cause{Trigger: plan.ByManual, Ref: string(j.command.ID), Part: req.Part}
		if c.Schedule != "" {
			cause.Trigger = plan.BySchedule
		}
		p := planned.because(cause)
		decision := policy.Decision{Verdict: policy.Wait, Reason: "a plan was asked for"}
		if c.Verb == verbReconcile {
			if decision, err = e.decideUnasked(ctx, p); err != nil {
				return err
			}
		}
		_, _, err = e.propose(ctx, proposal{
			plan: p, decision: decision, cause: j.command, correlation: j.command.Correlation,
		})
		return err
	})
}

// decideUnasked decides about a plan that nobody looked at: besides what decideAll knows, no device may be unlike what
// it was, nor have drifted too far.
func (e *Engine) decideUnasked(ctx context.Context, p plan.Plan) (policy.Decision, error) {
	decision, err := e.decideAll(ctx, p, policy.Facts{Trigger: plan.BySchedule})
	if err != nil || decision.Verdict != policy.Run {
		return decision, err
	}
	for _, d := range p.Devices {
		f := policy.Facts{Trigger: plan.BySchedule, Enrolled: true, Now: e.now()}
		for _, ch := range d.Changes {
			if ch.Cause == plan.ByDrift {
				f.Different++
			}
		}
		if f.Different == 0 {
			continue
		}
		if f.Changed, f.Leaves, err = e.compared(ctx, d.Device); err != nil {
			return decision, err
		}
		if one := policy.Decide(f); one.Verdict != policy.Run {
			one.Reason = fmt.Sprintf("%s: %s", d.Device, one.Reason)
			return one, nil
		}
	}
	return decision, nil
}

// compared says what is another about a device since it was last as applied, and how many leaves are applied on it.
func (e *Engine) compared(ctx context.Context, device intent.DeviceName) (changed string, leaves int, err error) {
	row, err := e.o.Store.Device(ctx, device)
	if err != nil {
		return "", 0, err
	}
	owned, err := e.o.Store.Owned(ctx, device)
	if err != nil {
		return "", 0, err
	}
	for _, o := range owned {
		if o.Applied {
			leaves++
		}
	}
	s, err := e.o.Sessions.Session(ctx, device)
	if err != nil {
		return "", 0, &unreachable{device, err}
	}
	facts, err := s.Probe(ctx)
	if err != nil {
		return "", 0, &unreachable{device, err}
	}
	return row.Known.Differs(known(facts)), leaves, nil
}

// commandMemory is how far back a starting process looks for commands that its forerunner took and left.
const commandMemory = time.Hour

// resyncCommands queues the commands that no plan followed. One that had nothing to do leaves no trace and is done
// again, with nothing to do.
func (e *Engine) resyncCommands(ctx context.Context) error {
	since := e.now().Add(-commandMemory)
	commands, err := e.o.Store.Events(ctx, event.Query{Types: []event.Type{event.TypeCommand}, Since: since, Limit: 1000})
	if err != nil {
		return err
	}
	for _, c := range commands {
		followed, err := e.o.Store.Events(ctx, event.Query{Types: []event.Type{event.TypePlanGenerated}, Correlation: c.Correlation, Limit: 1})
		if err != nil {
			return err
		}
		if len(followed) == 0 {
			e.queue.add(job{key: "command/" + string(c.ID), kind: kindCommand, command: c, cause: c})
		}
	}
	return nil
}

// A holder is how one run of this process holds leases: two runs must not hold one together.
func (e *Engine) holder(run string) string { return e.o.Worker + "/" + run }

func deviceLease(d intent.DeviceName) string { return "device/" + string(d) }
