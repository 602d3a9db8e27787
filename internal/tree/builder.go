package tree

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
)

// A Builder makes a Tree from leaves in any order. It is not safe for concurrent use.
type Builder struct {
	table   *Table
	base    *Tree
	gone    []cut // of base
	pending []item
	sorted  bool // pending is in canonical order without duplicates
	sourced bool
}

// An item is a leaf to be.
type item struct {
	place
	value  ValueID
	source SourceID
}

// A cut is a subtree to leave out: the nodes of an entry from at.node up to end.
type cut struct {
	at  place
	end schema.NodeID
}

// NewBuilder returns a builder of trees in the table.
func NewBuilder(t *Table) *Builder { return &Builder{table: t, sorted: true} }

// Table returns the table of the trees that the builder makes.
func (b *Builder) Table() *Table { return b.table }

// Set adds a leaf; a later Set of the same path wins. The value must be canonical. A key leaf that is an alias is
// taken as said by the path and adds nothing. The error is a *schema.PathError, a *StateError, or says that the node
// has no value.
func (b *Builder) Set(leaf Leaf) error {
	at, n, err := b.table.locate(leaf.Path)
	if err != nil {
		return err
	}
	if leaf.Value == "" {
		return fmt.Errorf("path %s: no value", leaf.Path)
	}
	isKeys := leaf.Value.Kind() == schema.KindKeys && n.Kind() == schema.List && n.OrderedByUser()
	if !n.HasValue() && !isKeys {
		return fmt.Errorf("path %s: a %s has no value", leaf.Path, n.Kind())
	}
	if n.IsKeyAlias() {
		return nil
	}
	b.add(at, b.table.Value(leaf.Value), leaf.Source)
	return nil
}

// Put adds a leaf of an entry that is already interned: Set for a decoder, which knows where it is. The node must
// have a value, and be no alias of a key.
func (b *Builder) Put(e EntryID, n schema.NodeID, v ValueID) { b.add(place{e, uint16(n)}, v, 0) }

func (b *Builder) add(at place, v ValueID, src SourceID) {
	if b.sorted && len(b.pending) > 0 && b.table.compare(b.pending[len(b.pending)-1].place, at) >= 0 {
		b.sorted = false
	}
	b.sourced = b.sourced || src != 0
	b.pending = append(b.pending, item{at, v, src})
}

// Delete removes all leaves at or under a path, whether set before or in the tree that the builder started from.
// What is not there is no error.
func (b *Builder) Delete(prefix path.Path) {
	at, n, ok, _ := b.table.find(prefix)
	if !ok {
		// Not canonical, or nothing is known there.
		normal, err := b.table.roots.Normalize(prefix)
		if err != nil {
			return
		}
		if at, n, ok, _ = b.table.find(normal); !ok {
			return
		}
	}
	b.cut(cut{at, n.End()})
}

func (b *Builder) cut(c cut) {
	if len(b.pending) > 1024 {
		// Looking through all of them for each of many deletes would take quadratic time.
		items := b.items()
		b.base, b.gone, b.pending, b.sorted = b.table.tree(items, b.hasSources()), nil, nil, true
	}
	b.pending = slices.DeleteFunc(b.pending, func(it item) bool { return b.table.under(it.place, c.at, c.end) })
	if b.base.Len() > 0 {
		b.gone = append(b.gone, c)
	}
}

func (b *Builder) hasSources() bool { return b.sourced || b.base != nil && b.base.sources != nil }

// items returns all that is set and not deleted, in canonical order.
func (b *Builder) items() []item {
	items := b.pending
	if !b.sorted {
		items = b.table.sort(items)
	}
	if b.base.Len() > 0 {
		items = b.merge(items)
	}
	return items
}

// Build returns the tree. The builder can go on and build again.
func (b *Builder) Build() *Tree {
	return b.table.tree(b.table.normal(b.items()), b.hasSources())
}

// merge returns the items in with the base tree's leaves that are not cut or replaced.
func (b *Builder) merge(items []item) []item {
	t, base := b.table, b.base
	type span struct{ lo, hi int }
	var gone []span
	for _, c := range b.gone {
		if lo, hi := base.span(c.at, c.end); lo < hi {
			gone = append(gone, span{lo, hi})
		}
	}
	slices.SortFunc(gone, func(x, y span) int { return cmp.Compare(x.lo, y.lo) })
	out := make([]item, 0, base.Len()+len(items))
	for i := 0; i < base.Len(); i++ {
		for len(gone) > 0 && gone[0].hi <= i {
			gone = gone[1:]
		}
		at := base.place(i)
		for len(items) > 0 && items[0].place != at && t.compare(items[0].place, at) < 0 {
			out, items = append(out, items[0]), items[1:]
		}
		switch {
		case len(items) > 0 && items[0].place == at:
			out, items = append(out, items[0]), items[1:]
		case len(gone) > 0 && gone[0].lo <= i:
			i = gone[0].hi - 1
		default:
			out = append(out, item{at, base.values[i], base.source(i)})
		}
	}
	return append(out, items...)
}

// tree splits items into columns, and shares the places of the table's newest tree where they are the same.
func (t *Table) tree(items []item, sourced bool) *Tree {
	out := &Tree{table: t, values: make([]ValueID, len(items))}
	if sourced {
		out.sources = make([]SourceID, len(items))
	}
	for i, it := range items {
		out.values[i] = it.value
		if sourced {
			out.sources[i] = it.source
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if last := t.last; last != nil && len(last.nodes) == len(items) {
		same := true
		for i, it := range items {
			if last.entries[i] != it.entry || last.nodes[i] != it.node {
				same = false
				break
			}
		}
		if same {
			out.entries, out.nodes = last.entries, last.nodes
			return out
		}
	}
	out.entries, out.nodes = make([]EntryID, len(items)), make([]uint16, len(items))
	for i, it := range items {
		out.entries[i], out.nodes[i] = it.entry, it.node
	}
	t.last = &places{out.entries, out.nodes}
	return out
}
