package app

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net"
	"regexp"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/bus/delivery"
	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/event/local"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/settings"
	"github.com/tenter-net/tenter/internal/telemetry"
	"github.com/tenter-net/tenter/internal/view"
)

// telemetryLease is for how long a dead process keeps others from telling of the devices: they are missing from the metrics
// meanwhile.
const telemetryLease = 15 * time.Second

func buildVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}

// openTelemetry makes what counts and traces.
func (a *App) openTelemetry(ctx context.Context) (err error) {
	who := telemetry.Process{Version: buildVersion(), Worker: a.worker}
	a.metrics = telemetry.NewMetrics(who)
	if end := string(a.set.Tracing.Endpoint); end != "" {
		log := delivery.Calm(a.log.Named("tracing"))
		a.tracer, err = telemetry.NewTracer(ctx, end, who, func(err error) { log.Warn("spans are lost", zap.Error(err)) })
	}
	return err
}

// userInfo is what stands before the host in a URL.
var userInfo = regexp.MustCompile(`(://)[^/@\s"]+@`)

// withoutLogins returns the event without the user names and passwords that may be in what it quotes.
func withoutLogins(e event.Event) event.Event {
	if userInfo.Match(e.Data) || userInfo.Match(e.Envelope) {
		e.Data = userInfo.ReplaceAll(e.Data, []byte("$1"))
		e.Envelope = userInfo.ReplaceAll(e.Envelope, []byte("$1"))
	}
	return e
}

// hear subscribes to the bus within the process.
func hear[T any](a *App, of local.Subscription, h func(ctx context.Context, e event.Event, data T) error) error {
	_, err := local.Subscribe(a.local, of, h)
	return err
}

// count makes metrics of what this process appends to the log, so that a sum over all processes counts nothing twice.
func (a *App) count() error {
	own := func(e event.Event) bool { return e.Source == a.worker }
	sub := func(name string, types ...event.Type) local.Subscription {
		return local.Subscription{Name: name, Types: types, Buffer: 4096, Every: true}
	}
	run := func(e event.Event, cause, outcome string, took time.Duration) {
		if own(e) {
			a.metrics.RunEnded(cause, outcome, took)
		}
	}
	return errors.Join(
		hear(a, sub("metrics/events"), func(_ context.Context, e, _ event.Event) error {
			if own(e) {
				a.metrics.Event(e.Type)
				a.tracer.Event(e)
			}
			return nil
		}),
		hear(a, sub("metrics/runs"), func(_ context.Context, e event.Event, d event.ApplyCompleted) error {
			run(e, d.Cause, d.Outcome, d.Duration)
			return nil
		}),
		hear(a, sub("metrics/runs"), func(_ context.Context, e event.Event, d event.ApplyFailed) error {
			run(e, d.Cause, d.Outcome, d.Duration)
			return nil
		}),
		hear(a, sub("metrics/drift", event.TypeDriftDetected), func(_ context.Context, e event.Event, d event.Drift) error {
			if own(e) {
				a.metrics.DriftDetected(e.Time.Sub(d.FirstSeen))
			}
			return nil
		}),
		hear(a, sub("metrics/drift"), func(_ context.Context, e event.Event, d event.DriftRemediated) error {
			if own(e) {
				a.metrics.DriftEnded(d.Duration)
			}
			return nil
		}),
		hear(a, sub("metrics/elections"), func(_ context.Context, _ event.Event, d event.Leader) error {
			if d.Worker == a.worker {
				a.metrics.Elected(d.Election)
			}
			return nil
		}),
		// Of the devices' states one process tells, or they would be counted as often as there are processes.
		hear(a, local.Subscription{Name: "metrics/devices", Types: []event.Type{"device", "drift", "reconciler"}, Leader: true, Replay: a.replayDevices}, a.shown),
	)
}

// shown keeps the metrics of a device what the device's last event says.
func (a *App) shown(_ context.Context, e, _ event.Event) error {
	d, err := event.Decode[struct {
		Device intent.DeviceName  `json:"device"`
		State  *event.DeviceState `json:"state"`
	}](e)
	switch {
	case err != nil || d.Device == "":
		return err
	case e.Type == event.TypeDeviceForgotten:
		a.metrics.DeviceGone(d.Device)
	case d.State != nil:
		a.metrics.Device(d.Device, d.State.Sync, d.State.Health)
	}
	return nil
}

