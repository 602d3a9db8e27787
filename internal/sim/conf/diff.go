package conf

import (
	"maps"
	"slices"
)

// A Change is one difference between two trees: a leaf that is new or has another value, a container of a native tree
// that is new and says something by being there, or, without a Leaf, a node that is gone with everything below it.
type Change struct {
	Path Path
	Leaf *Node
}

// Diff returns what became different from before to after at the nodes that the pattern matches, deletes
// first. Either tree may be nil. It costs time in proportion to the difference.
func Diff(before, after *Tree, pattern Path) []Change {
	var d differ
	var b, a *Node
	if before != nil {
		b = before.Root
	}
	if after != nil {
		a = after.Root
	}
	d.descend(b, a, nil, pattern)
	return append(d.deletes, d.updates...)
}

type differ struct{ deletes, updates []Change }

// descend follows the pattern in both trees at once.
func (d *differ) descend(before, after *Node, at, pattern Path) {
	if before == after {
		return
	}
	if len(pattern) == 0 {
		d.compare(before, after, at)
		return
	}
	step := pattern[0]
	if step.Name == "..." {
		d.descend(before, after, at, pattern[1:])
		for _, p := range pairs(before, after, func(*Node) bool { return true }) {
			d.descend(p.before, p.after, at.Join(p.any().Step), pattern)
		}
		return
	}
	for _, p := range pairs(before, after, step.matches) {
		d.descend(p.before, p.after, at.Join(p.any().Step), pattern[1:])
	}
}

type pair struct{ before, after *Node }

func (p pair) any() *Node {
	if p.after != nil {
		return p.after
	}
	return p.before
}

// pairs returns the children of two nodes side by side, in order.
func pairs(before, after *Node, keep func(*Node) bool) []pair {
	var out []pair
	if before != nil {
		for _, kid := range before.Kids() {
			if (after == nil || after.kids[kid.id()] == nil) && keep(kid) {
				out = append(out, pair{before: kid})
			}
		}
	}
	if after == nil {
		return out
	}
	for _, kid := range after.Kids() {
		if !keep(kid) {
			continue
		}
		p := pair{after: kid}
		if before != nil {
			p.before = before.kids[kid.id()]
		}
		out = append(out, p)
	}
	return out
}

func (n *Node) id() string { return n.Step.id(n.Schema) }

// compare adds the differences of two nodes at one path.
func (d *differ) compare(before, after *Node, at Path) {
	switch {
	case before == after:
	case after == nil:
		d.deletes = append(d.deletes, Change{Path: at})
	case after.Leaf():
		if before == nil || !before.Leaf() || !before.Value.Equal(*after.Value) {
			d.updates = append(d.updates, Change{Path: at, Leaf: after})
		}
	default:
		if before == nil && after.braces() {
			d.updates = append(d.updates, Change{Path: at, Leaf: after})
		}
		moved := reordered(before, after)
		for _, p := range pairs(before, after, func(*Node) bool { return true }) {
			below := at.Join(p.any().Step)
			if p.before != nil && p.after != nil && moved[p.after.Step.Name] {
				d.deletes = append(d.deletes, Change{Path: below})
				p.before = nil
			}
			if p.before != p.after {
				d.compare(p.before, p.after, below)
			}
		}
	}
}

// reordered names the lists whose entries the user put into another order. Such a list is told anew as a
// whole: every entry deleted, then given again in its new order.
func reordered(before, after *Node) map[string]bool {
	if before == nil || after == nil {
		return nil
	}
	var moved map[string]bool
	for _, name := range slices.Sorted(maps.Keys(after.ordered())) {
		sequence := func(n, other *Node) []string {
			var ids []string
			for _, entry := range n.Entries(name) {
				if other.kids[entry.id()] != nil {
					ids = append(ids, entry.id())
				}
			}
			return ids
		}
		if !slices.Equal(sequence(before, after), sequence(after, before)) {
			if moved == nil {
				moved = map[string]bool{}
			}
			moved[name] = true
		}
	}
	return moved
}

// ordered names the lists among the children that the user orders.
func (n *Node) ordered() map[string]bool {
	var lists map[string]bool
	for _, kid := range n.kids {
		if kid.Schema != nil && kid.Schema.Ordered {
			if lists == nil {
				lists = map[string]bool{}
			}
			lists[kid.Step.Name] = true
		}
	}
	return lists
}
