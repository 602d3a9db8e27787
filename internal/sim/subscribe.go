package sim

import (
	"errors"
	"io"

	gpb "github.com/openconfig/gnmi/proto/gnmi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tenter-net/tenter/internal/sim/conf"
)

// A subscription is one path of a SubscriptionList.
type subscription struct {
	path conf.Path
	*gpb.Subscription
}

// A request is a SubscriptionList that was found in order.
type request struct {
	list *gpb.SubscriptionList
	subs []subscription
	enc  conf.Encoding
}

// Subscribe serves one subscription of any mode.
func (s *server) Subscribe(ss gpb.GNMI_SubscribeServer) error {
	first, err := ss.Recv()
	if err != nil {
		return err
	}
	if s.faults.strikes(HangSubscribe) {
		return hang(ss.Context())
	}
	list := first.GetSubscribe()
	if list == nil {
		return status.Error(codes.InvalidArgument, "the first message must be a SubscriptionList")
	}
	if err := s.target(list.GetPrefix()); err != nil {
		return err
	}
	if err := s.useModels(list.GetUseModels()); err != nil {
		return err
	}
	req := &request{list: list}
	if req.enc, err = s.encoding(list.GetEncoding()); err != nil {
		return err
	}
	for _, sub := range list.GetSubscription() {
		path, err := s.resolve(list.GetPrefix(), sub.GetPath())
		if err != nil {
			return status.Error(codes.InvalidArgument, err.Error())
		}
		if !s.schema.Known(path) && !exists(s.view.Load().tree, path) {
			return status.Errorf(codes.InvalidArgument, "%s: no such path", path)
		}
		req.subs = append(req.subs, subscription{path, sub})
	}
	if len(req.subs) == 0 {
		return status.Error(codes.InvalidArgument, "a SubscriptionList without subscriptions")
	}
	switch list.GetMode() {
	case gpb.SubscriptionList_ONCE:
		if s.faults.strikes(NoOnce) {
			return status.Error(codes.Unimplemented, "ONCE is not implemented")
		}
		return (&writer{ss: ss, request: req, faults: &s.faults}).snapshot(s.view.Load())
	case gpb.SubscriptionList_POLL:
		return s.poll(ss, req)
	}
	return s.stream(ss, req)
}

// poll answers each Poll message with a snapshot.
func (s *server) poll(ss gpb.GNMI_SubscribeServer, req *request) error {
	w := &writer{ss: ss, request: req, faults: &s.faults}
	if req.list.GetUpdatesOnly() {
		if err := w.sync(); err != nil {
			return err
		}
	} else if err := w.snapshot(s.view.Load()); err != nil {
		return err
	}
	for {
		msg, err := ss.Recv()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case msg.GetPoll() == nil:
			return status.Error(codes.InvalidArgument, "only a Poll may follow")
		}
		if err := w.snapshot(s.view.Load()); err != nil {
			return err
		}
	}
}

// refuseModes answers the faults that refuse one stream mode.
func (s *server) refuseModes(req *request) error {
	if s.faults.strikes(RefuseStream) {
		return status.Error(codes.Unimplemented, "STREAM is not implemented")
	}
	for _, sub := range req.subs {
		var fault Fault
		switch sub.GetMode() {
		case gpb.SubscriptionMode_ON_CHANGE:
			fault = RefuseOnChange
		case gpb.SubscriptionMode_SAMPLE:
			fault = RefuseSample
		default:
			fault = RefuseTarget
		}
		if s.faults.strikes(fault) {
			return status.Errorf(codes.InvalidArgument, "%v is not supported for %s", sub.GetMode(), sub.path)
		}
	}
	return nil
}
