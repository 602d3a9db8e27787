package app

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/tenter-net/tenter/internal/api"
	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/reconcile"
	"github.com/tenter-net/tenter/internal/view"
)

// EnrollRequest lets Tenter write to devices: the named ones and those that have all of the labels, or all if it says
// nothing. Replace, with a Reason, lets another device take the place of an enrolled one.
type EnrollRequest struct {
	Devices []intent.DeviceName `json:"devices,omitempty"`
	Labels  map[string]string   `json:"labels,omitempty"`
	Replace bool                `json:"replace,omitempty"`
	Reason  string              `json:"reason,omitempty"`
}

// EnrollReply is how it went, by device.
type EnrollReply struct {
	Devices []reconcile.Enrolment `json:"devices"`
}

// Enroll asks devices what they are and pins that, in the caller's name.
func (a *App) Enroll(ctx context.Context, who api.Caller, req EnrollRequest) (EnrollReply, error) {
	if _, err := a.reload(ctx); err != nil {
		return EnrollReply{}, err
	}
	list, err := a.engine.Enroll(ctx, reconcile.EnrollRequest(req), who.Name)
	return EnrollReply{Devices: list}, err
}

// ForgetRequest lets go of a device that is not in the intents any more.
type ForgetRequest struct {
	Device intent.DeviceName `json:"device"`
	Reason string            `json:"reason"`
}

// ForgetReply says how many leaves that Tenter wrote are left on the device.
type ForgetReply struct {
	Owned int64 `json:"owned"`
}

// Forget drops what is remembered of the device, and with it Tenter's claim to what it wrote there.
func (a *App) Forget(ctx context.Context, who api.Caller, req ForgetRequest) (out ForgetReply, err error) {
	if _, err := a.reload(ctx); err != nil {
		return out, err
	}
	if _, err := a.generations.target(ctx, req.Device); err == nil {
		return out, fmt.Errorf("device %q: it is in the intents; remove its document first", req.Device)
	}
	row, err := a.store.Device(ctx, req.Device)
	if err == nil && row.Updated.IsZero() && row.Applied == 0 {
		err = fmt.Errorf("device %q: nothing is remembered of it", req.Device)
	}
	if err != nil {
		return out, err
	}
	err = a.store.Do(ctx, func(tx event.Tx) error {
		if out.Owned, err = a.store.ForgetDevice(tx, req.Device); err != nil {
			return err
		}
		return tx.Append(ctx, event.Draft{
			Type: event.TypeDeviceForgotten, Subject: string(req.Device), Actor: who.Name, ActorType: event.ActorUser,
			Data: event.Device{Device: req.Device, Reason: fmt.Sprintf("%s; left on it: %d leaves", req.Reason, out.Owned)},
		})
	})
	return out, err
}

// HoldRequest stops writing to a device for a time, or ends that: a hold of no time.
type HoldRequest struct {
	Device intent.DeviceName `json:"device"`
	For    time.Duration     `json:"for"`
	Reason string            `json:"reason"`
}

// HoldReply says whether the device was on hold before.
type HoldReply struct {
	WasHeld bool `json:"was_held"`
}

// Hold records the hold. The device goes on being watched. To release a device that is not on hold does nothing.
func (a *App) Hold(ctx context.Context, who api.Caller, req HoldRequest) (out HoldReply, err error) {
	if req.For > 0 && strings.TrimSpace(req.Reason) == "" {
		return out, fmt.Errorf("device %q: a hold needs a reason, for those who wonder", req.Device)
	}
	// The intents in force decide whether there is such a device: mistakes in newer ones must not be in the way of a hold.
	if _, err := a.generations.target(ctx, req.Device); err != nil {
		return out, err
	}
	err = a.store.Do(ctx, func(tx event.Tx) error {
		why := "released"
		err := a.store.UpdateDevice(tx, req.Device, func(d *view.Device) {
			out.WasHeld = d.HeldUntil.After(a.now())
			d.HeldUntil, d.HeldReason = time.Time{}, ""
			if req.For > 0 {
				d.HeldUntil, d.HeldReason = a.now().Add(req.For), req.Reason+" ("+who.Name+")"
				why = fmt.Sprintf("held until %s: %s", d.HeldUntil.UTC().Format(time.RFC3339), req.Reason)
			}
		})
		if err != nil || req.For <= 0 && !out.WasHeld {
			return err
		}
		return tx.Append(ctx, event.Draft{
			Type: event.TypeDeviceChanged, Subject: string(req.Device), Actor: who.Name, ActorType: event.ActorUser,
			Data: event.Device{Device: req.Device, Reason: why},
		})
	})
	return out, err
}

// ReadRequest asks for what a device has at and under paths, all of its configuration if there are none.
type ReadRequest struct {
	Device intent.DeviceName `json:"device"`
	Paths  []string          `json:"paths,omitempty"`
}

// ReadReply is the device's configuration in canonical order, with digests for secrets.
type ReadReply struct {
	Leaves   []ReadLeaf `json:"leaves"`
	Problems []string   `json:"problems,omitempty"` // what no schema explains
}

// ReadLeaf is one leaf as people read it.
type ReadLeaf struct {
	Path  string `json:"path"`
	Value string `json:"value"`
}

// Read reads a device.
func (a *App) Read(ctx context.Context, _ api.Caller, req ReadRequest) (ReadReply, error) {
	if _, err := a.reload(ctx); err != nil {
		return ReadReply{}, err
	}
	elses, err := a.engine.Elsewhere(ctx, req.Device)
	if err != nil {
		return ReadReply{}, err
	}
	if elses {
		var reply ReadReply
		err := a.engine.Ask(ctx, req.Device, verbRead, req, &reply)
		return reply, err
	}
	return a.read(ctx, req)
}

// read reads a device in this process.
func (a *App) read(ctx context.Context, req ReadRequest) (ReadReply, error) {
	t, err := a.generations.target(ctx, req.Device)
	if err != nil {
		return ReadReply{}, err
	}
	var prefixes []path.Path
	for _, text := range req.Paths {
		p, err := path.Parse(text)
		if err != nil {
			return ReadReply{}, err
		}
		if p, err = t.watch.Table.Roots().Normalize(p); err != nil {
			return ReadReply{}, err
		}
		prefixes = append(prefixes, p)
	}
	s, err := a.pool.get(ctx, req.Device)
	if err != nil {
		return ReadReply{}, err
	}
	have, problems, err := s.Read(ctx, prefixes)
	if err != nil {
		return ReadReply{}, err
	}
	reply := ReadReply{Leaves: []ReadLeaf{}}
	for l := range have.All() {
		reply.Leaves = append(reply.Leaves, ReadLeaf{Path: l.Path.String(), Value: t.watch.Secrets.Show(l.Path, l.Value)})
	}
	for _, p := range problems {
		reply.Problems = append(reply.Problems, fmt.Sprintf("%s: %s", p.Path, p.Reason))
	}
	return reply, nil
}
