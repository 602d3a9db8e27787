package monitor

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/drift"
	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/policy"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/view"
)

// The waits between attempts to connect: doubled from the first to the last, with jitter, so that a fabric that comes
// back is not connected to in step.
const (
	firstWait = 500 * time.Millisecond
	lastWait  = 30 * time.Second
)

// A device is all that the monitor knows of one device. It is owned by the goroutine in run.
type device struct {
	opts  Options
	log   *zap.Logger
	name  intent.DeviceName
	hint  chan struct{} // the store may say something new
	lease view.Lease
	stop  context.CancelFunc

	// The truth that state was told to expect.
	target *Target
	modes  policy.Modes
	row    view.Device
	owned  []view.OwnedLeaf
	paths  []path.Path // what is watched and audited
	state  *drift.State

	ladder     ladder
	facts      profile.Facts
	booted     time.Time    // as the device told it first after its last start
	introduced bool         // device.capabilities was said
	down       bool         // device.disconnected was said, and device.connected not since
	firstSeen  time.Time    // when the deviation that is not told yet was first seen
	turns      time.Time    // when the drift policy says something else of what was found; zero for never
	swapped    time.Time    // when what Tenter wrote or writes changed last
	episode    view.Episode // the open one, as it was saved last
	since      event.ID     // device.connected, which all that is said of the session follows from
}

func newDevice(opts Options, log *zap.Logger, name intent.DeviceName) *device {
	return &device{opts: opts, log: log.With(zap.String("device", string(name))), name: name, hint: make(chan struct{}, 1)}
}

// run watches the device until ctx ends. What the store says of the lease may change back: whoever gave it ends ctx when it is
// lost for good.
func (d *device) run(ctx context.Context) {
	for ctx.Err() == nil {
		d.hold(ctx)
		sleep(ctx, jitter(time.Second))
	}
}

// hold connects again and again until the lease is not held or ctx ends.
func (d *device) hold(ctx context.Context) {
	wait := firstWait
	for {
		started := time.Now()
		err := d.session(ctx)
		if ctx.Err() != nil || errors.Is(err, view.ErrLeaseLost) {
			return
		}
		d.lost(ctx, err)
		var lasting interface{ Permanent() bool }
		switch {
		case errors.As(err, &lasting) && lasting.Permanent():
			wait = lastWait // somebody has to change something first, and a wrong password may lock the account
		case time.Since(started) > lastWait:
			wait = firstWait
		}
		sleep(ctx, jitter(wait))
		if ctx.Err() != nil {
			return
		}
		wait = min(2*wait, lastWait)
	}
}

// lost says once that the device can not be watched.
func (d *device) lost(ctx context.Context, cause error) {
	if d.down {
		d.log.Debug("still unreachable", zap.Error(cause))
		return
	}
	d.log.Warn("device lost", zap.Error(cause))
	reason := "the watch ended"
	if cause != nil {
		reason = cause.Error()
	}
	err := d.write(ctx, func(tx event.Tx) error {
		if _, err := d.save(tx, func(r *view.Device) { r.Sync, r.Health, r.Reason = view.Unknown, view.Unreachable, reason }); err != nil {
			return err
		}
		return d.say(ctx, tx, event.TypeDeviceDisconnected, event.Device{Device: d.name, Address: d.address(), Reason: reason})
	})
	if err != nil {
		d.log.Warn("store", zap.Error(err))
		return
	}
	d.down = true
}

func (d *device) address() string {
	if d.target == nil {
		return ""
	}
	return d.target.Model.Access.Address
}

// write is a transaction that commits only while the lease is held.
func (d *device) write(ctx context.Context, fn func(tx event.Tx) error) error {
	return d.opts.Store.Do(ctx, func(tx event.Tx) error {
		if err := d.opts.Store.Guard(tx, d.lease); err != nil {
			return err
		}
		return fn(tx)
	})
}

// save changes the device's row, if change changes it at all, and reports whether that is for anybody to hear of.
func (d *device) save(tx event.Tx, change func(*view.Device)) (news bool, err error) {
	row, err := d.opts.Store.DeviceIn(tx, d.name)
	if err != nil {
		return false, err
	}
	before, known := row.Told(), row.Known
	change(&row)
	if news = row.Told() != before; !news && row.Known == known {
		return false, nil
	}
	return news, d.opts.Store.UpdateDevice(tx, d.name, change)
}

func (d *device) say(ctx context.Context, tx event.Tx, t event.Type, data any) error {
	return tx.Append(ctx, event.Draft{
		Type: t, Subject: string(d.name), Data: data, Correlation: string(d.since), Causation: d.since, ActorType: event.ActorSystem, Actor: "monitor",
	})
}

func jitter(d time.Duration) time.Duration { return d/2 + rand.N(d) }

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
