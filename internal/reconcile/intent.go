package reconcile

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/policy"
	"github.com/tenter-net/tenter/internal/run"
	"github.com/tenter-net/tenter/internal/view"
)

// planBack plans anew for a device that answers again: its open drift, and the intent that it may have missed.
func (e *Engine) planBack(ctx context.Context, j job) error {
	g, err := e.o.Store.CurrentGeneration(ctx)
	if err != nil {
		return err
	}
	if wanted, err := e.wants(ctx, g.ID, j.device); err != nil || !wanted {
		return err
	}
	if err := e.clarify(ctx, j.device); err != nil {
		return err
	}
	e.queue.add(job{key: "drift/" + string(j.device), kind: kindDrift, device: j.device, cause: j.cause})
	row, err := e.o.Store.Device(ctx, j.device)
	if err != nil || row.Generation == g.ID {
		return err
	}
	if e.lastPlanned() != g.ID { // all devices are being planned, maybe without this one: once more, after that
		e.queue.add(job{key: "intent", kind: kindIntent})
		return nil
	}
	unasked, err := e.unasked(ctx)
	if err != nil {
		return err
	}
	if waits, err := e.proposed(ctx, j.device); err != nil || waits && !unasked {
		return err
	}
	since := e.turns()
	planned, err := e.Plan(ctx, Request{Devices: []intent.DeviceName{j.device}, Part: plan.Pending})
	if err != nil {
		return err
	}
	return e.proposeIntent(ctx, planned, since, unasked)
}

// proposed reports whether a plan for new intent on the device is still to be run.
func (e *Engine) proposed(ctx context.Context, device intent.DeviceName) (bool, error) {
	plans, err := e.o.Store.Plans(ctx, view.PlanQuery{Device: device, Status: []view.PlanStatus{view.PlanOpen, view.PlanApproved, view.PlanRunning}})
	return slices.ContainsFunc(plans, func(p view.Plan) bool { return p.Cause == string(plan.ByIntent) }), err
}

// planIntent plans what of the current generation was not rolled out yet, for every device.
func (e *Engine) planIntent(ctx context.Context) error {
	since := e.turns()
	planned, err := e.Plan(ctx, Request{Part: plan.Pending})
	if err != nil {
		return err
	}
	if err := e.partWith(ctx, planned.Plan); err != nil {
		return err
	}
	return e.proposeIntent(ctx, planned, since, false)
}

// partWith ends the sessions with devices that are not in a plan for all devices: the intents do not have them any more.
func (e *Engine) partWith(ctx context.Context, p plan.Plan) error {
	rows, err := e.o.Store.Devices(ctx)
	if err != nil {
		return err
	}
	changing, err := e.changing(ctx)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if _, wanted := p.Device(r.Name); !wanted && !changing[r.Name] {
			e.o.Sessions.Forget(r.Name)
		}
	}
	return nil
}

// lastPlanned is the generation of which nothing is left to be planned, as far as this process knows.
func (e *Engine) lastPlanned() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.planned
}

func (e *Engine) setPlanned(generation string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.planned = generation
}

// turns counts the ends of runs on devices in this process.
func (e *Engine) turns() uint64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.turn
}

// ended notes that a run is at its end on a device: what was computed from an earlier reading is old.
func (e *Engine) ended(device intent.DeviceName) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.turn++
	e.lastTurn[device] = e.turn
}

func (e *Engine) endedSince(device intent.DeviceName, since uint64) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.lastTurn[device] > since
}

