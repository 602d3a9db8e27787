package plane

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
)

// A path is one way to a prefix.
type path struct {
	prefix      netip.Prefix
	protocol    string // DIRECTLY_CONNECTED, STATIC or BGP
	nextHop     netip.Addr
	asPath      []uint32
	localPref   uint32
	med         uint32
	communities []string
	via         *session // nil for a route of this device
}

func (p path) equal(q path) bool {
	return p.prefix == q.prefix && p.protocol == q.protocol && p.nextHop == q.nextHop && slices.Equal(p.asPath, q.asPath) &&
		p.localPref == q.localPref && p.med == q.med && slices.Equal(p.communities, q.communities)
}

type ribID struct{ device, instance string }

// A rib holds the paths in use: for each prefix one protocol's, several where they share the load.
type rib map[netip.Prefix][]path

// propagate lets every session tell its routes until nothing changes.
func (f *fabric) propagate(sessions []*session) {
	local := map[ribID]rib{}
	for _, name := range f.names {
		d := f.devices[name]
		for instance := range f.instancesOf(d) {
			local[ribID{name, instance}] = f.ownRoutes(d, instance)
		}
	}
	f.ribs = local
	for range 4 * (len(f.names) + 1) { // no loop-free path is longer
		next := map[ribID]rib{}
		for id, own := range local {
			next[id] = maps.Clone(own)
		}
		heard := map[ribID]map[netip.Prefix][]path{}
		for _, s := range sessions {
			id := ribID{s.device.name, s.instance}
			if heard[id] == nil {
				heard[id] = map[netip.Prefix][]path{}
			}
			for _, p := range f.hear(s) {
				heard[id][p.prefix] = append(heard[id][p.prefix], p)
			}
		}
		for id, paths := range heard {
			b := f.devices[id.device].instances[id.instance].bgp
			for prefix, candidates := range paths {
				if _, own := next[id][prefix]; !own { // connected and static routes win
					next[id][prefix] = best(candidates, b.multipath)
				}
			}
		}
		if maps.EqualFunc(f.ribs, next, func(a, b rib) bool {
			return maps.EqualFunc(a, b, func(x, y []path) bool { return slices.EqualFunc(x, y, path.equal) })
		}) {
			return
		}
		f.ribs = next
	}
}

func (f *fabric) instancesOf(d *device) map[string]bool {
	out := map[string]bool{defaultInstance: true}
	for name := range d.instances {
		out[name] = true
	}
	return out
}

// ownRoutes are the connected and static routes of an instance.
func (f *fabric) ownRoutes(d *device, instance string) rib {
	out := rib{}
	if in := d.instances[instance]; in != nil {
		for _, p := range in.static {
			out[p] = []path{{prefix: p, protocol: "STATIC"}}
		}
	}
	for _, s := range d.subs {
		if s.instance == instance && f.alive(d, s) {
			for _, p := range s.prefixes {
				out[p.Masked()] = []path{{prefix: p.Masked(), protocol: "DIRECTLY_CONNECTED"}}
			}
		}
	}
	return out
}

// hear returns what s.device accepts of what its peer tells it.
func (f *fabric) hear(s *session) []path {
	var out []path
	for prefix, paths := range f.ribs[ribID{s.peer.name, s.peerInst}] {
		name := ipv4Unicast
		if prefix.Addr().Is6() {
			name = ipv6Unicast
		}
		if !slices.Contains(s.families, name) {
			continue
		}
		p, ok := f.export(s, paths[0], s.remote.families[name].exports)
		if !ok {
			continue
		}
		if !s.neighbor.ibgp() {
			own := s.device.instances[s.instance].bgp.as
			if slices.Contains(p.asPath, s.neighbor.localAS) || slices.Contains(p.asPath, own) {
				continue // it went through us
			}
			p.localPref = 100
		}
		if p, ok = s.device.apply(s.neighbor.families[name].imports, p); ok {
			out = append(out, p)
		}
	}
	return out
}

