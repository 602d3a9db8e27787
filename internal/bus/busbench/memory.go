package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/view"
)

// memory is a log without SQL: what the bus costs beside it. Groups are owed every event once.
type memory struct {
	mu     sync.RWMutex
	events []event.Event
	grown  chan struct{}
	owed   []atomic.Bool // by place, true when it was handled
	low    atomic.Uint64 // all up to here were handled
	held   string        // who has the relay's lease
}

// drifts makes n events of many devices, as they would be sealed.
func drifts(n int) ([]event.Event, error) {
	list := make([]event.Event, n)
	for i := range list {
		device := fmt.Sprintf("leaf%d", i%64)
		e, err := event.Draft{
			ID: event.ID(fmt.Sprintf("e-%d", i)), Type: event.TypeDriftDetected, Time: time.Unix(1_700_000_000, 0), Source: "bench", Fabric: "dc1",
			Subject: device, Correlation: "c", ActorType: event.ActorSystem, Data: event.Drift{Episode: "e-" + device, Device: "leaf1"},
		}.Seal()
		if err != nil {
			return nil, err
		}
		e.Seq = event.Seq(i + 1)
		list[i] = e
	}
	return list, nil
}

func newMemory(room int) *memory {
	return &memory{grown: make(chan struct{}), owed: make([]atomic.Bool, room+1)}
}

// add appends events whose places follow.
func (m *memory) add(events ...event.Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.events = append(m.events, events...)
	close(m.grown)
	m.grown = make(chan struct{})
}

func (m *memory) Deliver(ctx context.Context, _ string, e event.Event, h event.Handler) (event.Seq, error) {
	if m.owed[e.Seq].Swap(true) {
		return 0, nil
	}
	return 0, h(ctx, nil, e)
}

func (m *memory) EventsAt(_ context.Context, seqs []event.Seq) ([]event.Event, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	list := make([]event.Event, 0, len(seqs))
	for _, s := range seqs {
		if s >= 1 && int(s) <= len(m.events) {
			list = append(list, m.events[s-1])
		}
	}
	return list, nil
}

func (m *memory) Events(_ context.Context, q event.Query) ([]event.Event, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if !q.Since.IsZero() || int(q.After) >= len(m.events) {
		return nil, nil
	}
	return slices.Clone(m.events[q.After:min(int(q.After)+q.Limit, len(m.events))]), nil
}

func (m *memory) Head(context.Context) (event.Seq, []byte, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return event.Seq(len(m.events)), nil, nil
}

func (m *memory) Last(ctx context.Context, stream string) (event.Seq, error) {
	if stream != event.StreamDrift {
		return 0, nil
	}
	seq, _, err := m.Head(ctx)
	return seq, err
}

func (m *memory) Wait(ctx context.Context, after event.Seq) error {
	for {
		m.mu.RLock()
		n, grown := len(m.events), m.grown
		m.mu.RUnlock()
		if n > int(after) {
			return nil
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (m *memory) OldestPending(_ context.Context, _, stream string) (event.Seq, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if stream != event.StreamDrift {
		return 0, nil
	}
	at := m.low.Load()
	for at < uint64(len(m.events)) && m.owed[at+1].Load() {
		at++
	}
	m.low.Store(at)
	if at == uint64(len(m.events)) {
		return 0, nil
	}
	return event.Seq(at + 1), nil
}

func (m *memory) Elect(_ context.Context, key, holder string, _ time.Duration) (view.Lease, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.held == "" {
		m.held = holder
	}
	return view.Lease{Key: key, Holder: m.held}, m.held == holder, nil
}

func (m *memory) Renew(_ context.Context, l view.Lease, _ time.Duration) (view.Lease, error) {
	return l, nil
}

func (m *memory) Release(context.Context, view.Lease) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.held = ""
	return nil
}

// What follows is asked for only when something went wrong, which ends the run, or has nothing to do here.

var errTrouble = errors.New("the bus met trouble, and its figures mean nothing")

func (m *memory) FailDelivery(context.Context, view.Failure) (bool, error) { return false, errTrouble }

func (m *memory) BeginDelivery(context.Context, string, event.Event, int) (bool, error) {
	return false, nil
}
func (m *memory) EndDelivery(context.Context, string, event.Event) error { return nil }
func (m *memory) Do(context.Context, func(event.Tx) error) error         { return errTrouble }
func (m *memory) JoinGroup(context.Context, view.Group) error            { return nil }
func (m *memory) RetriesDue(context.Context, string) (bool, error)       { return false, nil }
func (m *memory) Groups(context.Context) ([]view.Group, error) {
	return []view.Group{{Name: benchGroup, Streams: []string{event.StreamDrift}}}, nil
}

func (m *memory) TakeRetries(context.Context, string, int, time.Duration) ([]view.Delivery, error) {
	return nil, nil
}

func (m *memory) RetryLost(context.Context, string, string, event.Seq) (int64, error) { return 0, nil }
