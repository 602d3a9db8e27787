package schema

import (
	"bytes"
	"fmt"
	"iter"
	"slices"
	"strings"
)

// A NodeID numbers the configuration nodes of one schema in preorder with siblings sorted by name, so numbers
// compare like the canonical order of the nodes' paths. 0 is the root.
type NodeID uint32

// A Node is one node of a Schema. The zero Node is none.
type Node struct {
	s  *Schema
	id uint32
}

// stateBit marks a Node that is config false; the rest of its id is the configuration node above it.
const stateBit = 1 << 31

// Root returns the node above all top-level nodes.
func (s *Schema) Root() Node { return Node{s, 0} }

// Node returns a node by its number, which must be one of this schema's.
func (s *Schema) Node(id NodeID) Node { return Node{s, uint32(id)} }

func (n Node) spec() *NodeSpec { return &n.s.im.Nodes[n.id&^stateBit] }

// IsZero reports whether n is no node.
func (n Node) IsZero() bool { return n.s == nil }

// ID returns the node's number. A State node has none of its own and gives its nearest configuration ancestor's.
func (n Node) ID() NodeID { return NodeID(n.id &^ stateBit) }

// End returns the number after the last node of n's subtree.
func (n Node) End() NodeID { return NodeID(n.s.end[n.ID()]) }

// Name returns the node's name without a module. A State node gives "".
func (n Node) Name() string {
	if !n.Config() {
		return ""
	}
	return n.spec().Name
}

// Module returns the name of the module that owns the node's namespace (RFC 7951 §4).
func (n Node) Module() string {
	if n.id == 0 {
		return ""
	}
	return n.s.im.Modules[n.spec().Module].Name
}

// Namespace returns the XML namespace of the node's module, "" for the root.
func (n Node) Namespace() string {
	if n.id == 0 {
		return ""
	}
	return n.s.im.Modules[n.spec().Module].Namespace
}

// Kind returns what sort of node n is.
func (n Node) Kind() Kind {
	if !n.Config() {
		return State
	}
	return n.spec().Kind
}

// Config reports whether n can be written. Below a node that cannot, nothing can.
func (n Node) Config() bool { return n.id&stateBit == 0 }

// HasValue reports whether n itself is a leaf of a tree: a leaf, a leaf-list or a presence container.
func (n Node) HasValue() bool {
	k := n.Kind()
	return k == Leaf || k == LeafList || k == Container && n.Presence()
}

// OrderedByUser reports whether the order of the entries of a list or leaf-list means something.
func (n Node) OrderedByUser() bool { return n.flag(FlagOrderedByUser) }

// Presence reports whether n is a presence container.
func (n Node) Presence() bool { return n.flag(FlagPresence) }

// PresenceAbove is the nearest presence container at or above the node's parent and below the next list, whose presence the node implies
// (RFC 7950, section 7.5.1); 0, the root, if there is none.
func (n Node) PresenceAbove() NodeID {
	if n.s.presence == nil {
		return 0
	}
	return NodeID(n.s.presence[n.ID()])
}

// Mandatory reports whether a leaf must be there where its parent is.
func (n Node) Mandatory() bool { return n.flag(FlagMandatory) }

// IsKey reports whether n is a key leaf of the list above it.
func (n Node) IsKey() bool { return n.flag(FlagKey) }

// IsKeyAlias reports whether n is a key leaf that only refers to a leaf of its own entry, as all keys of OpenConfig
// do. It says nothing that the entry's path does not say, so trees leave it out.
func (n Node) IsKeyAlias() bool { return n.flag(FlagKeyAlias) }

func (n Node) flag(f uint8) bool { return n.Config() && n.spec().Flags&f != 0 }

// Default returns the canonical default that the model gives a leaf or leaf-list, absent if none. The device's own
// may differ.
func (n Node) Default() Value {
	if !n.Config() {
		return ""
	}
	return n.s.defaults[n.id]
}

func (n Node) attr() *Attr {
	if !n.Config() {
		return nil
	}
	return n.spec().Attr
}

// Keys returns the key leaves of a list in the model's order, none for any other node. The slice is shared.
func (n Node) Keys() []Node {
	if a := n.attr(); a != nil {
		return a.keys
	}
	return nil
}

// SortedKeys returns the key leaves of a list in the order of their names, which is that of a path. The slice is shared.
func (n Node) SortedKeys() []Node {
	if a := n.attr(); a != nil {
		return a.sorted
	}
	return nil
}

// Parent returns the configuration node above n, and the root for the root.
func (n Node) Parent() Node {
	if !n.Config() {
		return Node{n.s, n.id &^ stateBit}
	}
	return Node{n.s, uint32(n.spec().Parent)}
}

