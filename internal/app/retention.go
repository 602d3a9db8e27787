package app

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/settings"
)

// forgetEvery is how often the store is rid of what is older than it is to be kept.
const forgetEvery = time.Hour

// retention says now and then that this process's groups are still there, and forgets what ended long ago.
func (a *App) retention(b eventBus) func(context.Context) error {
	return func(ctx context.Context) error {
		tick := time.NewTicker(forgetEvery)
		defer tick.Stop()
		for {
			if err := a.forget(ctx, b); err != nil && ctx.Err() == nil {
				a.log.Warn("what is old is still kept", zap.Duration("again", forgetEvery), zap.Error(err))
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
				return nil
			}
		}
	}
}

func (a *App) forget(ctx context.Context, b eventBus) error {
	if err := b.Join(ctx); err != nil {
		return err
	}
	keep := a.set.Store.Retention
	if keep == 0 || !a.runs(settings.RoleReconciler) {
		return nil
	}
	n, err := a.store.Forget(ctx, time.Now().Add(-keep))
	if n > 0 {
		a.log.Info("what ended long ago is forgotten", zap.Int("rows", n), zap.Duration("older_than", keep))
	}
	return err
}
