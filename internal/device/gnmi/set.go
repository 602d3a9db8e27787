package gnmi

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	gpb "github.com/openconfig/gnmi/proto/gnmi"
	extpb "github.com/openconfig/gnmi/proto/gnmi_ext"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/tenter-net/tenter/internal/blocks"
	"github.com/tenter-net/tenter/internal/device/fault"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/internal/wire"
)

// Set sends one edit as one SetRequest, or as the phases that its size needs, and at most one at a time. A *fault.Error tells
// whether the device refused, cannot have got it, or may have done it; whatever it is, only reading tells what the
// device has now.
func (s *Session) Set(ctx context.Context, edit tree.Edit, opts profile.SetOptions) error {
	phases, err := s.phases(ctx, edit, opts)
	if err != nil {
		return err
	}
	for i, phase := range phases {
		err = s.set(ctx, phase)
		var e *fault.Error
		if errors.As(err, &e) {
			e.Err = s.scrub(e.Err, plan.NewSecrets(nil, nil).Texts(edit)...)
			if i > 0 && e.Unsent() { // the phases before it went
				e.Kind = fault.Lost
			}
		}
		if err != nil && len(phases) > 1 {
			err = fmt.Errorf("phase %d of %d: %w", i+1, len(phases), err)
		}
		if err != nil {
			break
		}
	}
	return err
}

func (s *Session) set(ctx context.Context, req *gpb.SetRequest) error {
	if err := s.tooLarge(req); err != nil {
		return err
	}
	select {
	case <-s.setting:
	case <-ctx.Done():
		return s.failure("set", fault.Unreachable, fmt.Errorf("another Set is still under way: %w", ctx.Err()))
	}
	defer func() { s.setting <- struct{}{} }()
	ctx, cancel, err := s.unary(ctx)
	if err != nil {
		return err
	}
	defer cancel()
	ctx, sent := withSent(ctx)
	_, err = s.client.Set(ctx, req)
	if err != nil && !sent.Load() && kindOf(err) == fault.Lost {
		return s.failure("set", connectKind(err), plain(err))
	}
	return s.fail("set", err)
}

func (s *Session) request(ctx context.Context, edit tree.Edit, opts profile.SetOptions) (*gpb.SetRequest, error) {
	list, err := s.choices(ctx, s.cfg.Profile.Encodings.Set)
	if err != nil {
		return nil, err
	}
	enc := list[0]
	if s.cfg.Profile.Granularity == profile.GranularityScalar {
		enc = profile.Proto
	}
	models, lines, err := s.commands(ctx, edit)
	if err != nil {
		return nil, fmt.Errorf("device %q: set: %w", s.cfg.Name, err)
	}
	req, err := wire.Encode(models, wire.EncodeOptions{
		Roots:    s.cfg.Table.Roots(),
		Target:   s.target(),
		Encoding: encodings[enc],
		Subtrees: s.cfg.Profile.Granularity == profile.GranularitySubtree,
		Whole:    s.cfg.Profile.Granularity == profile.GranularityRoot,
	})
	if err != nil {
		return nil, fmt.Errorf("device %q: set: %w", s.cfg.Name, err)
	}
	if len(lines) > 0 {
		// Last: they are for what the rest of the request makes.
		req.Update = append(req.Update, &gpb.Update{
			Path: &gpb.Path{Origin: blocks.Origin},
			Val:  &gpb.TypedValue{Value: &gpb.TypedValue_AsciiVal{AsciiVal: strings.Join(lines, "\n")}},
		})
	}
	s.wireOrigins(req)
	commit, err := commitExtension(opts, edit.Empty())
	if err != nil {
		return nil, fmt.Errorf("device %q: set: %w", s.cfg.Name, err)
	}
	if commit != nil {
		req.Extension = append(req.Extension, &extpb.Extension{Ext: &extpb.Extension_Commit{Commit: commit}})
	}
	if opts.Election != 0 && s.cfg.Profile.Arbitration {
		req.Extension = append(req.Extension, &extpb.Extension{Ext: &extpb.Extension_MasterArbitration{
			MasterArbitration: &extpb.MasterArbitration{ElectionId: &extpb.Uint128{Low: opts.Election}},
		}})
	}
	return req, nil
}

// wireOrigins writes every path of a request as the device knows it.
func (s *Session) wireOrigins(req *gpb.SetRequest) {
	paths := slices.Clone(req.Delete)
	for _, u := range slices.Concat(req.Replace, req.Update) {
		paths = append(paths, u.Path)
	}
	for _, p := range paths {
		s.localize(p)
	}
}

// commitExtension returns the Commit extension (gNMI commit-confirmed specification), nil for a plain commit.
func commitExtension(opts profile.SetOptions, empty bool) (*extpb.Commit, error) {
	commit := &extpb.Commit{Id: opts.CommitID}
	switch opts.Commit {
	case profile.CommitPlain:
		return nil, nil
	case profile.CommitOpen:
		commit.Action = &extpb.Commit_Commit{Commit: &extpb.CommitRequest{RollbackDuration: durationpb.New(opts.Rollback)}}
		if opts.Rollback < time.Second {
			return nil, errors.New("a commit to be confirmed needs a rollback of a second or more")
		}
		return commit, nil
	case profile.CommitConfirm:
		commit.Action = &extpb.Commit_Confirm{Confirm: &extpb.CommitConfirm{}}
	case profile.CommitCancel:
		commit.Action = &extpb.Commit_Cancel{Cancel: &extpb.CommitCancel{}}
	}
	if !empty {
		return nil, fmt.Errorf("a commit %s carries no edit", opts.Commit)
	}
	return commit, nil
}
