package compile

import (
	"slices"
	"strconv"
	"strings"

	"github.com/tenter-net/tenter/internal/schema"
)

type nodeKind int

const (
	kindContainer nodeKind = iota
	kindList
	kindLeaf
	kindLeafList
	kindChoice
	kindCase
	kindAny
)

var nodeKinds = map[string]nodeKind{
	"container": kindContainer, "list": kindList, "leaf": kindLeaf, "leaf-list": kindLeafList,
	"choice": kindChoice, "case": kindCase, "anydata": kindAny, "anyxml": kindAny,
}

// A node is a schema node as it stands in the whole tree: choices and cases are nodes here.
type node struct {
	kind      nodeKind
	name      string
	mod       *module // whose namespace the node is in
	def       *statement
	parent    *node
	kids      []*node
	config    *bool
	mandatory bool
	presence  bool
	userOrder bool
	keys      []string
	unique    []*statement
	typ       *statement
	defaults  []string
	min, max  uint64
	must      []xpath
	when      []xpath
	off       bool // by a feature that is not there: others may refer to it, the image leaves it out
	id        int  // in the image, 0 if it is not in it
}

type xpath struct {
	def *statement // whose prefixes it uses
	up  int
}

// child finds a child by name, and only if there is no other one that is off.
func (n *node) child(name string) *node {
	var off *node
	for _, k := range n.kids {
		if k.name == name {
			if !k.off {
				return k
			}
			off = k
		}
	}
	return off
}

func (n *node) path() string {
	if n.parent == nil {
		return ""
	}
	return n.parent.path() + "/" + n.name
}

// dataPath is path without choices and cases, which are not in data.
func (n *node) dataPath() string {
	switch {
	case n.parent == nil:
		return ""
	case n.kind == kindChoice || n.kind == kindCase:
		return n.parent.dataPath()
	}
	return n.parent.dataPath() + "/" + n.name
}

// children adds the data nodes that a statement defines to parent, in the namespace of mod.
func (c *compiler) children(parent *node, s *statement, mod *module) error {
	for _, sub := range s.subs {
		if sub.keyword == "uses" {
			if err := c.uses(parent, sub, mod); err != nil {
				return err
			}
			continue
		}
		kind, ok := nodeKinds[sub.keyword]
		if !ok {
			continue
		}
		on, err := c.supported(sub)
		if err != nil {
			return err
		}
		if err := c.add(parent, sub, kind, mod, !on); err != nil {
			return err
		}
	}
	return nil
}

func (c *compiler) add(parent *node, s *statement, kind nodeKind, mod *module, off bool) error {
	if parent.kind == kindChoice && kind != kindCase {
		// RFC 7950 §7.9.2: a case of one node may leave out its case statement.
		short := &node{kind: kindCase, name: s.arg, mod: mod, def: s, parent: parent, off: off}
		parent.kids = append(parent.kids, short)
		parent = short
	}
	off = off || c.prunes(parent, s.arg, mod)
	if old := parent.child(s.arg); old != nil && !old.off && !off && !parent.off && parent.isConfig() {
		return s.errorf("%s: there is another one from %s; compile them apart, by Roots or Modules", parent.path()+"/"+s.arg, old.def.at)
	}
	n := &node{kind: kind, name: s.arg, mod: mod, def: s, parent: parent, off: off || parent.off}
	parent.kids = append(parent.kids, n)
	if err := c.properties(n, s); err != nil {
		return err
	}
	c.prune(n)
	for _, w := range s.all("when") {
		up := 0
		if kind == kindChoice || kind == kindCase {
			up = 1
		}
		n.when = append(n.when, xpath{w, up})
	}
	if kind == kindLeaf || kind == kindLeafList {
		if n.typ == nil {
			return s.errorf("%s: no type", n.path())
		}
		return nil
	}
	return c.children(n, s, mod)
}

