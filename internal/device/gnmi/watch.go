package gnmi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	gpb "github.com/openconfig/gnmi/proto/gnmi"
	extpb "github.com/openconfig/gnmi/proto/gnmi_ext"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tenter-net/tenter/internal/device/fault"
	"github.com/tenter-net/tenter/internal/device/poll"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/tree"
)

// Watch streams the configuration at and under opts.Paths until ctx ends or the stream breaks; the error is never nil.
// It goes down the ladder ON_CHANGE, TARGET_DEFINED, SAMPLE, polling from the rung first (empty for the profile's), when
// the device refuses a rung or sends no sync_response in time.
//
// Command lines stream on no rung: they are read before the first Sync and then at the profile's poll interval.
//
// Each rung begins with OnStage, then comes a snapshot that ends with an update with Sync set, then what changes. What
// came in a rung that was left is void. Updates are handed to emit one at a time and in order, none is dropped: while
// emit blocks the device is held up by flow control. An error of emit ends the watch.
func (s *Session) Watch(ctx context.Context, first profile.Stage, opts profile.WatchOptions, emit func(tree.Update) error) error {
	at := profile.Rung{Stage: cmp.Or(first, s.cfg.Profile.Watch.First)}
	for {
		if opts.OnStage != nil {
			opts.OnStage(at)
		}
		if at.Stage == profile.StagePoll {
			return s.poll(ctx, opts, emit)
		}
		err := s.stream(ctx, at.Stage, opts, emit)
		var down *stepDown
		if !errors.As(err, &down) {
			return err
		}
		at = profile.Rung{Stage: at.Stage.Next(), Reason: down.reason, Refused: down.lasting}
	}
}

// stepDown says that a rung does not carry.
type stepDown struct {
	reason  string
	lasting bool // by the device's own word, which it will say again
}

// Error returns the reason.
func (d *stepDown) Error() string { return d.reason }

// stream watches on one rung, in the first encoding that the device takes there.
func (s *Session) stream(ctx context.Context, stage profile.Stage, opts profile.WatchOptions, emit func(tree.Update) error) error {
	list, err := s.choices(ctx, s.cfg.Profile.Encodings.Subscribe)
	if err != nil {
		return err
	}
	models, lines := apart(s.everything(opts.Paths, s.cfg.Profile.Everything.Subscribe))
	if len(models) == 0 {
		return &stepDown{reason: "command lines do not stream", lasting: true}
	}
	for _, enc := range list {
		err = s.streamIn(ctx, s.subscription(stage, encodings[enc], models), &lineWatch{s: s, paths: lines, emit: emit})
		var refused *refusal
		if !errors.As(err, &refused) || !otherForm(refused.err) {
			break
		}
	}
	return err
}

func (s *Session) subscription(stage profile.Stage, enc gpb.Encoding, paths []path.Path) *gpb.SubscriptionList {
	list := &gpb.SubscriptionList{Prefix: s.prefix(), Mode: gpb.SubscriptionList_STREAM, Encoding: enc}
	for i, p := range s.wirePaths(paths) {
		sub := &gpb.Subscription{Path: p, Mode: gpb.SubscriptionMode_TARGET_DEFINED}
		switch {
		case stage == profile.StageOnChange && s.cfg.Profile.StreamsOnChange(paths[i]):
			sub.Mode = gpb.SubscriptionMode_ON_CHANGE
		case stage == profile.StageSample:
			sub.Mode = gpb.SubscriptionMode_SAMPLE
			sub.SampleInterval = uint64(s.cfg.Profile.Watch.SampleInterval)
		}
		list.Subscription = append(list.Subscription, sub)
	}
	return list
}

// configOnly asks for configuration and nothing else (gNMI ConfigSubscription extension). Where one container holds
// configuration and state, nothing else can.
var configOnly = &extpb.Extension{Ext: &extpb.Extension_ConfigSubscription{ConfigSubscription: &extpb.ConfigSubscription{
	Action: &extpb.ConfigSubscription_Start{Start: &extpb.ConfigSubscriptionStart{}},
}}}

