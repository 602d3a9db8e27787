package app

import (
	"context"

	"github.com/tenter-net/tenter/internal/api"
	"github.com/tenter-net/tenter/internal/view"
)

// The operations that show read models to those who cannot open the store.
const (
	OpPlans      = "plans"
	OpPlanOf     = "plan-show"
	OpRuns       = "runs"
	OpRunOf      = "run-show"
	OpRunDevices = "run-devices"
	OpDevices    = "devices"
	OpEpisodes   = "episodes"
	OpEpisodeOf  = "episode-show"
)

func (a *App) registerReads(s *api.Server) {
	api.Register(s, OpPlans, a.Plans)
	api.Register(s, OpPlanOf, a.PlanOf)
	api.Register(s, OpRuns, a.Runs)
	api.Register(s, OpRunOf, a.RunOf)
	api.Register(s, OpRunDevices, a.RunDevices)
	api.Register(s, OpDevices, a.Devices)
	api.Register(s, OpEpisodes, a.Episodes)
	api.Register(s, OpEpisodeOf, a.EpisodeOf)
}

// Plans returns the plans that a query selects, the newest first.
func (a *App) Plans(ctx context.Context, _ api.Caller, q view.PlanQuery) ([]view.Plan, error) {
	return a.store.Plans(ctx, q)
}

// OneRequest names the plan, run or episode that is asked for.
type OneRequest struct {
	ID string `json:"id"`
}

// PlanOf returns one plan with its body.
func (a *App) PlanOf(ctx context.Context, _ api.Caller, req OneRequest) (view.Plan, error) {
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

// RunOf returns one run with its body.
func (a *App) RunOf(ctx context.Context, _ api.Caller, req OneRequest) (view.Run, error) {
	return a.store.Run(ctx, req.ID)
}

// RunDevices returns how a run stands on each of its devices, by name.
func (a *App) RunDevices(ctx context.Context, _ api.Caller, req OneRequest) ([]view.RunDevice, error) {
	return a.store.RunDevices(ctx, req.ID)
}

// Episodes returns the drift episodes that a query selects, the newest first.
func (a *App) Episodes(ctx context.Context, _ api.Caller, q view.EpisodeQuery) ([]view.Episode, error) {
	return a.store.Episodes(ctx, q)
}

// EpisodeOf returns one drift episode.
func (a *App) EpisodeOf(ctx context.Context, _ api.Caller, req OneRequest) (view.Episode, error) {
	return a.store.Episode(ctx, req.ID)
}
