package tree

import (
	"encoding/binary"
	"sync"

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
		t.origins = append(t.origins, origin{name: name, schema: s})
		t.entries.add(entry{parent: EntryID(i), origin: uint16(i)})
	}
	return t
}

// Roots returns the schemas that the table was made for.
func (t *Table) Roots() *schema.Roots { return t.roots }

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
	if e, ok := t.findEntry(parent, list, text); ok {
		return e
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	fresh := entry{
		parent: parent, node: uint16(list.ID()), origin: t.entries.at(uint32(parent)).origin,
		keys: ValueID(t.values.intern(text)),
	}
	e, slot, ok := t.probe(fresh)
	if ok {
		return e
	}
	e = EntryID(t.entries.add(fresh))
	t.slots[slot] = uint32(e) + 1
	if full(t.entries.n, t.slots) {
		old := t.slots
		t.slots = roomier(old)
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
func (t *Table) findEntry(parent EntryID, list schema.Node, keys string) (EntryID, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	k, _, ok := t.values.find(keys)
	if !ok {
		return 0, false
	}
	e, _, ok := t.probe(entry{parent: parent, node: uint16(list.ID()), origin: t.entries.at(uint32(parent)).origin, keys: ValueID(k)})
	return e, ok
}

func (t *Table) probe(want entry) (e EntryID, slot uint32, ok bool) {
	h := uint64(want.parent)<<32 ^ uint64(want.node)<<24 ^ uint64(want.keys)
	h *= 0x9e3779b97f4a7c15
	for i := slotOf(uint32(h>>32), t.slots); ; i = slotAfter(i, t.slots) {
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
