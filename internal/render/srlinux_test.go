package render_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/render"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
)

// asSRLinux makes every device of the example one of SR Linux, without the Config documents, which speak of OpenConfig.
func asSRLinux(t testing.TB) *fabric.Fabric {
	t.Helper()
	f := example(t)
	for _, d := range f.Devices {
		d.Access.Dialect, d.Access.Profile, d.Config = "srlinux", "srlinux", nil
	}
	return f
}

// outline writes a tree as SR Linux's own "info" does: each list entry once, and what it has under it. The leaves that keys
// are say nothing new, and a test of their own is there.
func outline(desired *tree.Tree) string {
	var b strings.Builder
	var above []string
	for l := range desired.All() {
		steps := []string{""}
		for i, e := range l.Path.Elems {
			if i == len(l.Path.Elems)-1 && i > 0 && hasKey(l.Path.Elems[i-1], e.Name) {
				break
			}
			last := &steps[len(steps)-1]
			if *last += "/" + e.String(); len(e.Keys) > 0 {
				steps = append(steps, "")
			}
		}
		entries := steps[:len(steps)-1]
		for i, step := range entries {
			if i >= len(above) || above[i] != step {
				fmt.Fprintf(&b, "%s%s\n", strings.Repeat("  ", i), step[1:])
				above = nil
			}
		}
		if leaf := steps[len(entries)]; leaf != "" {
			fmt.Fprintf(&b, "%s%s = %s\n", strings.Repeat("  ", len(entries)), leaf[1:], strings.ReplaceAll(l.Value.Text(), "\n", `\n`))
		}
		above = entries
	}
	return b.String()
}

func hasKey(e path.Elem, name string) bool {
	return slices.ContainsFunc(e.Keys, func(k path.Key) bool { return k.Name == name })
}

func TestSRLinuxGolden(t *testing.T) {
	c := render.NewCompiler(options(t))
	results, diags := c.Compile(asSRLinux(t))
	if diags.HasErrors() {
		t.Fatal(diags.Text())
	}
	golden(t, "srlinux/diagnostics", diags.Text())
	for _, r := range results {
		golden(t, "srlinux/"+string(r.Device), outline(r.Desired))
		for l := range r.Desired.All() {
			if s := c.Sources().Get(l.Source); s.File == "" || s.Line == 0 || s.Kind == "" {
				t.Errorf("%s: %s has source %+v", r.Device, l.Path, s)
			}
		}
	}
}

// TestSRLinuxKeepsTheModelsRules holds what is rendered against every rule of the native models: mandatory leaves,
// references, choices, numbers of elements, and conditions. What the device has from its factory is there beside it.
func TestSRLinuxKeepsTheModelsRules(t *testing.T) {
	unchecked := map[string]bool{}
	for _, r := range compile(t, render.NewCompiler(options(t)), asSRLinux(t)) {
		broken, unknown := tree.Validate(r.Desired, withFactory(t, r))
		for _, v := range broken {
			t.Errorf("%s: %s: %s: %s", r.Device, v.Path, v.Rule, v.Reason)
		}
		for _, u := range unknown {
			unchecked[fmt.Sprintf("%s: %s %s: %s", u.Node, u.Rule, u.Text, u.Reason)] = true
		}
	}
	var list strings.Builder
	for _, u := range sorted(unchecked) {
		list.WriteString(u + "\n")
	}
	golden(t, "srlinux/unchecked", list.String())
}

