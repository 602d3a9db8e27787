package gnmi

import (
	"context"
	"sync/atomic"

	"google.golang.org/grpc/stats"
)

// sentKey marks the context of a call that wants to know whether its request left for the wire. A status alone does
// not tell: a connection that broke before and one that broke after sending are both Unavailable.
type sentKey struct{}

func withSent(ctx context.Context) (context.Context, *atomic.Bool) {
	sent := new(atomic.Bool)
	return context.WithValue(ctx, sentKey{}, sent), sent
}

// sentStats is a stats.Handler that sets the mark.
type sentStats struct{}

// TagRPC adds nothing: the caller has marked the context.
func (sentStats) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }

// HandleRPC sets the mark when a request was handed to the transport.
func (sentStats) HandleRPC(ctx context.Context, s stats.RPCStats) {
	if _, is := s.(*stats.OutPayload); !is {
		return
	}
	if sent, is := ctx.Value(sentKey{}).(*atomic.Bool); is {
		sent.Store(true)
	}
}

// TagConn adds nothing.
func (sentStats) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

// HandleConn does nothing.
func (sentStats) HandleConn(context.Context, stats.ConnStats) {}
