package delivery

import (
	"context"
	"errors"
	"hash/fnv"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/view"
)

// Store settles deliveries.
type Store interface {
	// Deliver runs the handler for the group, or passes the event over when it is not owed, and commits. When an earlier
	// event of the subject must be delivered first, it does nothing and returns that one's place.
	Deliver(ctx context.Context, group string, e event.Event, h event.Handler) (earlier event.Seq, err error)
	EventsAt(ctx context.Context, seqs []event.Seq) ([]event.Event, error)
	// FailDelivery records that the handler failed and reports whether that was the last attempt.
	FailDelivery(ctx context.Context, f view.Failure) (dead bool, err error)
	// BeginDelivery records that an attempt begins; after most records without an end the delivery is dead instead.
	BeginDelivery(ctx context.Context, group string, e event.Event, most int) (dead bool, err error)
	// EndDelivery takes back what BeginDelivery recorded last.
	EndDelivery(ctx context.Context, group string, e event.Event) error
}

// A Subscription is what one group wants and what handles it.
type Subscription struct {
	view.Group
	Handler event.Handler
}

// InLanes is how many events the lanes of a group hold at most.
const InLanes = laneCount * (laneSize + 1)

// NewSubscription completes a subscription: without streams it reads those of its types, without types everything.
func NewSubscription(group string, streams []string, types []event.Type, h event.Handler) Subscription {
	if len(streams) == 0 {
		wanted := map[string]bool{}
		for _, t := range types {
			wanted[event.StreamOf(t)] = true
		}
		for _, s := range event.Streams() {
			if wanted[s] || len(types) == 0 {
				streams = append(streams, s)
			}
		}
	}
	return Subscription{Group: view.Group{Name: group, Streams: streams, Types: types}, Handler: h}
}

const (
	laneCount = 256 // so many subjects are handled at once, to share a commit
	laneSize  = 16  // events that wait in one lane; Put blocks beyond
)

// Lanes handle one group's events: those of one subject one after the other, others at the same time.
type Lanes struct {
	sub     Subscription
	store   Store
	retry   Policy
	careful *Careful
	log     *zap.Logger
	newer   *Newer
	away    Streak
	lanes   [laneCount]chan Item
	wg      sync.WaitGroup
}

// An Item is an event on its way to its handler.
type Item struct {
	Event   event.Event
	Suspect bool   // it was given out before and has no end: its handler may be what ended a process
	Settled func() // called once the store has the outcome, whatever it is; not when the context ends before
}

// LaneOptions make Lanes. All fields but Retry must be set.
type LaneOptions struct {
	Store   Store
	Retry   Policy
	Careful *Careful // the process's
	Newer   *Newer   // the process's
	Log     *zap.Logger
}

// NewLanes starts the lanes. They end when the context does; Wait returns when they have.
func NewLanes(ctx context.Context, sub Subscription, o LaneOptions) *Lanes {
	log := o.Log.With(zap.String("group", sub.Name))
	l := &Lanes{
		sub: sub, store: o.Store, retry: o.Retry, careful: o.Careful, newer: o.Newer, log: log,
		away: Streak{Log: log, Failing: "deliveries wait for the store", Over: "the store takes deliveries again"},
	}
	for i := range l.lanes {
		lane := make(chan Item, laneSize)
		l.lanes[i] = lane
		l.wg.Go(func() {
			for {
				select {
				case it := <-lane:
					if l.settle(ctx, it) {
						it.Settled()
					}
				case <-ctx.Done():
					return
				}
			}
		})
	}
	return l
}

// Wait returns when the lanes have ended.
func (l *Lanes) Wait() { l.wg.Wait() }

// Put hands an event to its lane and blocks while that is full.
func (l *Lanes) Put(ctx context.Context, it Item) error {
	h := fnv.New32a()
	_, _ = h.Write([]byte(it.Event.Subject))
	select {
	case l.lanes[h.Sum32()%laneCount] <- it:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// settle delivers the event until the store has an outcome; it returns false when the context ended before.
func (l *Lanes) settle(ctx context.Context, it Item) bool {
	for failures := 1; ; failures++ {
		err := l.deliver(ctx, it)
		if err == nil {
			l.away.Good(it.Event.Subject)
			return true
		}
		if ctx.Err() != nil {
			return false
		}
		l.away.Bad(it.Event.Subject, err)
		if !Sleep(ctx, Backoff(failures, 100*time.Millisecond, 5*time.Second)) {
			return false
		}
	}
}

// deliver delivers the event, and before it those of its subject that come first: another process may have read them and
// be slow or dead, and whoever delivers one, it is delivered once.
func (l *Lanes) deliver(ctx context.Context, it Item) error {
	attempt := l.attempt
	if it.Suspect {
		attempt = l.attemptSuspect
	}
	for {
		earlier, err := attempt(ctx, it.Event)
		if err != nil || earlier == 0 {
			return err
		}
		events, err := l.store.EventsAt(ctx, []event.Seq{earlier})
		if err != nil {
			return err
		}
		for _, first := range events {
			if _, err := attempt(ctx, first); err != nil {
				return err
			}
		}
	}
}

// attempt returns an error only when the store could not take the outcome: a handler's failure is one.
func (l *Lanes) attempt(ctx context.Context, e event.Event) (earlier event.Seq, err error) {
	failed, handle := false, l.handlerOf(e)
	earlier, err = l.store.Deliver(ctx, l.sub.Name, e, func(ctx context.Context, tx event.Tx, e event.Event) error {
		failed = true // should the handler panic
		err := handle(ctx, tx, e)
		failed = err != nil
		return err
	})
	if err == nil || !failed || ctx.Err() != nil || errors.Is(err, ErrStop) {
		return earlier, err
	}
	dead, err2 := l.store.FailDelivery(ctx, view.Failure{Group: l.sub.Name, Event: e, Reason: reason(err), Retry: l.retry.Retry})
	if err2 != nil {
		return 0, errors.Join(err, err2)
	}
	l.log.Warn("handler failed", zap.String("type", string(e.Type)), zap.Uint64("seq", uint64(e.Seq)),
		zap.String("device", e.Subject), zap.String("correlation", e.Correlation), zap.Bool("dead", dead), zap.Error(err))
	return 0, nil
}

// ErrStop is wrapped by what a handler returns when the whole group must stop here, which is no failure of the event.
var ErrStop = errors.New("the group must stop")

// reason is the error's first line, short enough to be kept with each delivery: a panic's has the stack below it.
func reason(err error) string {
	text, _, _ := strings.Cut(err.Error(), "\n")
	const limit = 500
	if len(text) > limit {
		text = strings.ToValidUTF8(text[:limit], "") + "…"
	}
	return text
}

// Sleep waits and returns false when the context ended first.
func Sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
