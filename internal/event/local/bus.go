package local

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tenter-net/tenter/internal/event"
)

// The errors of Emit that a caller may want to tell apart.
var (
	ErrClosed     = errors.New("local bus: closed")
	ErrNotStarted = errors.New("local bus: not started, and no more is kept until it is")
)

// A StuckError says that a critical subscriber had no room for an event, which it will not see.
type StuckError struct {
	Subscriber string
	Type       event.Type
	Buffer     int
}

// Error names the subscriber, the event's type and the size of the queue.
func (e *StuckError) Error() string {
	return fmt.Sprintf("local bus: subscriber %q has %d events to handle and no room for %s", e.Subscriber, e.Buffer, e.Type)
}

// A Drop is an event that a lossy subscriber will not see.
type Drop struct {
	Subscriber string
	Type       event.Type
	Seq        event.Seq
	Buffer     int // the queue's size

	own func(Drop)
}

// Options make a Bus. Their zero value works.
type Options struct {
	Hold       int           // how many emissions are kept before Start; 1024 when 0
	Wait       time.Duration // how long Emit waits for a critical subscriber; 1 s when 0
	Middleware []Middleware  // around every handler, the first one outermost
	Dropped    func(Drop)    // is told of every drop, by the emitter's goroutine: it must be quick
}

// A Bus connects emitters with subscribers. All methods may be called from any goroutine.
type Bus struct {
	opts   Options
	ctx    context.Context // of the handlers: ends with Close
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu          sync.Mutex // held while an emission is handed out: that makes one order for all
	started     bool
	closed      bool
	leading     bool
	held        *queue
	subscribers []*subscriber
	routes      map[event.Type][]*subscriber // what subscribers want, found once for each type
	counts      map[string]*counts           // by subscriber's name, for ever: names are few
	responders  map[question][]*responder
	emitted     uint64
	overflow    uint64
	asked       requestCounts
}

type question struct{ q, a reflect.Type }

// New returns a Bus that keeps what is emitted until Start. It must be closed.
func New(o Options) *Bus {
	if o.Hold <= 0 {
		o.Hold = 1024
	}
	if o.Wait <= 0 {
		o.Wait = time.Second
	}
	b := &Bus{opts: o, held: newQueue(o.Hold, DropNewest), counts: map[string]*counts{}, responders: map[question][]*responder{}}
	b.ctx, b.cancel = context.WithCancel(context.Background())
	return b
}

// Start hands out what was kept, in order, and everything after it at once. A critical subscriber's queue takes all of
// what was kept, whatever its size.
func (b *Bus) Start() {
	var drops []Drop
	b.mu.Lock()
	if !b.started && !b.closed {
		b.started = true
		for it, ok := b.held.take(); ok; it, ok = b.held.take() {
			for _, s := range b.route(it.event.Type) {
				drops = append(drops, s.offer(it, true).drops...)
			}
		}
		b.held.done()
	}
	b.mu.Unlock()
	b.tell(drops)
}

// Emit hands the event to every subscriber that wants it. It returns at once, but for critical subscribers whose queue
// is full. An error of *StuckError says that one of those did not get the event; all others did.
func (b *Bus) Emit(ctx context.Context, e event.Event) error { return b.emit(ctx, item{event: e}) }

// EmitLatest is Emit for an event of which only the last counts: wherever an earlier one of the same key still waits, the
// new one takes its place in the queue.
func (b *Bus) EmitLatest(ctx context.Context, key string, e event.Event) error {
	return b.emit(ctx, item{event: e, key: key})
}

func (b *Bus) emit(ctx context.Context, it item) error {
	var drops []Drop
	var full []offered
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return ErrClosed
	}
	b.emitted++
	if !b.started {
		defer b.mu.Unlock()
		it.every = true // who wants each one is asked when it is handed out
		if out := b.held.push(it, false); out.dropped {
			b.overflow++
			return ErrNotStarted
		}
		return nil
	}
	for _, s := range b.route(it.event.Type) {
		o := s.offer(it, false)
		drops = append(drops, o.drops...)
		if o.waiter != nil || o.err != nil {
			full = append(full, o)
		}
	}
	b.mu.Unlock()
	b.tell(drops)
	if len(full) == 0 {
		return nil
	}
	return b.wait(ctx, full)
}

