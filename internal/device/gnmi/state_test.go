package gnmi_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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