// replayDevices gives the state of every device as the store has it, with the place in the log that this is at least of.
func (a *App) replayDevices(ctx context.Context) iter.Seq2[event.Event, error] {
	return func(yield func(event.Event, error) bool) {
		at, _, err := a.store.Head(ctx)
		var list []view.Device
		if err == nil {
			list, err = a.store.Devices(ctx)
		}
		if err != nil {
			yield(event.Event{}, err)
			return
		}
		for _, d := range list {
			state := event.Device{Device: d.Name, State: &event.DeviceState{Sync: d.Sync, Health: d.Health}}
			e, err := event.Draft{
				ID: "state", Source: a.worker, Type: event.TypeDeviceChanged, Time: a.now(), Subject: string(d.Name), Data: state,
			}.Seal()
			e.Seq = at
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

// leadTelemetry tells of the devices whenever no other process does.
func (a *App) leadTelemetry(ctx context.Context) error {
	away := delivery.Streak{Log: a.log, Failing: "nobody can be chosen to tell of the devices", Over: "somebody tells of the devices again"}
	delivery.Turn{
		Leases: a.store, Key: "telemetry", Holder: a.worker, TTL: telemetryLease,
		Failed: func(_ int, err error) { away.Bad("telemetry", err) },
	}.Run(ctx, func(ctx context.Context, _ view.Lease) error {
		away.Good("telemetry")
		a.metrics.Leads(true)
		defer a.metrics.Leads(false)
		defer a.local.Lead()()
		<-ctx.Done()
		return context.Cause(ctx)
	})
	return nil
}

// A watched bus counts and traces what its groups handle.
type watched struct {
	eventBus
	a *App
}

// Subscribe subscribes with a handler that is watched.
func (w watched) Subscribe(group string, streams []string, types []event.Type, h event.Handler) {
	w.eventBus.Subscribe(group, streams, types, w.a.watch(group, h))
}

// Replay subscribes with a handler that is watched.
func (w watched) Replay(group string, streams []string, types []event.Type, h event.Handler) {
	w.eventBus.Replay(group, streams, types, w.a.watch(group, h))
}

func (a *App) watch(group string, h event.Handler) event.Handler {
	a.metrics.Group(group)
	return func(ctx context.Context, tx event.Tx, e event.Event) error {
		ctx, end := a.tracer.Handle(ctx, "handle "+group, e)
		begun := time.Now()
		err := h(ctx, tx, e)
		a.metrics.Handled(group, time.Since(begun), err)
		end(err)
		return err
	}
}

// observe returns the parts that tell how the process does, as far as the settings want them.
func (a *App) observe(ctx context.Context, b eventBus) ([]part, error) {
	if a.set.Metrics.Listen == "" && a.tracer == nil {
		return nil, nil // nobody wants to know
	}
	var down atomic.Bool
	if err := a.followBus(ctx, &down); err != nil {
		return nil, err
	}
	if err := a.count(); err != nil {
		return nil, err
	}
	if a.set.Metrics.Listen == "" {
		return nil, nil
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", a.set.Metrics.Listen)
	if err != nil {
		return nil, fmt.Errorf("metrics.listen: %w", err)
	}
	a.log.Info("metrics", zap.String("at", "http://"+l.Addr().String()+"/metrics"))
	failures := func() uint64 { return 0 }
	if f, ok := b.(interface{ Failures() uint64 }); ok {
		failures = f.Failures
	}
	a.metrics.Watch(telemetry.Sources{
		Lags: a.store.Lags, Head: a.store.Head, Local: a.local.Stats, Failures: failures, Newer: b.Newer, Degraded: down.Load,
	})
	checks := a.checks(&down)
	return []part{
		{"metrics", func(ctx context.Context) error { return a.metrics.Serve(ctx, l, checks) }},
		{"telemetry", a.leadTelemetry},
	}, nil
}

// followBus keeps down what the log says of the distribution. It must not miss anything: the next word may come in weeks.
func (a *App) followBus(ctx context.Context, down *atomic.Bool) error {
	types := []event.Type{event.TypeBusDegraded, event.TypeBusRecovered}
	last, err := a.store.Events(ctx, event.Query{Types: types, Newest: true, Limit: 1})
	if err != nil {
		return err
	}
	down.Store(len(last) > 0 && last[0].Type == event.TypeBusDegraded && a.set.Bus.Redis != "")
	return hear(a, local.Subscription{Name: "bus", Types: types, Buffer: 16, Critical: true}, func(_ context.Context, e event.Event, _ event.Bus) error {
		down.Store(e.Type == event.TypeBusDegraded)
		return nil
	})
}

// checks are what /readyz looks at.
func (a *App) checks(down *atomic.Bool) []telemetry.Check {
	checks := []telemetry.Check{{Name: "store", Look: func(ctx context.Context) error {
		if _, _, err := a.store.Head(ctx); err != nil {
			return errors.New("it does not answer; the log of this process says why")
		}
		return nil
	}}}
	if a.set.Bus.Redis != "" {
		checks = append(checks, telemetry.Check{Name: "bus", Look: func(context.Context) error {
			if down.Load() {
				return errors.New("redis can not be used: events wait in the log, and nothing is lost")
			}
			return nil
		}})
	}
	if a.remote != nil && a.runs(settings.RoleLoader) {
		checks = append(checks, telemetry.Check{Name: "git", Look: func(context.Context) error {
			if why := a.remote.Stale(); why != "" {
				return errors.New("the last good intents are in force: " + strings.TrimPrefix(why, "git: "))
			}
			return nil
		}})
	}
	if a.runs(settings.RoleMonitor) || a.runs(settings.RoleReconciler) {
		checks = append(checks, telemetry.Check{Name: "intents", Look: func(ctx context.Context) error {
			id, err := a.store.CurrentGenerationID(ctx)
			if err != nil {
				return errors.New("not known without the store")
			}
			if id == "" {
				return errors.New("no intents are in force yet: tenter validate")
			}
			return nil
		}})
	}
	return checks
}
