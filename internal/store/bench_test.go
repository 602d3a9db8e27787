package store_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/store/pgtest"
	"github.com/tenter-net/tenter/internal/store/storetest"
	"github.com/tenter-net/tenter/internal/view"
)

// durable runs a benchmark on each kind of store as in production, with what is committed flushed to the disk.
func durable(b *testing.B, run func(b *testing.B, s *store.Store)) {
	b.Run("sqlite", func(b *testing.B) {
		s := openAt(b, storetest.SQLite(b))
		b.ResetTimer()
		run(b, s)
	})
	server := pgtest.New(b, pgtest.Options{})
	b.Run("postgres", func(b *testing.B) {
		name, err := server.Create("")
		if err != nil {
			b.Fatal(err)
		}
		s := openAt(b, storetest.Place{DSN: server.URL(name)})
		b.ResetTimer()
		run(b, s)
	})
}

// BenchmarkAppend is one event per Do, by 64 producers at once.
func BenchmarkAppend(b *testing.B) { durable(b, benchAppend) }

func benchAppend(b *testing.B, s *store.Store) {
	b.SetParallelism(32)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := s.Do(context.Background(), func(tx event.Tx) error { return tx.Append(context.Background(), synced("leaf1")) }); err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkHandleWithChild is one event appended, delivered to a group and answered by a child event, by 128 at once.
func BenchmarkHandleWithChild(b *testing.B) { durable(b, benchHandle) }

func benchHandle(b *testing.B, s *store.Store) {
	ctx := context.Background()
	if err := s.JoinGroup(ctx, view.Group{Name: "monitor", Streams: []string{event.StreamDrift}}); err != nil {
		b.Fatal(err)
	}
	h := func(ctx context.Context, tx event.Tx, _ event.Event) error {
		return tx.Append(ctx, synced("leaf1"))
	}
	var next atomic.Int64
	b.SetParallelism(64)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		device := "leaf" + strconv.FormatInt(next.Add(1), 10)
		after := event.Seq(0)
		for pb.Next() {
			draft := event.Draft{Type: event.TypeDriftDetected, Subject: device, Data: event.Drift{Episode: "e1", Device: "leaf1"}}
			if err := s.Do(ctx, func(tx event.Tx) error { return tx.Append(ctx, draft) }); err != nil {
				b.Error(err)
			}
			list, err := s.Events(ctx, event.Query{After: after, Subject: device, Stream: event.StreamDrift, Limit: 1})
			if err != nil || len(list) != 1 {
				b.Errorf("%d events, %v", len(list), err)
				return
			}
			after = list[0].Seq
			if _, err := s.Deliver(ctx, "monitor", list[0], h); err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "handled/s")
}

// BenchmarkLookups is what is asked again and again, in a store that has run for a year.
func BenchmarkLookups(b *testing.B) { durable(b, benchLookups) }

func benchLookups(b *testing.B, s *store.Store) {
	body := json.RawMessage(`"` + strings.Repeat("x", 4000) + `"`)
	for i := range 40 {
		err := s.Do(b.Context(), func(tx event.Tx) error {
			for k := range 500 {
				id, at := fmt.Sprintf("p%d-%d", i, k), noon.Add(time.Duration(i*500+k)*time.Minute)
				device := intent.DeviceName("leaf" + strconv.Itoa(10+k))
				p := view.Plan{ID: id, Content: id, Status: view.PlanDone, Episode: id, Created: at, Devices: []intent.DeviceName{device}, Body: body}
				if _, err := s.SavePlan(tx, p); err != nil {
					return err
				}
				if err := s.SaveRun(tx, view.Run{ID: id, Plan: id, Status: view.RunDone, Created: at, Ended: at}); err != nil {
					return err
				}
				if err := s.SaveEpisode(tx, view.Episode{ID: id, Device: device, Opened: at, Closed: at}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	plans := func(q view.PlanQuery) func() error {
		return func() error { _, err := s.Plans(b.Context(), q); return err }
	}
	for name, look := range map[string]func() error{
		"open plans":      plans(view.PlanQuery{Status: []view.PlanStatus{view.PlanOpen}}),
		"plans of device": plans(view.PlanQuery{Device: "leaf1", Status: []view.PlanStatus{view.PlanDone}}),
		"running runs": func() error {
			_, err := s.Runs(b.Context(), view.RunQuery{Status: []view.RunStatus{view.RunRunning}})
			return err
		},
		"open episodes": func() error { _, err := s.Episodes(b.Context(), view.EpisodeQuery{Open: true}); return err },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if err := look(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
