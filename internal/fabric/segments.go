package fabric

import (
	"fmt"
	"maps"
	"slices"

	"github.com/tenter-net/tenter/internal/intent"
)

// segments proves that all members of an Ethernet segment show the host the same LAG.
func (p *prover) segments() {
	type member struct {
		d *Device
		s EthernetSegment
	}
	by := map[string][]member{}
	for _, d := range p.f.Devices {
		for _, s := range d.EthernetSegments {
			by[s.ESI] = append(by[s.ESI], member{d, s})
		}
	}
	for _, esi := range slices.Sorted(maps.Keys(by)) {
		a := by[esi][0]
		if len(by[esi]) != len(a.s.Members) {
			p.errorf(intent.CodeSegmentEnds, a.s.Source, "segment %s names %d members, and %d have it", esi, len(a.s.Members), len(by[esi]))
		}
		for _, b := range by[esi][1:] {
			if why := differ(a.d.port(a.s.Interface), b.d.port(b.s.Interface)); why != "" {
				p.errorf(intent.CodeSegmentEnds, b.s.Source, "segment %s on %s and %s: %s", esi, a.d.Name, b.d.Name, why)
			}
			if a.s.AllActive != b.s.AllActive || !slices.Equal(a.s.Members, b.s.Members) {
				p.errorf(intent.CodeSegmentEnds, b.s.Source, "segment %s on %s and %s: mode or members", esi, a.d.Name, b.d.Name)
			}
		}
	}
}

func (d *Device) port(id InterfaceID) *Interface {
	i, ok := slices.BinarySearchFunc(d.Interfaces, id, func(x Interface, id InterfaceID) int { return CompareInterfaces(x.ID, id) })
	if !ok {
		return nil
	}
	return &d.Interfaces[i]
}

// differ says in what two LAGs differ that a host takes for one, or nothing.
func differ(x, y *Interface) string {
	switch {
	case x == nil || y == nil || x.Bundle == nil || y.Bundle == nil:
		return "there is no LAG"
	case x.Enabled != y.Enabled:
		return "one is shut down"
	case x.MTU != y.MTU:
		return fmt.Sprintf("MTU %d and %d", x.MTU, y.MTU)
	case (x.Bundle.LACP == nil) != (y.Bundle.LACP == nil):
		return "one has no LACP"
	case x.Bundle.LACP != nil && (*x.Bundle.LACP != *y.Bundle.LACP || x.Bundle.LACP.SystemID == ""):
		return "they are not one LACP system"
	case (x.Switched == nil) != (y.Switched == nil):
		return "one is not switched"
	case x.Switched != nil && (x.Switched.Trunk != y.Switched.Trunk || x.Switched.Access != y.Switched.Access ||
		x.Switched.Native != y.Switched.Native || !slices.Equal(x.Switched.VLANs, y.Switched.VLANs)):
		return "they carry other VLANs"
	}
	return ""
}
