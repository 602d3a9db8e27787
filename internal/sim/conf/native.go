package conf

import (
	"fmt"
	"slices"
	"sync"

	"github.com/tenter-net/tenter/internal/sim/native"
)

// SRLinux returns the schema of a simulated SR Linux, read once.
var SRLinux = sync.OnceValues(func() (*Schema, error) { return fromNative(DialectSRLinux, native.SRLinux, false) })

// EOS returns the schema of a simulated EOS, read once.
var EOS = sync.OnceValues(func() (*Schema, error) { return fromNative(DialectEOS, native.EOS, true) })

func fromNative(dialect Dialect, load func() (*native.Tree, error), twin bool) (*Schema, error) {
	t, err := load()
	if err != nil {
		return nil, err
	}
	root := &Schema{Dialect: dialect, Kind: Container, Presence: true, Twin: twin, rules: &native.Node{Kids: t.Roots}}
	root.grow(t)
	root.resolve()
	return root, nil
}

// grow adds the children that the native tree has.
func (s *Schema) grow(t *native.Tree) {
	s.Kids = make(map[string]*Schema, len(s.rules.Kids))
	for _, n := range s.rules.Kids {
		kid := &Schema{
			Name: n.Name, Module: t.Modules[n.Module].Name, Keys: n.Keys, Ordered: n.Ordered, Presence: n.Presence,
			State: n.State, Twin: s.Twin, Default: n.Default, Parent: s, rules: n,
		}
		switch n.Kind {
		case native.List:
			kid.Kind = List
		case native.Leaf, native.LeafList:
			if kid.Kind = Leaf; n.Kind == native.LeafList {
				kid.Kind = LeafList
			}
			kid.declared = t.Types[n.Type].YANG()
		}
		s.Kids[n.Name] = kid
		kid.grow(t)
		s.limited = s.limited || n.Must || n.Min > 0 || n.Max > 0 || kid.limited && kid.always()
	}
	s.limited = s.limited || len(s.rules.Choose) > 0
}

// always tells whether a container is there wherever its parent is (RFC 7950 §7.5.1).
func (s *Schema) always() bool {
	return s.Kind == Container && !s.Presence && !s.rules.When
}

// chosen tells whether the node is one of a choice.
func (s *Schema) chosen() bool { return s.rules != nil && len(s.rules.In) > 0 }

// judge tells what is wrong with one container, list entry or the root of a native tree: its leaves' values, what is
// missing, what is too much, and choices of which two cases are there (RFC 7950 §7.5 to §7.9).
func (n *Node) judge(at Path, errs *[]error) {
	refuse := func(format string, args ...any) {
		*errs = append(*errs, fmt.Errorf("%s: %s", at, fmt.Sprintf(format, args...)))
	}
	cases := map[string]string{}
	for _, kid := range n.Kids() {
		if kid.Leaf() {
			if err := kid.Schema.restrict(*kid.Value); err != nil {
				refuse("%s: %v", kid.Step.Name, err)
			}
		}
		choice := ""
		for _, c := range kid.Schema.rules.In {
			choice += "/" + c.Choice
			if other, ok := cases[choice]; ok && other != c.Case {
				refuse("choice %q: %q and %q exclude each other", c.Choice, other, c.Case)
			}
			cases[choice] = c.Case
			choice += "/" + c.Case
		}
	}
	if n.Schema.limited {
		n.Schema.complain(n, cases, refuse)
	}
}

// complain reports what n lacks of what its schema asks for; n may be nil for a container that is not there but whose
// parent is, as containers without presence always are.
func (s *Schema) complain(n *Node, cases map[string]string, refuse func(string, ...any)) {
	for _, choice := range s.rules.Choose {
		if _, ok := cases["/"+choice]; !ok {
			refuse("one of the choice %q is mandatory", choice)
		}
	}
	for _, rule := range s.rules.Kids {
		kid := s.Kids[rule.Name]
		if rule.State || !kid.selected(cases) {
			continue
		}
		switch kid.Kind {
		case Leaf:
			if rule.Must && n.Kid(rule.Name) == nil {
				refuse("%s is mandatory", rule.Name)
			}
		case LeafList, List:
			count := len(n.Texts(rule.Name))
			if kid.Kind == List {
				count = len(n.Entries(rule.Name))
			}
			if uint64(count) < rule.Min || rule.Max > 0 && uint64(count) > rule.Max {
				refuse("%s: %d entries, where %s", rule.Name, count, limits(rule.Min, rule.Max))
			}
		default:
			if kid.limited && kid.always() && n.Kid(rule.Name) == nil {
				kid.complain(nil, nil, func(format string, args ...any) { refuse(rule.Name+"/"+format, args...) })
			}
		}
	}
}

// selected tells whether the cases that a node stands in are those that are there; a node outside of choices is.
func (s *Schema) selected(cases map[string]string) bool {
	choice := ""
	return !slices.ContainsFunc(s.rules.In, func(c native.Case) bool {
		choice += "/" + c.Choice
		have, ok := cases[choice]
		choice += "/" + c.Case
		return !ok || have != c.Case
	})
}

func limits(least, most uint64) string {
	if most == 0 {
		return fmt.Sprintf("at least %d are needed", least)
	}
	return fmt.Sprintf("%d to %d are allowed", least, most)
}
