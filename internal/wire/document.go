package wire

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
)

// A document is a JSON subtree that was scanned once. A list entry's keys may stand anywhere in it, so leaves are kept
// as they stand in the message, under numbered entries, until the whole of it was read.
type document struct {
	text     []byte
	schema   *schema.Schema
	start    schema.Node // the node whose value the document is; of a whole list, its parent
	entries  []docEntry  // entries[0] is the start
	keys     []token     // of all entries, each in the order of the key names
	leaves   []docLeaf
	orders   []docOrder
	pending  []pendingProblem
	problems []tree.Problem
	values   map[tokenKey]*known
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
	values []string // of its keys, canonical, in the order of the key names
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

type tokenKey struct {
	typ  int
	text string
}

// known is a value that was made canonical before.
type known struct {
	value schema.Value
	err   error
	key   string       // as it stands in a path, if it was needed there
	id    tree.ValueID // in the table that the document is read for, 0 if it was not needed there
}

func (d *document) raw(t token) []byte { return d.text[t.from:t.to] }

// value makes a leaf's token canonical, or says why it cannot. Devices repeat values a lot, so what was converted is
// kept while the document is read.
func (d *document) value(n schema.Node, t token) *known {
	raw := d.raw(t)
	if v, ok := d.values[tokenKey{n.TypeID(), string(raw)}]; ok {
		return v
	}
	v := &known{}
	if n.Kind() == schema.Container {
		v.value = schema.Presence
	} else {
		s := scanner{data: raw}
		var form any
		if form, v.err = s.value(); v.err == nil {
			v.value, v.err = n.Canonical(form)
		}
	}
	d.values[tokenKey{n.TypeID(), string(raw)}] = v
	return v
}

// resolve makes the keys of all entries canonical, parents first.
func (d *document) resolve() {
	for i := 1; i < len(d.entries); i++ {
		e := &d.entries[i]
		if d.entries[e.parent].broken {
			e.broken = true
			continue
		}
		list := d.schema.Node(e.list)
		keys := list.SortedKeys()
		e.values = make([]string, len(keys))
		for j, k := range keys {
			t := d.keys[int(e.keys)+j]
			if t.to == 0 {
				d.problem(e.parent, list, "", e.text, fmt.Sprintf("an entry without key %q", k.Name()))
				e.broken = true
				break
			}
			v := d.value(k, t)
			if v.err != nil {
				d.problem(e.parent, list, k.Name(), t, v.err.Error())
				e.broken = true
				break
			}
			if v.key == "" {
				v.key = k.KeyOf(v.value)
			}
			e.values[j] = v.key
		}
	}
	for _, p := range d.pending {
		d.problem(p.entry, p.node, p.child, p.token, p.why)
	}
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

// problem notes what could not be read, by its path from the start.
func (d *document) problem(entry int32, n schema.Node, child string, t token, why string) {
	p := path.Path{Elems: d.elems(entry, n)}.String()
	if child != "" {
		p = strings.TrimSuffix(p, "/") + "/" + child
	}
	d.problems = append(d.problems, tree.Problem{Path: p, Value: clip(string(d.raw(t))), Reason: why})
}

// clip shortens what a device sent to the 256 bytes that a Problem holds.
func clip(s string) string {
	if len(s) <= 256 {
		return s
	}
	cut := 256
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut]
}
