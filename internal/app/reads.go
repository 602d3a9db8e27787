package app

import (
	"context"

	"github.com/tenter-net/tenter/internal/api"
	"github.com/tenter-net/tenter/internal/view"
)

// The operations that show read models to those who cannot open the store.
const (
	OpPlans   = "plans"
	OpPlanOf  = "plan-show"
	OpRuns    = "runs"
	OpDevices = "devices"
)

func (a *App) registerReads(s *api.Server) {
	api.Register(s, OpPlans, a.Plans)
	api.Register(s, OpPlanOf, a.PlanOf)
	api.Register(s, OpRuns, a.Runs)
	api.Register(s, OpDevices, a.Devices)
}

// Plans returns the plans that a query selects, the newest first.
func (a *App) Plans(ctx context.Context, _ api.Caller, q view.PlanQuery) ([]view.Plan, error) {
	return a.store.Plans(ctx, q)
}

// PlanOfRequest names a plan.
type PlanOfRequest struct {
	ID string `json:"id"`
}

// PlanOf returns one plan with its body.
func (a *App) PlanOf(ctx context.Context, _ api.Caller, req PlanOfRequest) (view.Plan, error) {
	return a.store.Plan(ctx, req.ID)
}

// Runs returns the runs that a query selects, the newest first.
func (a *App) Runs(ctx context.Context, _ api.Caller, q view.RunQuery) ([]view.Run, error) {
	return a.store.Runs(ctx, q)
}

// Devices returns all devices by name.
func (a *App) Devices(ctx context.Context, _ api.Caller, _ Nothing) ([]view.Device, error) {
	return a.store.Devices(ctx)
}
