package gnmi_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	gpb "github.com/openconfig/gnmi/proto/gnmi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tenter-net/tenter/internal/device/fault"
	"github.com/tenter-net/tenter/internal/path"
)

func TestState(t *testing.T) {
	f := simulate(t)
	s := dial(t, f.config("leaf1"))
	p := simProfile(t)
	read := func(from path.Path) map[string]string {
		t.Helper()
		leaves, err := s.State(t.Context(), []path.Path{from})
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]string{}
		for _, l := range leaves {
			out[l.Path.String()] = l.Value
		}
		return out
	}
	const up = "/interfaces/interface[name=Ethernet49]/state/oper-status"
	deadline := time.Now().Add(30 * time.Second)
	for read(p.State.Interfaces.Path)[up] != "UP" && time.Now().Before(deadline) {
		f.control("settle")
	}
	if got := read(p.State.Interfaces.Path); got[up] != "UP" || got["/interfaces/interface[name=Management0]/state/oper-status"] != "UP" {
		t.Errorf("interfaces: %v", got)
	}
	// The same leaf as a part of containers of all sizes, whose entries are named by their keys.
	for _, text := range []string{"/interfaces/interface[name=Ethernet49]/state", "/interfaces/interface[name=Ethernet49]", "/interfaces/interface", "/interfaces"} {
		if got := read(at(t, text)); got[up] != "UP" {
			t.Errorf("%s: %v", text, got)
		}
	}
	if diff := cmp.Diff(map[string]string{}, read(at(t, "/interfaces/interface[name=Ethernet77]/state/oper-status"))); diff != "" {
		t.Error(diff)
	}
	f.control("leaf1 unplug Ethernet49")
	f.control("settle")
	if got := read(p.State.Interfaces.Path); got[up] != "DOWN" {
		t.Errorf("unplugged: %v", got)
	}
}

// Nobody saw what is at a path that the device refuses, so whoever wants to know has no answer. What is not there is one.
func TestRefusedState(t *testing.T) {
	code := codes.InvalidArgument
	o := &odd{get: func(_ context.Context, req *gpb.GetRequest) (*gpb.GetResponse, error) {
		if req.GetPath()[0].GetElem()[0].GetName() == "lldp" {
			return nil, status.Error(code, "not so")
		}
		return &gpb.GetResponse{Notification: []*gpb.Notification{notification(t, oneLeaf["leaf, scalar, origin"])}}, nil
	}}
	s := dial(t, o.serve(t))
	paths := []path.Path{at(t, "/interfaces"), at(t, "/lldp")}
	_, err := s.State(t.Context(), paths)
	if kind(err) != fault.Refused || !strings.Contains(err.Error(), `device "odd1"`) || !strings.Contains(err.Error(), "/lldp: InvalidArgument: not so") {
		t.Errorf("refused: %v", err)
	}
	code = codes.NotFound
	if leaves, err := s.State(t.Context(), paths); err != nil || len(leaves) == 0 {
		t.Errorf("not there: %v, %v", leaves, err)
	}
}
