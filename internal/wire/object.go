package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
)

// JSON returns the leaves at or under a path, in canonical order, as RFC 7951 JSON of the node n at that path. An
// entry's object has its key leaves. A user-ordered list has the order that its key sequence says.
func JSON(n schema.Node, at path.Path, leaves []tree.Leaf) ([]byte, error) {
	root := &object{node: n, top: true}
	whole := false // at is a list without keys
	if n.Kind() == schema.List {
		if keys := at.Last().Keys; len(keys) > 0 {
			root.addKeys(keys)
		} else {
			whole = true
			root = &object{node: n.Parent(), top: true, list: true}
		}
	}
	depth := len(at.Elems)
	if whole {
		depth--
	}
	for _, l := range leaves {
		if !l.Path.HasPrefix(at) {
			return nil, fmt.Errorf("path %s is not under %s", l.Path, at)
		}
		if err := root.put(l.Path.Elems[depth:], l); err != nil {
			return nil, err
		}
	}
	var b bytes.Buffer
	switch {
	case whole:
		m := root.members[n.Name()]
		if m == nil {
			m = &member{node: n}
		}
		m.write(&b)
	case root.leaf != nil:
		b.Write(root.leaf)
	default:
		root.write(&b)
	}
	return b.Bytes(), nil
}

// An object is a container or list entry on its way to JSON.
type object struct {
	node    schema.Node
	members map[string]*member
	leaf    []byte // of a leaf: its value
	top     bool   // one of the value's outermost objects, whose names are all qualified
	list    bool   // not in the value itself, which is a list of this node's
}

type member struct {
	node    schema.Node
	one     *object            // a container or leaf
	entries map[string]*object // a list, by the text of the keys
	order   []string
	fixed   []string // the key sequence of a user-ordered list
}

func (o *object) put(elems []path.Elem, l tree.Leaf) error {
	if len(elems) == 0 {
		if k := o.node.Kind(); k != schema.Leaf && k != schema.LeafList {
			return nil // a presence container is there by its braces
		}
		text, err := json.Marshal(o.node.JSON(l.Value))
		o.leaf = text
		return err
	}
	c, ok := o.node.Child(elems[0].Name)
	if !ok || !c.Config() {
		return fmt.Errorf("path %s: no configuration node %q", l.Path, elems[0].Name)
	}
	m := o.member(c)
	if c.Kind() != schema.List {
		if m.one == nil {
			m.one = &object{node: c}
		}
		return m.one.put(elems[1:], l)
	}
	if len(elems[0].Keys) == 0 {
		m.fixed = l.Value.Entries()
		return nil
	}
	key := path.Elem{Keys: elems[0].Keys}.String()
	e := m.entries[key]
	if e == nil {
		e = &object{node: c, top: o.list && o.top}
		e.addKeys(elems[0].Keys)
		m.entries[key] = e
		m.order = append(m.order, key)
	}
	return e.put(elems[1:], l)
}

func (o *object) member(c schema.Node) *member {
	m := o.members[c.Name()]
	if m == nil {
		m = &member{node: c, entries: map[string]*object{}}
		if o.members == nil {
			o.members = map[string]*member{}
		}
		o.members[c.Name()] = m
	}
	return m
}

// addKeys gives an entry's object its key leaves.
func (o *object) addKeys(keys []path.Key) {
	for _, k := range keys {
		n, ok := o.node.Child(k.Name)
		if !ok {
			continue
		}
		v, err := n.Canonical(schema.Text(k.Value))
		if err != nil {
			continue
		}
		text, _ := json.Marshal(n.JSON(v)) // strings, numbers and bools always marshal
		o.member(n).one = &object{node: n, leaf: text}
	}
}

func (o *object) write(b *bytes.Buffer) {
	if o.leaf != nil {
		b.Write(o.leaf)
		return
	}
	b.WriteByte('{')
	for i, name := range slices.Sorted(maps.Keys(o.members)) {
		if i > 0 {
			b.WriteByte(',')
		}
		m := o.members[name]
		// RFC 7951 §4: a name is qualified where its module is not its parent's.
		if m.node.Module() != o.node.Module() || o.top {
			name = m.node.Module() + ":" + name
		}
		b.WriteString(strconv.Quote(name))
		b.WriteByte(':')
		m.write(b)
	}
	b.WriteByte('}')
}

func (m *member) write(b *bytes.Buffer) {
	if m.node.Kind() != schema.List {
		m.one.write(b)
		return
	}
	order := slices.Clone(m.fixed)
	for _, k := range m.order {
		if !slices.Contains(order, k) {
			order = append(order, k)
		}
	}
	b.WriteByte('[')
	first := true
	for _, k := range order {
		e := m.entries[k]
		if e == nil {
			continue
		}
		if !first {
			b.WriteByte(',')
		}
		first = false
		e.write(b)
	}
	b.WriteByte(']')
}
