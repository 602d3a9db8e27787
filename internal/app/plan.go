package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tenter-net/tenter/internal/api"
	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/reconcile"
	"github.com/tenter-net/tenter/internal/run"
	"github.com/tenter-net/tenter/internal/wire"
)

// PlanRequest asks for a plan of the intents as they are in the directory now.
type PlanRequest struct {
	Devices []intent.DeviceName `json:"devices,omitempty"`
	Labels  map[string]string   `json:"labels,omitempty"`
	Keep    bool                `json:"keep,omitempty"` // store it, so that it can be approved or applied by name
	Bind    bool                `json:"bind,omitempty"` // to be kept as a file: single-use, and with an end
	Raw     bool                `json:"raw,omitempty"`  // with the SetRequests
	// Reverse plans taking back what the run of this plan wrote, whatever the intents want.
	Reverse plan.ID `json:"reverse,omitempty"`
}

// PlanReply is a plan. Raw has what would be sent, by device, with digests for secrets.
type PlanReply struct {
	Plan        plan.Plan                    `json:"plan"`
	Raw         map[intent.DeviceName]string `json:"raw,omitempty"`
	Unreachable []intent.DeviceName          `json:"unreachable,omitempty"`
	ReadOnly    []intent.DeviceName          `json:"read_only,omitempty"` // with something to do, and not enrolled
	Warnings    []string                     `json:"warnings,omitempty"`
}

// reloadFor is reload for a plan. What is taken back comes from what a run recorded, so that mistakes in the intents are not in its
// way: they may be why.
func (a *App) reloadFor(ctx context.Context, reverse bool) (warnings []string, err error) {
	warnings, err = a.reload(ctx)
	var bad *IntentsError
	if reverse && errors.As(err, &bad) {
		return []string{fmt.Sprintf("warning: %v\nwarning: the last good intents stay in force; what is taken back does not depend on newer ones", bad)}, nil
	}
	return warnings, err
}

// Plan plans. Intents with mistakes are an error: a plan of the last good ones would not be what the user sees in the
// directory.
func (a *App) Plan(ctx context.Context, who api.Caller, req PlanRequest) (PlanReply, error) {
	warnings, err := a.reloadFor(ctx, req.Reverse != "")
	if err != nil {
		return PlanReply{}, err
	}
	planned, err := a.engine.Plan(ctx, reconcile.Request{Devices: req.Devices, Labels: req.Labels, Back: req.Reverse})
	if err != nil {
		return PlanReply{}, coded(err)
	}
	reply := PlanReply{Plan: planned.Plan, Unreachable: planned.Unreachable, ReadOnly: planned.ReadOnly, Warnings: warnings}
	if req.Raw {
		if reply.Raw, err = a.rawAll(ctx, planned); err != nil {
			return PlanReply{}, err
		}
	}
	if req.Keep {
		id, err := a.engine.Propose(ctx, planned.Plan, who.Name)
		if err != nil {
			return PlanReply{}, coded(err)
		}
		reply.Plan.ID = id
	}
	if req.Bind {
		reply.Plan, err = a.engine.Bind(ctx, reply.Plan)
	}
	return reply, err
}

// ApplyRequest asks for a run of a stored plan, or of one that was kept as a file.
type ApplyRequest struct {
	ID        plan.ID    `json:"id,omitempty"`
	File      *plan.Plan `json:"file,omitempty"`
	OnFailure run.Mode   `json:"on_failure,omitempty"` // empty: as the settings say
	// Within is how long each device waits for tenter run confirm before it is put back; 0 asks nobody.
	Within time.Duration `json:"within,omitempty"`
	// BreakGlass is why the plan is run without the approvals that it lacks, in spite of a freeze and outside of windows.
	BreakGlass string `json:"break_glass,omitempty"`
	// OnStale is what to do when devices are not as they were when the plan was made; empty leaves that to the run, which never
	// writes to such a device.
	OnStale OnStale `json:"on_stale,omitempty"`
	Show    bool    `json:"show,omitempty"` // return the plan
}

// OnStale is what to do with a plan of which some devices are stale.
type OnStale string

// Refuse runs nothing of it. Warn leaves the stale devices out; the run checks each device once more. A plan whose intents or
// policies moved, or of which all devices are stale, is refused either way.
const (
	StaleRefuse OnStale = "refuse"
	StaleWarn   OnStale = "warn"
)