// proposeIntent stores plans for new intent, computed after the given number of turns. Devices that may be written to get
// theirs at once where that is wanted; those that are not enrolled or on hold make nobody else wait. What a run is changing, or has changed meanwhile, is left out and planned again.
func (e *Engine) proposeIntent(ctx context.Context, planned Planned, since uint64, repeat bool) error {
	e.proposing.Lock() // or two plans for one device might not see each other
	defer e.proposing.Unlock()
	e.setPlanned("") // a run that ends from here on asks for the intents to be planned again
	generation := planned.Plan.Generation
	g, err := e.o.Store.CurrentGeneration(ctx)
	if err != nil {
		return err
	}
	if g.ID != generation {
		return nil // the intents changed while this was computed, and are planned for that
	}
	if err := e.approvals.Outdate(ctx, generation); err != nil {
		return err
	}
	if planned.Plan.Idle() {
		var read []intent.DeviceName
		for name := range planned.Results {
			read = append(read, name)
		}
		e.setPlanned(generation)
		return e.approvals.Withdraw(ctx, plan.ByIntent, read, "there is nothing to roll out any more")
	}
	changing, err := e.changing(ctx)
	if err != nil {
		return err
	}
	all := len(planned.Plan.Devices)
	planned.Plan.Devices = slices.DeleteFunc(slices.Clone(planned.Plan.Devices), func(d plan.DevicePlan) bool {
		old := !d.Idle() && e.endedSince(d.Device, since)
		if old { // no end of a run is still to come that would ask for it
			e.queue.add(job{key: "intent", kind: kindIntent})
		}
		return old || !d.Idle() && changing[d.Device]
	})
	if !planned.Plan.Idle() {
		if err := e.proposeRest(ctx, planned, repeat); err != nil {
			return err
		}
	}
	if len(planned.Plan.Devices) == all {
		e.setPlanned(generation)
	}
	return nil
}

// proposeRest stores the plans for the devices that are free: one to be run at once, one that waits.
func (e *Engine) proposeRest(ctx context.Context, planned Planned, repeat bool) error {
	cause, err := e.causeOf(ctx, planned.Plan.Generation)
	if err != nil {
		return err
	}
	p := planned.because(plan.Cause{Trigger: plan.ByIntent, Ref: planned.Plan.Generation, Part: plan.Pending})
	rulings, err := e.rule(ctx, p, e.byIntent(p))
	if err != nil {
		return err
	}
	fell := slices.ContainsFunc(rulings, func(r ruling) bool { return r.fell })
	return e.proposeRuled(ctx, rulings, proposal{plan: p, cause: cause, correlation: cause.Correlation, repeat: repeat, fell: fell})
}

// byIntent are the facts about a plan for new intent. What is there already needs nobody's word.
func (e *Engine) byIntent(p plan.Plan) policy.Facts {
	return policy.Facts{Trigger: plan.ByIntent, AutoApply: e.o.AutoApply || p.Changes() == 0}
}

// changing are the devices on which a run is not at its end yet.
func (e *Engine) changing(ctx context.Context) (map[intent.DeviceName]bool, error) {
	running, err := e.o.Store.Plans(ctx, view.PlanQuery{Status: []view.PlanStatus{view.PlanRunning}, Limit: 10_000})
	if err != nil {
		return nil, err
	}
	names := map[intent.DeviceName]bool{}
	for _, p := range running {
		rows, err := e.o.Store.RunDevices(ctx, runOf(p.ID))
		if err != nil {
			return nil, err
		}
		ended := map[intent.DeviceName]bool{}
		for _, r := range rows {
			ended[r.Device] = r.Step == string(run.Ended)
		}
		for _, d := range p.Devices {
			if !ended[d] {
				names[d] = true
			}
		}
	}
	return names, nil
}

// causeOf returns the event by which a generation became the current one, the zero event if the log does not tell.
func (e *Engine) causeOf(ctx context.Context, generation string) (event.Event, error) {
	// It is mostly the newest of its kind, and then found without reading the log for others.
	for _, most := range []int{1, 10} {
		list, err := e.o.Store.Events(ctx, event.Query{Types: []event.Type{event.TypeIntentValidated}, Newest: true, Limit: most})
		if err != nil {
			return event.Event{}, err
		}
		for _, ev := range list {
			var v event.IntentValidated
			if json.Unmarshal(ev.Data, &v) == nil && v.Generation == generation {
				return ev, nil
			}
		}
	}
	return event.Event{}, nil
}
