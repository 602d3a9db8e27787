package infer

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"go.yaml.in/yaml/v4"

	"github.com/tenter-net/tenter/internal/intent"
)

// A Topology is what containerlab's file says of a network: its devices, and the cables between spines and leaves.
// Other cables are left out, and so are hosts.
type Topology struct {
	Name    string
	Devices []Entry
	Cables  []Cable
}

// A Cable is between a port of a spine and one of a leaf. Devices say themselves how they are linked; a cable that is
// known from elsewhere counts for those that cannot be read as such.
type Cable struct {
	Spine, Leaf         string
	SpinePort, LeafPort int
}

// ReadTopology reads a containerlab topology. All mistakes are reported at once.
func ReadTopology(topology []byte, from string) (t Topology, err error) {
	var c clab
	if err := yaml.Load(topology, &c); err != nil {
		return t, fmt.Errorf("%s: %w", from, err)
	}
	var subnet netip.Prefix
	if c.Mgmt.IPv4 != "" {
		if subnet, err = netip.ParsePrefix(c.Mgmt.IPv4); err != nil {
			return t, fmt.Errorf("%s: mgmt: ipv4-subnet: %w", from, err)
		}
	}
	var errs []error
	byName := map[string]*device{}
	for _, node := range slices.Sorted(maps.Keys(c.Topology.Nodes)) {
		n := c.Topology.Nodes[node]
		d, err := c.device(node, &n, subnet)
		byName[node] = d
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("%s:%d: node %q: %w", from, n.Line, node, err))
		case d != nil:
			t.Devices = append(t.Devices, d.entry())
		}
	}
	for _, n := range c.Topology.Links {
		if l, err := readLink(&n, byName); err == nil && l != nil {
			t.Cables = append(t.Cables, Cable{Spine: l.spine.name, Leaf: l.leaf.name, SpinePort: l.spinePort, LeafPort: l.leafPort})
		}
	}
	t.Name = c.Name
	return t, errors.Join(errs...)
}

// entry is the device as an inventory has it.
func (d *device) entry() Entry {
	e := Entry{
		Name: d.name, Role: d.role, ID: d.id, Labels: d.labels, Dialect: d.family.dialect, Profile: d.family.profile,
		Address: netip.AddrPortFrom(d.addr, uint16(d.family.port)).String(), Credentials: "lab", TLS: "lab",
	}
	if e.Dialect == "frr" {
		e.TLS, e.SSH = "", "lab"
	}
	return e
}

// DeviceEntry returns a Device document as an inventory has it.
func DeviceEntry(d *intent.Device) Entry {
	s := &d.Spec
	return Entry{
		Name: d.Name, Role: intent.Role(d), ID: s.ID, Labels: d.Labels, Dialect: s.Dialect, Profile: cmp.Or(s.Profile, s.Dialect),
		Address: string(s.Address), Credentials: s.Credentials, TLS: s.TLS, SSH: s.SSH, Identity: s.Identity, Management: s.Management,
	}
}

// FabricCables returns the links of a Fabric document by the roles of their ends.
func FabricCables(set *intent.Set) []Cable {
	roles := map[intent.DeviceName]string{}
	for _, d := range set.Devices {
		roles[intent.DeviceName(d.Name)] = intent.Role(d)
	}
	var out []Cable
	for _, l := range set.Fabric.Spec.Links {
		a, b := l.A, l.B
		if roles[a.Device] == intent.RoleLeaf {
			a, b = b, a
		}
		out = append(out, Cable{Spine: string(a.Device), SpinePort: a.Number, Leaf: string(b.Device), LeafPort: b.Number})
	}
	return out
}
