package assign

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/view"
)

// A Hold is the right to be the only one at work under a key, in all processes. It must be released.
type Hold struct {
	a      *Assigner
	key    string
	lease  view.Lease
	cancel context.CancelFunc
	once   sync.Once
}

// Take makes the caller the only one at work under the key, claiming it if nobody has it. The context returned ends when that
// is over. While somebody else of this process is at work there it waits for its turn, or returns no Hold if wait
// is not set. It fails with a *view.HeldError when another worker has the key.
func (a *Assigner) Take(ctx context.Context, key string, wait bool) (context.Context, *Hold, error) {
	for {
		if _, err := a.join(ctx); err != nil {
			return nil, nil, err
		}
		a.mu.Lock()
		h, turn := a.held[key], a.turn
		if h != nil && h.work == nil && !h.leaving && !h.moving {
			work, cancel := context.WithCancelCause(ctx)
			h.work = cancel
			a.mu.Unlock()
			return work, &Hold{a: a, key: key, lease: h.lease, cancel: func() { cancel(nil) }}, nil
		}
		a.mu.Unlock()
		if h == nil {
			if err := a.grab(ctx, key); err != nil {
				return nil, nil, err
			}
			continue
		}
		if !wait {
			return nil, nil, nil
		}
		select {
		case <-ctx.Done():
			return nil, nil, context.Cause(ctx)
		case <-turn:
		}
	}
}

// grab claims one key for somebody who waits for it, and a device with all that this worker does to it.
func (a *Assigner) grab(ctx context.Context, key string) error {
	keys := []string{key}
	kept := strings.HasPrefix(key, write) && a.o.Operation == view.OperationServe
	if kept && slices.Contains(a.kinds, watch) {
		keys = append(keys, watch+string(deviceOf(key)))
	}
	if err := a.claim(ctx, kept, keys...); err != nil || a.has(key) {
		return err
	}
	return a.whose(ctx, key)
}

func (a *Assigner) has(key string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.held[key] != nil
}

// claim claims those of the keys that are free.
func (a *Assigner) claim(ctx context.Context, kept bool, keys ...string) error {
	a.claiming.Lock()
	defer a.claiming.Unlock()
	w := a.me()
	if w.Token == 0 {
		return nil // lost meanwhile: whoever asks joins again
	}
	keys = slices.DeleteFunc(slices.Clone(keys), a.has)
	if len(keys) == 0 {
		return nil
	}
	got, err := a.o.Store.Claim(ctx, w, keys...)
	if errors.Is(err, view.ErrLeaseLost) {
		return nil // likewise, as soon as the renewal knows
	}
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.worker.Token != w.Token {
		return nil
	}
	for _, l := range got {
		a.held[l.Key] = &held{lease: l, lost: make(chan struct{}), kept: kept}
	}
	if len(got) > 0 {
		a.tell()
	}
	return nil
}

// whose says who has the key; nil when nobody has by now, and it may be tried again.
func (a *Assigner) whose(ctx context.Context, key string) error {
	claims, err := a.o.Store.Claims(ctx, key)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(claims, func(c view.Claim) bool { return c.Key == key && c.Live })
	if i < 0 || a.has(key) {
		pause(ctx, 10*time.Millisecond) // the worker's own row may have expired, which its renewal is about to find
		return ctx.Err()
	}
	held := &view.HeldError{Key: key, Holder: view.Worker{Name: claims[i].Holder}}
	if me := a.me(); held.Holder.Name == me.Name && claims[i].Incarnation == me.Token {
		return a.o.Store.Unclaim(ctx, claims[i].Lease) // an answer of the store that was lost
	}
	workers, err := a.o.Store.Workers(ctx)
	if err != nil {
		return err
	}
	for _, w := range workers {
		if w.Name == held.Holder.Name {
			held.Holder = w
		}
	}
	return held
}

// Lease is what a transaction is to be guarded with.
func (h *Hold) Lease() view.Lease { return h.lease }

// slack is how much longer than a request may take the claim lasts, for clocks that do not run alike.
const slack = time.Second

