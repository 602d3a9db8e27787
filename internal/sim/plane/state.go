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
		for _, instance := range slices.Sorted(maps.Keys(d.instances)) {
			in := d.instances[instance]
			if in.bgp != nil {
				r.Sessions[name] = append(r.Sessions[name], f.sessionState(w, d, in, sessions)...)
			}
			aftState(w, in, r.Routes[name])
		}
		r.State[name] = w.leaves
	}
	return r
}

type stateWriter struct{ leaves []Leaf }

func (w *stateWriter) put(at conf.Path, module, name string, v conf.Value) {
	w.leaves = append(w.leaves, Leaf{Path: at.Join(conf.Step{Name: name}), Module: module, Value: v})
}

func status(up bool) conf.Value {
	if up {
		return conf.Enum("UP")
	}
	return conf.Enum("DOWN")
}

// interfaceState shows every interface that is configured or cabled.
func (f *fabric) interfaceState(w *stateWriter, d *device, links []Link) {
	names := map[string]bool{}
	for name := range d.interfaces {
		names[name] = true
	}
	cabled := map[string]bool{}
	for _, l := range links {
		for _, p := range []Port{l.A, l.B} {
			if p.Device == d.name {
				names[p.Interface], cabled[p.Interface] = true, true
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		i := d.interfaces[name]
		if i == nil {
			i = &iface{name: name, enabled: true, path: conf.Path{{Name: "interfaces"}, {Name: "interface", Keys: []conf.Key{{Name: "name", Value: name}}}}}
		}
		up := f.up[portID{d.name, name}]
		if i.name == management && i.enabled {
			up = true
		}
		state := i.path.Join(conf.Step{Name: "state"})
		w.put(state, "openconfig-interfaces", "name", conf.String(name))
		w.put(state, "openconfig-interfaces", "admin-status", status(i.enabled))
		w.put(state, "openconfig-interfaces", "oper-status", status(up))
		for _, s := range d.subs {
			if s.iface == i && s.path != nil {
				state := s.path.Join(conf.Step{Name: "state"})
				w.put(state, "openconfig-interfaces", "admin-status", status(s.enabled))
				w.put(state, "openconfig-interfaces", "oper-status", status(s.enabled && up))
			}
		}
	}
}

// management is the interface that is always cabled: the simulator's own way in.
const management = "Management0"

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
		at := in.bgp.path.Join(conf.Step{Name: "neighbors"}, n.step)
		state := "ACTIVE"
		switch {
		case shown.Established:
			state = "ESTABLISHED"
		case !n.enabled:
			state = "IDLE"
		}
		w.put(at.Join(conf.Step{Name: "state"}), "openconfig-network-instance", "session-state", conf.Enum(state))
		for _, name := range slices.Sorted(maps.Keys(n.families)) {
			step := conf.Step{Name: "afi-safi", Keys: []conf.Key{{Name: "afi-safi-name", Value: "openconfig-bgp-types:" + name}}}
			family := at.Join(conf.Step{Name: "afi-safis"}, step, conf.Step{Name: "state"})
			w.put(family, "openconfig-network-instance", "active", conf.Bool(slices.Contains(shown.Families, name)))
		}
	}
	return out
}

// aftState shows the forwarding entries of one instance.
func aftState(w *stateWriter, in *instance, routes []Route) {
	for _, r := range routes {
		if r.Instance != in.name {
			continue
		}
		family := "ipv4"
		if r.Prefix.Addr().Is6() {
			family = "ipv6"
		}
		step := conf.Step{Name: family + "-entry", Keys: []conf.Key{{Name: "prefix", Value: r.Prefix.String()}}}
		at := in.path.Join(conf.Step{Name: "afts"}, conf.Step{Name: family + "-unicast"}, step, conf.Step{Name: "state"})
		w.put(at, "openconfig-network-instance", "prefix", conf.String(r.Prefix.String()))
		w.put(at, "openconfig-network-instance", "origin-protocol", conf.Enum("openconfig-policy-types:"+r.Protocol))
	}
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
