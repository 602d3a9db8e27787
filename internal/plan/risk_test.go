package plan

import (
	"fmt"
	"slices"
	"testing"

	"github.com/tenter-net/tenter/internal/blocks"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/schemas"
)

const bgpOC = "/network-instances/network-instance[name=default]/protocols/protocol[identifier=BGP][name=BGP]/bgp"

// Each dialect's way to say a thing is the same risk.
func TestRiskOfEachDialect(t *testing.T) {
	line := func(texts ...string) string { return blocks.Path(texts...).String() + "/text" }
	for _, tc := range []struct {
		code   RiskCode
		least  int
		action Action
		after  string
		paths  []string
	}{
		{InterfaceShut, 70, Modify, "false", []string{"/interfaces/interface[name=Ethernet49]/config/enabled"}},
		{InterfaceShut, 70, Modify, "disable", []string{"srl_nokia:/interface[name=ethernet-1/49]/admin-state"}},
		{InterfaceShut, 70, Add, "shutdown", []string{line("interface eth49", "shutdown")}},
		{SessionShut, 70, Modify, "false", []string{bgpOC + "/neighbors/neighbor[neighbor-address=10.0.0.1]/config/enabled"}},
		{SessionShut, 70, Modify, "disable", []string{
			"srl_nokia:/network-instance[name=default]/protocols/bgp/neighbor[peer-address=10.0.0.1]/admin-state",
			"srl_nokia:/network-instance[name=default]/protocols/bgp/admin-state",
		}},
		{SessionShut, 70, Add, "neighbor 10.0.0.1 shutdown", []string{line("router bgp 65001", "neighbor 10.0.0.1 shutdown")}},
		{SessionRemoved, 70, Delete, "", []string{
			bgpOC + "/neighbors/neighbor[neighbor-address=10.0.0.1]/config/neighbor-address",
			"srl_nokia:/network-instance[name=default]/protocols/bgp/neighbor[peer-address=10.0.0.1]/peer-address",
			line("router bgp 65001", "neighbor 10.0.0.1 remote-as 65100"),
		}},
		{SessionReset, 65, Modify, "65002", []string{
			bgpOC + "/neighbors/neighbor[neighbor-address=10.0.0.1]/config/peer-as", bgpOC + "/global/config/as",
			bgpOC + "/peer-groups/peer-group[peer-group-name=x]/config/peer-as",
			"srl_nokia:/network-instance[name=default]/protocols/bgp/neighbor[peer-address=10.0.0.1]/peer-as",
			"srl_nokia:/network-instance[name=default]/protocols/bgp/autonomous-system",
			"srl_nokia:/network-instance[name=default]/protocols/bgp/group[group-name=x]/peer-as",
			line("router bgp 65001", "bgp router-id 10.0.0.9"),
		}},
		{DefaultRoute, 80, Delete, "", []string{
			"/network-instances/network-instance[name=default]/protocols/protocol[identifier=STATIC][name=s]/static-routes/static[prefix=0.0.0.0/0]/next-hops/next-hop[index=0]/config/next-hop",
			"srl_nokia:/network-instance[name=default]/static-routes/route[prefix=0.0.0.0/0]/next-hop-group",
			line("ip route 0.0.0.0/0 10.9.9.9"),
		}},
		{AddressRemoved, 65, Delete, "", []string{
			"/interfaces/interface[name=Ethernet49]/subinterfaces/subinterface[index=0]/ipv4/addresses/address[ip=10.0.0.1]/config/ip",
			"srl_nokia:/interface[name=ethernet-1/49]/subinterface[index=0]/ipv4/address[ip-prefix=10.0.0.1/31]/ip-prefix",
			line("interface eth49", "ip address 10.0.0.1/31"),
		}},
		{InterfaceRemoved, 65, Delete, "", []string{
			"/interfaces/interface[name=Loopback7]/config/name", "srl_nokia:/interface[name=lo7]/name", line("interface lo7"),
			"srl_nokia:/network-instance[name=red]/interface[name=ethernet-1/1.0]/name",
			"/network-instances/network-instance[name=red]/interfaces/interface[id=x]/config/id",
		}},
		{InstanceRemoved, 75, Delete, "", []string{"/network-instances/network-instance[name=red]/config/name", "srl_nokia:/network-instance[name=red]/name", line("vrf red")}},
		{RoutingPolicy, 40, Modify, "x", []string{
			"/routing-policy/policy-definitions/policy-definition[name=p]/statements/statement[name=10]/actions/config/policy-result",
			"srl_nokia:/routing-policy/policy[name=p]/statement[name=10]/action/policy-result", line("route-map p permit 10"),
		}},
		{MTUChanged, 35, Modify, "9000", []string{"/interfaces/interface[name=Ethernet49]/config/mtu", "srl_nokia:/interface[name=ethernet-1/49]/mtu", line("interface Ethernet1", "mtu 9000")}},
		{Deleted, 30, Delete, "", []string{"/interfaces/interface[name=Ethernet49]/config/description", "srl_nokia:/interface[name=ethernet-1/49]/description", line("log syslog")}},
		{"", 0, Modify, "x", []string{"/interfaces/interface[name=Ethernet49]/config/description", "srl_nokia:/interface[name=ethernet-1/49]/description", line("hostname x")}},
	} {
		for _, p := range tc.paths {
			ch := Change{Action: tc.action, Path: p, Before: "65001", After: tc.after}
			ch.rate()
			if ch.Code != tc.code || ch.Score < tc.least || ch.Risk != riskOf(ch.Score) {
				t.Errorf("%s of %s: %q %d %s %q, want %q from %d on", tc.action, p, ch.Code, ch.Score, ch.Risk, ch.Reason, tc.code, tc.least)
			}
		}
	}
}

