package gate

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/render/dialect"
	"github.com/tenter-net/tenter/internal/run"
)

// holdTime is how long a BGP session without BFD lives after its neighbor was last heard: what RFC 4271, section 10,
// suggests, as intents say nothing else.
const holdTime = 90 * time.Second

// detection returns the longest time in which a failure of what a change touches is noticed: of each BGP session whose
// neighbor, group, interface or BFD is changed the detection time of BFD (RFC 5880, section 6.8.4), or the hold time. It is 0
// for a change that touches no session.
func detection(c Change) time.Duration {
	longest := time.Duration(0)
	var at []path.Path
	for _, w := range c.Writes {
		if to, err := path.Parse(w.Path); err == nil && to.Last().Name != "description" {
			at = append(at, to)
		}
	}
	for _, b := range c.Device.BGP {
		for _, n := range b.Neighbors {
			via, over := overWhich(c.Device, b, n)
			var port string
			if over {
				port = name(c.Profile, via)
			}
			if slices.ContainsFunc(at, func(to path.Path) bool { return touches(to, b.VRF, n, port) }) {
				longest = max(longest, noticed(c.Device, b, n, via))
			}
		}
	}
	return longest
}

// overWhich returns the interface that a session hangs on: its source, or the one that has the neighbor's network.
func overWhich(d *fabric.Device, b fabric.BGP, n fabric.Neighbor) (fabric.InterfaceID, bool) {
	source := n.LocalSource
	if g := group(b, n); source == nil && g != nil {
		source = g.LocalSource
	}
	if source != nil {
		return *source, true
	}
	for _, i := range d.Interfaces {
		if onLink(d, i.ID, n.Address) {
			return i.ID, true
		}
	}
	return fabric.InterfaceID{}, false
}

func group(b fabric.BGP, n fabric.Neighbor) *fabric.PeerGroup {
	for i := range b.Groups {
		if b.Groups[i].Name == n.Group {
			return &b.Groups[i]
		}
	}
	return nil
}

// noticed is how soon a session is known to be dead.
func noticed(d *fabric.Device, b fabric.BGP, n fabric.Neighbor, via fabric.InterfaceID) time.Duration {
	bfd := n.BFD
	if g := group(b, n); g != nil {
		bfd = bfd || g.BFD
	}
	for _, f := range d.BFD {
		if bfd && f.Interface.Interface == via {
			return max(f.Tx, f.Rx) * time.Duration(f.Multiplier)
		}
	}
	return holdTime
}

// touches reports whether a write at a path may bring a session of a VRF down.
func touches(at path.Path, vrf string, n fabric.Neighbor, port string) bool {
	if lines := words(at); lines != nil {
		return linesTouch(lines, vrf, n, port)
	}
	bgp, whole := false, true
	for i, e := range at.Elems {
		bgp = bgp || e.Name == "bgp"
		for _, k := range e.Keys {
			switch {
			case e.Name == "neighbor" && i > 0 && at.Elems[0].Name != "system" && at.Elems[0].Name != "lldp":
				whole = false
				if k.Value == n.Address.String() {
					return true
				}
			case e.Name == "peer-group" || e.Name == "group":
				whole = false
				if n.Group != "" && k.Value == n.Group {
					return true
				}
			case port != "" && (k.Value == port || strings.HasPrefix(k.Value, port+".")):
				switch at.Elems[0].Name {
				case "interfaces", "interface", "bfd", "network-instances", "network-instance":
					return true
				}
			}
		}
	}
	return bgp && whole
}

// onLink reports whether an address is in a network of an interface.
func onLink(d *fabric.Device, id fabric.InterfaceID, addr netip.Addr) bool {
	for _, i := range d.Interfaces {
		if i.ID != id {
			continue
		}
		for _, s := range i.Subinterfaces {
			for _, p := range slices.Concat(s.IPv4, s.IPv6) {
				if p.Contains(addr) && p.Addr() != addr {
					return true
				}
			}
		}
	}
	return false
}

// name is what the device calls an interface.
func name(p *profile.Profile, id fabric.InterfaceID) string {
	return dialect.Namer{Names: p.Names}.Interface(id)
}

// Guard returns what has to hold of a device before its change is kept. Soak is the least that the policy asks for; where
// sessions are compared or there is a soak, it is as long as it takes to notice that a session is dead.
func Guard(gates []Gate, c Change, soak, window time.Duration) run.Guard {
	g := run.Guard{Gates: len(gates) > 0, Soak: soak, Settle: window}
	for _, one := range gates {
		g.Settle = max(g.Settle, one.Within)
	}
	if soak > 0 || slices.ContainsFunc(gates, func(g Gate) bool { return g.Kind == BGP }) {
		g.Soak = max(g.Soak, detection(c))
	}
	return g
}
