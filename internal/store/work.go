package store

import (
	"context"
	"fmt"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/view"
)

// SaveSchedule keeps the schedule as it now is.
func (s *Store) SaveSchedule(tx event.Tx, v view.Schedule) error {
	t, err := s.own(tx)
	if err != nil {
		return err
	}
	if _, err := t.exec("INSERT INTO schedule (name, spec, due, last_run, last_note) VALUES (?, ?, ?, ?, ?)"+
		" ON CONFLICT (name) DO UPDATE SET spec = excluded.spec, due = excluded.due, last_run = excluded.last_run, last_note = excluded.last_note",
		v.Name, v.Spec, toDB(v.Due), toDB(v.LastRun), v.LastNote); err != nil {
		return fmt.Errorf("schedule %q: %w", v.Name, err)
	}
	return nil
}

// FireSchedule moves the schedule from one due time to the next and reports whether it was still due then: of two
// schedulers that fire the same row, one gets false.
func (s *Store) FireSchedule(tx event.Tx, name string, due, next time.Time, note string) (bool, error) {
	t, err := s.own(tx)
	if err != nil {
		return false, err
	}
	n, err := t.exec("UPDATE schedule SET due = ?, last_run = ?, last_note = ? WHERE name = ? AND due = ?", toDB(next), toDB(s.now()), note, name, toDB(due))
	if err != nil {
		return false, fmt.Errorf("schedule %q: %w", name, err)
	}
	return n > 0, nil
}

// DeleteSchedule forgets the schedule; one that is not there already is forgotten.
func (s *Store) DeleteSchedule(tx event.Tx, name string) error {
	t, err := s.own(tx)
	if err != nil {
		return err
	}
	if _, err := t.exec("DELETE FROM schedule WHERE name = ?", name); err != nil {
		return fmt.Errorf("schedule %q: %w", name, err)
	}
	return nil
}

// Schedules returns all schedules by name.
func (s *Store) Schedules(ctx context.Context) ([]view.Schedule, error) {
	list, err := collect(s.reader(ctx), func(row scanner) (v view.Schedule, err error) {
		return v, row.Scan(&v.Name, &v.Spec, timeOf{&v.Due}, timeOf{&v.LastRun}, &v.LastNote)
	}, "SELECT name, spec, due, last_run, last_note FROM schedule ORDER BY name")
	if err != nil {
		return nil, fmt.Errorf("store: schedules: %w", err)
	}
	return list, nil
}

const notificationColumns = "receiver, key, state, attempts, not_before, reference, error, body, created, updated"

func scanNotification(row scanner) (n view.Notification, err error) {
	var body []byte
	err = row.Scan(&n.Receiver, &n.Key, &n.State, &n.Attempts, timeOf{&n.NotBefore}, &n.Reference, &n.Error, &body,
		timeOf{&n.Created}, timeOf{&n.Updated})
	n.Body = body
	return n, err
}

// AddNotification keeps a new notification. It reports false and changes nothing when the receiver's key is known.
func (s *Store) AddNotification(tx event.Tx, n view.Notification) (bool, error) {
	return s.saveNotification(tx, n, " ON CONFLICT DO NOTHING")
}

// SaveNotification keeps the notification as it now is.
func (s *Store) SaveNotification(tx event.Tx, n view.Notification) error {
	_, err := s.saveNotification(tx, n, " ON CONFLICT (receiver, key) DO UPDATE SET state = excluded.state, attempts = excluded.attempts,"+
		" not_before = excluded.not_before, reference = excluded.reference, error = excluded.error, body = excluded.body, updated = excluded.updated")
	return err
}

func (s *Store) saveNotification(tx event.Tx, n view.Notification, conflict string) (bool, error) {
	t, err := s.own(tx)
	if err != nil {
		return false, err
	}
	if n.Created.IsZero() {
		n.Created = s.now()
	}
	changed, err := t.exec("INSERT INTO notification ("+notificationColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"+conflict,
		n.Receiver, n.Key, n.State, n.Attempts, toDB(n.NotBefore), n.Reference, n.Error, nonNil(n.Body), toDB(n.Created), toDB(s.now()))
	if err != nil {
		return false, fmt.Errorf("notification %q to %q: %w", n.Key, n.Receiver, err)
	}
	return changed > 0, nil
}

// PendingNotifications returns those that are to be sent, in the order in which they are due; some may not be due yet.
func (s *Store) PendingNotifications(ctx context.Context) ([]view.Notification, error) {
	list, err := collect(s.reader(ctx), scanNotification, "SELECT "+notificationColumns+" FROM notification WHERE state = 'pending' ORDER BY not_before, created, receiver, key")
	if err != nil {
		return nil, fmt.Errorf("store: notifications: %w", err)
	}
	return list, nil
}
