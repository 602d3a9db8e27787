package app

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/tenter-net/tenter/internal/api"
	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/policy"
	"github.com/tenter-net/tenter/internal/view"
)

// OpRelease is the operation that ends what a loop holds.
const OpRelease = "release"

// ReleaseRequest says that somebody knows why drift on a device went round in circles.
type ReleaseRequest struct {
	Device intent.DeviceName `json:"device"`
	Reason string            `json:"reason"`
}

// Release makes what was put back on the device so far count for no loop any more: what the drift policy enforces is put
// back at once again.
func (a *App) Release(ctx context.Context, who api.Caller, req ReleaseRequest) (Nothing, error) {
	if _, err := a.generations.target(ctx, req.Device); err != nil {
		return Nothing{}, err
	}
	if strings.TrimSpace(req.Reason) == "" {
		return Nothing{}, fmt.Errorf("device %q: say why it is to be put back again", req.Device)
	}
	err := a.store.Do(ctx, func(tx event.Tx) error {
		ep, err := a.store.OpenEpisodeIn(tx, req.Device)
		if err != nil && !errors.Is(err, view.ErrNotFound) {
			return err
		}
		if ep.Rule != string(policy.Loop) {
			return fmt.Errorf("device %q: none of its drift is held for going round in circles", req.Device)
		}
		err = a.store.UpdateDevice(tx, req.Device, func(d *view.Device) { d.Looked = a.now() })
		if err != nil {
			return err
		}
		return tx.Append(ctx, event.Draft{
			Type: event.TypeDriftReleased, Subject: string(req.Device), Correlation: ep.Correlation, Causation: event.ID(ep.ID), Actor: who.Name, ActorType: event.ActorUser,
			Data: event.DriftReleased{Device: req.Device, Reason: req.Reason},
		})
	})
	return Nothing{}, err
}
