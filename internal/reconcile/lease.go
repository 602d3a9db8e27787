package reconcile

import (
	"context"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/view"
)

// Holds give the right to be the only one at work under a key, in all processes.
type Holds interface {
	// Take waits while somebody else of this process has the key, or returns no Hold if wait is not set. It fails with a
	// *view.HeldError when another process has it. The context returned is for the work: it ends when the Hold does.
	Take(ctx context.Context, key string, wait bool) (context.Context, Hold, error)
	// Serves reports whether this process is the one that works with the device.
	Serves(device intent.DeviceName) bool
	// Others are the devices that other serving processes work with, and who they are.
	Others(ctx context.Context) (map[intent.DeviceName]view.Worker, error)
	// Changed returns a channel that gets a hint whenever Serves may answer otherwise.
	Changed() <-chan struct{}
}

// A Hold is the right to work under a key. Secure makes sure, right before a request that changes a device, that it is held
// and outlasts the request: the context returned ends before anybody else can get it, and the function returned ends the request.
type Hold interface {
	Lease() view.Lease
	Secure(ctx context.Context, takes time.Duration) (context.Context, func(), error)
	Release()
}

// held is a Hold with what the engine does with it.
type held struct {
	Hold
	e *Engine
}

// hold takes a key. It waits for others of this process if wait is set, else there may be none; and it fails with a
// *view.HeldError for those of another.
func (e *Engine) hold(ctx context.Context, key string, wait bool) (context.Context, *held, error) {
	work, h, err := e.o.Holds.Take(ctx, key, wait)
	if err != nil || h == nil {
		return nil, nil, err
	}
	return work, &held{Hold: h, e: e}, nil
}

// token is the lease's number: whoever takes it later has a higher one.
func (h *held) token() int64 { return h.Lease().Token }

// guard fails the transaction when the lease is not held any more.
func (h *held) guard(tx event.Tx) error { return h.e.o.Store.Guard(tx, h.Lease()) }

// pause waits for d, if that is positive, or until ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
