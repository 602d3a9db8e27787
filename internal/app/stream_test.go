package app

import (
	"context"
	"fmt"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/api"
	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/telemetry"
)

// TestStreamMissesNothing has a client so slow that its queue overflows again and again: it gets every event once, in order,
// from wherever it asked, and nobody's password.
func TestStreamMissesNothing(t *testing.T) {
	st, err := store.Open(t.Context(), store.Options{Dir: t.TempDir(), Fabric: "f", Worker: "w", Log: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	a := &App{store: st, log: zap.NewNop(), now: time.Now, worker: "w", metrics: telemetry.NewMetrics(telemetry.Process{})}
	a.local = a.newLocal()
	feed, err := a.feed(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	a.local.Start()
	ctx, cancel := context.WithCancel(t.Context())
	fed, streamed := make(chan error), make(chan error)
	go func() { fed <- feed(ctx) }()
	out := make(chan api.Told)
	go func() {
		streamed <- a.stream(ctx, api.Following{Resumed: true, Query: map[string][]string{"type": {"device"}}}, out)
	}()
	if first := <-out; first.Type != "" {
		t.Fatalf("began with %+v", first)
	}
	const rounds, each = 6, 500
	last, got := uint64(0), 0
	for round := range rounds {
		if err := st.Do(ctx, func(tx event.Tx) error {
			for n := range each {
				if err := tx.Append(ctx,
					event.Draft{Type: event.TypeDeviceSynced, Subject: fmt.Sprint("leaf", n%7), Data: event.Device{Device: "leaf1", Reason: "redis://u:hunter2@h"}},
					event.Draft{Type: event.TypeIntentRejected, Data: event.IntentRejected{}}); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		for got < (round+1)*each {
			m := <-out
			if m.ID <= last || m.Type != string(event.TypeDeviceSynced) {
				t.Fatalf("%d %s after %d", m.ID, m.Type, last)
			}
			if got == 0 {
				if e, err := event.Parse(m.Data); err != nil || string(e.Data) != `{"device":"leaf1","reason":"redis://h"}` {
					t.Errorf("%s: %v", e.Data, err)
				}
			}
			last = m.ID
			got++
		}
	}
	cancel()
	for _, ended := range []chan error{fed, streamed} {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	if s := a.local.Stats().Subscribers["stream"]; s.Dropped == 0 {
		t.Errorf("nothing was dropped, so nothing was shown: %+v", s)
	}
	a.local.Close()
	if err := st.Close(); err != nil {
		t.Error(err)
	}
}
