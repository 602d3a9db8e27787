// Package logbus delivers events to consumer groups by reading the event log itself. It needs nothing beside the store and
// promises what the Redis bus does: every event to every group that wants it, effects committed once, in order per
// subject, retries with backoff, dead letters.
//
// Of all processes that run a group, the one with its lease handles it; another takes over when the lease is released
// or has expired. The lease is checked in the transaction of every delivery, so two never handle the same event.
package logbus

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/bus/delivery"
	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/view"
)

// Options make a Bus. Store and Worker are required.
type Options struct {
	Store interface {
		delivery.Log
		delivery.Leases
		Guard(tx event.Tx, l view.Lease) error
		// BeginServing returns how many, in a row, served the group before and did not say that they left (EndServing with 0).
		BeginServing(ctx context.Context, group string) (unclean int, err error)
		EndServing(ctx context.Context, group string, unclean int) error
	}
	Worker string        // unique among the processes that share the store
	Lease  time.Duration // after which a killed process's groups go to another; 5 s when 0
	Retry  delivery.Policy
	Log    *zap.Logger
}

// A Bus delivers to the groups that were subscribed before Run.
type Bus struct {
	opts    Options
	subs    []delivery.Subscription
	careful delivery.Careful
	newer   delivery.Newer
	away    delivery.Streak
}

// New returns a Bus that does nothing until Run.
func New(opts Options) *Bus {
	if opts.Lease <= 0 {
		opts.Lease = 5 * time.Second
	}
	if opts.Log == nil {
		opts.Log = zap.NewNop()
	}
	opts.Log = delivery.Calm(opts.Log.Named("bus"))
	return &Bus{opts: opts, away: delivery.Streak{Log: opts.Log, Failing: "groups are interrupted", Over: "groups go on"}}
}

// Subscribe adds a group. Types are patterns as in event.Type.Matches; without streams those of the types are read. A group
// that the log has never had begins at its end; any other goes on where it stands. It must not be called after Join or Run.
func (b *Bus) Subscribe(group string, streams []string, types []event.Type, h event.Handler) {
	b.subs = append(b.subs, delivery.NewSubscription(group, streams, types, h))
}

// Replay is Subscribe for a group that begins with the log's first event when it is new.
func (b *Bus) Replay(group string, streams []string, types []event.Type, h event.Handler) {
	b.Subscribe(group, streams, types, h)
	b.subs[len(b.subs)-1].Past = true
}

// Newer returns how many events were passed over, by their types, which this build does not know.
func (b *Bus) Newer() map[event.Type]uint64 { return b.newer.Counts() }

// Join makes the groups known to the log, so that they are owed what happens from now on. Run does so too.
func (b *Bus) Join(ctx context.Context) error {
	for _, sub := range b.subs {
		if err := b.opts.Store.JoinGroup(ctx, sub.Group); err != nil {
			return fmt.Errorf("bus: %w", err)
		}
	}
	return nil
}

// Run delivers until the context ends, and returns when nothing it started is running any more.
func (b *Bus) Run(ctx context.Context) error {
	if err := b.Join(ctx); err != nil {
		if ctx.Err() != nil {
			return nil // asked to end before it had begun
		}
		return err
	}
	var wg sync.WaitGroup
	for _, sub := range b.subs {
		wg.Go(func() { b.runGroup(ctx, sub) })
	}
	wg.Wait()
	<-ctx.Done() // also with no group: a process may have none, and goes on
	return nil
}

// runGroup serves the group whenever this process has its lease.
func (b *Bus) runGroup(ctx context.Context, sub delivery.Subscription) {
	turn := delivery.Turn{
		Leases: b.opts.Store, Key: "group/" + sub.Name, Holder: b.opts.Worker, TTL: b.opts.Lease,
		Failed: func(_ int, err error) { b.away.Bad(sub.Name, err) },
	}
	turn.Run(ctx, func(ctx context.Context, lease view.Lease) error { return b.serve(ctx, sub, lease) })
}

