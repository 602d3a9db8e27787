// Package logbus delivers events to consumer groups by reading the event log itself. It needs nothing beside the store and
// promises what the Redis bus does: every event to every group that wants it, effects committed once, in order per
// subject, retries with backoff, dead letters.
//
// Of all processes that run a group, the one with its lease handles it; another takes over when the lease is released
// or has expired. The lease is checked in the transaction of every delivery, so two never handle the same event.
package logbus

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/bus/delivery"
	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/view"
)

// Log is the event log with what every group is still owed.
type Log interface {
	delivery.Store
	Events(ctx context.Context, q event.Query) ([]event.Event, error)
	EventsAt(ctx context.Context, seqs []event.Seq) ([]event.Event, error)
	Head(ctx context.Context) (event.Seq, []byte, error)
	Wait(ctx context.Context, after event.Seq) error
	JoinGroup(ctx context.Context, name string, streams []string, types []event.Type) error
	OldestPending(ctx context.Context, group, stream string) (event.Seq, error)
	TakeRetries(ctx context.Context, group string, limit int, hold time.Duration) ([]view.Delivery, error)
}

// Leases say which process runs a group.
type Leases interface {
	Acquire(ctx context.Context, key, holder string, ttl time.Duration) (view.Lease, bool, error)
	Renew(ctx context.Context, l view.Lease, ttl time.Duration) (view.Lease, error)
	Release(ctx context.Context, l view.Lease) error
	Guard(tx event.Tx, l view.Lease) error
}

// Options make a Bus. Store and Worker are required.
type Options struct {
	Store interface {
		Log
		Leases
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

// Subscribe adds a group. Types are patterns as in event.Type.Matches; without streams those of the types are read. It
// must not be called after Run.
func (b *Bus) Subscribe(group string, streams []string, types []event.Type, h event.Handler) {
	b.subs = append(b.subs, delivery.NewSubscription(group, streams, types, h))
}

// Run delivers until the context ends, and returns when nothing it started is running any more.
func (b *Bus) Run(ctx context.Context) error {
	for _, sub := range b.subs {
		if err := b.opts.Store.JoinGroup(ctx, sub.Name, sub.Streams, sub.Types); err != nil {
			return fmt.Errorf("bus: %w", err)
		}
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
	log := b.opts.Log.With(zap.String("group", sub.Name))
	for failures := 0; ctx.Err() == nil; {
		lease, ok, err := b.opts.Store.Acquire(ctx, "group/"+sub.Name, b.opts.Worker, b.opts.Lease)
		switch {
		case err == nil && ok:
			failures = 0
			if err := b.serve(ctx, sub, lease); err != nil && ctx.Err() == nil {
				log.Warn("group interrupted", zap.Error(err))
			}
		case err != nil && ctx.Err() == nil:
			failures++
			log.Warn("group waits for the store", zap.Int("failures", failures), zap.Error(err))
		}
		// Another has it: look again soon, so that what it releases is not idle for long.
		delivery.Sleep(ctx, delivery.Backoff(max(failures, 1), b.opts.Lease/10, b.opts.Lease))
	}
}

// serve delivers the group's events while the lease lasts.
func (b *Bus) serve(ctx context.Context, sub delivery.Subscription, lease view.Lease) (err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer func() {
		// The context has ended: leaving must still be possible, for a moment.
		last, stop := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer stop()
		if e := b.opts.Store.Release(last, lease); e != nil && !errors.Is(e, view.ErrLeaseLost) {
			err = errors.Join(err, e)
		}
	}()
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
	for _, part := range []func(context.Context) error{
		func(ctx context.Context) error { return b.renew(ctx, lease) },
		func(ctx context.Context) error { return b.follow(ctx, sub, lanes) },
		func(ctx context.Context) error { return b.retries(ctx, sub, lanes) },
	} {
		wg.Go(func() { cancel(part(ctx)) })
	}
	wg.Wait()
	lanes.Wait()
	return context.Cause(ctx)
}

func (b *Bus) renew(ctx context.Context, lease view.Lease) error {
	for delivery.Sleep(ctx, b.opts.Lease/3) {
		if _, err := b.opts.Store.Renew(ctx, lease, b.opts.Lease); err != nil {
			return err
		}
	}
	return context.Cause(ctx)
}

// follow reads the log from the first event that the group is owed and then as it grows.
func (b *Bus) follow(ctx context.Context, sub delivery.Subscription, lanes *delivery.Lanes) error {
	at, err := b.start(ctx, sub)
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

// start is the place in the log after which the group's first event is.
func (b *Bus) start(ctx context.Context, sub delivery.Subscription) (event.Seq, error) {
	at, _, err := b.opts.Store.Head(ctx)
	if err != nil {
		return 0, err
	}
	for _, stream := range sub.Streams {
		seq, err := b.opts.Store.OldestPending(ctx, sub.Name, stream)
		if err != nil {
			return 0, err
		}
		if seq != 0 {
			at = min(at, seq-1)
		}
	}
	return at, nil
}

// retryEvery is how often due retries are looked for.
const retryEvery = 100 * time.Millisecond

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
