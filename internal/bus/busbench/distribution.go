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

// distribution measures publishing, draining and both at once.
func (b *bench) distribution(ctx context.Context, m mode) error {
	events, err := drifts(b.events)
	if err != nil {
		return err
	}
	var rawPublish, busPublish float64
	for _, consumers := range []int{1, 4} {
		var f figures
		if f.rawPublish, f.rawDrain, f.rawThrough, err = b.rawFigures(ctx, m, events, consumers); err != nil {
			return err
		}
		if f.busPublish, f.busDrain, err = b.busInTurn(ctx, m, events, consumers); err != nil {
			return err
		}
		if f.busThrough, err = b.busThrough(ctx, m, events, consumers); err != nil {
			return err
		}
		if consumers == 1 {
			rawPublish, busPublish = f.rawPublish, f.busPublish
			b.row("publish", m.name, "-", rate(rawPublish), rate(busPublish), ratio(busPublish, rawPublish))
		}
		b.row("drain", m.name, consumers, rate(f.rawDrain), rate(f.busDrain), ratio(f.busDrain, f.rawDrain))
		b.row("distribution, end to end", m.name, consumers, rate(f.rawThrough), rate(f.busThrough), ratio(f.busThrough, f.rawThrough))
	}
	return nil
}

type figures struct {
	rawPublish, rawDrain, rawThrough float64
	busPublish, busDrain, busThrough float64
}

func (b *bench) rawFigures(ctx context.Context, m mode, events []event.Event, consumers int) (publish, drain, through float64, err error) {
	server, err := b.server(m)
	if err != nil {
		return 0, 0, 0, err
	}
	defer server.Kill()
	r := raw{client: server.Client(), events: events}
	defer r.client.Close()
	took := func(what func() error) float64 {
		begun := time.Now()
		err = errors.Join(err, what())
		return perSecond(len(events), time.Since(begun))
	}
	publish = took(func() error { return r.publish(ctx) })
	drain = took(func() error { return r.drain(ctx, consumers) })
	err = errors.Join(err, r.client.FlushAll(ctx).Err())
	through = took(func() error { return r.through(ctx, consumers) })
	return publish, drain, through, err
}

// busInTurn publishes all, then drains all.
func (b *bench) busInTurn(ctx context.Context, m mode, events []event.Event, consumers int) (publish, drain float64, err error) {
	server, err := b.server(m)
	if err != nil {
		return 0, 0, err
	}
	defer server.Kill()
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
	server, err := b.server(m)
	if err != nil {
		return 0, err
	}
	defer server.Kill()
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
	ctx, cancel := context.WithTimeoutCause(ctx, 2*time.Minute, errors.New("not within two minutes"))
	defer cancel()
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
