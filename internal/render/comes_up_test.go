package render_test

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/render"
	"github.com/tenter-net/tenter/internal/sim/conf"
	"github.com/tenter-net/tenter/internal/sim/plane"
	"github.com/tenter-net/tenter/internal/wire"
)

// TestTheExampleComesUp gives what is rendered to the simulator's control plane, which shares no code with the
// renderer: every session inside the fabric comes up, and every VTEP has a route to every other over both spines.
func TestTheExampleComesUp(t *testing.T) {
	f := example(t)
	results := compile(t, render.NewCompiler(options(t)), f)
	in := plane.Input{Devices: map[string]*conf.Tree{}}
	oc, err := conf.OpenConfig()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		root, _ := r.Desired.Table().Roots().Schema(path.OpenConfig)
		text, err := wire.JSON(root.Root(), path.Path{Origin: path.OpenConfig}, slices.Collect(r.Desired.All()))
		if err != nil {
			t.Fatal(err)
		}
		if in.Devices[string(r.Device)], err = conf.Load(oc, text); err != nil {
			t.Fatalf("%s: %v", r.Device, err)
		}
	}
	profiles, err := profile.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range f.Devices {
		p, err := profiles.Get(d.Access.Profile)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range d.Links {
			if d.Name < l.Peer {
				in.Links = append(in.Links, plane.Link{
					A: plane.Port{Device: string(d.Name), Interface: p.Names.EthernetName(l.Local.Number)},
					B: plane.Port{Device: string(l.Peer), Interface: p.Names.EthernetName(l.Remote.Number)},
				})
			}
		}
	}
	out := plane.Compute(in)
	for _, d := range f.Devices {
		sessions := 0
		for _, s := range out.Sessions[string(d.Name)] {
			if s.Instance == "" {
				sessions++
				if !s.Established {
					t.Errorf("%s: session with %s is down", d.Name, s.Neighbor)
				}
			}
		}
		if want := len(d.BGP[0].Neighbors); sessions != want {
			t.Errorf("%s: %d sessions, want %d", d.Name, sessions, want)
		}
		for _, to := range f.Devices {
			if d.VTEP == nil || to.VTEP == nil || d == to {
				continue
			}
			if hops := hops(out, d, to.VTEP.Address); len(hops) != 2 {
				t.Errorf("%s to the VTEP of %s: next hops %v", d.Name, to.Name, hops)
			}
		}
	}
}

func hops(out plane.Result, from *fabric.Device, to netip.Addr) []netip.Addr {
	for _, r := range out.Routes[string(from.Name)] {
		if r.Instance == "" && r.Prefix == netip.PrefixFrom(to, 32) {
			return r.NextHops
		}
	}
	return nil
}
