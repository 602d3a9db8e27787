package render_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	gpb "github.com/openconfig/gnmi/proto/gnmi"

	"github.com/tenter-net/tenter/internal/blocks"
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/render"
	"github.com/tenter-net/tenter/internal/sim/conf"
	"github.com/tenter-net/tenter/internal/sim/plane"
	"github.com/tenter-net/tenter/internal/wire"
)

// played is what a simulated device makes of a rendered configuration: its own schema decides what it takes.
func played(t *testing.T, d *fabric.Device, r *render.Result) *conf.Tree {
	t.Helper()
	load, origin := conf.OpenConfig, path.OpenConfig
	switch d.Access.Dialect {
	case "srlinux":
		load, origin = conf.SRLinux, "srl_nokia"
	case "eos":
		load = conf.EOS
	}
	schema, err := load()
	if err != nil {
		t.Fatal(err)
	}
	root, _ := r.Desired.Table().Roots().Schema(origin)
	leaves := slices.Collect(r.Desired.Under(path.Path{Origin: origin}))
	text, err := wire.JSON(root.Root(), path.Path{Origin: origin}, leaves)
	if err != nil {
		t.Fatal(err)
	}
	edit := conf.NewTree(schema).Edit()
	if d.Access.Dialect == "srlinux" { // what a device is managed through is there before Tenter is
		mgmt := conf.Path{{Name: "network-instance", Keys: []conf.Key{{Name: "name", Value: "mgmt"}}}}
		if err := edit.Update(mgmt, jsonIETF(`{"type": "ip-vrf"}`)); err != nil {
			t.Fatal(err)
		}
	}
	if err := edit.Update(nil, jsonIETF(string(text))); err != nil {
		t.Fatalf("%s: %v", r.Device, err)
	}
	if lines := commandLines(t, r.Desired); len(lines) > 0 {
		if err := edit.Run(strings.Join(blocks.Commands(nil, lines, &blocks.Syntax{}), "\n")); err != nil {
			t.Fatalf("%s: %v", r.Device, err)
		}
	}
	tree := edit.Tree()
	if err := tree.Validate(); err != nil {
		t.Fatalf("%s: %v", r.Device, err)
	}
	return tree
}

func jsonIETF(text string) *gpb.TypedValue {
	return &gpb.TypedValue{Value: &gpb.TypedValue_JsonIetfVal{JsonIetfVal: []byte(text)}}
}

// TestAMixedFabricComesUp is TestTheExampleComesUp with SR Linux, EOS and OpenConfig side by side, and with each of them
// alone: what one dialect says its neighbors must understand.
func TestAMixedFabricComesUp(t *testing.T) {
	for name, dialects := range map[string]map[string]string{
		"mixed":   {"leaf1": "srlinux", "leaf2": "srlinux", "leaf3": "eos"},
		"srlinux": {"leaf1": "srlinux", "leaf2": "srlinux", "leaf3": "srlinux", "leaf4": "srlinux", "spine1": "srlinux", "spine2": "srlinux"},
		"eos":     {"leaf1": "eos", "leaf2": "eos", "leaf3": "eos", "leaf4": "eos", "spine1": "eos", "spine2": "eos"},
	} {
		t.Run(name, func(t *testing.T) {
			f := example(t)
			for _, d := range f.Devices {
				if dialect := dialects[string(d.Name)]; dialect != "" {
					d.Access.Dialect, d.Access.Profile, d.Config = dialect, dialect, nil
				}
			}
			comesUp(t, f)
		})
	}
}

func comesUp(t *testing.T, f *fabric.Fabric) {
	results, diags := render.NewCompiler(options(t)).Compile(f)
	if diags.HasErrors() {
		t.Fatal(diags.Text())
	}
	devices := map[string]*fabric.Device{}
	for _, d := range f.Devices {
		devices[string(d.Name)] = d
	}
	in := plane.Input{Devices: map[string]*conf.Tree{}, Links: links(t, f, devices)}
	for _, r := range results {
		in.Devices[string(r.Device)] = played(t, devices[string(r.Device)], r)
	}
	out := plane.Compute(in)
	for _, d := range f.Devices {
		up := 0
		for _, s := range out.Sessions[string(d.Name)] {
			if s.Instance != "" {
				continue
			}
			if up++; !s.Established {
				t.Errorf("%s: session with %s is down", d.Name, s.Neighbor)
			}
		}
		if want := len(d.BGP[0].Neighbors); up != want {
			t.Errorf("%s: %d sessions, want %d", d.Name, up, want)
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

func links(t *testing.T, f *fabric.Fabric, devices map[string]*fabric.Device) []plane.Link {
	t.Helper()
	profiles, err := profile.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	port := func(device string, number int) plane.Port {
		p, err := profiles.Get(devices[device].Access.Profile)
		if err != nil {
			t.Fatal(fmt.Errorf("%s: %w", device, err))
		}
		return plane.Port{Device: device, Interface: p.Names.EthernetName(number)}
	}
	var out []plane.Link
	for _, d := range f.Devices {
		for _, l := range d.Links {
			if d.Name < l.Peer {
				out = append(out, plane.Link{A: port(string(d.Name), l.Local.Number), B: port(string(l.Peer), l.Remote.Number)})
			}
		}
	}
	return out
}
