package infer

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
)

// vrfs writes a Vrf for each that is alike on most of its devices.
func (g *guesser) vrfs(f *frameGuess) {
	by := map[string][]string{}
	first := map[string]fabric.IPVRF{}
	for _, d := range g.devices {
		for _, v := range d.model.IPVRFs {
			text := f.vrfSpec(v)
			by[v.Name] = append(by[v.Name], text)
			first[v.Name] = v
		}
	}
	for _, name := range slices.Sorted(maps.Keys(by)) {
		if !validName.MatchString(name) {
			continue
		}
		spec, _ := most(by[name])
		g.add(&doc{file: fileServices, kind: "Vrf", name: name, spec: spec})
	}
}

func (f *frameGuess) vrfSpec(v fabric.IPVRF) string {
	var parts []string
	if v.Description != "" {
		parts = append(parts, "description: "+quoted(v.Description))
	}
	if v.VNI != 0 {
		parts = append(parts, f.instance(v.VNI, v.EVI, v.Import, v.Export)...)
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// instance writes what Vlan and Vrf say of EVPN.
func (f *frameGuess) instance(vni, evi int, imports, exports []string) []string {
	parts := []string{fmt.Sprintf("vni: %d", vni)}
	if evi != vni && evi != 0 {
		parts = append(parts, fmt.Sprintf("evi: %d", evi))
	}
	derived := strings.NewReplacer("{vni}", strconv.Itoa(vni), "{evi}", strconv.Itoa(evi)).Replace(f.target)
	if len(imports) > 0 && len(exports) > 0 && !(slices.Equal(imports, []string{derived}) && slices.Equal(exports, []string{derived})) {
		parts = append(parts, fmt.Sprintf("routeTargets: {import: %s, export: %s}", list(imports), list(exports)))
	}
	return parts
}

// vlans writes a Vlan for each layer 2 instance with a VNI. Where it is follows from the ports, if that is so.
func (g *guesser) vlans(f *frameGuess, ports []*portGuess) {
	type key struct {
		name string
		id   int
	}
	specs, on := map[key][]string{}, map[key][]string{}
	for _, d := range g.devices {
		for _, v := range d.model.MacVRFs {
			if k := (key{v.Name, v.VLAN}); v.VNI != 0 && v.VLAN > 1 && validName.MatchString(v.Name) {
				specs[k] = append(specs[k], f.vlanSpec(d, v))
				on[k] = append(on[k], d.name)
			}
		}
	}
	keys := slices.SortedFunc(maps.Keys(specs), func(a, b key) int { return cmp.Or(cmp.Compare(a.id, b.id), cmp.Compare(a.name, b.name)) })
	for _, k := range keys {
		if g.taken["Vlan/"+k.name] {
			continue
		}
		spec, _ := most(specs[k])
		if where := g.where(k.id, on[k], ports); where != "" {
			spec += "  devices: " + where + "\n"
		}
		g.add(&doc{file: fileServices, kind: "Vlan", name: k.name, spec: spec})
	}
}

// where says on which devices a VLAN is, or nothing where ports that carry it say so.
func (g *guesser) where(vlan int, on []string, ports []*portGuess) string {
	var carried, leaves []string
	for _, p := range ports {
		if slices.Contains(p.vlans(), vlan) {
			for _, m := range p.members {
				carried = append(carried, m.device)
			}
		}
	}
	for _, d := range g.devices {
		if d.role == intent.RoleLeaf {
			leaves = append(leaves, d.name)
		}
	}
	for _, l := range []*[]string{&carried, &leaves, &on} {
		slices.Sort(*l)
		*l = slices.Compact(*l)
	}
	switch {
	case slices.Equal(carried, on):
		return ""
	case slices.Equal(leaves, on) && len(on) > 1:
		return "{labels: {role: leaf}}"
	}
	return "{names: " + list(on) + "}"
}

func (f *frameGuess) vlanSpec(d *seen, v fabric.MacVRF) string {
	var b strings.Builder
	var gateway *fabric.Gateway
	for i := range d.model.Gateways {
		if w := &d.model.Gateways[i]; w.VLAN == v.VLAN && len(w.IPv4)+len(w.IPv6) > 0 && w.VRF != "" {
			gateway = w
		}
	}
	if gateway != nil && gateway.Description != "" {
		fmt.Fprintf(&b, "  description: %s\n", quoted(gateway.Description))
	}
	fmt.Fprintf(&b, "  id: %d\n", v.VLAN)
	for _, part := range f.instance(v.VNI, v.EVI, v.Import, v.Export) {
		b.WriteString("  " + part + "\n")
	}
	if gateway == nil {
		return b.String()
	}
	var addresses []string
	for _, p := range slices.Concat(gateway.IPv4, gateway.IPv6) {
		addresses = append(addresses, p.String())
	}
	mtu := ""
	if gateway.IPMTU != 0 && gateway.IPMTU != f.access {
		mtu = fmt.Sprintf(", mtu: %d", gateway.IPMTU)
	}
	fmt.Fprintf(&b, "  vrf: %s\n  gateway: {mode: anycast, addresses: %s%s}\n", gateway.VRF, list(addresses), mtu)
	return b.String()
}

// vlanNames are the Vlan documents of VLAN ids.
func (g *guesser) vlanNames() map[int]string {
	names := map[int]string{}
	for _, d := range g.devices {
		for _, v := range d.model.MacVRFs {
			if _, known := names[v.VLAN]; !known && v.VNI != 0 && validName.MatchString(v.Name) {
				names[v.VLAN] = v.Name
			}
		}
	}
	return names
}

// list writes texts as a list in flow style.
func list(texts []string) string {
	out := make([]string, len(texts))
	for i, t := range texts {
		out[i] = quoted(t)
	}
	return "[" + strings.Join(out, ", ") + "]"
}

// unitOf finds the routed port in a VRF whose subnet an address is in.
func (d *seen) unitOf(vrf string, peer netip.Addr) (fabric.InterfaceID, fabric.Subinterface, netip.Prefix, bool) {
	for _, i := range d.model.Interfaces {
		for _, s := range i.Subinterfaces {
			for _, p := range slices.Concat(s.IPv4, s.IPv6) {
				if s.VRF == vrf && i.ID.Kind == fabric.Ethernet && p.Contains(peer) && p.Addr() != peer {
					return i.ID, s, p, true
				}
			}
		}
	}
	return fabric.InterfaceID{}, fabric.Subinterface{}, netip.Prefix{}, false
}
