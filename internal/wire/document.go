package wire

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
)

// A document is a JSON subtree that was scanned once. A list entry's keys may stand anywhere in it, so leaves are kept
// as they stand in the message, under numbered entries, until the whole of it was read.
type document struct {
	text     []byte
	schema   *schema.Schema
	at       path.Path   // where the document starts
	start    schema.Node // the node whose value the document is; of a whole list, its parent
	entries  []docEntry  // entries[0] is the start
	keys     []token     // of all entries, each in the order of the key names
	leaves   []docLeaf
	orders   []docOrder
	pending  []pendingProblem
	problems []tree.Problem
	values   values
}

// A pendingProblem waits for the keys of the entries around it.
type pendingProblem struct {
	entry int32
	node  schema.Node
	child string
	token token
	why   string
}

// A token is a value as it stands in the text. A token of no length is absent.
type token struct{ from, to int32 }

type docEntry struct {
	parent int32
	list   schema.NodeID
	keys   int32 // the first of its keys in document.keys
	text   token
	broken bool     // a key is missing or wrong: noted as a problem, and nothing in it counts
	values []string // of its keys, canonical, in the order of the key names; nil while they were not needed
}

type docLeaf struct {
	entry int32
	node  schema.NodeID
	token
}

// A docOrder is a user-ordered list and its entries in the order of the text.
type docOrder struct {
	entry   int32
	list    schema.NodeID
	entries []int32
}

func (d *document) raw(t token) []byte { return d.text[t.from:t.to] }

// resolve makes the keys of all entries canonical.
func (d *document) resolve() {
	for i := 1; i < len(d.entries); i++ {
		d.entry(&d.entries[i])
	}
	d.settle()
}

// entry makes an entry's keys canonical, after those of the entries that it is in.
func (d *document) entry(e *docEntry) {
	if d.entries[e.parent].broken {
		e.broken = true
		return
	}
	list := d.schema.Node(e.list)
	keys := list.SortedKeys()
	e.values = make([]string, len(keys))
	for j, k := range keys {
		t := d.keys[int(e.keys)+j]
		if t.to == 0 {
			d.problem(e.parent, list, "", e.text, fmt.Sprintf("an entry without key %q", k.Name()))
			e.broken = true
			return
		}
		v := d.value(k, t)
		if v.err != nil {
			d.problem(e.parent, list, k.Name(), t, v.err.Error())
			e.broken = true
			return
		}
		if v.key == "" {
			v.key = k.KeyOf(v.value)
		}
		e.values[j] = v.key
	}
}

// settle gives the problems their paths, once the keys of all entries are known.
func (d *document) settle() {
	for _, p := range d.pending {
		d.problem(p.entry, p.node, p.child, p.token, p.why)
	}
}

// intern returns the table's numbers of the entries, of which the first is what the path at is in. An entry that the
// table knows by the very text of its keys has canonical keys, and is not resolved again.
func (d *document) intern(table *tree.Table, at path.Path) ([]tree.EntryID, error) {
	root, err := table.EntryOf(at)
	if err != nil {
		return nil, err
	}
	ids := make([]tree.EntryID, len(d.entries))
	ids[0] = root
	var raw [4][]byte
	for i := 1; i < len(ids); i++ {
		e := &d.entries[i]
		if d.entries[e.parent].broken {
			e.broken = true
			continue
		}
		list := d.schema.Node(e.list)
		if keys, plain := d.plain(e, len(list.SortedKeys()), raw[:0]); plain {
			if id, ok := table.Known(ids[e.parent], list, keys); ok {
				ids[i] = id
				continue
			}
		}
		if d.entry(e); !e.broken {
			ids[i] = table.Entry(ids[e.parent], list, e.values)
		}
	}
	d.settle()
	return ids, nil
}

// plain returns the key texts of an entry, if they are all there and no string has an escape.
func (d *document) plain(e *docEntry, n int, keys [][]byte) ([][]byte, bool) {
	for _, t := range d.keys[e.keys : int(e.keys)+n] {
		raw := d.raw(t)
		if len(raw) == 0 || raw[0] == '[' || raw[0] == '{' {
			return nil, false
		}
		if raw[0] == '"' {
			if raw = raw[1 : len(raw)-1]; bytes.IndexByte(raw, '\\') >= 0 {
				return nil, false
			}
		}
		keys = append(keys, raw)
	}
	return keys, true
}

// order returns the key sequence of a user-ordered list.
func (d *document) order(o docOrder) schema.Value {
	list := d.schema.Node(o.list)
	var entries []string
	for _, i := range o.entries {
		if e := &d.entries[i]; !e.broken {
			entries = append(entries, path.Elem{Keys: d.pathKeys(e, list)}.String())
		}
	}
	return schema.KeysValue(entries)
}

func (d *document) pathKeys(e *docEntry, list schema.Node) []path.Key {
	names := list.SortedKeys()
	keys := make([]path.Key, len(names))
	if e.values == nil && !e.broken {
		d.entry(e)
	}
	for i, n := range names {
		keys[i].Name = n.Name()
		if i < len(e.values) {
			keys[i].Value = e.values[i]
		}
	}
	return keys
}

// elems returns the path of a node from the start.
func (d *document) elems(entry int32, n schema.Node) []path.Elem {
	var out []path.Elem
	for {
		stop := d.start.ID()
		if entry != 0 {
			stop = d.entries[entry].list
		}
		for ; n.ID() != stop; n = n.Parent() {
			out = append(out, path.Elem{Name: n.Name()})
		}
		if entry == 0 {
			break
		}
		e := &d.entries[entry]
		out = append(out, path.Elem{Name: n.Name(), Keys: d.pathKeys(e, n)})
		n, entry = n.Parent(), e.parent
	}
	slices.Reverse(out)
	return out
}

// problem notes what could not be read.
func (d *document) problem(entry int32, n schema.Node, child string, t token, why string) {
	p := d.at.Append(d.elems(entry, n)...)
	if child != "" {
		p = p.Append(path.Elem{Name: child})
	}
	d.problems = append(d.problems, tree.Problem{Path: p.String(), Reason: why})
}
