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
	var stopped []intent.DeviceName
	var by policy.Overtaking
	for _, s := range d.stands() {
		if s.State.Begun() || s.State.Step == run.Ended || slices.Contains(running, s.Device) {
			continue
		}
		f := d.fixed.facts()
		f.Enrolled, f.Now, f.Frozen, f.Windows = true, d.now(), t.frozen, t.windows.Of(s.Device)
		o, is := policy.Overtakes(f)
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