// Child returns the named child; a module prefix is ignored. Below a State node every name is State.
func (n Node) Child(name string) (Node, bool) {
	return n.child(name[strings.LastIndexByte(name, ':')+1:])
}

// ChildOf is Child for a name in a message, which it does not copy.
func (n Node) ChildOf(name []byte) (Node, bool) {
	name = name[bytes.LastIndexByte(name, ':')+1:]
	if n.Config() {
		if c, ok := n.s.childOf(n.id, name); ok {
			return Node{n.s, c}, true
		}
	}
	return n.child(string(name))
}

func (n Node) child(name string) (Node, bool) {
	if !n.Config() {
		return n, true
	}
	if c, ok := n.s.child(n.id, name); ok {
		return Node{n.s, c}, true
	}
	if a := n.spec().Attr; a != nil {
		if _, ok := slices.BinarySearch(a.State, name); ok {
			return Node{n.s, n.id | stateBit}, true
		}
	}
	return Node{}, false
}

// TypeID numbers the type of a leaf or leaf-list within its schema: nodes with the same number take the same values.
func (n Node) TypeID() int {
	if k := n.Kind(); k != Leaf && k != LeafList {
		return -1
	}
	// A leaf-list also says whether its order counts.
	id := n.spec().Type * 4
	if n.Kind() == LeafList {
		id += 1 + int(n.spec().Flags&FlagOrderedByUser)*2
	}
	return id
}

// Children yields the configuration children in the order of their names.
func (n Node) Children() iter.Seq[Node] {
	return func(yield func(Node) bool) {
		if !n.Config() {
			return
		}
		for _, c := range n.s.children[n.id] {
			if !yield(Node{n.s, c}) {
				return
			}
		}
	}
}

// Path returns the node's path in the schema, without keys: "/interfaces/interface/config/mtu".
func (n Node) Path() string {
	if n.ID() == 0 {
		return "/"
	}
	var names []string
	for m := n; m.ID() != 0; m = m.Parent() {
		if m.Config() {
			names = append(names, m.Name())
		}
	}
	slices.Reverse(names)
	return "/" + strings.Join(names, "/")
}

// TypeName returns the name that the model gives a leaf's type, a typedef's or a built-in one, without the prefix that a
// module uses for another one; "" for what is no leaf.
func (n Node) TypeName() string {
	if k := n.Kind(); k != Leaf && k != LeafList {
		return ""
	}
	name := n.s.im.Types[n.spec().Type].Name
	return name[strings.IndexByte(name, ':')+1:]
}

// Type describes a leaf's type for people: "uint16, 1..4094".
func (n Node) Type() string {
	if k := n.Kind(); k != Leaf && k != LeafList {
		return k.String()
	}
	return n.s.describe(n.spec().Type)
}

func (s *Schema) describe(typ int) string {
	t := &s.im.Types[typ]
	switch t.Base {
	case Union:
		parts := make([]string, len(t.Members))
		for i, m := range t.Members {
			parts[i] = s.describe(m)
		}
		return strings.Join(parts, " or ")
	case Leafref:
		return fmt.Sprintf("reference to %s, %s", s.Node(NodeID(t.Target)).Path(), s.describe(t.Members[0]))
	case Enumeration, Bits:
		return fmt.Sprintf("%s of %s", t.Base, strings.Join(t.Names, ", "))
	case Identityref:
		bases := make([]string, len(t.Bases))
		for i, b := range t.Bases {
			bases[i] = s.im.Identities[b].Name
		}
		return "identity derived from " + strings.Join(bases, " and ")
	}
	text := t.Base.String()
	if t.Name != text {
		text = t.Name + " (" + text + ")"
	}
	if len(t.Ranges) > 0 {
		text += ", " + t.rangeText(t.Ranges)
	}
	if len(t.Lengths) > 0 {
		text += ", length " + t.rangeText(t.Lengths)
	}
	return text
}

// rangeText writes the parts of a range or length the way YANG does: "1..4094 | 65535".
func (t *Type) rangeText(parts []Range) string {
	texts := make([]string, len(parts))
	for i, r := range parts {
		lo, hi := t.boundText(r.Min), t.boundText(r.Max)
		if texts[i] = lo; lo != hi {
			texts[i] = lo + ".." + hi
		}
	}
	return strings.Join(texts, " | ")
}

func (t *Type) boundText(v int64) string {
	switch t.Base {
	case Decimal64:
		return decimalText(v, t.Fraction)
	case Uint64, String, Binary:
		return fmt.Sprint(uint64(v))
	}
	return fmt.Sprint(v)
}

// Schema returns the schema that the node is of.
func (n Node) Schema() *Schema { return n.s }
