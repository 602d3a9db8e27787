package local

import (
	"context"
	"time"

	"github.com/tenter-net/tenter/internal/event"
)

// A Delivery is one event on its way to one subscriber.
type Delivery struct {
	Subscriber string
	Event      event.Event
}

// A Handler handles a delivery. Its error is counted and shown by middleware; nothing is tried again.
type Handler func(ctx context.Context, d Delivery) error

// Middleware puts something around a handler.
type Middleware func(next Handler) Handler

// chain puts the middleware around h, the first outermost.
func chain(h Handler, around []Middleware) Handler {
	for i := len(around) - 1; i >= 0; i-- {
		h = around[i](h)
	}
	return h
}

// A Step is a line of a log: a handler was entered, or it returned.
type Step struct {
	Delivery
	Done bool          // it returned
	Took time.Duration // when Done
	Err  error         // when Done: what it returned, nil if all went well
}

// Log tells write of each handler that is entered and that returns. now is the clock.
func Log(now func() time.Time, write func(Step)) Middleware {
	return func(next Handler) Handler {
		return func(ctx context.Context, d Delivery) error {
			write(Step{Delivery: d})
			begun := now()
			err := next(ctx, d)
			write(Step{Delivery: d, Done: true, Took: now().Sub(begun), Err: err})
			return err
		}
	}
}

// Metrics tells observe how long each handler took and how it ended. now is the clock.
func Metrics(now func() time.Time, observe func(d Delivery, took time.Duration, err error)) Middleware {
	return func(next Handler) Handler {
		return func(ctx context.Context, d Delivery) error {
			begun := now()
			err := next(ctx, d)
			observe(d, now().Sub(begun), err)
			return err
		}
	}
}

// Trace calls start before the handler, which runs with the context that start returns, and end after it.
func Trace(start func(ctx context.Context, d Delivery) (within context.Context, end func(error))) Middleware {
	return func(next Handler) Handler {
		return func(ctx context.Context, d Delivery) error {
			ctx, end := start(ctx, d)
			err := next(ctx, d)
			end(err)
			return err
		}
	}
}

// Redact lets the handler, and the middleware within, see the event only as clean returns it. clean must not change what
// its argument points to: others have the same event.
func Redact(clean func(event.Event) event.Event) Middleware {
	return func(next Handler) Handler {
		return func(ctx context.Context, d Delivery) error {
			d.Event = clean(d.Event)
			return next(ctx, d)
		}
	}
}
