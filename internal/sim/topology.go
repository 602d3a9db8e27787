package sim

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tenter-net/tenter/internal/sim/conf"
)

// A Topology is what the simulator takes from a containerlab topology file.
type Topology struct {
	Name  string
	Nodes []TopologyNode // network nodes and hosts, by name
	Links []Link
}

// A TopologyNode is one node of the file.
type TopologyNode struct {
	Name  string
	Kind  string
	Image string
	Mgmt  netip.Prefix // the node's management address in the management network: the file's, else one that is free
	Role  string       // the label "role"

	Dialect conf.Dialect // the label "dialect", or what its kind speaks
}

// Host tells whether the node is a host: cabled, but not simulated.
func (n TopologyNode) Host() bool { return n.Kind == "linux" || n.Kind == "bridge" }

// A Link is one cable.
type Link struct{ A, B Port }

// A Port is one end of a cable.
type Port struct{ Node, Interface string }

// String returns the port as "leaf1:Ethernet49".
func (p Port) String() string { return p.Node + ":" + p.Interface }

// clab is the part of containerlab's format that matters here; what else a file has is left to containerlab.
type clab struct {
	Name string `yaml:"name"`
	Mgmt struct {
		IPv4 string `yaml:"ipv4-subnet"`
	} `yaml:"mgmt"`
	Topology struct {
		Defaults clabNode            `yaml:"defaults"`
		Kinds    map[string]clabNode `yaml:"kinds"`
		Nodes    map[string]clabNode `yaml:"nodes"`
		Links    []struct {
			Endpoints []string `yaml:"endpoints"`
		} `yaml:"links"`
	} `yaml:"topology"`
}

type clabNode struct {
	Kind   string            `yaml:"kind"`
	Image  string            `yaml:"image"`
	Mgmt   string            `yaml:"mgmt-ipv4"`
	Labels map[string]string `yaml:"labels"`
}

// dialects are what containerlab's kinds speak; a kind that is not among them speaks OpenConfig as published.
var dialects = map[string]conf.Dialect{"nokia_srlinux": conf.DialectSRLinux, "srl": conf.DialectSRLinux, "arista_ceos": conf.DialectEOS, "ceos": conf.DialectEOS}

// Load reads a containerlab topology. All mistakes are reported at once.
func Load(file []byte) (*Topology, error) {
	var c clab
	if err := yaml.Unmarshal(file, &c); err != nil {
		return nil, fmt.Errorf("topology: %w", err)
	}
	t := &Topology{Name: c.Name}
	var errs []error
	subnet, err := c.subnet()
	if err != nil {
		errs = append(errs, fmt.Errorf("mgmt.ipv4-subnet: %w", err))
	}
	free := c.free(subnet)
	for _, name := range slices.Sorted(maps.Keys(c.Topology.Nodes)) {
		node, err := c.node(name, c.Topology.Nodes[name], subnet)
		if err == nil && !node.Host() && !node.Mgmt.IsValid() && subnet.IsValid() {
			node.Mgmt, err = free(name)
		}
		errs = append(errs, err)
		t.Nodes = append(t.Nodes, node)
	}
	if !slices.ContainsFunc(t.Nodes, func(n TopologyNode) bool { return !n.Host() }) {
		errs = append(errs, errors.New("there is no network node to simulate"))
	}
	cabled := map[Port]bool{}
	for i, l := range c.Topology.Links {
		link, err := t.link(l.Endpoints, cabled)
		if err != nil {
			errs = append(errs, fmt.Errorf("links[%d]: %w", i, err))
		}
		t.Links = append(t.Links, link)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("topology: %w", err)
	}
	return t, nil
}

// defaultSubnet is what containerlab takes where a topology does not say its management network.
var defaultSubnet = netip.MustParsePrefix("172.20.20.0/24")

func (c *clab) subnet() (netip.Prefix, error) {
	if c.Mgmt.IPv4 == "" || c.Mgmt.IPv4 == "auto" {
		return defaultSubnet, nil
	}
	p, err := netip.ParsePrefix(c.Mgmt.IPv4)
	return p.Masked(), err
}

// free returns what gives nodes without an address the next one of the management network that nobody has. The first one is the gateway's, as
// containerlab has it. Asked for in the order of names, it gives the same addresses each time.
func (c *clab) free(subnet netip.Prefix) func(node string) (netip.Prefix, error) {
	taken := map[netip.Addr]bool{}
	for _, n := range c.Topology.Nodes {
		if addr, err := netip.ParseAddr(n.Mgmt); err == nil {
			taken[addr] = true
		}
	}
	next := subnet.Addr().Next()
	return func(node string) (netip.Prefix, error) {
		for next = next.Next(); taken[next]; {
			next = next.Next()
		}
		if !subnet.Contains(next) || !subnet.Contains(next.Next()) { // the last one is for broadcast
			return netip.Prefix{}, fmt.Errorf("node %q: no address is left in %v", node, subnet)
		}
		return netip.PrefixFrom(next, subnet.Bits()), nil
	}
}

func (c *clab) node(name string, n clabNode, subnet netip.Prefix) (TopologyNode, error) {
	if n.Kind == "" {
		n.Kind = c.Topology.Defaults.Kind
	}
	kind := c.Topology.Kinds[n.Kind]
	for _, image := range []string{kind.Image, c.Topology.Defaults.Image} {
		if n.Image == "" {
			n.Image = image
		}
	}
	out := TopologyNode{Name: name, Kind: n.Kind, Image: n.Image, Role: n.Labels["role"]}
	if n.Kind == "" {
		return out, fmt.Errorf("node %q: no kind", name)
	}
	if out.Host() {
		return out, nil
	}
	// Labels of a node win over its kind's, and those over the defaults'.
	out.Dialect = cmp.Or(conf.Dialect(n.Labels["dialect"]), conf.Dialect(kind.Labels["dialect"]),
		conf.Dialect(c.Topology.Defaults.Labels["dialect"]), dialects[n.Kind], conf.DialectOpenConfig)
	if _, err := dialectOf(out.Dialect); err != nil {
		return out, fmt.Errorf("node %q: %w", name, err)
	}
	if n.Mgmt == "" || !subnet.IsValid() {
		return out, nil
	}
	addr, err := netip.ParseAddr(n.Mgmt)
	if err != nil {
		return out, fmt.Errorf("node %q: mgmt-ipv4: %w", name, err)
	}
	if !subnet.Contains(addr) {
		return out, fmt.Errorf("node %q: mgmt-ipv4 %v is outside of %v", name, addr, subnet)
	}
	out.Mgmt = netip.PrefixFrom(addr, subnet.Bits())
	return out, nil
}

func (t *Topology) link(endpoints []string, cabled map[Port]bool) (Link, error) {
	if len(endpoints) != 2 {
		return Link{}, fmt.Errorf("a link has two endpoints, not %d", len(endpoints))
	}
	var ends [2]Port
	for i, text := range endpoints {
		node, port, ok := strings.Cut(text, ":")
		at := slices.IndexFunc(t.Nodes, func(n TopologyNode) bool { return n.Name == node })
		if !ok || at < 0 {
			return Link{}, fmt.Errorf("endpoint %q names no node", text)
		}
		if !t.Nodes[at].Host() {
			port = portName(t.Nodes[at].Dialect, port)
		}
		ends[i] = Port{node, port}
		if cabled[ends[i]] {
			return Link{}, fmt.Errorf("endpoint %q is cabled twice", text)
		}
		cabled[ends[i]] = true
	}
	return Link{ends[0], ends[1]}, nil
}
