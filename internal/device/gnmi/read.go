package gnmi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	gpb "github.com/openconfig/gnmi/proto/gnmi"
	extpb "github.com/openconfig/gnmi/proto/gnmi_ext"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tenter-net/tenter/internal/blocks"
	"github.com/tenter-net/tenter/internal/device/fault"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/tree"
)

// Read returns the configuration at and under the prefixes, all of it if there are none. It is asked for with Get, or
// with Subscribe ONCE where Get is unimplemented, or the other way round if the profile says so. What is not there is
// no error. The problems are what the device sent and no schema explains.
func (s *Session) Read(ctx context.Context, prefixes []path.Path) (*tree.Tree, []tree.Problem, error) {
	models, lines := apart(s.everything(prefixes, s.cfg.Profile.Everything.Get))
	b := tree.NewBuilder(s.cfg.Table)
	var problems []tree.Problem
	if len(models) > 0 {
		notes, err := s.fetch(ctx, gpb.GetRequest_CONFIG, models)
		if err != nil {
			return nil, nil, err
		}
		for _, n := range notes {
			if s.adopt(n) {
				problems = append(problems, s.decoder.Add(b, n)...)
			}
		}
	}
	if len(lines) > 0 {
		leaves, found, err := s.readLines(ctx, lines)
		if err != nil {
			return nil, nil, err
		}
		problems = append(problems, found...)
		for _, l := range leaves {
			if err := b.Set(l); err != nil {
				problems = append(problems, tree.Problem{Path: l.Path.String(), Reason: err.Error()})
			}
		}
	}
	return b.Build(), problems, nil
}

// everything stands the roots of all origins for no prefixes, or what is in them where the device takes no root.
func (s *Session) everything(prefixes []path.Path, by profile.Breadth) []path.Path {
	if len(prefixes) > 0 {
		return prefixes
	}
	roots := s.cfg.Table.Roots()
	for _, o := range roots.Origins() {
		models, ok := roots.Schema(o)
		if by != profile.BreadthContainers || !ok || o == blocks.Origin {
			prefixes = append(prefixes, path.Path{Origin: o})
			continue
		}
		for n := range models.Root().Children() {
			prefixes = append(prefixes, path.Path{Origin: o, Elems: []path.Elem{{Name: n.Name()}}})
		}
	}
	return prefixes
}

// fetch reads once, by the profile's method or the other one, in the first encoding that the device takes.
func (s *Session) fetch(ctx context.Context, kind gpb.GetRequest_DataType, paths []path.Path) ([]*gpb.Notification, error) {
	methods := []profile.ReadMethod{profile.ReadGet, profile.ReadOnce}
	if s.cfg.Profile.Read == profile.ReadOnce {
		methods = []profile.ReadMethod{profile.ReadOnce, profile.ReadGet}
	}
	var err error
	for _, m := range methods {
		if s.lack(string(m)) {
			continue
		}
		var notes []*gpb.Notification
		notes, err = s.fetchBy(ctx, m, kind, paths)
		switch {
		case err == nil:
			return notes, nil
		case status.Code(err) == codes.NotFound && len(paths) == 1:
			return nil, nil
		case len(paths) > 1 && (status.Code(err) == codes.NotFound || status.Code(err) == codes.InvalidArgument):
			return s.fetchEach(ctx, kind, paths)
		case status.Code(err) != codes.Unimplemented:
			return nil, s.unread(string(m), err, paths)
		}
		s.setLack(string(m))
	}
	if err == nil {
		err = errors.New("neither Get nor Subscribe ONCE")
	}
	return nil, s.failure("read", fault.Unsupported, plain(err))
}

// unread is fail, and names the path if there is one only.
func (s *Session) unread(call string, err error, paths []path.Path) error {
	if kind := kindOf(err); kind == fault.Refused && len(paths) == 1 {
		return s.failure(call, kind, fmt.Errorf("%s: %w", paths[0], s.scrub(plain(err))))
	}
	return s.fail(call, err)
}

// fetchEach asks for one path at a time, as some devices take no more, or refuse the whole request for one path that they do
// not have; the error then names it.
func (s *Session) fetchEach(ctx context.Context, kind gpb.GetRequest_DataType, paths []path.Path) ([]*gpb.Notification, error) {
	var all []*gpb.Notification
	for _, p := range paths {
		notes, err := s.fetch(ctx, kind, []path.Path{p})
		if err != nil {
			return nil, err
		}
		all = append(all, notes...)
	}
	return all, nil
}

