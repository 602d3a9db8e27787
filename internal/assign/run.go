package assign

import (
	"context"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/view"
)

const (
	// soon is how often Run looks while a device is on its way to this worker.
	soon = 200 * time.Millisecond
	// mostMoves is how many devices are handed over at a time: the others meanwhile stay where they are.
	mostMoves = 32
)

// Run claims this worker's share of the devices, hands over what is another's, and buries workers that died, until ctx
// ends. Then it waits until nobody is at work, and leaves.
func (a *Assigner) Run(ctx context.Context) error {
	failures := 0
	for ctx.Err() == nil {
		next, err := a.look(ctx)
		if err != nil && ctx.Err() == nil {
			if failures++; failures == 1 || failures%100 == 0 {
				a.log.Warn("devices stay as they are spread", zap.Int("failures", failures), zap.Error(err))
			}
			next = soon
		} else {
			failures = 0
		}
		t := time.NewTimer(next)
		select {
		case <-ctx.Done():
		case <-t.C:
		case <-a.poked:
		}
		t.Stop()
	}
	return a.leave(context.WithoutCancel(ctx))
}

// A situation is what one look has found.
type situation struct {
	devices []intent.DeviceName
	workers []view.Worker         // that live
	claims  map[string]view.Claim // by key, those that are held
	next    time.Duration         // until something may have changed by itself
}

// look does what is to be done now, and returns when to look again.
func (a *Assigner) look(ctx context.Context) (time.Duration, error) {
	if _, err := a.join(ctx); err != nil {
		return 0, err
	}
	before := a.keys()
	s, err := a.situation(ctx)
	if err != nil {
		return 0, err
	}
	a.forgo(before, s.claims)
	a.closeStrays(s.claims)
	var want, leave []string
	expecting := false
	for _, kind := range a.kinds {
		w, l, e := a.sort(kind, s)
		want, leave, expecting = append(want, w...), append(leave, l...), expecting || e
	}
	if len(want) > 0 {
		if err := a.claim(ctx, true, want...); err != nil {
			return 0, err
		}
	}
	moving := a.handOver(ctx, leave)
	switch {
	case !expecting:
		a.since = time.Time{}
	case a.since.IsZero():
		a.since = time.Now()
	}
	// What takes longer than a lease to come is at work: then there is no hurry.
	if moving || expecting && time.Since(a.since) < a.o.Lease {
		s.next = min(s.next, soon)
	}
	return s.next, a.sweep(ctx, s.claims)
}

// sweep gives up what the store has as this worker's and the worker knows nothing of: an answer was lost.
func (a *Assigner) sweep(ctx context.Context, claims map[string]view.Claim) error {
	a.claiming.Lock()
	defer a.claiming.Unlock()
	me := a.me()
	var strays []view.Lease
	for key, c := range claims {
		if c.Holder == me.Name && c.Incarnation == me.Token && !a.has(key) {
			strays = append(strays, c.Lease)
		}
	}
	if len(strays) == 0 {
		return nil
	}
	return a.o.Store.Unclaim(ctx, strays...)
}

// keys are those that are held and are to be seen held when the store is asked from now on.
func (a *Assigner) keys() map[string]view.Lease {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := make(map[string]view.Lease, len(a.held))
	for key, h := range a.held {
		out[key] = h.lease
	}
	return out
}

// situation asks the store, and buries those who died.
func (a *Assigner) situation(ctx context.Context) (s situation, err error) {
	if len(a.kinds) > 0 {
		if s.devices, err = a.o.Devices(ctx); err != nil {
			return s, err
		}
	}
	workers, err := a.o.Store.Workers(ctx)
	if err != nil {
		return s, err
	}
	s.next = a.o.Lease / 3
	died := false
	for _, w := range workers {
		if !w.Live() {
			died = true
			continue
		}
		s.workers = append(s.workers, w)
		s.next = min(s.next, w.Left+soon/4)
	}
	a.mu.Lock()
	late := time.Now().Before(a.grace)
	a.mu.Unlock()
	if died && !late {
		if err := a.bury(ctx); err != nil {
			return s, err
		}
	}
	s.claims = map[string]view.Claim{}
	for _, kind := range a.kinds {
		claims, err := a.o.Store.Claims(ctx, kind)
		if err != nil {
			return s, err
		}
		for _, c := range claims {
			// While this worker itself is just back, so may others be.
			if c.Live || late {
				s.claims[c.Key] = c
			}
		}
	}
	return s, nil
}

func (a *Assigner) bury(ctx context.Context) error {
	return a.o.Store.Do(ctx, func(tx event.Tx) error {
		dead, err := a.o.Store.BuryWorkers(tx)
		if err != nil {
			return err
		}
		for _, w := range dead {
			a.log.Warn("a worker died", zap.String("worker", w.Name), zap.Duration("overdue", -w.Left))
			if err := left(ctx, tx, w, fmt.Sprintf("it did not renew its lease of %s; noticed by %s", a.o.Lease, a.o.Worker)); err != nil {
				return err
			}
		}
		return nil
	})
}

// forgo lets go of what was held and is somebody else's by now.
func (a *Assigner) forgo(before map[string]view.Lease, claims map[string]view.Claim) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var lost []string
	for key, l := range before {
		if !isDevice(key) {
			continue
		}
		c, ok := claims[key]
		if h := a.held[key]; h != nil && !h.leaving && h.lease.Token == l.Token && (!ok || c.Token != l.Token) {
			lost = append(lost, key)
			a.lose(key)
		}
	}
	if len(lost) > 0 {
		a.log.Warn("devices lost to others", zap.Strings("claims", lost))
		a.tell()
	}
}

