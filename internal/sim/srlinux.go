package sim

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"

	gpb "github.com/openconfig/gnmi/proto/gnmi"

	"github.com/tenter-net/tenter/internal/sim/conf"
	"github.com/tenter-net/tenter/internal/sim/native"
	"github.com/tenter-net/tenter/internal/sim/plane"
)

// srLinux is a device with SR Linux's own modules, of v25.3. It names its tree by the origin srl_nokia and takes the
// commands that save by the origin "cli" (SR Linux gNMI guide, "Paths" and "Set RPC").
var srLinux = dialect{
	schema:     conf.SRLinux,
	origin:     "srl_nokia",
	encodings:  []gpb.Encoding{gpb.Encoding_JSON_IETF, gpb.Encoding_PROTO, gpb.Encoding_JSON},
	models:     sync.OnceValue(srLinuxModels),
	version:    "v25.3.1",
	factory:    srLinuxFactory,
	manageable: srLinuxManageable,
	identity:   srLinuxIdentity,
	text:       srLinuxText,
	save:       []string{"save startup", "tools system configuration save", "/ tools system configuration save"},
	show:       []string{"info from startup", "show startup-config"},
	saves:      srLinuxSaves,
	keeps:      encrypted,
}

// srLinuxModels names a module as SR Linux does: by its namespace and its name.
func srLinuxModels() []*gpb.ModelData {
	return models(native.SRLinux, func(m native.Model) string { return m.Namespace + ":" + m.Name })
}

func models(load func() (*native.Tree, error), name func(native.Model) string) []*gpb.ModelData {
	tree, err := load()
	if err != nil {
		return nil // the node was not made then
	}
	var out []*gpb.ModelData
	for _, m := range tree.Modules {
		out = append(out, &gpb.ModelData{Name: name(m), Organization: m.Organization, Version: m.Revision})
	}
	return out
}

func srLinuxFactory(n TopologyNode) []byte {
	return fmt.Appendf(nil, `{
  "srl_nokia-system:system": {
    "srl_nokia-system-name:name": {"host-name": %[1]q},
    "srl_nokia-grpc:grpc-server": [
      {"name": "mgmt", "admin-state": "enable", "network-instance": "mgmt", "port": 57400, "services": ["gnmi", "gnoi"]}
    ]
  },
  "srl_nokia-interfaces:interface": [
    {"name": "mgmt0", "admin-state": "enable", "subinterface": [
      {"index": 0, "admin-state": "enable", "ipv4": {"admin-state": "enable", "address": [{"ip-prefix": %[2]q}]}}
    ]}
  ],
  "srl_nokia-network-instance:network-instance": [
    {"name": "mgmt", "type": "srl_nokia-network-instance:ip-vrf", "admin-state": "enable", "interface": [{"name": "mgmt0.0"}]}
  ]
}`, n.Name, n.Mgmt)
}

// srLinuxManageable looks for an enabled gNMI server in a network instance that the address is in.
func srLinuxManageable(t *conf.Tree, addr netip.Addr) bool {
	at := srLinuxAddress(t, addr)
	for _, s := range t.Root.Kid("system").Entries("grpc-server") {
		if s.Text("admin-state") != "enable" {
			continue
		}
		for _, in := range t.Root.Entries("network-instance") {
			member := func(m *conf.Node) bool { return m.Step.Key("name") == at }
			if in.Step.Key("name") == s.Text("network-instance") && in.Text("admin-state") != "disable" && slices.ContainsFunc(in.Entries("interface"), member) {
				return true
			}
		}
	}
	return false
}

// srLinuxAddress returns the enabled subinterface that has an address, as network instances name it.
func srLinuxAddress(t *conf.Tree, addr netip.Addr) string {
	for _, i := range t.Root.Entries("interface") {
		if i.Text("admin-state") == "disable" {
			continue
		}
		for _, s := range i.Entries("subinterface") {
			if s.Text("admin-state") == "disable" || s.Text("ipv4", "admin-state") != "enable" {
				continue
			}
			for _, a := range s.Kid("ipv4").Entries("address") {
				if p, err := netip.ParsePrefix(a.Step.Key("ip-prefix")); err == nil && p.Addr() == addr {
					return i.Step.Key("name") + "." + s.Step.Key("index")
				}
			}
		}
	}
	return ""
}

func srLinuxIdentity(h hardware) []plane.Leaf {
	chassis, information := at("platform", "chassis"), at("system", "information")
	booted := conf.String(h.booted.UTC().Format("2006-01-02T15:04:05.000Z07:00"))
	leaf := func(p conf.Path, name, module string, v conf.Value) plane.Leaf {
		return plane.Leaf{Path: p.Join(conf.Step{Name: name}), Module: module, Value: v}
	}
	const platform, info = "srl_nokia-platform-chassis", "srl_nokia-system-info"
	return []plane.Leaf{
		leaf(chassis, "type", platform, conf.String("Tenter simulator")),
		leaf(chassis, "serial-number", platform, conf.String(h.serial)),
		leaf(chassis, "hw-mac-address", platform, conf.String(strings.ToUpper(h.mac()))),
		leaf(chassis, "last-booted", platform, booted),
		leaf(information, "version", info, conf.String(h.version)),
		leaf(information, "last-booted", info, booted),
	}
}

// srLinuxSaves tells whether every commit is saved: /system/configuration/auto-save, or commit-save of a gNMI server.
func srLinuxSaves(t *conf.Tree) bool {
	if t.Root.Text("system", "configuration", "auto-save") == "true" {
		return true
	}
	for _, s := range t.Root.Kid("system").Entries("grpc-server") {
		if s.Text("gnmi", "commit-save") == "true" {
			return true
		}
	}
	return false
}

// srLinuxText is "info" with "| as json".
func srLinuxText(_ string, t *conf.Tree) string { return string(t.MarshalConfig()) }
