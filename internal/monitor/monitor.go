package monitor

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
)

// tick is how often each device's row in the store is looked at: the net under hints that never come.
const tick = 5 * time.Second

// Options are what a Monitor needs.
type Options struct {
	Assigned Assigned
	Settle   time.Duration // how long a deviation must last before it is called drift; 0 for not at all
	Intents  Intents
	Sessions Sessions
	Store    Store
	Log      *zap.Logger
}

// A Monitor watches the devices that this process is to watch.
type Monitor struct {
	opts Options
	log  *zap.Logger
	all  chan struct{} // a hint that the list of devices may have changed

	mu      sync.Mutex
	devices map[intent.DeviceName]*device
}

// New returns a Monitor that does nothing until Run.
func New(opts Options) *Monitor {
	return &Monitor{opts: opts, log: opts.Log.Named("monitor"), all: make(chan struct{}, 1), devices: map[intent.DeviceName]*device{}}
}

// Run watches until ctx ends. It returns when everything that it started has ended.
func (m *Monitor) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	again := time.NewTicker(tick)
	defer again.Stop()
	assigned := m.opts.Assigned.Changed()
	failures := 0
	for {
		names, err := m.opts.Intents.Devices(ctx)
		if err == nil {
			failures = 0
		} else if failures++; ctx.Err() == nil && (failures == 1 || failures%100 == 0) {
			m.log.Warn("no list of devices, keeping the last one", zap.Int("failures", failures), zap.Error(err))
		}
		if err == nil && len(names) > 0 && ctx.Err() == nil {
			m.dismiss(ctx, names)
		}
		for _, name := range m.opts.Assigned.Watched() {
			if slices.Contains(names, name) && ctx.Err() == nil {
				m.begin(ctx, &wg, name)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-m.all:
		case <-assigned:
		case <-again.C:
		}
	}
}

// begin watches a device, unless it is watched, for as long as it is this process that is to.
func (m *Monitor) begin(ctx context.Context, wg *sync.WaitGroup, name intent.DeviceName) {
	m.mu.Lock()
	_, known := m.devices[name]
	m.mu.Unlock()
	if known {
		return
	}
	lease, lost, done, ok := m.opts.Assigned.Watch(name)
	if !ok {
		return
	}
	d := m.add(name)
	d.lease = lease
	of, stop := context.WithCancel(ctx)
	d.stop = stop
	wg.Go(func() {
		select {
		case <-lost:
		case <-of.Done():
		}
		stop()
	})
	wg.Go(func() {
		defer stop()
		d.run(of)
		if ctx.Err() == nil {
			m.opts.Sessions.Forget(name)
		}
		m.remove(d)
		done()
		poke(m.all)
	})
}

func (m *Monitor) add(name intent.DeviceName) *device {
	d := newDevice(m.opts, m.log, name)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.devices[name] = d
	return d
}

func (m *Monitor) remove(d *device) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.devices[d.name] == d {
		delete(m.devices, d.name)
	}
}

// HintTypes are the event types that Handle wants.
func HintTypes() []event.Type {
	return []event.Type{
		event.TypeIntentValidated, event.TypeApplyStarted, event.TypeApplyCompleted, event.TypeApplyFailed, event.TypeRolledBack,
		event.TypeDriftHeld, event.TypeDeviceEnrolled, event.TypeDeviceHeld,
	}
}

// Handle is an event.Handler: it makes the devices that an event concerns look at the store sooner. It changes
// nothing itself, never blocks, and losing its call costs some seconds only.
func (m *Monitor) Handle(_ context.Context, _ event.Tx, e event.Event) error {
	var concerned struct {
		Device intent.DeviceName `json:"device"`
	}
	if err := json.Unmarshal(e.Data, &concerned); err != nil {
		return fmt.Errorf("event %s: %w", e.ID, err)
	}
	if e.Type == event.TypeIntentValidated {
		poke(m.all)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if d, ok := m.devices[concerned.Device]; ok {
		poke(d.hint)
		return nil
	}
	// Which devices an intent touches is not worth telling apart: an unchanged one sees so at once.
	for _, d := range m.devices {
		poke(d.hint)
	}
	return nil
}

// poke leaves a hint, unless there is one already.
func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
