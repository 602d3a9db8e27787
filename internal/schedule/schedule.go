// Package schedule starts runs on time, and tells when windows open and close and a freeze is over. It only asks for
// runs, by control.command; the reconciler does the work.
//
// Each Schedule document has a row with the time it is due next, so that nothing is forgotten over a restart. Moving
// the row and publishing the command is one transaction, and only one of several schedulers over one store gets to do
// it. What was due while nobody ran is made up for once, however often it was missed.
package schedule

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/timetable"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/internal/view"
)

// ErrUnknown is returned by RunNow for a schedule that no document declares.
var ErrUnknown = errors.New("no such schedule")

// lookAgain is how long the loop sleeps at most, so that a clock that was set, a machine that slept and a change that
// no event told of are noticed.
const lookAgain = 30 * time.Second

// A Store keeps the due rows.
type Store interface {
	Do(ctx context.Context, fn func(tx event.Tx) error) error
	Schedules(ctx context.Context) ([]view.Schedule, error)
	SaveSchedule(tx event.Tx, s view.Schedule) error
	// FireSchedule moves a row from one due time to the next and reports whether it was still due then.
	FireSchedule(tx event.Tx, name string, due, next time.Time, note string) (bool, error)
	DeleteSchedule(tx event.Tx, name string) error
	WindowStore
}

// Options are what a Scheduler works with; all fields are required.
type Options struct {
	Store Store
	// Declared returns the schedules of the current generation. It may be called often.
	Declared func(ctx context.Context) ([]fabric.Schedule, error)
	// Windows returns the windows of the current generation. It may be called often.
	Windows func(ctx context.Context) ([]fabric.Window, error)
	Log     *zap.Logger
}

// A Scheduler is the engine. Its methods are safe for concurrent use.
type Scheduler struct {
	opts Options
	log  *zap.Logger
	now  func() time.Time
	wake chan struct{}
}

// New returns a Scheduler; List and RunNow work without Run.
func New(opts Options) *Scheduler {
	return &Scheduler{opts: opts, log: opts.Log.Named("schedule"), now: time.Now, wake: make(chan struct{}, 1)}
}

// Types are the events that Handle wants to see.
func Types() []event.Type { return []event.Type{event.TypeIntentValidated, event.TypeWindowFrozen} }

// Handle takes in that there is something new: the loop looks at once at what is declared now, and when it is due.
func (s *Scheduler) Handle(context.Context, event.Tx, event.Event) error {
	select {
	case s.wake <- struct{}{}:
	default:
	}
	return nil
}

// Run starts what is due until ctx ends; then it returns nil. Failures of the store are logged and tried again.
func (s *Scheduler) Run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for failed := 0; ; {
		select {
		case <-ctx.Done():
			return nil
		case <-s.wake:
		case <-timer.C:
		}
		sleep, err := s.turn(ctx)
		switch {
		case ctx.Err() != nil:
		case err != nil:
			if failed++; failed%100 == 1 { // the store may be away for long
				s.log.Error("schedules not looked at, will try again", zap.Error(err), zap.Int("times", failed))
			}
		case failed > 0:
			s.log.Info("schedules are looked at again", zap.Int("after failures", failed))
			failed = 0
		}
		timer.Reset(sleep)
	}
}

// turn brings the rows in line with what is declared, starts what is due, and returns how long to sleep.
func (s *Scheduler) turn(ctx context.Context) (time.Duration, error) {
	declared, rows, err := s.read(ctx)
	if err != nil {
		return time.Second, err
	}
	if rows, err = s.sync(ctx, declared, rows); err != nil {
		return time.Second, err
	}
	sleep, err := s.watch(ctx)
	if err != nil {
		return time.Second, err
	}
	for _, d := range declared {
		row := rows[d.Name]
		if row.Due.IsZero() {
			continue
		}
		if wait := row.Due.Sub(s.now()); wait > 0 {
			sleep = min(sleep, wait)
			continue
		}
		next, err := s.fire(ctx, d, row.Due)
		if err != nil {
			return time.Second, err
		}
		if !next.IsZero() {
			sleep = min(sleep, max(0, next.Sub(s.now())))
		}
	}
	return sleep, nil
}

func (s *Scheduler) read(ctx context.Context) ([]fabric.Schedule, map[string]view.Schedule, error) {
	declared, err := s.opts.Declared(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("declared schedules: %w", err)
	}
	list, err := s.opts.Store.Schedules(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("due rows: %w", err)
	}
	rows := make(map[string]view.Schedule, len(list))
	for _, row := range list {
		rows[row.Name] = row
	}
	return declared, rows, nil
}

// sync gives a row to each schedule that is new or has another timetable, and takes away those of no schedule.
func (s *Scheduler) sync(ctx context.Context, declared []fabric.Schedule, rows map[string]view.Schedule) (map[string]view.Schedule, error) {
	want := make(map[string]view.Schedule, len(declared))
	var changed []view.Schedule
	for _, d := range declared {
		row := rows[d.Name]
		if spec := d.Cron + " " + d.Zone; row.Spec != spec {
			t, err := timetable.Parse(d.Cron, d.Zone)
			if err != nil {
				return nil, fmt.Errorf("schedule %q: %w", d.Name, err)
			}
			row.Name, row.Spec, row.Due = d.Name, spec, t.Next(s.now())
			changed = append(changed, row)
		}
		want[d.Name] = row
	}
	var gone []string
	for name := range rows {
		if _, ok := want[name]; !ok {
			gone = append(gone, name)
		}
	}
	if len(changed)+len(gone) == 0 {
		return want, nil
	}
	return want, s.opts.Store.Do(ctx, func(tx event.Tx) error {
		for _, row := range changed {
			if err := s.opts.Store.SaveSchedule(tx, row); err != nil {
				return err
			}
		}
		for _, name := range gone {
			if err := s.opts.Store.DeleteSchedule(tx, name); err != nil {
				return err
			}
		}
		return nil
	})
}

