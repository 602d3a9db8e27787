package fabric

import (
	"encoding/binary"
	"net/netip"

	"github.com/tenter-net/tenter/internal/intent"
)

// numbers are the addresses and AS numbers of a fabric. Each is a function of one device's own id, or of the two ids
// of a link's ends, and of the fabric's sizing and pools; never of how many others there are.
type numbers struct {
	of    map[intent.DeviceName]deviceNumbers
	links []linkNumbers // as in the Fabric's spec
}

type deviceNumbers struct {
	asn    uint32
	router netip.Addr
	vtep   netip.Addr // invalid on a spine
}

type linkNumbers struct {
	spine, leaf         intent.PortRef
	spineAddr, leafAddr netip.Prefix
}

// allocate numbers everything and reports addresses that overrides made collide.
func allocate(set *intent.Set, out *intent.Diagnostics) *numbers {
	f := &set.Fabric.Spec
	n := &numbers{of: map[intent.DeviceName]deviceNumbers{}}
	claims := claims{by: map[netip.Addr]claim{}, out: out}
	ids := map[intent.DeviceName]*intent.Device{}
	for _, d := range set.Devices {
		ids[intent.DeviceName(d.Name)] = d
		x := numberDevice(f, d)
		n.of[intent.DeviceName(d.Name)] = x
		claims.take(x.router, d.Document, intent.At{"routerId"}, "the router id of "+d.Name)
		if x.vtep.IsValid() {
			claims.take(x.vtep, d.Document, intent.At{"vtep"}, "the VTEP of "+d.Name)
		}
	}
	for i, l := range f.Links {
		x := linkNumbers{spine: l.A, leaf: l.B}
		if intent.Role(ids[l.A.Device]) == intent.RoleLeaf {
			x.spine, x.leaf = l.B, l.A
		}
		subnet := l.Subnet
		if !subnet.IsValid() {
			subnet = linkSubnet(f, ids[x.spine.Device].Spec.ID, ids[x.leaf.Device].Spec.ID, l.Number())
		}
		x.spineAddr, x.leafAddr = subnet, netip.PrefixFrom(subnet.Addr().Next(), 31)
		at := intent.At{"links", i, "subnet"}
		claims.take(x.spineAddr.Addr(), set.Fabric.Document, at, "link "+x.spine.String())
		claims.take(x.leafAddr.Addr(), set.Fabric.Document, at, "link "+x.leaf.String())
		n.links = append(n.links, x)
	}
	return n
}

func numberDevice(f *intent.FabricSpec, d *intent.Device) deviceNumbers {
	s := &d.Spec
	var x deviceNumbers
	if intent.Role(d) == intent.RoleSpine {
		x.asn = uint32(f.ASN.Spine)
		x.router = nth(f.Loopbacks.Router, s.ID)
	} else {
		x.asn = uint32(f.ASN.LeafBase) + uint32(s.ID)
		x.router = nth(f.Loopbacks.Router, f.Sizing.MaxSpines+s.ID)
		x.vtep = nth(f.Loopbacks.VTEP, s.ID)
	}
	if s.ASN != 0 {
		x.asn = uint32(s.ASN)
	}
	if s.RouterID.IsValid() {
		x.router = s.RouterID
	}
	if s.VTEP.IsValid() {
		x.vtep = s.VTEP
	}
	return x
}

// linkSubnet is the /31 of the k-th parallel link (from 1) between a spine and a leaf.
func linkSubnet(f *intent.FabricSpec, spine, leaf, k int) netip.Prefix {
	i := ((spine-1)*f.Sizing.MaxLeaves+leaf-1)*f.Sizing.MaxParallel + k - 1
	return netip.PrefixFrom(nth(f.Underlay.Links, 2*i), 31)
}

// nth returns the n-th address of an IPv4 pool, from 0. The loader has checked that the pool is large enough.
func nth(pool netip.Prefix, n int) netip.Addr {
	b := pool.Masked().Addr().As4()
	binary.BigEndian.PutUint32(b[:], binary.BigEndian.Uint32(b[:])+uint32(n))
	return netip.AddrFrom4(b)
}

func host(a netip.Addr) []netip.Prefix { return []netip.Prefix{netip.PrefixFrom(a, a.BitLen())} }

// claims finds addresses that two owners have. Pools are apart, so only overrides can do that.
type claims struct {
	by  map[netip.Addr]claim
	out *intent.Diagnostics
}

type claim struct {
	doc *intent.Document
	at  intent.At
	as  string
}

func (c *claims) take(a netip.Addr, doc *intent.Document, at intent.At, as string) {
	o, taken := c.by[a]
	if !taken {
		c.by[a] = claim{doc, at, as}
		return
	}
	*c.out = append(*c.out, doc.Errorf(intent.CodeAddressTwice, at, "%s is %s and %s", a, o.as, as).
		WithRelated(o.doc.Source(o.at...), o.as).WithHint("an address that is written out must be outside of what the pools give to others"))
}
