package app

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/settings"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/view"
)

// forgetEvery is how often the store is rid of what is older than it is to be kept.
const forgetEvery = time.Hour

// archivePatience is how long events that would not fill a file wait for more of them, so that a quiet fabric has a file a day.
const archivePatience = 24 * time.Hour

// retention says now and then that this process's groups are still there, and forgets what ended long ago.
func (a *App) retention(b eventBus) func(context.Context) error {
	return func(ctx context.Context) error {
		tick := time.NewTicker(forgetEvery)
		defer tick.Stop()
		held := map[string]bool{}
		for {
			if err := errors.Join(a.forget(ctx, b), a.archive(ctx, held)); err != nil && ctx.Err() == nil {
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

// archive moves old events to files. Groups that keep it from doing so are told of, once until they have caught up: held has their
// names.
func (a *App) archive(ctx context.Context, held map[string]bool) error {
	keep := a.set.Store.LogRetention
	if keep == 0 || !a.runs(settings.RoleReconciler) {
		return nil
	}
	done, err := a.store.ArchiveLog(ctx, store.ArchiveOptions{Before: time.Now().Add(-keep), Patience: archivePatience})
	if done.Events > 0 {
		a.log.Info("old events were moved to the archive", zap.Int("events", done.Events), zap.Int("files", len(done.Files)), zap.Duration("older_than", keep))
	}
	if err != nil {
		if errors.Is(err, store.ErrArchiving) {
			return nil // another process does it
		}
		return err
	}
	return a.alarm(ctx, done.Held, held)
}

func (a *App) alarm(ctx context.Context, laggards []view.Laggard, held map[string]bool) error {
	now := map[string]bool{}
	for _, l := range laggards {
		now[l.Group] = true
		if held[l.Group] {
			continue
		}
		a.log.Warn("a group of consumers keeps old events in the log", zap.String("group", l.Group), zap.Uint64("oldest", uint64(l.Oldest)),
			zap.Time("since", l.Since), zap.Int("events", l.Events))
		if err := a.store.Do(ctx, func(tx event.Tx) error {
			return tx.Append(ctx, event.Draft{Type: event.TypeLogHeld, Data: event.LogHeld{Group: l.Group, Oldest: l.Oldest, Since: l.Since, Events: l.Events}})
		}); err != nil {
			return err
		}
		held[l.Group] = true
	}
	for group := range held {
		if !now[group] {
			delete(held, group)
		}
	}
	return nil
}
