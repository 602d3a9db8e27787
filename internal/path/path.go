// Package path holds configuration paths: parsing, canonical text, order, prefix and glob.
//
// A path's identity includes its origin (gNMI specification §2.7.1): an OpenConfig and a native root
// may both have a child "interfaces", and they are different nodes. The empty origin means "openconfig".
// Paths are values: nothing in this package changes a Path after it was made, and callers must not either.
package path

import (
	"cmp"
	"slices"
)

// OpenConfig is the origin of a path that names none.
const OpenConfig = "openconfig"

// A Key is one key leaf of a list entry with its canonical value.
type Key struct {
	Name  string
	Value string
}

// An Elem is one step of a path: a node name without module prefix and, for a list entry, its keys
// sorted by key name.
type Elem struct {
	Name string
	Keys []Key
}

// A Path names a node of a device's configuration, from the root of its origin.
type Path struct {
	Origin string // never empty in a Path made by this package
	Elems  []Elem
}

// Key returns the value of the named key.
func (e Elem) Key(name string) (string, bool) {
	for _, k := range e.Keys {
		if k.Name == name {
			return k.Value, true
		}
	}
	return "", false
}

// IsKey reports whether the path is that of a key leaf of the list entry that it is in (RFC 7950, section 7.8.2).
func (p Path) IsKey() bool {
	n := len(p.Elems)
	if n < 2 {
		return false
	}
	_, ok := p.Elems[n-2].Key(p.Elems[n-1].Name)
	return ok
}

// Compare orders paths canonically: by origin, then element by element, a parent before its children,
// so that every subtree is one contiguous range.
func Compare(a, b Path) int {
	if c := cmp.Compare(a.origin(), b.origin()); c != 0 {
		return c
	}
	return slices.CompareFunc(a.Elems, b.Elems, CompareElem)
}

// CompareElem orders elements by name and then by their keys.
func CompareElem(a, b Elem) int {
	if c := cmp.Compare(a.Name, b.Name); c != 0 {
		return c
	}
	return slices.CompareFunc(a.Keys, b.Keys, func(x, y Key) int {
		return cmp.Or(cmp.Compare(x.Name, y.Name), cmp.Compare(x.Value, y.Value))
	})
}

// Equal reports whether a and b name the same node.
func Equal(a, b Path) bool { return Compare(a, b) == 0 }

// Append returns the path to a descendant of p. It never changes p.
func (p Path) Append(elems ...Elem) Path {
	return Path{Origin: p.Origin, Elems: append(slices.Clip(p.Elems), elems...)}
}

// Parent returns the path without its last element. The root's parent is the root.
func (p Path) Parent() Path {
	if len(p.Elems) == 0 {
		return p
	}
	return Path{Origin: p.Origin, Elems: p.Elems[:len(p.Elems)-1]}
}

// Last returns the last element, and the zero Elem for the root.
func (p Path) Last() Elem {
	if len(p.Elems) == 0 {
		return Elem{}
	}
	return p.Elems[len(p.Elems)-1]
}

// HasPrefix reports whether p is q or lies under it. An element of q without keys stands for the
// whole list, so every entry lies under it.
func (p Path) HasPrefix(q Path) bool {
	if p.origin() != q.origin() || len(p.Elems) < len(q.Elems) {
		return false
	}
	for i, e := range q.Elems {
		if p.Elems[i].Name != e.Name || len(e.Keys) > 0 && CompareElem(p.Elems[i], e) != 0 {
			return false
		}
	}
	return true
}

func (p Path) origin() string {
	if p.Origin == "" {
		return OpenConfig
	}
	return p.Origin
}
