package infer

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
)

// A frameGuess is what a Fabric document would have to say for its devices to be numbered as they are.
type frameGuess struct {
	frame
	linkPool, router, vtep netip.Prefix
	spineASN, leafBase     uint32
	overlayASN             uint32
	ipMTU, l2MTU, access   int
	bfd                    *fabric.BFD
	target, distinguisher  string
	mac                    string
	links                  []cable
	notes                  []string
}

// fabric guesses the frame.
func (g *guesser) fabric() *frameGuess {
	f := &frameGuess{frame: frame{4, 64, 2}, ipMTU: 9200, l2MTU: 9214, mac: "00:1c:73:00:00:01"}
	if g.bare {
		f.notes = append(f.notes, "These devices do not add up to a fabric as Tenter builds them, so that its numbers stand for nothing: "+g.why)
	}
	if !g.bare {
		f.links = g.cables()
	}
	f.frame = frameOf(g.numbered(), f.plainLinks())
	f.loopbacks(g)
	f.linkNumbers(g)
	f.systems(g)
	f.mtus(g)
	f.templates(g)
	var macs []string
	for _, d := range g.devices {
		for _, w := range d.model.Gateways {
			if w.AnycastMAC != "" {
				macs = append(macs, w.AnycastMAC)
			}
		}
	}
	f.mac = mostOr(macs, f.mac)
	return f
}

func (g *guesser) numbered() []*device {
	var out []*device
	for _, d := range g.devices {
		out = append(out, d.device)
	}
	return out
}

func (f *frameGuess) plainLinks() []link {
	var out []link
	for _, c := range f.links {
		out = append(out, c.link)
	}
	return out
}

func number32(a netip.Addr) int {
	b := a.As4()
	return int(binary.BigEndian.Uint32(b[:]))
}

func addr32(n int) netip.Addr {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], uint32(n))
	return netip.AddrFrom4(b)
}

// loopbacks guesses the pools of router ids and VTEPs, and how many spines the first leaves room for.
func (f *frameGuess) loopbacks(g *guesser) {
	_, f.router, f.vtep, _ = f.pools(netip.Prefix{})
	var routers, vteps []netip.Addr
	var said []netip.Prefix
	for _, d := range g.devices {
		if a := d.routerID(); a.Is4() {
			routers = append(routers, a)
		}
		if a := d.vtep(); a.Is4() {
			vteps = append(vteps, a)
		}
		for _, s := range d.model.PrefixSets {
			for _, p := range s.Prefixes {
				if s.Name == "tenter-loopbacks" && p.Prefix.Bits() < 32 {
					said = append(said, p.Prefix)
				}
			}
		}
	}
	if p := around(routers, said); p.IsValid() && !g.bare {
		f.router = p
	}
	if p := around(vteps, said); p.IsValid() && !p.Overlaps(f.router) && !g.bare {
		f.vtep = p
	}
	if f.vtep.Overlaps(f.router) {
		f.vtep = beside(f.router, f.vtep.Bits())
	}
	var rooms []int
	for _, d := range g.devices {
		if a := d.routerID(); d.role == intent.RoleLeaf && a.Is4() && f.router.Contains(a) {
			if n := number32(a) - number32(f.router.Addr()) - d.id; n >= f.least(intent.RoleSpine, g) && n <= 64 {
				rooms = append(rooms, n)
			}
		}
	}
	if n, k := most(rooms); k > 0 && !g.bare {
		f.spines = n
	} else {
		f.notes = append(f.notes, "maxSpines is a guess: no router id of a leaf says how many spines there is room for.")
	}
}

// least is the largest id of a role.
func (f *frameGuess) least(role string, g *guesser) int {
	n := 1
	for _, d := range g.devices {
		if d.role == role {
			n = max(n, d.id)
		}
	}
	return n
}

// around returns the pool of some addresses: one that the devices name, else what is round about them.
func around(list []netip.Addr, said []netip.Prefix) netip.Prefix {
	if len(list) == 0 {
		return netip.Prefix{}
	}
	for _, p := range said {
		if p.Contains(list[0]) {
			return p.Masked()
		}
	}
	for size := 24; size >= 16; size-- {
		p := netip.PrefixFrom(list[0], size).Masked()
		if !slices.ContainsFunc(list, func(a netip.Addr) bool { return !p.Contains(a) }) {
			return p
		}
	}
	return netip.PrefixFrom(list[0], 24).Masked()
}