// Secure makes sure, right before a request that changes a device, that the claim is held, and that nobody else gets
// it before the request must have ended, even if this process dies. The context returned ends before the claim can. A process
// that was stopped meanwhile, or a machine that was suspended, gets an error. The function returned ends the request.
func (h *Hold) Secure(ctx context.Context, takes time.Duration) (context.Context, func(), error) {
	began := time.Now()
	if err := h.a.o.Store.Extend(ctx, h.lease, takes+2*slack); err != nil {
		return nil, nil, err
	}
	out, cancel := context.WithDeadline(ctx, began.Add(takes+slack))
	if err := out.Err(); err != nil || elapsed(began, time.Now()) >= takes+slack {
		cancel()
		return nil, nil, errors.Join(err, fmt.Errorf("lease %q: it took too long to make sure of it", h.key))
	}
	done := func() {
		over := out.Err() != nil
		cancel()
		if over { // the device may be at it still: the claim stays for as long as that can be
			return
		}
		last, stop := context.WithTimeout(context.WithoutCancel(ctx), slack)
		defer stop()
		_ = h.a.o.Store.Extend(last, h.lease, 0) // else it ends by itself
	}
	return out, done, nil
}

// elapsed is how much time has passed at most. The monotonic clock stands still while a machine is suspended, the wall clock
// may be set: whichever tells more is believed.
func elapsed(from, to time.Time) time.Duration {
	return max(to.Sub(from), to.Round(0).Sub(from.Round(0)))
}

// Release ends the work. The claim is given up, unless it is of a device that this process serves. It may be called when the
// work's context has ended.
func (h *Hold) Release() {
	h.once.Do(func() {
		a := h.a
		a.mu.Lock()
		mine := a.held[h.key]
		if mine == nil || mine.lease.Token != h.lease.Token {
			a.mu.Unlock()
			h.cancel()
			return
		}
		if mine.kept {
			mine.work = nil
			if mine.moving {
				poke(a.poked)
			}
			a.tell()
			a.mu.Unlock()
			h.cancel()
			return
		}
		a.mu.Unlock()
		h.cancel()
		ctx, cancel := context.WithTimeout(context.Background(), a.o.Lease)
		_ = a.o.Store.Unclaim(ctx, h.lease) // a claim that cannot be given up ends with the worker
		cancel()
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.held[h.key] == mine {
			delete(a.held, h.key)
		}
		a.tell()
	})
}

// Serves reports whether this process is the one that writes to the device.
func (a *Assigner) Serves(device intent.DeviceName) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	h := a.held[write+string(device)]
	return h != nil && !h.leaving
}

// Watched are the devices that this process watches, sorted.
func (a *Assigner) Watched() []intent.DeviceName {
	a.mu.Lock()
	defer a.mu.Unlock()
	var names []intent.DeviceName
	for key, h := range a.held {
		if strings.HasPrefix(key, watch) && !h.leaving {
			names = append(names, deviceOf(key))
		}
	}
	slices.Sort(names)
	return names
}

// Watch begins to watch a device, if this process is the one that does. Lost is closed when that is over, and whoever watches
// calls done when it has stopped: only then does the device go to another worker.
func (a *Assigner) Watch(device intent.DeviceName) (lease view.Lease, lost <-chan struct{}, done func(), ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	h := a.held[watch+string(device)]
	if h == nil || h.leaving {
		return view.Lease{}, nil, nil, false
	}
	h.uses++
	var once sync.Once
	return h.lease, h.lost, func() {
		once.Do(func() {
			a.mu.Lock()
			defer a.mu.Unlock()
			h.uses--
			a.tell()
		})
	}, true
}

// Others are the devices that other workers write to, for as long as they serve, and who they are.
func (a *Assigner) Others(ctx context.Context) (map[intent.DeviceName]view.Worker, error) {
	workers, err := a.o.Store.Workers(ctx)
	if err != nil {
		return nil, err
	}
	serving := map[string]view.Worker{}
	for _, w := range workers {
		if w.Live() && w.Operation == view.OperationServe && w.Name != a.o.Worker {
			serving[w.Name] = w
		}
	}
	if len(serving) == 0 {
		return nil, nil
	}
	claims, err := a.o.Store.Claims(ctx, write)
	if err != nil {
		return nil, err
	}
	out := map[intent.DeviceName]view.Worker{}
	for _, c := range claims {
		if w, ok := serving[c.Holder]; ok && c.Live && c.Incarnation == w.Token {
			out[deviceOf(c.Key)] = w
		}
	}
	return out, nil
}
