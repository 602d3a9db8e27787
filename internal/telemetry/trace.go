package telemetry

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/tenter-net/tenter/internal/event"
)

// A Tracer sends spans. Every correlation is one trace (event.TraceParent), and every event is a span of it, of no duration,
// below the event that caused it; what handles an event is below that one.
type Tracer struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
}

// NewTracer returns a tracer that sends to the OTLP/HTTP endpoint, a URL; /v1/traces is added where it has no path. The
// endpoint need not be there: what can not be sent is dropped, and failed is told why, without the URL. The library knows
// one such listener for the whole process.
func NewTracer(ctx context.Context, endpoint string, who Process, failed func(error)) (*Tracer, error) {
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		if bad := (*url.Error)(nil); errors.As(err, &bad) {
			err = fmt.Errorf("tracing.endpoint: %w", bad.Err)
		}
		failed(err)
	}))
	u, err := url.Parse(endpoint)
	if err != nil {
		return nil, fmt.Errorf("tracing.endpoint: %w", err.(*url.Error).Err) //nolint:errorlint // Parse returns no other
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/v1/traces"
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(u.String()))
	if err != nil {
		return nil, fmt.Errorf("tracing: %w", err)
	}
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(exporter, sdktrace.WithBatchTimeout(time.Second)), sdktrace.WithIDGenerator(ids{}),
		sdktrace.WithResource(resource.NewSchemaless(
			attribute.String("service.name", "tenter"), attribute.String("service.version", who.Version), attribute.String("service.instance.id", who.Worker),
		)))
	return &Tracer{provider: provider, tracer: provider.Tracer("tenter")}, nil
}

// Close sends what is left, for as long as ctx lets it.
func (t *Tracer) Close(ctx context.Context) error {
	if t == nil {
		return nil
	}
	return t.provider.Shutdown(ctx)
}

// Event sends the span of an event that this process appended.
func (t *Tracer) Event(e event.Event) {
	if t == nil {
		return
	}
	own := spanOf(e.TraceParent)
	if !own.IsValid() {
		return
	}
	ctx := context.WithValue(context.Background(), fixed{}, own)
	if e.Causation != "" {
		ctx = trace.ContextWithRemoteSpanContext(ctx, spanOf(event.TraceParent(e.Correlation, e.Causation)))
	}
	_, span := t.tracer.Start(ctx, string(e.Type), trace.WithTimestamp(e.Time), trace.WithSpanKind(trace.SpanKindProducer), trace.WithAttributes(
		attribute.String("event.id", string(e.ID)), attribute.Int64("event.seq", int64(e.Seq)), //nolint:gosec // no log is that long
		attribute.String("tenter.device", e.Subject), attribute.String("tenter.correlation", e.Correlation)))
	span.End(trace.WithTimestamp(e.Time))
}

// Handle begins the span of something that is done because of an event: below it, in whatever process it was appended.
func (t *Tracer) Handle(ctx context.Context, what string, e event.Event) (context.Context, func(error)) {
	if t == nil {
		return ctx, func(error) {}
	}
	parent := spanOf(e.TraceParent)
	if !parent.IsValid() {
		return ctx, func(error) {}
	}
	return t.start(trace.ContextWithRemoteSpanContext(ctx, parent), what+" "+string(e.Type), trace.SpanKindConsumer,
		attribute.Int64("event.seq", int64(e.Seq)), attribute.String("tenter.device", e.Subject)) //nolint:gosec // no log is that long
}

// Story begins the span of work that belongs to everything that has the correlation.
func (t *Tracer) Story(ctx context.Context, what, correlation string) (context.Context, func(error)) {
	if t == nil || correlation == "" {
		return ctx, func(error) {}
	}
	own := spanOf(event.TraceParent(correlation, ""))
	ctx = context.WithValue(ctx, fixed{}, trace.NewSpanContext(trace.SpanContextConfig{TraceID: own.TraceID()}))
	return t.start(trace.ContextWithSpanContext(ctx, trace.SpanContext{}), what, trace.SpanKindInternal)
}

// Call begins the span of a request to a device or a receiver, when ctx is within a span; what nobody waits for, as when a
// device is looked at now and then, would be traces of one line.
func (t *Tracer) Call(ctx context.Context, what, name, value string) (context.Context, func(error)) {
	if t == nil || !trace.SpanContextFromContext(ctx).IsValid() {
		return ctx, func(error) {}
	}
	return t.start(ctx, what, trace.SpanKindClient, attribute.String(name, value))
}

func (t *Tracer) start(ctx context.Context, name string, kind trace.SpanKind, attributes ...attribute.KeyValue) (context.Context, func(error)) {
	ctx, span := t.tracer.Start(ctx, name, trace.WithSpanKind(kind), trace.WithAttributes(attributes...))
	return ctx, func(err error) {
		if err != nil {
			span.SetStatus(codes.Error, err.Error())
		}
		span.End()
	}
}

// spanOf reads a traceparent (W3C Trace Context, §3.2); the zero value for what is none.
func spanOf(traceparent string) trace.SpanContext {
	ctx := propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier{"traceparent": traceparent})
	return trace.SpanContextFromContext(ctx)
}

// fixed is the key of the ids that the next span gets, for that is the one way to tell the library.
type fixed struct{}

// ids makes ids by chance, unless the context has them.
type ids struct{}

// NewIDs is part of sdktrace.IDGenerator.
func (ids) NewIDs(ctx context.Context) (trace.TraceID, trace.SpanID) {
	own, _ := ctx.Value(fixed{}).(trace.SpanContext)
	id := own.TraceID()
	if !id.IsValid() {
		_, _ = rand.Read(id[:]) // never fails
	}
	return id, ids{}.NewSpanID(ctx, id)
}

// NewSpanID is part of sdktrace.IDGenerator. Only the trace that the ids are of gets them.
func (ids) NewSpanID(ctx context.Context, of trace.TraceID) trace.SpanID {
	own, _ := ctx.Value(fixed{}).(trace.SpanContext)
	id := own.SpanID()
	if !id.IsValid() || of != own.TraceID() {
		_, _ = rand.Read(id[:]) // never fails
	}
	return id
}
