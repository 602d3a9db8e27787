package reconcile

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/run"
	"github.com/tenter-net/tenter/internal/view"
)

// The verbs of a command that is given to a run. It is answered by control.ack, whose causation is the command, by whoever
// holds the run's lease; if nobody does, by whoever takes it next.
const (
	VerbPause  = "pause"  // begin nothing new; what is under way on devices comes to a safe point
	VerbResume = "resume" // go on
	VerbAbort  = "abort"  // begin nothing new, and put back as the run's mode says
)

// The outcomes of a command's acknowledgement.
const (
	AckDone    = "done"
	AckRefused = "refused"
)

var runVerbs = []string{VerbPause, VerbResume, VerbAbort, VerbConfirm, VerbCancel}

// Command gives a command to a run, in the actor's name, and returns the command's event. Execute, in whichever process,
// answers it. It fails with view.ErrNotFound for a run that there is not.
func (e *Engine) Command(ctx context.Context, c event.Command, actor string) (event.ID, error) {
	row, err := e.o.Store.Run(ctx, c.Run)
	if err != nil {
		return "", err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return "", err
	}
	d := event.Draft{ID: event.ID(id.String()), Type: event.TypeCommand, Correlation: row.Correlation, Actor: actor, ActorType: event.ActorUser, Data: c}
	if err := e.o.Store.Do(ctx, func(tx event.Tx) error { return tx.Append(ctx, d) }); err != nil {
		return "", err
	}
	e.poke(c.Run)
	return d.ID, nil
}

// commanded takes in a command from the bus. One that is for a run is for whoever drives it, to whom it is in the log
// already: it is no more than a hint.
func (e *Engine) commanded(ctx context.Context, tx event.Tx, ev event.Event) error {
	return decoded(ev, func(c event.Command) error {
		if c.Verb == VerbAsk || c.Verb == VerbLook {
			return nil // Hint's
		}
		if c.Run == "" {
			e.queue.add(job{key: "command/" + string(ev.ID), kind: kindCommand, command: ev, cause: ev})
			return nil
		}
		row, err := e.o.Store.Run(ctx, c.Run)
		switch {
		case errors.Is(err, view.ErrNotFound):
			return tx.Append(ctx, acknowledge(ev, c, "there is no such run"))
		case err != nil:
			return err
		case row.Correlation != ev.Correlation: // where the run's driver does not look
			return tx.Append(ctx, acknowledge(ev, c, "the command's correlation is not the run's, which is "+row.Correlation))
		}
		e.poke(c.Run)
		e.queue.add(job{key: "run/" + c.Run, kind: kindRun, run: c.Run, cause: ev})
		return nil
	})
}

// acknowledge answers a command: refused with a reason, else done.
func acknowledge(ev event.Event, c event.Command, refused string) event.Draft {
	ack := event.CommandAck{Verb: c.Verb, Run: c.Run, Outcome: AckDone}
	if refused != "" {
		ack.Outcome, ack.Reason = AckRefused, refused
	}
	return event.Draft{
		Type: event.TypeCommandAck, Subject: ev.Subject, Correlation: ev.Correlation, Causation: ev.ID, TraceParent: ev.TraceParent,
		Actor: ev.Actor, ActorType: ev.ActorType, Data: ack,
	}
}

// attend returns a channel that has a token when a command for the run may be in the log.
func (e *Engine) attend(id string) (poke <-chan struct{}, ignore func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	c := make(chan struct{}, 1)
	e.pokes[id] = c
	return c, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.pokes, id)
	}
}

// poke makes the run's driver look for commands, if it is in this process.
func (e *Engine) poke(id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	select {
	case e.pokes[id] <- struct{}{}:
	default: // it has a token, or there is no driver here
	}
}

// A word is what the run as a whole tells the devices that are being worked on.
type word struct {
	paused bool
	manual run.Manual
	giveUp string // why what is in flight is not to stay
}

// tell passes on how the run stands.
func (d *driver) tell() {
	d.word.Store(&word{paused: d.saga.Paused != nil, giveUp: d.saga.GiveUp(), manual: d.saga.Manual})
}

// heard returns what devices are to know.
func (d *driver) heard() word {
	if w := d.word.Load(); w != nil {
		return *w
	}
	return word{}
}

// mostCommands is how many commands are answered at once.
const mostCommands = 100

