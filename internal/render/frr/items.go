package frr

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/tenter-net/tenter/internal/blocks"
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/render/dialect"
	"github.com/tenter-net/tenter/internal/tree"
)

// Items splits the model of a device, in a fixed order.
func Items(d *fabric.Device, names profile.Names) []dialect.Item {
	to, n := dialect.NewItems(names), dialect.Namer{Names: names}
	dialect.Add(to, "system", "", d.System, renderSystem)
	first := slices.IndexFunc(d.Interfaces, func(i fabric.Interface) bool { return i.ID.Kind == fabric.Loopback })
	for at, i := range d.Interfaces {
		dialect.Add(to, "interface", n.Interface(i.ID), port{i, at == first}, renderInterface)
	}
	for _, b := range d.BFD {
		dialect.Add(to, "bfd", n.Unit(b.Interface.Interface, b.Interface.Index), b, renderBFD)
	}
	for _, es := range d.EthernetSegments {
		dialect.Add(to, "ethernet-segment", es.Name, es, renderSegment)
	}
	evpn := ""
	for _, b := range d.BGP {
		if b.VRF == "" && d.VTEP != nil {
			evpn = router(b)
			dialect.Add(to, "vtep", "", vtep{evpn, *d.VTEP}, renderVTEP)
		}
	}
	for _, v := range d.MacVRFs {
		dialect.Add(to, "mac-vrf", itoa(v.VLAN), macVRF{evpn, v}, renderMacVRF)
	}
	for _, v := range d.IPVRFs {
		dialect.Add(to, "ip-vrf", v.Name, ipVRF{routerOf(d, v.Name), v}, renderIPVRF)
	}
	for _, g := range d.Gateways {
		dialect.Add(to, "gateway", itoa(g.VLAN), g, renderGateway)
	}
	for _, b := range d.BGP {
		addBGP(to, d, b, names)
	}
	for _, s := range d.PrefixSets {
		dialect.Add(to, "prefix-set", s.Name, s, renderPrefixSet)
	}
	for _, p := range d.Policies {
		dialect.Add(to, "policy", p.Name, policy{p, onlyRedistributes(d, p.Name), ipv6Sets(d)}, renderPolicy)
	}
	return to.List()
}

func addBGP(to *dialect.Items, d *fabric.Device, b fabric.BGP, names profile.Names) {
	at := router(b)
	global := b
	global.Groups, global.Neighbors, global.Redistribute = nil, nil, nil
	dialect.Add(to, "bgp", b.VRF, instance{at, global, clusterID(b)}, renderBGP)
	for _, n := range b.Neighbors {
		s := session{
			Router: at, ASN: routerASN(b), Own: b.ASN, Neighbor: n, Profile: bfdProfile(names, d, n.Address),
		}
		for _, g := range b.Groups {
			if g.Name == n.Group {
				s.Neighbor.PeerSettings = inherit(n.PeerSettings, g.PeerSettings)
			}
		}
		s.Source = dialect.SourceAddress(d, s.Neighbor.LocalSource)
		dialect.Add(to, "bgp/"+b.VRF+"/neighbor", n.Address.String(), s, renderNeighbor)
	}
	for _, r := range b.Redistribute {
		dialect.Add(to, "bgp/"+b.VRF+"/redistribute/"+string(r.From), string(r.Family), redistribution{at, r}, renderRedistribution)
	}
}

// put adds the line with the last text, in the blocks of the others, and reports whether vtysh can take it. A text comes
// with single blanks, as the device shows it.
func put(w *dialect.Writer, source tree.Source, texts ...string) bool {
	texts = slices.Clone(texts)
	last := &texts[len(texts)-1]
	*last = strings.Join(strings.Fields(*last), " ")
	if strings.Contains(*last, "| ") {
		gap(w, source, "vtysh takes what comes after \"| \" for a filter of what it prints: %q is left out", *last)
		return false
	}
	w.Set(source, dialect.Below(blocks.Path(texts...), dialect.Elem("text")), texts[len(texts)-1])
	return true
}

// gap says what is left out, of all configuration.
func gap(w *dialect.Writer, source tree.Source, format string, args ...any) {
	w.Gap(source, path.Path{Origin: blocks.Origin}, format, args...)
}

// bfdProfile returns the name of the BFD profile of the interface that a neighbor is on, "" for none.
func bfdProfile(names profile.Names, d *fabric.Device, neighbor netip.Addr) string {
	for _, b := range d.BFD {
		i := slices.IndexFunc(d.Interfaces, func(i fabric.Interface) bool { return i.ID == b.Interface.Interface })
		if i < 0 {
			continue
		}
		for _, s := range d.Interfaces[i].Subinterfaces {
			on := slices.ContainsFunc(slices.Concat(s.IPv4, s.IPv6), func(p netip.Prefix) bool { return p.Masked().Contains(neighbor) })
			if s.Index == b.Interface.Index && on {
				return profileName(dialect.Namer{Names: names}, b.Interface)
			}
		}
	}
	return ""
}

// onlyRedistributes returns the protocol whose routes alone a policy is for, "" if there is none: then a match of that
// protocol says nothing.
func onlyRedistributes(d *fabric.Device, policy string) fabric.Protocol {
	var from fabric.Protocol
	uses := func(s fabric.PeerSettings) bool {
		return slices.ContainsFunc(s.Families, func(f fabric.NeighborFamily) bool {
			return slices.Contains(f.Import, policy) || slices.Contains(f.Export, policy)
		})
	}
	for _, b := range d.BGP {
		if slices.ContainsFunc(b.Groups, func(g fabric.PeerGroup) bool { return uses(g.PeerSettings) }) ||
			slices.ContainsFunc(b.Neighbors, func(n fabric.Neighbor) bool { return uses(n.PeerSettings) }) {
			return ""
		}
		for _, r := range b.Redistribute {
			switch {
			case r.Policy != policy:
			case from != "" && from != r.From:
				return ""
			default:
				from = r.From
			}
		}
	}
	return from
}

func ipv6Sets(d *fabric.Device) []string {
	var out []string
	for _, s := range d.PrefixSets {
		if s.IPv6 {
			out = append(out, s.Name)
		}
	}
	return out
}

func itoa[T int | uint32](n T) string { return strconv.FormatInt(int64(n), 10) }
