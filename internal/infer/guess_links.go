package infer

import (
	"cmp"
	"fmt"
	"math/bits"
	"net/netip"
	"slices"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
)

// A cable is a link with the /31 that its two ends share.
type cable struct {
	link
	subnet netip.Prefix
	own    bool // not what the pool would give
}

// cables finds the links: two routed ports in the default network instance, one of a spine and one of a leaf, that
// share a /31 of which the spine has the lower address.
func (g *guesser) cables() []cable {
	type end struct {
		d    *seen
		port int
	}
	ends := map[netip.Addr]end{}
	for _, d := range g.devices {
		for _, i := range d.model.Interfaces {
			if i.ID.Kind != fabric.Ethernet || i.ID.Number == 0 || len(i.Subinterfaces) != 1 {
				continue
			}
			s := i.Subinterfaces[0]
			if s.VRF == "" && s.VLANTag == 0 && len(s.IPv4) == 1 && s.IPv4[0].Bits() == 31 {
				ends[s.IPv4[0].Addr()] = end{d, i.ID.Number}
			}
		}
	}
	var out []cable
	for a, low := range ends {
		subnet := netip.PrefixFrom(a, 31).Masked()
		high, ok := ends[a.Next()]
		if subnet.Addr() != a || !ok || low.d.role != intent.RoleSpine || high.d.role != intent.RoleLeaf {
			continue
		}
		out = append(out, cable{link: link{spine: low.d.device, leaf: high.d.device, spinePort: low.port, leafPort: high.port}, subnet: subnet})
	}
	subnets := map[string]netip.Prefix{}
	for a, e := range ends {
		subnets[fmt.Sprintf("%s:%d", e.d.name, e.port)] = netip.PrefixFrom(a, 31).Masked()
	}
	out = append(out, g.knownCables(out, subnets)...)
	slices.SortFunc(out, func(a, b cable) int {
		return cmp.Or(cmp.Compare(a.spine.id, b.spine.id), cmp.Compare(a.leaf.id, b.leaf.id), a.subnet.Addr().Compare(b.subnet.Addr()), cmp.Compare(a.spinePort, b.spinePort))
	})
	for i := range out {
		out[i].parallel = 1
		if i > 0 && out[i-1].spine == out[i].spine && out[i-1].leaf == out[i].leaf {
			out[i].parallel = out[i-1].parallel + 1
		}
	}
	return out
}

// knownCables are those that somebody else knows of, of which one end or both cannot be read. Their /31 is that of the end
// that can, else what the pool gives.
func (g *guesser) knownCables(shown []cable, subnets map[string]netip.Prefix) []cable {
	var out []cable
	for _, k := range g.known {
		c := cable{link: link{spinePort: k.SpinePort, leafPort: k.LeafPort}}
		unread := false
		for _, d := range g.devices {
			switch {
			case d.name == k.Spine && d.role == intent.RoleSpine:
				c.spine, unread = d.device, unread || !d.read
			case d.name == k.Leaf && d.role == intent.RoleLeaf:
				c.leaf, unread = d.device, unread || !d.read
			}
		}
		there := slices.ContainsFunc(shown, func(o cable) bool {
			return o.spine == c.spine && o.spinePort == c.spinePort || o.leaf == c.leaf && o.leafPort == c.leafPort
		})
		if c.spine == nil || c.leaf == nil || !unread || there {
			continue
		}
		c.subnet = subnets[fmt.Sprintf("%s:%d", k.Spine, k.SpinePort)]
		if s := subnets[fmt.Sprintf("%s:%d", k.Leaf, k.LeafPort)]; s.IsValid() {
			c.subnet = s
		}
		out = append(out, c)
	}
	return out
}

// linkNumbers finds the pool and the sizing that give most links the /31 that they have, the first to try of those that
// give as many.
func (f *frameGuess) linkNumbers(g *guesser) {
	var pool netip.Prefix
	most, alike, leaves, parallel := 0, 0, f.leaves, f.parallel
	for _, l := range leavesToTry(f.least(intent.RoleLeaf, g)) {
		for _, p := range parallelToTry {
			found, fits := f.tryLinks(l, p)
			switch {
			case fits > most:
				pool, leaves, parallel, most, alike = found, l, p, fits, 1
			case fits == most:
				alike++
			}
		}
	}
	if most > 0 {
		f.linkPool, f.leaves, f.parallel = pool, leaves, parallel
		if alike > 1 {
			f.notes = append(f.notes, "maxLeaves and maxParallel are a guess: the links have the same addresses with others.")
		}
	} else {
		f.linkPool = f.freePool()
	}
	room := f.parallel
	for i := range f.links {
		c := &f.links[i]
		if !c.subnet.IsValid() {
			f.parallel = max(f.parallel, c.parallel)
			continue
		}
		c.own = c.parallel > room || addr32(number32(f.linkPool.Addr())+2*f.index(c, f.leaves, room)) != c.subnet.Addr()
		f.parallel = max(f.parallel, c.parallel)
	}
}

// parallelToTry are the numbers of parallel links, the likely ones first.
var parallelToTry = []int{2, 1, 4, 8, 16, 3, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15}

// leavesToTry are sizes of fabrics: first what tenter init writes, then powers of two, which people choose, then others.
func leavesToTry(least int) []int {
	var out []int
	add := func(l int) {
		if l >= least && l <= mostID && !slices.Contains(out, l) {
			out = append(out, l)
		}
	}
	for l := 64; l <= mostID; l *= 2 {
		add(l)
	}
	for l := 32; l >= 1; l /= 2 {
		add(l)
	}
	for l := least; l <= 512; l++ {
		add(l)
	}
	return out
}

func (f *frameGuess) index(c *cable, leaves, parallel int) int {
	return ((c.spine.id-1)*leaves+c.leaf.id-1)*parallel + c.parallel - 1
}

// tryLinks returns the pool that fits most links with a sizing, and how many.
func (f *frameGuess) tryLinks(leaves, parallel int) (netip.Prefix, int) {
	var bases []int
	for i := range f.links {
		c := &f.links[i]
		if c.parallel <= parallel && c.subnet.IsValid() {
			bases = append(bases, number32(c.subnet.Addr())-2*f.index(c, leaves, parallel))
		}
	}
	base, fits := most(bases)
	size := 32 - bits.Len(uint(2*f.spines*leaves*parallel-1))
	if fits == 0 || base < 0 || size < 8 {
		return netip.Prefix{}, 0
	}
	pool := netip.PrefixFrom(addr32(base), size)
	if pool.Masked() != pool || pool.Overlaps(f.router) || pool.Overlaps(f.vtep) {
		return netip.Prefix{}, 0
	}
	return pool, fits
}

// freePool is a pool that nothing that was seen is in.
func (f *frameGuess) freePool() netip.Prefix {
	size := min(24, 32-bits.Len(uint(2*f.spines*f.leaves*f.parallel-1)))
	for _, base := range []string{"10.254.0.0", "100.127.0.0", "172.30.0.0", "192.168.0.0"} {
		p := netip.PrefixFrom(netip.MustParseAddr(base), size).Masked()
		used := slices.ContainsFunc(f.links, func(c cable) bool { return c.subnet.IsValid() && p.Overlaps(c.subnet) })
		if !used && !p.Overlaps(f.router) && !p.Overlaps(f.vtep) {
			return p
		}
	}
	return netip.PrefixFrom(netip.MustParseAddr("198.18.0.0"), size).Masked()
}
