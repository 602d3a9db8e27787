package wire

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
)

// A document is a JSON subtree that was read in one pass. A list entry's keys may stand anywhere in it, so leaves are
// kept under numbered entries until the whole entry was read.
type document struct {
	entries  []docEntry // entries[0] is where the subtree starts, with the node there as its list
	leaves   []docLeaf
	problems []tree.Problem
}

type docEntry struct {
	parent int
	list   schema.Node
	keys   []path.Key // sorted by name, canonical
	broken bool       // its keys are missing or wrong: a problem was noted
}

type docLeaf struct {
	entry int
	node  schema.Node
	value schema.Value
}

// readJSON reads the value of node n, from either JSON or JSON_IETF.
func readJSON(n schema.Node, data []byte) (*document, error) {
	r := &reader{scanner: scanner{data: trimBOM(data)}, doc: &document{entries: []docEntry{{list: n}}}}
	var err error
	if n.Kind() == schema.List {
		// gNMI sends a whole list as an array, one entry (whose keys the path has) as an object.
		if r.next() == '[' {
			r.doc.entries[0].list = n.Parent()
			err = r.list(0, n)
		} else {
			err = r.members(0, n, nil)
		}
	} else {
		err = r.node(0, n)
	}
	if err == nil {
		err = r.end()
	}
	return r.doc, err
}

type reader struct {
	scanner
	doc *document
}

func (r *reader) node(entry int, n schema.Node) error {
	switch n.Kind() {
	case schema.Container:
		if n.Presence() {
			r.put(entry, n, schema.Presence)
		}
		if r.next() != '{' {
			return r.odd(entry, n, "a container is an object")
		}
		return r.members(entry, n, nil)
	case schema.List:
		return r.list(entry, n)
	case schema.State:
		return r.skip()
	}
	return r.leaf(entry, n, nil)
}

func (r *reader) put(entry int, n schema.Node, v schema.Value) {
	r.doc.leaves = append(r.doc.leaves, docLeaf{entry, n, v})
}

// odd notes a value of the wrong form and goes on after it.
func (r *reader) odd(entry int, n schema.Node, why string) error {
	r.next()
	start := r.pos
	if err := r.skip(); err != nil {
		return err
	}
	r.problem(entry, n, "", r.data[start:r.pos], why)
	return nil
}

func (r *reader) problem(entry int, n schema.Node, child string, raw []byte, why string) {
	p := r.doc.path(entry, n)
	if child != "" {
		p = strings.TrimSuffix(p, "/") + "/" + child
	}
	r.doc.problems = append(r.doc.problems, tree.Problem{Path: p, Value: clip(string(raw)), Reason: why})
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

// members reads an object's members as the children of n. Of an entry, keys collects the key values.
func (r *reader) members(entry int, n schema.Node, keys map[string]string) error {
	return r.object(func(name []byte) error {
		if len(name) > 0 && name[0] == '@' {
			return r.skip() // metadata of RFC 7952
		}
		c, ok := n.Child(string(name))
		if !ok {
			r.next()
			start := r.pos
			if err := r.skip(); err != nil {
				return err
			}
			r.problem(entry, n, string(name), r.data[start:r.pos], "the schema has no such node")
			return nil
		}
		if keys != nil && c.IsKey() {
			return r.leaf(entry, c, keys)
		}
		return r.node(entry, c)
	})
}

// leaf reads a leaf or leaf-list.
func (r *reader) leaf(entry int, n schema.Node, keys map[string]string) error {
	r.next()
	start := r.pos
	if r.next() == '{' {
		return r.odd(entry, n, fmt.Sprintf("a %s is no object", n.Kind()))
	}
	v, err := r.value()
	if err != nil {
		return err
	}
	c, bad := n.Canonical(v)
	if bad != nil {
		r.problem(entry, n, "", r.data[start:r.pos], bad.Error())
		return nil
	}
	if keys != nil {
		if keys[n.Name()], bad = n.KeyText(v); bad != nil {
			return bad
		}
	}
	if !n.IsKeyAlias() {
		r.put(entry, n, c)
	}
	return nil
}

// list reads an array of entries.
func (r *reader) list(entry int, n schema.Node) error {
	if r.next() != '[' {
		return r.odd(entry, n, "a list is an array")
	}
	var order []string
	err := r.array(func() error {
		if r.next() != '{' {
			return r.odd(entry, n, "an entry is an object")
		}
		start := r.pos
		me := len(r.doc.entries)
		r.doc.entries = append(r.doc.entries, docEntry{parent: entry, list: n})
		keys := map[string]string{}
		if err := r.members(me, n, keys); err != nil {
			return err
		}
		e := &r.doc.entries[me]
		for _, k := range n.Keys() {
			v, ok := keys[k.Name()]
			if !ok {
				e.broken = true
				r.problem(entry, n, "", r.data[start:r.pos], fmt.Sprintf("an entry without a right key %q", k.Name()))
				return nil
			}
			e.keys = append(e.keys, path.Key{Name: k.Name(), Value: v})
		}
		sortKeys(e.keys)
		order = append(order, path.Elem{Keys: e.keys}.String())
		return nil
	})
	if n.OrderedByUser() && len(order) > 0 {
		r.put(entry, n, schema.KeysValue(order))
	}
	return err
}

// path returns the text of a node's path relative to where the document starts.
func (d *document) path(entry int, n schema.Node) string {
	elems := d.elems(entry, n)
	return path.Path{Elems: elems}.String()
}

// elems returns the path of a node from where the document starts.
func (d *document) elems(entry int, n schema.Node) []path.Elem {
	var out []path.Elem
	for {
		e := &d.entries[entry]
		top := e.list
		for ; n.ID() != top.ID(); n = n.Parent() {
			out = append(out, path.Elem{Name: n.Name()})
		}
		if entry == 0 {
			break
		}
		out = append(out, path.Elem{Name: top.Name(), Keys: e.keys})
		n, entry = top.Parent(), e.parent
	}
	slices.Reverse(out)
	return out
}

// usable reports whether an entry and all that it is in have their keys.
func (d *document) usable(entry int) bool {
	for ; entry != 0; entry = d.entries[entry].parent {
		if d.entries[entry].broken {
			return false
		}
	}
	return true
}

func sortKeys(keys []path.Key) {
	slices.SortFunc(keys, func(a, b path.Key) int { return strings.Compare(a.Name, b.Name) })
}

// trimBOM drops the byte order mark that some devices put before JSON.
func trimBOM(data []byte) []byte { return bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")) }
