package plane

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/tenter-net/tenter/internal/sim/conf"
)

// A device is what the control plane needs of one configuration, whatever its dialect.
type device struct {
	name        string
	interfaces  map[string]*iface
	subs        []*subif
	instances   map[string]*instance
	prefixSets  map[string]prefixSet
	policies    map[string]policy
	communities map[string][]string
	lldp        lldp
	open        bool // sessions without a policy take and tell everything
	show        leafNames
}

// An iface is one interface.
type iface struct {
	name       string
	enabled    bool
	aggregate  string // the LAG that it is a member of
	isLAG      bool
	logical    bool // loopback, VLAN interface, LAG: no cable of its own
	management bool // always cabled: the simulator's own way in
}

// A subif is one layer 3 interface: a subinterface, or a VLAN's routed interface.
type subif struct {
	iface    *iface
	index    string
	hidden   bool // it has no state of its own
	enabled  bool
	vlan     string         // of its frames' tag, "" without one
	prefixes []netip.Prefix // with the interface's own address
	instance string
}

// An instance is one network instance.
type instance struct {
	name   string // "" is the default instance
	step   conf.Step
	bgp    *bgp
	tables []tableConnection
	static []netip.Prefix
}

// A tableConnection brings one protocol's routes into another's.
type tableConnection struct {
	from, to string
	v6       bool
	chain    chain
}

// The instances that have no name: where interfaces are that no other instance has.
const (
	defaultInstance = ""
	noInstance      = "(none)" // of dialects where an interface is nowhere until it is put somewhere
)

// leafNames writes the state of a device into the leaves that its dialect has for it.
type leafNames interface {
	iface(w *stateWriter, i *iface, up bool)
	subif(w *stateWriter, s *subif, up bool)
	session(w *stateWriter, in *instance, n *neighbor, established bool, families []string)
	route(w *stateWriter, in *instance, r Route)
	neighbor(w *stateWriter, h heardPort)
}

func understand(name string, t *conf.Tree) *device {
	d := &device{
		name: name, interfaces: map[string]*iface{}, instances: map[string]*instance{},
		prefixSets: map[string]prefixSet{}, policies: map[string]policy{}, communities: map[string][]string{},
	}
	switch t.Root.Schema.Dialect {
	case conf.DialectSRLinux:
		readSRLinux(d, t.Root)
	case conf.DialectEOS:
		readEOS(d, t)
	default:
		readOpenConfig(d, t.Root)
	}
	return d
}

// unconfigured is an interface that is cabled and not configured: it is on.
func (d *device) unconfigured(name string) *iface { return &iface{name: name, enabled: true} }

// assign puts the layer 3 interfaces into an instance that match.
func (d *device) assign(instance string, matches func(*subif) bool) {
	for _, s := range d.subs {
		if matches(s) {
			s.instance = instance
		}
	}
}

// owner returns the layer 3 interface that has an address in an instance, if it is enabled.
func (d *device) owner(instance string, addr netip.Addr) *subif {
	for _, s := range d.subs {
		if s.instance != instance || !s.enabled {
			continue
		}
		for _, p := range s.prefixes {
			if p.Addr() == addr {
				return s
			}
		}
	}
	return nil
}

// bareName drops the module prefix of an identity.
func bareName(text string) string {
	if _, after, ok := strings.Cut(text, ":"); ok {
		return after
	}
	return text
}

func number(text string) uint32 {
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return 0
	}
	return uint32(n)
}
