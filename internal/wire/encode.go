package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/openconfig/gnmi/proto/gnmi"
	"google.golang.org/protobuf/encoding/prototext"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
)

// EncodeOptions say what a device understands. Without any but Roots, updates are JSON, one for each leaf.
type EncodeOptions struct {
	Roots  *schema.Roots
	Target string // prefix.target, or none
	// Encoding is JSON_IETF, JSON, or PROTO for scalar TypedValues. Both kinds of JSON hold what RFC 7951 says. A
	// replaced subtree is always one JSON value, of JSON_IETF under PROTO.
	Encoding gnmi.Encoding
	// Subtrees joins the updates of one list entry, or of a root's top-level container, into one JSON value.
	Subtrees bool
}

// Encode returns one SetRequest for the whole edit: deletes, replaces and updates in the edit's order.
func Encode(edit tree.Edit, opts EncodeOptions) (*gnmi.SetRequest, error) {
	req := &gnmi.SetRequest{}
	if opts.Target != "" {
		req.Prefix = &gnmi.Path{Target: opts.Target}
	}
	for _, p := range edit.Deletes {
		req.Delete = append(req.Delete, ToPath(p))
	}
	for _, sub := range edit.Replaces {
		u, err := opts.subtree(sub.Path, sub.Leaves)
		if err != nil {
			return nil, err
		}
		req.Replace = append(req.Replace, u)
	}
	for _, group := range opts.groups(edit.Updates) {
		u, err := opts.update(group)
		if err != nil {
			return nil, err
		}
		req.Update = append(req.Update, u)
	}
	return req, nil
}

// Text returns a message for people to read.
func Text(m *gnmi.SetRequest) string { return prototext.MarshalOptions{Multiline: true}.Format(m) }

// groups splits updates into those that travel together: where subtrees are wanted, runs under one entry of a
// top-level list; else key leaves as their entry, since an entry cannot be made from a key leaf's path, and a
// user-ordered list with all that is set in it, since its order is nothing that a leaf could say.
func (o EncodeOptions) groups(leaves []tree.Leaf) []tree.Subtree {
	var out []tree.Subtree
	for _, l := range leaves {
		at := l.Path
		n, _ := o.Roots.Node(l.Path)
		switch {
		case o.Subtrees:
			at = top(l.Path)
		case !n.IsZero() && n.IsKey():
			at = l.Path.Parent()
		}
		if k := len(out) - 1; k >= 0 && (o.Subtrees && path.Equal(out[k].Path, at) || ordered(out[k]) && l.Path.HasPrefix(out[k].Path)) {
			out[k].Leaves = append(out[k].Leaves, l)
			continue
		}
		out = append(out, tree.Subtree{Path: at, Leaves: []tree.Leaf{l}})
	}
	return out
}

// ordered reports whether a group begins with the key sequence of its list.
func ordered(s tree.Subtree) bool {
	return s.Leaves[0].Value.Kind() == schema.KindKeys && path.Equal(s.Leaves[0].Path, s.Path)
}

// top returns the first list entry on a path, or else its first element.
func top(p path.Path) path.Path {
	for i, e := range p.Elems {
		if len(e.Keys) > 0 {
			return path.Path{Origin: p.Origin, Elems: p.Elems[:i+1]}
		}
	}
	return path.Path{Origin: p.Origin, Elems: p.Elems[:min(1, len(p.Elems))]}
}

func (o EncodeOptions) update(group tree.Subtree) (*gnmi.Update, error) {
	if l := group.Leaves[0]; len(group.Leaves) == 1 && path.Equal(l.Path, group.Path) && o.Encoding == gnmi.Encoding_PROTO {
		n, ok := o.Roots.Node(l.Path)
		if !ok {
			return nil, o.Roots.Check(l.Path)
		}
		if n.Kind() == schema.Leaf || n.Kind() == schema.LeafList {
			return &gnmi.Update{Path: ToPath(l.Path), Val: scalarOf(n, l.Value)}, nil
		}
	}
	return o.subtree(group.Path, group.Leaves)
}

// subtree returns the leaves at or under a path as one JSON value.
func (o EncodeOptions) subtree(at path.Path, leaves []tree.Leaf) (*gnmi.Update, error) {
	n, ok := o.Roots.Node(at)
	if !ok {
		return nil, o.Roots.Check(at)
	}
	text, err := JSON(n, at, leaves)
	if err != nil {
		return nil, err
	}
	u := &gnmi.Update{Path: ToPath(at), Val: &gnmi.TypedValue{Value: &gnmi.TypedValue_JsonIetfVal{JsonIetfVal: text}}}
	if o.Encoding == gnmi.Encoding_JSON {
		u.Val = &gnmi.TypedValue{Value: &gnmi.TypedValue_JsonVal{JsonVal: text}}
	}
	return u, nil
}

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
