package tree

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
)

// A Table interns the list entries and values of one device's trees. It only grows, and is safe for concurrent use.
type Table struct {
	roots   *schema.Roots
	origins []origin

	mu      sync.RWMutex // guards additions and the two indexes
	values  *texts
	entries column[entry]
	slots   []uint32 // open addressing over entries: 1 + number
	last    *places  // of the newest tree

	presence ValueID // of schema.Presence
}

type origin struct {
	name   string
	schema *schema.Schema
	// presence is, per node, the nearest presence container at or above its parent and below the next list, or 0.
	presence []uint16
}

// An EntryID numbers a list entry of a Table, or the root of an origin.
type EntryID uint32

// A ValueID numbers a value of a Table.
type ValueID uint32

// An entry is a list entry: the entry that its list is in, the list's node, and its key values as one text.
type entry struct {
	parent EntryID
	node   uint16 // the list
	origin uint16
	keys   ValueID
	// absent in a root, where parent is the entry itself
}

// NewTable returns an empty table for trees under the given schemas.
func NewTable(roots *schema.Roots) *Table {
	t := &Table{roots: roots, values: newTexts(), slots: make([]uint32, 64)}
	t.presence = t.Value(schema.Presence)
	for i, name := range roots.Origins() {
		s, _ := roots.Schema(name)
		t.origins = append(t.origins, origin{name: name, schema: s, presence: presenceAbove(s)})
		t.entries.add(entry{parent: EntryID(i), origin: uint16(i)})
	}
	return t
}

// Roots returns the schemas that the table was made for.
func (t *Table) Roots() *schema.Roots { return t.roots }

// presenceAbove finds for each node the presence container that a leaf there implies, nil if the schema has none.
func presenceAbove(s *schema.Schema) []uint16 {
	var above []uint16
	for i := 1; i < s.Len(); i++ {
		p := s.Node(schema.NodeID(i)).Parent()
		switch {
		case p.Kind() == schema.List:
		case p.Presence():
			if above == nil {
				above = make([]uint16, s.Len())
			}
			above[i] = uint16(p.ID())
		case above != nil:
			above[i] = above[p.ID()]
		}
	}
	return above
}

// Root returns the root of an origin.
func (t *Table) Root(origin string) (EntryID, bool) {
	for i := range t.origins {
		if t.origins[i].name == origin {
			return EntryID(i), true
		}
	}
	return 0, false
}

// Value interns a value.
func (t *Table) Value(v schema.Value) ValueID {
	t.mu.RLock()
	n, _, ok := t.values.find(string(v))
	t.mu.RUnlock()
	if ok {
		return ValueID(n)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return ValueID(t.values.intern(string(v)))
}

// Entry interns a list entry. The key values are canonical texts in the order of the key names.
func (t *Table) Entry(parent EntryID, list schema.Node, keys []string) EntryID {
	text := packKeys(keys)
	e, slot, ok := t.findEntry(parent, list, text)
	if ok {
		return e
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	fresh := entry{parent: parent, node: uint16(list.ID()), origin: t.entries.at(uint32(parent)).origin,
		keys: ValueID(t.values.intern(text))}
	if e, slot, ok = t.probe(fresh); ok {
		return e
	}
	e = EntryID(t.entries.add(fresh))
	t.slots[slot] = uint32(e) + 1
	if t.entries.n*4 > len(t.slots)*3 {
		old := t.slots
		t.slots = make([]uint32, 2*len(old))
		for _, n := range old {
			if n != 0 {
				_, slot, _ := t.probe(*t.entries.at(n - 1))
				t.slots[slot] = n
			}
		}
	}
	return e
}

// Known returns a list entry that is interned already under exactly these key values, as bytes of a message.
func (t *Table) Known(parent EntryID, list schema.Node, keys [][]byte) (EntryID, bool) {
	var buf [64]byte
	text := append(buf[:0], schema.KindString)
	if len(keys) == 1 {
		text = append(text, keys[0]...)
	} else {
		text = text[:0]
		for _, k := range keys {
			text = binary.AppendUvarint(text, uint64(len(k)))
			text = append(text, k...)
		}
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	k, ok := t.values.known(text)
	if !ok {
		return 0, false
	}
	e, _, ok := t.probe(entry{parent: parent, node: uint16(list.ID()), origin: t.entries.at(uint32(parent)).origin, keys: ValueID(k)})
	return e, ok
}

// findEntry looks an entry up without interning anything.
func (t *Table) findEntry(parent EntryID, list schema.Node, keys string) (e EntryID, slot uint32, ok bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	k, _, ok := t.values.find(keys)
	if !ok {
		return 0, 0, false
	}
	return t.probe(entry{parent: parent, node: uint16(list.ID()), origin: t.entries.at(uint32(parent)).origin, keys: ValueID(k)})
}

func (t *Table) probe(want entry) (e EntryID, slot uint32, ok bool) {
	mask := uint32(len(t.slots) - 1)
	h := uint64(want.parent)<<32 ^ uint64(want.node)<<24 ^ uint64(want.keys)
	h *= 0x9e3779b97f4a7c15
	for i := uint32(h>>32) & mask; ; i = (i + 1) & mask {
		n := t.slots[i]
		if n == 0 {
			return 0, i, false
		}
		if *t.entries.at(n - 1) == want {
			return EntryID(n - 1), i, true
		}
	}
}

// packKeys joins key values so that no two sequences give the same text. A single key is the text of a string value,
// which the entry's own leaf mostly has too.
func packKeys(keys []string) string {
	if len(keys) == 1 {
		return string(schema.StringValue(keys[0]))
	}
	var b []byte
	for _, k := range keys {
		b = binary.AppendUvarint(b, uint64(len(k)))
		b = append(b, k...)
	}
	return string(b)
}

func unpackKeys(text string, n int) []string {
	if n == 1 {
		return []string{text[1:]}
	}
	keys := make([]string, 0, n)
	for text != "" {
		size, w := binary.Uvarint([]byte(text[:min(len(text), binary.MaxVarintLen64)]))
		keys = append(keys, text[w:w+int(size)])
		text = text[w+int(size):]
	}
	return keys
}

// places are the columns of a tree that say where its leaves are.
type places struct {
	entries []EntryID
	nodes   []uint16
}

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
	var elems []path.Elem
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
	slices.Reverse(elems)
	return path.Path{Origin: t.origins[t.at(p.entry).origin].name, Elems: elems}
}

// keys returns an entry's keys, sorted by name.
func (t *Table) keys(e EntryID, list schema.Node) []path.Key {
	names := list.SortedKeys()
	values := unpackKeys(t.values.get(uint32(t.at(e).keys)), len(names))
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
			e, _, known = t.findEntry(e, n, packKeys(values))
		}
	}
	return place{e, uint16(n.ID())}, n, known, nil
}

// A StateError is a path to a node that is not configuration.
type StateError struct{ Path path.Path }

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