// ApplyReply names the run and what its events share.
type ApplyReply struct {
	Run   string            `json:"run"`
	From  event.Seq         `json:"from"` // every event of the run is later
	Stale []reconcile.Stale `json:"stale,omitempty"`
	Plan  *plan.Plan        `json:"plan,omitempty"`
	// Partial says that the plan was for only some devices of the fabric: its run tells nothing of the others.
	Partial       bool `json:"partial,omitempty"`
	FabricDevices int  `json:"fabric_devices,omitempty"`
	Reverse       bool `json:"reverse,omitempty"` // it takes a run back
}

// mostWithin is how long a device may wait for a person: nothing else is done with it meanwhile.
const mostWithin = 24 * time.Hour

// check says what is wrong with the request, whoever sends it.
func (r ApplyRequest) check() error {
	switch {
	case r.OnFailure != "" && !slices.Contains(run.Modes(), string(r.OnFailure)):
		return fmt.Errorf("on_failure %q: it is one of %s", r.OnFailure, strings.Join(run.Modes(), ", "))
	case r.OnStale != "" && r.OnStale != StaleRefuse && r.OnStale != StaleWarn:
		return fmt.Errorf("on_stale %q: it is %s or %s", r.OnStale, StaleRefuse, StaleWarn)
	case r.Within < 0 || r.Within > mostWithin:
		return fmt.Errorf("a device cannot wait for %s to be confirmed: %s is the most", r.Within, mostWithin)
	case r.BreakGlass != "" && strings.TrimSpace(r.BreakGlass) == "":
		return errors.New("breaking the glass needs a reason: everybody is told of it")
	}
	return nil
}

// Apply commits a run; who carries it out is the reconciler, here or in another process.
func (a *App) Apply(ctx context.Context, who api.Caller, req ApplyRequest) (ApplyReply, error) {
	if err := req.check(); err != nil {
		return ApplyReply{}, err
	}
	if _, err := a.reloadFor(ctx, a.reverses(ctx, req)); err != nil {
		return ApplyReply{}, err
	}
	if req.File != nil {
		var err error
		if req.ID, err = a.engine.Import(ctx, *req.File, who.Name); err != nil {
			return ApplyReply{}, coded(err)
		}
	}
	reply, err := a.beforeApply(ctx, req)
	if err != nil {
		return ApplyReply{}, err
	}
	head, _, err := a.store.Head(ctx)
	if err != nil {
		return ApplyReply{}, err
	}
	id, err := a.engine.Start(ctx, req.ID, reconcile.Beginning{Who: who.Who, OnFailure: req.OnFailure, Within: req.Within, BreakGlass: req.BreakGlass})
	if err != nil {
		return ApplyReply{}, coded(err)
	}
	reply.Run, reply.From = id, head
	return reply, nil
}

// reverses reports whether the plan that is to be run takes a run back. One that is not there does not; that is told later.
func (a *App) reverses(ctx context.Context, req ApplyRequest) bool {
	if req.File != nil {
		return req.File.Cause.Part == plan.Reverse
	}
	row, err := a.store.Plan(ctx, string(req.ID))
	if err != nil {
		return false
	}
	p, err := plan.Parse(row.Body)
	return err == nil && p.Cause.Part == plan.Reverse
}

// DecideRequest approves or rejects a plan that waits.
type DecideRequest struct {
	ID      plan.ID `json:"id"`
	Approve bool    `json:"approve"`
	Reason  string  `json:"reason,omitempty"`
}

// Decide records the decision in the caller's name. It tells which approvals are still missing.
func (a *App) Decide(ctx context.Context, who api.Caller, req DecideRequest) (out reconcile.Approved, err error) {
	switch {
	case req.Approve:
		out, err = a.engine.Approve(ctx, req.ID, who.Who)
	case strings.TrimSpace(req.Reason) == "":
		err = errors.New("a rejection has a reason, for whoever made the plan")
	default:
		err = a.engine.Reject(ctx, req.ID, who.Who, req.Reason)
	}
	return out, coded(err)
}

// raw returns the SetRequests of a plan as text, with digests for secrets.
func (a *App) raw(p reconcile.Planned) (map[intent.DeviceName]string, error) {
	out := map[intent.DeviceName]string{}
	for name, r := range p.Results {
		if r.Edit.Empty() {
			continue
		}
		t := p.Targets[name]
		request, err := wire.Encode(t.Secrets.Redact(r.Edit), wire.EncodeOptions{Roots: t.Table.Roots()})
		if err != nil {
			return nil, fmt.Errorf("device %q: %w", name, err)
		}
		out[name] = wire.Text(request)
	}
	return out, nil
}
