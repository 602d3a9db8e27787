package faults

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tenter-net/tenter/internal/event"
)

// stormFaults are too much of everything.
var stormFaults = []fault{
	{name: "10,000 drifts a second", done: "for ten seconds, with 20 intents a second beside", short: true, alone: true, run: storm},
}

// storm asks for no calls: they would bound how many events can be handled.
func storm(t *testing.T, r *row) {
	w := newWorld(t, r)
	w.job.Receiver, w.job.Groups = "", []string{"a", "intents"}
	w.pair()
	const wide = 200 // devices
	rate, long := pick(10_000, 1000), pick(10*time.Second, 2*time.Second)
	begun := time.Now()
	var wg sync.WaitGroup
	const producers = 20 // each the monitor of its share of the devices, on time even if an append took long
	each := rate / 50 / producers
	for p := range producers {
		wg.Go(func() {
			for n := 0; ; {
				due := begun.Add(time.Duration(n/each) * 20 * time.Millisecond)
				if due.Sub(begun) >= long {
					return
				}
				time.Sleep(time.Until(due)) // the rate, not a wait for an outcome
				var list []event.Draft
				for range each {
					list = append(list, draft(fmt.Sprintf("host%d", p*wide/producers+n%(wide/producers)), ""))
					n++
				}
				if err := w.try(list...); err != nil {
					w.Error(err)
				}
			}
		})
	}
	intents := 0
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for now := range tick.C {
		if now.Sub(begun) > long {
			break
		}
		intents++
		d := event.Draft{Type: event.TypeIntentChanged, Data: event.IntentChanged{Generation: fmt.Sprint(intents)}}
		w.must(w.store.Do(context.Background(), func(tx event.Tx) error { return tx.Append(context.Background(), d) }))
	}
	wg.Wait()
	took := time.Since(begun)
	appended := len(w.acked)
	w.ended()
	w.quiet()
	r.Normal = time.Since(w.over)
	w.latency(intents)
	w.note("%.0f drifts/s appended, %.0f/s handled", float64(appended)/took.Seconds(), float64(appended)/time.Since(begun).Seconds())
	w.finish()
}

// latency tells from when an intent was to be appended until its handler ran, for all of them.
func (w *world) latency(n int) {
	w.Helper()
	at := map[event.ID]time.Time{}
	for _, e := range w.events(event.TypeIntentChanged) {
		at[e.ID] = e.Time
	}
	var list []time.Duration
	for _, e := range w.events(childOf["intents"]) {
		if begun, ok := at[e.Causation]; ok {
			list = append(list, e.Time.Sub(begun))
		}
	}
	if len(list) != n {
		w.row.Lost += n - len(list)
		w.Fatalf("%d of %d intents were handled", len(list), n)
	}
	slices.Sort(list)
	p99 := list[len(list)*99/100]
	if p99 > 10*time.Second { // what is promised is a second; a loaded machine is no failure, a queue behind the drifts is
		w.Errorf("99%% of the intents were handled within %v", p99)
	}
	w.note("intents: p50 %d ms, p99 %d ms", list[len(list)/2].Milliseconds(), p99.Milliseconds())
}
