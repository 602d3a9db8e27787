package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tenter-net/tenter/internal/bus"
	"github.com/tenter-net/tenter/internal/bus/redistest"
	"github.com/tenter-net/tenter/internal/event"
)

const benchGroup = "bench"

// running are buses over one log, each as a process of its own would have it.
type running struct {
	stop context.CancelFunc
	wg   sync.WaitGroup
	errs []error
}

// start starts so many buses; without a handler they only relay.
func start(ctx context.Context, server *redistest.Server, log bus.Store, n int, h event.Handler) (*running, error) {
	ctx, stop := context.WithCancel(ctx)
	r := &running{stop: stop, errs: make([]error, n)}
	for i := range n {
		b, err := bus.New(bus.Options{URL: server.URL(), Fabric: "dc1", Store: log, Worker: fmt.Sprint("w", i), MaxLen: 10_000_000})
		if err != nil {
			stop()
			return nil, err
		}
		if h != nil {
			b.Replay(benchGroup, []string{event.StreamDrift}, []event.Type{"drift"}, h)
		}
		r.wg.Go(func() { r.errs[i] = b.Run(ctx) })
	}
	return r, nil
}

func (r *running) end() error {
	r.stop()
	r.wg.Wait()
	return errors.Join(r.errs...)
}

// figures are throughputs of one side, a list of each: one of every round.
type figures struct{ publish, drain, through []float64 }

func (f *figures) add(publish, drain, through float64) {
	f.publish, f.drain, f.through = append(f.publish, publish), append(f.drain, drain), append(f.through, through)
}

// distribution measures publishing, draining and both at once, raw and bus in turns. It shows what it has when its time is over.
func (b *bench) distribution(ctx context.Context, m mode, consumers int) error {
	events, err := drifts(b.events)
	if err != nil {
		return err
	}
	var rawSide, busSide figures
	best, err := b.contest(ctx, m, events[:(len(events)+2)/3], consumers)
	for round := 0; round < b.rounds && err == nil; round++ {
		var publish, drain, through float64
		if publish, drain, through, err = b.rawFigures(ctx, m, events, consumers, best); err != nil {
			break
		}
		rawSide.add(publish, drain, through)
		if publish, drain, err = b.busInTurn(ctx, m, events, consumers); err != nil {
			break
		}
		if through, err = b.busThrough(ctx, m, events, consumers); err != nil {
			break
		}
		busSide.add(publish, drain, through)
	}
	show := func(what string, consumers, way int, raw, bus []float64, budget float64) {
		x, y := median(raw), median(bus)
		l := line{what: what, file: m.name, consumers: consumers, raw: rate(x), bus: rate(y), ratio: over(y, x)}
		if x > 0 {
			l.raw += " " + letter(way)
		}
		if budget > 0 {
			l.budget, l.missed = fmt.Sprint(budget), l.ratio > 0 && l.ratio < budget
		}
		b.row(l)
	}
	if consumers == 1 {
		show("publish", 0, best.publish, rawSide.publish, busSide.publish, 0)
	}
	show("drain", consumers, best.drain, rawSide.drain, busSide.drain, 0)
	show("end to end", consumers, best.through, rawSide.through, busSide.through, 0.4)
	return err
}

// ways are places in shapes: the fastest for each.
type ways struct{ publish, drain, through int }

// contest tries all shapes, so that the bus is compared with the best that go-redis does here.
func (b *bench) contest(ctx context.Context, m mode, events []event.Event, consumers int) (best ways, err error) {
	var top [3]float64
	for i := range shapes {
		publish, drain, through, err := b.rawFigures(ctx, m, events, consumers, ways{i, i, i})
		if err != nil {
			return best, err
		}
		for k, c := range []struct {
			got float64
			way *int
		}{{publish, &best.publish}, {drain, &best.drain}, {through, &best.through}} {
			if c.got > top[k] {
				top[k], *c.way = c.got, i
			}
		}
	}
	return best, nil
}

