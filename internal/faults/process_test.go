package faults

import (
	"fmt"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/tenter-net/tenter/internal/event"
)

// processFaults are what happens to Tenter's own processes.
var processFaults = []fault{
	{name: "1,000 restarts", done: "of two consumers, by turns with SIGTERM and kill -9, while events flow", short: true, run: inWorld(restarts)},
	{name: "SIGTERM hand-over under 1 s", done: "to a worker that holds entries; its lease is 20 s", short: true, run: handOver},
	{name: "shutdown while blocked", done: "SIGTERM in a blocked read, while Redis stands still, while it is away", short: true, run: inWorld(blockedShutdown)},
	{name: "SIGSTOP of a worker across its lease", done: "inside a handler, and it wakes up when others have done its work", short: true, run: inWorld(sleeper)},
	{name: "two relays and two sealers forced at once", done: "both workers relay all the time, and both append beside the test", short: true, run: inWorld(func(w *world) { twoRelays(w, pick(1000, 300)) })},
}

// pause stops the worker without ending it.
func (p *worker) pause() { p.signal(syscall.SIGSTOP) }

// resume lets it go on.
func (p *worker) resume() { p.signal(syscall.SIGCONT) }

func restarts(w *world) {
	w.start("w0") // somebody works on
	stop := w.flow(50)
	var wg sync.WaitGroup
	n := pick(500, 12)
	for _, name := range []string{"w1", "w2"} {
		wg.Go(func() {
			for i := range n {
				p := w.start(name)
				if i%2 == 0 {
					p.kill()
				} else {
					p.stop()
				}
			}
		})
	}
	wg.Wait()
	stop()
	w.ended()
	w.quiet()
	info, err := w.client().XInfoConsumers(w.Context(), driftKey, "a").Result()
	w.must(err)
	if len(info) > 3 {
		w.Errorf("%d consumers of three workers", len(info))
	}
	w.note("%d restarts, %d consumers known to Redis", 2*n, len(info))
}

func handOver(t *testing.T, r *row) {
	w := newWorld(t, r)
	w.job.Lease = 20 * time.Second // long enough to see that nobody waits for it
	list := w.begin("w1", "w2")
	var worst, ended time.Duration
	for i := range pick(5, 2) {
		// The next entries of the device wait behind one that takes its time, in whichever process reads them.
		id := w.one("leaf1", "a once 200ms")
		inside := w.whoIsInside(id, list...)
		w.drift(3)
		begun := time.Now()
		inside.signal(syscall.SIGTERM)
		w.ended()
		w.quiet()
		worst = max(worst, time.Since(begun))
		<-inside.gone
		ended = max(ended, time.Since(begun))
		for n := range list {
			if list[n] == inside {
				list[n] = w.start(fmt.Sprintf("w%d", 3+i))
			}
		}
	}
	w.row.Normal = worst
	if worst > time.Minute { // a machine too slow to hand over in a second leaves it to the lease
		w.Errorf("handed over after %v", worst)
	}
	w.note("all handled by others within %.2f s of SIGTERM, of which its last handler takes 0.2 s; it ended within %.2f s", worst.Seconds(), ended.Seconds())
	w.finish()
}

func blockedShutdown(w *world) {
	list := w.begin("w1", "w2", "w3")
	idle := list[0].stop()
	w.must(w.redis.Pause())
	hung := list[1].stop()
	w.must(w.redis.Resume())
	w.redis.Kill()
	away := list[2].stop()
	w.drift(2)
	w.must(w.redis.Restart())
	w.start("w4")
	w.ended()
	for _, took := range []time.Duration{idle, hung, away} {
		if took > 30*time.Second {
			w.Errorf("a worker took %v to end", took)
		}
	}
	w.note("ended in %.2f s when blocked, %.2f s when Redis hangs, %.2f s when it is away", idle.Seconds(), hung.Seconds(), away.Seconds())
}

// sleeper stops a worker while it handles, and lets it go on when others have waited for longer than its lease.
func sleeper(w *world) {
	one, two := w.pair()
	for range pick(3, 1) {
		id := w.one("leaf1", "a once 500ms")
		inside := w.whoIsInside(id, one, two)
		inside.pause()
		asleep := time.Now()
		time.Sleep(lease + lease/2) // the fault itself
		inside.resume()
		w.ended()
		w.handled("a", id)
		w.row.Normal = max(w.row.Normal, time.Since(w.over))
		w.note("asleep for %.1f s, lease %v", time.Since(asleep).Seconds(), lease)
		w.drift(2)
		w.quiet()
	}
}

// twoRelays has two workers relay, and append n events each, one after the other.
func twoRelays(w *world, n int) {
	var list []*worker
	for _, name := range []string{"w1", "w2"} {
		list = append(list, w.start(name, func(j *job) { j.Relay = true; j.Produce = n }))
	}
	stop := w.flow(200)
	for _, p := range list {
		p.until("produced")
	}
	stop()
	w.ended()
	w.quiet()
	if got := len(w.events(event.TypeDriftDetected)); got < 2*n {
		w.Errorf("%d events, of which two workers made %d", got, 2*n)
	}
	w.note("two processes appended %d events each, beside the test", n)
}
