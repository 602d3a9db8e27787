package compile

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/tenter-net/tenter/internal/schema"
)

func sum(data []byte) string {
	h := sha256.Sum256(data)
	return hex.EncodeToString(h[:])
}

// emit writes the configuration nodes into the image. Numbers are given first, for leafrefs point anywhere.
func (c *compiler) emit() error {
	im := &c.image
	im.Name, im.Version = c.opts.Name, c.opts.Version
	index := map[*module]int{}
	for i, m := range c.modules {
		im.Modules = append(im.Modules, schema.Module{Name: m.name, Revision: m.revision, Namespace: m.texts[0].body.value("namespace")})
		index[m] = i
	}
	var order []*node
	if err := c.number(c.root, &order); err != nil {
		return err
	}
	im.Nodes = make([]schema.NodeSpec, len(order))
	for _, n := range order {
		spec, err := c.spec(n, index)
		if err != nil {
			return err
		}
		im.Nodes[n.id] = spec
	}
	c.choices(order)
	return nil
}

// flat returns the data nodes in n, without choices and cases, sorted by name.
func (n *node) flat() []*node {
	var out []*node
	for _, k := range n.kids {
		if k.off {
			continue
		}
		if k.kind == kindChoice || k.kind == kindCase {
			out = append(out, k.flat()...)
			continue
		}
		out = append(out, k)
	}
	slices.SortFunc(out, func(a, b *node) int { return strings.Compare(a.name, b.name) })
	return out
}

func (c *compiler) number(n *node, order *[]*node) error {
	n.id = len(*order)
	*order = append(*order, n)
	last := ""
	for _, k := range n.flat() {
		if n == c.root && len(c.opts.Roots) > 0 && !slices.Contains(c.opts.Roots, k.name) || !k.isConfig() {
			continue
		}
		if k.name == last {
			return k.def.errorf("%s: two cases have a node of this name", k.path())
		}
		last = k.name
		if k.kind == kindAny {
			c.note("%s %s: not compiled", k.def.keyword, k.path())
			continue
		}
		if err := c.number(k, order); err != nil {
			return err
		}
	}
	return nil
}

// spec describes one node for the image.
func (c *compiler) spec(n *node, modules map[*module]int) (schema.NodeSpec, error) {
	spec := schema.NodeSpec{Name: n.name, Kind: n.kind.schema(), Module: modules[n.mod]}
	if n.parent == nil {
		spec.Attr = attrOrNil(schema.Attr{State: c.stateChildren(n)})
		return spec, nil
	}
	parent := n.dataParent()
	spec.Parent = parent.id
	attr := schema.Attr{
		State: c.stateChildren(n), Defaults: n.defaults, Min: n.min, Max: n.max,
		Must: c.rewriteAll(n.must), When: c.rewriteAll(n.conditions()),
	}
	set := func(on bool, flag uint8) {
		if on {
			spec.Flags |= flag
		}
	}
	set(n.userOrder, schema.FlagOrderedByUser)
	set(n.presence, schema.FlagPresence)
	isKey := parent.kind == kindList && slices.Contains(parent.keys, n.name)
	set(isKey, schema.FlagKey)
	set(n.mandatory && !isKey, schema.FlagMandatory)
	switch n.kind {
	case kindLeaf, kindLeafList:
		typ, def, err := c.resolve(n, n.typ)
		if err != nil {
			return spec, err
		}
		spec.Type = typ
		if def != nil && len(n.defaults) == 0 && !n.mandatory && n.min == 0 && !isKey {
			attr.Defaults = []string{*def}
		}
		set(isKey && c.alias(n, parent, typ), schema.FlagKeyAlias)
	case kindList:
		if err := c.listSpec(n, &attr); err != nil {
			return spec, err
		}
	}
	spec.Attr = attrOrNil(attr)
	return spec, nil
}

// conditions returns the when statements of a node and of the choices and cases around it.
func (n *node) conditions() []xpath {
	out := slices.Clone(n.when)
	for p := n.parent; p != nil && (p.kind == kindChoice || p.kind == kindCase); p = p.parent {
		out = append(out, p.when...)
	}
	return out
}

// alias reports whether a key leaf refers to a configuration leaf of its own entry.
func (c *compiler) alias(n, list *node, typ int) bool {
	t := c.image.Types[typ]
	if t.Base != schema.Leafref || t.Target == 0 || !strings.HasPrefix(t.Path.Text, "../") || strings.HasPrefix(t.Path.Text, "../..") {
		return false
	}
	for _, k := range list.flat() {
		if k.id != 0 && k.id <= t.Target && t.Target < k.last() {
			return k != n
		}
	}
	return false
}

// last returns the number after the last node under n.
func (n *node) last() int {
	end := n.id + 1
	for _, k := range n.flat() {
		if k.id != 0 {
			end = max(end, k.last())
		}
	}
	return end
}

func (c *compiler) listSpec(n *node, attr *schema.Attr) error {
	if len(n.keys) == 0 {
		return n.def.errorf("configuration list %s has no key", n.path())
	}
	for _, k := range n.keys {
		leaf := n.dataChild(k[strings.LastIndexByte(k, ':')+1:])
		if leaf == nil || leaf.kind != kindLeaf || leaf.id == 0 {
			return n.def.errorf("list %s: key %q is no configuration leaf of it", n.path(), k)
		}
		attr.Keys = append(attr.Keys, leaf.id)
	}
	for _, u := range n.unique {
		var ids []int
		for path := range strings.FieldsSeq(u.arg) {
			at := descend(n, path)
			if at == nil {
				return u.errorf("unique %q: no such node", u.arg)
			}
			ids = append(ids, at.id)
		}
		if !slices.Contains(ids, 0) {
			attr.Unique = append(attr.Unique, ids)
		}
	}
	return nil
}

// stateChildren returns the names of the config false children, and of those that are not compiled.
func (c *compiler) stateChildren(n *node) []string {
	var names []string
	for _, k := range n.flat() {
		if k.id == 0 && (n != c.root || len(c.opts.Roots) == 0 || slices.Contains(c.opts.Roots, k.name)) {
			names = append(names, k.name)
		}
	}
	return slices.Compact(names)
}

func attrOrNil(a schema.Attr) *schema.Attr {
	if len(a.Keys)+len(a.State)+len(a.Defaults)+len(a.Unique)+len(a.Must)+len(a.When) == 0 && a.Min == 0 && a.Max == 0 {
		return nil
	}
	return &a
}

// choices numbers the choices that the image's nodes are in.
func (c *compiler) choices(order []*node) {
	number := map[*node]int{} // of choices, from 1
	caseOf := map[*node]int{} // of cases, within their choice
	var add func(choice *node) int
	add = func(choice *node) int {
		if i, ok := number[choice]; ok {
			return i
		}
		out := schema.Choice{Name: choice.name, Parent: choice.dataParent().id, Mandatory: choice.mandatory}
		for i, k := range choice.kids {
			caseOf[k] = i
		}
		if choice.parent.kind == kindCase {
			out.Outer = add(choice.parent.parent)
			out.OuterCase = caseOf[choice.parent]
		}
		c.image.Choices = append(c.image.Choices, out)
		number[choice] = len(c.image.Choices)
		return number[choice]
	}
	for _, n := range order {
		if n.parent != nil && n.parent.kind == kindCase {
			spec := &c.image.Nodes[n.id]
			spec.Choice = add(n.parent.parent)
			spec.Case = caseOf[n.parent]
		}
	}
}
