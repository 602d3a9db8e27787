package infer

import (
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// clab is the part of containerlab's format that matters here; what else a file has is left to containerlab.
type clab struct {
	Name string `yaml:"name"`
	Mgmt struct {
		IPv4 string `yaml:"ipv4-subnet"`
	} `yaml:"mgmt"`
	Topology struct {
		Defaults clabNode             `yaml:"defaults"`
		Kinds    map[string]clabNode  `yaml:"kinds"`
		Nodes    map[string]yaml.Node `yaml:"nodes"`
		Links    []yaml.Node          `yaml:"links"`
	} `yaml:"topology"`
}

type clabNode struct {
	Kind   string         `yaml:"kind"`
	Mgmt   string         `yaml:"mgmt-ipv4"`
	Labels map[string]any `yaml:"labels"`
}

// A clabEnd is one end of a link: "leaf1:e1-49", or a mapping with node and interface.
type clabEnd struct{ Node, Interface string }

// UnmarshalYAML takes both forms.
func (e *clabEnd) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		node, port, ok := strings.Cut(n.Value, ":")
		if !ok {
			return fmt.Errorf("endpoint %q is not NODE:INTERFACE", n.Value)
		}
		*e = clabEnd{node, port}
		return nil
	}
	type plain clabEnd
	return n.Load((*plain)(e))
}

// A family is what a kind of node is to Tenter.
type family struct {
	dialect, profile string
	port             int // of its gNMI server, as its documentation has it
}

// families are containerlab's kinds of network nodes that a profile is known for.
var families = map[string]family{
	"nokia_srlinux": {"srlinux", "srlinux", 57400}, "srl": {"srlinux", "srlinux", 57400},
	"arista_ceos": {"eos", "eos", 6030}, "ceos": {"eos", "eos", 6030}, "arista_veos": {"eos", "eos", 6030},
	"cisco_xrd": {"openconfig", "iosxr", 57400}, "xrd": {"openconfig", "iosxr", 57400}, "cisco_xrv9k": {"openconfig", "iosxr", 57400},
	"cisco_n9kv": {"openconfig", "nxos", 50051},
	"sonic-vs":   {"openconfig", "sonic", 8080}, "sonic-vm": {"openconfig", "sonic", 8080}, "dell_sonic": {"openconfig", "sonic", 8080},
	"juniper_vjunosswitch": {"openconfig", "junos", 9339}, "juniper_vjunosevolved": {"openconfig", "junos", 9339},
}

// spoken are the families of a dialect whatever the kind, chosen by the label dialect.
var spoken = map[string]family{
	"srlinux": {"srlinux", "srlinux", 57400}, "eos": {"eos", "eos", 6030}, "openconfig": {"openconfig", "openconfig", 9339},
	"frr": {"frr", "frr", 22}, "native": {"native", "openconfig", 9339},
}

// hosts are kinds of nodes that hang on a fabric and are no part of it, unless a label says what they speak.
var hosts = []string{"linux", "bridge", "ovs-bridge", "host", "ext-container", "k8s-kind"}

// A device is one network node.
type device struct {
	name   string
	line   int
	role   string
	id     int
	family family
	addr   netip.Addr
	labels map[string]string
}

// device reads one node; nil for a host.
func (c *clab) device(name string, n *yaml.Node, subnet netip.Prefix) (*device, error) {
	var node clabNode
	if err := n.Load(&node); err != nil {
		return nil, err
	}
	if node.Kind == "" {
		node.Kind = c.Topology.Defaults.Kind
	}
	labels := map[string]string{}
	for _, from := range []map[string]any{c.Topology.Defaults.Labels, c.Topology.Kinds[node.Kind].Labels, node.Labels} {
		for k, v := range from {
			labels[k] = fmt.Sprint(v)
		}
	}
	d := &device{name: name, line: n.Line, role: labels["role"], labels: labels}
	known, isKind := families[node.Kind]
	switch want := labels["dialect"]; {
	case want == "" && slices.Contains(hosts, node.Kind):
		return nil, nil
	case want == "" && !isKind:
		return nil, fmt.Errorf("kind %q: Tenter does not know what it speaks; say so by labels: {dialect: openconfig}", node.Kind)
	case want == "" || isKind && known.dialect == want:
		d.family = known
	default:
		family, ok := spoken[want]
		if !ok {
			return nil, fmt.Errorf("label dialect: %q is none of %s", want, strings.Join(slices.Sorted(maps.Keys(spoken)), ", "))
		}
		d.family = family
	}
	if p := labels["profile"]; p != "" {
		d.family.profile = p
	}
	var err error
	if d.addr, err = netip.ParseAddr(node.Mgmt); err != nil {
		return nil, fmt.Errorf("mgmt-ipv4: a device needs a fixed management address: %w", err)
	}
	if subnet.IsValid() && !subnet.Contains(d.addr) {
		return nil, fmt.Errorf("mgmt-ipv4: %s is not in %s", d.addr, subnet)
	}
	for _, role := range []string{"spine", "leaf"} {
		if d.role == "" && strings.Contains(strings.ToLower(name), role) {
			d.role = role
		}
	}
	if d.role != "spine" && d.role != "leaf" {
		return nil, fmt.Errorf("neither the label role nor the name says spine or leaf; add labels: {role: leaf}")
	}
	if text, ok := labels["id"]; ok {
		if d.id, err = strconv.Atoi(text); err != nil || d.id < 1 || d.id > mostID {
			return nil, fmt.Errorf("label id: %q is no number from 1 to %d", text, mostID)
		}
	}
	return d, nil
}

// mostID is the most that a Fabric can be sized for.
const mostID = 4096

// trailing is the number that a name ends in.
var trailing = regexp.MustCompile(`[1-9][0-9]*$`)

// number gives each device of a role an id: the one of its label, else the number that its name ends in, else the next
// one that is free.
func number(devices []*device) error {
	taken := map[string]string{}
	take := func(d *device, id int) bool {
		key := d.role + strconv.Itoa(id)
		if taken[key] != "" {
			return false
		}
		taken[key], d.id = d.name, id
		return true
	}
	for _, d := range devices {
		if id := d.id; id != 0 && !take(d, id) {
			return fmt.Errorf("%s and %s both have the label id: %d", taken[d.role+strconv.Itoa(id)], d.name, id)
		}
	}
	for _, d := range devices {
		if id, err := strconv.Atoi(trailing.FindString(d.name)); err == nil && d.id == 0 && id <= mostID {
			take(d, id)
		}
	}
	for _, d := range devices {
		for id := 1; d.id == 0; id++ {
			take(d, id)
		}
	}
	return nil
}

// ports are the names that containerlab takes for ports: those of Linux interfaces in the container, and the device's.
var ports = regexp.MustCompile(`^(?:e1-|ethernet-1/|eth|et|Ethernet)([1-9][0-9]*)$`)

func portNumber(name string) (int, error) {
	m := ports.FindStringSubmatch(name)
	if m == nil {
		return 0, fmt.Errorf("port %q: intents number whole ports, as e1-49, ethernet-1/49 or eth49 do", name)
	}
	return strconv.Atoi(m[1])
}
