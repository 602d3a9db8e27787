package sim

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	gpb "github.com/openconfig/gnmi/proto/gnmi"
	"go.uber.org/zap"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tenter-net/tenter/internal/sim/conf"
)

// Set applies deletes, replaces, updates and union_replaces, in this order, all or none.
func (s *server) Set(ctx context.Context, req *gpb.SetRequest) (*gpb.SetResponse, error) {
	s.sets.Add(1)
	if err := s.target(req.GetPrefix()); err != nil {
		return nil, err
	}
	if d, ok := s.faults.take(DelaySet); ok {
		select {
		case <-time.After(d.delay):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if err := s.faults.hold(ctx, HoldSet); err != nil {
		return nil, err
	}
	switch {
	case s.faults.strikes(HangSet):
		return nil, hang(ctx)
	case s.faults.strikes(RefuseSet):
		return nil, status.Error(codes.Aborted, "the configuration is locked by another session")
	case s.faults.strikes(IgnoreSet):
		return setResponse(req, time.Now().UnixNano()), nil
	}
	resp, err := s.apply(req)
	if err != nil {
		return nil, err
	}
	if s.faults.strikes(HangAfterSet) {
		return nil, hang(ctx)
	}
	if s.faults.strikes(FailAfterSet) {
		return nil, status.Error(codes.Internal, "commit failed")
	}
	return resp, nil
}

// apply performs a request as one transaction.
func (s *server) apply(req *gpb.SetRequest) (*gpb.SetResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.arbitrateLocked(req.GetExtension()); err != nil {
		return nil, err
	}
	commit := commitOf(req.GetExtension())
	if s.faults.on(IgnoreCommit) {
		commit = nil
	}
	if err := s.admitLocked(commit, req); err != nil {
		return nil, err
	}
	next, save, err := s.next(req)
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	if s.faults.strikes(PartialSet) {
		next = half(s.config, next)
	}
	s.proceedLocked(commit)
	if n := operations(req); n > 0 {
		s.commitLocked(next)
		s.log.Info("set", zap.Int("operations", n), zap.Bool("save", save))
	}
	if save {
		if err := s.saveLocked(); err != nil {
			return nil, status.Error(codes.Internal, err.Error())
		}
	}
	return setResponse(req, s.stamp), nil
}

// next works out the configuration that a request leads to, and whether it asks to save it.
func (s *server) next(req *gpb.SetRequest) (next *conf.Tree, save bool, err error) {
	e := s.config.Edit()
	prefix := req.GetPrefix()
	for i, p := range req.GetDelete() {
		path, err := s.resolve(prefix, p)
		if err == nil {
			err = e.Delete(path)
		}
		if err != nil {
			return nil, false, fmt.Errorf("delete[%d]: %w", i, err)
		}
	}
	e.Follow(s.config)
	for i, u := range req.GetReplace() {
		path, err := s.resolve(prefix, u.GetPath())
		if err == nil {
			err = e.Replace(path, u.GetVal())
		}
		if err != nil {
			return nil, false, fmt.Errorf("replace[%d]: %w", i, err)
		}
	}
	for i, u := range req.GetUpdate() {
		if s.origin(prefix, u.GetPath()) == cliOrigin {
			saving, err := s.command(e, text(u.GetVal()))
			if err != nil {
				return nil, false, fmt.Errorf("update[%d]: %w", i, err)
			}
			save = save || saving
			continue
		}
		path, err := s.resolve(prefix, u.GetPath())
		if err == nil {
			err = e.Update(path, u.GetVal())
		}
		if err != nil {
			return nil, false, fmt.Errorf("update[%d]: %w", i, err)
		}
	}
	if err := s.union(e, req); err != nil {
		return nil, false, err
	}
	next = e.Tree()
	if s.dialect.keeps != nil {
		next = s.dialect.keeps(s.config, next)
	}
	if next, err = s.quirked(next, req); err != nil {
		return nil, false, err
	}
	return next, save || s.dialect.saves(next), next.Validate()
}

// command performs one update of the origin "cli": the command that saves, or commands of configuration mode.
func (s *server) command(e *conf.Edit, text string) (save bool, err error) {
	switch {
	case slices.Contains(s.dialect.save, strings.Join(strings.Fields(text), " ")):
		return true, nil
	case s.dialect.lines:
		return false, e.Run(text)
	}
	return false, fmt.Errorf("no such command: %q", text)
}

// union performs union_replace: what its paths hold together becomes the whole configuration.
func (s *server) union(e *conf.Edit, req *gpb.SetRequest) error {
	unions := req.GetUnionReplace()
	if len(unions) == 0 {
		return nil
	}
	if len(req.GetDelete())+len(req.GetReplace())+len(req.GetUpdate()) > 0 {
		return fmt.Errorf("union_replace cannot be mixed with other operations")
	}
	if err := e.Delete(nil); err != nil {
		return err
	}
	for i, u := range unions {
		path, err := s.resolve(req.GetPrefix(), u.GetPath())
		if err == nil {
			err = e.Update(path, u.GetVal())
		}
		if err != nil {
			return fmt.Errorf("union_replace[%d]: %w", i, err)
		}
	}
	return nil
}

// half is what a device that loses every second update makes of a change. Where a reference would be left
// pointing at nothing it loses one update only, so that what it runs is sound.
func half(before, after *conf.Tree) *conf.Tree {
	e := before.Edit()
	var updates []conf.Change
	for _, c := range conf.Diff(before, after, nil) {
		if c.Leaf == nil {
			_ = e.Delete(c.Path) // it was there, so the path is known
			continue
		}
		if updates = append(updates, c); len(updates)%2 == 1 {
			e.Put(c.Path, c.Leaf)
		}
	}
	if t := e.Tree(); t.Validate() == nil {
		return t
	}
	for _, lost := range updates {
		e := after.Edit()
		_ = e.Delete(lost.Path)
		if t := e.Tree(); t.Validate() == nil && len(conf.Diff(t, after, nil)) > 0 {
			return t
		}
	}
	return before
}

func text(v *gpb.TypedValue) string {
	if s := v.GetAsciiVal(); s != "" {
		return s
	}
	return v.GetStringVal()
}

func operations(req *gpb.SetRequest) int {
	return len(req.GetDelete()) + len(req.GetReplace()) + len(req.GetUpdate()) + len(req.GetUnionReplace())
}

func setResponse(req *gpb.SetRequest, at int64) *gpb.SetResponse {
	resp := &gpb.SetResponse{Prefix: req.GetPrefix(), Timestamp: at}
	add := func(p *gpb.Path, op gpb.UpdateResult_Operation) {
		resp.Response = append(resp.Response, &gpb.UpdateResult{Path: p, Op: op})
	}
	for _, p := range req.GetDelete() {
		add(p, gpb.UpdateResult_DELETE)
	}
	for _, u := range req.GetReplace() {
		add(u.GetPath(), gpb.UpdateResult_REPLACE)
	}
	for _, u := range req.GetUpdate() {
		add(u.GetPath(), gpb.UpdateResult_UPDATE)
	}
	for _, u := range req.GetUnionReplace() {
		add(u.GetPath(), gpb.UpdateResult_UNION_REPLACE)
	}
	return resp
}
