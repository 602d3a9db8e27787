package infer

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"go.yaml.in/yaml/v4"
)

// A link is a cable between a spine and a leaf.
type link struct {
	spine, leaf         *device
	spinePort, leafPort int
	parallel            int
}

// Clab returns the files of intents that a containerlab topology comes to: the fabric with its links, and its devices.
// Nodes that are hosts, and cables to them, are left out. from is the topology's name for people. All mistakes are
// reported at once, as "from:line: what".
func Clab(topology []byte, from string) (map[string][]byte, error) {
	var c clab
	if err := yaml.Load(topology, &c); err != nil {
		return nil, fmt.Errorf("%s: %w", from, err)
	}
	var errs []error
	bad := func(line int, err error) { errs = append(errs, fmt.Errorf("%s:%d: %w", from, line, err)) }
	var subnet netip.Prefix
	if c.Mgmt.IPv4 != "" {
		var err error
		if subnet, err = netip.ParsePrefix(c.Mgmt.IPv4); err != nil {
			bad(1, fmt.Errorf("mgmt: ipv4-subnet: %w", err))
		}
	}
	if c.Name == "" {
		bad(1, errors.New("the topology has no name"))
	}
	byName := map[string]*device{}
	var devices []*device
	for _, name := range slices.Sorted(maps.Keys(c.Topology.Nodes)) {
		n := c.Topology.Nodes[name]
		d, err := c.device(name, &n, subnet)
		if err != nil {
			bad(n.Line, fmt.Errorf("node %q: %w", name, err))
		}
		byName[name] = d
		if d != nil {
			devices = append(devices, d)
		}
	}
	if err := number(devices); err != nil {
		bad(1, err)
	}
	var links []link
	for _, n := range c.Topology.Links {
		l, err := readLink(&n, byName)
		if err != nil {
			bad(n.Line, err)
		}
		if l != nil {
			links = append(links, *l)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	slices.SortFunc(devices, func(a, b *device) int { return cmp.Or(-cmp.Compare(a.role, b.role), cmp.Compare(a.id, b.id)) })
	countParallel(links)
	f, err := fabricText(c.Name, from, subnet, devices, links)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", from, err)
	}
	return map[string][]byte{"fabric.yaml": f, "devices.yaml": devicesText(from, devices)}, nil
}

// readLink reads one link; nil for a cable to a host.
func readLink(n *yaml.Node, devices map[string]*device) (*link, error) {
	var l struct {
		Endpoints []clabEnd `yaml:"endpoints"`
	}
	if err := n.Load(&l); err != nil {
		return nil, fmt.Errorf("link: %w", err)
	}
	if len(l.Endpoints) != 2 {
		return nil, fmt.Errorf("a link has two endpoints, not %d", len(l.Endpoints))
	}
	var ends [2]*device
	for i, e := range l.Endpoints {
		d, ok := devices[e.Node]
		if !ok {
			return nil, fmt.Errorf("link: there is no node %q", e.Node)
		}
		ends[i] = d
	}
	a, b := l.Endpoints[0], l.Endpoints[1]
	switch {
	case ends[0] == nil || ends[1] == nil: // to a host, or to a node of which something is said already
		return nil, nil
	case ends[0].role == ends[1].role:
		return nil, fmt.Errorf("link: %s and %s are both a %s; a fabric has cables between spines and leaves only", a.Node, b.Node, ends[0].role)
	case ends[0].role == "leaf":
		a, b, ends[0], ends[1] = b, a, ends[1], ends[0]
	}
	out := &link{spine: ends[0], leaf: ends[1]}
	var errs [2]error
	out.spinePort, errs[0] = portNumber(a.Interface)
	out.leafPort, errs[1] = portNumber(b.Interface)
	for i, e := range []clabEnd{a, b} {
		if errs[i] != nil {
			return nil, fmt.Errorf("link: %s: %w", e.Node, errs[i])
		}
	}
	return out, nil
}

// countParallel orders the links and numbers those between the same two devices.
func countParallel(links []link) {
	slices.SortFunc(links, func(a, b link) int {
		return cmp.Or(cmp.Compare(a.spine.id, b.spine.id), cmp.Compare(a.leaf.id, b.leaf.id), cmp.Compare(a.spinePort, b.spinePort))
	})
	for i := range links {
		links[i].parallel = 1
		if i > 0 && links[i-1].spine == links[i].spine && links[i-1].leaf == links[i].leaf {
			links[i].parallel = links[i-1].parallel + 1
		}
	}
}
