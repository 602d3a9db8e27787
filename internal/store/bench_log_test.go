package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/store/storetest"
)

// onBoth runs a benchmark of reading on each kind of store.
func onBoth(b *testing.B, run func(b *testing.B, at storetest.Place)) {
	b.Run("sqlite", func(b *testing.B) { run(b, storetest.SQLite(b)) })
	b.Run("postgres", func(b *testing.B) { run(b, storetest.Postgres(b)) })
}

// longLog is a store with 50,000 events of ten devices, an hour of them, for benchmarks.
func longLog(b *testing.B, at storetest.Place) *store.Store {
	b.Helper()
	s := archiving(b, at, b.TempDir())
	for i := range 100 {
		var drafts []event.Draft
		for k := range 500 {
			d := event.Draft{Type: event.TypeDriftDetected, Subject: fmt.Sprint("leaf", k%10), Data: event.Drift{Device: "leaf1", Episode: "e", Reason: "somebody changed it"}}
			if k%50 == 0 {
				d = synced("leaf1")
			}
			d.Time = noon.Add(time.Duration(i*500+k) * 72 * time.Millisecond)
			drafts = append(drafts, d)
		}
		appendAll(b, s, drafts...)
	}
	return s
}

// BenchmarkVerifyLog proves a log of 50,000 events, from rows and from the archive.
func BenchmarkVerifyLog(b *testing.B) {
	onBoth(b, func(b *testing.B, at storetest.Place) {
		s := longLog(b, at)
		verify := func(b *testing.B) {
			var n event.Seq
			for b.Loop() {
				v, err := s.VerifyLog(b.Context())
				if err != nil {
					b.Fatal(err)
				}
				n += v.Seq
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "events/s")
		}
		b.Run("rows", verify)
		began := time.Now()
		done, err := s.ArchiveLog(b.Context(), store.ArchiveOptions{Before: noon.Add(2 * time.Hour)})
		if err != nil || done.Events != 50_000 {
			b.Fatalf("%d events, %v", done.Events, err)
		}
		took := time.Since(began)
		b.Run("archive", func(b *testing.B) {
			verify(b)
			b.ReportMetric(50_000/took.Seconds(), "archived/s")
		})
	})
}

// BenchmarkHistory is a page of twenty of the newest events, by each of the ways to ask.
func BenchmarkHistory(b *testing.B) {
	onBoth(b, func(b *testing.B, at storetest.Place) {
		s := longLog(b, at)
		for name, q := range map[string]event.Query{
			"device": {Subject: "leaf3"}, "rare type": {Types: []event.Type{"device"}}, "severity": {Severity: event.SeverityWarning}, "all": {},
			"time": {Since: noon.Add(10 * time.Minute), Until: noon.Add(20 * time.Minute)},
		} {
			b.Run(name, func(b *testing.B) {
				for b.Loop() {
					q.Newest, q.Limit = true, 20
					if list, err := s.Events(b.Context(), q); err != nil || len(list) != 20 {
						b.Fatalf("%d events, %v", len(list), err)
					}
				}
			})
		}
	})
}
