package intent

import (
	"net/netip"
	"slices"
	"strings"
)

// A number is a VNI or EVI that a document takes.
type number struct {
	doc *Document
	at  At
}

func (c *checker) vrfs() {
	used := map[string]bool{}
	for _, v := range c.Vlans {
		used[v.Spec.Vrf] = true
	}
	for _, p := range c.BgpPeers {
		used[p.Spec.Vrf] = true
	}
	for _, v := range c.Vrfs {
		if v.Name == "default" || v.Name == "mgmt" || strings.HasPrefix(v.Name, "tenter-") {
			c.add(v.errorAt(CodeReserved, At{"metadata", "name"}, "the name %q is reserved", v.Name))
		}
		if !used[v.Name] && !c.lost {
			g := v.errorAt(CodeUnused, At{"metadata", "name"}, "no Vlan and no BgpPeer is in Vrf %q, so it is on no device", v.Name)
			g.Severity = SeverityWarning
			c.add(g)
		}
		if v.Spec.VNI == 0 && (v.Spec.EVI != 0 || v.Spec.RouteTargets != nil) {
			c.add(v.Errorf(CodeCombination, nil, "evi and routeTargets need a vni"))
		}
	}
}

// vlans checks numbers, which are the fabric's and not a device's, and what goes together.
func (c *checker) vlans() {
	ids := map[int]*Vlan{}
	for _, v := range c.Vlans {
		if o := ids[v.Spec.ID]; o != nil && v.Spec.ID != 0 {
			c.add(v.Errorf(CodeVLANTwice, At{"id"}, "Vlans %q and %q both have the id %d", o.Name, v.Name, v.Spec.ID).WithRelated(o.Source("id"), o.Name))
		}
		ids[v.Spec.ID] = v
		vrf := reference(c, v.Document, At{"vrf"}, KindVrf, c.Vrfs, v.Spec.Vrf)
		switch {
		case v.Spec.Vrf == "" && v.Spec.Gateway != nil:
			if _, broken := lookup(v.node(At{"spec"}), "vrf"); broken == nil {
				c.add(v.Errorf(CodeCombination, At{"gateway"}, "a gateway needs a vrf"))
			}
		case vrf != nil && v.Spec.Gateway == nil:
			if _, broken := lookup(v.node(At{"spec"}), "gateway"); broken == nil {
				c.add(v.Errorf(CodeCombination, At{"vrf"}, "a VLAN without a gateway is in no VRF"))
			}
		}
		c.vlanDevices(v)
		c.gateway(v)
	}
	c.evpnNumbers()
}

func (c *checker) vlanDevices(v *Vlan) {
	if s := v.Spec.Devices; s != nil {
		ways := 0
		for _, key := range []string{"fromPorts", "names", "labels"} {
			if _, v := lookup(v.node(At{"spec", "devices"}), key); v != nil && v.Value != "false" {
				ways++
			}
		}
		if ways != 1 {
			c.add(v.Errorf(CodeCombination, At{"devices"}, "devices are chosen in exactly one way").WithHint("fromPorts: true, or names, or labels"))
			return
		}
		if !s.FromPorts && len(s.Names)+len(s.Labels) == 0 {
			return // it could not be read
		}
		if !s.FromPorts {
			c.selector(v.Document, &Selector{Names: s.Names, Labels: s.Labels})
			for _, d := range c.VlanDevices(v) {
				if Role(d) == RoleSpine {
					c.add(v.Errorf(CodeHostOnSpine, At{"devices"}, "%s is a spine and carries no VLANs", d.Name).WithRelated(d.Source(), d.Name))
				}
			}
			return
		}
	}
	if len(c.VlanDevices(v)) == 0 && !c.lost {
		c.add(v.errorAt(CodeNothing, At{"metadata", "name"}, "no port carries Vlan %q, so it is on no device", v.Name).
			WithHint("devices: {labels: {role: leaf}} has it everywhere"))
	}
}

func (c *checker) gateway(v *Vlan) {
	if v.Spec.Gateway == nil {
		return
	}
	for i, p := range v.Spec.Gateway.Addresses {
		if !p.IsValid() {
			continue
		}
		a := p.Addr()
		at := At{"gateway", "addresses", i}
		switch {
		case a.IsMulticast() || a.IsLoopback() || a.IsUnspecified() || a.IsLinkLocalUnicast():
			c.add(v.Errorf(CodeAddress, at, "%s cannot be a gateway", a))
		case p.Bits() > a.BitLen()-2:
			c.add(v.Errorf(CodeAddress, at, "%s has no room for a host beside the gateway", p))
		case a == p.Masked().Addr():
			c.add(v.Errorf(CodeAddress, at, "%s is the address of the subnet itself", a).WithHint("the first host is %s/%d", a.Next(), p.Bits()))
		case a.Is4() && !p.Contains(a.Next()):
			c.add(v.Errorf(CodeAddress, at, "%s is the broadcast address of its subnet", a))
		}
	}
}