// fire asks for the run that is due and returns when the next is.
func (s *Scheduler) fire(ctx context.Context, d fabric.Schedule, due time.Time) (time.Time, error) {
	t, err := timetable.Parse(d.Cron, d.Zone)
	if err != nil {
		return time.Time{}, fmt.Errorf("schedule %q: %w", d.Name, err)
	}
	now := s.now()
	next, note := t.Next(now), "due "+due.In(t.Zone()).Format(time.RFC3339)
	if missed := count(t, due, now); missed > 0 {
		note += fmt.Sprintf(", started %s late in place of %d that were missed", now.Sub(due).Round(time.Second), missed)
	}
	fired := false
	err = s.opts.Store.Do(ctx, func(tx event.Tx) error {
		if fired, err = s.opts.Store.FireSchedule(tx, d.Name, due, next, note); err != nil || !fired {
			return err
		}
		return tx.Append(ctx, command(d, "schedule "+d.Name+": "+note))
	})
	if err != nil {
		return time.Time{}, fmt.Errorf("schedule %q: %w", d.Name, err)
	}
	if fired {
		s.log.Info("schedule started", zap.String("schedule", d.Name), zap.String("note", note), zap.Time("next", next))
	}
	return next, nil
}

// maxMissed bounds the counting of what was missed.
const maxMissed = 1000

// count returns how many times there are after one moment up to another.
func count(t timetable.Timetable, after, until time.Time) int {
	n := 0
	for at := t.Next(after); !at.IsZero() && !at.After(until) && n < maxMissed; at = t.Next(at) {
		n++
	}
	return n
}

func command(d fabric.Schedule, reason string) event.Draft {
	return event.Draft{
		Type: event.TypeCommand, Actor: "schedule/" + d.Name, ActorType: event.ActorSystem,
		Data: event.Command{Verb: string(d.Action), Devices: d.Devices, Schedule: d.Name, Reason: reason},
	}
}

// An Entry is a schedule with its row.
type Entry struct {
	Name    string                `json:"name"`
	Cron    string                `json:"cron"`
	Zone    string                `json:"zone"`
	Action  fabric.ScheduleAction `json:"action"`
	Devices []intent.DeviceName   `json:"devices"`
	Source  tree.Source           `json:"source"`
	Due     time.Time             `json:"due,omitzero"`      // in the schedule's zone; zero when it is never due
	LastRun time.Time             `json:"last_run,omitzero"` // likewise
	Note    string                `json:"note,omitempty"`    // of the last run
}

// List returns the declared schedules by name, with when they are due.
func (s *Scheduler) List(ctx context.Context) ([]Entry, error) {
	declared, rows, err := s.read(ctx)
	if err != nil {
		return nil, fmt.Errorf("schedules: %w", err)
	}
	entries := make([]Entry, 0, len(declared))
	for _, d := range declared {
		t, err := timetable.Parse(d.Cron, d.Zone)
		if err != nil {
			return nil, fmt.Errorf("schedule %q: %w", d.Name, err)
		}
		row := rows[d.Name]
		e := Entry{Name: d.Name, Cron: d.Cron, Zone: d.Zone, Action: d.Action, Devices: d.Devices, Source: d.Source, Note: row.LastNote}
		if e.Due = row.Due; row.Spec != d.Cron+" "+d.Zone { // no scheduler has seen it yet
			e.Due = t.Next(s.now())
		}
		if !e.Due.IsZero() {
			e.Due = e.Due.In(t.Zone())
		}
		if !row.LastRun.IsZero() {
			e.LastRun = row.LastRun.In(t.Zone())
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// RunNow asks for a run of the schedule at once and leaves its due time as it is. It returns the ID of the command,
// which is also its correlation.
func (s *Scheduler) RunNow(ctx context.Context, name, actor string) (event.ID, error) {
	declared, rows, err := s.read(ctx)
	if err != nil {
		return "", fmt.Errorf("schedules: %w", err)
	}
	for _, d := range declared {
		if d.Name != name {
			continue
		}
		id, err := uuid.NewV7()
		if err != nil {
			return "", fmt.Errorf("schedule %q: command id: %w", name, err)
		}
		draft := command(d, "schedule "+name+": run by hand")
		draft.ID, draft.Correlation = event.ID(id.String()), id.String()
		draft.Actor, draft.ActorType = actor, event.ActorUser
		err = s.opts.Store.Do(ctx, func(tx event.Tx) error {
			due := rows[name].Due
			if _, err := s.opts.Store.FireSchedule(tx, name, due, due, "run by hand"); err != nil {
				return err
			}
			return tx.Append(ctx, draft)
		})
		if err != nil {
			return "", fmt.Errorf("schedule %q: %w", name, err)
		}
		return draft.ID, nil
	}
	return "", fmt.Errorf("schedule %q: %w", name, ErrUnknown)
}
