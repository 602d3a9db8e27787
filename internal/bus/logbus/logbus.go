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
	}
	Worker string        // unique among the processes that share the store
	Lease  time.Duration // after which a killed process's groups go to another; 5 s when 0
	Retry  delivery.Policy
	Log    *zap.Logger
}

// A Bus delivers to the groups that were subscribed before Run.
type Bus struct {
	opts Options
	subs []delivery.Subscription
}

// New returns a Bus that does nothing until Run.
func New(opts Options) *Bus {
	if opts.Lease <= 0 {
		opts.Lease = 5 * time.Second
	}
	if opts.Log == nil {
		opts.Log = zap.NewNop()
	}
	opts.Log = opts.Log.Named("bus")
	return &Bus{opts: opts}
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
	return nil
}

// runGroup serves the group whenever this process has its lease.
func (b *Bus) runGroup(ctx context.Context, sub delivery.Subscription) {
	turn := delivery.Turn{
		Leases: b.opts.Store, Key: "group/" + sub.Name, Holder: b.opts.Worker, TTL: b.opts.Lease,
		Failed: func(failures int, err error) {
			b.opts.Log.Warn("group interrupted", zap.String("group", sub.Name), zap.Int("failures", failures), zap.Error(err))
		},
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
	lanes := delivery.NewLanes(ctx, sub, b.opts.Store, b.opts.Retry, b.opts.Log)
	var wg sync.WaitGroup
	wg.Go(func() { cancel(b.follow(ctx, sub, lanes)) })
	wg.Go(func() { cancel(b.retries(ctx, sub, lanes)) })
	wg.Wait()
	lanes.Wait()
	return context.Cause(ctx)
}

// follow reads the log from the first event that the group is owed and then as it grows.
func (b *Bus) follow(ctx context.Context, sub delivery.Subscription, lanes *delivery.Lanes) error {
	at, err := delivery.Start(ctx, b.opts.Store, sub.Name, sub.Streams...)
	if err != nil {
		return err
	}
	for {
		events, err := b.opts.Store.Events(ctx, event.Query{After: at, Limit: 256})
		if err != nil {
			return err
		}
		for _, e := range events {
			at = e.Seq
			if !sub.Wants(e) {
				continue
			}
			if err := lanes.Put(ctx, e, func() {}); err != nil {
				return err
			}
		}
		if len(events) == 0 {
			if err := b.opts.Store.Wait(ctx, at); err != nil {
				return err
			}
		}
	}
}

// retryEvery is how often due retries are looked for.
const retryEvery = 250 * time.Millisecond

func (b *Bus) retries(ctx context.Context, sub delivery.Subscription, lanes *delivery.Lanes) error {
	for {
		due, err := b.opts.Store.TakeRetries(ctx, sub.Name, 256, 2*b.opts.Lease)
		if err != nil {
			return err
		}
		seqs := make([]event.Seq, 0, len(due))
		for _, d := range due {
			seqs = append(seqs, d.Seq)
		}
		events, err := b.opts.Store.EventsAt(ctx, seqs)
		if err != nil {
			return err
		}
		for _, e := range events {
			if err := lanes.Put(ctx, e, func() {}); err != nil {
				return err
			}
		}
		if !delivery.Sleep(ctx, retryEvery) {
			return context.Cause(ctx)
		}
	}
}
