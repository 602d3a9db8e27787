package sim

import (
	"fmt"
	"net/netip"
	"sync"

	gpb "github.com/openconfig/gnmi/proto/gnmi"

	"github.com/tenter-net/tenter/internal/sim/conf"
	"github.com/tenter-net/tenter/internal/sim/plane"
)

// openConfig is a device that implements OpenConfig as published.
var openConfig = dialect{
	schema:     conf.OpenConfig,
	origin:     "openconfig",
	encodings:  []gpb.Encoding{gpb.Encoding_JSON, gpb.Encoding_JSON_IETF, gpb.Encoding_PROTO},
	models:     openConfigModels,
	version:    "1.0",
	factory:    openConfigFactory,
	manageable: openConfigManageable,
	identity:   openConfigIdentity,
	save:       []string{"copy running-config startup-config"},
	show:       []string{"show startup-config"},
	saves:      func(*conf.Tree) bool { return false },
}

var openConfigModels = sync.OnceValue(func() []*gpb.ModelData {
	var out []*gpb.ModelData
	for _, name := range []string{
		"openconfig-interfaces", "openconfig-if-ip", "openconfig-if-ethernet", "openconfig-if-aggregate", "openconfig-vlan",
		"openconfig-network-instance", "openconfig-bgp", "openconfig-routing-policy", "openconfig-bgp-policy",
		"openconfig-ethernet-segments", "openconfig-bfd", "openconfig-lacp", "openconfig-lldp", "openconfig-system", "openconfig-system-grpc",
		"openconfig-platform",
	} {
		out = append(out, &gpb.ModelData{Name: name, Organization: "OpenConfig working group", Version: "5.9.0"})
	}
	return out
})

func openConfigFactory(n TopologyNode) []byte {
	return fmt.Appendf(nil, `{
  "openconfig-system:system": {
    "config": {"hostname": %[1]q},
    "openconfig-system-grpc:grpc-servers": {"grpc-server": [
      {"name": "DEFAULT", "config": {"name": "DEFAULT", "enable": true, "port": 6030, "services": ["openconfig-system-grpc:GNMI"]}}
    ]}
  },
  "openconfig-interfaces:interfaces": {"interface": [
    {"name": "Management0", "config": {"name": "Management0", "type": "iana-if-type:ethernetCsmacd", "enabled": true},
     "subinterfaces": {"subinterface": [
       {"index": 0, "config": {"index": 0}, "openconfig-if-ip:ipv4": {"addresses": {"address": [
         {"ip": %[2]q, "config": {"ip": %[2]q, "prefix-length": %[3]d}}
       ]}}}
     ]}}
  ]}
}`, n.Name, n.Mgmt.Addr(), n.Mgmt.Bits())
}

func openConfigManageable(t *conf.Tree, addr netip.Addr) bool {
	served := false
	for _, s := range t.Root.At("system", "grpc-servers").Entries("grpc-server") {
		served = served || s.Text("config", "enable") == "true"
	}
	if !served {
		return false
	}
	for _, i := range t.Root.Kid("interfaces").Entries("interface") {
		if i.Text("config", "enabled") == "false" {
			continue
		}
		for _, s := range i.Kid("subinterfaces").Entries("subinterface") {
			if s.Text("config", "enabled") == "false" {
				continue
			}
			for _, a := range s.At("ipv4", "addresses").Entries("address") {
				if a.Step.Key("ip") == addr.String() {
					return true
				}
			}
		}
	}
	return false
}

func openConfigIdentity(h hardware) []plane.Leaf {
	chassis := conf.Path{{Name: "components"}, {Name: "component", Keys: []conf.Key{{Name: "name", Value: "Chassis"}}}, {Name: "state"}}
	system := at("system", "state")
	leaf := func(p conf.Path, name, module string, v conf.Value) plane.Leaf {
		return plane.Leaf{Path: p.Join(conf.Step{Name: name}), Module: module, Value: v}
	}
	return []plane.Leaf{
		leaf(system, "boot-time", "openconfig-system", conf.Uint64(uint64(h.booted.UnixNano()))),
		leaf(system, "software-version", "openconfig-system", conf.String(h.version)),
		leaf(chassis, "name", "openconfig-platform", conf.String("Chassis")),
		leaf(chassis, "serial-no", "openconfig-platform", conf.String(h.serial)),
		leaf(chassis, "base-mac-address", "openconfig-platform", conf.String(h.mac())),
		leaf(chassis, "mfg-name", "openconfig-platform", conf.String("Tenter simulator")),
		leaf(chassis, "software-version", "openconfig-platform", conf.String(h.version)),
	}
}
