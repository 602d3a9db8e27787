package local

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"runtime/debug"
	"slices"
	"sync"

	"github.com/tenter-net/tenter/internal/event"
)

// A Subscription says what a subscriber wants and how. Name is required.
type Subscription struct {
	Name     string       // in counts, logs and drops; several subscribers with one are counted together
	Types    []event.Type // patterns as in event.Type.Matches; without, all that carry the data
	Buffer   int          // the queue's size; 256 when 0
	Critical bool         // never dropped from: see the package
	Full     Full         // what is dropped when it is not critical
	Every    bool         // wants each event, also where the emitter says that only the last counts
	Paused   bool         // begins paused
	Dropped  func(Drop)   // is told of its own drops, as Options.Dropped

	// Leader is for what one process at a time does: it is given events while the Bus leads (Lead), and before
	// them, each time, what Replay gives: the state that a predecessor made of what came before. An event that the
	// replay reached, by its Seq, does not come again.
	Leader bool
	Replay func(ctx context.Context) iter.Seq2[event.Event, error]

	Middleware []Middleware // within that of the Bus
}

// A PanicError is what a handler's panic becomes.
type PanicError struct {
	Value any
	Stack []byte
}

// Error says what the panic said.
func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

type subscriber struct {
	b      *Bus
	name   string
	of     Subscription
	wants  func(event.Type) bool
	handle Handler
	queue  *queue
	counts *counts
	ctx    context.Context // ends when it leaves
	cancel context.CancelFunc
	term   term
}

// Subscribe calls h for every event that the subscription wants, one after the other, until the handle's Unsubscribe or the
// Bus' Close. T is event.Event, or the data of types of the catalogue: then h gets it decoded, and only types that carry it
// are delivered. It is an error if there are none.
func Subscribe[T any](b *Bus, of Subscription, h func(ctx context.Context, e event.Event, data T) error) (*Handle, error) {
	wants, err := wanted(reflect.TypeFor[T](), of.Types)
	if err != nil {
		return nil, fmt.Errorf("local bus: subscriber %q: %w", of.Name, err)
	}
	return b.subscribe(of, wants, func(ctx context.Context, d Delivery) error {
		data, ok := any(d.Event).(T)
		if !ok {
			var err error
			if data, err = event.Decode[T](d.Event); err != nil {
				return err
			}
		}
		return h(ctx, d.Event, data)
	})
}

// wanted returns which types carry data of type t and match one of the patterns.
func wanted(t reflect.Type, patterns []event.Type) (func(event.Type) bool, error) {
	matches := func(of event.Type) bool {
		return len(patterns) == 0 || slices.ContainsFunc(patterns, func(p event.Type) bool { return of.Matches(string(p)) })
	}
	if t == reflect.TypeFor[event.Event]() {
		return matches, nil
	}
	carry := map[event.Type]bool{}
	for _, k := range event.Kinds() {
		if k.Data == t && matches(k.Type) {
			carry[k.Type] = true
		}
	}
	if len(carry) == 0 {
		return nil, fmt.Errorf("no event of %q carries %s", patterns, t)
	}
	return func(of event.Type) bool { return carry[of] }, nil
}

func (b *Bus) subscribe(of Subscription, wants func(event.Type) bool, h Handler) (*Handle, error) {
	if of.Name == "" {
		return nil, errors.New("local bus: a subscriber needs a name")
	}
	if of.Buffer <= 0 {
		of.Buffer = 256
	}
	full := of.Full
	if of.Critical {
		full = never
	}
	s := &subscriber{b: b, name: of.Name, of: of, wants: wants, queue: newQueue(of.Buffer, full)}
	s.handle = chain(contain(h), slices.Concat(b.opts.Middleware, of.Middleware))
	s.queue.paused = of.Paused
	s.term.handling = make(chan struct{}, 1)
	s.ctx, s.cancel = context.WithCancel(b.ctx)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		s.cancel()
		return nil, ErrClosed
	}
	if s.counts = b.counts[of.Name]; s.counts == nil {
		s.counts = &counts{}
		b.counts[of.Name] = s.counts
	}
	s.counts.critical, s.counts.buffer = of.Critical, of.Buffer
	if b.leading && of.Leader {
		s.term.begin(s.ctx)
	}
	b.subscribers = append(slices.Clone(b.subscribers), s)
	b.routes = nil
	b.wg.Go(s.run)
	return &Handle{s: s}, nil
}

