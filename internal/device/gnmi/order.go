package gnmi

import (
	"cmp"
	"slices"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
)

// phased returns an edit whose leaves are in an order in which it may be cut anywhere: what others refer to comes before
// them, and the entry of a list before what is in it. Lists that refer to each other in a ring stay in the models' order;
// there the device may refuse a phase.
func (s *Session) phased(edit tree.Edit) tree.Edit {
	g := order{roots: s.cfg.Table.Roots(), needs: map[place]map[place]bool{}}
	places := make([]place, len(edit.Updates))
	within := make([]int, len(edit.Updates)) // 1 for what refers to another entry of its own list
	for i, l := range edit.Updates {
		places[i], within[i] = g.add(l)
	}
	rank := g.ranks()
	at := make([]int, len(places))
	for i := range at {
		at[i] = i
	}
	slices.SortStableFunc(at, func(a, b int) int {
		return cmp.Or(cmp.Compare(rank[places[a]], rank[places[b]]), cmp.Compare(within[a], within[b]))
	})
	updates := make([]tree.Leaf, len(at))
	for i, from := range at {
		updates[i] = edit.Updates[from]
	}
	edit.Updates = updates
	return edit
}

// A place is what leaves are put in order by: a list of a schema, or a container at its top.
type place struct {
	origin string
	node   schema.NodeID
}

// order is which places need which others before them.
type order struct {
	roots *schema.Roots
	needs map[place]map[place]bool
}

// add notes what one leaf needs, and returns its place, and 1 if it needs another entry of the same list.
func (g *order) add(l tree.Leaf) (at place, within int) {
	n, ok := g.roots.Node(l.Path)
	if !ok {
		return place{origin: l.Path.Origin}, 0
	}
	own, in := g.place(l.Path, n)
	at = place{l.Path.Origin, own.ID()}
	if g.needs[at] == nil {
		g.needs[at] = map[place]bool{}
	}
	if !in.IsZero() {
		g.needs[at][place{l.Path.Origin, in.ID()}] = true
	}
	for _, r := range n.References(l.Value) {
		if r.Target.IsZero() {
			continue
		}
		to, _ := g.place(l.Path, r.Target)
		switch {
		case to.ID() != own.ID():
			g.needs[at][place{l.Path.Origin, to.ID()}] = true
		case !n.IsKey() && !n.IsKeyAlias() && !own.OrderedByUser():
			within = 1
		}
	}
	return at, within
}

// place returns the list that a node is in, and the list around that, if any. All of a user-ordered list is one place:
// it travels whole.
func (g *order) place(p path.Path, n schema.Node) (own, around schema.Node) {
	models, _ := g.roots.Schema(p.Origin)
	var lists []schema.Node
	top := n
	for ; n.ID() != models.Root().ID(); n = n.Parent() {
		top = n
		if n.Kind() == schema.List {
			lists = append(lists, n)
		}
	}
	slices.Reverse(lists)
	for i, l := range lists {
		if l.OrderedByUser() {
			lists = lists[:i+1]
			break
		}
	}
	switch len(lists) {
	case 0:
		return top, schema.Node{}
	case 1:
		return lists[0], schema.Node{}
	}
	return lists[len(lists)-1], lists[len(lists)-2]
}

// ranks numbers the places so that each comes after those that it needs.
func (g *order) ranks() map[place]int {
	var all []place
	for p := range g.needs {
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b place) int { return cmp.Or(cmp.Compare(a.origin, b.origin), cmp.Compare(a.node, b.node)) })
	rank := map[place]int{}
	ready := func(p place) bool {
		for need := range g.needs[p] {
			if _, done := rank[need]; !done && g.needs[need] != nil {
				return false
			}
		}
		return true
	}
	for len(all) > 0 {
		i := max(0, slices.IndexFunc(all, ready)) // the first one of a ring
		rank[all[i]] = len(rank)
		all = slices.Delete(all, i, i+1)
	}
	return rank
}
