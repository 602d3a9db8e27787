package conf

import (
	"slices"
	"strings"
	"testing"

	gpb "github.com/openconfig/gnmi/proto/gnmi"

	"github.com/tenter-net/tenter/internal/sim/native"
)

func nativeSchema(t testing.TB, d Dialect) *Schema {
	t.Helper()
	load := map[Dialect]func() (*Schema, error){DialectSRLinux: SRLinux, DialectEOS: EOS}[d]
	s, err := load()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A refusal is what a device says to one update, "" where it takes it.
type refusal struct{ path, value, want string }

func (r refusal) check(t *testing.T, base *Tree) {
	t.Helper()
	e := base.Edit()
	err := e.Update(at(r.path), ietf(r.value))
	if err == nil {
		err = e.Tree().Validate()
	}
	switch {
	case err == nil && r.want != "":
		t.Errorf("%s %s: taken, want %q", r.path, r.value, r.want)
	case err != nil && (r.want == "" || !strings.Contains(err.Error(), r.want)):
		t.Errorf("%s %s: %v, want %q", r.path, r.value, err, r.want)
	}
}

func TestSRLinuxJudges(t *testing.T) {
	base := NewTree(nativeSchema(t, DialectSRLinux))
	const port, bgp = "/interface[name=ethernet-1~1]", "/network-instance[name=default]/protocols/bgp"
	const igmp = "/network-instance[name=v]/protocols/igmp-snooping/interface[interface-name=ethernet-1~1.0]/static-membership-groups/group[group=239.1.1.1]"
	for name, r := range map[string]refusal{
		"a port":               {port, `{"admin-state":"enable","mtu":9232,"description":"to spine1"}`, ""},
		"module prefixes":      {port, `{"srl_nokia-interfaces:mtu":9232}`, ""},
		"unknown leaf":         {port + "/colour", `"red"`, "no such node"},
		"unknown member":       {port, `{"colour":"red"}`, `no such node "colour"`},
		"state":                {port + "/oper-state", `"up"`, "no such node"},
		"state member":         {port, `{"oper-state":"up"}`, `no such node "oper-state"`},
		"wrong type":           {port + "/mtu", `"9232"`, "wrong form"},
		"out of range":         {port + "/mtu", `1000`, "out of the range 1450..9500"},
		"too wide":             {port + "/mtu", `70000`, "wrong form"},
		"too long":             {port + "/description", `"` + strings.Repeat("x", 256) + `"`, "length of 256 is out of the range 1..255"},
		"too short":            {port + "/description", `""`, "length of 0"},
		"not an enum":          {port + "/admin-state", `"up"`, "wrong form"},
		"key against pattern":  {"/interface[name=Ethernet1]/mtu", `9232`, "does not match the pattern"},
		"a prefix":             {port + "/subinterface[index=0]/ipv4/address[ip-prefix=10.0.0.1~31]", `{}`, ""},
		"not a prefix":         {port + "/subinterface[index=0]/ipv4/address[ip-prefix=10.0.0.1]", `{}`, "does not match the pattern"},
		"empty":                {port + "/subinterface[index=0]/ipv4/address[ip-prefix=10.0.0.1~31]/primary", `[null]`, ""},
		"BGP":                  {bgp, `{"autonomous-system":65201,"router-id":"10.1.0.11"}`, ""},
		"mandatory missing":    {bgp, `{"autonomous-system":65201}`, "router-id is mandatory"},
		"mandatory elsewhere":  {"/network-instance[name=default]", `{"type":"default"}`, ""},
		"no such identity":     {"/network-instance[name=default]/type", `"router"`, "wrong form"},
		"identity with prefix": {"/network-instance[name=default]/type", `"srl_nokia-network-instance:ip-vrf"`, ""},
		"a union's number":     {port + "/subinterface[index=0]/vlan/encap/single-tagged/vlan-id", `40`, ""},
		"a union's name":       {port + "/subinterface[index=0]/vlan/encap/single-tagged/vlan-id", `"any"`, ""},
		"no member of a union": {port + "/subinterface[index=0]/vlan/encap/single-tagged/vlan-id", `5000`, "fits no member"},
		"one case":             {bgp, `{"autonomous-system":1,"router-id":"10.1.0.1","afi-safi":[{"afi-safi-name":"ipv4-unicast","add-paths":{"send-max":2}}]}`, ""},
		"two cases":            {bgp, `{"autonomous-system":1,"router-id":"10.1.0.1","afi-safi":[{"afi-safi-name":"ipv4-unicast","add-paths":{"send-max":2,"send-multipath":[null]}}]}`, `choice "selection-algorithm"`},
		"no case":              {igmp, `{}`, `one of the choice "source-or-starg" is mandatory`},
		"dangling leafref":     {bgp, `{"autonomous-system":1,"router-id":"10.1.0.1","neighbor":[{"peer-address":"10.0.0.1","peer-group":"none"}]}`, "points at nothing"},
		"leafref":              {bgp, `{"autonomous-system":1,"router-id":"10.1.0.1","group":[{"group-name":"spines"}],"neighbor":[{"peer-address":"10.0.0.1","peer-group":"spines"}]}`, ""},
		"max-elements":         {"/network-instance[name=v]", `{"vxlan-interface":[{"name":"vxlan1.1"},{"name":"vxlan1.2"}]}`, "vxlan-interface: 2 entries"},
		"excluded":             {bgp, `{"autonomous-system":1,"router-id":"10.1.0.1","route-reflector":{"cluster-id":"0.0.0.0"}}`, "fits no member"},
		"not excluded":         {bgp, `{"autonomous-system":1,"router-id":"10.1.0.1","route-reflector":{"cluster-id":"10.1.0.1"}}`, ""},
		"missing key":          {"/interface/mtu", `9000`, "needs the keys [name]"},
		"OpenConfig":           {"/interfaces/interface[name=Ethernet1]/config/mtu", `9000`, "no such node"},
	} {
		t.Run(name, func(t *testing.T) { r.check(t, base) })
	}
}

func TestEOSJudges(t *testing.T) {
	base := NewTree(nativeSchema(t, DialectEOS))
	const port = "/interfaces/interface[name=Ethernet1]"
	const evpn = "/arista/eos/evpn/evpn-instances/evpn-instance[name=40]"
	for name, r := range map[string]refusal{
		"a port":            {port + "/config", `{"name":"Ethernet1","type":"iana-if-type:ethernetCsmacd","mtu":9214}`, ""},
		"mandatory missing": {port + "/config/mtu", `9214`, "type is mandatory"},
		"deviated away":     {port + "/ethernet/config/fec-mode", `"openconfig-if-ethernet:FEC_FC"`, "no such node"},
		"EVPN is not":       {"/network-instances/network-instance[name=red]/evpn", `{}`, "no such node"},
		"its own EVPN":      {evpn + "/config", `{"name":"40"}`, ""},
		"a wrong RD":        {evpn + "/config", `{"name":"40","route-distinguisher":"forty"}`, "fits no member"},
		"leafref of a key":  {evpn + "/config", `{"name":"41"}`, "points at nothing"},
		"state":             {port + "/state/mtu", `9214`, "no such node"},
		"out of range":      {"/interfaces/interface[name=Vxlan1]/arista-vxlan/config/udp-port", `70000`, "wrong form"},
		"max-elements":      {"/system/dns", `{"servers":{"server":[{"address":"10.0.0.1","config":{"address":"10.0.0.1"}},{"address":"10.0.0.2","config":{"address":"10.0.0.2"}},{"address":"10.0.0.3","config":{"address":"10.0.0.3"}},{"address":"10.0.0.4","config":{"address":"10.0.0.4"}}]}}`, "server: 4 entries"},
		"SR Linux":          {"/interface[name=ethernet-1~1]/mtu", `9214`, "no such node"},
	} {
		t.Run(name, func(t *testing.T) { r.check(t, base) })
	}
}

// State stands beside configuration in SR Linux, and is neither set nor saved.
func TestStateBesideConfiguration(t *testing.T) {
	tree := update(t, NewTree(nativeSchema(t, DialectSRLinux)), "/interface[name=ethernet-1~1]/mtu", `9214`)
	view := tree.Mirror().Edit()
	view.SetState(at("/interface[name=ethernet-1~1]/oper-state"), "srl_nokia-interfaces", Enum("up"))
	shown := view.StateTree()
	for filter, want := range map[Filter]string{
		gpb.GetRequest_CONFIG: `{"interface":[{"mtu":9214,"name":"ethernet-1/1"}]}`,
		gpb.GetRequest_STATE:  `{"interface":[{"name":"ethernet-1/1","oper-state":"up"}]}`,
	} {
		if got := string(shown.Root.JSON(Encoding{Kind: gpb.Encoding_JSON}, filter)); got != want {
			t.Errorf("%v:\ngot  %s\nwant %s", filter, got, want)
		}
	}
	if err := tree.Edit().Delete(at("/interface[name=ethernet-1~1]/oper-state")); err == nil {
		t.Error("state was deleted")
	}
}

// Every pattern of the models must mean something to the regular expressions here.
func TestPatternsOfTheModels(t *testing.T) {
	for name, load := range map[string]func() (*native.Tree, error){"srlinux": native.SRLinux, "eos": native.EOS} {
		tree, err := load()
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, typ := range tree.Types {
			for _, p := range slices.Concat(typ.Patterns, typ.Not) {
				n++
				if _, err := matches(p, ""); err != nil {
					t.Errorf("%s: type %s: %v", name, typ.Name, err)
				}
			}
		}
		if n < 20 {
			t.Errorf("%s: %d patterns", name, n)
		}
	}
}

func TestMatches(t *testing.T) {
	for _, tc := range []struct {
		pattern, text string
		want          bool
	}{
		{`[0-9]+`, "12", true},
		{`[0-9]+`, "12a", false},
		{`a|b`, "ab", false},
		{`^a$`, "a", true}, // as OpenConfig writes them
		{`a$b`, "a$b", true},
		{`[^a]`, "b", true},
		{`\d{2}\^`, "12^", true},
	} {
		if got, err := matches(tc.pattern, tc.text); got != tc.want || err != nil {
			t.Errorf("%s on %s: %v, %v", tc.pattern, tc.text, got, err)
		}
	}
}

func BenchmarkSchema(b *testing.B) {
	for _, d := range []Dialect{DialectSRLinux, DialectEOS} {
		nativeSchema(b, d)
		b.Run(string(d), func(b *testing.B) {
			trees := map[Dialect]func() (*native.Tree, error){DialectSRLinux: native.SRLinux, DialectEOS: native.EOS}
			for b.Loop() {
				if _, err := fromNative(d, trees[d], false); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// An entry of keys alone says something in SR Linux, and stays when it is named again or all else in it goes.
func TestEntriesOfKeysAlone(t *testing.T) {
	const member = "/network-instance[name=default]/interface[name=ethernet-1~1.0]"
	tree := update(t, NewTree(nativeSchema(t, DialectSRLinux)), member, `{}`)
	tree = update(t, tree, member, `{}`)
	tree = update(t, tree, "/network-instance[name=default]/description", `"x"`)
	e := tree.Edit()
	if err := e.Delete(at("/network-instance[name=default]/description")); err != nil {
		t.Fatal(err)
	}
	want := `{"srl_nokia-network-instance:network-instance":[{"interface":[{"name":"ethernet-1/1.0"}],"name":"default"}]}`
	if got := string(e.Tree().MarshalConfig()); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
