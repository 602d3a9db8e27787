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
)

// Group is the name of the consumer group that Handle belongs to.
const Group = "reconciler"

// Types are the events that Handle wants to see.
func Types() []event.Type {
	return []event.Type{
		event.TypeIntentValidated, event.TypeDriftDetected, event.TypeDriftUpdated, event.TypeDriftRemediated, event.TypeDriftReleased, event.TypeDeviceSynced,
		event.TypeDeviceEnrolled, event.TypeApprovalGranted, event.TypeApplyStarted, event.TypeCommand,
		event.TypeWindowOpened, event.TypeWindowClosed, event.TypeWindowFrozen, event.TypeWindowUnfrozen,
	}
}

// Handle takes an event in. What it must not lose it commits with the event's delivery; the rest it queues, as a hint.
func (e *Engine) Handle(ctx context.Context, tx event.Tx, ev event.Event) error {
	switch ev.Type {
	case event.TypeIntentValidated:
		e.queue.add(job{key: "intent", kind: kindIntent, cause: ev})
		return e.lookAgain(ctx, tx, ev)
	case event.TypeWindowOpened, event.TypeWindowClosed, event.TypeWindowUnfrozen:
		e.queue.add(job{key: "opening", kind: kindOpening, cause: ev})
		return e.lookAgain(ctx, tx, ev)
	case event.TypeWindowFrozen:
		e.pokeAll()
	case event.TypeDriftDetected, event.TypeDriftUpdated, event.TypeDriftRemediated, event.TypeDriftReleased:
		return e.concern(ctx, tx, ev, lookDrift)
	case event.TypeDeviceSynced, event.TypeDeviceEnrolled:
		return e.concern(ctx, tx, ev, lookBack)
	case event.TypeApplyStarted:
		return decoded(ev, func(a event.ApplyStarted) error {
			e.queue.add(job{key: "run/" + a.Run, kind: kindRun, run: a.Run, cause: ev})
			return nil
		})
	case event.TypeCommand:
		return e.commanded(ctx, tx, ev)
	case event.TypeApprovalGranted:
		return decoded(ev, func(a event.Approval) error { return e.granted(ctx, tx, ev, a) })
	}
	return nil
}

// VerbLook is the verb of the command that tells whoever serves a device that there is something to do about it; its reason
// says what.
const VerbLook = "look"

// What there is to do about a device.
const (
	lookDrift = "drift"
	lookBack  = "back"
)

// concern queues what is to be done about a device. The group gives an event to any of its processes: one that does not
// serve the device tells the one that does, by an event that all of them hear. While nobody does, nobody need be told: whoever
// begins to serve a device looks at it.
func (e *Engine) concern(ctx context.Context, tx event.Tx, ev event.Event, why string) error {
	return decoded(ev, func(about struct {
		Device intent.DeviceName `json:"device"`
	},
	) error {
		if e.o.Holds.Serves(about.Device) {
			e.queueLook(ev, why, about.Device)
			return nil
		}
		return tx.Append(ctx, event.Draft{
			Type: event.TypeCommand, Subject: string(about.Device), Actor: e.o.Worker, ActorType: event.ActorSystem,
			Data: event.Command{Verb: VerbLook, Devices: []intent.DeviceName{about.Device}, Reason: why},
		})
	})
}

func (e *Engine) queueLook(ev event.Event, why string, name intent.DeviceName) {
	j := job{key: why + "/" + string(name), kind: kindBack, device: name, cause: ev}
	if why == lookDrift {
		j.kind = kindDrift
	}
	e.queue.add(j)
}

// HintTypes are the events that Hint wants to see.
func HintTypes() []event.Type { return []event.Type{event.TypeCommand} }

// Hint takes in a command that every process hears of, for one of them serves the device that it is about. What is missed is
// found by looking.
func (e *Engine) Hint(ev event.Event) error {
	return decoded(ev, func(c event.Command) error {
		switch c.Verb {
		case VerbAsk:
			e.asked()
		case VerbLook:
			for _, name := range c.Devices {
				if e.o.Holds.Serves(name) {
					e.queueLook(ev, c.Reason, name)
				}
			}
		}
		return nil
	})
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
		prop := proposal{plan: p, cause: j.command, correlation: j.command.Correlation}
		if c.Verb != verbReconcile {
			prop.decision = policy.Decision{Verdict: policy.Wait, Reason: "a plan was asked for"}
			_, _, err = e.propose(ctx, prop)
			return err
		}
		rulings, err := e.ruleUnasked(ctx, p)
		if err != nil {
			return err
		}
		return e.proposeRuled(ctx, rulings, prop)
	})
}

// ruleUnasked decides about a plan that nobody looked at: besides what rule knows, a device may not be unlike what it
// was, nor have drifted too far.
func (e *Engine) ruleUnasked(ctx context.Context, p plan.Plan) ([]ruling, error) {
	rulings, err := e.rule(ctx, p, policy.Facts{Trigger: plan.BySchedule})
	if err != nil {
		return nil, err
	}
	for i, r := range rulings {
		d, _ := p.Device(r.device)
		f := policy.Facts{Trigger: plan.BySchedule, Device: r.device, Enrolled: true, Now: e.now()}
		for _, ch := range d.Changes {
			if ch.Cause == plan.ByDrift {
				f.Different++
			}
		}
		if r.Verdict != policy.Run && r.Verdict != policy.Later || f.Different == 0 {
			continue
		}
		err := e.compare(ctx, p.Generation, &f)
		var away *unreachable
		switch {
		case errors.As(err, &away):
			rulings[i].Decision = policy.Decision{Verdict: policy.Wait, Reason: away.Error()}
		case err != nil:
			return nil, err
		default:
			if d := policy.Decide(f); d.Verdict != policy.Run || r.Verdict == policy.Run {
				rulings[i].Decision = d
			}
		}
	}
	return rulings, nil
}

// compare adds what is another about a device since it was last as applied, and how many leaves are applied on it.
func (e *Engine) compare(ctx context.Context, generation string, f *policy.Facts) error {
	row, err := e.o.Store.Device(ctx, f.Device)
	if err != nil {
		return err
	}
	owned, err := e.o.Store.Owned(ctx, f.Device)
	if err != nil {
		return err
	}
	for _, o := range owned {
		if o.Applied {
			f.Leaves++
		}
	}
	seen, err := e.seenAs(ctx, generation, f.Device)
	f.Changed, f.Mismatch = row.Known.Differs(seen.Known), seen.Mismatch
	return err
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
		var data event.Command
		err := json.Unmarshal(c.Data, &data)
		if data.Verb == VerbAsk || data.Verb == VerbLook {
			continue
		}
		if err == nil && data.Run != "" {
			e.queue.add(job{key: "run/" + data.Run, kind: kindRun, run: data.Run, cause: c})
			continue
		}
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

func deviceLease(d intent.DeviceName) string { return "device/" + string(d) }

func runLease(id string) string { return "run/" + id }
