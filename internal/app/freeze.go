package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/tenter-net/tenter/internal/api"
	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/reconcile"
	"github.com/tenter-net/tenter/internal/view"
)

// FreezeRequest stops writing to the whole fabric for a time, or ends that: a freeze of no time.
type FreezeRequest struct {
	For    time.Duration `json:"for"`
	Reason string        `json:"reason"`
}

// FreezeReply is the freeze that is in force then, or the one that was ended. Running are the runs that it overtakes.
type FreezeReply struct {
	Freeze  view.Freeze `json:"freeze"`
	Running []string    `json:"running,omitempty"`
}

// Freeze records the freeze in the caller's name. Devices go on being watched; runs that are under way pause.
func (a *App) Freeze(ctx context.Context, who api.Caller, req FreezeRequest) (out FreezeReply, err error) {
	if req.For <= 0 {
		return a.unfreeze(ctx, who, req.Reason)
	}
	if strings.TrimSpace(req.Reason) == "" {
		return out, errors.New("a freeze needs a reason, for those who wonder")
	}
	id, err := uuid.NewV7()
	if err != nil {
		return out, err
	}
	now := a.now().UTC()
	f := view.Freeze{Until: now.Add(req.For), Reason: req.Reason, By: who.Name, Since: now, Event: id.String()}
	err = a.store.Do(ctx, func(tx event.Tx) error {
		if err := a.store.SaveFreeze(tx, f); err != nil {
			return err
		}
		return tx.Append(ctx, event.Draft{
			ID: event.ID(f.Event), Type: event.TypeWindowFrozen, Correlation: f.Event, Actor: who.Name, ActorType: event.ActorUser,
			Data: event.Freeze{Until: f.Until, Reason: f.Reason, By: f.By},
		})
	})
	if err != nil {
		return out, err
	}
	runs, err := a.store.Runs(ctx, view.RunQuery{Status: []view.RunStatus{view.RunRunning}})
	for _, r := range runs {
		out.Running = append(out.Running, r.ID)
	}
	out.Freeze = f
	return out, err
}

func (a *App) unfreeze(ctx context.Context, who api.Caller, reason string) (out FreezeReply, err error) {
	if out.Freeze, err = a.store.Freeze(ctx); err != nil {
		return out, err
	}
	f := out.Freeze
	ended := false
	if f.At(a.now()) {
		if reason == "" {
			reason = "ended by " + who.Name
		}
		err = a.store.Do(ctx, func(tx event.Tx) error {
			if ended, err = a.store.EndFreeze(tx, f); err != nil || !ended {
				return err
			}
			return tx.Append(ctx, event.Draft{
				Type: event.TypeWindowUnfrozen, Correlation: f.Event, Causation: event.ID(f.Event), Actor: who.Name, ActorType: event.ActorUser,
				Data: event.Freeze{Until: f.Until, Reason: reason, By: f.By},
			})
		})
	}
	if err == nil && !ended {
		err = fmt.Errorf("the fabric is not frozen")
	}
	return out, err
}

// WhyNotRequest asks what would stop a write to a device.
type WhyNotRequest struct {
	Device intent.DeviceName `json:"device"`
}

// WhyNot walks the table of what can stop a write, with the facts as they are now.
func (a *App) WhyNot(ctx context.Context, _ api.Caller, req WhyNotRequest) (reconcile.WhyNot, error) {
	_, err := a.generations.target(ctx, req.Device)
	if errors.Is(err, view.ErrNotFound) { // nothing was loaded yet
		if _, err = a.reload(ctx); err == nil {
			_, err = a.generations.target(ctx, req.Device)
		}
	}
	if err != nil {
		return reconcile.WhyNot{}, err
	}
	return a.engine.WhyNot(ctx, req.Device)
}
