package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/api"
	"github.com/tenter-net/tenter/internal/bus"
	"github.com/tenter-net/tenter/internal/bus/logbus"
	"github.com/tenter-net/tenter/internal/chat"
	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/event/local"
	"github.com/tenter-net/tenter/internal/monitor"
	"github.com/tenter-net/tenter/internal/notify"
	"github.com/tenter-net/tenter/internal/reconcile"
	"github.com/tenter-net/tenter/internal/schedule"
	"github.com/tenter-net/tenter/internal/settings"
)

// An eventBus is either distribution: Redis Streams, or the log itself.
type eventBus interface {
	Subscribe(group string, streams []string, types []event.Type, h event.Handler)
	Replay(group string, streams []string, types []event.Type, h event.Handler)
	Join(ctx context.Context) error
	Newer() map[event.Type]uint64
	Run(ctx context.Context) error
}

// A part is something that runs until its context ends.
type part struct {
	name string
	run  func(context.Context) error
}

// runs reports whether this process has the role.
func (a *App) runs(r settings.Role) bool { return slices.Contains(a.set.Roles, r) }

// Serve runs the roles of the settings until ctx ends, or until one of them fails. It calls ready once, when nothing is in its way any
// more: the bus was joined, and whatever is to listen does.
func (a *App) Serve(ctx context.Context, ready func()) error {
	b, err := a.newBus()
	if err != nil {
		return err
	}
	parts, err := a.parts(watched{b, a}, ready)
	if err != nil {
		return err
	}
	hear, err := a.feed(ctx) // from before this process says that it joined
	if err != nil {
		return err
	}
	more, err := a.observe(ctx, b)
	if err != nil {
		return err
	}
	hooks, err := a.webhook(ctx)
	if err != nil {
		return err
	}
	parts = append(append(parts, more...), hooks...)
	a.local.Start()
	if err := b.Join(ctx); err != nil { // before anything here can happen that its groups want to hear of
		return err
	}
	if !a.runs(settings.RoleAPI) {
		ready()
	}
	if a.set.Audit.Interval > 0 && a.runs(settings.RoleReconciler) {
		parts = append(parts, part{"audit", a.exporter})
	}
	return runParts(ctx, append(parts, part{"assign", a.assigner.Run}, part{"bus", b.Run}, part{"feed", hear}, part{"retention", a.retention(b)}, part{"snapshots", a.snapshots}), a.log)
}

// newBus returns Redis Streams if the settings name a Redis, else the log itself.
func (a *App) newBus() (eventBus, error) {
	if a.set.Bus.Redis == "" {
		return logbus.New(logbus.Options{Store: a.store, Worker: a.worker, Log: a.log}), nil
	}
	conf, err := busTLS(a.set)
	if err != nil {
		return nil, err
	}
	return bus.New(bus.Options{URL: string(a.set.Bus.Redis), TLS: conf, Fabric: a.set.Fabric, Worker: a.worker, Store: a.store, Log: a.log})
}

// parts wires the engines of this process's roles to the bus. The API calls listening when it does.
func (a *App) parts(b eventBus, listening func()) ([]part, error) {
	var parts []part
	if a.runs(settings.RoleLoader) {
		parts = append(parts, part{"loader", a.elected("loader", a.loader.Run)})
	}
	if a.runs(settings.RoleReconciler) {
		// What was asked for before there was a reconciler is still to be done.
		b.Replay(reconcile.Group, nil, reconcile.Types(), a.engine.Handle)
		parts = append(parts, part{"reconciler", a.engine.Run}, part{"planner", a.elected("reconciler", leads(&a.leading))})
	}
	if a.runs(settings.RoleMonitor) {
		m := monitor.New(monitor.Options{
			Assigned: a.assigner, Settle: a.set.Monitor.Settle, Intents: watchIntents{a.generations},
			Sessions: watchSessions{a.pool}, Store: a.store, Log: a.log,
		})
		// Hints are owed to nobody, and every replica's monitor wants them: they are no work of a group.
		hint := func(ctx context.Context, e, _ event.Event) error { return m.Handle(ctx, nil, e) }
		if err := hear(a, local.Subscription{Name: "monitor", Types: monitor.HintTypes(), Every: true, Middleware: a.traced()}, hint); err != nil {
			return nil, err
		}
		parts = append(parts, part{"monitor", m.Run})
	}
	if a.runs(settings.RoleNotifier) {
		n, err := a.notifier()
		if err != nil {
			return nil, err
		}
		b.Subscribe(notify.Group, nil, notify.Types(), n.Handle)
		parts = append(parts, part{"notifier", n.Run})
	}
	if a.runs(settings.RoleScheduler) {
		b.Replay("scheduler", nil, schedule.Types(), a.scheduler.Handle)
		parts = append(parts, part{"scheduler", a.scheduler.Run})
	}
	if a.runs(settings.RoleAPI) {
		s := api.NewServer(api.Options{
			Log: a.log.Named("api"), Code: Code, Peer: a.peer, Token: a.bearer, May: a.May, Shared: len(a.set.Access.Users) > 0,
			Listening: listening,
		})
		a.register(s)
		var https *api.HTTPS
		if set := a.set.API; set.Listen != "" {
			https = &api.HTTPS{Address: set.Listen, CertFile: set.CertFile, KeyFile: set.KeyFile}
		}
		parts = append(parts, part{"api", func(ctx context.Context) error { return s.Run(ctx, Socket(a.set), https) }})
	}
	return parts, a.hearHints()
}

func (a *App) notifier() (*notify.Notifier, error) {
	var receivers []notify.Receiver
	for _, r := range a.set.Notify.Receivers {
		out := notify.Receiver{Name: r.Name, Events: r.Match.Events, Severity: r.Match.Severity}
		var err error
		if out.Sender, err = a.sender(r); err != nil {
			return nil, fmt.Errorf("receiver %q: %w", r.Name, err)
		}
		out.Sender = observedSender{out.Sender, observer{a.metrics, a.tracer}, r.Name}
		receivers = append(receivers, out)
	}
	return notify.New(notify.Options{
		Store: a.store, Leases: a.store, Receivers: receivers, GroupWait: a.set.Notify.GroupWait, Worker: a.worker, Log: a.log,
	}), nil
}

func (a *App) sender(r settings.Receiver) (notify.Sender, error) {
	url, err := a.secrets.From(r.URLFile, r.URLEnv)
	if err != nil {
		return nil, fmt.Errorf("url: %w", err)
	}
	if r.Type == settings.ReceiverSlack {
		return chat.NewSlack(url.Reveal())
	}
	key, err := a.secrets.From(r.SecretFile, r.SecretEnv)
	if err != nil {
		return nil, fmt.Errorf("secret: %w", err)
	}
	return chat.NewWebhook(url.Reveal(), []byte(key.Reveal()))
}

// runParts runs all parts until ctx ends or one fails, and returns when all have ended.
func runParts(ctx context.Context, parts []part, log *zap.Logger) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	errs := make([]error, len(parts))
	for i, p := range parts {
		wg.Go(func() {
			defer cancel()
			if err := p.run(ctx); err != nil && ctx.Err() == nil {
				errs[i] = fmt.Errorf("%s: %w", p.name, err)
				log.Error("a part failed, the process stops", zap.String("part", p.name), zap.Error(err))
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}