// properties reads what a definition, refine or deviation says of a node itself.
func (c *compiler) properties(n *node, s *statement) error {
	defaults := false
	for _, sub := range s.subs {
		switch sub.keyword {
		case "config":
			v := sub.arg == "true"
			n.config = &v
		case "mandatory":
			n.mandatory = sub.arg == "true"
		case "presence":
			n.presence = true
		case "ordered-by":
			n.userOrder = sub.arg == "user"
		case "key":
			n.keys = strings.Fields(sub.arg)
		case "unique":
			n.unique = append(n.unique, sub)
		case "type":
			n.typ = sub
		case "default":
			if !defaults {
				n.defaults, defaults = nil, true
			}
			n.defaults = append(n.defaults, sub.arg)
		case "must":
			on, err := c.conditional(sub)
			if err != nil {
				return err
			}
			if on {
				n.must = append(n.must, xpath{def: sub})
			}
		case "min-elements", "max-elements":
			v := uint64(0)
			if sub.arg != "unbounded" {
				var err error
				if v, err = strconv.ParseUint(sub.arg, 10, 64); err != nil {
					return sub.errorf("%s %q is no number", sub.keyword, sub.arg)
				}
			}
			if sub.keyword == "min-elements" {
				n.min = v
			} else {
				n.max = v
			}
		}
	}
	return nil
}

// uses puts a grouping's nodes under parent, then refines and augments them (RFC 7950 §7.13).
func (c *compiler) uses(parent *node, s *statement, mod *module) error {
	on, err := c.supported(s)
	if err != nil {
		return err
	}
	g, err := c.src.lookup(s, "grouping", s.arg)
	if err != nil {
		return err
	}
	for n, depth := parent, 0; n != nil; n = n.parent {
		if depth++; depth > 200 {
			return s.errorf("grouping %q uses itself", s.arg)
		}
	}
	before := len(parent.kids)
	if err := c.children(parent, g, mod); err != nil {
		return err
	}
	added := parent.kids[before:]
	for _, k := range added {
		for _, w := range s.all("when") {
			k.when = append(k.when, xpath{w, 1})
		}
	}
	for _, r := range s.all("refine") {
		on, err := c.supported(r)
		if err != nil {
			return err
		}
		target := descend(parent, r.arg)
		if target == nil {
			return r.errorf("refine %q: no such node", r.arg)
		}
		if !on {
			target.disable()
		}
		if err := c.properties(target, r); err != nil {
			return err
		}
	}
	for _, a := range s.all("augment") {
		target := descend(parent, a.arg)
		if target == nil {
			return a.errorf("augment %q: no such node", a.arg)
		}
		if err := c.augment(target, a, mod); err != nil {
			return err
		}
	}
	if !on {
		for _, k := range added {
			k.disable()
		}
	}
	return nil
}

// disable turns a node and all in it off.
func (n *node) disable() {
	n.off = true
	for _, k := range n.kids {
		k.disable()
	}
}

// descend follows a descendant schema node identifier. Names are unique among siblings, so prefixes add nothing.
func descend(n *node, id string) *node {
	for step := range strings.SplitSeq(id, "/") {
		if n == nil {
			return nil
		}
		n = n.child(strings.TrimSpace(step[strings.LastIndexByte(step, ':')+1:]))
	}
	return n
}

func (n *node) remove() {
	n.parent.kids = slices.DeleteFunc(n.parent.kids, func(k *node) bool { return k == n })
}

// isConfig reports whether the node can be written: it says so, or what it is in does.
func (n *node) isConfig() bool {
	for ; n != nil; n = n.parent {
		if n.config != nil && !*n.config {
			return false
		}
	}
	return true
}

// dataParent returns the nearest node above that is in data: no choice and no case.
func (n *node) dataParent() *node {
	for n = n.parent; n.kind == kindChoice || n.kind == kindCase; n = n.parent {
	}
	return n
}

func (k nodeKind) schema() schema.Kind {
	return map[nodeKind]schema.Kind{kindContainer: schema.Container, kindList: schema.List, kindLeaf: schema.Leaf, kindLeafList: schema.LeafList}[k]
}
