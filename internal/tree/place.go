package tree

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
)

// A place is a node within a list entry: what a leaf is a value of.
type place struct {
	entry EntryID
	node  uint16
}

func (t *Table) at(e EntryID) *entry { return t.entries.at(uint32(e)) }

func (t *Table) node(p place) schema.Node {
	return t.origins[t.at(p.entry).origin].schema.Node(schema.NodeID(p.node))
}

// isRoot reports whether e is the root of an origin.
func (t *Table) isRoot(e EntryID) bool { return int(e) < len(t.origins) }

// compare orders places canonically. Numbers of entries say nothing of their order, so entries that differ are
// compared where their ways from the root part.
func (t *Table) compare(a, b place) int {
	if a.entry == b.entry {
		return cmp.Compare(a.node, b.node)
	}
	var bufA, bufB [8]EntryID
	wayA, wayB := t.way(a.entry, bufA[:0]), t.way(b.entry, bufB[:0])
	i, j := len(wayA)-1, len(wayB)-1
	if wayA[i] != wayB[j] {
		return cmp.Compare(t.origins[wayA[i]].name, t.origins[wayB[j]].name)
	}
	for i > 0 && j > 0 && wayA[i-1] == wayB[j-1] {
		i, j = i-1, j-1
	}
	// The place of each side directly in the last common entry: the list it goes on into, or the leaf itself.
	nodeA, nodeB := a.node, b.node
	if i > 0 {
		nodeA = t.at(wayA[i-1]).node
	}
	if j > 0 {
		nodeB = t.at(wayB[j-1]).node
	}
	switch {
	case nodeA != nodeB:
		return cmp.Compare(nodeA, nodeB)
	case i == 0: // the list itself, before its entries
		return -1
	case j == 0:
		return 1
	}
	return t.compareKeys(wayA[i-1], wayB[j-1])
}

// way returns e and what it is in, innermost first, ending at the root.
func (t *Table) way(e EntryID, buf []EntryID) []EntryID {
	for buf = append(buf, e); !t.isRoot(e); {
		e = t.at(e).parent
		buf = append(buf, e)
	}
	return buf
}

// compareKeys orders two entries of one list.
func (t *Table) compareKeys(a, b EntryID) int {
	x, y := t.values.get(uint32(t.at(a).keys)), t.values.get(uint32(t.at(b).keys))
	n := len(t.node(place{a, t.at(a).node}).Keys())
	if n == 1 {
		return strings.Compare(x, y)
	}
	return slices.Compare(unpackKeys(x, n), unpackKeys(y, n))
}

// path returns the path of a place.
func (t *Table) path(p place) path.Path {
	s := t.origins[t.at(p.entry).origin].schema
	var buf [16]path.Elem
	elems := buf[:0]
	n := s.Node(schema.NodeID(p.node))
	for e := p.entry; ; e = t.at(e).parent {
		stop := schema.NodeID(0)
		if !t.isRoot(e) {
			stop = schema.NodeID(t.at(e).node)
		}
		for ; n.ID() != stop; n = n.Parent() {
			elems = append(elems, path.Elem{Name: n.Name()})
		}
		if t.isRoot(e) {
			break
		}
		elems = append(elems, path.Elem{Name: n.Name(), Keys: t.keys(e, n)})
		n = n.Parent()
	}
	outward := make([]path.Elem, len(elems))
	for i, e := range elems {
		outward[len(elems)-1-i] = e
	}
	return path.Path{Origin: t.origins[t.at(p.entry).origin].name, Elems: outward}
}

// keys returns an entry's keys, sorted by name.
func (t *Table) keys(e EntryID, list schema.Node) []path.Key {
	names, text := list.SortedKeys(), t.values.get(uint32(t.at(e).keys))
	if len(names) == 1 {
		return []path.Key{{Name: names[0].Name(), Value: text[1:]}} // as unpackKeys has it
	}
	values := unpackKeys(text, len(names))
	keys := make([]path.Key, len(names))
	for i, k := range names {
		keys[i] = path.Key{Name: k.Name(), Value: values[i]}
	}
	return keys
}

// EntryOf interns the list entries on a path and returns the innermost one, or the root of the path's origin.
func (t *Table) EntryOf(p path.Path) (EntryID, error) {
	at, _, err := t.locate(p)
	return at.entry, err
}

// find returns the place of a path in canonical form, if the table knows the entries on it. The error is for a
// path that the schema does not have, or that is state.
func (t *Table) find(p path.Path) (at place, n schema.Node, ok bool, err error) {
	origin := cmp.Or(p.Origin, path.OpenConfig)
	e, ok := t.Root(origin)
	if !ok {
		return place{}, n, false, t.roots.Check(p)
	}
	n = t.origins[e].schema.Root()
	known := true
	var keys [4]string
	for i, elem := range p.Elems {
		if n, ok = n.Child(elem.Name); !ok {
			return place{}, n, false, t.roots.Check(p)
		}
		if !n.Config() {
			return place{}, n, false, &StateError{Path: p}
		}
		isList := n.Kind() == schema.List
		if !isList && len(elem.Keys) == 0 || isList && len(elem.Keys) == 0 && i == len(p.Elems)-1 {
			continue
		}
		values := keys[:0]
		for _, k := range elem.Keys {
			values = append(values, k.Value)
		}
		if known {
			e, known = t.findEntry(e, n, packKeys(values))
		}
	}
	return place{e, uint16(n.ID())}, n, known, nil
}

// A StateError is a path to a node that is not configuration.
type StateError struct{ Path path.Path }

// Error names the path.
func (e *StateError) Error() string {
	return fmt.Sprintf("path %s: state, not configuration", e.Path)
}

// locate returns the place of a path, and makes it known. The path need not be canonical.
func (t *Table) locate(p path.Path) (place, schema.Node, error) {
	at, n, ok, err := t.find(p)
	if ok || err != nil {
		return at, n, err
	}
	// Only canonical entries get into the table, so that one entry never has two numbers.
	if p, err = t.roots.Normalize(p); err != nil {
		return at, n, err
	}
	e, _ := t.Root(p.Origin)
	n = t.origins[e].schema.Root()
	for _, elem := range p.Elems {
		n, _ = n.Child(elem.Name)
		if len(elem.Keys) > 0 {
			values := make([]string, len(elem.Keys))
			for i, k := range elem.Keys {
				values[i] = k.Value
			}
			e = t.Entry(e, n, values)
		}
	}
	return place{e, uint16(n.ID())}, n, nil
}
