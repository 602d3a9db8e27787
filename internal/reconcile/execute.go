package reconcile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

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
	lease, ok, err := e.hold(ctx, "run/"+id, e.holder(id), false)
	if err != nil {
		return view.Run{}, err
	}
	if !ok {
		return view.Run{}, ErrElsewhere
	}
	defer lease.release()
	ctx = lease.ctx
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
		return strings.Compare(begun(d.states[b]), begun(d.states[a]))
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

// begun orders devices that were worked on before after those that were not, when compared the other way round.
func begun(s run.State) string {
	if s.InFlight() {
		return "2"
	}
	return "1"
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

// finish records how the run ended and tells of it. What drifts on its devices still, or again, is looked at anew.
func (d *driver) finish(ctx context.Context) (view.Run, error) {
	outcomes := d.outcomes()
	result := run.Sum(outcomes)
	row := d.run
	row.Ended = d.now()
	row.Status = map[run.Result]string{run.ResultDone: view.RunDone, run.ResultPartial: view.RunPartial, run.ResultFailed: view.RunFailed}[result]
	row.Reason = d.reason()
	status := view.PlanDone
	if !slices.ContainsFunc(outcomes, func(o run.Outcome) bool { return o != run.Stale }) && len(outcomes) > 0 {
		status = view.PlanStale
	}
	err := d.o.Store.Do(ctx, func(tx event.Tx) error {
		if err := d.lease.guard(tx); err != nil {
			return err
		}
		if err := d.o.Store.SaveRun(tx, row); err != nil {
			return err
		}
		if _, err := d.o.Store.MovePlan(tx, row.Plan, view.PlanRunning, status, row.Reason); err != nil {
			return err
		}
		return tx.Append(ctx, d.ended(row, result))
	})
	if err != nil {
		return row, err
	}
	d.log.Info("run ended", zap.String("run", row.ID), zap.String("plan", row.Plan), zap.String("outcome", string(result)),
		zap.String("correlation", row.Correlation))
	return row, d.again(ctx)
}

// again queues what has to be looked at anew after the run: drift that was left to it, and plans for new intent that it
// may have made stale. Both wait a little, for the device may be changing still.
func (d *driver) again(ctx context.Context) error {
	due := d.now().Add(time.Second)
	devices := busyDevices(d.plan)
	for _, name := range devices {
		d.queue.add(job{key: "drift/" + string(name), kind: kindDrift, device: name, due: due})
	}
	stale := d.plan.Cause.Trigger == plan.ByIntent && slices.Contains(d.outcomes(), run.Stale)
	open, err := d.o.Store.Plans(ctx, view.PlanQuery{Status: []string{view.PlanOpen}, Limit: 10_000})
	if err != nil {
		return err
	}
	touched := slices.ContainsFunc(open, func(p view.Plan) bool {
		return p.Cause == string(plan.ByIntent) && slices.ContainsFunc(p.Devices, func(n intent.DeviceName) bool { return slices.Contains(devices, n) })
	})
	if stale || touched {
		d.queue.add(job{key: "intent", kind: kindIntent, due: due})
	}
	return nil
}

// reason names the devices on which the run is not done.
func (d *driver) reason() string {
	var parts []string
	for _, name := range busyDevices(d.plan) {
		if s := d.states[name]; s.Outcome != run.Done {
			parts = append(parts, fmt.Sprintf("%s: %s: %s", name, s.Outcome, s.Detail))
		}
	}
	return strings.Join(parts, "; ")
}

func (d *driver) ended(row view.Run, result run.Result) event.Draft {
	var devices []event.RunDevice
	for _, name := range busyDevices(d.plan) {
		s := d.states[name]
		devices = append(devices, event.RunDevice{Device: name, Outcome: string(s.Outcome), Changes: len(s.Writes), Detail: s.Detail})
	}
	took := row.Ended.Sub(row.Created).Round(time.Millisecond)
	out := d.draft("")
	if result == run.ResultFailed {
		out.Type = event.TypeApplyFailed
		out.Data = event.ApplyFailed{
			Run: row.ID, Plan: row.Plan, Cause: row.Cause, Episode: row.Episode, Outcome: string(result), Devices: devices, Duration: took, Error: row.Reason,
		}
		return out
	}
	out.Type = event.TypeApplyCompleted
	out.Data = event.ApplyCompleted{
		Run: row.ID, Plan: row.Plan, Cause: row.Cause, Episode: row.Episode, Outcome: string(result), Devices: devices, Duration: took,
	}
	return out
}

// draft is the frame of the run's events; of a run on one device it is the subject of all of them.
func (d *driver) draft(device intent.DeviceName) event.Draft {
	out := event.Draft{Subject: string(device), Correlation: d.run.Correlation}
	if names := busyDevices(d.plan); len(names) == 1 {
		out.Subject = string(names[0])
	}
	if d.body.Actor != "" {
		out.Actor, out.ActorType = d.body.Actor, event.ActorUser
	}
	return out
}
