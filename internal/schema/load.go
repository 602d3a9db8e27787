package schema

import (
	"fmt"
	"hash/maphash"
	"math/bits"
	"regexp"
	"slices"
	"sync"
)

// MaxNodes is how many configuration nodes one schema may have: trees store a node's number in two bytes.
const MaxNodes = 1 << 16

// A Schema is a compiled set of YANG modules.
type Schema struct {
	im       *Image
	end      []uint32   // one past the last node of each subtree
	children [][]uint32 // sorted by name
	presence []uint16   // per node the presence container that a leaf there implies, or 0; nil if the schema has none
	byName   []uint32   // open addressing over nodes by parent and name
	seed     maphash.Seed
	idents   map[string][]int
	regexps  sync.Map // pattern text -> *regexp.Regexp or error
	defaults []Value  // of leaves and leaf-lists, canonical
}

// Load reads a compiled schema. It fails closed: bytes that are not a whole, consistent schema are an error.
func Load(data []byte) (*Schema, error) {
	im, err := unmarshal(data)
	if err != nil {
		return nil, fmt.Errorf("schema: %w", err)
	}
	s, err := FromImage(im)
	if err != nil {
		return nil, fmt.Errorf("schema %q: %w", im.Name, err)
	}
	return s, nil
}

// FromImage checks an image and makes it usable. The image belongs to the schema afterwards.
func FromImage(im *Image) (*Schema, error) {
	s := &Schema{im: im}
	if err := s.checkTypes(); err != nil {
		return nil, err
	}
	if err := s.link(); err != nil {
		return nil, err
	}
	s.idents = make(map[string][]int, len(im.Identities))
	for i, id := range im.Identities {
		s.idents[id.Name] = append(s.idents[id.Name], i)
	}
	s.index()
	s.linkPresence()
	return s, s.resolveDefaults()
}

// Name returns the name that the schema was compiled under, such as "openconfig", and its version.
func (s *Schema) Name() (name, version string) { return s.im.Name, s.im.Version }

// Len returns the number of configuration nodes, the root included.
func (s *Schema) Len() int { return len(s.im.Nodes) }

func within(what string, limit int, numbers ...int) error {
	for _, n := range numbers {
		if n < 0 || n >= limit {
			return fmt.Errorf("%s %d is not there", what, n)
		}
	}
	return nil
}

func (s *Schema) checkTypes() error {
	im := s.im
	weights := make([]int, len(im.Types))
	for i, t := range im.Types {
		if t.Base >= baseCount {
			return fmt.Errorf("type %d: unknown base %d", i, t.Base)
		}
		// Members come before what uses them, so no type can contain itself.
		if err := within("member type", i, t.Members...); err != nil {
			return fmt.Errorf("type %d: %w", i, err)
		}
		if err := within("identity", len(im.Identities), t.Bases...); err != nil {
			return fmt.Errorf("type %d: %w", i, err)
		}
		if err := within("target", len(im.Nodes), t.Target); err != nil {
			return fmt.Errorf("type %d: %w", i, err)
		}
		if t.Base == Leafref && len(t.Members) != 1 || t.Base == Union && len(t.Members) == 0 {
			return fmt.Errorf("type %d: %s with %d members", i, t.Base, len(t.Members))
		}
		weights[i] = 1
		for _, m := range t.Members {
			weights[i] += weights[m]
		}
		// Members of members multiply; no model comes near this.
		if weights[i] > 10_000 {
			return fmt.Errorf("type %d: too many members", i)
		}
		if t.Base == Decimal64 && (t.Fraction < 1 || t.Fraction > 18) {
			return fmt.Errorf("type %d: %d fraction-digits", i, t.Fraction)
		}
	}
	for i, id := range im.Identities {
		if err := within("identity", len(im.Identities), id.Ancestors...); err != nil {
			return fmt.Errorf("identity %d: %w", i, err)
		}
	}
	return nil
}

// link checks the node table and computes subtree ends and children.
func (s *Schema) link() error {
	nodes := s.im.Nodes
	if len(nodes) == 0 || len(nodes) > MaxNodes {
		return fmt.Errorf("%d nodes, want 1 to %d", len(nodes), MaxNodes)
	}
	s.end = make([]uint32, len(nodes))
	s.children = make([][]uint32, len(nodes))
	counts := make([]uint32, len(nodes))
	for i, n := range nodes {
		if err := s.checkNode(i, n); err != nil {
			return fmt.Errorf("node %d %q: %w", i, n.Name, err)
		}
		if i > 0 {
			counts[n.Parent]++
		}
	}
	all := make([]uint32, len(nodes)-1)
	for i, c := range counts {
		s.children[i], all = all[:0:c], all[c:]
	}
	for i := 1; i < len(nodes); i++ {
		p := nodes[i].Parent
		kids := s.children[p]
		if k := len(kids); k > 0 && nodes[kids[k-1]].Name >= nodes[i].Name {
			return fmt.Errorf("node %d %q: not sorted", i, nodes[i].Name)
		}
		s.children[p] = append(kids, uint32(i))
	}
	for i := range nodes {
		if a := nodes[i].Attr; a != nil && len(a.Keys) > 0 {
			a.keys = make([]Node, len(a.Keys))
			for j, k := range a.Keys {
				a.keys[j] = Node{s, uint32(k)}
			}
			a.sorted = slices.Clone(a.keys)
			slices.SortFunc(a.sorted, func(x, y Node) int { return int(x.id) - int(y.id) })
		}
	}
	for i := len(nodes) - 1; i >= 0; i-- {
		s.end[i] = max(s.end[i], uint32(i)+1)
		if i > 0 {
			s.end[nodes[i].Parent] = max(s.end[nodes[i].Parent], s.end[i])
		}
	}
	// Preorder: a node's parent is its predecessor or one of that one's ancestors.
	for i := 1; i < len(nodes); i++ {
		a := i - 1
		for a != nodes[i].Parent && a != 0 {
			a = nodes[a].Parent
		}
		if a != nodes[i].Parent {
			return fmt.Errorf("node %d %q: not in preorder", i, nodes[i].Name)
		}
	}
	return nil
}

