package app

import (
	"context"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/notify"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/telemetry"
	"github.com/tenter-net/tenter/internal/tree"
)

// An observer counts and traces requests to others.
type observer struct {
	metrics *telemetry.Metrics
	tracer  *telemetry.Tracer
}

// An observed session is one whose requests are counted and traced. Watching is none: it lasts.
type observed struct {
	session
	observer
	device intent.DeviceName
}

func (o observed) call(ctx context.Context, what string) (context.Context, func(error)) {
	begun := time.Now()
	ctx, end := o.tracer.Call(ctx, "device "+what, "tenter.device", string(o.device))
	return ctx, func(err error) {
		o.metrics.Called(what, time.Since(begun), err)
		end(err)
	}
}

// Probe asks the device what it is.
func (o observed) Probe(ctx context.Context) (facts profile.Facts, err error) {
	ctx, end := o.call(ctx, "probe")
	defer func() { end(err) }()
	return o.session.Probe(ctx)
}

// Read reads the device.
func (o observed) Read(ctx context.Context, prefixes []path.Path) (_ *tree.Tree, _ []tree.Problem, err error) {
	ctx, end := o.call(ctx, "read")
	defer func() { end(err) }()
	return o.session.Read(ctx, prefixes)
}

// Set writes to the device.
func (o observed) Set(ctx context.Context, edit tree.Edit, opts profile.SetOptions) (err error) {
	ctx, end := o.call(ctx, "set")
	defer func() { end(err) }()
	return o.session.Set(ctx, edit, opts)
}

// Save makes the device keep what it has.
func (o observed) Save(ctx context.Context) (err error) {
	ctx, end := o.call(ctx, "save")
	defer func() { end(err) }()
	return o.session.Save(ctx)
}

// An observedSender counts and traces messages to one receiver.
type observedSender struct {
	notify.Sender
	observer
	receiver string
}

// Send sends the message below the event that it tells of first.
func (o observedSender) Send(ctx context.Context, m notify.Message) (err error) {
	if len(m.Events) > 0 {
		if e, err := event.Parse(m.Events[0]); err == nil {
			var ended func(error)
			ctx, ended = o.tracer.Handle(ctx, "tell of", e)
			defer func() { ended(err) }()
		}
	}
	ctx, end := o.tracer.Call(ctx, "send message", "tenter.receiver", o.receiver)
	defer func() { end(err); o.metrics.Sent(o.receiver, err) }()
	return o.Sender.Send(ctx, m)
}
