package gnmi

import (
	"context"
	"fmt"

	gpb "github.com/openconfig/gnmi/proto/gnmi"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/tenter-net/tenter/internal/device/fault"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/tree"
)

// Phases returns in how many Sets an edit goes to the device: one, unless it is too big for one and the device's profile
// lets it be split. The error is a *fault.Error of fault.TooLarge for an edit that does not fit. Nothing is sent.
func (s *Session) Phases(ctx context.Context, edit tree.Edit) (int, error) {
	reqs, err := s.phases(ctx, edit, profile.SetOptions{})
	return len(reqs), err
}

// phases returns the requests of an edit: one, or if that is too big for the device, deletes, replaces and updates in
// that order, cut so that each is as big as may be.
func (s *Session) phases(ctx context.Context, edit tree.Edit, opts profile.SetOptions) ([]*gpb.SetRequest, error) {
	req, err := s.request(ctx, edit, opts)
	if err != nil {
		return nil, err
	}
	large := s.tooLarge(req)
	if large == nil {
		return []*gpb.SetRequest{req}, nil
	}
	if s.cfg.Profile.Phasing != profile.PhasingSplit {
		return nil, large
	}
	if req, err = s.request(ctx, s.phased(edit), opts); err != nil {
		return nil, err
	}
	limits := s.cfg.Profile.Limits
	var out []*gpb.SetRequest
	var phase *gpb.SetRequest
	room, paths := 0, 0
	add := func(m proto.Message, put func()) {
		n := proto.Size(m)
		n += 1 + protowire.SizeVarint(uint64(n)) // its field number and length
		if phase == nil || n > room || limits.MaxOperations > 0 && paths == limits.MaxOperations {
			phase = &gpb.SetRequest{Prefix: req.Prefix, Extension: req.Extension}
			out = append(out, phase)
			room, paths = limits.MaxMessage-proto.Size(phase), 0
		}
		room, paths = room-n, paths+1
		put()
	}
	for _, p := range req.Delete {
		add(p, func() { phase.Delete = append(phase.Delete, p) })
	}
	for _, u := range req.Replace {
		add(u, func() { phase.Replace = append(phase.Replace, u) })
	}
	for _, u := range req.Update {
		add(u, func() { phase.Update = append(phase.Update, u) })
	}
	for _, p := range out {
		if err := s.tooLarge(p); err != nil {
			return nil, err // one value alone
		}
	}
	return out, nil
}

// tooLarge says which limit of the device's profile a request exceeds; nil if none.
func (s *Session) tooLarge(req *gpb.SetRequest) error {
	limits := s.cfg.Profile.Limits
	if size := proto.Size(req); size > limits.MaxMessage {
		return s.failure("set", fault.TooLarge, fmt.Errorf("the change has %d bytes, and the device takes %d (limits.maxMessage of profile %q)",
			size, limits.MaxMessage, s.cfg.Profile.Name))
	}
	if n := len(req.Delete) + len(req.Replace) + len(req.Update); limits.MaxOperations > 0 && n > limits.MaxOperations {
		return s.failure("set", fault.TooLarge, fmt.Errorf("the change has %d paths, and the device takes %d (limits.maxOperations of profile %q)",
			n, limits.MaxOperations, s.cfg.Profile.Name))
	}
	return nil
}
