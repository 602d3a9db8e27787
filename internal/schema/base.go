package schema

// Base returns the built-in type of a leaf or leaf-list, that of its target for a leafref; Union for a union, whatever
// its members are, and Empty for any other node.
func (n Node) Base() Base {
	if k := n.Kind(); k != Leaf && k != LeafList {
		return Empty
	}
	t := &n.s.im.Types[n.spec().Type]
	for t.Base == Leafref {
		t = &n.s.im.Types[t.Members[0]]
	}
	return t.Base
}
