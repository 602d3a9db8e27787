package fabric

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/tenter-net/tenter/internal/intent"
)

// A small generator of fabrics: the given spines and leaves, fully meshed, one multihomed LAG for each pair of leaves.
func fabricText(spines, leaves []int, vlans int) map[string][]byte {
	var b strings.Builder
	b.WriteString(`apiVersion: tenter/v1
kind: Fabric
metadata: {name: made}
spec:
  sizing: {maxSpines: 8, maxLeaves: 512, maxParallel: 2}
  underlay: {protocol: ebgp, links: 10.0.0.0/14, ipMtu: 9200, l2Mtu: 9214, bfd: {tx: 300ms, rx: 300ms, multiplier: 3}}
  asn: {spine: 4200000000, leafBase: 4200001000}
  loopbacks: {router: 10.8.0.0/22, vtep: 10.8.4.0/22}
  overlay: {protocol: ibgp, asn: 65000, reflectors: {role: spine}, routeTarget: "65000:{vni}", routeDistinguisher: "{router-id}:{evi}"}
  anycastMac: "00:1c:73:00:00:01"
  links:
`)
	for _, s := range spines {
		for _, l := range leaves {
			for k := 1; k <= 1+(s+l)%2; k++ {
				fmt.Fprintf(&b, "    - {a: \"spine%d:%d\", b: \"leaf%d:%d\", parallel: %d}\n", s, 2*l+k, l, 100+2*s+k, k)
			}
		}
	}
	device := func(role string, id int) {
		fmt.Fprintf(&b, "---\napiVersion: tenter/v1\nkind: Device\nmetadata: {name: %s%d, labels: {role: %s}}\nspec: {id: %d, dialect: openconfig, address: \"%s%d.example.net:9339\", credentials: lab, tls: lab}\n", role, id, role, id, role, id)
	}
	for _, s := range spines {
		device("spine", s)
	}
	for _, l := range leaves {
		device("leaf", l)
	}
	b.WriteString("---\napiVersion: tenter/v1\nkind: Vrf\nmetadata: {name: red}\nspec: {vni: 50000}\n")
	for v := range vlans {
		fmt.Fprintf(&b, "---\napiVersion: tenter/v1\nkind: Vlan\nmetadata: {name: v%d}\nspec:\n  id: %d\n  vni: %d\n  vrf: red\n  gateway: {mode: anycast, addresses: [10.%d.%d.1/24]}\n  devices: {labels: {role: leaf}}\n", v, v+2, v+1000, 16+v/256, v%256)
	}
	for _, l := range leaves {
		if l%2 == 1 && slices.Contains(leaves, l+1) {
			fmt.Fprintf(&b, "---\napiVersion: tenter/v1\nkind: Port\nmetadata: {name: server-%d}\nspec:\n  members: [\"leaf%d:5\", \"leaf%d:5\"]\n  lag: {id: 1, mode: all-active, esId: %d}\n  access: {vlan: v0}\n", l, l, l+1, l)
		}
	}
	return map[string][]byte{"made.yaml": []byte(b.String())}
}

// Adding or removing a device, a link or a VLAN never renumbers anything else: whatever two fabrics of the same sizing have
// in common is numbered alike.
func TestNumbersNeverMove(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	pick := func(n, most int) []int {
		all := rnd.Perm(most)[:n]
		for i := range all {
			all[i]++
		}
		slices.Sort(all)
		return all
	}
	known := map[string]string{}
	for range 25 {
		f, problems := compileFiles(t, fabricText(pick(1+rnd.IntN(4), 8), pick(2+rnd.IntN(6), 512), 1+rnd.IntN(5)))
		if problems.HasErrors() {
			t.Fatal(problems.Text())
		}
		taken := map[netip.Addr]string{}
		for _, d := range f.Devices {
			for what, number := range numbersOf(d) {
				key := string(d.Name) + " " + what
				if old, ok := known[key]; ok && old != number {
					t.Fatalf("%s was %s and is %s", key, old, number)
				}
				known[key] = number
			}
			for _, i := range d.Interfaces {
				for _, u := range i.Subinterfaces {
					for _, a := range u.IPv4 {
						if o := taken[a.Addr()]; o != "" {
							t.Fatalf("%s is on %s and on %s", a, o, d.Name)
						}
						taken[a.Addr()] = string(d.Name)
					}
				}
			}
		}
	}
	if len(known) < 1000 {
		t.Errorf("only %d numbers were compared", len(known))
	}
}

func numbersOf(d *Device) map[string]string {
	out := map[string]string{"asn": fmt.Sprint(d.BGP[0].ASN), "router id": d.BGP[0].RouterID.String()}
	if d.VTEP != nil {
		out["vtep"] = d.VTEP.Address.String()
	}
	for _, l := range d.Links {
		for _, i := range d.Interfaces {
			if i.ID == l.Local {
				out["link "+fmt.Sprint(i.ID, l.Peer)] = i.Subinterfaces[0].IPv4[0].String()
			}
		}
	}
	for _, s := range d.EthernetSegments {
		out["segment "+s.Name] = s.ESI
	}
	for _, m := range d.MacVRFs {
		out["rd "+m.Name] = m.RouteDistinguisher + " " + m.Export[0]
	}
	return out
}

func TestOverrides(t *testing.T) {
	f := example(t,
		`{id: 2, dialect: openconfig, profile: openconfig-sim, address: "172.20.20.22:9339"`, `{id: 2, asn: 65300, routerId: 10.9.0.1, vtep: 10.9.0.2, dialect: openconfig, address: "172.20.20.22:9339"`,
		`b: "leaf2:49"}`, `b: "leaf2:49", subnet: 10.9.1.0/31}`,
		`esId: 10`, `esi: "00:11:22:33:44:55:66:77:88:99"`)
	d := f.device("leaf2")
	if d.BGP[0].ASN != 65300 || d.BGP[0].RouterID.String() != "10.9.0.1" || d.VTEP.Address.String() != "10.9.0.2" || d.Access.Profile != "openconfig" {
		t.Errorf("%+v", d.BGP[0])
	}
	if got := d.EthernetSegments[0].ESI; got != "00:11:22:33:44:55:66:77:88:99" {
		t.Errorf("ESI %s", got)
	}
	spine := f.device("spine1")
	i := slices.IndexFunc(spine.BGP[0].Neighbors, func(n Neighbor) bool { return n.Address.String() == "10.9.1.1" })
	if i < 0 || spine.BGP[0].Neighbors[i].PeerASN != 65300 {
		t.Error("spine1 does not know the link's own subnet and AS")
	}
	k := slices.IndexFunc(spine.PrefixSets, func(s PrefixSet) bool { return s.Name == setLoopbacks })
	if len(spine.PrefixSets[k].Prefixes) != 4 {
		t.Errorf("loopbacks outside of the pools are not let through: %v", spine.PrefixSets[k])
	}
}

func BenchmarkCompile(b *testing.B) {
	for _, leaves := range []int{16, 128} {
		b.Run(fmt.Sprintf("leaves=%d", leaves), func(b *testing.B) {
			var all []int
			for l := range leaves {
				all = append(all, l+1)
			}
			set, problems := intent.LoadFiles(fabricText([]int{1, 2, 3, 4}, all, 200), intent.Options{})
			if problems.HasErrors() {
				b.Fatal(problems.Text())
			}
			for b.Loop() {
				if _, problems := Compile(set, nil); problems.HasErrors() {
					b.Fatal(problems.Text())
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(leaves+4), "µs/device")
		})
	}
}
