package app

import (
	"context"

	"github.com/tenter-net/tenter/internal/api"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/run"
)

// OpOrder is the name of Order on the socket.
const OpOrder = "order"

// OrderRequest names a stored plan.
type OrderRequest struct {
	ID plan.ID `json:"id"`
}

// Order returns in which order a run of a stored plan would go over its devices.
func (a *App) Order(ctx context.Context, _ api.Caller, req OrderRequest) (run.Order, error) {
	row, err := a.store.Plan(ctx, string(req.ID))
	if err != nil {
		return run.Order{}, err
	}
	p, err := plan.Parse(row.Body)
	if err != nil {
		return run.Order{}, err
	}
	return a.engine.Order(ctx, p)
}
