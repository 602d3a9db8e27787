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
	JoinGroup(ctx context.Context, g view.Group) error
	OldestPending(ctx context.Context, group, stream string) (event.Seq, error)
	TakeRetries(ctx context.Context, group string, limit int, hold time.Duration) ([]view.Delivery, error)
}

// Leases say which process does what only one may do.
type Leases interface {
	Elect(ctx context.Context, key, holder string, ttl time.Duration) (view.Lease, bool, error) // tells the log who it is now
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

// A Turn is work that one process at a time does. All fields must be set.
type Turn struct {
	Leases Leases
	Key    string
	Holder string // this process
	TTL    time.Duration
	Failed func(failures int, err error) // is told what went wrong, and how many failures in a row that makes
}

// Run does the work whenever this process has the lease, until the context ends. The work's context ends when the lease
// is lost. While another has the lease it looks again every tenth of TTL, so that what was released is soon taken.
func (t Turn) Run(ctx context.Context, work func(context.Context, view.Lease) error) {
	for failures := 0; ctx.Err() == nil; {
		lease, ok, err := t.Leases.Elect(ctx, t.Key, t.Holder, t.TTL)
		if err == nil && ok {
			err = t.hold(ctx, lease, work)
		}
		if err == nil {
			failures = 0
		} else if ctx.Err() == nil {
			failures++
			t.Failed(failures, err)
		}
		Sleep(ctx, Backoff(max(failures, 1), t.TTL/10, t.TTL))
	}
}

func (t Turn) hold(ctx context.Context, lease view.Lease, work func(context.Context, view.Lease) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	renewed := make(chan struct{})
	go func() {
		defer close(renewed)
		for Sleep(ctx, t.TTL/3) {
			if _, err := t.Leases.Renew(ctx, lease, t.TTL); err != nil {
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
	_ = t.Leases.Release(last, lease) // what is not released expires
	return err
}
