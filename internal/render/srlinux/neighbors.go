package srlinux

import (
	"slices"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/render/dialect"
	"github.com/tenter-net/tenter/internal/tree"
)

// renderNeighbors lets all gateways of a VLAN know its hosts: whatever one of them learns goes to the others by EVPN, and
// into the VRF as a host route, so that traffic reaches the leaf that a host is on. The device does none of it by itself.
func renderNeighbors(w *dialect.Writer, source tree.Source, at path.Path, family, protocol string, learn any) {
	below := dialect.Below(at, dialect.Elem(family), dialect.Elem(protocol))
	put(w, source, below, leaf{"learn-unsolicited", learn}, leaf{names: "evpn"})
	put(w, source, dialect.Below(below, dialect.Elem("host-route"), dialect.Elem("populate", "route-type", "dynamic")))
	put(w, source, dialect.Below(below, dialect.Elem("evpn"), dialect.Elem("advertise", "route-type", "dynamic")))
}

func carries(s *fabric.Switched, vlan int) bool {
	if s.Trunk {
		return slices.Contains(s.VLANs, vlan)
	}
	return s.Access == vlan
}