// beside returns a prefix of that size out of the way of another one.
func beside(p netip.Prefix, size int) netip.Prefix {
	for _, base := range []string{"10.255.0.0", "100.64.0.0"} {
		if q := netip.PrefixFrom(netip.MustParseAddr(base), size); !q.Overlaps(p) {
			return q
		}
	}
	return netip.PrefixFrom(netip.MustParseAddr("172.31.0.0"), size)
}

// systems guesses the AS numbers.
func (f *frameGuess) systems(g *guesser) {
	var spines, bases, overlays []uint32
	for _, d := range g.devices {
		if n := d.asn(); n != 0 && d.role == intent.RoleSpine {
			spines = append(spines, n)
		} else if n > uint32(d.id) {
			bases = append(bases, n-uint32(d.id))
		}
		for _, b := range d.model.BGP {
			for _, p := range b.Groups {
				evpn := slices.ContainsFunc(p.Families, func(x fabric.NeighborFamily) bool { return x.Family == fabric.EVPN })
				if b.VRF == "" && evpn && p.PeerASN != 0 && (p.LocalASN == 0 || p.LocalASN == p.PeerASN) {
					overlays = append(overlays, p.PeerASN)
				}
			}
		}
	}
	if g.bare {
		spines, bases, overlays = nil, nil, nil
	}
	f.spineASN, f.leafBase = mostOr(spines, 65100), mostOr(bases, 65200)
	inside := func(n uint32) bool { return n > f.leafBase && n <= f.leafBase+uint32(f.leaves) }
	if inside(f.spineASN) {
		f.leafBase = 4200000000
	}
	f.overlayASN = mostOr(overlays, 65000)
	for n := uint32(64512); inside(f.overlayASN) || f.overlayASN == f.spineASN; n++ {
		f.overlayASN = n
	}
}

// mtus guesses what is common to links and to ports towards hosts.
func (f *frameGuess) mtus(g *guesser) {
	var l2, ip, access []int
	var timers []string
	byText := map[string]fabric.BFD{}
	for _, d := range g.devices {
		for _, w := range d.model.Gateways {
			if w.IPMTU > 0 {
				access = append(access, w.IPMTU)
			}
		}
		for _, i := range d.model.Interfaces {
			uplink := len(i.Subinterfaces) == 1 && slices.ContainsFunc(f.links, func(c cable) bool {
				return c.spine == d.device && c.spinePort == i.ID.Number || c.leaf == d.device && c.leafPort == i.ID.Number
			})
			switch {
			case uplink && i.ID.Kind == fabric.Ethernet:
				l2, ip = append(l2, i.MTU), append(ip, i.Subinterfaces[0].IPMTU)
				for _, b := range d.model.BFD {
					if b.Interface.Interface == i.ID {
						text := fmt.Sprint(b.Tx, b.Rx, b.Multiplier)
						timers, byText[text] = append(timers, text), b
					}
				}
			case i.Switched != nil && i.MTU > 18:
				access = append(access, hostMTU(i))
			}
		}
	}
	f.access = mostOr(access, intent.DefaultAccessMTU)
	f.ipMTU = max(cmp.Or(mostOr(ip, f.ipMTU), f.ipMTU), f.access+intent.VXLANOverhead)
	f.l2MTU = max(cmp.Or(mostOr(l2, f.l2MTU), f.l2MTU), f.ipMTU+14)
	if text, n := most(timers); n > 0 {
		b := byText[text]
		f.bfd = &b
	}
}

// hostMTU is the largest packet of a host on a port, without the Ethernet header, and the tag of a trunk.
func hostMTU(i fabric.Interface) int {
	if i.Switched != nil && i.Switched.Trunk {
		return i.MTU - 18
	}
	return i.MTU - 14
}

