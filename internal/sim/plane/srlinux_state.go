package plane

import (
	"maps"
	"slices"

	"github.com/tenter-net/tenter/internal/sim/conf"
)

// srLinuxNames are SR Linux's state leaves, which stand beside configuration.
type srLinuxNames struct{}

func srLinuxStatus(up bool) conf.Value {
	if up {
		return conf.Enum("up")
	}
	return conf.Enum("down")
}

func entry(list, key, value string) conf.Step {
	return conf.Step{Name: list, Keys: []conf.Key{{Name: key, Value: value}}}
}

func (srLinuxNames) iface(w *stateWriter, i *iface, up bool) {
	at := conf.Path{entry("interface", "name", i.name)}
	w.put(at, "srl_nokia-interfaces", "oper-state", srLinuxStatus(up))
	if !i.enabled {
		w.put(at, "srl_nokia-interfaces", "oper-down-reason", conf.Enum("port-admin-disabled"))
	}
}

func (srLinuxNames) subif(w *stateWriter, s *subif, up bool) {
	at := conf.Path{entry("interface", "name", s.iface.name), entry("subinterface", "index", s.index)}
	w.put(at, "srl_nokia-interfaces", "oper-state", srLinuxStatus(up))
}

func (srLinuxNames) session(w *stateWriter, in *instance, n *neighbor, established bool, families []string) {
	at := conf.Path{in.step, {Name: "protocols"}, {Name: "bgp"}, n.step}
	state := "active"
	switch {
	case established:
		state = "established"
	case !n.enabled:
		state = "idle"
	}
	w.put(at, "srl_nokia-bgp", "session-state", conf.Enum(state))
	for _, name := range slices.Sorted(maps.Keys(srLinuxFamilies)) {
		if f := n.families[srLinuxFamilies[name]]; f != nil {
			family := at.Join(entry("afi-safi", "afi-safi-name", "srl_nokia-common:"+name))
			w.put(family, "srl_nokia-bgp", "oper-state", srLinuxStatus(slices.Contains(families, srLinuxFamilies[name])))
		}
	}
}

// srLinuxOwners are the applications that a route comes from.
var srLinuxOwners = map[string]string{"DIRECTLY_CONNECTED": "net_inst_mgr", "STATIC": "static_route_mgr", "BGP": "bgp_mgr"}

// route shows an active route of the route table.
func (srLinuxNames) route(w *stateWriter, in *instance, r Route) {
	family := "ipv4"
	if r.Prefix.Addr().Is6() {
		family = "ipv6"
	}
	kind := "local"
	for name, protocol := range srLinuxProtocols {
		if protocol == r.Protocol {
			kind = name
		}
	}
	step := conf.Step{Name: "route", Keys: []conf.Key{
		{Name: "id", Value: "0"},
		{Name: family + "-prefix", Value: r.Prefix.String()},
		{Name: "origin-network-instance", Value: in.step.Key("name")},
		{Name: "route-owner", Value: srLinuxOwners[r.Protocol]},
		{Name: "route-type", Value: "srl_nokia-common:" + kind},
	}}
	at := conf.Path{in.step, {Name: "route-table"}, {Name: family + "-unicast"}, step}
	w.put(at, "srl_nokia-ip-route-tables", "active", conf.Bool(true))
}
