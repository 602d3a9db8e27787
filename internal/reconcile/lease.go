package reconcile

import (
	"context"
	"errors"
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
	ends  time.Time // by this process's clock: nobody else has the lease before
	until time.Time // what a request under way asks the lease to last to
}

// hold takes a lease, waiting for whoever has it if wait is set; else there may be none. The context returned is for the
// work under the lease: it ends when that is lost.
func (e *Engine) hold(ctx context.Context, key, holder string, wait bool) (context.Context, *held, error) {
	for {
		at := e.now()
		l, ok, err := e.o.Store.Acquire(ctx, key, holder, e.o.Lease)
		if err != nil {
			return nil, nil, err
		}
		if ok {
			work, cancel := context.WithCancel(ctx)
			h := &held{e: e, cancel: cancel, lease: l, ends: at.Add(e.o.Lease)}
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
	for pause(ctx, h.e.o.Lease/3) == nil {
		if err := h.again(ctx); err != nil && (errors.Is(err, view.ErrLeaseLost) || ctx.Err() != nil || h.over()) {
			return // any other error: the store may be back before the lease expires
		}
	}
}

// again renews the lease, for as long as a request under way may take if that is longer.
func (h *held) again(ctx context.Context) error {
	at := h.e.now()
	h.mu.Lock()
	lease, ends := h.lease, at.Add(h.e.o.Lease)
	if h.until.After(ends) {
		ends = h.until
	}
	h.mu.Unlock()
	l, err := h.e.o.Store.Renew(ctx, lease, ends.Sub(at))
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.lease = l; h.ends.Before(ends) {
		h.ends = ends
	}
	return nil
}

// token is the lease's number: whoever takes it later has a higher one.
func (h *held) token() int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.lease.Token
}

func (h *held) over() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return !h.e.now().Before(h.ends)
}

// secure makes sure, right before a request that changes a device, that the lease is held and outlasts the request. The
// context returned ends before the lease does, so that a process that was stopped meanwhile sends nothing any more when
// somebody else may have the device. The function returned ends the request.
func (h *held) secure(ctx context.Context, takes time.Duration) (context.Context, func(), error) {
	deadline := h.e.now().Add(takes + h.e.o.Lease)
	h.mu.Lock()
	h.until = deadline
	h.mu.Unlock()
	done := func() {
		h.mu.Lock()
		h.until = time.Time{}
		h.mu.Unlock()
	}
	if err := h.again(ctx); err != nil {
		done()
		return nil, nil, err
	}
	out, cancel := context.WithDeadline(ctx, deadline)
	if err := out.Err(); err != nil { // it took too long to get the lease
		cancel()
		done()
		return nil, nil, err
	}
	return out, func() { cancel(); done() }, nil
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
