package sim

import (
	"context"
	"errors"
	"io"
	"time"

	gpb "github.com/openconfig/gnmi/proto/gnmi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tenter-net/tenter/internal/sim/conf"
)

// shortestSample is the interval of a SAMPLE subscription that asks for none or for less.
const shortestSample = 100 * time.Millisecond

// A stream is one STREAM subscription; its goroutine owns it.
type stream struct {
	*writer
	subs    []*streamSub
	current *view // what the subscriber was told last, by ON_CHANGE
}

type streamSub struct {
	subscription
	onChange bool
	every    time.Duration // sample or heartbeat interval; 0 never
	due      time.Time
	sampled  *view     // what the last sample told
	whole    time.Time // when suppress_redundant must give way to the heartbeat
}

// stream serves ON_CHANGE, SAMPLE and TARGET_DEFINED, which this device defines as ON_CHANGE.
func (s *server) stream(ss gpb.GNMI_SubscribeServer, req *request) error {
	if err := s.refuseModes(req); err != nil {
		return err
	}
	mail, now := s.subscribe()
	defer s.hub.leave(mail)
	st := &stream{writer: &writer{ss: ss, request: req, faults: &s.faults}, current: now}
	start := time.Now()
	for _, sub := range req.subs {
		st.subs = append(st.subs, newStreamSub(sub, now, start))
	}
	ctx, end := clientGone(ss)
	defer end()
	if s.faults.on(NoSync) {
		return hang(ctx)
	}
	if req.list.GetUpdatesOnly() {
		if err := st.sync(); err != nil {
			return err
		}
	} else if err := st.snapshot(now); err != nil {
		return err
	}
	return s.follow(ctx, st, mail)
}

// follow sends changes and samples until the stream ends.
func (s *server) follow(ctx context.Context, st *stream, mail *mailbox) error {
	timer := time.NewTimer(st.next(time.Now()))
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-mail.ready:
			views, drop := mail.take()
			if drop {
				return status.Error(codes.Unavailable, "the stream was dropped")
			}
			if err := st.tell(views); err != nil {
				return err
			}
		case <-timer.C:
			if err := st.tick(s.view.Load(), time.Now()); err != nil {
				return err
			}
		}
		timer.Reset(st.next(time.Now()))
	}
}

// tell sends what each view changed.
func (st *stream) tell(views []*view) error {
	for _, v := range views {
		if v.at <= st.current.at { // the snapshot had it already
			continue
		}
		if !v.silent {
			if err := st.changes(v); err != nil {
				return err
			}
		}
		st.current = v
	}
	return nil
}

// clientGone returns a context that ends when the client closes its side or breaks the protocol. The
// goroutine that watches it has ended when gRPC has ended the RPC.
func clientGone(ss gpb.GNMI_SubscribeServer) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ss.Context())
	go func() {
		_, err := ss.Recv()
		switch {
		case err == nil:
			cancel(status.Error(codes.InvalidArgument, "nothing may follow the SubscriptionList of a stream"))
		case !errors.Is(err, io.EOF): // a client that only closed its sending side keeps listening
			cancel(err)
		}
	}()
	return ctx, func() { cancel(nil) }
}

func newStreamSub(sub subscription, now *view, start time.Time) *streamSub {
	out := &streamSub{subscription: sub, onChange: sub.GetMode() != gpb.SubscriptionMode_SAMPLE, sampled: now}
	heartbeat := time.Duration(sub.GetHeartbeatInterval())
	out.every = heartbeat
	if !out.onChange {
		out.every = max(time.Duration(sub.GetSampleInterval()), shortestSample)
	}
	if out.every > 0 {
		out.due = start.Add(out.every)
	}
	if heartbeat > 0 {
		out.whole = start.Add(heartbeat)
	}
	return out
}

// next is how long it is until something is due.
func (st *stream) next(now time.Time) time.Duration {
	wait := time.Hour
	for _, sub := range st.subs {
		if sub.every > 0 {
			wait = min(wait, max(sub.due.Sub(now), 0))
		}
	}
	return wait
}

// tick sends the samples and heartbeats that are due.
func (st *stream) tick(v *view, now time.Time) error {
	for _, sub := range st.subs {
		if sub.every == 0 || now.Before(sub.due) {
			continue
		}
		sub.due = now.Add(sub.every)
		var b batch
		stamp := now.UnixNano()
		if sub.onChange { // a heartbeat repeats what was told, and is dated like it: what waits in the mailbox is newer
			stamp = st.current.at
			b.all(st.current, sub.path)
		} else {
			sub.sample(&b, v, now)
		}
		if err := st.send(&b, stamp); err != nil {
			return err
		}
	}
	return nil
}

// sample adds what a SAMPLE subscription is told now: everything, or with suppress_redundant what is
// different since the last time, until the heartbeat asks for everything.
func (sub *streamSub) sample(b *batch, v *view, now time.Time) {
	redundant := sub.GetSuppressRedundant() && (sub.whole.IsZero() || now.Before(sub.whole))
	for _, c := range conf.Diff(sub.sampled.tree, v.tree, sub.path) {
		if c.Leaf == nil {
			b.remove(c.Path)
		} else if redundant {
			b.update(c.Path, c.Leaf)
		}
	}
	if !redundant {
		sub.whole = time.Time{}
		if sub.GetHeartbeatInterval() > 0 {
			sub.whole = now.Add(time.Duration(sub.GetHeartbeatInterval()))
		}
		b.all(v, sub.path)
	}
	sub.sampled = v
}

// changes sends what is different in v at the ON_CHANGE subscriptions, as one notification if it fits.
func (st *stream) changes(v *view) error {
	b := batch{once: len(st.subs) > 1}
	for _, sub := range st.subs {
		if !sub.onChange {
			continue
		}
		for _, c := range conf.Diff(st.current.tree, v.tree, sub.path) {
			if c.Leaf == nil {
				b.remove(c.Path)
			} else {
				b.update(c.Path, c.Leaf)
			}
		}
	}
	if st.faults.on(AtomicContainer) {
		return st.sendAtomic(&b, v)
	}
	return st.send(&b, v.at)
}
