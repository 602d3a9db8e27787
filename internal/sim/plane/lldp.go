package plane

import (
	"github.com/tenter-net/tenter/internal/sim/conf"
)

// lldp is where a device sends frames of the Link Layer Discovery Protocol, and listens for them.
type lldp struct {
	on     bool
	ports  map[string]bool // that are configured, and whether they are on
	system string          // the name that it sends
}

// heard tells whether the device takes part on a port: it is on, and so is what was configured of the port.
func (l lldp) heard(port string) bool { return l.on && l.ports[port] }

// A heardPort is a neighbour's frame on a port.
type heardPort struct {
	port   string // where it came in
	system string // who sent it
	from   string // the port that it was sent from
}

// discover finds the neighbours that a device hears: over cables that are up, from devices that send.
func (f *fabric) discover(d *device, links []Link) []heardPort {
	var out []heardPort
	hear := func(near, far Port) {
		there := f.devices[far.Device]
		if near.Device != d.name || there == nil || !f.up[portID{near.Device, near.Interface}] || f.deaf[d.name] {
			return
		}
		if d.lldp.heard(near.Interface) && there.lldp.heard(far.Interface) {
			out = append(out, heardPort{near.Interface, there.lldp.system, far.Interface})
		}
	}
	for _, l := range links {
		hear(l.A, l.B)
		hear(l.B, l.A)
	}
	return out
}

func readOpenConfigLLDP(d *device, root *conf.Node) {
	d.lldp = lldp{on: root.Text("lldp", "config", "enabled") == "true", ports: map[string]bool{}, system: d.name}
	for _, n := range root.At("lldp", "interfaces").Entries("interface") {
		d.lldp.ports[n.Step.Key("name")] = n.Text("config", "enabled") != "false"
	}
	if name := root.Text("system", "config", "hostname"); name != "" {
		d.lldp.system = name
	}
}

func readSRLinuxLLDP(d *device, root *conf.Node) {
	at := root.At("system", "lldp")
	d.lldp = lldp{on: at.Text("admin-state") == "enable", ports: map[string]bool{}, system: d.name}
	for _, n := range at.Entries("interface") {
		d.lldp.ports[n.Step.Key("name")] = n.Text("admin-state") == "enable"
	}
	if name := root.Text("system", "name", "host-name"); name != "" {
		d.lldp.system = name
	}
}

func (openConfigNames) neighbor(w *stateWriter, h heardPort) {
	at := conf.Path{{Name: "lldp"}, {Name: "interfaces"}, entry("interface", "name", h.port), {Name: "neighbors"}, entry("neighbor", "id", "1"), {Name: "state"}}
	w.put(at, "openconfig-lldp", "id", conf.String("1"))
	w.put(at, "openconfig-lldp", "system-name", conf.String(h.system))
	w.put(at, "openconfig-lldp", "port-id", conf.String(h.from))
}

func (srLinuxNames) neighbor(w *stateWriter, h heardPort) {
	at := conf.Path{{Name: "system"}, {Name: "lldp"}, entry("interface", "name", h.port), entry("neighbor", "id", "1")}
	w.put(at, "srl_nokia-lldp", "system-name", conf.String(h.system))
	w.put(at, "srl_nokia-lldp", "port-id", conf.String(h.from))
}
