package app

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/assign"
	"github.com/tenter-net/tenter/internal/bus/delivery"
	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/event/local"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/reconcile"
	"github.com/tenter-net/tenter/internal/settings"
	"github.com/tenter-net/tenter/internal/view"
)

// newAssigner makes this process a worker as soon as it needs to be one.
func (a *App) newAssigner(operation string) *assign.Assigner {
	roles := make([]string, len(a.set.Roles))
	for i, r := range a.set.Roles {
		roles[i] = string(r)
	}
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	return assign.New(assign.Options{
		Host: host, Process: os.Getpid(),
		Store: a.store, Worker: a.worker, Operation: strings.TrimPrefix(operation, "tenter "), Roles: roles, Lease: a.set.Lease, Log: a.log,
		Devices: a.served, Close: a.pool.Forget,
	})
}

// served are the devices that somebody must serve: those of the intents, and those that were of them until they are let go of.
func (a *App) served(ctx context.Context) ([]intent.DeviceName, error) {
	names, err := watchIntents{a.generations}.Devices(ctx)
	if err != nil || len(names) == 0 {
		return nil, err
	}
	rows, err := a.store.Devices(ctx)
	if err != nil {
		return nil, err
	}
	names = slices.Clone(names)
	for _, r := range rows {
		if r.Health != view.Unmanaged && !slices.Contains(names, r.Name) {
			names = append(names, r.Name)
		}
	}
	return names, nil
}

// engineHolds gives the reconciler its holds.
type engineHolds struct{ *assign.Assigner }

// Take is the assigner's, with a Hold that is nil when there is none.
func (h engineHolds) Take(ctx context.Context, key string, wait bool) (context.Context, reconcile.Hold, error) {
	work, hold, err := h.Assigner.Take(ctx, key, wait)
	if err != nil || hold == nil {
		return nil, nil, err
	}
	return work, hold, nil
}

// hearHints lets those parts hear of events that look for themselves too, in every process, whoever handles them.
func (a *App) hearHints() error {
	come := []event.Type{event.TypeUnlocked, event.TypeWorkerJoined, event.TypeWorkerLeft, event.TypeIntentValidated}
	err := hear(a, local.Subscription{Name: "assign", Types: come}, func(context.Context, event.Event, event.Event) error {
		a.assigner.Poke()
		return nil
	})
	if err != nil || !a.runs(settings.RoleReconciler) {
		return err
	}
	return hear(a, local.Subscription{Name: "reconciler", Types: reconcile.HintTypes(), Every: true, Middleware: a.traced()}, func(_ context.Context, ev, _ event.Event) error {
		return a.engine.Hint(ev)
	})
}

// elected runs what one process at a time does for all, whenever this one is elected. An error of it ends the process.
func (a *App) elected(key string, run func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		ctx, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		turn := delivery.Turn{
			Leases: a.store, Key: key, Holder: a.worker, TTL: a.set.Lease,
			Failed: func(failures int, err error) {
				if failures == 1 || failures%100 == 0 {
					a.log.Warn("no election without the store", zap.String("election", key), zap.Int("failures", failures), zap.Error(err))
				}
			},
		}
		var failed error
		turn.Run(ctx, func(ctx context.Context, _ view.Lease) error {
			err := run(ctx)
			if err != nil && ctx.Err() == nil {
				failed = err
				cancel(err)
			}
			return nil
		})
		return failed
	}
}

// leads makes leading true whenever this process is elected to plan what concerns no device alone.
func leads(leading *atomic.Bool) func(context.Context) error {
	return func(ctx context.Context) error {
		leading.Store(true)
		defer leading.Store(false)
		<-ctx.Done()
		return nil
	}
}

// verbRead asks for what a device has.
const verbRead = "read"

// answerRead reads a device for another process.
func (a *App) answerRead(ctx context.Context, device intent.DeviceName, body json.RawMessage) (any, error) {
	var req ReadRequest
	if err := json.Unmarshal(body, &req); err != nil {
		return nil, err
	}
	req.Device = device
	return a.read(ctx, req)
}

// verbRaw asks for what a plan of a device would send.
const verbRaw = "raw"

// answerRaw plans a device for another process, and says what would be sent.
func (a *App) answerRaw(ctx context.Context, device intent.DeviceName, _ json.RawMessage) (any, error) {
	planned, err := a.engine.Plan(ctx, reconcile.Request{Devices: []intent.DeviceName{device}})
	if err != nil {
		return nil, err
	}
	texts, err := a.raw(planned)
	return texts[device], err
}

// rawAll is raw, also of devices that other processes serve.
func (a *App) rawAll(ctx context.Context, p reconcile.Planned) (map[intent.DeviceName]string, error) {
	out, err := a.raw(p)
	if err != nil {
		return nil, err
	}
	for _, d := range p.Plan.Devices {
		if _, here := out[d.Device]; here || len(d.Changes) == 0 {
			continue
		}
		elses, err := a.engine.Elsewhere(ctx, d.Device)
		if err != nil {
			return nil, err
		}
		var text string
		if elses {
			if err := a.engine.Ask(ctx, d.Device, verbRaw, nil, &text); err != nil {
				return nil, err
			}
		}
		if text != "" {
			out[d.Device] = text
		}
	}
	return out, nil
}

// leave ends what this process is as a worker, if it is one: what it has claimed is free at once.
func (a *App) leave() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := a.assigner.Close(ctx); err != nil {
		return errors.Join(errors.New("its devices stay its own until its lease is over"), err)
	}
	return nil
}
