package reconcile

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/run"
	"github.com/tenter-net/tenter/internal/view"
)

// finish records how the run ended and tells of it. What drifts on its devices still, or again, is looked at anew.
func (d *driver) finish(ctx context.Context) (view.Run, error) {
	outcomes := d.outcomes()
	result := d.saga.Result(d.stands())
	row := d.run
	row.Ended = d.now()
	row.Status = map[run.Result]view.RunStatus{
		run.ResultDone: view.RunDone, run.ResultPartial: view.RunPartial, run.ResultFailed: view.RunFailed,
		run.ResultRolledBack: view.RunRolledBack, run.ResultAborted: view.RunAborted,
	}[result]
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
		return tx.Append(ctx, d.ended(row, result, status))
	})
	if err != nil {
		return row, err
	}
	d.log.Info("run ended", zap.String("run", row.ID), zap.String("plan", row.Plan), zap.String("outcome", string(result)),
		zap.String("correlation", row.Correlation))
	return row, d.again(ctx)
}

// again queues what has to be looked at anew after the run: drift that was left to it, and plans for new intent that it
// may have made stale or stood in the way of. Both wait a little, for the device may be changing still.
func (d *driver) again(ctx context.Context) error {
	due := d.now().Add(time.Second)
	devices := d.plan.Busy()
	for _, name := range devices {
		d.queue.add(job{key: "drift/" + string(name), kind: kindDrift, device: name, due: due})
	}
	stale := d.plan.Cause.Trigger == plan.ByIntent && slices.ContainsFunc(d.outcomes(), func(o run.Outcome) bool { return o == run.Stale || fell(o) })
	open, err := d.o.Store.Plans(ctx, view.PlanQuery{Status: []view.PlanStatus{view.PlanOpen}, Limit: 10_000})
	if err != nil {
		return err
	}
	touched := slices.ContainsFunc(open, func(p view.Plan) bool {
		return p.Cause == string(plan.ByIntent) && slices.ContainsFunc(p.Devices, func(n intent.DeviceName) bool { return slices.Contains(devices, n) })
	})
	if stale || touched || d.lastPlanned() == "" {
		d.queue.add(job{key: "intent", kind: kindIntent, due: due})
	}
	return nil
}

// reason says why the run did not go on to its end, and names the devices on which it is not done.
func (d *driver) reason() string {
	var parts []string
	switch {
	case d.saga.Back != "":
		parts = append(parts, "everything was to be put back: "+d.saga.Back)
	case d.saga.Aborted != nil:
		parts = append(parts, "aborted "+d.saga.Aborted.String())
	}
	var said []string
	alike := map[string][]intent.DeviceName{} // devices by what is said of them
	for _, name := range d.plan.Busy() {
		s := d.states[name]
		words := fmt.Sprintf("%s: %s", s.Outcome, s.Detail)
		switch {
		case s.Outcome == run.Done:
			continue
		case s.Detail == s.Back && s.Back != "" || s.Detail == "not started: "+d.saga.Back: // as said above
			words = string(s.Outcome)
		}
		if alike[words] == nil {
			said = append(said, words)
		}
		alike[words] = append(alike[words], name)
	}
	for _, words := range said {
		parts = append(parts, fewDevices(alike[words])+": "+words)
	}
	const most = 20 // the event has each device's own words beside this
	if more := len(parts) - most; more > 0 {
		parts = append(parts[:most], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(parts, "; ")
}

// fewDevices names devices, of many the first three.
func fewDevices(names []intent.DeviceName) string {
	const most = 3
	var parts []string
	for _, n := range names[:min(most, len(names))] {
		parts = append(parts, string(n))
	}
	if more := len(names) - most; more > 0 {
		parts = append(parts, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(parts, ", ")
}

func (d *driver) ended(row view.Run, result run.Result, used view.PlanStatus) event.Draft {
	var devices []event.RunDevice
	for _, name := range d.plan.Busy() {
		s := d.states[name]
		devices = append(devices, event.RunDevice{Device: name, Outcome: string(s.Outcome), Changes: len(s.Writes), Detail: s.Detail})
	}
	took := row.Ended.Sub(row.Created).Round(time.Millisecond)
	out := d.draft("")
	out.Time = row.Ended
	if result != run.ResultDone && result != run.ResultPartial {
		out.Type = event.TypeApplyFailed
		out.Data = event.ApplyFailed{
			Run: row.ID, Plan: row.Plan, Cause: row.Cause, Episode: row.Episode, Outcome: string(result), Devices: devices, Duration: took, Error: row.Reason,
			Used: string(used),
		}
		return out
	}
	out.Type = event.TypeApplyCompleted
	out.Data = event.ApplyCompleted{
		Run: row.ID, Plan: row.Plan, Cause: row.Cause, Episode: row.Episode, Outcome: string(result), Devices: devices, Duration: took,
		Reason: row.Reason, Used: string(used),
	}
	return out
}

// draft is the frame of the run's events; of a run on one device it is the subject of all of them.
func (d *driver) draft(device intent.DeviceName) event.Draft {
	out := event.Draft{Subject: string(device), Correlation: d.fixed.correlation, Causation: d.fixed.told}
	if names := d.plan.Busy(); len(names) == 1 {
		out.Subject = string(names[0])
	}
	if d.fixed.actor != "" {
		out.Actor, out.ActorType = d.fixed.actor, event.ActorUser
	}
	return out
}
