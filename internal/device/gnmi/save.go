package gnmi

import (
	"context"
	"errors"
	"fmt"

	gpb "github.com/openconfig/gnmi/proto/gnmi"

	"github.com/tenter-net/tenter/internal/device/fault"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/tree"
)

// cliOrigin is the origin of commands and their output (gNMI mixed schema specification §3).
const cliOrigin = "cli"

// Save makes the running configuration the one that the device starts with, as its profile says, and proves it where the
// device can show that configuration as JSON. Where the device saves by itself there is nothing to do, and where nobody can
// a warning says so once.
func (s *Session) Save(ctx context.Context) error {
	how := s.cfg.Profile.Save
	if how.Method == profile.SaveNone && s.unsaved.CompareAndSwap(false, true) {
		s.log.Warn("what Tenter writes does not survive a reboot of the device: its profile knows no way to save by gNMI; save on the device itself")
	}
	if how.Method != profile.SaveCLI {
		return nil
	}
	err := s.set(ctx, &gpb.SetRequest{Prefix: s.prefix(), Update: []*gpb.Update{{
		Path: &gpb.Path{Origin: cliOrigin},
		Val:  &gpb.TypedValue{Value: &gpb.TypedValue_AsciiVal{AsciiVal: how.Command}},
	}}})
	if err != nil {
		return fmt.Errorf("save: %w", err)
	}
	saved, err := s.show(ctx, how.Show)
	if err != nil {
		return fmt.Errorf("save: prove: %w", err)
	}
	if saved.Len() == 0 {
		return nil
	}
	running, _, err := s.Read(ctx, nil)
	if err != nil {
		return fmt.Errorf("save: prove: %w", err)
	}
	for c := range tree.Diff(running, saved) {
		return fmt.Errorf("device %q: save: the startup configuration differs from the running one at %s", s.cfg.Name, c.Path)
	}
	return nil
}

// show returns the output of a show command as configuration; empty where it is text for people.
func (s *Session) show(ctx context.Context, command string) (*tree.Tree, error) {
	ctx, cancel, err := s.unary(ctx)
	if err != nil {
		return nil, err
	}
	defer cancel()
	resp, err := s.client.Get(ctx, &gpb.GetRequest{
		Prefix: s.prefix(), Encoding: gpb.Encoding_ASCII,
		Path: []*gpb.Path{{Origin: cliOrigin, Elem: []*gpb.PathElem{{Name: command}}}},
	})
	if err != nil {
		return nil, s.fail("get", err)
	}
	b, said := tree.NewBuilder(s.cfg.Table), false
	for _, n := range resp.GetNotification() {
		for _, u := range n.GetUpdate() {
			said = true
			if text := u.GetVal().GetJsonIetfVal(); len(text) > 0 {
				s.decoder.Snapshot(b, path.Path{Origin: path.OpenConfig}, text)
			}
		}
	}
	if !said {
		return nil, s.failure("get", fault.Refused, errors.New(command+" shows nothing"))
	}
	return b.Build(), nil
}
