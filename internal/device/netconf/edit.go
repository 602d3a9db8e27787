package netconf

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
)

// outcome returns what a datastore has to hold after an edit.
func outcome(before *tree.Tree, edit tree.Edit) (*tree.Tree, error) {
	b := before.Builder()
	for _, p := range edit.Deletes {
		b.Delete(p)
	}
	leaves := slices.Clone(edit.Updates)
	for _, r := range edit.Replaces {
		b.Delete(r.Path)
		leaves = slices.Concat(r.Leaves, leaves)
	}
	for _, l := range leaves {
		if err := b.Set(l); err != nil {
			return nil, err
		}
	}
	return b.Build(), nil
}

// changes returns the leaves in which two trees differ, in canonical order.
func changes(before, after *tree.Tree) []tree.Change {
	return slices.Collect(tree.Diff(before, after))
}

// An editor writes the configuration of an edit-config that makes before into after. It says what is to go away one by
// one, never by replacing what is around it: what Tenter does not know of stays.
type editor struct {
	before, after *tree.Tree
	remove        string // the operation that removes: "delete", or "remove" of NETCONF 1.1
	roots         map[string]*branch
}

// configXML returns the content of <config>.
func configXML(before, after *tree.Tree, list []tree.Change, remove string) (string, error) {
	e := &editor{before: before, after: after, remove: remove, roots: map[string]*branch{}}
	for _, c := range list {
		if err := e.change(c); err != nil {
			return "", err
		}
	}
	var out bytes.Buffer
	for _, origin := range after.Table().Roots().Origins() {
		if root := e.roots[origin]; root != nil {
			for _, kid := range root.kids {
				if err := kid.write(&out, nsBase); err != nil {
					return "", err
				}
			}
		}
	}
	return out.String(), nil
}

func (e *editor) change(c tree.Change) error {
	roots := e.after.Table().Roots()
	n, ok := roots.Node(c.Path)
	if !ok {
		return roots.Check(c.Path)
	}
	switch {
	case n.Kind() == schema.List:
		return e.order(n, c)
	case c.After == "":
		return e.gone(n, c)
	case n.Kind() == schema.LeafList:
		return e.leafList(c)
	case n.IsKey() && !n.IsKeyAlias():
		_, err := e.grow(c.Path.Parent()) // the entry says its keys by itself
		return err
	}
	b, err := e.grow(c.Path)
	if err == nil && n.Kind() == schema.Leaf {
		b.text = []schema.Value{c.After}
	}
	return err
}

// grow returns the branch at a path.
func (e *editor) grow(p path.Path) (*branch, error) {
	root := e.roots[p.Origin]
	if root == nil {
		s, ok := e.after.Table().Roots().Schema(p.Origin)
		if !ok {
			return nil, fmt.Errorf("unknown origin %q", p.Origin)
		}
		root = &branch{node: s.Root()}
		e.roots[p.Origin] = root
	}
	return root.grow(p.Elems)
}

// gone removes a leaf, or the outermost entry or presence container around it of which nothing is left.
func (e *editor) gone(n schema.Node, c tree.Change) error {
	roots := e.after.Table().Roots()
	for i := range c.Path.Elems {
		outer := path.Path{Origin: c.Path.Origin, Elems: c.Path.Elems[:i+1]}
		at, ok := roots.Node(outer)
		if !ok {
			return roots.Check(outer)
		}
		if (at.Kind() == schema.List && len(outer.Last().Keys) > 0 || at.Presence()) && !e.after.Has(outer) {
			b, err := e.grow(outer)
			if err == nil {
				b.op = e.remove
				b.prune()
			}
			return err
		}
	}
	b, err := e.grow(c.Path)
	if err != nil {
		return err
	}
	b.op = e.remove
	switch n.Kind() {
	case schema.LeafList:
		b.text = c.Before.Items() // each element is removed by its value
	case schema.Leaf:
		b.text = []schema.Value{c.Before} // needed by nobody, but some devices refuse a number without digits
	}
	return nil
}

// leafList makes a leaf-list what it is to be, element by element.
func (e *editor) leafList(c tree.Change) error {
	had, want := c.Before.Items(), c.After.Items()
	var lost, fresh []schema.Value
	for _, v := range had {
		if !slices.Contains(want, v) {
			lost = append(lost, v)
		}
	}
	for _, v := range want {
		if !slices.Contains(had, v) {
			fresh = append(fresh, v)
		}
	}
	parent, err := e.grow(c.Path.Parent())
	if err != nil {
		return err
	}
	n, _ := parent.node.Child(c.Path.Last().Name)
	if len(lost) > 0 {
		parent.add(n.Name()+"-", &branch{node: n, op: e.remove, text: lost})
	}
	switch {
	case !appends(had, want) && n.OrderedByUser():
		parent.add(n.Name()+"+", &branch{node: n, insert: "last", text: want})
	case len(fresh) > 0:
		parent.add(n.Name()+"+", &branch{node: n, text: fresh})
	}
	return nil
}

// order puts the entries of a user-ordered list into their sequence. Where all that is new goes to the end, sending it
// in order does that; else each entry in turn is put last (RFC 7950, section 7.8.6).
func (e *editor) order(n schema.Node, c tree.Change) error {
	want := c.After.Entries()
	insert := ""
	if !appends(c.Before.Entries(), want) {
		insert = "last"
	}
	parent, err := e.grow(c.Path.Parent())
	if err != nil {
		return err
	}
	for _, keys := range want {
		if insert == "" && slices.Contains(c.Before.Entries(), keys) {
			continue
		}
		entry, err := path.Parse("/" + n.Name() + keys)
		if err != nil {
			return err
		}
		if !e.after.Has(c.Path.Parent().Append(entry.Elems...)) {
			continue // it goes away in this edit
		}
		b, err := parent.grow(entry.Elems)
		if err != nil {
			return err
		}
		b.insert = insert
	}
	return nil
}

// appends reports whether want is what is left of had, with what is new behind it.
func appends[T comparable](had, want []T) bool {
	i := 0
	for _, v := range had {
		if !slices.Contains(want, v) {
			continue
		}
		if want[i] != v {
			return false
		}
		i++
	}
	return true
}