// treeOf has a leaf for each "path = value".
func treeOf(t *testing.T, table *tree.Table, leaves ...[2]string) *tree.Tree {
	t.Helper()
	b := tree.NewBuilder(table)
	for _, l := range leaves {
		p := parsePath(t, l[0])
		v, err := table.Roots().Canonical(p, schema.Text(l[1]))
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Set(tree.Leaf{Path: p, Value: v}); err != nil {
			t.Fatal(err)
		}
	}
	return b.Build()
}

func TestVLANWithPorts(t *testing.T) {
	const vlan, port = "/network-instances/network-instance[name=default]/vlans/vlan[vlan-id=40]/config/", "/interfaces/interface[name=Ethernet%d]/ethernet/switched-vlan/config/trunk-vlans"
	observed := func(table *tree.Table, ports int) *tree.Tree {
		b := treeOf(t, table, [2]string{vlan + "vlan-id", "40"}, [2]string{vlan + "name", "web"}).Builder()
		for i := range ports {
			p := parsePath(t, fmt.Sprintf(port, i))
			if err := b.Set(tree.Leaf{Path: p, Value: parseValue(t, table.Roots(), p, "[40, 41]")}); err != nil {
				t.Fatal(err)
			}
		}
		return b.Build()
	}
	for ports, want := range map[int]string{0: "40 removes a VLAN", 1: "65 removes VLAN 40 with 1 port in it", 3: "65 removes VLAN 40 with 3 ports in it"} {
		table := tree.NewTable(openConfigRoots())
		in := Input{Device: "leaf1", Roots: table.Roots(), Secrets: NewSecrets(testKey, nil), Observed: observed(table, ports)}
		in.Applied, in.Desired = treeOf(t, table, [2]string{vlan + "vlan-id", "40"}, [2]string{vlan + "name", "web"}), tree.NewBuilder(table).Build()
		d := Compute(in).Plan
		if got := fmt.Sprint(d.Reasons[0].Score, " ", d.Reasons[0].Text); got != want {
			t.Errorf("with %d ports: %q, want %q", ports, got, want)
		}
	}
}

func TestMacVRFWithPorts(t *testing.T) {
	named, ok := schemas.Named("srlinux")
	if !ok {
		t.Fatal("no schema of SR Linux")
	}
	table := tree.NewTable(schema.NewRoots(map[string]*schema.Schema{"srl_nokia": named}))
	const vrf = "srl_nokia:/network-instance[name=web]"
	have := treeOf(t, table, [2]string{vrf + "/name", "web"}, [2]string{vrf + "/type", "mac-vrf"},
		[2]string{vrf + "/interface[name=ethernet-1/1.40]/name", "ethernet-1/1.40"}, [2]string{vrf + "/interface[name=irb0.40]/name", "irb0.40"})
	in := Input{Device: "leaf1", Roots: table.Roots(), Secrets: NewSecrets(testKey, nil), Observed: have, Applied: have, Desired: tree.NewBuilder(table).Build()}
	d := Compute(in).Plan
	if r := d.Reasons[0]; r.Code != VLANRemoved || r.Text != "removes VLAN web with 1 port in it" || d.Risk != High {
		t.Errorf("%+v, risk %s", r, d.Risk)
	}
}

