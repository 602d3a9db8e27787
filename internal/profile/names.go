package profile

import (
	"strconv"
	"strings"
)

// number is the placeholder in a name.
const number = "{number}"

// Names are the device's own names for what intents number. Each holds "{number}" exactly once, but for the default
// network instance.
type Names struct {
	Ethernet        string `yaml:"ethernet"`  // "Ethernet{number}"
	FirstPort       int    `yaml:"firstPort"` // the number in the name of physical port 1
	PortStep        int    `yaml:"portStep"`  // between the numbers of ports side by side: 4 where a port has four lanes
	LAG             string `yaml:"lag"`
	Loopback        string `yaml:"loopback"`
	VLAN            string `yaml:"vlan"` // the routed interface of a VLAN
	DefaultInstance string `yaml:"defaultInstance"`
}

// EthernetName returns the name of physical port n.
func (n Names) EthernetName(port int) string {
	return numbered(n.Ethernet, n.FirstPort+(port-1)*n.PortStep)
}

// LAGName returns the name of the link aggregation group with this id.
func (n Names) LAGName(id int) string { return numbered(n.LAG, id) }

// LoopbackName returns the name of the loopback with this number.
func (n Names) LoopbackName(id int) string { return numbered(n.Loopback, id) }

// VLANName returns the name of the routed interface of the VLAN.
func (n Names) VLANName(vlan int) string { return numbered(n.VLAN, vlan) }

func numbered(pattern string, n int) string {
	return strings.Replace(pattern, number, strconv.Itoa(n), 1)
}
