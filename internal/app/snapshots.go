package app

import (
	"context"

	"github.com/tenter-net/tenter/internal/rebuild"
)

// snapshots keeps what the log adds up to now and then, so that the past is told without reading all of it.
func (a *App) snapshots(ctx context.Context) error {
	return rebuild.NewKeeper(rebuild.Options{Store: a.store, Worker: a.worker, Log: a.log}).Run(ctx)
}
