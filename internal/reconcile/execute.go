package reconcile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/run"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/internal/view"
)

// Execute drives a run to its end, or until it is paused and nothing of it is under way, from wherever it was recorded to
// be, and returns its row. It fails with ErrElsewhere while another process drives it. When ctx ends, or a device's lease is
// lost, the run stays as recorded. Commands that wait for the run are answered first, also those for one that has ended.
func (e *Engine) Execute(ctx context.Context, id string) (_ view.Run, err error) {
	ctx, lease, err := e.hold(ctx, runLease(id), false)
	var other *view.HeldError
	if errors.As(err, &other) {
		return view.Run{}, fmt.Errorf("%w: %w", ErrElsewhere, err)
	}
	if err != nil {
		return view.Run{}, err
	}
	if lease == nil {
		return view.Run{}, ErrElsewhere
	}
	defer lease.Release()
	row, err := e.o.Store.Run(ctx, id)
	if err != nil {
		return row, err
	}
	ctx, end := e.o.Trace(ctx, "run", row.Correlation)
	defer func() { end(err) }()
	d := &driver{Engine: e, run: row, lease: lease, kept: map[intent.DeviceName][]tree.Change{}}
	if err := json.Unmarshal(row.Body, &d.saga); err != nil {
		return row, fmt.Errorf("run %q: %w", id, err)
	}
	d.fixed = fixedOf(row, d.saga)
	if !row.Ended.IsZero() {
		return row, d.hear(ctx)
	}
	if _, d.plan, err = e.approvals.Load(ctx, plan.ID(row.Plan)); err != nil {
		return row, err
	}
	if err := d.recall(ctx); err != nil {
		return row, err
	}
	over, err := d.drive(ctx)
	if err != nil || !over {
		return d.run, err
	}
	return d.finish(ctx)
}

// A driver is one run in progress, and what coordinates it: whoever holds the run's lease. Its fields belong to the
// goroutine of Execute, except for those that say otherwise.
type driver struct {
	*Engine
	fixed fixed
	run   view.Run
	plan  plan.Plan
	saga  run.Saga
	lease *held

	states map[intent.DeviceName]run.State
	places atomic.Int64         // given to devices, in the order in which they were proven
	word   atomic.Pointer[word] // for the devices that are being worked on

	mu   sync.Mutex
	kept map[intent.DeviceName][]tree.Change // writes with secrets as themselves, for putting them back; a later process knows their digests only
}

// fixed is what never changes of a run, and so may be read by those who work on its devices while the run is recorded.
type fixed struct {
	id          string
	correlation string
	told        event.ID // of the event that began it
	actor       string
	leave       bool          // what failed stays as it is
	within      time.Duration // how long a person has for confirming each device, 0 where nobody is asked
	order       *run.Order    // how the run goes over its devices, and what is done around the change of each
	timing      run.Timing    // when it may write
}

func fixedOf(row view.Run, s run.Saga) fixed {
	return fixed{id: row.ID, correlation: row.Correlation, told: toldRun(row), actor: s.Actor, leave: s.OnFailure == run.StopThere, timing: s.Timing, within: s.Within, order: s.Order}
}

// recall reads where the run stands on each device.
func (d *driver) recall(ctx context.Context) error {
	rows, err := d.o.Store.RunDevices(ctx, d.fixed.id)
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
	d.places.Store(int64(d.stands().Placed()))
	return nil
}

// stands are the run's devices, by name.
func (d *driver) stands() run.Stands {
	var all run.Stands
	for _, name := range d.plan.Busy() {
		all = append(all, run.Stand{Device: name, State: d.states[name]})
	}
	return all
}

type driven struct {
	device intent.DeviceName
	state  run.State
	err    error
}

