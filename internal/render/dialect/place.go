package dialect

import (
	"slices"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
)

// A Place is a node of the tree where leaves of one source are written, found once for all of them.
type Place struct {
	Entry *Entry
	Node  schema.Node

	w      *Writer
	source *tree.Source
}

// Place finds a node. The error tells what of the path the schema does not know.
func (w *Writer) Place(source tree.Source, at path.Path) (Place, error) {
	entry, node, err := w.locate(at)
	return Place{entry, node, w, &source}, err
}

// In returns the place of another node in the same list entry.
func (p Place) In(n schema.Node) Place { return Place{p.Entry, n, p.w, p.source} }

// Enter returns the place of an entry of a list in the same list entry. The keys are sorted by name.
func (p Place) Enter(list schema.Node, keys []path.Key) Place {
	at := path.Path{Origin: p.Entry.Path.Origin, Elems: appendNames(slices.Clip(p.Entry.Path.Elems), p.Entry, list)}
	at.Elems[len(at.Elems)-1].Keys = keys
	texts := make([]string, len(keys))
	for i, k := range keys {
		texts[i] = k.Value
	}
	return Place{&Entry{p.w.table.Entry(p.Entry.ID, list, texts), at}, list, p.w, p.source}
}

// Set adds a leaf of the same list entry with a value of any form that schema.Node.Canonical takes.
func (p Place) Set(n schema.Node, v any) {
	c, err := n.Canonical(v)
	if err != nil {
		p.Fail(n, err)
		return
	}
	p.Add(n, c)
}

// Add adds a leaf of the same list entry.
func (p Place) Add(n schema.Node, v schema.Value) {
	p.w.Leaves = append(p.w.Leaves, Leaf{Entry: p.Entry, Node: n, Value: v, Source: p.source})
}

// Fail says that a leaf cannot be written.
func (p Place) Fail(n schema.Node, err error) {
	p.w.Fail(*p.source, Leaf{Entry: p.Entry, Node: n}.Path(), err)
}

// Path returns the path of the leaf.
func (l Leaf) Path() path.Path { return l.PathIn(nil) }

// PathIn is Path with elements in buf, if they fit: for a caller who is done with one path before the next.
func (l Leaf) PathIn(buf []path.Elem) path.Path {
	elems := append(buf[:0], l.Entry.Path.Elems...)
	return path.Path{Origin: l.Entry.Path.Origin, Elems: appendNames(elems, l.Entry, l.Node)}
}

// appendNames appends the elements from an entry down to a node in it, without keys.
func appendNames(elems []path.Elem, e *Entry, n schema.Node) []path.Elem {
	depth := -len(e.Path.Elems)
	for m := n; m.ID() != 0; m = m.Parent() {
		depth++
	}
	from := len(elems)
	elems = slices.Grow(elems, depth)[:from+depth]
	for i := len(elems) - 1; i >= from; i-- {
		elems[i], n = path.Elem{Name: n.Name()}, n.Parent()
	}
	return elems
}