// A Handle is one subscription.
type Handle struct {
	s    *subscriber
	once sync.Once
}

// Pause keeps what is emitted from now on in the queue; a handler that runs goes on.
func (h *Handle) Pause() { h.s.queue.pause(true) }

// Resume goes on with what the queue has.
func (h *Handle) Resume() { h.s.queue.pause(false) }

// Unsubscribe ends the subscription and the context of its handler, and does not wait for that. What is in the queue is
// left. Doing it again does nothing.
func (h *Handle) Unsubscribe() {
	h.once.Do(func() {
		b := h.s.b
		b.mu.Lock()
		b.subscribers = slices.DeleteFunc(slices.Clone(b.subscribers), func(s *subscriber) bool { return s == h.s })
		b.routes = nil
		b.mu.Unlock()
		h.s.leave()
	})
}

// leave ends the subscriber, which nobody offers anything any more.
func (s *subscriber) leave() {
	s.cancel()
	s.counts.left.Add(uint64(s.queue.clear()))
}

type offered struct {
	s      *subscriber
	drops  []Drop
	waiter *waiter
	err    error
}

// offer puts the item into the subscriber's queue. The caller has the Bus' lock.
func (s *subscriber) offer(it item, force bool) offered {
	out := offered{s: s}
	if s.of.Leader && !s.term.wants(it.event.Seq) {
		s.counts.skipped.Add(1)
		return out
	}
	it.every = s.of.Every
	s.counts.offered.Add(1)
	p := s.queue.push(it, force)
	switch {
	case p.merged:
		s.counts.merged.Add(1)
	case p.dropped:
		s.counts.dropped.Add(1)
		v := p.victim.event
		out.drops = []Drop{{Subscriber: s.name, Type: v.Type, Seq: v.Seq, Buffer: s.of.Buffer, own: s.of.Dropped}}
	case p.refused:
		s.counts.refused.Add(1)
		out.err = &StuckError{Subscriber: s.name, Type: it.event.Type, Buffer: s.of.Buffer}
	}
	out.waiter = p.waiter
	return out
}

// refuse ends a wait for room in vain.
func (s *subscriber) refuse(w *waiter) error {
	if !s.queue.giveUp(w) {
		return nil
	}
	s.counts.refused.Add(1)
	return &StuckError{Subscriber: s.name, Type: w.item.event.Type, Buffer: s.of.Buffer}
}

// run handles what comes until the subscriber leaves.
func (s *subscriber) run() {
	for s.ctx.Err() == nil {
		if s.of.Leader {
			if s.lead() {
				continue
			}
		} else if it, ok := s.queue.take(); ok {
			s.one(s.ctx, it.event, &s.counts.handled)
			s.queue.done()
			continue
		}
		select {
		case <-s.queue.wake:
		case <-s.ctx.Done():
		}
	}
}

// one handles an event and counts.
func (s *subscriber) one(ctx context.Context, e event.Event, as interface{ Add(uint64) uint64 }) {
	err := func() (err error) {
		defer recovered(&err) // middleware may panic too
		return s.handle(ctx, Delivery{Subscriber: s.name, Event: e})
	}()
	as.Add(1)
	if err == nil {
		return
	}
	s.counts.failed.Add(1)
	var p *PanicError
	if errors.As(err, &p) {
		s.counts.panics.Add(1)
	}
}

// contain makes an error of a panic of h.
func contain(h Handler) Handler {
	return func(ctx context.Context, d Delivery) (err error) {
		defer recovered(&err)
		return h(ctx, d)
	}
}

func recovered(err *error) {
	if v := recover(); v != nil {
		*err = &PanicError{Value: v, Stack: debug.Stack()}
	}
}
