package store

import (
	"context"
	"fmt"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/view"
)

// Freeze returns the freeze of the fabric that was told of last and not ended; it may be over. The zero value is none.
func (s *Store) Freeze(ctx context.Context) (view.Freeze, error) {
	f, _, err := first(s.reader(ctx), scanFreeze, selectFreeze)
	if err != nil {
		return view.Freeze{}, fmt.Errorf("store: freeze: %w", err)
	}
	return f, nil
}

const selectFreeze = "SELECT ends, reason, actor, since, event FROM fabric_freeze WHERE id = 1"

func scanFreeze(row scanner) (f view.Freeze, err error) {
	return f, row.Scan(timeOf{&f.Until}, &f.Reason, &f.By, timeOf{&f.Since}, &f.Event)
}

// SaveFreeze freezes the fabric, in place of any freeze before.
func (s *Store) SaveFreeze(tx event.Tx, f view.Freeze) error {
	t, err := s.own(tx)
	if err != nil {
		return err
	}
	if _, err := t.exec("INSERT INTO fabric_freeze (id, ends, reason, actor, since, event) VALUES (1, ?, ?, ?, ?, ?)"+
		" ON CONFLICT (id) DO UPDATE SET ends = excluded.ends, reason = excluded.reason, actor = excluded.actor, since = excluded.since, event = excluded.event",
		toDB(f.Until), f.Reason, f.By, toDB(f.Since), f.Event); err != nil {
		return fmt.Errorf("store: freeze: %w", err)
	}
	return nil
}

// EndFreeze ends this freeze and reports whether it was still there: of two who end it, one gets false.
func (s *Store) EndFreeze(tx event.Tx, f view.Freeze) (bool, error) {
	t, err := s.own(tx)
	if err != nil {
		return false, err
	}
	n, err := t.exec("DELETE FROM fabric_freeze WHERE event = ?", f.Event)
	if err != nil {
		return false, fmt.Errorf("store: freeze: %w", err)
	}
	return n > 0, nil
}

// Windows returns what was told last of each window, by name.
func (s *Store) Windows(ctx context.Context) ([]view.Window, error) {
	list, err := collect(s.reader(ctx), func(row scanner) (w view.Window, err error) {
		var open int64
		err = row.Scan(&w.Name, &open, timeOf{&w.Since}, timeOf{&w.Turn})
		w.Open = open != 0
		return w, err
	}, "SELECT name, is_open, since, turn FROM time_window ORDER BY name")
	if err != nil {
		return nil, fmt.Errorf("store: windows: %w", err)
	}
	return list, nil
}

// MoveWindow replaces what was told last of a window, unless that is another by now: then it changes nothing and returns
// false. A before without a name is nothing told yet, an after without one is to forget the window.
func (s *Store) MoveWindow(tx event.Tx, before, after view.Window) (bool, error) {
	t, err := s.own(tx)
	if err != nil {
		return false, err
	}
	number := func(open bool) int64 {
		if open {
			return 1
		}
		return 0
	}
	const as = " WHERE name = ? AND is_open = ? AND since = ? AND turn = ?"
	var n int64
	switch {
	case before.Name == "":
		n, err = t.exec("INSERT INTO time_window (name, is_open, since, turn) VALUES (?, ?, ?, ?) ON CONFLICT (name) DO NOTHING",
			after.Name, number(after.Open), toDB(after.Since), toDB(after.Turn))
	case after.Name == "":
		n, err = t.exec("DELETE FROM time_window"+as, before.Name, number(before.Open), toDB(before.Since), toDB(before.Turn))
	default:
		n, err = t.exec("UPDATE time_window SET is_open = ?, since = ?, turn = ?"+as, number(after.Open), toDB(after.Since), toDB(after.Turn),
			before.Name, number(before.Open), toDB(before.Since), toDB(before.Turn))
	}
	if err != nil {
		return false, fmt.Errorf("window %q: %w", max(before.Name, after.Name), err)
	}
	return n > 0, nil
}
