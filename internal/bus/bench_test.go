package bus_test

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tenter-net/tenter/internal/bus/bustest"
	"github.com/tenter-net/tenter/internal/bus/redistest"
	"github.com/tenter-net/tenter/internal/event"
)

// inOneProcess is a world whose bus shares the store with whoever appends.
func inOneProcess(b *testing.B, subscribe func(bustest.Bus)) *bustest.World {
	server := redistest.New(b)
	w := bustest.NewWorld(b, place{url: server.URL()}.maker(b))
	w.Run(place{url: server.URL()}.maker(b)(w.Store, "bench"), subscribe)
	return w
}

// inTwoProcesses is a world whose bus has a store of its own on the same file.
func inTwoProcesses(b *testing.B, subscribe func(bustest.Bus)) *bustest.World {
	server := redistest.New(b)
	w := bustest.NewWorld(b, place{url: server.URL()}.maker(b))
	w.Start(subscribe)
	return w
}

// BenchmarkLatency is one event at a time, from before its append to the start of its handler, through SQLite and Redis.
func BenchmarkLatency(b *testing.B) {
	b.Run("one process", func(b *testing.B) { latency(b, inOneProcess) })
	b.Run("two processes", func(b *testing.B) { latency(b, inTwoProcesses) })
}

func latency(b *testing.B, world func(*testing.B, func(bustest.Bus)) *bustest.World) {
	seen := make(chan time.Time, 1)
	w := world(b, func(bus bustest.Bus) {
		bus.Replay("latency", nil, []event.Type{"drift"}, func(context.Context, event.Tx, event.Event) error {
			seen <- time.Now()
			return nil
		})
	})
	w.Drift(1, "leaf1")
	<-seen
	took := make([]time.Duration, 0, b.N)
	b.ResetTimer()
	for range b.N {
		begun := time.Now()
		w.Drift(1, "leaf1")
		took = append(took, (<-seen).Sub(begun))
	}
	b.StopTimer()
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
}

// BenchmarkHandled is events appended 64 at a time, distributed over Redis, each handled and answered by a child event.
func BenchmarkHandled(b *testing.B) {
	b.Run("one process", func(b *testing.B) { handled(b, inOneProcess) })
	b.Run("two processes", func(b *testing.B) { handled(b, inTwoProcesses) })
}

func handled(b *testing.B, world func(*testing.B, func(bustest.Bus)) *bustest.World) {
	var handled atomic.Int64
	done := make(chan struct{})
	w := world(b, func(bus bustest.Bus) {
		bus.Replay("answer", nil, []event.Type{"drift"}, func(ctx context.Context, tx event.Tx, e event.Event) error {
			if handled.Add(1) == int64(b.N) {
				close(done)
			}
			return bustest.Answer(ctx, tx, e)
		})
	})
	devices := make([]string, 64)
	for i := range devices {
		devices[i] = fmt.Sprintf("leaf%d", i)
	}
	b.ResetTimer()
	for left := b.N; left > 0; left -= len(devices) {
		w.Drift(1, devices[:min(left, len(devices))]...)
	}
	<-done
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "handled/s")
}