// rawFigures measures raw go-redis once, in the given ways.
func (b *bench) rawFigures(ctx context.Context, m mode, events []event.Event, consumers int, by ways) (publish, drain, through float64, err error) {
	server, end, err := b.server(m)
	if err != nil {
		return 0, 0, 0, err
	}
	defer end()
	r := raw{client: server.Client(), events: events}
	defer r.client.Close()
	if err := r.group(ctx); err != nil {
		return 0, 0, 0, err
	}
	r.shape = shapes[by.publish]
	begun := time.Now()
	if err := r.publish(ctx); err != nil {
		return 0, 0, 0, err
	}
	publish = perSecond(len(events), time.Since(begun))
	r.shape = shapes[by.drain]
	begun = time.Now()
	ended, err := r.drain(ctx, consumers)
	if err != nil {
		return 0, 0, 0, err
	}
	drain = perSecond(len(events), ended.Sub(begun))
	if err := errors.Join(r.client.FlushAll(ctx).Err(), r.group(ctx)); err != nil {
		return 0, 0, 0, err
	}
	r.shape = shapes[by.through]
	begun = time.Now()
	if ended, err = r.through(ctx, consumers); err != nil {
		return 0, 0, 0, err
	}
	return publish, drain, perSecond(len(events), ended.Sub(begun)), nil
}

// busInTurn publishes all, then drains all.
func (b *bench) busInTurn(ctx context.Context, m mode, events []event.Event, consumers int) (publish, drain float64, err error) {
	server, end, err := b.server(m)
	if err != nil {
		return 0, 0, err
	}
	defer end()
	log := newMemory(len(events))
	c := server.Client()
	defer c.Close()
	relay, err := start(ctx, server, log, 1, nil)
	if err != nil {
		return 0, 0, err
	}
	if err := until(ctx, func() bool { return log.holder() != "" }); err != nil {
		return 0, 0, err
	}
	begun := time.Now()
	log.add(events...)
	if err := until(ctx, func() bool { return c.XLen(ctx, streamKey).Val() == int64(len(events)) }); err != nil {
		return 0, 0, err
	}
	publish = perSecond(len(events), time.Since(begun))
	if err := relay.end(); err != nil {
		return 0, 0, err
	}
	begun = time.Now()
	took, err := b.drained(ctx, server, log, consumers, func() time.Time { return begun })
	return publish, perSecond(len(events), took), err
}

// busThrough appends to the log while consumers handle what comes.
func (b *bench) busThrough(ctx context.Context, m mode, events []event.Event, consumers int) (float64, error) {
	server, end, err := b.server(m)
	if err != nil {
		return 0, err
	}
	defer end()
	log := newMemory(len(events))
	c := server.Client()
	defer c.Close()
	took, err := b.drained(ctx, server, log, consumers, func() time.Time {
		_ = until(ctx, func() bool { return len(c.XInfoGroups(ctx, streamKey).Val()) == 1 })
		begun := time.Now()
		log.add(events...)
		return begun
	})
	return perSecond(len(events), took), err
}

const streamKey = "tenter:{dc1}:drift"

// drained returns how long it took from what ready returns until consumers had handled and acknowledged as many events as the
// log has room for. Starting and ending the buses is not part of it, unless ready says so.
func (b *bench) drained(ctx context.Context, server *redistest.Server, log *memory, consumers int, ready func() time.Time) (took time.Duration, err error) {
	var handled atomic.Int64
	r, err := start(ctx, server, log, consumers, func(context.Context, event.Tx, event.Event) error { handled.Add(1); return nil })
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, r.end()) }()
	c := server.Client()
	defer c.Close()
	begun, n := ready(), int64(len(log.owed)-1)
	if err := until(ctx, func() bool { return handled.Load() == n }); err != nil {
		return 0, err
	}
	err = until(ctx, func() bool {
		p, err := c.XPending(ctx, streamKey, benchGroup).Result()
		return err == nil && p.Count == 0
	})
	return time.Since(begun), err
}

// until waits for the condition, looking often, but not so often that it is what is measured.
func until(ctx context.Context, cond func() bool) error {
	for !cond() {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(500 * time.Microsecond):
		}
	}
	return nil
}

func (m *memory) holder() string {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.held
}
