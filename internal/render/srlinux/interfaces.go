package srlinux

import (
	"net/netip"
	"slices"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/render/dialect"
	"github.com/tenter-net/tenter/internal/tree"
)

// port is an interface under the name that the device has for it.
type port struct {
	fabric.Interface
	Name string
}

func renderInterface(w *dialect.Writer, n dialect.Namer, i port) {
	leaves := []leaf{{"admin-state", state(i.Enabled)}}
	leaves = append(leaves, some("description", i.Description)...)
	switch {
	case i.MemberOf != nil:
		// The LAG has the MTU and the tagging; the model refuses either on a member.
		leaves = append(leaves, leaf{"ethernet/aggregate-id", n.Interface(*i.MemberOf)})
	case i.ID.Kind != fabric.Loopback:
		leaves = append(leaves, some("mtu", i.MTU)...)
		leaves = append(leaves, some("vlan-tagging", tagging(i.Interface))...)
	}
	if i.ID.Kind == fabric.LAG {
		leaves = append(leaves, lag(i.Interface)...)
	}
	put(w, i.Source, interfacePath(i.Name), leaves...)
	if i.Switched != nil {
		renderSwitched(w, i)
	}
	for _, s := range i.Subinterfaces {
		renderSubinterface(w, n, i, s)
	}
}

// tagging reports whether frames on a port have VLAN tags that say which subinterface they belong to.
func tagging(i fabric.Interface) bool {
	tagged := func(s fabric.Subinterface) bool { return s.VLANTag != 0 }
	return i.Switched != nil && i.Switched.Trunk || slices.ContainsFunc(i.Subinterfaces, tagged)
}

func lag(i fabric.Interface) []leaf {
	b := i.Bundle
	if b == nil {
		return []leaf{{"lag/lag-type", "static"}}
	}
	leaves := some("lag/min-links", b.MinLinks)
	if b.LACP == nil {
		return append(leaves, leaf{"lag/lag-type", "static"})
	}
	interval := "SLOW"
	if b.LACP.Fast {
		interval = "FAST"
	}
	leaves = append(leaves, leaf{"lag/lag-type", "lacp"}, leaf{"lag/lacp/interval", interval}, leaf{"lag/lacp/lacp-mode", "ACTIVE"})
	if b.LACP.SystemID != "" {
		// Partners bundle only what has the same key too, and each device would make up its own.
		leaves = append(leaves, leaf{"lag/lacp/system-id-mac", b.LACP.SystemID})
		leaves = append(leaves, some("lag/lacp/admin-key", i.ID.Number)...)
	}
	return leaves
}

// renderSwitched makes a bridged subinterface for each VLAN, whose index is the VLAN id whatever the tagging: so a mac-vrf
// names its members without knowing how their ports are tagged.
func renderSwitched(w *dialect.Writer, i port) {
	vlans := []int{i.Switched.Access}
	if i.Switched.Trunk {
		vlans = i.Switched.VLANs
	}
	for _, v := range vlans {
		leaves := []leaf{{"type", "bridged"}, {"admin-state", "enable"}}
		// Without it the subinterface has the system's MTU, and stays down where that is above the port's.
		leaves = append(leaves, some("l2-mtu", i.MTU)...)
		switch {
		case !i.Switched.Trunk:
		case v == i.Switched.Native:
			leaves = append(leaves, leaf{names: "vlan/encap/untagged"})
		default:
			leaves = append(leaves, leaf{"vlan/encap/single-tagged/vlan-id", v})
		}
		put(w, i.Source, subinterfacePath(i.Name, itoa(v)), leaves...)
	}
}

func renderSubinterface(w *dialect.Writer, n dialect.Namer, i port, s fabric.Subinterface) {
	at := subinterfacePath(i.Name, itoa(s.Index))
	leaves := append([]leaf{{"admin-state", "enable"}}, some("description", s.Description)...)
	if i.ID.Kind != fabric.Loopback {
		leaves = append(leaves, leaf{"type", "routed"})
		leaves = append(leaves, some("ip-mtu", s.IPMTU)...)
	}
	switch {
	case s.VLANTag != 0:
		leaves = append(leaves, leaf{"vlan/encap/single-tagged/vlan-id", s.VLANTag})
	case tagging(i.Interface):
		w.Gap(s.Source, at, "SR Linux has no untagged routed subinterface on a port whose other subinterfaces are tagged")
		return
	}
	put(w, s.Source, at, leaves...)
	renderAddresses(w, s.Source, at, s.IPv4, s.IPv6)
	put(w, s.Source, memberPath(n.VRF(s.VRF), i.Name+"."+itoa(s.Index)))
}

// renderAddresses writes addresses with what each of them has besides.
func renderAddresses(w *dialect.Writer, source tree.Source, at path.Path, v4, v6 []netip.Prefix, each ...leaf) {
	for family, list := range map[string][]netip.Prefix{"ipv4": v4, "ipv6": v6} {
		if len(list) == 0 {
			continue
		}
		below := dialect.Below(at, dialect.Elem(family))
		put(w, source, below, leaf{"admin-state", "enable"})
		for _, p := range list {
			put(w, source, dialect.Below(below, dialect.Elem("address", "ip-prefix", p.String())), each...)
		}
	}
}

func renderLLDP(w *dialect.Writer, n dialect.Namer, l fabric.Link) {
	at := root(dialect.Elem("system"), dialect.Elem("lldp"), dialect.Elem("interface", "name", n.Interface(l.Local)))
	put(w, l.Source, at, leaf{"admin-state", "enable"})
}

var bfdPath = root(dialect.Elem("bfd"))

func renderBFDs(w *dialect.Writer, _ dialect.Namer, device fabric.Text) {
	put(w, device.Source, bfdPath)
}

func renderBFD(w *dialect.Writer, n dialect.Namer, b fabric.BFD) {
	at := dialect.Below(bfdPath, dialect.Elem("subinterface", "id", n.Unit(b.Interface.Interface, b.Interface.Index)))
	put(w, b.Source, at,
		leaf{"admin-state", "enable"},
		leaf{"desired-minimum-transmit-interval", b.Tx.Microseconds()},
		leaf{"required-minimum-receive", b.Rx.Microseconds()},
		leaf{"detection-multiplier", b.Multiplier},
	)
}
