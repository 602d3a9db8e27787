package srlinux

import (
	"net/netip"
	"slices"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/render/dialect"
)

// redistribution is what SR Linux does by itself: a session announces every route of its network instance that its export
// policy accepts, wherever the route comes from. So nothing is written, and what the redistribution's own policy would
// have kept back is said.
type redistribution struct {
	VRF   string
	R     fabric.Redistribution
	Leaks []netip.Prefix
}

func renderRedistribution(w *dialect.Writer, n dialect.Namer, r redistribution) {
	for _, p := range r.Leaks {
		w.Gap(r.R.Source, bgpPath(n, r.VRF), "SR Linux announces what export policies accept, and one accepts %s, which policy %q keeps out of BGP", p, r.R.Policy)
	}
	if r.R.From != fabric.Connected && r.R.Policy != "" {
		w.Gap(r.R.Source, bgpPath(n, r.VRF), "SR Linux announces what export policies accept: policy %q does not keep routes of %s out of BGP", r.R.Policy, r.R.From)
	}
}

// leaks returns the connected prefixes that some session's export policies accept and the redistribution's policy does
// not.
func leaks(d *fabric.Device, b fabric.BGP, r fabric.Redistribution) []netip.Prefix {
	if r.Policy == "" || r.From != fabric.Connected {
		return nil
	}
	var exports [][]string
	add := func(s fabric.PeerSettings) {
		for _, f := range s.Families {
			if f.Family == r.Family {
				exports = append(exports, f.Export)
			}
		}
	}
	for _, g := range b.Groups {
		add(g.PeerSettings)
	}
	for _, n := range b.Neighbors {
		add(n.PeerSettings)
	}
	var out []netip.Prefix
	for _, p := range connected(d, b.VRF) {
		if p.Addr().Is6() != (r.Family == fabric.IPv6Unicast) || accepts(d, r.Policy, p, r.From) {
			continue
		}
		announced := func(names []string) bool {
			return slices.ContainsFunc(names, func(name string) bool { return accepts(d, name, p, r.From) })
		}
		if slices.ContainsFunc(exports, announced) {
			out = append(out, p)
		}
	}
	return out
}

// accepts reports whether a policy of the device accepts a route.
func accepts(d *fabric.Device, policy string, p netip.Prefix, from fabric.Protocol) bool {
	i := slices.IndexFunc(d.Policies, func(x fabric.Policy) bool { return x.Name == policy })
	if i < 0 {
		return false
	}
	for _, s := range d.Policies[i].Statements {
		if (s.Protocol == "" || s.Protocol == from) && (s.PrefixSet == "" || holds(d, s.PrefixSet, p)) {
			return s.Accept
		}
	}
	return false
}

func holds(d *fabric.Device, set string, p netip.Prefix) bool {
	i := slices.IndexFunc(d.PrefixSets, func(x fabric.PrefixSet) bool { return x.Name == set })
	return i >= 0 && slices.ContainsFunc(d.PrefixSets[i].Prefixes, func(r fabric.PrefixRange) bool {
		return r.Prefix.Contains(p.Addr()) && p.Bits() >= r.Min && p.Bits() <= r.Max
	})
}