// wait waits until the critical subscribers have room, all of them for one time.
func (b *Bus) wait(ctx context.Context, full []offered) error {
	ctx, cancel := context.WithTimeout(ctx, b.opts.Wait)
	defer cancel()
	var errs []error
	for _, o := range full {
		if o.err == nil {
			select {
			case <-o.waiter.in:
			case <-ctx.Done():
				o.err = o.s.refuse(o.waiter)
			}
		}
		if o.err != nil {
			errs = append(errs, o.err)
		}
	}
	return errors.Join(errs...)
}

func (b *Bus) tell(drops []Drop) {
	for _, d := range drops {
		own := d.own
		d.own = nil
		if b.opts.Dropped != nil {
			b.opts.Dropped(d)
		}
		if own != nil {
			own(d)
		}
	}
}

// route returns the subscribers of a type. The caller has the lock.
func (b *Bus) route(t event.Type) []*subscriber {
	if found, ok := b.routes[t]; ok {
		return found
	}
	var found []*subscriber
	for _, s := range b.subscribers {
		if s.wants(t) {
			found = append(found, s)
		}
	}
	if b.routes == nil || len(b.routes) > 1000 { // types come from other builds too
		b.routes = map[event.Type][]*subscriber{}
	}
	b.routes[t] = found
	return found
}

// Close ends every subscription, the context of every handler and request, and returns when none of them runs any more. It
// must not be called by a handler.
func (b *Bus) Close() {
	b.mu.Lock()
	b.closed = true
	all := b.subscribers
	b.subscribers, b.routes = nil, nil
	b.mu.Unlock()
	for _, s := range all {
		s.leave()
	}
	b.cancel()
	b.wg.Wait()
}

// Stats counts what became of emissions since New. Pending is of the moment.
type Stats struct {
	Emitted     uint64
	Overflow    uint64 // refused before Start
	Held        int    // kept until Start
	Subscribers map[string]SubscriberStats
	Requests    RequestStats
}

// SubscriberStats counts for all subscribers of one name. Offered = Handled + Merged + Dropped + Refused + Left + Pending.
type SubscriberStats struct {
	Critical bool   // of the newest one
	Buffer   int    // its size
	Offered  uint64 // emissions that it wanted
	Handled  uint64 // that its handler was called for
	Merged   uint64 // replaced by a later one of the same key
	Dropped  uint64 // for want of room: lossy
	Refused  uint64 // for want of room: critical
	Left     uint64 // that were in the queue when it left or lost its leadership, or that its replay had
	Pending  int
	Failed   uint64 // of Handled: ended with an error
	Panics   uint64 // of Failed
	Replayed uint64 // handled beyond what was offered: state that a new leader was given
	Skipped  uint64 // not offered: for leaders only, or what the replay had
}

type counts struct {
	critical                                         bool
	buffer                                           int
	offered, handled, merged, dropped, refused, left atomic.Uint64
	failed, panics, replayed, skipped                atomic.Uint64
}

// Stats returns the counts.
func (b *Bus) Stats() Stats {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := Stats{Emitted: b.emitted, Overflow: b.overflow, Held: b.held.pending(), Subscribers: map[string]SubscriberStats{}, Requests: b.asked.stats()}
	for name, c := range b.counts {
		out.Subscribers[name] = SubscriberStats{
			Critical: c.critical, Buffer: c.buffer,
			Offered: c.offered.Load(), Handled: c.handled.Load(), Merged: c.merged.Load(), Dropped: c.dropped.Load(),
			Refused: c.refused.Load(), Left: c.left.Load(), Failed: c.failed.Load(), Panics: c.panics.Load(),
			Replayed: c.replayed.Load(), Skipped: c.skipped.Load(),
		}
	}
	for _, s := range b.subscribers {
		of := out.Subscribers[s.name]
		of.Pending += s.queue.pending()
		out.Subscribers[s.name] = of
	}
	return out
}