// templates guesses how route targets and distinguishers derive from VNI and EVI.
func (f *frameGuess) templates(g *guesser) {
	var targets, rds []string
	take := func(d *seen, vni, evi int, rd string, imports []string) {
		if vni == 0 {
			return
		}
		for _, t := range imports {
			admin, n, _ := strings.Cut(t, ":")
			switch n {
			case strconv.Itoa(vni):
				targets = append(targets, admin+":{vni}")
			case strconv.Itoa(evi):
				targets = append(targets, admin+":{evi}")
			}
		}
		admin, n, _ := strings.Cut(rd, ":")
		if admin != d.routerID().String() {
			return
		}
		switch n {
		case strconv.Itoa(evi):
			rds = append(rds, "{router-id}:{evi}")
		case strconv.Itoa(vni):
			rds = append(rds, "{router-id}:{vni}")
		}
	}
	for _, d := range g.devices {
		for _, v := range d.model.MacVRFs {
			take(d, v.VNI, v.EVI, v.RouteDistinguisher, v.Import)
		}
		for _, v := range d.model.IPVRFs {
			take(d, v.VNI, v.EVI, v.RouteDistinguisher, v.Import)
		}
	}
	f.target = mostOr(targets, fmt.Sprintf("%d:{vni}", f.overlayASN))
	f.distinguisher = mostOr(rds, "{router-id}:{evi}")
}

// overrides are what a device has other than the frame would give it.
func (f *frameGuess) overrides(d *seen) []string {
	var out []string
	asn, router, vtep := f.spineASN, addr32(number32(f.router.Addr())+d.id), netip.Addr{}
	if d.role == intent.RoleLeaf {
		asn = f.leafBase + uint32(d.id)
		router = addr32(number32(f.router.Addr()) + f.spines + d.id)
		vtep = addr32(number32(f.vtep.Addr()) + d.id)
	}
	if n := d.asn(); n != 0 && n != asn {
		out = append(out, fmt.Sprintf("asn: %d", n))
	}
	if a := d.routerID(); a.Is4() && a != router {
		out = append(out, "routerId: "+a.String())
	}
	if a := d.vtep(); a.Is4() && a != vtep && d.role == intent.RoleLeaf {
		out = append(out, "vtep: "+a.String())
	}
	return out
}

// doc writes the Fabric.
func (f *frameGuess) doc(name string) *doc {
	var b strings.Builder
	fmt.Fprintf(&b, "  sizing: {maxSpines: %d, maxLeaves: %d, maxParallel: %d}\n", f.spines, f.leaves, f.parallel)
	fmt.Fprintf(&b, "  underlay:\n    protocol: ebgp\n    links: %s\n    ipMtu: %d\n    l2Mtu: %d\n", f.linkPool, f.ipMTU, f.l2MTU)
	if f.bfd != nil {
		fmt.Fprintf(&b, "    bfd: {tx: %s, rx: %s, multiplier: %d}\n", short(f.bfd.Tx), short(f.bfd.Rx), f.bfd.Multiplier)
	}
	fmt.Fprintf(&b, "  asn: {spine: %d, leafBase: %d}\n  loopbacks: {router: %s, vtep: %s}\n", f.spineASN, f.leafBase, f.router, f.vtep)
	fmt.Fprintf(&b, "  overlay:\n    protocol: ibgp\n    asn: %d\n    reflectors: {role: spine}\n    routeTarget: %q\n    routeDistinguisher: %q\n", f.overlayASN, f.target, f.distinguisher)
	fmt.Fprintf(&b, "  anycastMac: %q\n  access: {mtu: %d}\n", f.mac, f.access)
	if len(f.links) == 0 {
		b.WriteString("  links: []\n")
		f.notes = append(f.notes, "No link was found: two ports that share a /31, of a spine, which has the lower address, and of a leaf.")
	} else {
		b.WriteString("  links:\n")
	}
	for _, c := range f.links {
		fmt.Fprintf(&b, "    - {a: %q, b: %q", fmt.Sprintf("%s:%d", c.spine.name, c.spinePort), fmt.Sprintf("%s:%d", c.leaf.name, c.leafPort))
		if c.parallel > 1 {
			fmt.Fprintf(&b, ", parallel: %d", c.parallel)
		}
		if c.own {
			fmt.Fprintf(&b, ", subnet: %s", c.subnet)
		}
		b.WriteString("}\n")
	}
	return &doc{file: fileFabric, kind: "Fabric", name: name, notes: f.notes, spec: b.String()}
}

func short(d time.Duration) string {
	if d%time.Millisecond == 0 {
		return fmt.Sprintf("%dms", d.Milliseconds())
	}
	return fmt.Sprintf("%dus", d.Microseconds())
}
