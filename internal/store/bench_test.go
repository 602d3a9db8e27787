package store_test

import (
	"context"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/tenter-net/tenter/internal/event"
)

// BenchmarkAppend is one event per Do, by 64 producers at once.
func BenchmarkAppend(b *testing.B) {
	s := open(b, b.TempDir())
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
func BenchmarkHandleWithChild(b *testing.B) {
	s := open(b, b.TempDir())
	ctx := context.Background()
	if err := s.JoinGroup(ctx, "monitor", []string{event.StreamDrift}, nil); err != nil {
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
			draft := event.Draft{Type: event.TypeDriftDetected, Subject: device, Data: event.Drift{}}
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
