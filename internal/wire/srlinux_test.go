package wire_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/openconfig/gnmi/proto/gnmi"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/internal/wire"
	"github.com/tenter-net/tenter/schemas"
)

// TestSRLinux takes a native model all the way: nothing here is bound to OpenConfig.
func TestSRLinux(t *testing.T) {
	const origin = "srl_nokia"
	r := schema.NewRoots(map[string]*schema.Schema{path.OpenConfig: schemas.OpenConfig(), origin: schemas.SRLinux()})
	const text = `{"srl_nokia-network-instance:network-instance": [{
		"name": "red", "type": "srl_nokia-network-instance:ip-vrf", "admin-state": "enable", "oper-state": "up",
		"interface": [{"name": "ethernet-1/1.0"}],
		"protocols": {"srl_nokia-bgp:bgp": {
			"autonomous-system": 65001, "router-id": "10.1.0.1",
			"afi-safi": [{"afi-safi-name": "srl_nokia-common:ipv4-unicast", "admin-state": "enable"}],
			"group": [{"group-name": "spines", "peer-as": 65100}],
			"neighbor": [{"peer-address": "10.0.0.0", "peer-group": "spines"}]
		}}
	}]}`
	table := tree.NewTable(r)
	b := tree.NewBuilder(table)
	d := wire.Decoder{Roots: r}
	if problems := d.Snapshot(b, path.Path{Origin: origin}, []byte(text)); len(problems) > 0 {
		t.Fatal(problems)
	}
	got := b.Build()
	var have []string
	for l := range got.All() {
		have = append(have, l.Path.String()+" = "+l.Value.Text())
	}
	const vrf = "srl_nokia:/network-instance[name=red]"
	want := []string{
		vrf + "/admin-state = enable",
		vrf + "/interface[name=ethernet-1/1.0]/name = ethernet-1/1.0",
		vrf + "/name = red",
		vrf + "/protocols/bgp = present",
		vrf + "/protocols/bgp/afi-safi[afi-safi-name=ipv4-unicast]/admin-state = enable",
		vrf + "/protocols/bgp/afi-safi[afi-safi-name=ipv4-unicast]/afi-safi-name = srl_nokia-common:ipv4-unicast",
		vrf + "/protocols/bgp/autonomous-system = 65001",
		vrf + "/protocols/bgp/group[group-name=spines]/group-name = spines",
		vrf + "/protocols/bgp/group[group-name=spines]/peer-as = 65100",
		vrf + "/protocols/bgp/neighbor[peer-address=10.0.0.0]/peer-address = 10.0.0.0",
		vrf + "/protocols/bgp/neighbor[peer-address=10.0.0.0]/peer-group = spines",
		vrf + "/protocols/bgp/router-id = 10.1.0.1",
		vrf + "/type = srl_nokia-network-instance:ip-vrf",
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Fatal(diff)
	}
	if violations, _ := tree.Validate(got, nil); len(violations) > 0 {
		t.Errorf("violations %v", violations)
	}
	wrong := got.Builder()
	for p, v := range map[string]string{"/type": "mac-vrf", "/protocols/bgp/neighbor[peer-address=10.0.0.0]/peer-group": "leaves"} {
		p := at(t, vrf+p)
		value, err := r.Canonical(p, v)
		if err == nil {
			err = wrong.Set(tree.Leaf{Path: p, Value: value})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	rules := map[string]int{}
	violations, _ := tree.Validate(wrong.Build(), nil)
	for _, v := range violations {
		rules[v.Rule]++
	}
	if rules["leafref"] != 1 || rules["must"] == 0 {
		t.Errorf("BGP in a MAC-VRF, with an unknown group: %v", violations)
	}
	add := tree.Edit{Updates: []tree.Leaf{{Path: at(t, vrf+"/interface[name=lo0.1]/name"), Value: "slo0.1"}}}
	req, err := wire.Encode(add, wire.EncodeOptions{Roots: r, Encoding: gnmi.Encoding_JSON_IETF})
	if err != nil {
		t.Fatal(err)
	}
	u := req.GetUpdate()[0]
	if p, err := wire.FromPath(nil, u.GetPath()); err != nil || p.String() != vrf+"/interface[name=lo0.1]" {
		t.Errorf("update of %s, %v", p, err)
	}
	if got := string(u.GetVal().GetJsonIetfVal()); got != `{"srl_nokia-network-instance:name":"lo0.1"}` {
		t.Errorf("update with %s", got)
	}
}
