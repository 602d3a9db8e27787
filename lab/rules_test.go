package lab_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// The rules of containerlab's topology files that concern ours, as its schema (https://containerlab.dev/clab.schema.json)
// and its pages on nodes, links and kinds state them, and three of our own: images are pinned, management addresses
// are fixed, and startup configurations hold what a device is reached by and nothing else.

// keys are what may stand at a place of a file; a mapping of anything else is refused.
var keys = map[string][]string{
	"":         {"name", "prefix", "mgmt", "topology"},
	"mgmt":     {"network", "bridge", "ipv4-subnet", "ipv6-subnet", "ipv4-gw", "ipv6-gw", "ipv4-range", "ipv6-range", "mtu"},
	"topology": {"nodes", "kinds", "defaults", "links", "groups"},
	"node": {
		"image", "image-pull-policy", "restart-policy", "kind", "license", "type", "group", "startup-config", "startup-delay",
		"enforce-startup-config", "suppress-startup-config", "auto-remove", "exec", "binds", "ports", "env", "env-files", "user",
		"entrypoint", "cmd", "labels", "runtime", "mgmt-ipv4", "mgmt-ipv6", "network-mode", "cpu", "memory", "cpu-set", "extras",
		"config", "stages", "dns", "certificate", "healthcheck", "aliases",
	},
	"link": {"endpoints", "vars", "mtu"},
}

// kinds are those that Tenter knows what to do with, and the ports that a link may name.
var kinds = map[string]*regexp.Regexp{
	"nokia_srlinux": regexp.MustCompile(`^(e1-[1-9]\d*(-[1-9]\d*)?|ethernet-1/[1-9]\d*(/[1-9]\d*)?)$`),
	"arista_ceos":   regexp.MustCompile(`^(eth|et)[1-9]\d*(_\d+|/\d+)*$`),
	"linux":         regexp.MustCompile(`^eth[1-9]\d*$`), // eth0 is the management interface
}

// srlTypes are the hardware variants of SR Linux that need no license, with the number of their ports.
var srlTypes = map[string]int{"ixrd1": 52, "ixrd2": 56, "ixrd3": 34, "ixrd2l": 56, "ixrd3l": 34, "ixrd4": 36, "ixrd5": 34, "ixrh2": 128, "ixrh3": 34, "ixrh4": 66}

type node struct {
	Kind    string            `yaml:"kind"`
	Image   string            `yaml:"image"`
	Type    string            `yaml:"type"`
	Startup string            `yaml:"startup-config"`
	Binds   []string          `yaml:"binds"`
	Mgmt    string            `yaml:"mgmt-ipv4"`
	Labels  map[string]string `yaml:"labels"`
}

type topology struct {
	Name string `yaml:"name"`
	Mgmt struct {
		Network string `yaml:"network"`
		IPv4    string `yaml:"ipv4-subnet"`
	} `yaml:"mgmt"`
	Topology struct {
		Defaults node            `yaml:"defaults"`
		Kinds    map[string]node `yaml:"kinds"`
		Nodes    map[string]node `yaml:"nodes"`
		Links    []struct {
			Endpoints []string `yaml:"endpoints"`
		} `yaml:"links"`
	} `yaml:"topology"`
}

// check returns what is wrong with a topology file of the directory.
func check(dir fs.FS, file string) []string {
	var wrong []string
	bad := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	data, err := fs.ReadFile(dir, file)
	if err != nil {
		return []string{err.Error()}
	}
	var doc map[string]any
	var t topology
	if err := yaml.Load(data, &doc); err != nil {
		return []string{err.Error()}
	}
	if err := yaml.Load(data, &t); err != nil {
		return []string{err.Error()}
	}
	known := func(place, at string, m any) {
		for key := range mapping(m) {
			if !slices.Contains(keys[place], key) {
				bad("%s: containerlab knows no %q there", at, key)
			}
		}
	}
	top := mapping(doc["topology"])
	known("", "file", doc)
	known("mgmt", "mgmt", doc["mgmt"])
	known("topology", "topology", top)
	known("node", "defaults", top["defaults"])
	for _, part := range []string{"kinds", "nodes"} {
		for name, n := range mapping(top[part]) {
			known("node", name, n)
			for label, v := range mapping(mapping(n)["labels"]) {
				if _, ok := v.(string); !ok {
					bad("%s: label %s is not text", name, label)
				}
			}
		}
	}
	if file != t.Name+".clab.yml" {
		bad("name %q is not that of the file", t.Name)
	}
	if t.Mgmt.Network == "" {
		bad("mgmt: no network of its own")
	}
	t.checkNodes(dir, bad)
	t.checkLinks(dir, bad)
	slices.Sort(wrong)
	return wrong
}

