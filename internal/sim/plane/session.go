package plane

import (
	"maps"
	"net/netip"
	"slices"
)

// A session is one side of an established BGP session.
type session struct {
	device   *device
	instance string
	neighbor *neighbor
	peer     *device
	remote   *neighbor // how the peer has configured us
	peerInst string
	families []string // that both sides have enabled
}

func sameSession(a, b *session) bool {
	return a.device == b.device && a.instance == b.instance && a.neighbor == b.neighbor && a.peer == b.peer && slices.Equal(a.families, b.families)
}

// establish finds every session that comes up with the links and routes as they are.
func (f *fabric) establish() []*session {
	sessions := []*session{}
	for _, name := range f.names {
		d := f.devices[name]
		for _, instance := range slices.Sorted(maps.Keys(d.instances)) {
			b := d.instances[instance].bgp
			if b == nil {
				continue
			}
			for _, n := range b.neighbors {
				if s := f.session(d, instance, b, n); s != nil {
					sessions = append(sessions, s)
				}
			}
		}
	}
	return sessions
}

// session returns the session with a neighbor, or nil while it is not established.
func (f *fabric) session(d *device, instance string, b *bgp, n *neighbor) *session {
	if f.mute[d.name] || !n.enabled || n.peerAS == 0 || n.localAS == 0 {
		return nil
	}
	source, far, ok := f.endpoints(d, instance, n)
	if !ok {
		return nil
	}
	if f.mute[far.device.name] {
		return nil
	}
	there := far.device.instances[far.sub.instance]
	if there == nil || there.bgp == nil {
		return nil
	}
	for _, m := range there.bgp.neighbors {
		if m.addr != source || !m.enabled || m.peerAS != n.localAS || m.localAS != n.peerAS || m.password != n.password {
			continue
		}
		back, near, ok := f.endpoints(far.device, far.sub.instance, m)
		if !ok || back != n.addr || near.device != d || near.sub.instance != instance {
			continue
		}
		s := &session{device: d, instance: instance, neighbor: n, peer: far.device, remote: m, peerInst: far.sub.instance}
		for _, name := range slices.Sorted(maps.Keys(n.families)) {
			if other := m.families[name]; n.families[name].enabled && other != nil && other.enabled && b.families[name] && there.bgp.families[name] {
				s.families = append(s.families, name)
			}
		}
		if len(s.families) > 0 {
			return s
		}
	}
	return nil
}

// endpoints returns the local address of a session and who answers at the neighbor's address. An eBGP
// session without multihop stays on its link; all others need a route.
func (f *fabric) endpoints(d *device, instance string, n *neighbor) (netip.Addr, hop, bool) {
	source := f.sourceOf(d, instance, n)
	if local, far, ok := f.onLink(d, instance, n.addr); ok && (n.source == "" || source == local) {
		return local, far, true
	}
	if !n.ibgp() && !n.multihop || !source.IsValid() {
		return netip.Addr{}, hop{}, false
	}
	far, ok := f.forward(d, instance, n.addr)
	return source, far, ok
}

// sourceOf returns the address that a neighbor's session comes from where one is configured.
func (f *fabric) sourceOf(d *device, instance string, n *neighbor) netip.Addr {
	if addr, err := netip.ParseAddr(n.source); err == nil {
		if s := d.owner(instance, addr); s != nil && f.alive(d, s) {
			return addr
		}
		return netip.Addr{}
	}
	for _, s := range d.subs {
		if s.instance == instance && s.iface.name == n.source && f.alive(d, s) {
			for _, p := range s.prefixes {
				if p.Addr().Is4() == n.addr.Is4() {
					return p.Addr()
				}
			}
		}
	}
	return netip.Addr{}
}
