package tree

import (
	"iter"
	"slices"
	"sort"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
)

// A Tree is an immutable set of leaves in canonical path order. A nil Tree is empty.
type Tree struct {
	table *Table
	// The places, split into columns because a place would be padded to eight bytes. Trees with the same leaves
	// share them.
	entries []EntryID
	nodes   []uint16
	values  []ValueID
	sources []SourceID // nil if no leaf has one
}

// Len returns the number of leaves.
func (t *Tree) Len() int {
	if t == nil {
		return 0
	}
	return len(t.values)
}

// Table returns the table that the tree's leaves are interned in; nil for a nil Tree.
func (t *Tree) Table() *Table {
	if t == nil {
		return nil
	}
	return t.table
}

func (t *Tree) place(i int) place { return place{t.entries[i], t.nodes[i]} }

// At returns the i-th leaf.
func (t *Tree) At(i int) Leaf {
	return Leaf{Path: t.table.path(t.place(i)), Value: t.Value(i), Source: t.source(i)}
}

// Node returns the schema node of the i-th leaf.
func (t *Tree) Node(i int) schema.Node { return t.table.node(t.place(i)) }

// Value returns the value of the i-th leaf.
func (t *Tree) Value(i int) schema.Value {
	return schema.Value(t.table.values.get(uint32(t.values[i])))
}

func (t *Tree) source(i int) SourceID {
	if t.sources == nil {
		return 0
	}
	return t.sources[i]
}

// Find returns the position of the leaf with that path.
func (t *Tree) Find(p path.Path) (i int, ok bool) {
	if t.Len() == 0 {
		return 0, false
	}
	at, _, ok, _ := t.table.find(p)
	if !ok {
		return 0, false
	}
	return t.search(at)
}

func (t *Tree) search(at place) (int, bool) {
	return sort.Find(t.Len(), func(i int) int { return t.table.compare(at, t.place(i)) })
}

// Get returns the leaf with that path.
func (t *Tree) Get(p path.Path) (Leaf, bool) {
	i, ok := t.Find(p)
	if !ok {
		return Leaf{}, false
	}
	return t.At(i), true
}

// Range returns the positions of all leaves at or under a path: lo up to but not including hi. A path to a list
// without keys has all of its entries.
func (t *Tree) Range(prefix path.Path) (lo, hi int) {
	if t.Len() == 0 {
		return 0, 0
	}
	at, n, ok, _ := t.table.find(prefix)
	if !ok {
		return 0, 0
	}
	return t.span(at, n.End())
}

// span returns the positions of the leaves whose place, as seen from at.entry, is from at.node up to end.
func (t *Tree) span(at place, end schema.NodeID) (lo, hi int) {
	lo = sort.Search(t.Len(), func(i int) bool { return t.table.compare(t.place(i), at) >= 0 })
	// Most subtrees are small: look nearby first, in steps that double.
	near, step := 0, 1
	for lo+step < t.Len() && t.table.under(t.place(lo+step), at, end) {
		near, step = step, 2*step
	}
	most := min(step, t.Len()-lo)
	hi = lo + near + sort.Search(most-near, func(i int) bool { return !t.table.under(t.place(lo+near+i), at, end) })
	return lo, hi
}

// under reports whether p is in at.entry, and in one of its nodes from at.node up to end.
func (t *Table) under(p, at place, end schema.NodeID) bool {
	for p.entry != at.entry {
		if t.isRoot(p.entry) {
			return false
		}
		e := t.at(p.entry)
		p = place{e.parent, e.node}
	}
	return p.node >= at.node && schema.NodeID(p.node) < end
}

// Has reports whether there is a leaf at or under a path.
func (t *Tree) Has(prefix path.Path) bool {
	lo, hi := t.Range(prefix)
	return lo < hi
}

// All yields every leaf in canonical order.
func (t *Tree) All() iter.Seq[Leaf] { return t.slice(0, t.Len()) }

// Under yields the leaves at or under a path in canonical order.
func (t *Tree) Under(prefix path.Path) iter.Seq[Leaf] { return t.slice(t.Range(prefix)) }

// Texts yields the canonical texts of the paths at or under one, with the values, in canonical order: Under for a reader that
// needs the text alone. The bytes are good until the next.
func (t *Tree) Texts(prefix path.Path) iter.Seq2[[]byte, schema.Value] {
	return func(yield func([]byte, schema.Value) bool) {
		lo, hi := t.Range(prefix)
		var text []byte
		var names [16]string
		in, base := EntryID(0), 0 // text[:base] is that of the entry the last leaf is in
		for i := lo; i < hi; i++ {
			at := t.place(i)
			list := schema.NodeID(0)
			if !t.table.isRoot(at.entry) {
				list = schema.NodeID(t.table.at(at.entry).node)
			}
			if i == lo || at.entry != in {
				p := t.table.path(place{at.entry, uint16(list)})
				if text = text[:0]; len(p.Elems) > 0 {
					text = p.AppendText(text)
				} else if p.Origin != path.OpenConfig {
					text = append(append(text, p.Origin...), ':')
				}
				in, base = at.entry, len(text)
			}
			below := names[:0]
			for n := t.table.node(at); n.ID() != list; n = n.Parent() {
				below = append(below, n.Name())
			}
			text = text[:base]
			for _, name := range slices.Backward(below) {
				text = append(append(text, '/'), name...)
			}
			if !yield(text, t.Value(i)) {
				return
			}
		}
	}
}

func (t *Tree) slice(lo, hi int) iter.Seq[Leaf] {
	return func(yield func(Leaf) bool) {
		for i := lo; i < hi; i++ {
			if !yield(t.At(i)) {
				return
			}
		}
	}
}

// Builder returns a builder that starts from the tree. The tree must not be nil.
func (t *Tree) Builder() *Builder {
	b := NewBuilder(t.table)
	b.base = t
	return b
}