// export returns what the peer of s tells about a path it uses.
func (f *fabric) export(s *session, p path, policy chain) (path, bool) {
	ibgp := s.remote.ibgp()
	if p.via == nil { // one of the peer's own routes: only what a table connection brings into BGP
		var ok bool
		if p, ok = f.redistribute(s.peer, s.peerInst, p); !ok {
			return p, false
		}
	} else {
		if p.via.peer == s.device && p.via.neighbor == s.remote {
			return p, false // it came from there
		}
		if ibgp && p.via.neighbor.ibgp() && !s.remote.client && !p.via.neighbor.client {
			return p, false // only a reflector passes iBGP routes on, from or to its clients
		}
	}
	p, ok := s.peer.apply(policy, p)
	if !ok {
		return p, false
	}
	p.protocol, p.via = "BGP", s
	if !ibgp {
		p.asPath = append([]uint32{s.remote.localAS}, p.asPath...)
		p.nextHop, p.med = s.neighbor.addr, 0
	} else if !p.nextHop.IsValid() {
		p.nextHop = s.neighbor.addr
	}
	return p, true
}

// redistribute runs an own route through the table connections into BGP.
func (f *fabric) redistribute(d *device, instance string, p path) (path, bool) {
	if d.instances[instance].bgp.announces {
		p.localPref = 100
		return p, true
	}
	for _, t := range d.instances[instance].tables {
		if t.to == "BGP" && t.from == p.protocol && t.v6 == p.prefix.Addr().Is6() {
			p.localPref = 100
			return d.apply(t.chain, p)
		}
	}
	return p, false
}

// best chooses the path to use, or all that are as good where the device shares load.
func best(candidates []path, multipath bool) []path {
	slices.SortFunc(candidates, func(a, b path) int {
		return cmp.Or(rank(a, b), a.nextHop.Compare(b.nextHop), a.via.neighbor.addr.Compare(b.via.neighbor.addr))
	})
	n := 1
	for multipath && n < len(candidates) && rank(candidates[0], candidates[n]) == 0 {
		n++
	}
	return candidates[:n]
}

// rank compares paths by BGP's decision process up to the point where they can share load (RFC 4271 §9.1.2).
func rank(a, b path) int {
	external := func(p path) int {
		if p.via.neighbor.ibgp() {
			return 1
		}
		return 0
	}
	return cmp.Or(
		cmp.Compare(b.localPref, a.localPref), cmp.Compare(len(a.asPath), len(b.asPath)),
		cmp.Compare(a.med, b.med), cmp.Compare(external(a), external(b)),
	)
}

// forward follows the routes from a device to an address, and returns who answers there.
func (f *fabric) forward(d *device, instance string, addr netip.Addr) (hop, bool) {
	return f.walk(hop{d, &subif{instance: instance}}, addr, 12)
}

func (f *fabric) walk(at hop, addr netip.Addr, ttl int) (hop, bool) {
	d, instance := at.device, at.sub.instance
	if s := d.owner(instance, addr); s != nil && f.alive(d, s) {
		return hop{d, s}, true
	}
	if _, far, ok := f.onLink(d, instance, addr); ok {
		return far, true
	}
	if ttl == 0 {
		return hop{}, false
	}
	for _, p := range f.lookup(d.name, instance, addr) {
		if !p.nextHop.IsValid() {
			continue
		}
		_, far, ok := f.onLink(d, instance, p.nextHop)
		if !ok && p.nextHop != addr { // the next hop is behind another route
			far, ok = f.walk(at, p.nextHop, ttl-1)
		}
		if ok {
			if end, ok := f.walk(far, addr, ttl-1); ok {
				return end, true
			}
		}
	}
	return hop{}, false
}

// lookup returns the paths of the longest prefix that holds the address.
func (f *fabric) lookup(device, instance string, addr netip.Addr) []path {
	var found netip.Prefix
	var paths []path
	for prefix, p := range f.ribs[ribID{device, instance}] {
		if prefix.Contains(addr) && (paths == nil || prefix.Bits() > found.Bits()) {
			found, paths = prefix, p
		}
	}
	return paths
}