// evpnNumbers checks VNIs, EVIs and the route targets that they lead to.
func (c *checker) evpnNumbers() {
	vnis, evis := map[int]number{}, map[int]number{}
	one := func(d *Document, vni, evi, instance int, targets *RouteTargets) {
		if vni == 0 {
			return
		}
		if o, ok := vnis[vni]; ok {
			c.add(d.Errorf(CodeVNITwice, At{"vni"}, "%s %q and %s %q both have the VNI %d", o.doc.Kind, o.doc.Name, d.Kind, d.Name, vni).WithRelated(o.doc.Source(o.at...), o.doc.Name))
		} else {
			vnis[vni] = number{d, At{"vni"}}
		}
		at := At{"vni"}
		if evi != 0 {
			at = At{"evi"}
		}
		if o, ok := evis[instance]; ok && (evi != 0 || o.at[0] == "evi") {
			c.add(d.Errorf(CodeEVI, at, "%s %q and %s %q both have the EVI %d", o.doc.Kind, o.doc.Name, d.Kind, d.Name, instance).WithRelated(o.doc.Source(o.at...), o.doc.Name))
		} else if !ok {
			evis[instance] = number{d, at}
		}
		if c.Fabric == nil {
			return
		}
		o := c.Fabric.Spec.Overlay
		if n := map[bool]int{true: vni, false: instance}[strings.Contains(o.RouteDistinguisher, "{vni}")]; n > 65535 {
			c.add(d.Errorf(CodeEVI, at, "%d does not fit into a route distinguisher, which has 16 bits beside the router id", n).WithHint("give it an evi of up to 65535"))
		}
		if targets == nil && o.RouteTarget != "" && checkRouteTarget(string(o.Target(1, 1))) == nil {
			if err := checkRouteTarget(string(o.Target(vni, instance))); err != nil {
				c.add(d.Errorf(CodeRouteTarget, at, "route target %s: %s", o.Target(vni, instance), err).WithRelated(c.Fabric.Source("overlay", "routeTarget"), "template"))
			}
		}
	}
	for _, v := range c.Vrfs {
		one(v.Document, v.Spec.VNI, v.Spec.EVI, v.Spec.Instance(), v.Spec.RouteTargets)
	}
	for _, v := range c.Vlans {
		one(v.Document, v.Spec.VNI, v.Spec.EVI, v.Spec.Instance(), v.Spec.RouteTargets)
	}
}

// subnets checks that no two subnets of a VRF overlap.
func (c *checker) subnets() {
	type subnet struct {
		doc *Document
		at  At
		p   netip.Prefix
	}
	byVRF := map[string][]subnet{}
	for _, v := range c.Vlans {
		if v.Spec.Gateway != nil {
			for i, p := range v.Spec.Gateway.Addresses {
				byVRF[v.Spec.Vrf] = append(byVRF[v.Spec.Vrf], subnet{v.Document, At{"gateway", "addresses", i}, p})
			}
		}
	}
	for _, p := range c.BgpPeers {
		byVRF[p.Spec.Vrf] = append(byVRF[p.Spec.Vrf], subnet{p.Document, At{"local"}, p.Spec.Local})
	}
	for _, vrf := range sortedKeys(byVRF) {
		list := slices.DeleteFunc(byVRF[vrf], func(s subnet) bool { return !s.p.IsValid() || vrf == "" })
		for i, a := range list {
			for _, b := range list[:i] {
				if !a.p.Overlaps(b.p) || a.doc.Kind == KindBgpPeer && b.doc.Kind == KindBgpPeer && a.p == b.p {
					continue // two sessions over one subinterface
				}
				c.add(a.doc.Errorf(CodeOverlap, a.at, "%s overlaps with %s of %s %q in Vrf %q", a.p.Masked(), b.p.Masked(), b.doc.Kind, b.doc.Name, vrf).
					WithRelated(b.doc.Source(b.at...), b.doc.Name))
				break
			}
		}
	}
}