func mapping(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

// of returns a node with what its kind says.
func (t *topology) of(name string) node {
	n := t.Topology.Nodes[name]
	k := t.Topology.Kinds[n.Kind]
	for _, f := range []struct {
		own  *string
		kind string
	}{{&n.Image, k.Image}, {&n.Type, k.Type}, {&n.Startup, k.Startup}} {
		if *f.own == "" {
			*f.own = f.kind
		}
	}
	n.Binds = append(slices.Clone(k.Binds), n.Binds...)
	return n
}

func (t *topology) checkNodes(dir fs.FS, bad func(string, ...any)) {
	subnet, err := netip.ParsePrefix(t.Mgmt.IPv4)
	if err != nil {
		bad("mgmt: %v", err)
		return
	}
	taken := map[netip.Addr]string{subnet.Addr(): "the network", subnet.Addr().Next(): "the gateway"}
	for name := range t.Topology.Nodes {
		n := t.of(name)
		if kinds[n.Kind] == nil {
			bad("%s: kind %q is none of those whose ports are known", name, n.Kind)
		}
		if _, tag, _ := strings.Cut(n.Image[strings.LastIndexByte(n.Image, '/')+1:], ":"); tag == "" || tag == "latest" {
			bad("%s: image %q is not pinned", name, n.Image)
		}
		addr, err := netip.ParseAddr(n.Mgmt)
		switch {
		case err != nil:
			bad("%s: no fixed management address: %v", name, err)
		case !subnet.Contains(addr):
			bad("%s: %s is not in %s", name, addr, subnet)
		case taken[addr] != "":
			bad("%s: %s is that of %s", name, addr, taken[addr])
		}
		taken[addr] = name
		if n.Kind == "nokia_srlinux" && srlTypes[n.Type] == 0 {
			bad("%s: type %q is none of SR Linux that needs no license", name, n.Type)
		}
		if n.Kind != "linux" && n.Labels["role"] == "" {
			bad("%s: no label role", name)
		}
		if n.Startup != "" {
			checkStartup(dir, name, n.Startup, bad)
		}
		for _, b := range n.Binds {
			from, to, ok := strings.Cut(b, ":")
			if _, err := fs.Stat(dir, from); err != nil || !ok || !strings.HasPrefix(to, "/") {
				bad("%s: bind %q: %v", name, b, err)
			}
		}
	}
}

// beyond is what a startup configuration for reachability does not hold.
var beyond = regexp.MustCompile(`(?i)\bbgp\b|vxlan|evpn|vlan\b|ethernet|network-instance default|route-map|prefix-list`)

func checkStartup(dir fs.FS, name, file string, bad func(string, ...any)) {
	text, err := fs.ReadFile(dir, file)
	if err != nil {
		bad("%s: startup-config: %v", name, err)
		return
	}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "!") && beyond.MatchString(line) {
			bad("%s: %s is not for reachability: %s", name, file, line)
		}
	}
}

func (t *topology) checkLinks(dir fs.FS, bad func(string, ...any)) {
	cabled := map[string]bool{}
	for i, l := range t.Topology.Links {
		if len(l.Endpoints) != 2 {
			bad("link %d has %d endpoints", i, len(l.Endpoints))
		}
		for _, e := range l.Endpoints {
			name, port, ok := strings.Cut(e, ":")
			if _, there := t.Topology.Nodes[name]; !ok || !there {
				bad("link %d: endpoint %q names no node", i, e)
				continue
			}
			n := t.of(name)
			if k := kinds[n.Kind]; k != nil && !k.MatchString(port) {
				bad("link %d: %s has no port %q", i, n.Kind, port)
			}
			if cabled[e] {
				bad("link %d: %s is cabled twice", i, e)
			}
			cabled[e] = true
			var number int
			if _, err := fmt.Sscanf(port, "e1-%d", &number); err == nil && number > srlTypes[n.Type] {
				bad("link %d: a %s has no port %d", i, n.Type, number)
			}
			for _, b := range n.Binds {
				from, to, _ := strings.Cut(b, ":")
				if strings.HasPrefix(to, "/mnt/flash/EosIntfMapping.json") && !mapped(dir, from, port) {
					bad("link %d: %s of %s is not in %s: with a map, cEOS has no other port", i, port, name, from)
				}
			}
		}
	}
}

// mapped reports whether an interface map of cEOS gives a Linux interface the name that Tenter expects.
func mapped(dir fs.FS, file, port string) bool {
	data, err := fs.ReadFile(dir, file)
	var m struct {
		Management map[string]string `json:"ManagementIntf"`
		Ethernet   map[string]string `json:"EthernetIntf"`
	}
	return err == nil && json.Unmarshal(data, &m) == nil && m.Management["eth0"] != "" &&
		m.Ethernet[port] == "Ethernet"+strings.TrimPrefix(port, "eth")
}
