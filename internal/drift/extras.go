package drift

import (
	"iter"
	"slices"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
)

// mostFresh is how many leaves extras keep outside their tree before it is built anew, at least.
const mostFresh = 1024

// extras is what a device has beside the desired leaves: a tree with deviations like observed, plus the few leaves that
// came since that tree was built. They are kept since tomorrow's intent may declare them.
type extras struct {
	observed
	fresh []tree.Leaf // in canonical order
}

func newExtras(base *tree.Tree) extras {
	o := newObserved(base)
	clear(o.absent)
	return extras{observed: o}
}

func (e *extras) place(p path.Path) (int, bool) {
	return slices.BinarySearchFunc(e.fresh, p, func(l tree.Leaf, p path.Path) int { return path.Compare(l.Path, p) })
}

// get returns the observed value at p, empty when there is none.
func (e *extras) get(p path.Path) schema.Value {
	if i, ok := e.find(p); ok {
		return e.value(i)
	}
	if k, ok := e.place(p); ok {
		return e.fresh[k].Value
	}
	return ""
}

// set records the observed value at p; the empty value means that there is none.
func (e *extras) set(p path.Path, v schema.Value) {
	if i, ok := e.find(p); ok {
		e.observed.set(i, v)
		return
	}
	k, ok := e.place(p)
	switch {
	case ok && v == "":
		e.fresh = slices.Delete(e.fresh, k, k+1)
	case ok:
		e.fresh[k].Value = v
	case v != "":
		e.fresh = slices.Insert(e.fresh, k, tree.Leaf{Path: p, Value: v})
	}
}

// all yields every extra leaf, those of the tree first.
func (e *extras) all() iter.Seq[tree.Leaf] {
	return func(yield func(tree.Leaf) bool) {
		for i := range e.base.Len() {
			if v := e.value(i); v != "" && !yield(tree.Leaf{Path: e.base.At(i).Path, Value: v}) {
				return
			}
		}
		for _, l := range e.fresh {
			if !yield(l) {
				return
			}
		}
	}
}

// under returns the paths of all extra leaves at and below p. It costs time in proportion to their number.
func (e *extras) under(p path.Path) []path.Path {
	var found []path.Path
	lo, hi := e.base.Range(p)
	for i := lo; i < hi; i++ {
		if !e.absent.has(i) {
			found = append(found, e.base.At(i).Path)
		}
	}
	for k, _ := e.place(p); k < len(e.fresh) && e.fresh[k].Path.HasPrefix(p); k++ {
		found = append(found, e.fresh[k].Path)
	}
	return found
}

// compact builds the tree anew when too many leaves are outside it.
func (e *extras) compact(table *tree.Table) {
	if len(e.fresh) <= mostFresh+e.base.Len()/4 {
		return
	}
	b := tree.NewBuilder(table)
	for l := range e.all() {
		_ = b.Set(l) // the leaf was in a tree of this table, or decoded for it
	}
	*e = newExtras(b.Build())
}
