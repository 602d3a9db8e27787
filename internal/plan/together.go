package plan

import (
	"slices"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/tree"
)

// A Together says which leaves a device takes only together, in one Set: when one of them changes, the others go with it as
// they are. The zero Together sends every leaf alone.
type Together struct {
	groups [][]path.Path // key values "*" stand for those of the leaf that changes
}

// NewTogether reads a device's profile.
func NewTogether(by *profile.Profile) Together {
	var t Together
	for _, g := range by.Together {
		var group []path.Path
		for _, p := range g {
			group = append(group, p.Path)
		}
		t.groups = append(t.groups, group)
	}
	return t
}

// with returns the leaves that have to go with p.
func (t Together) with(p path.Path) []path.Path {
	var out []path.Path
	for _, group := range t.groups {
		i := slices.IndexFunc(group, func(g path.Path) bool { return fits(g, p) })
		if i < 0 {
			continue
		}
		for j, g := range group {
			if j != i {
				out = append(out, bound(g, p))
			}
		}
	}
	return out
}

// fits reports whether p is a leaf that a path with wildcards in its keys names.
func fits(g, p path.Path) bool {
	if g.Origin != p.Origin || len(g.Elems) != len(p.Elems) {
		return false
	}
	for i, e := range g.Elems {
		if e.Name != p.Elems[i].Name {
			return false
		}
		for _, k := range e.Keys {
			if v, ok := p.Elems[i].Key(k.Name); !ok || k.Value != "*" && k.Value != v {
				return false
			}
		}
	}
	return true
}

// bound returns g with the keys of p where both go through the same list entries.
func bound(g, p path.Path) path.Path {
	out := path.Path{Origin: g.Origin, Elems: slices.Clone(g.Elems)}
	for i := range out.Elems {
		if i >= len(p.Elems) || out.Elems[i].Name != p.Elems[i].Name {
			break
		}
		out.Elems[i] = p.Elems[i]
	}
	return out
}

// together adds to updates what the device takes only together with them: as the device has it, for it does not change.
func (s *shaper) together(updates []tree.Leaf, gone []tree.Change) []tree.Leaf {
	out := updates
	for _, u := range updates {
		for _, p := range s.in.Together.with(u.Path) {
			here := func(l tree.Leaf) bool { return path.Equal(l.Path, p) }
			have, there := s.observed.Get(p)
			deleted := slices.ContainsFunc(gone, func(c tree.Change) bool { return path.Equal(c.Path, p) })
			if !there || deleted || slices.ContainsFunc(out, here) {
				continue
			}
			out = append(slices.Clip(out), tree.Leaf{Path: p, Value: have.Value})
			s.note(p, "sent again as it is: the device takes "+u.Path.String()+" only together with it")
		}
	}
	slices.SortStableFunc(out[len(updates):], func(a, b tree.Leaf) int { return path.Compare(a.Path, b.Path) })
	return out
}
