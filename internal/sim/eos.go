package sim

import (
	"fmt"
	"sync"

	gpb "github.com/openconfig/gnmi/proto/gnmi"

	"github.com/tenter-net/tenter/internal/sim/conf"
	"github.com/tenter-net/tenter/internal/sim/native"
	"github.com/tenter-net/tenter/internal/sim/plane"
)

// eosDevice is a device with OpenConfig as EOS 4.36.1F publishes it, deviations and /arista included, all in the origin
// "openconfig", and with commands in the origin "cli".
var eosDevice = dialect{
	schema:     conf.EOS,
	origin:     "openconfig",
	encodings:  []gpb.Encoding{gpb.Encoding_JSON, gpb.Encoding_JSON_IETF, gpb.Encoding_PROTO, gpb.Encoding_ASCII},
	models:     sync.OnceValue(eosModels),
	version:    "4.36.1F",
	factory:    eosFactory,
	manageable: openConfigManageable,
	identity:   eosIdentity,
	lines:      true,
	text:       eosText,
	save:       []string{"copy running-config startup-config", "write memory", "write"},
	show:       []string{"show startup-config"},
	saves:      func(*conf.Tree) bool { return false },
}

func eosModels() []*gpb.ModelData {
	return models(native.EOS, func(m native.Model) string { return m.Name })
}

func eosFactory(n TopologyNode) []byte {
	return fmt.Appendf(nil, `{
  "openconfig-system:system": {
    "config": {"hostname": %[1]q},
    "openconfig-system-grpc:grpc-servers": {"grpc-server": [
      {"name": "default", "config": {"name": "default", "enable": true, "port": 6030}}
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

// eosIdentity is what OpenConfig has for it; EOS shows its software as a component of its own.
func eosIdentity(h hardware) []plane.Leaf {
	component := conf.Path{{Name: "components"}, {Name: "component", Keys: []conf.Key{{Name: "name", Value: "EOS"}}}, {Name: "state"}}
	leaf := func(name, value string) plane.Leaf {
		return plane.Leaf{Path: component.Join(conf.Step{Name: name}), Module: "openconfig-platform", Value: conf.String(value)}
	}
	return append(openConfigIdentity(h), leaf("name", "EOS"), leaf("software-version", h.version))
}

// eosText shows a configuration as far as it was given as commands.
func eosText(node string, t *conf.Tree) string {
	return fmt.Sprintf("! device: %s (cEOSLab)\n!\n%s!\nend\n", node, t.Lines.Text())
}
