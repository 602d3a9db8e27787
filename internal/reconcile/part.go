package reconcile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/run"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/internal/view"
)

// A run has one driver, and its devices may be served by other processes than that. Each of them does its devices' part, from
// the recorded state to the end, when the driver asks for it, and records every step itself, under the device's lease. The
// driver waits, and does the part itself when nobody serves the device any more.

// verbPart asks for a device's part of a run.
const verbPart = "part"

// A partAsk is what the driver wants done.
type partAsk struct {
	Run  string `json:"run"`
	Back string `json:"back,omitempty"` // why a device that is done is to be put back
}

// take makes this process the only one at work on a device, from the state that is returned. Where another one serves the
// device, that does the device's part: then there is no lease, and the state is how that ended.
func (d *driver) take(ctx context.Context, name intent.DeviceName, at run.State, back string) (work context.Context, lease *held, s run.State, err error) {
	for {
		work, lease, err := d.hold(ctx, deviceLease(name), true)
		var other *view.HeldError
		if !errors.As(err, &other) || d.lease == nil {
			return work, lease, at, err
		}
		switch {
		case other.Holder.Operation == view.OperationServe:
			s, err := d.elsewhere(ctx, name, back)
			if !errors.Is(err, errGone) {
				return nil, nil, s, err
			}
		case !d.serving.Load():
			return nil, nil, at, err // a command, and so is the other
		}
		if err := pause(ctx, d.o.Lease/20); err != nil {
			return nil, nil, at, err
		}
		if at, err = d.recorded(ctx, name); err != nil {
			return nil, nil, at, err
		}
	}
}

// elsewhere has the process that serves a device do its part, and returns how that ended. It returns errGone when nobody
// serves the device by now.
func (d *driver) elsewhere(ctx context.Context, name intent.DeviceName, back string) (run.State, error) {
	a := view.Ask{ID: verbPart + "/" + d.fixed.id + "/" + string(name), Device: name, Verb: verbPart, Asker: d.o.Worker}
	var err error
	if a.Body, err = json.Marshal(partAsk{Run: d.fixed.id, Back: back}); err != nil {
		return d.states[name], err
	}
	err = d.o.Store.Do(ctx, func(tx event.Tx) error {
		if err := d.lease.guard(tx); err != nil {
			return err
		}
		return d.post(ctx, tx, a)
	})
	if err != nil {
		return run.State{}, err
	}
	defer d.drop(a.ID)
	for wait := firstAsk; ; wait = min(2*wait, mostAsk) {
		if err := pause(ctx, wait); err != nil {
			return run.State{}, err
		}
		got, err := d.answered(ctx, a.ID)
		switch {
		case err != nil:
			return run.State{}, err
		case got != nil && got.Error != "":
			return run.State{}, errors.New(got.Error)
		case got != nil:
			s, err := d.recorded(ctx, name)
			if most := int64(s.Place); most > d.places.Load() { // what is proven here from now on has a later place
				d.places.Store(most)
			}
			return s, err
		}
		if there, err := d.Elsewhere(ctx, name); err != nil || !there {
			return run.State{}, errors.Join(err, errGone)
		}
	}
}

// recorded is where the run stands on a device.
func (d *driver) recorded(ctx context.Context, name intent.DeviceName) (run.State, error) {
	rows, err := d.o.Store.RunDevices(ctx, d.fixed.id)
	if err != nil {
		return run.State{}, err
	}
	var s run.State
	for _, r := range rows {
		if r.Device == name {
			if err := json.Unmarshal(r.State, &s); err != nil {
				return s, fmt.Errorf("run %q: device %q: %w", d.fixed.id, name, err)
			}
		}
	}
	return s, nil
}

// part does a device's part of a run that another process drives.
func (e *Engine) part(ctx context.Context, name intent.DeviceName, body json.RawMessage) (any, error) {
	var a partAsk
	if err := json.Unmarshal(body, &a); err != nil {
		return nil, err
	}
	d := &driver{Engine: e, kept: map[intent.DeviceName][]tree.Change{}}
	if err := d.reread(ctx, a.Run); err != nil {
		return nil, err
	}
	var err error
	if _, d.plan, err = e.approvals.Load(ctx, plan.ID(d.run.Plan)); err != nil {
		return nil, err
	}
	if err := d.recall(ctx); err != nil {
		return nil, err
	}
	at := d.states[name]
	if at.Step == run.Ended && a.Back == "" || !d.run.Ended.IsZero() {
		return struct{}{}, nil
	}
	// What is said to the run as a whole its driver writes down.
	listening, stop := context.WithCancel(ctx)
	heard := make(chan struct{})
	go func() {
		defer close(heard)
		other := &driver{Engine: e}
		for pause(listening, time.Second) == nil {
			if other.reread(listening, a.Run) == nil {
				d.word.Store(other.word.Load())
			}
		}
	}()
	_, err = d.device(ctx, name, at, a.Back)
	if errors.Is(err, errApart) { // the driver sees that it was not begun
		err = pause(ctx, run.Again)
	}
	stop()
	<-heard
	return struct{}{}, err
}

// reread reads what is recorded of the run as a whole.
func (d *driver) reread(ctx context.Context, id string) error {
	row, err := d.o.Store.Run(ctx, id)
	if err != nil {
		return err
	}
	d.run = row
	if err := json.Unmarshal(row.Body, &d.saga); err != nil {
		return fmt.Errorf("run %q: %w", id, err)
	}
	d.fixed = fixedOf(d.run, d.saga)
	d.tell()
	return nil
}
