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

// leaseTTL is how long a replica that died keeps others off its devices, and tick how often each device's lease is
// renewed and its row in the store looked at: the net under hints that never come.
const (
	leaseTTL = 15 * time.Second
	tick     = 5 * time.Second
)

// Options are what a Monitor needs.
type Options struct {
	Worker   string        // the holder of this replica's leases; no two replicas share one
	Settle   time.Duration // how long a deviation must last before it is called drift; 0 for not at all
	Intents  Intents
	Sessions Sessions
	Store    Store
	Log      *zap.Logger
}

// A Monitor watches every device of the current intent.
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
	running := map[intent.DeviceName]context.CancelFunc{}
	again := time.NewTicker(tick)
	defer again.Stop()
	for {
		names, err := m.opts.Intents.Devices(ctx)
		if err != nil && ctx.Err() == nil {
			m.log.Warn("no list of devices, keeping the last one", zap.Error(err))
		}
		for name, stop := range running {
			if err == nil && !slices.Contains(names, name) {
				m.log.Info("device is in no intent any more", zap.String("device", string(name)))
				stop()
				delete(running, name)
			}
		}
		if err == nil && len(names) > 0 {
			m.dismiss(ctx, names)
		}
		for _, name := range names {
			if _, known := running[name]; known || ctx.Err() != nil {
				continue
			}
			of, stop := context.WithCancel(ctx)
			running[name] = stop
			d := m.add(name)
			wg.Go(func() {
				defer m.remove(d)
				d.run(of)
				if ctx.Err() == nil {
					m.opts.Sessions.Forget(name)
				}
			})
		}
		select {
		case <-ctx.Done():
			return nil
		case <-m.all:
		case <-again.C:
		}
	}
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
