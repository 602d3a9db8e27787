package sim

import (
	"context"
	"slices"
	"strings"
	"time"

	gpb "github.com/openconfig/gnmi/proto/gnmi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/tenter-net/tenter/internal/sim/conf"
)

// Get answers each path with one notification; a path without data gives one without updates.
func (s *server) Get(ctx context.Context, req *gpb.GetRequest) (*gpb.GetResponse, error) {
	if s.faults.strikes(NoGet) {
		return nil, status.Error(codes.Unimplemented, "Get is not implemented")
	}
	if d, ok := s.faults.take(DelayGet); ok {
		select {
		case <-time.After(d.delay):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if s.faults.strikes(HangGet) {
		return nil, hang(ctx)
	}
	if err := s.faults.hold(ctx, HoldGet); err != nil { // last: what is set meanwhile is for the next one
		return nil, err
	}
	if err := s.target(req.GetPrefix()); err != nil {
		return nil, err
	}
	if err := s.useModels(req.GetUseModels()); err != nil {
		return nil, err
	}
	now := s.view.Load()
	resp := &gpb.GetResponse{}
	paths := req.GetPath()
	if len(paths) == 0 {
		paths = []*gpb.Path{{}}
	}
	for _, p := range paths {
		var n *gpb.Notification
		var err error
		if s.origin(req.GetPrefix(), p) == cliOrigin {
			n, err = s.getCLI(p, now)
		} else {
			n, err = s.getPath(req, p, now)
		}
		if err != nil {
			return nil, err
		}
		resp.Notification = append(resp.Notification, n)
	}
	return resp, nil
}

func (s *server) getPath(req *gpb.GetRequest, p *gpb.Path, now *view) (*gpb.Notification, error) {
	enc, err := s.encoding(req.GetEncoding())
	if err != nil {
		return nil, err
	}
	pattern, err := s.resolve(req.GetPrefix(), p)
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	if !s.schema.Known(pattern) && !exists(now.tree, pattern) {
		return nil, status.Errorf(codes.NotFound, "%s: no such path", pattern)
	}
	n := &gpb.Notification{Timestamp: now.at, Prefix: req.GetPrefix()}
	back := len(req.GetPrefix().GetElem()) // updates are relative to the prefix
	if wildPrefix, _ := conf.FromProto(req.GetPrefix()); wildPrefix.Wild() {
		n.Prefix = proto.Clone(req.GetPrefix()).(*gpb.Path)
		n.Prefix.Elem, back = nil, 0
	}
	add := func(at conf.Path, val *gpb.TypedValue) {
		path := at[back:].Proto()
		path.Origin = p.GetOrigin()
		n.Update = append(n.Update, &gpb.Update{Path: path, Val: val})
	}
	now.tree.Find(pattern, func(at conf.Path, found *conf.Node) {
		if enc.Kind == gpb.Encoding_PROTO {
			found.Leaves(at, req.GetType(), func(at conf.Path, leaf *conf.Node) { add(at, leaf.Proto(enc)) })
			return
		}
		if b := found.JSON(enc, req.GetType()); b != nil {
			add(at, jsonValue(enc, b))
		}
	})
	return n, nil
}

func exists(t *conf.Tree, pattern conf.Path) bool {
	found := false
	t.Find(pattern, func(conf.Path, *conf.Node) { found = true })
	return found
}

func jsonValue(enc conf.Encoding, b []byte) *gpb.TypedValue {
	if enc.Kind == gpb.Encoding_JSON {
		return &gpb.TypedValue{Value: &gpb.TypedValue_JsonVal{JsonVal: b}}
	}
	return &gpb.TypedValue{Value: &gpb.TypedValue_JsonIetfVal{JsonIetfVal: b}}
}

// getCLI answers the commands of the origin "cli", whose path's elements are the words of a command.
func (s *server) getCLI(p *gpb.Path, now *view) (*gpb.Notification, error) {
	var words []string
	for _, e := range p.GetElem() {
		words = append(words, strings.Fields(e.GetName())...)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var shown *conf.Tree
	switch command := strings.Join(words, " "); {
	case slices.Contains(s.dialect.show, command):
		shown = s.startup
	case command == "show running-config":
		shown = s.config
	default:
		return nil, status.Errorf(codes.InvalidArgument, "no such command: %q", strings.Join(words, " "))
	}
	val := &gpb.TypedValue{Value: &gpb.TypedValue_JsonIetfVal{JsonIetfVal: shown.MarshalConfig()}}
	if s.dialect.text != nil {
		val = &gpb.TypedValue{Value: &gpb.TypedValue_AsciiVal{AsciiVal: s.dialect.text(s.Name, shown)}}
	}
	return &gpb.Notification{Timestamp: now.at, Update: []*gpb.Update{{Path: p, Val: val}}}, nil
}
