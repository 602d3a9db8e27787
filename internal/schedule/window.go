package schedule

import (
	"context"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/policy"
	"github.com/tenter-net/tenter/internal/view"
)

// A WindowStore keeps what was told last of each window, and the freeze of the fabric.
type WindowStore interface {
	Windows(ctx context.Context) ([]view.Window, error)
	// MoveWindow replaces what was told last, and reports whether it still was that.
	MoveWindow(tx event.Tx, before, after view.Window) (bool, error)
	Freeze(ctx context.Context) (view.Freeze, error)
	// EndFreeze ends a freeze, and reports whether it was still there.
	EndFreeze(tx event.Tx, f view.Freeze) (bool, error)
}

// watch tells of windows that opened or closed and of a freeze that is over, each once however many schedulers look, and
// returns how long there is nothing to tell. What opened and closed while nobody ran is not told.
func (s *Scheduler) watch(ctx context.Context) (time.Duration, error) {
	sleep, err := s.thaw(ctx)
	if err != nil {
		return 0, err
	}
	declared, err := s.opts.Windows(ctx)
	if err != nil {
		return 0, fmt.Errorf("declared windows: %w", err)
	}
	windows, err := policy.NewWindows(declared)
	if err != nil {
		return 0, err
	}
	list, err := s.opts.Store.Windows(ctx)
	if err != nil {
		return 0, err
	}
	rows := make(map[string]view.Window, len(list))
	for _, row := range list {
		rows[row.Name] = row
	}
	now := s.now()
	for _, w := range windows {
		before := rows[w.Name]
		delete(rows, w.Name)
		after := stands(w, now)
		if !after.Turn.IsZero() {
			sleep = min(sleep, max(0, after.Turn.Sub(now)))
		}
		if before == after {
			continue
		}
		if err := s.tell(ctx, before, after, turned(w, before, after, now)...); err != nil {
			return 0, err
		}
	}
	for _, row := range rows {
		var gone []event.Draft
		if row.Open {
			gone = append(gone, windowDraft(event.TypeWindowClosed, event.Window{Window: row.Name, At: now, Reason: "the intents do not have it any more"}))
		}
		if err := s.tell(ctx, row, view.Window{}, gone...); err != nil {
			return 0, err
		}
	}
	return sleep, nil
}

func stands(w policy.Window, now time.Time) view.Window {
	s := w.At(now)
	row := view.Window{Name: w.Name, Open: s.Open, Since: s.Since, Turn: s.Next}
	if s.Open {
		row.Turn = s.Until
	}
	if !row.Since.IsZero() {
		row.Since = row.Since.UTC()
	}
	if !row.Turn.IsZero() {
		row.Turn = row.Turn.UTC()
	}
	return row
}

// turned is what there is to tell of a window that stood like before when it was looked at last.
func turned(w policy.Window, before, after view.Window, now time.Time) []event.Draft {
	due := !before.Turn.IsZero() && !now.Before(before.Turn) // the clock explains it
	data := event.Window{Window: w.Name, Mode: "deny", Devices: w.Devices, At: now}
	if w.Allow {
		data.Mode = "allow"
	}
	closed, opened := data, data
	if due {
		closed.At = before.Turn
	}
	if !after.Since.IsZero() {
		opened.At = after.Since
	}
	opened.Turns = after.Turn
	switch {
	case before.Name == "":
		opened.Reason = "the intents have it now"
	case !due:
		closed.Reason, opened.Reason = "the intents changed it", "the intents changed it"
	}
	switch {
	case before.Open && !after.Open:
		closed.Turns = after.Turn
		return []event.Draft{windowDraft(event.TypeWindowClosed, closed)}
	case !before.Open && after.Open:
		return []event.Draft{windowDraft(event.TypeWindowOpened, opened)}
	case before.Open && due && after.Since.After(before.Turn): // and nobody looked in between
		closed.Turns = after.Since
		return []event.Draft{windowDraft(event.TypeWindowClosed, closed), windowDraft(event.TypeWindowOpened, opened)}
	}
	return nil
}

func windowDraft(t event.Type, w event.Window) event.Draft {
	return event.Draft{Type: t, Actor: "window/" + w.Window, ActorType: event.ActorSystem, Data: w}
}

// tell records how a window stands, with what there is to tell, unless somebody else did.
func (s *Scheduler) tell(ctx context.Context, before, after view.Window, drafts ...event.Draft) error {
	moved := false
	err := s.opts.Store.Do(ctx, func(tx event.Tx) error {
		var err error
		if moved, err = s.opts.Store.MoveWindow(tx, before, after); err != nil || !moved || len(drafts) == 0 {
			return err
		}
		return tx.Append(ctx, drafts...)
	})
	if err != nil {
		return fmt.Errorf("window %q: %w", max(before.Name, after.Name), err)
	}
	for _, d := range drafts {
		if moved {
			s.log.Info("window", zap.String("event", string(d.Type)), zap.Any("window", d.Data))
		}
	}
	return nil
}

// thaw ends a freeze whose time is over, and returns how long that is to wait.
func (s *Scheduler) thaw(ctx context.Context) (time.Duration, error) {
	f, err := s.opts.Store.Freeze(ctx)
	switch {
	case err != nil:
		return 0, err
	case f.Event == "":
		return lookAgain, nil
	case f.At(s.now()):
		return min(lookAgain, f.Until.Sub(s.now())), nil
	}
	return lookAgain, s.opts.Store.Do(ctx, func(tx event.Tx) error {
		ended, err := s.opts.Store.EndFreeze(tx, f)
		if err != nil || !ended {
			return err
		}
		return tx.Append(ctx, event.Draft{
			Type: event.TypeWindowUnfrozen, Actor: "freeze", ActorType: event.ActorSystem, Correlation: f.Event, Causation: event.ID(f.Event),
			Data: event.Freeze{Until: f.Until, Reason: "its time is over", By: f.By},
		})
	})
}
