package plan

import (
	"slices"
	"strings"
	"testing"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/schemas"
)

// TestProtectedInEachDialect has policies that own everything, in the trees of each profile: what a device is reached
// through stays, also where an earlier run wrote it and nobody wants it any more.
func TestProtectedInEachDialect(t *testing.T) {
	profiles, err := profile.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		profile string
		own     string
		stays   []string
		goes    []string
	}{
		{
			"openconfig", "/interfaces",
			[]string{"/interfaces/interface[name=Management0]/config/description = x"},
			[]string{"/interfaces/interface[name=Ethernet1]/config/description = x"},
		},
		{
			"srlinux", "srl_nokia:/**",
			[]string{
				"srl_nokia:/interface[name=mgmt0]/description = x", "srl_nokia:/network-instance[name=mgmt]/description = x",
				"srl_nokia:/system/aaa/authentication/idle-timeout = 600", "srl_nokia:/system/grpc-server[name=mgmt]/admin-state = enable",
				"srl_nokia:/system/tls/server-profile[name=lab]/authenticate-client = true",
			},
			[]string{"srl_nokia:/interface[name=ethernet-1/1]/description = x", "srl_nokia:/network-instance[name=red]/description = x"},
		},
		{
			"eos", "cli:/**",
			[]string{
				"cli:/line[text=interface Management0]/line[text=ip address 172.20.20.21/24]/text = ip address 172.20.20.21/24",
				"cli:/line[text=management api gnmi]/line[text=transport grpc default]/text = transport grpc default",
			},
			[]string{"cli:/line[text=interface Vxlan1]/line[text=vxlan udp-port 4789]/text = vxlan udp-port 4789"},
		},
		{
			"frr", "cli:/**",
			[]string{"cli:/line[text=service integrated-vtysh-config]/text = service integrated-vtysh-config"},
			[]string{"cli:/line[text=ip forwarding]/text = ip forwarding"},
		},
	} {
		t.Run(tt.profile, func(t *testing.T) {
			by, err := profiles.Get(tt.profile)
			if err != nil {
				t.Fatal(err)
			}
			trees := map[string]*schema.Schema{}
			for _, o := range by.Origins {
				name := o.Models
				if name == "" {
					name = o.Schema
				}
				s, ok := schemas.Named(name)
				if !ok {
					t.Fatalf("no models %q", name)
				}
				trees[o.Schema] = s
			}
			table := tree.NewTable(schema.NewRoots(trees))
			have := tree.NewBuilder(table)
			var stays, goes []path.Path
			for i, line := range slices.Concat(tt.stays, tt.goes) {
				at, value, _ := strings.Cut(line, " = ")
				p, err := path.Parse(at)
				if err != nil {
					t.Fatal(err)
				}
				v, err := table.Roots().Canonical(p, schema.Text(value))
				if err == nil {
					err = have.Set(tree.Leaf{Path: p, Value: v})
				}
				if err != nil {
					t.Fatal(err)
				}
				if i < len(tt.stays) {
					stays = append(stays, p)
				} else {
					goes = append(goes, p)
				}
			}
			in := Input{
				Device: "leaf1", Desired: tree.NewBuilder(table).Build(), Observed: have.Build(), Roots: table.Roots(),
				Secrets: NewSecrets([]byte("a key of the store that is secret"), nil),
			}
			if in.Scope, err = NewScope([]fabric.ScopeRule{{Pattern: tt.own, Action: fabric.Own}}); err != nil {
				t.Fatal(err)
			}
			if in.Protected, err = NewProtection(by, &fabric.Device{}); err != nil {
				t.Fatal(err)
			}
			for _, applied := range []*tree.Tree{tree.NewBuilder(table).Build(), in.Observed} {
				in.Applied = applied
				deletes := Compute(in).Edit.Deletes
				covers := func(p path.Path) bool { return slices.ContainsFunc(deletes, p.HasPrefix) }
				for _, p := range stays {
					if covers(p) {
						t.Errorf("%s would go: %s", p, deletes)
					}
				}
				for _, p := range goes {
					if !covers(p) {
						t.Errorf("%s would stay: %s", p, deletes)
					}
				}
			}
		})
	}
}