// hear answers the commands for the run that are in the log and not answered yet, one transaction for what they change and
// for the answers: so each is answered once, and a paused run stays one whatever happens to its driver.
func (d *driver) hear(ctx context.Context) error {
	list, err := d.o.Store.Events(ctx, event.Query{
		After: event.Seq(d.saga.Heard), Types: []event.Type{event.TypeCommand}, Correlation: d.run.Correlation, Limit: mostCommands,
	})
	if err != nil || len(list) == 0 {
		d.tell()
		return err
	}
	saga, row := d.saga, d.run
	var acks []event.Draft
	for _, ev := range list {
		saga.Heard = uint64(ev.Seq)
		var c event.Command
		if err := json.Unmarshal(ev.Data, &c); err != nil || c.Run != row.ID {
			continue // one that started the run
		}
		refused, note := obey(&saga, row, ev, c)
		if c.Verb == VerbConfirm || c.Verb == VerbCancel {
			if refused, note, err = d.confirming(ctx, &saga, instruction{row, ev, c}); err != nil {
				return err
			}
		}
		ack := acknowledge(ev, c, refused)
		if data, ok := ack.Data.(event.CommandAck); ok {
			data.Reason = cmp.Or(note, data.Reason)
			if row.Ended.IsZero() {
				status, why := standing(saga)
				data.Status, data.Standing = string(status), why
			}
			ack.Data = data
		}
		acks = append(acks, ack)
	}
	if len(acks) == 0 {
		d.saga.Heard = saga.Heard
		d.tell()
		return nil
	}
	if row.Ended.IsZero() {
		row.Status, row.Reason = standing(saga)
	}
	if row.Body, err = json.Marshal(saga); err != nil {
		return err
	}
	err = d.o.Store.Do(ctx, func(tx event.Tx) error {
		if err := d.lease.guard(tx); err != nil {
			return err
		}
		if err := d.o.Store.SaveRun(tx, row); err != nil {
			return err
		}
		return tx.Append(ctx, acks...)
	})
	if err != nil {
		return err
	}
	d.run, d.saga = row, saga
	d.tell()
	for _, a := range acks {
		d.log.Info("command", zap.String("run", row.ID), zap.Any("ack", a.Data), zap.String("actor", a.Actor))
	}
	return nil
}

// standing is how a run that has not ended is to be shown.
func standing(s run.Saga) (view.RunStatus, string) {
	switch {
	case s.Paused != nil:
		return view.RunPaused, "paused " + s.Paused.String()
	case s.Canceled:
		return view.RunRunning, "canceled " + s.Aborted.String()
	case s.Aborted != nil:
		return view.RunRunning, "aborted " + s.Aborted.String()
	case s.Resting() != nil:
		return view.RunRunning, waits(s)
	}
	return view.RunRunning, ""
}

// obey does what a command says to the run as a whole. A command that asks for what is so already is done, with a note.
func obey(s *run.Saga, row view.Run, ev event.Event, c event.Command) (refused, note string) {
	w := &run.Word{By: cmp.Or(ev.Actor, ev.Source), At: ev.Time, Reason: c.Reason}
	switch {
	case !slices.Contains(runVerbs, c.Verb):
		return fmt.Sprintf("%q is nothing that a run does; it can %s", c.Verb, "pause, resume, abort, confirm and cancel"), ""
	case c.Verb == VerbConfirm || c.Verb == VerbCancel:
		return "", "" // confirming's
	case !row.Ended.IsZero():
		return fmt.Sprintf("it ended %s at %s", row.Status, row.Ended.UTC().Format(time.RFC3339)), ""
	case c.Verb == VerbAbort && s.Aborted != nil:
		return "", "it is aborted already, " + s.Aborted.String()
	case c.Verb == VerbAbort:
		s.Aborted, s.Paused = w, nil
	case c.Verb == VerbPause && s.Waits: // from now on it waits for a person
		s.Paused, s.Waits = w, false
	case c.Verb == VerbPause && s.Paused != nil:
		return "", "it is paused already, " + s.Paused.String()
	case c.Verb == VerbPause:
		s.Paused = w
	case s.Paused != nil && s.Waits: // it would be paused again at once
		return "it goes on by itself as soon as it may; it is paused " + s.Paused.String(), ""
	case s.Paused == nil && s.Resting() != nil:
		s.Rest = &run.Rest{Before: s.Rest.Before, Until: ev.Time}
	case s.Paused == nil:
		return "", "it is not paused"
	default:
		s.Paused = nil
	}
	return "", ""
}
