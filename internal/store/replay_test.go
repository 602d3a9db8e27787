package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/store/storetest"
	"github.com/tenter-net/tenter/internal/view"
)

// TestReplayGivesAGroupThePastAgain does so from the archive and from the rows, once, and leaves what is owed anyway as it is.
func TestReplayGivesAGroupThePastAgain(t *testing.T) {
	storetest.Both(t, func(t *testing.T, at storetest.Place) {
		s := archiving(t, at, t.TempDir())
		if err := s.JoinGroup(t.Context(), view.Group{Name: "g", Streams: []string{event.StreamDevice, event.StreamDrift}}); err != nil {
			t.Fatal(err)
		}
		history(t, s)
		handle := func() (handled []event.Seq) {
			due, err := s.TakeRetries(t.Context(), "g", 100, time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			var seqs []event.Seq
			for _, d := range due {
				seqs = append(seqs, d.Seq)
			}
			list, err := s.EventsAt(t.Context(), seqs)
			if err != nil || len(list) != len(due) {
				t.Fatalf("%d of %d events, %v", len(list), len(due), err)
			}
			for _, e := range list {
				if _, err := s.Deliver(t.Context(), "g", e, func(context.Context, event.Tx, event.Event) error {
					handled = append(handled, e.Seq)
					return nil
				}); err != nil {
					t.Error(err)
				}
			}
			return handled
		}
		all, err := s.Events(t.Context(), event.Query{Limit: 100, Before: 50})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range all {
			if _, err := s.Deliver(t.Context(), "g", e, noEffect); err != nil {
				t.Fatal(err)
			}
		}
		archived(t, s, noon.Add(20*time.Minute))
		// 14, 15, 16 and 18 are archived, 20, 21 and 22 are rows, and 50 and later are still owed.
		n, err := s.Replay(t.Context(), "g", event.Query{After: 13, Before: 23})
		if err != nil || n != 7 {
			t.Errorf("Replay() = %d, %v", n, err)
		}
		if n, err = s.Replay(t.Context(), "g", event.Query{After: 13, Before: 23}); err != nil || n != 0 {
			t.Errorf("Replay() again = %d, %v", n, err)
		}
		if diff := cmp.Diff([]event.Seq{14, 15, 16, 18, 20, 21, 22}, handle()); diff != "" {
			t.Errorf("handled, -want +got:\n%s", diff)
		}
		if n, err = s.Replay(t.Context(), "g", event.Query{Types: []event.Type{event.TypeDriftDetected}, Since: noon.Add(45 * time.Minute)}); err != nil || n != 0 {
			t.Errorf("what is owed is not given: %d, %v", n, err)
		}
		if _, err := s.Replay(t.Context(), "nobody", event.Query{}); !errors.Is(err, store.ErrNoGroup) {
			t.Error(err)
		}
	})
}

func TestEventByID(t *testing.T) {
	storetest.Both(t, func(t *testing.T, at storetest.Place) {
		s := archiving(t, at, t.TempDir())
		child := event.ID(uuid.NewSHA1(uuid.NameSpaceURL, []byte("child")).String())
		var drafts []event.Draft
		for i := range 40 {
			d := synced("leaf1")
			d.Correlation = fmt.Sprint("c", i)
			if i == 7 {
				d.ID = child
			}
			drafts = append(drafts, d)
		}
		drafts[9].Correlation = ""
		appendAll(t, s, drafts...)
		list, err := s.Events(t.Context(), event.Query{})
		if err != nil {
			t.Fatal(err)
		}
		for _, archive := range []bool{false, true} {
			if archive {
				archived(t, s, time.Now())
			}
			for what, seq := range map[string]event.Seq{"by its time": 31, "by its correlation": 10, "a handler's": 8} {
				id := list[seq-1].ID
				if e, ok, err := s.EventByID(t.Context(), id); err != nil || !ok || e.Seq != seq {
					t.Errorf("%s, archived %v: %d, %v, %v", what, archive, e.Seq, ok, err)
				}
			}
			strange, err := uuid.NewV7()
			if err != nil {
				t.Fatal(err)
			}
			if _, ok, err := s.EventByID(t.Context(), event.ID(strange.String())); err != nil || ok {
				t.Errorf("%v, %v", ok, err)
			}
			if _, _, err := s.EventByID(t.Context(), "4711"); err == nil {
				t.Error("4711 is no id")
			}
		}
	})
}
