package wire

import (
	"bytes"
	"slices"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
)

// Check compares a JSON subtree at a path with what a tree has there, and returns what differs in canonical order:
// Before is the tree's, After the device's. It gives what Snapshot, Build and tree.Diff would, but a value that is as
// expected is never made canonical, and no tree is built. Broken JSON is a problem and no difference.
func (d Decoder) Check(want *tree.Tree, at path.Path, text []byte) ([]tree.Change, []tree.Problem) {
	n, at, problem := d.node(at)
	if problem != nil {
		return nil, []tree.Problem{*problem}
	}
	doc, start, problem := d.read(at, n, text)
	if problem != nil {
		return nil, []tree.Problem{*problem}
	}
	entries, err := doc.intern(want.Table(), start)
	if err != nil {
		return nil, []tree.Problem{{Path: at.String(), Reason: err.Error()}}
	}
	lo, hi := want.Range(at)
	c := checker{doc: doc, want: want, at: start, seen: make([]bool, hi-lo), lo: lo}
	index := want.Index()
	for _, l := range doc.leaves {
		if doc.entries[l.entry].broken {
			continue
		}
		i, known := index.Find(entries[l.entry], l.node)
		c.leaf(l, i, known)
	}
	for _, o := range doc.orders {
		if doc.entries[o.entry].broken {
			continue
		}
		i, known := index.Find(entries[o.entry], o.list)
		c.compare(docLeaf{entry: o.entry, node: o.list}, i, known, doc.order(o))
	}
	for i, seen := range c.seen {
		if !seen {
			l := want.At(lo + i)
			c.changes = append(c.changes, tree.Change{Path: l.Path, Before: l.Value, Source: l.Source})
		}
	}
	slices.SortFunc(c.changes, func(a, b tree.Change) int { return path.Compare(a.Path, b.Path) })
	return c.changes, doc.problems
}

type checker struct {
	doc     *document
	want    *tree.Tree
	at      path.Path
	lo      int
	seen    []bool // of want's leaves at and under the path, from lo
	changes []tree.Change
}

// leaf checks one leaf, which is want's i-th if it is known there.
func (c *checker) leaf(l docLeaf, i int, known bool) {
	if known && is(c.doc.raw(l.token), c.want.Value(i)) {
		c.seen[i-c.lo] = true
		return
	}
	n := c.doc.schema.Node(l.node)
	v := c.doc.value(n, l.token)
	if v.err == nil {
		c.compare(l, i, known, v.value)
		return
	}
	p := c.at.Append(c.doc.elems(l.entry, n)...)
	c.doc.problems = append(c.doc.problems, tree.Problem{Path: p.String(), Reason: v.err.Error()})
	if known {
		c.seen[i-c.lo] = true // it is there, and its value a finding of its own
	}
}

func (c *checker) compare(l docLeaf, i int, known bool, v schema.Value) {
	change := tree.Change{After: v}
	if known {
		c.seen[i-c.lo] = true
		if change.Before = c.want.Value(i); change.Before == v {
			return
		}
		change.Source = c.want.At(i).Source
	}
	change.Path = c.at.Append(c.doc.elems(l.entry, c.doc.schema.Node(l.node))...)
	c.changes = append(c.changes, change)
}

// is reports whether a token is certainly the value. What it does not know at sight is left to the schema.
func is(raw []byte, v schema.Value) bool {
	text := v[1:]
	switch v.Kind() {
	case schema.KindInt, schema.KindBool:
		return string(raw) == string(text)
	case schema.KindString, schema.KindEnum, schema.KindIdentity:
		return len(raw) == len(text)+2 && raw[0] == '"' && string(raw[1:len(raw)-1]) == string(text) && bytes.IndexByte(raw, '\\') < 0
	}
	return false
}
