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
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/reconcile"
	"github.com/tenter-net/tenter/internal/run"
	"github.com/tenter-net/tenter/internal/schedule"
	"github.com/tenter-net/tenter/internal/view"
	"github.com/tenter-net/tenter/internal/wire"
)

// The names of the operations on the socket.
const (
	OpPlan      = "plan"
	OpApply     = "apply"
	OpDecide    = "decide"
	OpEnroll    = "enroll"
	OpForget    = "forget"
	OpHold      = "hold"
	OpRead      = "read"
	OpSchedule  = "schedule"
	OpDead      = "dead"
	OpSchedules = "schedules"
	OpControl   = "control"
	OpFreeze    = "freeze"
	OpLocks     = "locks"
	OpUnlock    = "unlock"
	OpWhyNot    = "why_not"
)

// register offers every operation on the socket.
func (a *App) register(s *api.Server) {
	a.registerLog(s)
	a.registerReads(s)
	a.registerBackups(s)
	api.Register(s, OpTokenCreate, a.CreateToken)
	api.Register(s, OpTokenList, a.Tokens)
	api.Register(s, OpTokenRevoke, a.RevokeToken)
	s.Stream(StreamEvents, a.stream)
	api.Register(s, OpPlan, a.Plan)
	api.Register(s, OpApply, a.Apply)
	api.Register(s, OpDecide, a.Decide)
	api.Register(s, OpEnroll, a.Enroll)
	api.Register(s, OpForget, a.Forget)
	api.Register(s, OpHold, a.Hold)
	api.Register(s, OpFreeze, a.Freeze)
	api.Register(s, OpLocks, a.Locks)
	api.Register(s, OpUnlock, a.Unlock)
	api.Register(s, OpWhyNot, a.WhyNot)
	api.Register(s, OpRead, a.Read)
	api.Register(s, OpOrder, a.Order)
	api.Register(s, OpSchedule, a.Schedule)
	api.Register(s, OpDead, a.Dead)
	api.Register(s, OpSchedules, a.Schedules)
	api.Register(s, OpControl, a.Control)
	api.Register(s, OpRelease, a.Release)
}

// Nothing is the answer of an operation that has none.
type Nothing struct{}

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