var errSilent = errors.New("silent")

// streamIn runs one stream, and reads command lines beside it. Before its sync_response, a refusal or silence is a
// *stepDown.
func (s *Session) streamIn(ctx context.Context, list *gpb.SubscriptionList, lines *lineWatch) error {
	end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	if err := s.ready(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer lines.done.Wait()
	defer cancel(nil)
	lines.failed = cancel
	wait := s.cfg.Profile.Watch.SyncTimeout
	patience := time.AfterFunc(wait, func() { cancel(errSilent) })
	defer patience.Stop()

	synced := false
	var extensions []*extpb.Extension
	if s.cfg.Profile.Watch.ConfigSubscription {
		extensions = append(extensions, configOnly)
	}
	stream, err := s.subscribe(ctx, list, extensions...)
	for err == nil {
		var resp *gpb.SubscribeResponse
		if resp, err = stream.Recv(); err != nil {
			break
		}
		if resp.GetSyncResponse() {
			if synced {
				continue // some devices repeat it
			}
			synced = true
			if !patience.Stop() {
				break
			}
			if err := lines.read(ctx); err != nil {
				return err
			}
			if err := lines.say(tree.Update{Sync: true}); err != nil {
				return err
			}
			lines.follow(ctx)
			continue
		}
		if resp.GetUpdate() == nil {
			continue
		}
		u, wanted := s.decode(resp.GetUpdate())
		if !wanted || len(u.Deletes)+len(u.Leaves)+len(u.Problems)+u.Unclear == 0 {
			continue
		}
		if err := lines.say(u); err != nil {
			return err
		}
	}
	var lost *lineFailure
	switch {
	case errors.As(context.Cause(ctx), &lost):
		return lost.err
	case errors.Is(context.Cause(ctx), errSilent):
		return &stepDown{reason: fmt.Sprintf("no sync_response within %s", wait)}
	case errors.Is(err, io.EOF) && !synced: // with status OK: that is no failure of the connection
		return &stepDown{reason: "the device ended the stream before sync_response"}
	case errors.Is(err, io.EOF):
		return s.ended(errors.New("the device ended the stream"))
	case !synced && refuses(err):
		return &refusal{stepDown{reason: plain(err).Error(), lasting: lasting(err)}, err}
	case refuses(err): // what it sent so far shows that it takes the subscription
		return s.ended(fmt.Errorf("the device ended the stream: %w", s.scrub(plain(err))))
	}
	return s.fail("subscribe", err)
}

// ended is the error of a stream that the device ended by itself, over a connection that stands.
func (s *Session) ended(err error) error {
	e := s.failure("subscribe", fault.Lost, err)
	e.Next = "the device answers, so address and route are right, and it is subscribed to again: its own log says why it ends streams"
	return e
}

// A refusal is a stepDown with the device's status.
type refusal struct {
	stepDown
	err error
}

// Unwrap returns the device's status.
func (r *refusal) Unwrap() []error { return []error{&r.stepDown, r.err} }

// refuses reports whether the device said no to the kind of subscription, rather than to us or for the moment. Devices
// use many codes for it.
func refuses(err error) bool {
	switch kindOf(err) {
	case fault.Refused, fault.Unsupported:
		return true
	}
	return false
}

// lasting reports whether the device said that it does not know the kind of subscription at all: other refusals may be over in
// a while.
func lasting(err error) bool {
	code := status.Code(err)
	return code == codes.Unimplemented || code == codes.InvalidArgument
}

// poll reads again and again.
func (s *Session) poll(ctx context.Context, opts profile.WatchOptions, emit func(tree.Update) error) error {
	return poll.Watch{
		Every: s.cfg.Profile.Watch.PollInterval,
		Paths: s.everything(opts.Paths, s.cfg.Profile.Everything.Get),
		Read:  s.Read,
	}.Run(ctx, emit)
}
