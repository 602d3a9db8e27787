package app

import (
	"context"

	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/reconcile"
)

// beforeApply says of the plan that is to be run what the user wants to know, and refuses it when devices moved and that is
// to be refused.
func (a *App) beforeApply(ctx context.Context, req ApplyRequest) (ApplyReply, error) {
	row, err := a.store.Plan(ctx, string(req.ID))
	if err != nil {
		return ApplyReply{}, err
	}
	p, err := plan.Parse(row.Body)
	if err != nil {
		return ApplyReply{}, err
	}
	reply := ApplyReply{Partial: p.Partial, FabricDevices: p.FabricDevices, Reverse: p.Cause.Part == plan.Reverse}
	if req.Show {
		reply.Plan = &p
	}
	if req.OnStale == "" {
		return reply, nil
	}
	if reply.Stale, err = a.engine.Recheck(ctx, req.ID); err != nil {
		return reply, coded(err)
	}
	if n := len(reply.Stale); n > 0 && (req.OnStale != StaleWarn || n == len(p.Busy())) {
		return reply, coded(reconcile.StaleOn(req.ID, reply.Stale))
	}
	return reply, nil
}
