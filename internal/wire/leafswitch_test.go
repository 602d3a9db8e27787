package wire_test

import (
	"fmt"
	"testing"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/schemas"
)

// leafSwitch builds the configuration of a leaf switch with about n leaves: interfaces with addresses, VLANs with
// gateways, VRFs with BGP neighbours, and prefix sets, in the proportions that a large leaf has.
func leafSwitch(t testing.TB, table *tree.Table, n int) *tree.Tree {
	t.Helper()
	b := tree.NewBuilder(table)
	g := &generator{t: t, b: b, r: table.Roots()}
	const net = "/network-instances/network-instance"
	g.set(net+"[name=default]/config", "name", "default", "type", "DEFAULT_INSTANCE")
	for i := 0; g.n < n; i++ {
		port := fmt.Sprintf("Ethernet%d/%d", i/48, i%48+1)
		e := "/interfaces/interface[name=" + port + "]"
		g.set(e+"/config", "name", port, "description", fmt.Sprintf("server-%d eth0", i), "enabled", true, "mtu", 9214, "type", "ethernetCsmacd")
		g.set(e+"/hold-time/config", "up", 0, "down", 0)
		g.set(e+"/ethernet/config", "port-speed", "SPEED_100GB", "auto-negotiate", false)
		g.set(e+"/ethernet/switched-vlan/config", "interface-mode", "TRUNK", "native-vlan", i%4000+1)
		sub := e + "/subinterfaces/subinterface[index=0]"
		g.set(sub+"/config", "index", 0, "enabled", true)
		ip := fmt.Sprintf("10.%d.%d.%d", i>>15&255, i>>7&255, i<<1&255)
		g.set(sub+"/ipv4/addresses/address[ip="+ip+"]/config", "ip", ip, "prefix-length", 31)
		vlan := i%4000 + 2
		vrf := fmt.Sprintf("%s[name=vrf%d]", net, i/4000)
		if i%4000 == 0 {
			g.set(vrf+"/config", "name", fmt.Sprintf("vrf%d", i/4000), "type", "L3VRF")
			bgp := vrf + "/protocols/protocol[identifier=BGP][name=BGP]"
			g.set(bgp+"/config", "identifier", "BGP", "name", "BGP")
			g.set(bgp+"/bgp/peer-groups/peer-group[peer-group-name=servers]/config", "peer-group-name", "servers")
		}
		v := fmt.Sprintf("%s/vlans/vlan[vlan-id=%d]", vrf, vlan)
		g.set(v+"/config", "vlan-id", vlan, "name", fmt.Sprintf("web-%d", i), "status", "ACTIVE")
		nb := fmt.Sprintf("%s/protocols/protocol[identifier=BGP][name=BGP]/bgp/neighbors/neighbor[neighbor-address=%s]", vrf, ip)
		g.set(nb+"/config", "neighbor-address", ip, "peer-as", 65000+i%500, "peer-group", "servers", "description", fmt.Sprintf("server-%d", i), "send-community-type", []any{"STANDARD", "EXTENDED"})
		g.set(nb+"/afi-safis/afi-safi[afi-safi-name=IPV4_UNICAST]/config", "afi-safi-name", "IPV4_UNICAST", "enabled", true)
		g.set(nb+"/timers/config", "hold-time", 9, "keepalive-interval", 3)
		if i%64 == 0 {
			g.set(fmt.Sprintf("/routing-policy/defined-sets/prefix-sets/prefix-set[name=ps%d]/config", i/64), "name", fmt.Sprintf("ps%d", i/64))
		}
		set := fmt.Sprintf("/routing-policy/defined-sets/prefix-sets/prefix-set[name=ps%d]", i/64)
		prefix := fmt.Sprintf("172.%d.%d.0/24", 16+i>>8&15, i&255)
		g.set(set+"/prefixes/prefix[ip-prefix="+prefix+"][masklength-range=exact]/config", "ip-prefix", prefix, "masklength-range", "exact")
	}
	return b.Build()
}

type generator struct {
	t testing.TB
	b *tree.Builder
	r *schema.Roots
	n int
}

func (g *generator) set(container string, namesAndValues ...any) {
	p, err := path.Parse(container)
	for i := 0; err == nil && i < len(namesAndValues); i += 2 {
		at := p.Append(path.Elem{Name: namesAndValues[i].(string)})
		var v schema.Value
		if v, err = g.r.Canonical(at, namesAndValues[i+1]); err == nil {
			err = g.b.Set(tree.Leaf{Path: at, Value: v})
		}
		g.n++
	}
	if err != nil {
		g.t.Fatal(err)
	}
}

func openConfig() *schema.Roots {
	return schema.NewRoots(map[string]*schema.Schema{path.OpenConfig: schemas.OpenConfig()})
}
