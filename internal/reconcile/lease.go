package reconcile

import (
	"context"
	"sync"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/view"
)

// A held lease renews itself until it is released or lost.
type held struct {
	e      *Engine
	cancel context.CancelFunc // of the work's context
	wg     sync.WaitGroup

	mu    sync.Mutex
	lease view.Lease
}

// hold takes a lease, waiting for whoever has it if wait is set; else there may be none. The context returned is for the
// work under the lease: it ends when that is lost.
func (e *Engine) hold(ctx context.Context, key, holder string, wait bool) (context.Context, *held, error) {
	for {
		l, ok, err := e.o.Store.Acquire(ctx, key, holder, e.o.Lease)
		if err != nil {
			return nil, nil, err
		}
		if ok {
			work, cancel := context.WithCancel(ctx)
			h := &held{e: e, cancel: cancel, lease: l}
			h.wg.Go(func() { h.renew(work) })
			return work, h, nil
		}
		if !wait {
			return nil, nil, nil
		}
		if err := pause(ctx, e.o.Lease/30); err != nil {
			return nil, nil, err
		}
	}
}

// renew keeps the lease and ends the context when it is lost, or when for too long nobody knows whether it is.
func (h *held) renew(ctx context.Context) {
	defer h.cancel()
	good := h.e.now()
	for pause(ctx, h.e.o.Lease/3) == nil {
		at := h.e.now()
		l, err := h.e.o.Store.Renew(ctx, h.current(), h.e.o.Lease)
		switch {
		case err == nil:
			h.mu.Lock()
			h.lease, good = l, at
			h.mu.Unlock()
		case ctx.Err() == nil && h.e.now().Sub(good) < h.e.o.Lease:
			continue // the store may be back before it expires
		default:
			return
		}
	}
}

func (h *held) current() view.Lease {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.lease
}

// guard fails the transaction when the lease is not held any more.
func (h *held) guard(tx event.Tx) error { return h.e.o.Store.Guard(tx, h.current()) }

// release gives the lease up. It may be called when the work's own context has ended.
func (h *held) release() {
	h.cancel()
	h.wg.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), h.e.o.Lease)
	defer cancel()
	// A lease that cannot be released expires by itself.
	_ = h.e.o.Store.Release(ctx, h.current())
}

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
