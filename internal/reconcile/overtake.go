package reconcile

import (
	"context"
	"slices"
	"strings"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/policy"
	"github.com/tenter-net/tenter/internal/run"
)

// The verbs of the acknowledgements by which a freeze or a window tells what it made of a run, besides VerbPause and VerbResume.
const (
	verbStop     = "stop"     // no further device is begun
	verbRollback = "rollback" // what was done is put back
)

// overtaken looks whether a freeze or a window is in the way of devices that the run has not begun with, and if so stops,
// pauses or turns back the run as the window says. A run that waited goes on when it is time again. What is under way on
// devices comes to its end in any case.
func (d *driver) overtaken(ctx context.Context, running []intent.DeviceName) error {
	if d.saga.Aborted != nil || d.saga.Back != "" || d.saga.Paused != nil && !d.saga.Waits {
		return nil
	}
	t, err := d.Engine.timing(ctx)
	if err != nil {
		return err
	}
	if len(running) == 0 {
		if err := d.late(ctx, t); err != nil {
			return err
		}
	}
	var stopped []intent.DeviceName
	var by policy.Overtaking
	for _, s := range d.stands() {
		if s.State.Begun() || s.State.Step == run.Ended || slices.Contains(running, s.Device) {
			continue
		}
		o, is := policy.Overtakes(d.times(t, s.Device))
		if !is {
			continue
		}
		if len(stopped) == 0 {
			by = o
		}
		stopped = append(stopped, s.Device)
	}
	switch {
	case len(stopped) == 0 && d.saga.Waits:
		return d.goOn(ctx)
	case len(stopped) == 0, d.saga.Paused != nil:
		return nil
	}
	d.log.Info("run overtaken", zap.String("run", d.fixed.id), zap.String("by", by.By), zap.String("what", string(by.What)), zap.String("reason", by.Reason))
	switch by.What {
	case fabric.OvertakenPause:
		d.saga.Paused, d.saga.Waits = &run.Word{By: by.By, At: d.now(), Reason: by.Reason}, true
		err = d.saveRun(ctx, d.timed(VerbPause, by.By))
	case fabric.OvertakenRollback:
		d.saga.Back = "overtaken by " + by.By + ": " + by.Reason
		err = d.saveRun(ctx, d.timed(verbRollback, by.By))
	case fabric.OvertakenStop, fabric.OvertakenFinish:
		if err = d.saveRun(ctx, d.timed(verbStop, by.By)); err == nil {
			err = d.skip(ctx, run.Turn{Skip: stopped, Why: "not started: " + by.Reason})
		}
	}
	d.tell()
	return err
}

// times are the facts about when the run may write to a device.
func (d *driver) times(t timing, device intent.DeviceName) policy.Facts {
	f := d.fixed.facts(device)
	f.Enrolled, f.Now, f.Frozen, f.Windows = true, d.now(), t.frozen, t.windows.Of(device)
	return f
}

// late notes, before anything is begun, the devices for which it is not the time: what a window makes of runs that it overtakes
// is not for those.
func (d *driver) late(ctx context.Context, t timing) error {
	if len(d.saga.Late) > 0 || len(t.windows) == 0 {
		return nil
	}
	t.frozen = policy.Freeze{}
	var late []intent.DeviceName
	for _, s := range d.stands() {
		if s.State.Step != "" {
			return nil
		}
		if policy.Decide(d.times(t, s.Device)).Verdict == policy.Later {
			late = append(late, s.Device)
		}
	}
	if len(late) == 0 {
		return nil
	}
	d.saga.Late, d.fixed.timing.Late = late, late // nobody reads it yet, for nothing is begun
	return d.saveRun(ctx)
}

// goOn lets a run that waited for a window, or for the end of a freeze, go on.
func (d *driver) goOn(ctx context.Context) error {
	d.saga.Waits = false
	if d.saga.Paused == nil { // a person said so before
		return d.saveRun(ctx)
	}
	by := d.saga.Paused.By
	d.saga.Paused = nil
	err := d.saveRun(ctx, d.timed(VerbResume, by))
	d.tell()
	return err
}

// timed tells what a freeze or a window made of the run.
func (d *driver) timed(verb, by string) event.Draft {
	status, why := standing(d.saga)
	return event.Draft{
		Type: event.TypeCommandAck, Actor: strings.Replace(by, " ", "/", 1), ActorType: event.ActorSystem,
		Data: event.CommandAck{Verb: verb, Run: d.fixed.id, Outcome: AckDone, Status: string(status), Standing: why},
	}
}