// drive takes each device to its end, as many at once as the order lets, and back where the run is not to stay. It reports
// whether the run is over; else it is paused.
func (d *driver) drive(ctx context.Context) (over bool, err error) {
	if err := d.arrange(ctx); err != nil {
		return false, err
	}
	poke, ignore := d.attend(d.run.ID)
	defer ignore()
	tick := time.NewTicker(d.o.Lease / 6) // another process may have taken the command in
	defer tick.Stop()
	var running []intent.DeviceName
	results := make(chan driven)
	var failed error
	for {
		var turn run.Turn
		var stop <-chan struct{} // while a pause is all that there is to wait for
		var rested <-chan time.Time
		if failed == nil && ctx.Err() == nil {
			if failed = errors.Join(d.hear(ctx), d.overtaken(ctx, running)); failed == nil {
				turn, failed = d.turn(ctx, running)
			}
		}
		if failed == nil {
			running = append(running, d.begin(ctx, turn, results)...)
		}
		if len(running) == 0 {
			if failed != nil || ctx.Err() != nil {
				return false, errors.Join(failed, ctx.Err())
			}
			if turn.Over || turn.Idle {
				return turn.Over, nil
			}
			if turn.Until.IsZero() {
				continue
			}
			stop, rested = ctx.Done(), time.After(turn.Until.Sub(d.now()))
		}
		select {
		case <-stop:
		case <-rested:
		case <-poke:
		case <-tick.C:
		case r := <-results:
			running = slices.DeleteFunc(running, func(n intent.DeviceName) bool { return n == r.device })
			d.states[r.device] = r.state
			if r.err != nil {
				failed = errors.Join(failed, fmt.Errorf("run %q: device %q: %w", d.run.ID, r.device, r.err))
			}
		}
	}
}

// begin starts work on the devices of a turn and returns them.
func (d *driver) begin(ctx context.Context, t run.Turn, results chan<- driven) []intent.DeviceName {
	names, back := t.Start, ""
	if t.Undo != "" {
		names, back = []intent.DeviceName{t.Undo}, t.Why
	}
	for _, name := range names {
		at := d.states[name]
		go func() {
			s, err := d.device(ctx, name, at, back)
			if errors.Is(err, errApart) {
				err = pause(ctx, run.Again)
			}
			results <- driven{name, s, err}
		}()
	}
	return names
}

func (d *driver) outcomes() []run.Outcome {
	var all []run.Outcome
	for _, s := range d.stands() {
		if s.State.Step == run.Ended {
			all = append(all, s.State.Outcome)
		}
	}
	return all
}

// skip ends the devices that are not started any more.
func (d *driver) skip(ctx context.Context, t run.Turn) error {
	if len(t.Skip) == 0 {
		return nil
	}
	states := map[intent.DeviceName]run.State{}
	for _, name := range t.Skip {
		states[name] = d.limits().Next(d.states[name], run.GivenUp{At: d.now(), Why: t.Why})
	}
	err := d.o.Store.Do(ctx, func(tx event.Tx) error {
		if err := d.lease.guard(tx); err != nil {
			return err
		}
		for _, name := range t.Skip {
			if err := d.save(tx, name, states[name]); err != nil {
				return err
			}
			if err := tx.Append(ctx, d.step(name, d.states[name], states[name])); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		maps.Copy(d.states, states)
	}
	return err
}

// limits bound each device's run.
func (d *driver) limits() run.Limits {
	return run.Limits{Window: d.o.Window, Sets: 2, Undos: 2, Leave: d.fixed.leave}
}

// save records where the run stands on a device.
func (d *driver) save(tx event.Tx, name intent.DeviceName, s run.State) error {
	state, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return d.o.Store.SaveRunDevice(tx, view.RunDevice{
		Run: d.fixed.id, Device: name, Step: string(s.Step), Outcome: string(s.Outcome), Detail: s.Detail, State: state,
	})
}

// remember keeps what only this process knows of a device that is done.
func (d *driver) remember(name intent.DeviceName, writes []tree.Change) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.kept[name] = writes
}

func (d *driver) remembered(name intent.DeviceName) []tree.Change {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.kept[name]
}