// linkPresence finds for each node the presence container above it.
func (s *Schema) linkPresence() {
	for i := 1; i < s.Len(); i++ {
		p := s.Node(NodeID(i)).Parent()
		switch {
		case p.Kind() == List:
		case p.Presence():
			if s.presence == nil {
				s.presence = make([]uint16, s.Len())
			}
			s.presence[i] = uint16(p.ID())
		case s.presence != nil:
			s.presence[i] = s.presence[p.ID()]
		}
	}
}

func (s *Schema) checkNode(i int, n NodeSpec) error {
	im := s.im
	if err := within("module", len(im.Modules), n.Module); err != nil && i > 0 {
		return err
	}
	switch {
	case n.Kind >= State:
		return fmt.Errorf("unknown kind %d", n.Kind)
	case i == 0 && (n.Kind != Container || n.Parent != 0):
		return fmt.Errorf("the root is not a container")
	case i > 0 && (n.Parent >= i || im.Nodes[n.Parent].Kind > List):
		return fmt.Errorf("no such parent %d", n.Parent)
	case n.Choice > len(im.Choices):
		return fmt.Errorf("no such choice %d", n.Choice)
	case n.Kind == Leaf || n.Kind == LeafList:
		if err := within("type", len(im.Types), n.Type); err != nil {
			return err
		}
	}
	if n.Attr == nil {
		return nil
	}
	for _, k := range n.Attr.Keys {
		if k <= i || k >= len(im.Nodes) || im.Nodes[k].Parent != i || im.Nodes[k].Kind != Leaf || n.Kind != List {
			return fmt.Errorf("node %d is not its key", k)
		}
	}
	for _, u := range n.Attr.Unique {
		if err := within("unique node", len(im.Nodes), u...); err != nil {
			return err
		}
	}
	return nil
}

func (s *Schema) resolveDefaults() error {
	s.defaults = make([]Value, len(s.im.Nodes))
	for i, n := range s.im.Nodes {
		if n.Attr == nil || len(n.Attr.Defaults) == 0 {
			continue
		}
		node := Node{s, uint32(i)}
		var v Value
		var err error
		if n.Kind == LeafList {
			texts := make([]any, len(n.Attr.Defaults))
			for j, d := range n.Attr.Defaults {
				texts[j] = Text(d)
			}
			v, err = node.Canonical(texts)
		} else if n.Kind == Leaf {
			v, err = node.Canonical(Text(n.Attr.Defaults[0]))
		}
		if err != nil {
			return fmt.Errorf("node %d %q: default: %w", i, n.Name, err)
		}
		s.defaults[i] = v
	}
	return nil
}

// regexp compiles a pattern when it is first needed: most of a schema's patterns never are.
func (s *Schema) regexp(text string) (*regexp.Regexp, error) {
	if re, ok := s.regexps.Load(text); ok {
		if err, bad := re.(error); bad {
			return nil, err
		}
		return re.(*regexp.Regexp), nil
	}
	re, err := regexp.Compile(`^(?:` + text + `)$`)
	if err != nil {
		s.regexps.Store(text, err)
		return nil, err
	}
	s.regexps.Store(text, re)
	return re, nil
}

// index makes children findable by name without a search among their siblings.
func (s *Schema) index() {
	s.seed = maphash.MakeSeed()
	s.byName = make([]uint32, 1<<bits.Len(uint(2*len(s.im.Nodes))))
	for i := 1; i < len(s.im.Nodes); i++ {
		n := &s.im.Nodes[i]
		slot := s.slot(uint32(n.Parent), maphash.String(s.seed, n.Name))
		for s.byName[slot] != 0 {
			slot = (slot + 1) & uint32(len(s.byName)-1)
		}
		s.byName[slot] = uint32(i)
	}
}

func (s *Schema) slot(parent uint32, hash uint64) uint32 {
	return uint32(hash^uint64(parent)*0x9e3779b97f4a7c15>>20) & uint32(len(s.byName)-1)
}

// child finds a child by name.
func (s *Schema) child(parent uint32, name string) (uint32, bool) {
	for slot := s.slot(parent, maphash.String(s.seed, name)); ; slot = (slot + 1) & uint32(len(s.byName)-1) {
		i := s.byName[slot]
		if i == 0 {
			return 0, false
		}
		if n := &s.im.Nodes[i]; uint32(n.Parent) == parent && n.Name == name {
			return i, true
		}
	}
}

// childOf is child for a name that is not a string yet.
func (s *Schema) childOf(parent uint32, name []byte) (uint32, bool) {
	for slot := s.slot(parent, maphash.Bytes(s.seed, name)); ; slot = (slot + 1) & uint32(len(s.byName)-1) {
		i := s.byName[slot]
		if i == 0 {
			return 0, false
		}
		if n := &s.im.Nodes[i]; uint32(n.Parent) == parent && n.Name == string(name) {
			return i, true
		}
	}
}
