package app

import (
	"context"
	"errors"

	"github.com/tenter-net/tenter/internal/api"
	"github.com/tenter-net/tenter/internal/reconcile/approval"
	"github.com/tenter-net/tenter/internal/schedule"
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
	api.Register(s, OpEvents, a.Events)
	api.Register(s, OpCorrelation, a.Correlation)
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
	var stale *approval.StaleError
	var denied *approval.DeniedError
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
