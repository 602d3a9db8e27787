package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/store/storetest"
	"github.com/tenter-net/tenter/internal/view"
)

// withoutWorkers takes back what migration 11 brought.
const withoutWorkers = `DROP TABLE worker; DROP TABLE ask; DROP INDEX lease_holder; ALTER TABLE lease DROP COLUMN incarnation;
	ALTER TABLE lease DROP COLUMN since; ALTER TABLE lease DROP COLUMN elected;`

func join(t *testing.T, s *store.Store, name string, ttl time.Duration) view.Worker {
	t.Helper()
	var w view.Worker
	if err := s.Do(t.Context(), func(tx event.Tx) (err error) {
		w, _, err = s.JoinWorker(tx, view.Worker{Name: name, Operation: view.OperationServe, Roles: []string{"monitor"}}, ttl)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return w
}

func guarded(s *store.Store, l view.Lease) error {
	return s.Do(context.Background(), func(tx event.Tx) error { return s.Guard(tx, l) })
}

// expire makes the worker one that did not renew in time.
func expire(t *testing.T, s *store.Store, w view.Worker) {
	t.Helper()
	if _, err := s.RenewWorker(t.Context(), w, -time.Second); err != nil {
		t.Fatal(err)
	}
}

func TestClaims(t *testing.T) { storetest.Both(t, testClaims) }

func testClaims(t *testing.T, at storetest.Place) {
	s := openAt(t, at)
	a, b := join(t, s, "a", time.Minute), join(t, s, "b", time.Minute)
	got, err := s.Claim(t.Context(), a, "device/leaf1", "device/leaf2")
	if err != nil || len(got) != 2 {
		t.Fatal(got, err)
	}
	leaf1, leaf2 := got[0], got[1]
	if got, err := s.Claim(t.Context(), b, "device/leaf1", "device/leaf3"); err != nil || len(got) != 1 || got[0].Key != "device/leaf3" {
		t.Fatal("a live worker's claim was taken", got, err)
	}
	if _, ok, err := s.Acquire(t.Context(), "device/leaf1", "b", time.Minute); err != nil || ok {
		t.Fatal("a live worker's claim was acquired", err)
	}
	if err := guarded(s, leaf1); err != nil {
		t.Fatal(err)
	}

	t.Run("gone with the worker", func(t *testing.T) {
		expire(t, s, a)
		if err := guarded(s, leaf1); !errors.Is(err, view.ErrLeaseLost) {
			t.Fatal(err)
		}
		if _, err := s.Claim(t.Context(), a, "device/leaf9"); !errors.Is(err, view.ErrLeaseLost) {
			t.Fatal("a dead worker claims", err)
		}
		if got, err := s.Claim(t.Context(), b, "device/leaf1"); err != nil || len(got) != 1 || got[0].Token <= leaf1.Token {
			t.Fatal(got, err)
		}
	})
	t.Run("back with what nobody took", func(t *testing.T) {
		if _, err := s.RenewWorker(t.Context(), a, time.Minute); err != nil {
			t.Fatal(err)
		}
		if err := guarded(s, leaf1); !errors.Is(err, view.ErrLeaseLost) {
			t.Fatal("the former holder's claim is valid", err)
		}
		if err := guarded(s, leaf2); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("void for a successor of the name", func(t *testing.T) {
		again := join(t, s, "a", time.Minute)
		if again.Token <= a.Token {
			t.Fatal(again, a)
		}
		if err := guarded(s, leaf2); !errors.Is(err, view.ErrLeaseLost) {
			t.Fatal(err)
		}
		if _, err := s.RenewWorker(t.Context(), a, time.Minute); !errors.Is(err, view.ErrLeaseLost) {
			t.Fatal("the former process renews", err)
		}
		a = again
	})
	t.Run("outlasts the worker where extended", func(t *testing.T) {
		got, err := s.Claim(t.Context(), a, "device/leaf4")
		if err != nil || len(got) != 1 {
			t.Fatal(got, err)
		}
		if err := s.Extend(t.Context(), got[0], time.Minute); err != nil {
			t.Fatal(err)
		}
		expire(t, s, a)
		if taken, err := s.Claim(t.Context(), b, "device/leaf4"); err != nil || len(taken) != 0 {
			t.Fatal("a Set may be under way there", taken, err)
		}
		if err := s.Extend(t.Context(), got[0], 0); err != nil {
			t.Fatal(err)
		}
		if taken, err := s.Claim(t.Context(), b, "device/leaf4"); err != nil || len(taken) != 1 {
			t.Fatal(taken, err)
		}
		if err := s.Extend(t.Context(), got[0], time.Minute); !errors.Is(err, view.ErrLeaseLost) {
			t.Fatal(err)
		}
	})
	t.Run("buried once", func(t *testing.T) {
		var first, second []view.Worker
		if err := s.Do(t.Context(), func(tx event.Tx) (err error) {
			if first, err = s.BuryWorkers(tx); err != nil {
				return err
			}
			second, err = s.BuryWorkers(tx)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if len(first) != 1 || first[0].Name != "a" || len(second) != 0 {
			t.Fatal(first, second)
		}
		if _, err := s.RenewWorker(t.Context(), a, time.Minute); !errors.Is(err, view.ErrLeaseLost) {
			t.Fatal("a buried worker renews", err)
		}
	})
	t.Run("listed", func(t *testing.T) {
		claims, err := s.Claims(t.Context(), "device/")
		if err != nil {
			t.Fatal(err)
		}
		var held []string
		for _, c := range claims {
			if c.Live {
				held = append(held, c.Key+" "+c.Holder)
			}
		}
		if len(held) != 3 || held[0] != "device/leaf1 b" {
			t.Fatal(held)
		}
		workers, err := s.Workers(t.Context())
		if err != nil || len(workers) != 1 || !workers[0].Live() || workers[0].Left > time.Minute || workers[0].Roles[0] != "monitor" {
			t.Fatal(workers, err)
		}
	})
}

func TestElect(t *testing.T) { storetest.Both(t, testElect) }

func testElect(t *testing.T, at storetest.Place) {
	s := openAt(t, at)
	elect := func(holder string, want bool) view.Lease {
		t.Helper()
		l, ok, err := s.Elect(t.Context(), "relay", holder, time.Minute)
		if err != nil || ok != want {
			t.Fatal(ok, err)
		}
		return l
	}
	terms := func() (list []event.Leader) {
		t.Helper()
		events, err := s.Events(t.Context(), event.Query{Types: []event.Type{event.TypeLeaderElected}})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			d, err := event.Decode[event.Leader](e)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, d)
		}
		return list
	}
	elect("a", true)
	elect("b", false)
	l := elect("a", true) // again, after a restart
	if got := terms(); len(got) != 1 || got[0].Worker != "a" || got[0].Previous != "" {
		t.Fatal(got)
	}
	if err := s.Release(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	l = elect("a", true)
	if got := terms(); len(got) != 1 {
		t.Fatal("a worker that takes what it gave up itself is no news", got)
	}
	if err := s.Release(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	l = elect("b", true)
	if got := terms(); len(got) != 2 || got[1] != (event.Leader{Election: "relay", Worker: "b", Previous: "a", Term: l.Token}) {
		t.Fatal(got)
	}
}
