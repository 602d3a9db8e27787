package compile

import (
	"errors"
	"slices"
	"strconv"
	"strings"
)

type pendingAugment struct {
	mod *module
	def *statement
}

// augmentAll applies the augments of all modules. One may augment what another adds, so it goes on until none is
// left, and fails when no further one finds its target.
func (c *compiler) augmentAll() error {
	var pending []pendingAugment
	for m, body := range c.bodies {
		for _, a := range body.all("augment") {
			if !c.operation(a) && !c.needsMissing(a) {
				pending = append(pending, pendingAugment{m, a})
			}
		}
	}
	for len(pending) > 0 {
		var left []pendingAugment
		for _, p := range pending {
			target := c.absolute(p.def.arg)
			if target == nil {
				left = append(left, p)
				continue
			}
			if err := c.augment(target, p.def, p.mod); err != nil {
				return err
			}
		}
		if len(left) == len(pending) {
			var errs []error
			for _, p := range left {
				errs = append(errs, p.def.errorf("augment %q: no such node", p.def.arg))
			}
			return errors.Join(errs...)
		}
		pending = left
	}
	return nil
}

func (c *compiler) absolute(id string) *node {
	return descend(c.root, strings.TrimPrefix(strings.Join(strings.Fields(id), ""), "/"))
}

// operation reports whether a target is in an RPC or a notification, which hold no configuration.
func (c *compiler) operation(s *statement) bool {
	step, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(s.arg), "/"), "/")
	prefix, name, qualified := strings.Cut(step, ":")
	if !qualified {
		prefix, name = "", step
	}
	m, err := c.src.module(s, prefix)
	if err != nil {
		return false
	}
	for _, t := range m.texts {
		for _, sub := range t.body.subs {
			if (sub.keyword == "rpc" || sub.keyword == "notification") && sub.arg == name {
				return true
			}
		}
	}
	return false
}

// adds returns the first node that an augment adds.
func (s *statement) adds() *statement {
	for _, sub := range s.subs {
		if _, ok := nodeKinds[sub.keyword]; ok || sub.keyword == "uses" {
			return sub
		}
	}
	return nil
}

// augment adds the nodes of an augment statement to its target.
func (c *compiler) augment(target *node, a *statement, mod *module) error {
	if target.kind == kindLeaf || target.kind == kindLeafList || target.kind == kindAny {
		if remark := a.value("description"); remark != "" && a.adds() == nil {
			// Not YANG, but published: a remark on a leaf in the form of an augment.
			c.note("remark on %s: %s", target.path(), strings.Join(strings.Fields(remark), " "))
			return nil
		}
		return a.errorf("augment %q: its target has no children", a.arg)
	}
	on, err := c.supported(a)
	if err != nil {
		return err
	}
	before := len(target.kids)
	if err := c.children(target, a, mod); err != nil {
		return err
	}
	for _, k := range target.kids[before:] {
		if !on {
			k.disable()
		}
		for _, w := range a.all("when") {
			k.when = append(k.when, xpath{w, 1})
		}
	}
	return nil
}

// deviateAll applies the deviations of all modules.
func (c *compiler) deviateAll() error {
	var errs []error
	for _, body := range c.bodies {
		for _, d := range body.all("deviation") {
			on, err := c.supported(d)
			if err != nil {
				return err
			}
			if !on || c.operation(d) || c.needsMissing(d) {
				continue
			}
			target := c.absolute(d.arg)
			if target == nil {
				errs = append(errs, d.errorf("deviation %q: no such node", d.arg))
				continue
			}
			for _, how := range d.all("deviate") {
				errs = append(errs, c.deviate(target, how))
			}
		}
	}
	return errors.Join(errs...)
}

func (c *compiler) deviate(n *node, d *statement) error {
	switch d.arg {
	case "not-supported":
		n.remove()
		return nil
	case "add":
		// A leaf-list may get further defaults; of everything else properties adds or sets.
		had := n.defaults
		if err := c.properties(n, d); err != nil {
			return err
		}
		if n.kind == kindLeafList && d.find("default") != nil {
			n.defaults = append(slices.Clip(had), n.defaults...)
		}
		return nil
	case "replace":
		return c.properties(n, d)
	case "delete":
		return n.drop(d)
	}
	return d.errorf("deviate %q", d.arg)
}

// drop removes the properties that a deviate delete names.
func (n *node) drop(d *statement) error {
	for _, sub := range d.subs {
		switch sub.keyword {
		case "default":
			if !slices.Contains(n.defaults, sub.arg) {
				return sub.errorf("%s has no default %q to delete", n.path(), sub.arg)
			}
			n.defaults = slices.DeleteFunc(n.defaults, func(v string) bool { return v == sub.arg })
		case "must":
			count := len(n.must)
			n.must = slices.DeleteFunc(n.must, func(x xpath) bool { return x.def.arg == sub.arg })
			if len(n.must) == count {
				return sub.errorf("%s has no such must to delete", n.path())
			}
		case "unique":
			n.unique = slices.DeleteFunc(n.unique, func(u *statement) bool { return u.arg == sub.arg })
		case "config":
			n.config = nil
		case "mandatory":
			n.mandatory = false
		case "min-elements", "max-elements":
			if _, err := strconv.ParseUint(sub.arg, 10, 64); err != nil && sub.arg != "unbounded" {
				return sub.errorf("%s %q is no number", sub.keyword, sub.arg)
			}
			if sub.keyword == "min-elements" {
				n.min = 0
			} else {
				n.max = 0
			}
		}
	}
	return nil
}