// serve delivers the group's events while the lease lasts.
func (b *Bus) serve(ctx context.Context, sub delivery.Subscription, lease view.Lease) error {
	ctx, cancel := context.WithCancelCause(ctx)
	handler := sub.Handler
	sub.Handler = func(ctx context.Context, tx event.Tx, e event.Event) error {
		if err := b.opts.Store.Guard(tx, lease); err != nil {
			cancel(err)
			return fmt.Errorf("%w: %w", delivery.ErrStop, err)
		}
		return handler(ctx, tx, e)
	}
	unclean, err := b.opts.Store.BeginServing(ctx, sub.Name)
	if err != nil {
		return err
	}
	g := &serving{Bus: b, sub: sub, lanes: delivery.NewLanes(ctx, sub, delivery.LaneOptions{
		Store: b.opts.Store, Retry: b.opts.Retry, Careful: &b.careful, Newer: &b.newer, Log: b.opts.Log,
	})}
	g.suspicious.Store(unclean >= delivery.SuspectAfter)
	b.away.Good(sub.Name)
	var wg sync.WaitGroup
	wg.Go(func() { cancel(g.follow(ctx)) })
	wg.Go(func() { cancel(g.retries(ctx)) })
	wg.Go(func() { g.survive(ctx) })
	wg.Wait()
	g.lanes.Wait()
	last, stop := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer stop()
	_ = b.opts.Store.EndServing(last, sub.Name, 0) // else the next one is careful without need
	return context.Cause(ctx)
}

// A serving is one time that this process serves a group.
type serving struct {
	*Bus
	sub        delivery.Subscription
	lanes      *delivery.Lanes
	suspicious atomic.Bool // those before ended without a word: it may be an event that ended them
}

// surviveAfter is how long after its start a process is not taken to be ended by what it found then.
const surviveAfter = time.Minute

// survive ends the suspicion after a while, and has the next one begin without it.
func (g *serving) survive(ctx context.Context) {
	if !delivery.Sleep(ctx, surviveAfter) {
		return
	}
	g.suspicious.Store(false)
	_ = g.opts.Store.EndServing(ctx, g.sub.Name, 1) // else the next one is careful without need
}

// follow reads the log from the first event that the group is owed and then as it grows.
func (g *serving) follow(ctx context.Context) error {
	at, err := delivery.Start(ctx, g.opts.Store, g.sub.Name, g.sub.Streams...)
	if err != nil {
		return err
	}
	for suspects := delivery.InLanes; ; { // more were not in the hands of the one before
		events, err := g.opts.Store.Events(ctx, event.Query{After: at, Limit: 256})
		if err != nil {
			return err
		}
		for _, e := range events {
			at = e.Seq
			if !g.sub.Wants(e) {
				continue
			}
			it := delivery.Item{Event: e, Settled: func() {}, Suspect: suspects > 0 && g.suspicious.Load()}
			suspects--
			if err := g.lanes.Put(ctx, it); err != nil {
				return err
			}
		}
		if len(events) == 0 {
			if err := g.opts.Store.Wait(ctx, at); err != nil {
				return err
			}
		}
	}
}

// retryEvery is how often due retries are looked for.
const retryEvery = 250 * time.Millisecond

func (g *serving) retries(ctx context.Context) error {
	for {
		due, err := g.opts.Store.TakeRetries(ctx, g.sub.Name, 256, 2*g.opts.Lease)
		if err != nil {
			return err
		}
		seqs := make([]event.Seq, 0, len(due))
		for _, d := range due {
			seqs = append(seqs, d.Seq)
		}
		events, err := g.opts.Store.EventsAt(ctx, seqs)
		if err != nil {
			return err
		}
		for _, e := range events {
			if err := g.lanes.Put(ctx, delivery.Item{Event: e, Settled: func() {}, Suspect: g.suspicious.Load()}); err != nil {
				return err
			}
		}
		if !delivery.Sleep(ctx, retryEvery) {
			return context.Cause(ctx)
		}
	}
}
