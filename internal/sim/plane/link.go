package plane

import (
	"net/netip"
	"slices"
)

// A portID names an interface of a device.
type portID struct{ device, iface string }

// cable finds out which interfaces are up, and which are connected.
func (f *fabric) cable(links []Link) {
	for _, l := range links {
		a, b := portID{l.A.Device, l.A.Interface}, portID{l.B.Device, l.B.Interface}
		if l.Pulled || !f.admin(l.A) || !f.admin(l.B) {
			continue
		}
		f.up[a], f.up[b] = true, true
		if !l.A.Host && !l.B.Host {
			la, lb := f.logical(a), f.logical(b)
			f.peers[la], f.peers[lb] = append(f.peers[la], lb), append(f.peers[lb], la)
		}
	}
	for _, name := range f.names {
		d := f.devices[name]
		for _, i := range d.interfaces {
			switch {
			case i.isLAG:
				f.up[portID{name, i.name}] = i.enabled && f.anyMember(d, i.name)
			case i.logical:
				f.up[portID{name, i.name}] = i.enabled
			}
		}
	}
}

// admin tells whether an end of a cable is switched on. An interface that is not configured is.
func (f *fabric) admin(p Port) bool {
	if p.Host {
		return true
	}
	d := f.devices[p.Device]
	return d != nil && (d.interfaces[p.Interface] == nil || d.interfaces[p.Interface].enabled)
}

func (f *fabric) anyMember(d *device, lag string) bool {
	for _, i := range d.interfaces {
		if i.aggregate == lag && f.up[portID{d.name, i.name}] {
			return true
		}
	}
	return false
}

// logical returns the LAG that a port is a member of, or the port.
func (f *fabric) logical(p portID) portID {
	if d := f.devices[p.device]; d != nil && d.interfaces[p.iface] != nil && d.interfaces[p.iface].aggregate != "" {
		return portID{p.device, d.interfaces[p.iface].aggregate}
	}
	return p
}

// alive tells whether a layer 3 interface carries traffic.
func (f *fabric) alive(d *device, s *subif) bool {
	return s.enabled && f.up[portID{d.name, s.iface.name}]
}

// A hop is a layer 3 interface of a device.
type hop struct {
	device *device
	sub    *subif
}

// across returns who answers for addr on the link of s, if it is in the link's subnet: the interface on
// the other side, with the same VLAN tag.
func (f *fabric) across(d *device, s *subif, addr netip.Addr) (hop, bool) {
	if !f.alive(d, s) || !slices.ContainsFunc(s.prefixes, func(p netip.Prefix) bool { return p.Contains(addr) && p.Addr() != addr }) {
		return hop{}, false
	}
	for _, p := range f.peers[portID{d.name, s.iface.name}] {
		remote := f.devices[p.device]
		for _, r := range remote.subs {
			if r.iface.name == p.iface && r.vlan == s.vlan && f.alive(remote, r) &&
				slices.ContainsFunc(r.prefixes, func(p netip.Prefix) bool { return p.Addr() == addr }) {
				return hop{remote, r}, true
			}
		}
	}
	return hop{}, false
}

// onLink finds addr on any directly connected link of an instance, with the local address towards it.
func (f *fabric) onLink(d *device, instance string, addr netip.Addr) (local netip.Addr, remote hop, ok bool) {
	for _, s := range d.subs {
		if s.instance != instance {
			continue
		}
		if h, ok := f.across(d, s, addr); ok {
			for _, p := range s.prefixes {
				if p.Contains(addr) {
					return p.Addr(), h, true
				}
			}
		}
	}
	return netip.Addr{}, hop{}, false
}