// A form is one way to spell a reading.
type form struct {
	enc  profile.Encoding
	kind gpb.GetRequest_DataType
}

// fetchBy tries one form after the other, first the one that worked last; the error is as gRPC has it. A device that does not
// know the type CONFIG is asked for all: what is no configuration is left out when it is decoded.
func (s *Session) fetchBy(ctx context.Context, m profile.ReadMethod, kind gpb.GetRequest_DataType, paths []path.Path) ([]*gpb.Notification, error) {
	call, first := s.get, s.cfg.Profile.Encodings.Get
	if m == profile.ReadOnce {
		call, first = s.once, s.cfg.Profile.Encodings.Subscribe
	}
	list, err := s.choices(ctx, first)
	if err != nil {
		return nil, err
	}
	var forms []form
	for _, enc := range list {
		forms = append(forms, form{enc, kind})
	}
	if m == profile.ReadGet {
		for _, enc := range list {
			forms = append(forms, form{enc, gpb.GetRequest_ALL})
		}
	}
	if worked, ok := s.worked(m, kind); ok {
		forms = append([]form{worked}, forms...)
	}
	var notes []*gpb.Notification
	for _, f := range forms {
		notes, err = call(ctx, f.kind, encodings[f.enc], s.wirePaths(paths))
		if err == nil {
			s.setWorked(m, kind, f)
		}
		if !otherForm(err) {
			break
		}
	}
	return notes, err
}

// otherForm reports whether a device may take the same request in another form, or answer it so that it can be read: text that
// is not UTF-8 makes a message of scalars unreadable as a whole, and one value of a JSON document.
func otherForm(err error) bool {
	switch st := status.Convert(err); st.Code() {
	case codes.InvalidArgument, codes.Unimplemented:
		return true
	case codes.Internal:
		return strings.Contains(st.Message(), "failed to unmarshal the received message")
	}
	return false
}

func (s *Session) get(ctx context.Context, kind gpb.GetRequest_DataType, enc gpb.Encoding, paths []*gpb.Path) ([]*gpb.Notification, error) {
	ctx, cancel, err := s.unary(ctx)
	if err != nil {
		return nil, err
	}
	defer cancel()
	resp, err := s.client.Get(ctx, &gpb.GetRequest{Prefix: s.prefix(), Path: paths, Type: kind, Encoding: enc})
	return resp.GetNotification(), err
}

func (s *Session) once(ctx context.Context, _ gpb.GetRequest_DataType, enc gpb.Encoding, paths []*gpb.Path) ([]*gpb.Notification, error) {
	ctx, cancel, err := s.unary(ctx)
	if err != nil {
		return nil, err
	}
	defer cancel()
	list := &gpb.SubscriptionList{Prefix: s.prefix(), Mode: gpb.SubscriptionList_ONCE, Encoding: enc}
	for _, p := range paths {
		list.Subscription = append(list.Subscription, &gpb.Subscription{Path: p})
	}
	stream, err := s.subscribe(ctx, list)
	if err != nil {
		return nil, err
	}
	var notes []*gpb.Notification
	for {
		resp, err := stream.Recv()
		switch {
		case errors.Is(err, io.EOF):
			return nil, status.Error(codes.Aborted, "the answer ended without sync_response")
		case err != nil:
			return nil, err
		case resp.GetSyncResponse():
			return notes, nil
		case resp.GetUpdate() != nil:
			notes = append(notes, resp.GetUpdate())
		}
	}
}

// subscribe opens a stream; it ends with ctx.
func (s *Session) subscribe(ctx context.Context, list *gpb.SubscriptionList, extensions ...*extpb.Extension) (gpb.GNMI_SubscribeClient, error) {
	stream, err := s.client.Subscribe(ctx)
	if err != nil {
		return nil, err
	}
	err = stream.Send(&gpb.SubscribeRequest{Request: &gpb.SubscribeRequest_Subscribe{Subscribe: list}, Extension: extensions})
	if errors.Is(err, io.EOF) { // the device has ended the stream, and Recv says why
		_, err = stream.Recv()
	}
	if err != nil {
		return nil, fmt.Errorf("subscribe: %w", err)
	}
	return stream, nil
}
