package reconcile

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/run"
	"github.com/tenter-net/tenter/internal/view"
)

// The verbs that answer a run which asks a person to confirm it.
const (
	VerbConfirm = "confirm" // what waits for that is to stay
	VerbCancel  = "cancel"  // what waits for that is put back, and nothing new begun
)

// An instruction is a command as it was given to a run.
type instruction struct {
	run     view.Run
	event   event.Event
	command event.Command
}

// confirming does what a person says to a run that asks to be confirmed. A confirmation is for the devices that wait for it by
// now: what comes later asks again. There is nothing to cancel once all are confirmed.
func (d *driver) confirming(ctx context.Context, s *run.Saga, w instruction) (refused, note string, err error) {
	row, ev, c := w.run, w.event, w.command
	switch {
	case !row.Ended.IsZero():
		return fmt.Sprintf("it ended %s at %s", row.Status, row.Ended.UTC().Format(time.RFC3339)), "", nil
	case s.Within == 0:
		return "it does not ask to be confirmed; begin one that does: tenter apply --confirm manual", "", nil
	case s.Canceled:
		return "", "it is canceled already, " + s.Aborted.String(), nil
	case c.Verb == VerbConfirm && s.Aborted != nil:
		return "it is aborted, " + s.Aborted.String(), "", nil
	}
	rows, err := d.o.Store.RunDevices(ctx, d.fixed.id)
	if err != nil {
		return "", "", err
	}
	var now, others []string
	var confirmed []intent.DeviceName
	for _, r := range rows {
		switch {
		case run.Step(r.Step) == run.Ended || slices.Contains(s.Confirmed, r.Device):
		case run.Step(r.Step) == run.Await:
			now, confirmed = append(now, string(r.Device)), append(confirmed, r.Device)
		default:
			others = append(others, fmt.Sprintf("%s (%s)", r.Device, cmp.Or(r.Step, "not begun")))
		}
	}
	if c.Verb == VerbCancel {
		if len(now)+len(others) == 0 && s.Aborted == nil {
			return "nothing waits to be confirmed any more; take back what it did: tenter apply --reverse " + row.Plan, "", nil
		}
		s.Aborted, s.Paused, s.Canceled = &run.Word{By: cmp.Or(ev.Actor, ev.Source), At: ev.Time, Reason: c.Reason}, nil, true
		return "", "", nil
	}
	rest := ""
	if len(others) > 0 {
		rest = "; not there yet, and to be confirmed when it is: " + strings.Join(others, ", ")
	}
	if len(now) == 0 {
		return "no device waits to be confirmed" + rest, "", nil
	}
	s.Confirmed = append(s.Confirmed, confirmed...)
	return "", "confirmed on " + strings.Join(now, ", ") + rest, nil
}
