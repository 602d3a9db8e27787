package wire

import (
	"bytes"
	"fmt"
	"math"

	"github.com/tenter-net/tenter/internal/schema"
)

// readJSON scans the value of node n, as JSON or JSON_IETF. The error is for broken JSON.
func readJSON(s *schema.Schema, n schema.Node, text []byte) (*document, error) {
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")) // some devices put a byte order mark before JSON
	if len(text) > math.MaxInt32 {
		return nil, fmt.Errorf("JSON of %d bytes", len(text))
	}
	r := &reader{scanner: scanner{data: text}, doc: &document{
		text: text, schema: s, start: n,
		entries: make([]docEntry, 1, 1+len(text)/256), leaves: make([]docLeaf, 0, 1+len(text)/32),
	}}
	var err error
	wrapped := r.unwrap(n)
	if n.Kind() != schema.List {
		err = r.node(0, n)
	} else if r.next() == '[' {
		// gNMI sends a whole list as an array, one entry (whose keys the path has) as an object.
		r.doc.start = n.Parent()
		err = r.list(0, n)
	} else {
		err = r.members(0, n)
	}
	if err == nil && wrapped {
		err = r.close()
	}
	if err == nil {
		err = r.end()
	}
	return r.doc, err
}

// unwrap steps into an object whose first member is the node itself: some devices answer for /a/b with {"b": …} instead
// of what is in b.
func (r *reader) unwrap(n schema.Node) bool {
	start := r.scanner
	if r.next() == '{' && r.open('{') == nil {
		name, err := r.str()
		name = name[bytes.LastIndexByte(name, ':')+1:]
		_, child := n.ChildOf(name)
		if err == nil && !child && string(name) == n.Name() && r.take(':') == nil {
			return true
		}
	}
	r.scanner = start
	return false
}

// close takes the end of the object that unwrap stepped into.
func (r *reader) close() error {
	if r.next() != '}' {
		return r.fail("} after the node's own value")
	}
	return r.shut()
}

// A reader fills a document.
type reader struct {
	scanner
	doc *document
}

func (r *reader) node(entry int32, n schema.Node) error {
	switch n.Kind() {
	case schema.Container:
		if r.next() != '{' {
			return r.odd(entry, n, "a container is an object")
		}
		if n.Presence() {
			at := int32(r.pos)
			r.doc.leaves = append(r.doc.leaves, docLeaf{entry, n.ID(), token{at, at}})
		}
		return r.members(entry, n)
	case schema.List:
		return r.list(entry, n)
	case schema.State:
		return r.skip()
	}
	return r.leaf(entry, n)
}

// token reads over a value and returns where it stands.
func (r *reader) token() (token, error) {
	r.next()
	from := r.pos
	err := r.skip()
	return token{int32(from), int32(r.pos)}, err
}

// odd notes a value of the wrong form and goes on after it.
func (r *reader) odd(entry int32, n schema.Node, why string) error {
	t, err := r.token()
	if err == nil {
		r.later(entry, n, "", t, why)
	}
	return err
}

// later notes a problem with the path as far as it is known: the keys of the entries around it may come after it.
func (r *reader) later(entry int32, n schema.Node, child string, t token, why string) {
	r.doc.pending = append(r.doc.pending, pendingProblem{entry, n, child, t, why})
}

// members reads an object's members as the children of n.
func (r *reader) members(entry int32, n schema.Node) error {
	return r.object(func(name []byte) error {
		c, ok := n.ChildOf(name)
		switch {
		case ok && c.IsKeyAlias() && entry != 0:
			return r.key(entry, c)
		case ok && c.IsKey() && entry != 0:
			at := r.pos
			if err := r.key(entry, c); err != nil {
				return err
			}
			r.pos = at
			return r.leaf(entry, c)
		case ok:
			return r.node(entry, c)
		}
		t, err := r.token()
		if err == nil && !bytes.HasPrefix(name, []byte("@")) { // metadata (RFC 7952) says nothing of the configuration
			r.later(entry, n, string(name), t, "the schema has no such node")
		}
		return err
	})
}

// key notes the token of an entry's key leaf.
func (r *reader) key(entry int32, k schema.Node) error {
	t, err := r.token()
	for i, n := range k.Parent().SortedKeys() {
		if n.ID() == k.ID() {
			r.doc.keys[int(r.doc.entries[entry].keys)+i] = t
		}
	}
	return err
}

func (r *reader) leaf(entry int32, n schema.Node) error {
	if r.next() == '{' {
		return r.odd(entry, n, fmt.Sprintf("a %s is no object", n.Kind()))
	}
	t, err := r.token()
	if !n.IsKeyAlias() {
		r.doc.leaves = append(r.doc.leaves, docLeaf{entry, n.ID(), t})
	}
	return err
}

// list reads an array of entries.
func (r *reader) list(entry int32, n schema.Node) error {
	if r.next() != '[' {
		return r.odd(entry, n, "a list is an array")
	}
	keys := len(n.Keys())
	var order []int32
	err := r.array(func() error {
		if r.next() != '{' {
			return r.odd(entry, n, "an entry is an object")
		}
		from := r.pos
		me := int32(len(r.doc.entries))
		r.doc.entries = append(r.doc.entries, docEntry{parent: entry, list: n.ID(), keys: int32(len(r.doc.keys))})
		for range keys {
			r.doc.keys = append(r.doc.keys, token{})
		}
		order = append(order, me)
		err := r.members(me, n)
		r.doc.entries[me].text = token{int32(from), int32(r.pos)}
		return err
	})
	if n.OrderedByUser() && len(order) > 0 {
		r.doc.orders = append(r.doc.orders, docOrder{entry, n.ID(), order})
	}
	return err
}
