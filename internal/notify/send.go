package notify

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/view"
)

const (
	lookAgain    = time.Second      // what other processes recorded is seen within this
	between      = time.Second      // at least, between two messages to one receiver: more is what Slack throttles
	claimTTL     = 30 * time.Second // longer than any attempt; after it a lost attempt is repeated
	firstBackoff = 2 * time.Second
	lastBackoff  = 5 * time.Minute
	giveUpAfter  = 24 * time.Hour
)

// serve sends to one receiver until ctx ends. No receiver waits for another.
func (n *Notifier) serve(ctx context.Context, r Receiver) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		sleep, err := n.turn(ctx, r)
		if err != nil && ctx.Err() == nil {
			n.log.Error("notifications not looked at, will try again", zap.String("receiver", r.Name), zap.Error(err))
		}
		timer.Reset(sleep)
	}
}

// turn sends one message at most and returns how long to sleep.
func (n *Notifier) turn(ctx context.Context, r Receiver) (time.Duration, error) {
	all, err := n.opts.Store.PendingNotifications(ctx)
	if err != nil {
		return lookAgain, err
	}
	var rows []view.Notification
	for _, row := range all {
		if row.Receiver == r.Name {
			rows = append(rows, row)
		}
	}
	b, found, wait := nextBatch(r, rows, n.now())
	if !found {
		return min(wait, lookAgain), nil
	}
	lease, ok, err := n.opts.Leases.Acquire(ctx, "notify/"+r.Name, n.opts.Worker, claimTTL)
	if err != nil || !ok {
		return lookAgain, err
	}
	defer func() {
		if err := n.opts.Leases.Release(context.WithoutCancel(ctx), lease); err != nil {
			n.log.Warn("lease not released, it will expire", zap.String("receiver", r.Name), zap.Error(err))
		}
	}()
	return n.deliver(ctx, r, b, lease)
}

func (n *Notifier) deliver(ctx context.Context, r Receiver, b batch, lease view.Lease) (time.Duration, error) {
	items, err := b.items()
	if err != nil {
		return 0, n.record(ctx, b, r.Name, &permanent{err})
	}
	if !worthIt(r, items) {
		return 0, n.settle(ctx, b)
	}
	if err := n.claim(ctx, b, lease); err != nil {
		if errors.Is(err, view.ErrLeaseLost) {
			return lookAgain, nil
		}
		return lookAgain, err
	}
	sent := r.Sender.Send(ctx, render(b.key, items))
	if ctx.Err() != nil && sent != nil {
		return 0, nil // stopped: the claim expires, and the message goes out again under its key
	}
	return between, n.record(context.WithoutCancel(ctx), b, r.Name, sent)
}

func worthIt(r Receiver, items []item) bool {
	for _, it := range items {
		if r.wants(it) == itself {
			return true
		}
	}
	return false
}

// claim fixes what is in the message before it is sent, so that a repeat after a crash is the same message.
func (n *Notifier) claim(ctx context.Context, b batch, lease view.Lease) error {
	until := n.now().Add(claimTTL)
	return n.opts.Store.Do(ctx, func(tx event.Tx) error {
		if err := n.opts.Leases.Guard(tx, lease); err != nil {
			return err
		}
		for _, row := range b.rows {
			row.Reference, row.Attempts, row.NotBefore = b.key, b.tries+1, until
			if err := n.opts.Store.SaveNotification(tx, row); err != nil {
				return err
			}
		}
		return nil
	})
}

// settle closes rows that no message is made of.
func (n *Notifier) settle(ctx context.Context, b batch) error {
	return n.opts.Store.Do(ctx, func(tx event.Tx) error {
		for _, row := range b.rows {
			row.State = view.NotificationSent
			if err := n.opts.Store.SaveNotification(tx, row); err != nil {
				return err
			}
		}
		return nil
	})
}

// record keeps the outcome of an attempt: sent, failed for good, or to be tried again.
func (n *Notifier) record(ctx context.Context, b batch, receiver string, outcome error) error {
	now, tries := n.now(), b.tries+1
	state, data, kind := view.NotificationSent, event.Notification{Receiver: receiver, Key: b.key, Count: len(b.rows)}, event.TypeNotificationSent
	again := time.Time{}
	if outcome != nil {
		state, kind, data.Error = view.NotificationFailed, event.TypeNotificationFailed, outcome.Error()
		if wait, retry := retryAfter(outcome, tries); retry && now.Sub(b.rows[0].Created) < giveUpAfter {
			state, again = view.NotificationPending, now.Add(wait)
		}
	}
	cause, correlation := b.first()
	err := n.opts.Store.Do(ctx, func(tx event.Tx) error {
		for _, row := range b.rows {
			row.Reference, row.Attempts, row.State, row.NotBefore, row.Error = b.key, tries, state, again, data.Error
			if err := n.opts.Store.SaveNotification(tx, row); err != nil {
				return err
			}
		}
		if state == view.NotificationPending {
			return nil
		}
		return tx.Append(ctx, event.Draft{Type: kind, Data: data, Causation: cause, Correlation: correlation})
	})
	if err != nil {
		return fmt.Errorf("message %s: record: %w", b.key, err)
	}
	if outcome != nil {
		n.log.Warn("message not sent", zap.String("receiver", receiver), zap.String("key", b.key), zap.Int("attempt", tries),
			zap.Bool("again", state == view.NotificationPending), zap.Error(outcome))
	}
	return nil
}

// first is the event that the message is about first of all, and its correlation.
func (b batch) first() (event.ID, string) {
	if e, err := event.Parse(b.rows[0].Body); err == nil {
		return e.ID, e.Correlation
	}
	return "", ""
}

// retryAfter says whether and when a failed attempt is repeated: as the receiver asks, else after a pause that doubles,
// with jitter so that receivers that fail together do not come back together.
func retryAfter(err error, tries int) (time.Duration, bool) {
	var f Failure
	if errors.As(err, &f) {
		if f.Permanent() {
			return 0, false
		}
		if f.After() > 0 {
			return f.After(), true
		}
	}
	pause := firstBackoff << min(tries-1, 10)
	pause = min(pause, lastBackoff)
	return pause/2 + rand.N(pause/2), true
}
