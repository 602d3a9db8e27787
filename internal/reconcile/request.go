package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/policy"
	"github.com/tenter-net/tenter/internal/reconcile/approval"
	"github.com/tenter-net/tenter/internal/view"
)

// A Request says what to plan: the current intents for the named devices and those that have all of the labels, or
// for all if it says nothing.
type Request struct {
	Devices []intent.DeviceName
	Labels  map[string]string
	Part    plan.Part
	Back    plan.ID // plan taking back what the run of this plan wrote, and nothing else of what is wanted
	Backup  string  // plan bringing this backup back, and nothing else of what is wanted
}

// A Planned is a plan and, per device, what carrying it out would send. Only Plan may leave the process.
type Planned struct {
	Plan        plan.Plan
	Results     map[intent.DeviceName]plan.Result
	Targets     map[intent.DeviceName]Target
	Unreachable []intent.DeviceName // in Plan without changes
	ReadOnly    []intent.DeviceName // with something to do, and not enrolled
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
	cause := plan.Cause{Trigger: plan.ByManual, Ref: g.ID, Part: req.Part}
	if req.Back != "" {
		if names, err = e.reversibleOf(ctx, req, names); err != nil {
			return Planned{}, err
		}
		cause.Ref, cause.Part = string(req.Back), plan.Reverse
	}
	if req.Backup != "" {
		cause.Ref, cause.Part = req.Backup, plan.Restore
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
			p, result, err := e.surveyed(ctx, g.ID, name, cause)
			var away *unreachable
			mu.Lock()
			defer mu.Unlock()
			switch {
			case errors.As(err, &away):
				parts[i] = plan.DevicePlan{Device: name, Unread: away.Error()}
				out.Unreachable = append(out.Unreachable, name)
			case err != nil:
				errs[i] = err
			default:
				parts[i], out.Results[name], out.Targets[name] = result.Plan, result, p.target
				if p.row.Enrolled.IsZero() && !result.Plan.Idle() {
					out.ReadOnly = append(out.ReadOnly, name)
				}
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return Planned{}, err
	}
	slices.Sort(out.Unreachable)
	slices.Sort(out.ReadOnly)
	from, err := e.origin(ctx, g)
	if err != nil {
		return Planned{}, err
	}
	from.Partial = len(parts) < from.Devices
	out.Plan = plan.New(cause, from, parts)
	return out, nil
}

// because returns the plan as made for another cause.
func (p Planned) because(c plan.Cause) plan.Plan {
	return plan.New(c, p.Plan.Origin(), p.Plan.Devices)
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

// Bind returns a plan as it may be kept as a file: for as long as one in the store would wait.
func (e *Engine) Bind(ctx context.Context, p plan.Plan) (plan.Plan, error) {
	s, err := e.sealing(ctx)
	if err != nil {
		return p, err
	}
	return p.Bound(e.now().Add(e.o.PlanExpires), s)
}

// sealing is what seals plans: the store's key, which every device's secrets are told apart by.
func (e *Engine) sealing(ctx context.Context) (*plan.Secrets, error) {
	g, err := e.o.Store.CurrentGeneration(ctx)
	if err != nil {
		return nil, err
	}
	f, err := e.o.Intents.Fabric(ctx, g.ID)
	if err != nil {
		return nil, err
	}
	if len(f.Devices) == 0 {
		return nil, errors.New("the intents have no device")
	}
	t, err := e.o.Intents.Target(ctx, g.ID, f.Devices[0].Name)
	return t.Secrets, err
}

// Import stores a plan that was kept as a file and returns its name. It fails with a *approval.StaleError if the plan was
// used before, or is past its time, and if it is not as Bind made it here.
func (e *Engine) Import(ctx context.Context, p plan.Plan, actor string) (plan.ID, error) {
	expires := p.Expires
	switch {
	case p.Binding == "":
		return "", &approval.StaleError{Plan: string(p.ID), Reason: "it does not say until when it may be used; a plan for a file is made by tenter plan --out FILE"}
	case !e.now().Before(expires):
		return "", &approval.StaleError{Plan: string(p.ID), Reason: "it could be used until " + expires.Format(time.RFC3339)}
	}
	s, err := e.sealing(ctx)
	if err != nil {
		return "", err
	}
	if !p.Sealed(s) {
		return "", fmt.Errorf("plan %q: was altered, or made by another installation; a plan for a file is made by tenter plan --out FILE", p.ID)
	}
	p.Expires, p.Binding, p.Seal = time.Time{}, "", "" // the store keeps that beside the plan
	id, _, err := e.propose(ctx, proposal{
		plan: p, actor: actor, expires: expires,
		decision: policy.Decision{Verdict: policy.Wait, Reason: "from a file"},
	})
	if err != nil {
		return "", err
	}
	row, err := e.o.Store.Plan(ctx, id)
	if err != nil {
		return "", err
	}
	return plan.ID(id), e.approvals.Startable(row)
}
