package sim

import (
	"fmt"

	"github.com/tenter-net/tenter/internal/sim/conf"
)

// Management is the name of every device's management interface.
const Management = "Management0"

// factory is the configuration of a new device: enough to reach it, and nothing else.
func factory(schema *conf.Schema, n TopologyNode) (*conf.Tree, error) {
	return conf.Load(schema, fmt.Appendf(nil, `{
  "openconfig-system:system": {
    "config": {"hostname": %[1]q},
    "openconfig-system-grpc:grpc-servers": {"grpc-server": [
      {"name": "DEFAULT", "config": {"name": "DEFAULT", "enable": true, "port": 6030, "services": ["openconfig-system-grpc:GNMI"]}}
    ]}
  },
  "openconfig-interfaces:interfaces": {"interface": [
    {"name": %[2]q, "config": {"name": %[2]q, "type": "iana-if-type:ethernetCsmacd", "enabled": true},
     "subinterfaces": {"subinterface": [
       {"index": 0, "config": {"index": 0}, "openconfig-if-ip:ipv4": {"addresses": {"address": [
         {"ip": %[3]q, "config": {"ip": %[3]q, "prefix-length": %[4]d}}
       ]}}}
     ]}}
  ]}
}`, n.Name, Management, n.Mgmt.Addr(), n.Mgmt.Bits()))
}

// manageable tells whether a configuration leaves the device reachable: its management address on an
// enabled interface, and an enabled gRPC server. A device that is configured otherwise cuts itself off.
func manageable(t *conf.Tree, n TopologyNode) bool {
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
				if a.Step.Key("ip") == n.Mgmt.Addr().String() {
					return true
				}
			}
		}
	}
	return false
}
