package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/policy"
	"github.com/tenter-net/tenter/internal/view"
)

// A Request says what to plan: the current intents for the named devices and those that have all of the labels, or
// for all if it says nothing.
type Request struct {
	Devices []intent.DeviceName
	Labels  map[string]string
	Part    plan.Part
}

// A Planned is a plan and, per device, what carrying it out would send. Only Plan may leave the process.
type Planned struct {
	Plan        plan.Plan
	Results     map[intent.DeviceName]plan.Result
	Targets     map[intent.DeviceName]Target
	Unreachable []intent.DeviceName // in Plan with a note instead of changes
}

// mostReads is how many devices are read at the same time.
const mostReads = 16

// Plan computes what is to change now. It writes nothing anywhere. A device that cannot be read is noted in the plan and
// stops nobody else's; an unknown one is an error.
func (e *Engine) Plan(ctx context.Context, req Request) (Planned, error) {
	g, err := e.o.Store.CurrentGeneration(ctx)
	if errors.Is(err, view.ErrNotFound) {
		return Planned{}, errors.New("no intents were loaded yet")
	}
	if err != nil {
		return Planned{}, err
	}
	f, err := e.o.Intents.Fabric(ctx, g.ID)
	if err != nil {
		return Planned{}, err
	}
	names, err := req.choose(f)
	if err != nil {
		return Planned{}, err
	}
	out := Planned{Results: map[intent.DeviceName]plan.Result{}, Targets: map[intent.DeviceName]Target{}}
	parts := make([]plan.DevicePlan, len(names))
	errs := make([]error, len(names))
	var wg sync.WaitGroup
	var mu sync.Mutex
	free := make(chan struct{}, mostReads)
	for i, name := range names {
		wg.Go(func() {
			free <- struct{}{}
			defer func() { <-free }()
			p, result, err := e.survey(ctx, g.ID, name, req.Part)
			var away *unreachable
			mu.Lock()
			defer mu.Unlock()
			switch {
			case errors.As(err, &away):
				parts[i] = plan.DevicePlan{Device: name, Notes: []plan.Note{{Path: "/", Text: "could not be read: " + away.Error()}}}
				out.Unreachable = append(out.Unreachable, name)
			case err != nil:
				errs[i] = err
			default:
				parts[i], out.Results[name], out.Targets[name] = result.Plan, result, p.target
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return Planned{}, err
	}
	slices.Sort(out.Unreachable)
	cause := plan.Cause{Trigger: plan.ByManual, Ref: g.ID, Part: req.Part}
	out.Plan = plan.New(cause, plan.Origin{Generation: g.ID, Commit: g.Commit}, parts)
	return out, nil
}

// because returns the plan as made for another cause.
func (p Planned) because(c plan.Cause) plan.Plan {
	return plan.New(c, plan.Origin{Generation: p.Plan.Generation, Commit: p.Plan.Commit}, p.Plan.Devices)
}

// choose returns the names of the devices that are asked for, sorted.
func (r Request) choose(f *fabric.Fabric) ([]intent.DeviceName, error) {
	var names []intent.DeviceName
	for _, d := range f.Devices {
		all := len(r.Devices) == 0 && len(r.Labels) == 0
		if all || slices.Contains(r.Devices, d.Name) || len(r.Labels) > 0 && hasLabels(d, r.Labels) {
			names = append(names, d.Name)
		}
	}
	for _, d := range r.Devices {
		if !slices.Contains(names, d) {
			return nil, fmt.Errorf("device %q: the intents have no such device", d)
		}
	}
	if len(names) == 0 && len(r.Labels) > 0 {
		return nil, errors.New("no device has these labels")
	}
	return names, nil
}

func hasLabels(d *fabric.Device, labels map[string]string) bool {
	for k, v := range labels {
		if d.Labels[k] != v && (k != "role" || d.Role != v) {
			return false
		}
	}
	return true
}

// Propose stores a plan that a person made, for approval, and returns its name: that of an equal one if that still
// waits. A plan without anything to do is not stored.
func (e *Engine) Propose(ctx context.Context, p plan.Plan, actor string) (plan.ID, error) {
	if p.Idle() {
		return p.ID, nil
	}
	id, _, err := e.propose(ctx, proposal{
		plan: p, repeat: true, actor: actor,
		decision: policy.Decision{Verdict: policy.Wait, Reason: "made by hand"},
	})
	return plan.ID(id), err
}

// Import stores a plan that was kept as a file and returns its name. It fails with a *StaleError if the plan was
// used before.
func (e *Engine) Import(ctx context.Context, p plan.Plan, actor string) (plan.ID, error) {
	id, _, err := e.propose(ctx, proposal{
		plan: p, actor: actor,
		decision: policy.Decision{Verdict: policy.Wait, Reason: "from a file"},
	})
	if err != nil {
		return "", err
	}
	row, err := e.o.Store.Plan(ctx, id)
	if err != nil {
		return "", err
	}
	return plan.ID(id), startable(row)
}

// startable says why a plan cannot be started, nil if it can.
func startable(row view.Plan) error {
	switch row.Status {
	case view.PlanOpen, view.PlanApproved:
		return nil
	case view.PlanRejected:
		return &DeniedError{row.ID, "it was rejected: " + row.Reason}
	case view.PlanRunning, view.PlanDone:
		return &StaleError{row.ID, "it was run already, and a plan can be used once"}
	}
	return &StaleError{row.ID, row.Reason}
}

// Start commits a run of a stored plan at a person's word, which counts as approval and enrolls its devices. It returns
// the run's name; Execute, here or in any other process, carries it out.
func (e *Engine) Start(ctx context.Context, id plan.ID, actor string) (string, error) {
	row, p, err := e.load(ctx, id)
	if err != nil {
		return "", err
	}
	if err := startable(row); err != nil {
		return "", err
	}
	if err := e.permit(ctx, row, p); err != nil {
		return "", err
	}
	var runID string
	err = e.o.Store.Do(ctx, func(tx event.Tx) error {
		row, err := e.o.Store.PlanIn(tx, string(id))
		if err != nil {
			return err
		}
		if err := startable(row); err != nil {
			return err
		}
		d := event.Draft{Correlation: row.Correlation, Actor: actor, ActorType: event.ActorUser}
		runID, err = e.start(ctx, tx, row, p, d)
		return err
	})
	if err == nil {
		e.queue.add(job{key: "run/" + runID, kind: kindRun, run: runID})
	}
	return runID, err
}

// permit refuses a plan whose intents are not the current ones, or that a hold stands against.
func (e *Engine) permit(ctx context.Context, row view.Plan, p plan.Plan) error {
	g, err := e.o.Store.CurrentGeneration(ctx)
	if err != nil {
		return err
	}
	if p.Cause.Part != plan.Remedy && g.ID != p.Generation {
		return &StaleError{row.ID, fmt.Sprintf("the intents moved from generation %.8s to %.8s", p.Generation, g.ID)}
	}
	d, err := e.decideAll(ctx, p, policy.Facts{Trigger: p.Cause.Trigger, Requested: true})
	if err != nil {
		return err
	}
	if d.Verdict == policy.Refuse {
		return &DeniedError{row.ID, d.Reason}
	}
	return nil
}

// load returns a stored plan.
func (e *Engine) load(ctx context.Context, id plan.ID) (view.Plan, plan.Plan, error) {
	row, err := e.o.Store.Plan(ctx, string(id))
	if err != nil {
		return row, plan.Plan{}, err
	}
	p, err := plan.Parse(row.Body)
	return row, p, err
}

// Approve records a person's approval of a waiting plan. The run follows from the event.
func (e *Engine) Approve(ctx context.Context, id plan.ID, actor string) error {
	row, p, err := e.load(ctx, id)
	if err != nil {
		return err
	}
	if err := e.permit(ctx, row, p); err != nil {
		return err
	}
	return e.settle(ctx, row, view.PlanApproved, event.TypeApprovalGranted, actor, "")
}

// Reject records that a person does not want a waiting plan. It is never run, and made again only for a new occasion.
func (e *Engine) Reject(ctx context.Context, id plan.ID, actor, reason string) error {
	row, _, err := e.load(ctx, id)
	if err != nil {
		return err
	}
	return e.settle(ctx, row, view.PlanRejected, event.TypeApprovalDenied, actor, reason)
}

func (e *Engine) settle(ctx context.Context, row view.Plan, to string, t event.Type, actor, reason string) error {
	return e.o.Store.Do(ctx, func(tx event.Tx) error {
		moved, err := e.o.Store.MovePlan(tx, row.ID, view.PlanOpen, to, reason)
		if err != nil {
			return err
		}
		if !moved {
			now, err := e.o.Store.PlanIn(tx, row.ID)
			if err != nil {
				return err
			}
			if err := startable(now); err != nil {
				return err
			}
			return &DeniedError{row.ID, "it is " + now.Status + " already"}
		}
		d := event.Draft{
			Type: t, Correlation: row.Correlation, Actor: actor, ActorType: event.ActorUser,
			Data: event.Approval{Plan: row.ID, Content: row.Content, Devices: row.Devices, Reason: reason, Episode: row.Episode},
		}
		if len(row.Devices) == 1 {
			d.Subject = string(row.Devices[0])
		}
		return tx.Append(ctx, d)
	})
}