// withFactory is what a device should have beside what it has before anybody configures it.
func withFactory(t *testing.T, r *render.Result) *tree.Tree {
	t.Helper()
	if _, ok := r.Desired.Table().Roots().Schema("srl_nokia"); !ok {
		return r.Desired
	}
	b := r.Desired.Builder()
	for p, v := range map[string]string{"name": "mgmt", "type": "ip-vrf"} {
		at := mustParse(t, "srl_nokia:/network-instance[name=mgmt]/"+p)
		c, err := r.Desired.Table().Roots().Canonical(at, v)
		if err == nil {
			err = b.Set(tree.Leaf{Path: at, Value: c})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return b.Build()
}

func sorted(set map[string]bool) []string {
	var out []string
	for s := range set {
		out = append(out, s)
	}
	slices.Sort(out)
	return out
}

// TestSRLinuxSaysWhatIsThere looks for what a device would report besides: the keys of each entry on a leaf's path, and the
// presence of each container there. Either would be drift for as long as the entry is there.
func TestSRLinuxSaysWhatIsThere(t *testing.T) {
	for _, r := range compile(t, render.NewCompiler(options(t)), asSRLinux(t)) {
		s, _ := r.Desired.Table().Roots().Schema("srl_nokia")
		missing := map[string]bool{}
		for l := range r.Desired.All() {
			n := s.Root()
			for i, e := range l.Path.Elems {
				n, _ = n.Child(e.Name)
				at := path.Path{Origin: l.Path.Origin, Elems: l.Path.Elems[:i+1]}
				var want []path.Path
				if n.Kind() == schema.Container && n.Presence() {
					want = append(want, at)
				}
				for _, k := range e.Keys {
					want = append(want, path.Path{Origin: at.Origin, Elems: append(slices.Clone(at.Elems), path.Elem{Name: k.Name})})
				}
				for _, p := range want {
					if _, ok := r.Desired.Get(p); !ok {
						missing[p.String()] = true
					}
				}
			}
		}
		for _, p := range sorted(missing) {
			t.Errorf("%s: %s is implied and not said", r.Device, p)
		}
	}
}

// TestSRLinuxRulesBite breaks the models' rules one by one, so that the test above means something.
func TestSRLinuxRulesBite(t *testing.T) {
	for _, tc := range []struct {
		name, path string
		value      any
		want       string // the path that the rule is broken at, and the rule
	}{
		{"MTU of a member of a LAG", "/interface[name=ethernet-1/5]/mtu", 9000, "/interface[name=ethernet-1/5]/ethernet/aggregate-id must"},
		{"uneven hold time", "/interface[name=ethernet-1/9]/ethernet/hold-time/up", 125, "/interface[name=ethernet-1/9]/ethernet/hold-time/up must"},
		{"a tag on a port without tagging", "/interface[name=ethernet-1/9]/subinterface[index=63]/vlan/encap/single-tagged/vlan-id", 63, "/interface[name=ethernet-1/9]/subinterface[index=63]/vlan/encap/single-tagged/vlan-id must"},
		{"neighbor without group", "/network-instance[name=red]/protocols/bgp/neighbor[peer-address=192.0.2.9]/peer-as", 65001, "/network-instance[name=red]/protocols/bgp/neighbor[peer-address=192.0.2.9]/peer-group mandatory"},
		{"policy that is not there", "/network-instance[name=default]/protocols/bgp/import-policy", []any{"nobody"}, "/network-instance[name=default]/protocols/bgp/import-policy leafref"},
		{"EVPN in the default instance", "/network-instance[name=default]/protocols/bgp-evpn/bgp-instance[id=1]/admin-state", "enable", "/network-instance[name=default]/protocols/bgp-evpn must"},
		{"a second EVPN instance", "/network-instance[name=red]/protocols/bgp-evpn/bgp-instance[id=2]/admin-state", "enable", "/network-instance[name=red]/protocols/bgp-evpn/bgp-instance max-elements"},
		{"BFD on a subinterface that is not there", "/bfd/subinterface[id=ethernet-1/33.0]/admin-state", "enable", "/bfd/subinterface[id=ethernet-1/33.0]/id must"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := asSRLinux(t)
			d := f.Devices[3]
			d.Config = []fabric.ConfigLeaf{{Origin: "srl_nokia", Path: tc.path, Value: tc.value, Source: source("config.yaml", 1, "Config", "c")}}
			f.Devices = f.Devices[3:4]
			r := compile(t, render.NewCompiler(options(t)), f)[0]
			broken, _ := tree.Validate(r.Desired, withFactory(t, r))
			var got []string
			for _, v := range broken {
				got = append(got, strings.TrimPrefix(v.Path.String(), "srl_nokia:")+" "+v.Rule)
			}
			if !slices.Contains(got, tc.want) {
				t.Errorf("%s is not among %q", tc.want, got)
			}
		})
	}
}
