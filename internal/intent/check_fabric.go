package intent

import (
	"maps"
	"net/netip"
	"slices"
	"strings"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// fabricPools checks that pools are apart and large enough for the sizing.
func (c *checker) fabricPools() {
	f := c.Fabric
	s := f.Spec.Sizing
	pools := []struct {
		at   At
		name string
		p    netip.Prefix
		bits int // of the whole pool
		need int // addresses
	}{
		{At{"underlay", "links"}, "links", f.Spec.Underlay.Links, 0, 2 * s.MaxSpines * s.MaxLeaves * s.MaxParallel},
		{At{"loopbacks", "router"}, "router ids", f.Spec.Loopbacks.Router, 0, 1 + s.MaxSpines + s.MaxLeaves},
		{At{"loopbacks", "vtep"}, "VTEP addresses", f.Spec.Loopbacks.VTEP, 0, 1 + s.MaxLeaves},
	}
	for i, a := range pools {
		switch {
		case !a.p.IsValid():
			continue
		case !a.p.Addr().Is4():
			c.add(f.Errorf(CodeAddress, a.at, "the pool of %s is IPv4", a.name))
			continue
		case a.p != a.p.Masked():
			c.add(f.Errorf(CodeAddress, a.at, "%s has bits beyond its prefix length", a.p).WithHint("the pool is %s", a.p.Masked()))
		}
		if have := 1 << (32 - a.p.Bits()); a.need > have && s.MaxSpines*s.MaxLeaves*s.MaxParallel > 0 {
			c.add(f.Errorf(CodePoolSmall, a.at, "the pool of %s has %d addresses, and the sizing needs %d", a.name, have, a.need).
				WithRelated(f.Source("sizing"), "sizing").WithHint("a /%d is enough", bitsFor(a.need)))
		}
		for _, b := range pools[:i] {
			if b.p.IsValid() && a.p.Overlaps(b.p) {
				c.add(f.Errorf(CodePoolOverlap, a.at, "the pool of %s overlaps with that of %s", a.name, b.name).
					WithRelated(f.Source(b.at...), b.name))
			}
		}
	}
}

func bitsFor(n int) int {
	bits := 32
	for bits > 0 && 1<<(32-bits) < n {
		bits--
	}
	return bits
}

// fabricASNs checks that no two roles can ever have the same AS.
func (c *checker) fabricASNs() {
	f := c.Fabric
	a, s := f.Spec.ASN, f.Spec.Sizing
	first, last := uint64(a.LeafBase)+1, uint64(a.LeafBase)+uint64(s.MaxLeaves)
	inside := func(x ASN) bool { return uint64(x) >= first && uint64(x) <= last && a.LeafBase != 0 }
	if last > 4294967294 {
		c.add(f.Errorf(CodeASN, At{"asn", "leafBase"}, "the AS of leaf %d would be %d, beyond 32 bits", s.MaxLeaves, last))
	}
	if inside(a.Spine) {
		c.add(f.Errorf(CodeASN, At{"asn", "spine"}, "AS %d is also that of leaf %d: leaves have %d to %d", a.Spine, uint64(a.Spine)-first+1, first, last))
	}
	if o := f.Spec.Overlay.ASN; o != 0 && (inside(o) || o == a.Spine) {
		c.add(f.Errorf(CodeASN, At{"overlay", "asn"}, "AS %d is also that of a device in the underlay", o).
			WithHint("the overlay needs an AS of its own, outside %d to %d and other than %d", first, last, a.Spine))
	}
	owner := map[ASN]*Device{}
	for _, d := range c.Devices {
		asn := d.Spec.ASN
		if Role(d) == RoleLeaf && asn == 0 && d.Spec.ID > 0 && d.Spec.ID <= s.MaxLeaves && a.LeafBase != 0 {
			asn = a.LeafBase + ASN(d.Spec.ID)
		}
		if asn == 0 {
			continue
		}
		other := owner[asn]
		switch {
		case Role(d) == RoleSpine:
			continue
		case asn == a.Spine || asn == f.Spec.Overlay.ASN:
			if d.Spec.ASN != 0 {
				c.add(d.Errorf(CodeASN, At{"asn"}, "AS %d is already that of the spines or of the overlay", asn))
			}
		case other != nil && (d.Spec.ASN != 0 || other.Spec.ASN != 0):
			c.add(d.Errorf(CodeASN, At{"asn"}, "leaves %s and %s would both have AS %d", other.Name, d.Name, asn).
				WithRelated(other.Source("asn"), other.Name))
		default:
			owner[asn] = d
		}
	}
}

func (c *checker) fabricTemplates() {
	f := c.Fabric
	o := f.Spec.Overlay
	if o.RouteTarget != "" {
		if !strings.Contains(o.RouteTarget, "{vni}") && !strings.Contains(o.RouteTarget, "{evi}") {
			c.add(f.Errorf(CodeBadTemplate, At{"overlay", "routeTarget"}, "without {vni} or {evi} all instances would share one route target").WithHint(`"65000:{vni}"`))
		} else if err := checkRouteTarget(string(o.Target(1, 1))); err != nil {
			c.add(f.Errorf(CodeBadTemplate, At{"overlay", "routeTarget"}, "%s", err).WithHint(`"65000:{vni}"`))
		}
	}
	if o.RouteDistinguisher != "" && o.RouteDistinguisher != "{router-id}:{evi}" && o.RouteDistinguisher != "{router-id}:{vni}" {
		c.add(f.Errorf(CodeBadTemplate, At{"overlay", "routeDistinguisher"}, "a route distinguisher must tell devices and instances apart").
			WithHint(`"{router-id}:{evi}"`))
	}
}

// fabricMTU checks that what hosts send fits through the underlay with its VXLAN header.
func (c *checker) fabricMTU() {
	f := c.Fabric
	u := f.Spec.Underlay
	if u.IPMTU != 0 && u.L2MTU != 0 && u.L2MTU < u.IPMTU+14 {
		c.add(f.Errorf(CodeMTU, At{"underlay", "l2Mtu"}, "a packet of %d octets needs a frame of %d", u.IPMTU, u.IPMTU+14).
			WithRelated(f.Source("underlay", "ipMtu"), "ipMtu"))
	}
	fits := func(d *Document, at At, mtu int) {
		if mtu != 0 && u.IPMTU != 0 && mtu+VXLANOverhead > u.IPMTU {
			c.add(d.Errorf(CodeMTU, at, "a packet of %d octets has %d in VXLAN, and the underlay carries %d", mtu, mtu+VXLANOverhead, u.IPMTU).
				WithRelated(f.Source("underlay", "ipMtu"), "underlay").WithHint("at most %d", u.IPMTU-VXLANOverhead))
		}
	}
	fits(f.Document, At{"access", "mtu"}, f.Spec.AccessMTU())
	for _, p := range c.Ports {
		fits(p.Document, At{"mtu"}, p.Spec.MTU)
	}
	for _, v := range c.Vlans {
		if v.Spec.Gateway != nil {
			fits(v.Document, At{"gateway", "mtu"}, v.Spec.Gateway.MTU)
		}
	}
}

// fabricLinks checks both ends and the numbers of every link.
func (c *checker) fabricLinks() {
	f := c.Fabric
	type pair struct {
		a, b   DeviceName
		number int
	}
	first := map[pair]int{}
	linked := map[string]bool{}
	for i, l := range f.Spec.Links {
		a, b := c.device(f.Document, At{"links", i, "a"}, l.A.Device), c.device(f.Document, At{"links", i, "b"}, l.B.Device)
		if a == nil || b == nil {
			continue
		}
		linked[a.Name], linked[b.Name] = true, true
		if Role(a) == Role(b) {
			c.add(f.Errorf(CodeLinkRoles, At{"links", i}, "%s and %s both have the role %s", a.Name, b.Name, Role(a)).
				WithHint("a link connects a spine and a leaf"))
			continue
		}
		p := pair{min(l.A.Device, l.B.Device), max(l.A.Device, l.B.Device), l.Number()}
		if j, ok := first[p]; ok {
			c.add(f.Errorf(CodeParallel, At{"links", i}, "%s and %s have two links with the number %d", a.Name, b.Name, p.number).
				WithRelated(f.Source("links", j), "first here").WithHint("write parallel: %d", p.number+1))
		}
		first[p] = i
		if most := f.Spec.Sizing.MaxParallel; most > 0 && p.number > most {
			c.add(f.Errorf(CodeParallel, At{"links", i, "parallel"}, "link number %d is beyond maxParallel: %d", p.number, most).
				WithRelated(f.Source("sizing", "maxParallel"), "sizing"))
		}
		if s := l.Subnet; s.IsValid() && (!s.Addr().Is4() || s.Bits() != 31 || s != s.Masked()) {
			c.add(f.Errorf(CodeAddress, At{"links", i, "subnet"}, "the subnet of a link is an IPv4 /31"))
		}
	}
	for _, d := range c.Devices {
		if !linked[d.Name] && !c.lost && len(f.Spec.Links) > 0 {
			c.add(d.errorAt(CodeNoLinks, At{"metadata", "name"}, "%s has no link to any other device", d.Name).
				WithRelated(f.Source("links"), "links"))
		}
	}
}
