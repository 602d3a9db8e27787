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

// ClabDevices returns the network devices of a containerlab topology, and what the topology is called. Hosts and cables
// are left out: which devices are linked is for the devices to say. All mistakes are reported at once.
func ClabDevices(topology []byte, from string) (list []Entry, name string, err error) {
	var c clab
	if err := yaml.Load(topology, &c); err != nil {
		return nil, "", fmt.Errorf("%s: %w", from, err)
	}
	var subnet netip.Prefix
	if c.Mgmt.IPv4 != "" {
		if subnet, err = netip.ParsePrefix(c.Mgmt.IPv4); err != nil {
			return nil, "", fmt.Errorf("%s: mgmt: ipv4-subnet: %w", from, err)
		}
	}
	var errs []error
	for _, node := range slices.Sorted(maps.Keys(c.Topology.Nodes)) {
		n := c.Topology.Nodes[node]
		d, err := c.device(node, &n, subnet)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("%s:%d: node %q: %w", from, n.Line, node, err))
		case d != nil:
			list = append(list, d.entry())
		}
	}
	return list, c.Name, errors.Join(errs...)
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
