package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/store/pgtest"
	"github.com/tenter-net/tenter/internal/store/storetest"
	"github.com/tenter-net/tenter/internal/view"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(archiverVariable); dir != "" {
		fmt.Fprintln(os.Stderr, archiver(dir))
		os.Exit(1)
	}
	goleak.VerifyTestMain(pgtest.Main(m))
}

func open(t testing.TB, dir string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{Dir: dir, Fabric: "dc1", Worker: "w1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func synced(device string) event.Draft {
	return event.Draft{Type: event.TypeDeviceSynced, Subject: device, Data: event.Device{Device: "leaf1"}}
}

func appendAll(t testing.TB, s *store.Store, drafts ...event.Draft) {
	t.Helper()
	if err := s.Do(t.Context(), func(tx event.Tx) error { return tx.Append(t.Context(), drafts...) }); err != nil {
		t.Fatal(err)
	}
}

func TestLogIsDenseLinkedAndVerified(t *testing.T) { both(t, testLogIsDenseLinkedAndVerified) }

func testLogIsDenseLinkedAndVerified(t *testing.T, s *store.Store) {
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 20 {
				d := synced(fmt.Sprintf("leaf%d", w))
				if i%3 == 0 {
					d = event.Draft{Type: event.TypeIntentChanged, Data: event.IntentChanged{Generation: "g"}}
				}
				if err := s.Do(context.Background(), func(tx event.Tx) error { return tx.Append(context.Background(), d) }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	events, err := s.Events(t.Context(), event.Query{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	if len(events) != 160 {
		t.Fatalf("%d events, want 160", len(events))
	}
	last := map[string]event.Seq{}
	for i, e := range events {
		if e.Seq != event.Seq(i+1) || e.Predecessor != last[e.Stream] {
			t.Fatalf("event %d: seq %d, predecessor %d, want %d", i, e.Seq, e.Predecessor, last[e.Stream])
		}
		if e.Fabric != "dc1" || e.Source != "w1" || e.Correlation != string(e.ID) {
			t.Fatalf("envelope not completed: %s", e.Envelope)
		}
		last[e.Stream] = e.Seq
	}
	if v, err := s.VerifyLog(t.Context()); err != nil || v.Seq != 160 {
		t.Errorf("VerifyLog() = %+v, %v", v, err)
	}
}

func TestOneCallersErrorUndoesOnlyItsOwn(t *testing.T) { both(t, testOneCallersErrorUndoesOnlyItsOwn) }

func testOneCallersErrorUndoesOnlyItsOwn(t *testing.T, s *store.Store) {
	broken := errors.New("broken")
	save := func(id string, fail func()) error {
		return s.Do(t.Context(), func(tx event.Tx) error {
			if err := s.SaveRun(tx, view.Run{ID: id, Status: view.RunRunning, Body: []byte("{}")}); err != nil {
				return err
			}
			if err := tx.Append(t.Context(), synced(id)); err != nil {
				return err
			}
			fail()
			if strings.HasPrefix(id, "bad") {
				return broken
			}
			return nil
		})
	}
	var wg sync.WaitGroup
	for i := range 30 {
		wg.Go(func() {
			switch i % 3 {
			case 0:
				if err := save(fmt.Sprintf("good%d", i), func() {}); err != nil {
					t.Errorf("good: %v", err)
				}
			case 1:
				if err := save(fmt.Sprintf("bad%d", i), func() {}); !errors.Is(err, broken) {
					t.Errorf("bad: %v", err)
				}
			case 2:
				if err := save(fmt.Sprintf("panic%d", i), func() { panic("ouch") }); err == nil || !strings.Contains(err.Error(), "ouch") {
					t.Errorf("panic: %v", err)
				}
			}
		})
	}
	wg.Go(func() {
		_ = save("exit", runtime.Goexit)
		t.Error("Goexit came back")
	})
	wg.Wait()
	runs, err := s.Runs(t.Context(), view.RunQuery{})
	if err != nil {
		t.Fatal(err)
	}
	events, err := s.Events(t.Context(), event.Query{})
	if err != nil {
		t.Fatal(err)
	}
	if len(runs) != 10 || len(events) != 10 {
		t.Errorf("%d runs and %d events, want 10 of each", len(runs), len(events))
	}
}

func TestDoHonoursItsContext(t *testing.T) { both(t, testDoHonoursItsContext) }

func testDoHonoursItsContext(t *testing.T, s *store.Store) {
	inside, leave := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := s.Do(context.Background(), func(event.Tx) error { close(inside); <-leave; return nil }); err != nil {
			t.Error(err)
		}
	})
	<-inside
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("changed my mind")
	wg.Go(func() {
		err := s.Do(ctx, func(event.Tx) error { t.Error("ran after its context ended"); return nil })
		if !errors.Is(err, why) {
			t.Errorf("Do() = %v, want %v", err, why)
		}
	})
	cancel(why)
	close(leave)
	wg.Wait()
}

func TestTransactionIsOverAfterDo(t *testing.T) { storetest.Both(t, testTransactionIsOverAfterDo) }

func testTransactionIsOverAfterDo(t *testing.T, at storetest.Place) {
	s, other := openAt(t, at), openAt(t, at)
	var kept event.Tx
	err := s.Do(t.Context(), func(tx event.Tx) error {
		kept = tx
		if err := other.SaveRun(tx, view.Run{ID: "r"}); err == nil {
			t.Error("another store took the transaction")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := kept.Append(t.Context(), synced("leaf1")); err == nil {
		t.Error("Append after the end succeeded")
	}
	if err := s.SaveRun(kept, view.Run{ID: "r"}); err == nil {
		t.Error("SaveRun after the end succeeded")
	}
}

func TestEventsQuery(t *testing.T) { both(t, testEventsQuery) }

func testEventsQuery(t *testing.T, s *store.Store) {
	base := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	appendAll(t, s,
		event.Draft{Type: event.TypeIntentChanged, Data: event.IntentChanged{Generation: "g"}, Correlation: "a", Time: base},
		event.Draft{Type: event.TypeDriftDetected, Data: event.Drift{Episode: "e1", Device: "leaf1"}, Correlation: "b", Subject: "leaf1", Time: base.Add(time.Second)},
		event.Draft{Type: event.TypeDriftRemediated, Data: event.DriftRemediated{Episode: "e1", Device: "leaf1"}, Correlation: "b", Subject: "leaf1", Time: base.Add(2 * time.Second)},
		event.Draft{Type: event.TypeDeviceSynced, Data: event.Device{Device: "leaf2"}, Correlation: "c", Subject: "leaf2", Time: base.Add(3 * time.Second)},
	)
	for name, c := range map[string]struct {
		q    event.Query
		want []event.Seq
	}{
		"all":         {event.Query{}, []event.Seq{1, 2, 3, 4}},
		"newest":      {event.Query{Newest: true, Limit: 2}, []event.Seq{4, 3}},
		"after":       {event.Query{After: 2}, []event.Seq{3, 4}},
		"before":      {event.Query{Before: 3}, []event.Seq{1, 2}},
		"domain":      {event.Query{Types: []event.Type{"drift"}}, []event.Seq{2, 3}},
		"domain dot":  {event.Query{Types: []event.Type{"drift.", "device"}}, []event.Seq{2, 3, 4}},
		"type":        {event.Query{Types: []event.Type{event.TypeDriftDetected}}, []event.Seq{2}},
		"part":        {event.Query{Types: []event.Type{"drift.det"}}, nil},
		"every type":  {event.Query{Types: []event.Type{""}}, []event.Seq{1, 2, 3, 4}},
		"subject":     {event.Query{Subject: "leaf1"}, []event.Seq{2, 3}},
		"correlation": {event.Query{Correlation: "b", Newest: true}, []event.Seq{3, 2}},
		"stream":      {event.Query{Stream: event.StreamDevice}, []event.Seq{4}},
		"since":       {event.Query{Since: base.Add(2 * time.Second)}, []event.Seq{3, 4}},
	} {
		t.Run(name, func(t *testing.T) {
			events, err := s.Events(t.Context(), c.q)
			if err != nil {
				t.Fatal(err)
			}
			var got []event.Seq
			for _, e := range events {
				got = append(got, e.Seq)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestWaitSeesThisAndOtherProcesses(t *testing.T) {
	storetest.Both(t, testWaitSeesThisAndOtherProcesses)
}

func testWaitSeesThisAndOtherProcesses(t *testing.T, at storetest.Place) {
	a, b := openAt(t, at), openAt(t, at) // two stores in one place are as two processes
	for _, writer := range []*store.Store{a, b} {
		seq, _, err := a.Head(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		woken := make(chan error, 1)
		go func() { woken <- a.Wait(context.Background(), seq) }()
		appendAll(t, writer, synced("leaf1"))
		if err := <-woken; err != nil {
			t.Error(err)
		}
	}
	if v, err := b.VerifyLog(t.Context()); err != nil || v.Seq != 2 {
		t.Errorf("VerifyLog() = %+v, %v", v, err)
	}
}

func TestReopenKeepsEverything(t *testing.T) { storetest.Both(t, testReopenKeepsEverything) }

func testReopenKeepsEverything(t *testing.T, at storetest.Place) {
	s, err := store.Open(t.Context(), at.In(store.Options{}))
	if err != nil {
		t.Fatal(err)
	}
	appendAll(t, s, synced("leaf1"))
	key, err := s.SecretKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Do(t.Context(), func(event.Tx) error { return nil }); !errors.Is(err, store.ErrClosed) {
		t.Errorf("Do() after Close = %v", err)
	}
	again := openAt(t, at)
	got, err := again.SecretKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(key, got); diff != "" {
		t.Errorf("the secret key changed:\n%s", diff)
	}
	if seq, _, err := again.Head(t.Context()); err != nil || seq != 1 {
		t.Errorf("Head() = %d, %v", seq, err)
	}
}