// closeStrays ends this process's sessions with devices that another worker serves: one that was asked while nobody served it
// yet keeps its session until then.
func (a *Assigner) closeStrays(claims map[string]view.Claim) {
	if a.o.Close == nil {
		return
	}
	me := a.me().Name
	a.mu.Lock()
	defer a.mu.Unlock()
	var strays []intent.DeviceName
	for key, c := range claims {
		if d := deviceOf(key); isDevice(key) && c.Live && c.Holder != me && a.held[write+string(d)] == nil && a.held[watch+string(d)] == nil {
			strays = append(strays, d)
		}
	}
	if len(strays) > 0 {
		a.wg.Go(func() {
			for _, d := range strays {
				a.o.Close(d)
			}
		})
	}
}

// sort says which claims of a kind this worker wants now, which it is to hand over, and whether it waits for others.
func (a *Assigner) sort(kind string, s situation) (want, leave []string, expecting bool) {
	role := RoleWrite
	if kind == watch {
		role = RoleWatch
	}
	var names []string
	for _, w := range s.workers {
		if w.Operation == view.OperationServe && slices.Contains(w.Roles, role) {
			names = append(names, w.Name)
		}
	}
	whose := Suggest(s.devices, names)
	me, now := a.me().Name, time.Now()
	for _, d := range s.devices {
		key := kind + string(d)
		c, taken := s.claims[key]
		if taken || whose[d] == me {
			delete(a.free, key)
		}
		switch {
		case !taken && whose[d] == me:
			want = append(want, key)
		case !taken:
			since, known := a.free[key]
			if !known {
				a.free[key] = now
			} else if now.Sub(since) > a.o.Lease {
				want = append(want, key)
			}
		case c.Holder == me && whose[d] != me && len(names) > 0:
			leave = append(leave, key)
		case c.Holder != me && whose[d] == me:
			expecting = true
		}
	}
	for key, c := range s.claims {
		if c.Holder == me && len(key) > len(kind) && key[:len(kind)] == kind && !slices.Contains(s.devices, deviceOf(key)) {
			leave = append(leave, key)
		}
	}
	slices.Sort(leave)
	return want, leave, expecting
}

// handOver gives up claims of devices that are at rest, all of a device's together, and reports whether that goes on.
func (a *Assigner) handOver(ctx context.Context, keys []string) (moving bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for key, h := range a.held {
		if h.moving && !slices.Contains(keys, key) { // it stays after all
			h.moving = false
			a.tell()
		}
	}
	moves := map[intent.DeviceName][]string{}
	for _, key := range keys {
		d := deviceOf(key)
		if h := a.held[key]; h != nil && (moves[d] != nil || len(moves) < mostMoves) {
			moves[d] = append(moves[d], key)
		}
	}
	for d, keys := range moves {
		moving = true
		if h := a.held[write+string(d)]; h != nil && h.work != nil {
			h.moving = true
			continue
		}
		if slices.ContainsFunc(keys, func(key string) bool { return a.held[key].leaving }) {
			continue
		}
		for _, key := range keys {
			h := a.held[key]
			h.leaving = true
			close(h.lost)
		}
		a.wg.Go(func() { a.move(ctx, d, keys) })
	}
	if moving {
		a.tell()
	}
	return moving
}

// move gives a device up when nobody watches it any more.
func (a *Assigner) move(ctx context.Context, d intent.DeviceName, keys []string) {
	if !a.idle(ctx, keys) {
		return // the process ends, and leave sees to it
	}
	a.o.Close(d)
	a.mu.Lock()
	var leases []view.Lease
	for _, key := range keys {
		if h := a.held[key]; h != nil {
			leases = append(leases, h.lease)
		}
	}
	a.mu.Unlock()
	if err := a.o.Store.Unclaim(ctx, leases...); err != nil && ctx.Err() == nil {
		a.log.Warn("not handed over yet", zap.String("device", string(d)), zap.Error(err))
	} else {
		a.log.Info("handed over", zap.String("device", string(d)))
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, l := range leases {
		if h := a.held[l.Key]; h != nil && h.lease.Token == l.Token {
			delete(a.held, l.Key) // if it could not be given up, whose finds that out
		}
	}
	a.tell()
	poke(a.poked)
}

// idle waits until nobody watches or is at work under any of the keys, and reports false if ctx ends before.
func (a *Assigner) idle(ctx context.Context, keys []string) bool {
	for {
		a.mu.Lock()
		busy := slices.ContainsFunc(keys, func(key string) bool {
			h := a.held[key]
			return h != nil && (h.uses > 0 || h.work != nil)
		})
		turn := a.turn
		a.mu.Unlock()
		if !busy {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-turn:
		}
	}
}

// leave ends the worker when nothing is done under its claims any more. Until then it stays live.
func (a *Assigner) leave(ctx context.Context) error {
	a.mu.Lock()
	var keys []string
	devices := map[intent.DeviceName]bool{}
	for key, h := range a.held {
		keys = append(keys, key)
		if !isDevice(key) {
			continue
		}
		devices[deviceOf(key)] = true
		if !h.leaving {
			h.leaving = true
			close(h.lost)
		}
	}
	a.tell()
	a.mu.Unlock()
	a.idle(ctx, keys)
	for d := range devices {
		a.o.Close(d)
	}
	last, cancel := context.WithTimeout(ctx, a.o.Lease)
	defer cancel()
	return a.Close(last)
}
