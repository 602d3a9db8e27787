package reconcile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/run"
	"github.com/tenter-net/tenter/internal/view"
)

// Execute drives a run to its end, from wherever it was recorded to be, and returns its row. It fails with
// ErrElsewhere while another process drives it. When ctx ends, or a device's lease is lost, the run stays as recorded.
func (e *Engine) Execute(ctx context.Context, id string) (view.Run, error) {
	ctx, lease, err := e.hold(ctx, "run/"+id, e.holder(id), false)
	if err != nil {
		return view.Run{}, err
	}
	if lease == nil {
		return view.Run{}, ErrElsewhere
	}
	defer lease.release()
	row, err := e.o.Store.Run(ctx, id)
	if err != nil || row.Status != view.RunRunning {
		return row, err
	}
	_, p, err := e.load(ctx, plan.ID(row.Plan))
	if err != nil {
		return row, err
	}
	d := &driver{Engine: e, run: row, plan: p, lease: lease}
	if err := json.Unmarshal(row.Body, &d.body); err != nil {
		return row, fmt.Errorf("run %q: %w", id, err)
	}
	if err := d.recall(ctx); err != nil {
		return row, err
	}
	if err := d.drive(ctx); err != nil {
		return row, err
	}
	return d.finish(ctx)
}

// A driver is one run in progress. Its fields belong to the goroutine of Execute.
type driver struct {
	*Engine
	run   view.Run
	plan  plan.Plan
	body  runBody
	lease *held

	states map[intent.DeviceName]run.State
}

// recall reads where the run stands on each device.
func (d *driver) recall(ctx context.Context) error {
	rows, err := d.o.Store.RunDevices(ctx, d.run.ID)
	if err != nil {
		return err
	}
	d.states = make(map[intent.DeviceName]run.State, len(rows))
	for _, r := range rows {
		var s run.State
		if err := json.Unmarshal(r.State, &s); err != nil {
			return fmt.Errorf("run %q: device %q: %w", d.run.ID, r.Device, err)
		}
		d.states[r.Device] = s
	}
	return nil
}

type driven struct {
	device intent.DeviceName
	state  run.State
	err    error
}

// drive takes each device to its end, as many at once as the batch lets.
func (d *driver) drive(ctx context.Context) error {
	batch, err := d.batch(ctx)
	if err != nil {
		return err
	}
	var waiting, running []intent.DeviceName
	for _, name := range busyDevices(d.plan) {
		if d.states[name].Step != run.Ended {
			waiting = append(waiting, name)
		}
	}
	// What was begun before a crash goes first: a Set may be on the device.
	slices.SortStableFunc(waiting, func(a, b intent.DeviceName) int {
		return len(d.states[b].Writes) - len(d.states[a].Writes)
	})
	results := make(chan driven)
	var failed error
	for len(waiting)+len(running) > 0 {
		start, stop := batch.Ready(waiting, running, d.outcomes())
		if failed != nil || ctx.Err() != nil {
			start = nil
		}
		for _, name := range start {
			waiting = slices.DeleteFunc(waiting, func(w intent.DeviceName) bool { return w == name })
			running = append(running, name)
			at, known := d.states[name]
			go func() {
				s, err := d.device(ctx, name, at, known)
				results <- driven{name, s, err}
			}()
		}
		if len(running) == 0 && stop && failed == nil {
			return d.skip(ctx, waiting)
		}
		if len(running) == 0 {
			break
		}
		r := <-results
		running = slices.DeleteFunc(running, func(w intent.DeviceName) bool { return w == r.device })
		if r.err != nil {
			failed = errors.Join(failed, fmt.Errorf("run %q: device %q: %w", d.run.ID, r.device, r.err))
			continue
		}
		d.states[r.device] = r.state
	}
	if failed != nil {
		return failed
	}
	return ctx.Err()
}

func (d *driver) outcomes() []run.Outcome {
	var all []run.Outcome
	for _, name := range busyDevices(d.plan) {
		if s := d.states[name]; s.Step == run.Ended {
			all = append(all, s.Outcome)
		}
	}
	return all
}

// batch says which devices may be worked on together.
func (d *driver) batch(ctx context.Context) (run.Batch, error) {
	b := run.Batch{Parallel: d.o.Parallel, MaxFailures: d.o.MaxFailures}
	f, err := d.o.Intents.Fabric(ctx, d.plan.Generation)
	if err != nil {
		return b, err
	}
	b.Groups = groups(f)
	return b, nil
}

// groups are the devices whose work must not take a service away at once: the spines, of which one must stay, and
// the members of each multihomed LAG, one after the other.
func groups(f *fabric.Fabric) []run.Group {
	var all []run.Group
	spines := run.Group{}
	for _, d := range f.Devices {
		if d.Role == "spine" {
			spines.Devices = append(spines.Devices, d.Name)
		}
		if len(d.Multihomed) > 0 {
			all = append(all, run.Group{Devices: append([]intent.DeviceName{d.Name}, d.Multihomed...), Together: 1})
		}
	}
	spines.Together = max(1, len(spines.Devices)-1)
	return append(all, spines)
}

// skip ends the devices that are not started any more.
func (d *driver) skip(ctx context.Context, names []intent.DeviceName) error {
	for _, name := range names {
		s := run.State{Step: run.Ended, Outcome: run.Skipped, Detail: "not started: too many devices failed before"}
		err := d.o.Store.Do(ctx, func(tx event.Tx) error {
			if err := d.lease.guard(tx); err != nil {
				return err
			}
			return d.save(tx, name, s)
		})
		if err != nil {
			return err
		}
		d.states[name] = s
	}
	return nil
}

// save records where the run stands on a device.
func (d *driver) save(tx event.Tx, name intent.DeviceName, s run.State) error {
	state, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return d.o.Store.SaveRunDevice(tx, view.RunDevice{
		Run: d.run.ID, Device: name, Step: string(s.Step), Outcome: string(s.Outcome), Detail: s.Detail, State: state,
	})
}
