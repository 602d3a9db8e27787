package schema

import "strings"

// Must returns the conditions that the model sets where the node is.
func (n Node) Must() []XPath {
	if a := n.attr(); a != nil {
		return a.Must
	}
	return nil
}

// When returns the conditions without which the node must not be.
func (n Node) When() []XPath {
	if a := n.attr(); a != nil {
		return a.When
	}
	return nil
}

// Elements returns how many entries a list or leaf-list must have at least, and at most; most 0 is unbounded.
func (n Node) Elements() (least, most uint64) {
	if a := n.attr(); a != nil {
		return a.Min, a.Max
	}
	return 0, 0
}

// Unique returns the groups of leaves whose values together differ in every entry of the list.
func (n Node) Unique() [][]Node {
	a := n.attr()
	if a == nil {
		return nil
	}
	var out [][]Node
	for _, group := range a.Unique {
		leaves := make([]Node, len(group))
		for i, id := range group {
			leaves[i] = Node{n.s, uint32(id)}
		}
		out = append(out, leaves)
	}
	return out
}

// A Case says which case of which choice a node belongs to. Numbers are those of the schema; the zero Case is none.
type Case struct {
	Choice, Case int
}

// Case returns the case that the node is directly in.
func (n Node) Case() Case {
	if !n.Config() || n.spec().Choice == 0 {
		return Case{}
	}
	return Case{n.spec().Choice, n.spec().Case}
}

// Outer returns the case that the choice of c is in, the choice's name, and whether one of its cases must be there.
func (s *Schema) Outer(c Case) (outer Case, name string, mandatory bool) {
	h := s.im.Choices[c.Choice-1]
	return Case{h.Outer, h.OuterCase}, h.Name, h.Mandatory
}

// A Reference is a leafref: a leaf at Target must have the value that refers to it. Target is zero where that leaf is
// no configuration.
type Reference struct {
	Target Node
	Path   XPath
}

// References returns the leafrefs that a value of the leaf must satisfy one of; none if it is no reference, if the
// model does not ask for the target, or if the value is of another member of a union.
func (n Node) References(v Value) []Reference {
	if k := n.Kind(); k != Leaf && k != LeafList {
		return nil
	}
	refs, free := n.s.references(n.spec().Type, v)
	if free {
		return nil
	}
	return refs
}

// references collects the leafrefs that take v; free reports that something takes it without a reference.
func (s *Schema) references(typ int, v Value) (refs []Reference, free bool) {
	t := &s.im.Types[typ]
	switch t.Base {
	case Leafref:
		if !t.RequireInstance || t.Target == 0 {
			return nil, true
		}
		return []Reference{{Target: Node{s, uint32(t.Target)}, Path: t.Path}}, false
	case Union:
		for _, m := range t.Members {
			if c, why := s.convert(m, s.json(m, v), loose); why != "" || c != v {
				continue
			}
			r, f := s.references(m, v)
			if f {
				return nil, true
			}
			refs = append(refs, r...)
		}
		return refs, len(refs) == 0
	}
	return nil, true
}

// DerivedFrom reports whether an identity value of the leaf is the identity "module:name", or derived from it.
func (n Node) DerivedFrom(v Value, identity string) bool {
	if v.Kind() != KindIdentity {
		return false
	}
	base := -1
	module, name, _ := strings.Cut(identity, ":")
	for _, i := range n.s.idents[name] {
		if n.s.im.Identities[i].Module == module {
			base = i
		}
	}
	module, name, _ = strings.Cut(string(v[1:]), ":")
	for _, i := range n.s.idents[name] {
		if id := &n.s.im.Identities[i]; id.Module == module {
			return i == base || id.derives([]int{base})
		}
	}
	return false
}
