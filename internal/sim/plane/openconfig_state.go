package plane

import (
	"maps"
	"slices"

	"github.com/tenter-net/tenter/internal/sim/conf"
)

// openConfigNames are OpenConfig's state containers.
type openConfigNames struct{}

func status(up bool) conf.Value {
	if up {
		return conf.Enum("UP")
	}
	return conf.Enum("DOWN")
}

func openConfigInterface(name string) conf.Path {
	return conf.Path{{Name: "interfaces"}, {Name: "interface", Keys: []conf.Key{{Name: "name", Value: name}}}}
}

func (openConfigNames) iface(w *stateWriter, i *iface, up bool) {
	state := openConfigInterface(i.name).Join(conf.Step{Name: "state"})
	w.put(state, "openconfig-interfaces", "name", conf.String(i.name))
	w.put(state, "openconfig-interfaces", "admin-status", status(i.enabled))
	w.put(state, "openconfig-interfaces", "oper-status", status(up))
}

func (openConfigNames) subif(w *stateWriter, s *subif, up bool) {
	sub := conf.Step{Name: "subinterface", Keys: []conf.Key{{Name: "index", Value: s.index}}}
	state := openConfigInterface(s.iface.name).Join(conf.Step{Name: "subinterfaces"}, sub, conf.Step{Name: "state"})
	w.put(state, "openconfig-interfaces", "admin-status", status(s.enabled))
	w.put(state, "openconfig-interfaces", "oper-status", status(up))
}

func openConfigInstance(in *instance) conf.Path {
	return conf.Path{{Name: "network-instances"}, in.step}
}

func (openConfigNames) session(w *stateWriter, in *instance, n *neighbor, established bool, families []string) {
	at := openConfigInstance(in).Join(conf.Step{Name: "protocols"}, in.bgp.step, conf.Step{Name: "bgp"}, conf.Step{Name: "neighbors"}, n.step)
	state := "ACTIVE"
	switch {
	case established:
		state = "ESTABLISHED"
	case !n.enabled:
		state = "IDLE"
	}
	w.put(at.Join(conf.Step{Name: "state"}), "openconfig-network-instance", "session-state", conf.Enum(state))
	for _, name := range slices.Sorted(maps.Keys(n.families)) {
		step := conf.Step{Name: "afi-safi", Keys: []conf.Key{{Name: "afi-safi-name", Value: "openconfig-bgp-types:" + name}}}
		family := at.Join(conf.Step{Name: "afi-safis"}, step, conf.Step{Name: "state"})
		w.put(family, "openconfig-network-instance", "active", conf.Bool(slices.Contains(families, name)))
	}
}

// route shows a forwarding entry.
func (openConfigNames) route(w *stateWriter, in *instance, r Route) {
	family := "ipv4"
	if r.Prefix.Addr().Is6() {
		family = "ipv6"
	}
	step := conf.Step{Name: family + "-entry", Keys: []conf.Key{{Name: "prefix", Value: r.Prefix.String()}}}
	at := openConfigInstance(in).Join(conf.Step{Name: "afts"}, conf.Step{Name: family + "-unicast"}, step, conf.Step{Name: "state"})
	w.put(at, "openconfig-network-instance", "prefix", conf.String(r.Prefix.String()))
	w.put(at, "openconfig-network-instance", "origin-protocol", conf.Enum("openconfig-policy-types:"+r.Protocol))
}
