package sim

import (
	"crypto/sha256"
	"fmt"
	"net"
	"net/netip"
	"time"

	gpb "github.com/openconfig/gnmi/proto/gnmi"

	"github.com/tenter-net/tenter/internal/sim/conf"
	"github.com/tenter-net/tenter/internal/sim/plane"
)

// A dialect is what a kind of device is made of: its modules, how it is reached and what it tells about itself.
type dialect struct {
	schema    func() (*conf.Schema, error)
	origin    string         // of its tree, and what a request without an origin means
	encodings []gpb.Encoding // of values
	models    func() []*gpb.ModelData
	version   string // of the software, until it is upgraded

	// factory is the configuration of a new device as JSON_IETF: enough to reach it, and nothing else.
	factory func(TopologyNode) []byte
	// manageable tells whether a configuration leaves the device reachable at an address: on an enabled interface, with an
	// enabled gNMI server. A device that is configured otherwise cuts itself off.
	manageable func(*conf.Tree, netip.Addr) bool
	// identity is the state that says which device this is and since when it runs.
	identity func(hardware) []plane.Leaf

	// lines tells that configuration can be given as commands.
	lines bool
	// text is what commands show of a node's configuration, for people; nil where they show JSON_IETF.
	text func(node string, t *conf.Tree) string
	// save and show are the commands of the origin "cli" that save the running configuration and show the saved one.
	save, show []string
	// keeps makes of a configuration that was set what the device keeps and shows of it; nil where that is the same.
	keeps func(before, next *conf.Tree) *conf.Tree
	// saves tells whether a configuration asks for every commit to be saved.
	saves func(*conf.Tree) bool
}

// hardware is which device it is.
type hardware struct {
	serial, version string
	booted          time.Time
}

// mac is the address of the chassis: a local one that follows from the serial number.
func (h hardware) mac() string {
	sum := sha256.Sum256([]byte(h.serial))
	return net.HardwareAddr(append([]byte{0x02}, sum[:5]...)).String()
}

func dialectOf(name conf.Dialect) (*dialect, error) {
	switch name {
	case conf.DialectOpenConfig:
		return &openConfig, nil
	case conf.DialectSRLinux:
		return &srLinux, nil
	case conf.DialectEOS:
		return &eosDevice, nil
	}
	return nil, fmt.Errorf("there is no dialect %q to simulate: %s, %s or %s", name, conf.DialectOpenConfig, conf.DialectSRLinux, conf.DialectEOS)
}

// factory returns the configuration of a new device.
func (n *node) factory() (*conf.Tree, error) {
	return conf.Load(n.schema, n.dialect.factory(n.TopologyNode))
}

// at makes a path of names.
func at(names ...string) conf.Path {
	p := make(conf.Path, len(names))
	for i, name := range names {
		p[i].Name = name
	}
	return p
}
