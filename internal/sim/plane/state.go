package plane

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"

	"github.com/tenter-net/tenter/internal/sim/conf"
)

// A Route is one prefix that a device knows.
type Route struct {
	Instance string // "" is the default instance
	Prefix   netip.Prefix
	Protocol string       // DIRECTLY_CONNECTED, STATIC or BGP
	NextHops []netip.Addr // none for own routes
	ASPath   []uint32
}

// A Session is one configured BGP neighbor.
type Session struct {
	Instance    string
	Neighbor    netip.Addr
	PeerAS      uint32
	Peer        string // the device that answers, while it is established
	Established bool
	Families    []string
}

// result shows what was worked out.
func (f *fabric) result(links []Link, sessions []*session) Result {
	r := Result{State: map[string][]Leaf{}, Routes: map[string][]Route{}, Sessions: map[string][]Session{}}
	for _, name := range f.names {
		d := f.devices[name]
		r.Routes[name] = f.routes(d)
		w := &stateWriter{}
		f.interfaceState(w, d, links)
		for _, h := range f.discover(d, links) {
			d.show.neighbor(w, h)
		}
		for _, instance := range slices.Sorted(maps.Keys(d.instances)) {
			in := d.instances[instance]
			if in.bgp != nil {
				r.Sessions[name] = append(r.Sessions[name], f.sessionState(w, d, in, sessions)...)
			}
			for _, route := range r.Routes[name] {
				if route.Instance == in.name {
					d.show.route(w, in, route)
				}
			}
		}
		r.State[name] = w.leaves
	}
	return r
}

type stateWriter struct{ leaves []Leaf }

func (w *stateWriter) put(at conf.Path, module, name string, v conf.Value) {
	w.leaves = append(w.leaves, Leaf{Path: at.Join(conf.Step{Name: name}), Module: module, Value: v})
}

// interfaceState shows every interface that is configured or cabled.
func (f *fabric) interfaceState(w *stateWriter, d *device, links []Link) {
	names := map[string]bool{}
	for name := range d.interfaces {
		names[name] = true
	}
	for _, l := range links {
		for _, p := range []Port{l.A, l.B} {
			if p.Device == d.name {
				names[p.Interface] = true
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		i := d.interfaces[name]
		if i == nil {
			i = d.unconfigured(name)
		}
		up := f.up[portID{d.name, name}] || i.management && i.enabled
		d.show.iface(w, i, up)
		for _, s := range d.subs {
			if s.iface == i && !s.hidden {
				d.show.subif(w, s, s.enabled && up)
			}
		}
	}
}

func (f *fabric) sessionState(w *stateWriter, d *device, in *instance, sessions []*session) []Session {
	var out []Session
	for _, n := range in.bgp.neighbors {
		shown := Session{Instance: in.name, Neighbor: n.addr, PeerAS: n.peerAS}
		for _, s := range sessions {
			if s.device == d && s.instance == in.name && s.neighbor == n {
				shown.Established, shown.Peer, shown.Families = true, s.peer.name, s.families
			}
		}
		out = append(out, shown)
		d.show.session(w, in, n, shown.Established, shown.Families)
	}
	return out
}

func (f *fabric) routes(d *device) []Route {
	var out []Route
	for instance := range f.instancesOf(d) {
		for prefix, paths := range f.ribs[ribID{d.name, instance}] {
			r := Route{Instance: instance, Prefix: prefix, Protocol: paths[0].protocol, ASPath: paths[0].asPath}
			for _, p := range paths {
				if p.nextHop.IsValid() {
					r.NextHops = append(r.NextHops, p.nextHop)
				}
			}
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b Route) int {
		return cmp.Or(cmp.Compare(a.Instance, b.Instance), a.Prefix.Compare(b.Prefix))
	})
	return out
}
