package delivery

import (
	"context"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/view"
)

// Log is the event log with what every group is still owed.
type Log interface {
	Store
	Events(ctx context.Context, q event.Query) ([]event.Event, error)
	Head(ctx context.Context) (event.Seq, []byte, error)
	Wait(ctx context.Context, after event.Seq) error
	JoinGroup(ctx context.Context, name string, streams []string, types []event.Type) error
	OldestPending(ctx context.Context, group, stream string) (event.Seq, error)
	TakeRetries(ctx context.Context, group string, limit int, hold time.Duration) ([]view.Delivery, error)
}

// Leases say which process does what only one may do.
type Leases interface {
	Acquire(ctx context.Context, key, holder string, ttl time.Duration) (view.Lease, bool, error)
	Renew(ctx context.Context, l view.Lease, ttl time.Duration) (view.Lease, error)
	Release(ctx context.Context, l view.Lease) error
}

// Start is the place in the log after which the first event is that the group, or any group when it is empty, has still
// to be given from the streams. It may be too early, never too late.
func Start(ctx context.Context, log Log, group string, streams ...string) (event.Seq, error) {
	at, _, err := log.Head(ctx) // before looking: what is appended meanwhile comes after it
	if err != nil {
		return 0, err
	}
	for _, stream := range streams {
		seq, err := log.OldestPending(ctx, group, stream)
		if err != nil {
			return 0, err
		}
		if seq != 0 {
			at = min(at, seq-1)
		}
	}
	return at, nil
}

// WithLease runs work whenever this process has the lease, until the context ends. The work's context ends when the
// lease is lost. While another has the lease it looks again every tenth of ttl, so that what was released is soon
// taken. errored is told what went wrong, with how many failures in a row there were.
func WithLease(ctx context.Context, leases Leases, key, holder string, ttl time.Duration, work func(context.Context, view.Lease) error, errored func(failures int, err error)) {
	for failures := 0; ctx.Err() == nil; {
		lease, ok, err := leases.Acquire(ctx, key, holder, ttl)
		if err == nil && ok {
			err = hold(ctx, leases, lease, ttl, work)
		}
		if err == nil {
			failures = 0
		} else if ctx.Err() == nil {
			failures++
			errored(failures, err)
		}
		Sleep(ctx, Backoff(max(failures, 1), ttl/10, ttl))
	}
}

func hold(ctx context.Context, leases Leases, lease view.Lease, ttl time.Duration, work func(context.Context, view.Lease) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	renewed := make(chan struct{})
	go func() {
		defer close(renewed)
		for Sleep(ctx, ttl/3) {
			if _, err := leases.Renew(ctx, lease, ttl); err != nil {
				cancel(err)
			}
		}
	}()
	err := work(ctx, lease)
	cancel(err)
	<-renewed
	// The context has ended: leaving must still be possible, for a moment.
	last, stop := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer stop()
	_ = leases.Release(last, lease) // what is not released expires
	return err
}
