package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/store/storetest"
	"github.com/tenter-net/tenter/internal/view"
)

func TestLocks(t *testing.T) { storetest.Both(t, testLocks) }

// testLocks takes a claim away from a live worker, and an election from its leader: neither can commit under it any more.
func testLocks(t *testing.T, at storetest.Place) {
	s := openAt(t, at)
	var a view.Worker
	do(t, s, func(tx event.Tx) (err error) {
		a, _, err = s.JoinWorker(tx, view.Worker{Name: "a", Operation: view.OperationServe, Host: "h1", Process: 4711}, time.Minute)
		return err
	})
	claimed, err := s.Claim(t.Context(), a, "device/leaf1", "run/r1")
	if err != nil || len(claimed) != 2 {
		t.Fatal(claimed, err)
	}
	elected, _, err := s.Elect(t.Context(), "loader", "a", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	list, err := s.Locks(t.Context())
	if err != nil || len(list) != 3 {
		t.Fatal(list, err)
	}
	for i, name := range []string{"device/leaf1", "loader", "run/r1"} {
		l := list[i]
		if l.Name != name || l.Holder.Name != "a" || l.Holder.Process != 4711 || l.Holder.Host != "h1" || l.Holder.Operation != "serve" || l.Until.IsZero() || l.Elected != (name == "loader") {
			t.Errorf("%+v", l)
		}
		if l.Since.IsZero() != l.Elected || l.Age < 0 {
			t.Errorf("%s: since %s, for %s", name, l.Since, l.Age)
		}
	}
	for _, l := range append(claimed, elected) {
		if err := guarded(s, l); err != nil {
			t.Fatal(err)
		}
		do(t, s, func(tx event.Tx) error {
			was, err := s.Unlock(tx, l.Key)
			if was.Holder.Name != "a" || was.Token != l.Token {
				t.Errorf("%s was %+v", l.Key, was)
			}
			return err
		})
		if err := guarded(s, l); !errors.Is(err, view.ErrLeaseLost) {
			t.Errorf("%s: the former holder commits: %v", l.Key, err)
		}
		if err := s.Do(t.Context(), func(tx event.Tx) error { _, err := s.Unlock(tx, l.Key); return err }); !errors.Is(err, view.ErrNotFound) {
			t.Errorf("%s: taken away twice: %v", l.Key, err)
		}
	}
	if err := s.Extend(t.Context(), claimed[0], time.Minute); !errors.Is(err, view.ErrLeaseLost) {
		t.Errorf("the former holder may send: %v", err)
	}
	again, err := s.Claim(t.Context(), a, "device/leaf1")
	if err != nil || len(again) != 1 || again[0].Token <= claimed[0].Token {
		t.Errorf("claimed again: %+v, %v", again, err)
	}
	if err := guarded(s, claimed[0]); !errors.Is(err, view.ErrLeaseLost) {
		t.Errorf("the same worker's former claim is valid: %v", err)
	}
}