func TestManagementIsTouched(t *testing.T) {
	table := tree.NewTable(openConfigRoots())
	const at = "/interfaces/interface[name=Management0]/config/"
	in := Input{
		Device: "leaf1", Roots: table.Roots(), Secrets: NewSecrets(testKey, nil), Applied: tree.NewBuilder(table).Build(),
		Observed: treeOf(t, table, [2]string{at + "name", "Management0"}, [2]string{at + "mtu", "1500"}),
		Desired:  treeOf(t, table, [2]string{at + "name", "Management0"}, [2]string{at + "mtu", "1400"}, [2]string{at + "description", "out of band"}),
	}
	in.Protected = Protection{patterns: []path.Pattern{mustPattern(t, "/interfaces/interface[name=Management0]")}}
	d := Compute(in).Plan
	if len(d.Reasons) != 1 || d.Reasons[0].Code != ManagementTouched || d.Score != 90 || d.Reasons[0].Count != 1 {
		t.Errorf("score %d of %+v", d.Score, d.Reasons)
	}
}

// What is new breaks nothing that is there; what it does to a port that was up does.
func TestRiskOfNewEntries(t *testing.T) {
	table := tree.NewTable(openConfigRoots())
	const at = "/interfaces/interface[name=Ethernet5]/config/"
	in := Input{
		Device: "leaf1", Roots: table.Roots(), Secrets: NewSecrets(testKey, nil), Applied: tree.NewBuilder(table).Build(), Observed: tree.NewBuilder(table).Build(),
		Desired: treeOf(t, table, [2]string{at + "name", "Ethernet5"}, [2]string{at + "mtu", "9000"}, [2]string{at + "enabled", "false"}),
	}
	d := Compute(in).Plan
	if len(d.Reasons) != 1 || d.Reasons[0].Code != InterfaceShut {
		t.Errorf("%+v", d.Reasons)
	}
}

func TestRiskOfPlan(t *testing.T) {
	part := func(name string, chs ...Change) DevicePlan {
		d := DevicePlan{Device: intent.DeviceName(name)}
		for i, ch := range chs {
			ch.Subtree = fmt.Sprint(i)
			ch.Risk = riskOf(ch.Score)
			d.Changes = append(d.Changes, ch)
		}
		d.assess()
		return d
	}
	low, shut := Change{Action: Modify}, Change{Action: Modify, Code: InterfaceShut, Score: 70, Reason: "shuts an interface"}
	for name, tc := range map[string]struct {
		devices []DevicePlan
		of      int
		score   int
		reasons []string
	}{
		"nothing risky":         {[]DevicePlan{part("a", low)}, 10, 0, nil},
		"one":                   {[]DevicePlan{part("a", shut)}, 10, 70, []string{"1 shuts an interface [a]"}},
		"three on two devices":  {[]DevicePlan{part("a", shut, shut), part("b", shut)}, 10, 72, []string{"3 shuts an interface [a b]"}},
		"most of the fabric":    {[]DevicePlan{part("a", low), part("b", low)}, 3, 28, []string{"1 changes 2 of 3 devices []"}},
		"all of the fabric":     {[]DevicePlan{part("a", low), part("b", low), part("c", low)}, 3, 35, []string{"1 changes 3 of 3 devices []"}},
		"a lab of two":          {[]DevicePlan{part("a", low), part("b", low)}, 2, 0, nil},
		"a device without work": {[]DevicePlan{part("a", shut), part("b")}, 4, 70, []string{"1 shuts an interface [a]"}},
	} {
		p := New(Cause{Trigger: ByManual}, Origin{Devices: tc.of}, tc.devices)
		var got []string
		for _, r := range p.Reasons {
			got = append(got, fmt.Sprint(r.Count, " ", r.Text, " ", r.Devices))
		}
		if p.Score != tc.score || !slices.Equal(got, tc.reasons) || p.Risk != riskOf(tc.score) {
			t.Errorf("%s: score %d for %q, want %d for %q", name, p.Score, got, tc.score, tc.reasons)
		}
	}
}

// A line that goes by itself says what that means, as one that takes another's place does; one that goes with its block does not.
func TestRiskOfLinesThatGo(t *testing.T) {
	const router = "router bgp 65000"
	for line, want := range map[string]RiskCode{
		"neighbor 10.0.0.1 local-as 65201 no-prepend replace-as": SessionReset,
		"neighbor 10.0.0.1 update-source 10.1.0.1":               SessionReset,
	} {
		at := blocks.Path(router, line)
		for _, gone := range []path.Path{at, blocks.Path(router)} {
			c := &computation{shaper: &shaper{deletes: []path.Path{gone}}}
			p := at.Append(path.Elem{Name: "text"})
			ch := &Change{Action: Delete, Path: p.String(), Before: schema.StringValue(line).Text()}
			code, _, _ := judged{Change: ch, path: p, gone: c.goes(p)}.rule()
			if by := path.Equal(gone, at); by != (code == want) {
				t.Errorf("%s goes with %s: %s, want %s %v", line, gone, code, want, by)
			}
		}
	}
}
