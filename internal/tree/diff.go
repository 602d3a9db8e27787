package tree

import (
	"iter"

	"github.com/tenter-net/tenter/internal/schema"
)

// Diff yields the leaves that differ, in canonical order. Either tree may be nil. Trees of one table differ by
// numbers alone; a tree of another table is interned first.
func Diff(before, after *Tree) iter.Seq[Change] {
	return func(yield func(Change) bool) {
		if before.Len() > 0 && after.Len() > 0 && before.table != after.table {
			after = after.in(before.table)
		}
		m := merger{before: before, after: after}
		for i, j := range m.all {
			if !yield(m.change(i, j)) {
				return
			}
		}
	}
}

// in returns the tree in another table.
func (t *Tree) in(table *Table) *Tree {
	b := NewBuilder(table)
	for l := range t.All() {
		// What the other table's schemas do not have cannot be compared with anything in it.
		_ = b.Set(l)
	}
	return b.Build()
}

type merger struct{ before, after *Tree }

// all calls yield with the positions of both sides of each difference, -1 where a side has no such leaf.
func (m merger) all(yield func(i, j int) bool) {
	a, b := m.before, m.after
	n, k := a.Len(), b.Len()
	if n > 0 && n == k && &a.nodes[0] == &b.nodes[0] {
		for i, v := range a.values {
			if b.values[i] != v && !yield(i, i) {
				return
			}
		}
		return
	}
	i, j := 0, 0
	for i < n && j < k {
		if a.entries[i] == b.entries[j] && a.nodes[i] == b.nodes[j] {
			if a.values[i] != b.values[j] && !yield(i, j) {
				return
			}
			i, j = i+1, j+1
			continue
		}
		if a.table.compare(a.place(i), b.place(j)) < 0 {
			if !yield(i, -1) {
				return
			}
			i++
			continue
		}
		if !yield(-1, j) {
			return
		}
		j++
	}
	for ; i < n; i++ {
		if !yield(i, -1) {
			return
		}
	}
	for ; j < k; j++ {
		if !yield(-1, j) {
			return
		}
	}
}

func (m merger) change(i, j int) Change {
	var before, after schema.Value
	if i >= 0 {
		before = m.before.Value(i)
	}
	if j < 0 {
		return Change{Path: m.before.table.path(m.before.place(i)), Before: before, Source: m.before.source(i)}
	}
	after = m.after.Value(j)
	src := m.after.source(j)
	if src == 0 && i >= 0 {
		src = m.before.source(i)
	}
	return Change{Path: m.after.table.path(m.after.place(j)), Before: before, After: after, Source: src}
}
