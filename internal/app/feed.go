package app

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/bus/delivery"
	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/event/local"
)

// newLocal returns the bus within the process. Whoever hears of events here may show them to others: what is in a URL
// before its host is not for them.
func (a *App) newLocal() *local.Bus {
	log := delivery.Calm(a.log.Named("local"))
	return local.New(local.Options{
		Dropped: func(d local.Drop) {
			log.Warn("events come faster than a subscriber handles them", zap.String("subscriber", d.Subscriber),
				zap.String("type", string(d.Type)), zap.Uint64("seq", uint64(d.Seq)), zap.Int("buffer", d.Buffer))
		},
		Middleware: []local.Middleware{
			local.Log(a.now, func(s local.Step) { logStep(log, s) }),
			local.Metrics(a.now, func(d local.Delivery, took time.Duration, err error) { a.metrics.Heard(d.Subscriber, took) }),
			local.Redact(withoutLogins),
		},
	})
}

// traced is for subscribers that do something about what they hear: it is a part of the event's trace.
func (a *App) traced() []local.Middleware {
	return []local.Middleware{local.Trace(func(ctx context.Context, d local.Delivery) (context.Context, func(error)) {
		return a.tracer.Handle(ctx, "hint to "+d.Subscriber, d.Event)
	})}
}

// logStep writes what a handler within the process did: what failed aloud, all of it for whoever debugs.
func logStep(log *zap.Logger, s local.Step) {
	about := []zap.Field{
		zap.String("subscriber", s.Subscriber), zap.String("type", string(s.Event.Type)), zap.Uint64("seq", uint64(s.Event.Seq)),
		zap.String("device", s.Event.Subject), zap.String("correlation", s.Event.Correlation),
	}
	switch {
	case !s.Done:
		log.Debug("heard", about...)
	case s.Err != nil:
		log.Warn("what was heard was not handled", append(about, zap.Duration("took", s.Took), zap.Error(s.Err))...)
	default:
		log.Debug("handled", append(about, zap.Duration("took", s.Took))...)
	}
}

// feed hands every event of the log from now on to the bus within the process: one reader for all who want to hear of
// events but are owed none.
func (a *App) feed(ctx context.Context) (run func(context.Context) error, err error) {
	at, _, err := a.store.Head(ctx)
	if err != nil {
		return nil, err
	}
	away := delivery.Streak{Log: a.log.Named("local"), Failing: "what happens is not heard of", Over: "what happens is heard of again"}
	return func(ctx context.Context) error {
		for failures := 0; ctx.Err() == nil; {
			var err error
			if at, err = a.forward(ctx, at); err == nil {
				away.Good("feed")
				failures = 0
				err = a.store.Wait(ctx, at)
			}
			if err != nil && ctx.Err() == nil {
				failures++
				away.Bad("feed", err)
				delivery.Sleep(ctx, delivery.Backoff(failures, 100*time.Millisecond, 5*time.Second))
			}
		}
		return nil
	}, nil
}

// forward emits everything after a place, and returns the place that it came to. Of a device's states only the last
// counts, for whoever does not say otherwise.
func (a *App) forward(ctx context.Context, at event.Seq) (event.Seq, error) {
	for {
		list, err := a.store.Events(ctx, event.Query{After: at, Limit: 256})
		if err != nil || len(list) == 0 {
			return at, err
		}
		for _, e := range list {
			emit := a.local.Emit
			if e.Type.Matches("device") && e.Subject != "" {
				emit = func(ctx context.Context, e event.Event) error {
					return a.local.EmitLatest(ctx, "device/"+e.Subject, e)
				}
			}
			if err := emit(ctx, e); err != nil {
				a.log.Warn("event not heard by all", zap.Uint64("seq", uint64(e.Seq)), zap.Error(err))
			}
			at = e.Seq
		}
	}
}
