package render_test

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/render"
	"github.com/tenter-net/tenter/internal/tree"
)

// A speech is a dialect and the profile that devices have who speak it.
type speech struct{ dialect, profile string }

var speeches = []speech{{"openconfig", "openconfig-sim"}, {"srlinux", "srlinux"}}

// grown makes a fabric of leaf switches with about 10,000 OpenConfig leaves each: 230 VLANs with gateways, on 48 trunk
// ports. Nothing is shared between two calls. The VLAN named changed has that description, on every device.
func grown(as speech, devices int, changed int, description string) *fabric.Fabric {
	f := &fabric.Fabric{Name: "bench"}
	for i := range devices {
		at := tree.Source{File: "devices.yaml", Line: 10 * i, Column: 1, Kind: "Device", Name: fmt.Sprint("leaf", i)}
		d := &fabric.Device{
			Name: intent.DeviceName(fmt.Sprint("leaf", i)), Source: at,
			Access: fabric.Access{Dialect: as.dialect, Profile: as.profile},
			System: fabric.System{Hostname: fabric.Text{Value: fmt.Sprint("leaf", i), Source: at}},
			VTEP:   &fabric.VTEP{Source: at, Loopback: fabric.VTEPLoopback, Address: netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)})},
		}
		d.IPVRFs = []fabric.IPVRF{{Name: "red", Source: at, VNI: 50001, EVI: 50001, RouteDistinguisher: fmt.Sprintf("10.1.%d.%d:50001", i>>8, i&255)}}
		var trunk []int
		for v := 2; v < 232; v++ {
			trunk = append(trunk, v)
			vlan(d, v, changed, description)
		}
		for p := 1; p <= 48; p++ {
			d.Interfaces = append(d.Interfaces, fabric.Interface{
				ID: fabric.InterfaceID{Kind: fabric.Ethernet, Number: p}, Source: at, Description: fmt.Sprint("server ", p), Enabled: true,
				MTU: 9018, Switched: &fabric.Switched{Trunk: true, VLANs: trunk},
			})
		}
		f.Devices = append(f.Devices, d)
	}
	return f
}

func vlan(d *fabric.Device, id, changed int, description string) {
	at := tree.Source{File: "vlans.yaml", Line: 12 * id, Column: 1, Kind: "Vlan", Name: fmt.Sprint("v", id)}
	g := fabric.Gateway{
		VLAN: id, Source: at, Description: fmt.Sprint("VLAN ", id), VRF: "red", AnycastMAC: "00:1c:73:00:00:01", IPMTU: 9000,
		IPv4: []netip.Prefix{netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 40, byte(id), 1}), 24)},
		IPv6: []netip.Prefix{netip.MustParsePrefix(fmt.Sprintf("2001:db8:%x::1/64", id))},
	}
	if id == changed {
		g.Description = description
	}
	d.Gateways = append(d.Gateways, g)
	d.MacVRFs = append(d.MacVRFs, fabric.MacVRF{
		Name: fmt.Sprint("v", id), Source: at, VLAN: id, VNI: 10000 + id, EVI: 10000 + id, VRF: "red",
		RouteDistinguisher: fmt.Sprint("10.1.0.1:", 10000+id),
		Import:             []string{fmt.Sprint("65000:", 10000+id)}, Export: []string{fmt.Sprint("65000:", 10000+id)},
		Interfaces: []fabric.InterfaceID{{Kind: fabric.Ethernet, Number: 1}, {Kind: fabric.Ethernet, Number: 2}},
	})
}

func leaves(results []*render.Result) (n int) {
	for _, r := range results {
		n += r.Desired.Len()
	}
	return n
}

// each runs a benchmark once in every dialect.
func each(b *testing.B, run func(*testing.B, speech)) {
	for _, s := range speeches {
		b.Run(s.dialect, func(b *testing.B) { run(b, s) })
	}
}

// BenchmarkCompile renders a fabric from nothing. The budget, 1,000 devices of 10,000 leaves in 30 s, is 3 µs a leaf.
func BenchmarkCompile(b *testing.B) {
	each(b, func(b *testing.B, as speech) {
		f := grown(as, 20, 0, "")
		n := 0
		b.ReportAllocs()
		for b.Loop() {
			n = leaves(compile(b, render.NewCompiler(options(b)), f))
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/leaf")
		b.ReportMetric(float64(n)/20, "leaves/device")
	})
}

// BenchmarkChangedVLAN renders a fabric again of which one VLAN has another description on every device.
func BenchmarkChangedVLAN(b *testing.B) {
	each(b, func(b *testing.B, as speech) {
		again(b, grown(as, devices, 100, "before"), grown(as, devices, 100, "after"), grown(as, devices, 100, "before"))
	})
}

// BenchmarkUnchanged renders a fabric again of which nothing changed.
func BenchmarkUnchanged(b *testing.B) {
	each(b, func(b *testing.B, as speech) {
		again(b, grown(as, devices, 0, ""), grown(as, devices, 0, ""), grown(as, devices, 0, "")) // equal, but not the same
	})
}

const devices = 20

// again renders a first fabric, and then two others in turn.
func again(b *testing.B, first *fabric.Fabric, states ...*fabric.Fabric) {
	c := render.NewCompiler(options(b))
	compile(b, c, first)
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		compile(b, c, states[i%2])
		i++
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/devices/1e3, "µs/device")
}