// Plan plans. Intents with mistakes are an error: a plan of the last good ones would not be what the user sees in the
// directory.
func (a *App) Plan(ctx context.Context, who api.Caller, req PlanRequest) (PlanReply, error) {
	warnings, err := a.reload(ctx)
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
	if _, err := a.reload(ctx); err != nil {
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

// EnrollRequest lets Tenter write to devices: the named ones and those that have all of the labels, or all if it says
// nothing. Replace, with a Reason, lets another device take the place of an enrolled one.
type EnrollRequest struct {
	Devices []intent.DeviceName `json:"devices,omitempty"`
	Labels  map[string]string   `json:"labels,omitempty"`
	Replace bool                `json:"replace,omitempty"`
	Reason  string              `json:"reason,omitempty"`
}

// EnrollReply is how it went, by device.
type EnrollReply struct {
	Devices []reconcile.Enrolment `json:"devices"`
}

// Enroll asks devices what they are and pins that, in the caller's name.
func (a *App) Enroll(ctx context.Context, who api.Caller, req EnrollRequest) (EnrollReply, error) {
	if _, err := a.reload(ctx); err != nil {
		return EnrollReply{}, err
	}
	list, err := a.engine.Enroll(ctx, reconcile.EnrollRequest(req), who.Name)
	return EnrollReply{Devices: list}, err
}

// ForgetRequest lets go of a device that is not in the intents any more.
type ForgetRequest struct {
	Device intent.DeviceName `json:"device"`
	Reason string            `json:"reason"`
}

// ForgetReply says how many leaves that Tenter wrote are left on the device.
type ForgetReply struct {
	Owned int64 `json:"owned"`
}

// Forget drops what is remembered of the device, and with it Tenter's claim to what it wrote there.
func (a *App) Forget(ctx context.Context, who api.Caller, req ForgetRequest) (out ForgetReply, err error) {
	if _, err := a.reload(ctx); err != nil {
		return out, err
	}
	if _, err := a.generations.target(ctx, req.Device); err == nil {
		return out, fmt.Errorf("device %q: it is in the intents; remove its document first", req.Device)
	}
	row, err := a.store.Device(ctx, req.Device)
	if err == nil && row.Updated.IsZero() && row.Applied == 0 {
		err = fmt.Errorf("device %q: nothing is remembered of it", req.Device)
	}
	if err != nil {
		return out, err
	}
	err = a.store.Do(ctx, func(tx event.Tx) error {
		if out.Owned, err = a.store.ForgetDevice(tx, req.Device); err != nil {
			return err
		}
		return tx.Append(ctx, event.Draft{
			Type: event.TypeDeviceForgotten, Subject: string(req.Device), Actor: who.Name, ActorType: event.ActorUser,
			Data: event.Device{Device: req.Device, Reason: fmt.Sprintf("%s; left on it: %d leaves", req.Reason, out.Owned)},
		})
	})
	return out, err
}

// HoldRequest stops writing to a device for a time, or ends that: a hold of no time.
type HoldRequest struct {
	Device intent.DeviceName `json:"device"`
	For    time.Duration     `json:"for"`
	Reason string            `json:"reason"`
}

// Hold records the hold. The device goes on being watched.
func (a *App) Hold(ctx context.Context, who api.Caller, req HoldRequest) (Nothing, error) {
	if req.For > 0 && strings.TrimSpace(req.Reason) == "" {
		return Nothing{}, fmt.Errorf("device %q: a hold needs a reason, for those who wonder", req.Device)
	}
	// The intents in force decide whether there is such a device: mistakes in newer ones must not be in the way of a hold.
	if _, err := a.generations.target(ctx, req.Device); err != nil {
		return Nothing{}, err
	}
	err := a.store.Do(ctx, func(tx event.Tx) error {
		why := "released"
		err := a.store.UpdateDevice(tx, req.Device, func(d *view.Device) {
			d.HeldUntil, d.HeldReason = time.Time{}, ""
			if req.For > 0 {
				d.HeldUntil, d.HeldReason = a.now().Add(req.For), req.Reason+" ("+who.Name+")"
				why = fmt.Sprintf("held until %s: %s", d.HeldUntil.UTC().Format(time.RFC3339), req.Reason)
			}
		})
		if err != nil {
			return err
		}
		return tx.Append(ctx, event.Draft{
			Type: event.TypeDeviceChanged, Subject: string(req.Device), Actor: who.Name, ActorType: event.ActorUser,
			Data: event.Device{Device: req.Device, Reason: why},
		})
	})
	return Nothing{}, err
}

// ReadRequest asks for what a device has at and under paths, all of its configuration if there are none.
type ReadRequest struct {
	Device intent.DeviceName `json:"device"`
	Paths  []string          `json:"paths,omitempty"`
}

// ReadReply is the device's configuration in canonical order, with digests for secrets.
type ReadReply struct {
	Leaves   []ReadLeaf `json:"leaves"`
	Problems []string   `json:"problems,omitempty"` // what no schema explains
}

// ReadLeaf is one leaf as people read it.
type ReadLeaf struct {
	Path  string `json:"path"`
	Value string `json:"value"`
}

// Read reads a device.
func (a *App) Read(ctx context.Context, _ api.Caller, req ReadRequest) (ReadReply, error) {
	if _, err := a.reload(ctx); err != nil {
		return ReadReply{}, err
	}
	elses, err := a.engine.Elsewhere(ctx, req.Device)
	if err != nil {
		return ReadReply{}, err
	}
	if elses {
		var reply ReadReply
		err := a.engine.Ask(ctx, req.Device, verbRead, req, &reply)
		return reply, err
	}
	return a.read(ctx, req)
}

// read reads a device in this process.
func (a *App) read(ctx context.Context, req ReadRequest) (ReadReply, error) {
	t, err := a.generations.target(ctx, req.Device)
	if err != nil {
		return ReadReply{}, err
	}
	var prefixes []path.Path
	for _, text := range req.Paths {
		p, err := path.Parse(text)
		if err != nil {
			return ReadReply{}, err
		}
		if p, err = t.watch.Table.Roots().Normalize(p); err != nil {
			return ReadReply{}, err
		}
		prefixes = append(prefixes, p)
	}
	s, err := a.pool.get(ctx, req.Device)
	if err != nil {
		return ReadReply{}, err
	}
	have, problems, err := s.Read(ctx, prefixes)
	if err != nil {
		return ReadReply{}, err
	}
	reply := ReadReply{Leaves: []ReadLeaf{}}
	for l := range have.All() {
		reply.Leaves = append(reply.Leaves, ReadLeaf{Path: l.Path.String(), Value: t.watch.Secrets.Show(l.Path, l.Value)})
	}
	for _, p := range problems {
		reply.Problems = append(reply.Problems, fmt.Sprintf("%s: %s", p.Path, p.Reason))
	}
	return reply, nil
}

// ScheduleRequest starts a schedule now.
type ScheduleRequest struct {
	Name string `json:"name"`
}

// Schedule runs a schedule out of turn; its next due time stays.
func (a *App) Schedule(ctx context.Context, who api.Caller, req ScheduleRequest) (Nothing, error) {
	if _, err := a.reload(ctx); err != nil {
		return Nothing{}, err
	}
	_, err := a.scheduler.RunNow(ctx, req.Name, who.Name)
	return Nothing{}, err
}

// coded gives the reconciler's refusals their stable names.
func coded(err error) error {
	var stale *reconcile.StaleError
	var denied *reconcile.DeniedError
	switch {
	case errors.As(err, &stale):
		return &CodedError{CodeStale, err}
	case errors.As(err, &denied):
		return &CodedError{CodeDenied, err}
	default:
		return err
	}
}

// Schedules lists the schedules with when each is due.
func (a *App) Schedules(ctx context.Context, _ api.Caller, _ Nothing) ([]schedule.Entry, error) {
	if _, err := a.reload(ctx); err != nil {
		return nil, err
	}
	return a.scheduler.List(ctx)
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
