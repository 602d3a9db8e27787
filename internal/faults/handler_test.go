package faults

import (
	"fmt"
	"time"

	"github.com/tenter-net/tenter/internal/bus/delivery"
	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/view"
)

// handlerFaults are what handlers do, and what is done to them.
var handlerFaults = []fault{
	{name: "kill -9 in a handler", done: "its process is killed inside the transaction", short: true, run: inWorld(killInHandler)},
	{name: "handler slower than its lease", done: "one handler takes two leases", short: true, run: inWorld(slowHandler)},
	{name: "prefetched entry older than the lease", done: "entries wait two leases behind a slow one of their device", run: inWorld(prefetched)},
	{name: "panic", done: "the first try of ten events panics", short: true, run: inWorld(func(w *world) { failing(w, "a once panic", 10) })},
	{name: "always-failing handler beside healthy ones", done: "three events of one device fail every time", dead: 3, short: true, run: inWorld(alwaysFailing)},
	{name: "handler that kills its process", done: "one event kills every process that handles it", dead: 1, run: inWorld(killer)},
	{name: "group A's retry unseen by B", done: "twenty events fail once in group a; b handles them too", short: true, run: inWorld(retryOfOne)},
	{name: "dead letter requeued twice", done: "requeued by two at once, and again", short: true, run: inWorld(requeuedTwice)},
	{name: "mass failure with jitter", done: "the receiver of all calls is down, then up again", run: inWorld(massFailure)},
}

// rerunLimit is far beyond what is promised (the lease and a second): a loaded machine is no failure, a lost event is.
const rerunLimit = lease + 30*time.Second

func killInHandler(w *world) {
	one, two := w.pair()
	var worst time.Duration
	for range pick(5, 1) {
		id := w.one("leaf1", "a once block")
		inside := w.whoIsInside(id, one, two)
		inside.kill()
		killed := time.Now()
		w.ended()
		w.handled("a", id)
		took := time.Since(killed)
		worst = max(worst, took)
		if took > rerunLimit {
			w.Errorf("handled %v after the kill", took)
		}
		if inside == one {
			one = w.start("w1")
		} else {
			two = w.start("w2")
		}
	}
	w.row.Normal = worst
	w.note("run again within %.2f s, lease %v", worst.Seconds(), lease)
	w.drift(2)
}

// pair starts two workers that have handled something.
func (w *world) pair() (one, two *worker) {
	w.Helper()
	list := w.begin("w1", "w2")
	return list[0], list[1]
}

func slowHandler(w *world) {
	w.pair()
	id := w.one("leaf1", "a once "+(2*lease).String())
	w.drift(2)
	begun := time.Now()
	w.handled("a", id)
	w.ended()
	if n := w.recv.count("a/" + string(id)); n != 1 {
		w.Errorf("the slow handler ran %d times", n)
	}
	w.note("it ran once, for %.1f s", time.Since(begun).Seconds())
}

func prefetched(w *world) {
	w.pair()
	w.one("leaf1", "a once "+(2*lease).String())
	var list []event.Draft
	for range 30 {
		list = append(list, draft("leaf1", ""))
	}
	w.must(w.try(list...))
	w.ended()
	w.quiet()
	if n := w.recv.repeated(""); n != 0 {
		w.Errorf("%d handlers ran twice", n)
	}
}

// failing appends events whose handlers do what the reason says the first time.
func failing(w *world, reason string, n int) {
	w.pair()
	for i := range n {
		w.one(fmt.Sprintf("leaf%d", i%devices+1), reason)
	}
	w.drift(2)
	w.ended()
}

func alwaysFailing(w *world) {
	w.pair()
	for range 3 {
		w.one("leaf1", "a always fail")
	}
	begun := time.Now()
	w.drift(5)
	healthy := func() (n int) {
		for _, list := range w.children("a") {
			for _, e := range list {
				if e.Subject != "leaf1" {
					n++
				}
			}
		}
		return n
	}
	w.until("the others are handled", func() bool { return healthy() == 6*(devices-1) }, healthy)
	w.note("other devices were done after %.2f s", time.Since(begun).Seconds())
	w.ended()
}

// killer has its dead processes replaced at once, as a service manager does.
func killer(w *world) {
	one, two := w.pair()
	id := w.one("leaf1", "a always kill")
	w.drift(3)
	begun, deaths := time.Now(), 0
	dead := func() bool {
		rows, err := w.store.DeadDeliveries(w.Context())
		return err == nil && len(rows) > 0
	}
	for deadline := time.Now().Add(patience); !dead(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.Fatalf("the event %s is not given up after %d deaths\n%s", id, deaths, w.logTail())
		}
		for _, p := range []**worker{&one, &two} {
			select {
			case <-(*p).gone:
				deaths++
				*p = w.launch((*p).name)
			default:
			}
		}
	}
	w.ended()
	w.note("given up after %d deaths, %.1f s", deaths, time.Since(begun).Seconds())
	for _, p := range []*worker{one, two} {
		select {
		case <-p.gone:
			w.launch(p.name)
		default:
		}
	}
}

func retryOfOne(w *world) {
	w.job.Groups, w.owes = []string{"a", "b"}, []string{"a", "b"}
	failing(w, "a once fail", 20)
	w.quiet()
	if n := w.recv.repeated("b"); n != 0 {
		w.Errorf("group b ran %d handlers again", n)
	}
	w.note("group b ran none again")
}

func requeuedTwice(w *world) {
	w.pair()
	w.recv.setDown(true)
	id := w.one("leaf1", "")
	var dead []view.Delivery
	w.until("the dead letter", func() bool {
		var err error
		dead, err = w.store.DeadDeliveries(w.Context())
		return err == nil && len(dead) == 1
	}, w.owed)
	w.recv.setDown(false)
	requeue := func(results chan<- bool) {
		n, err := w.store.ResolveDead(w.Context(), view.DeadResolution{Group: "a", Seq: dead[0].Seq})
		if err != nil {
			w.Error(err)
		}
		results <- n > 0
	}
	results, done := make(chan bool, 3), 0
	w.ended()
	go requeue(results)
	go requeue(results)
	for range 2 {
		if <-results {
			done++
		}
	}
	w.handled("a", id)
	requeue(results)
	if <-results {
		done++
	}
	if n := w.recv.count("a/" + string(id)); done != 1 || n != 1 {
		w.Errorf("%d of three requeued the one dead letter, and it was handled %d times", done, n)
	}
	w.note("one of three requeues counted")
}

func massFailure(w *world) {
	w.job.Retry = delivery.Policy{MaxAttempts: 20, First: 200 * time.Millisecond, Max: 2 * time.Second}
	w.pair()
	w.recv.setDown(true)
	var list []event.Draft
	for i := range 300 { // no two of one device, which would wait for each other
		list = append(list, draft(fmt.Sprintf("host%d", i), ""))
	}
	w.must(w.try(list...))
	time.Sleep(pick(10*time.Second, 3*time.Second)) // the outage itself
	w.recv.setDown(false)
	up := time.Now()
	w.ended()
	w.quiet()
	tens := map[time.Duration]int{}
	peak, tries := 0, 0
	for _, c := range w.recv.history() {
		if !c.ok {
			tries++
			continue
		}
		if c.at.After(up) {
			tens[c.at.Sub(up)/(100*time.Millisecond)]++
		}
	}
	for _, n := range tens {
		peak = max(peak, n)
	}
	if peak > 150 {
		w.Errorf("%d of 300 came back within 100 ms", peak)
	}
	w.note("%d failed tries; of 300 calls at most %d came back within 100 ms", tries, peak)
}
