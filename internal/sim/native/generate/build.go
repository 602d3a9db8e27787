package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/openconfig/goyang/pkg/yang"

	"github.com/tenter-net/tenter/internal/sim/native"
)

// A builder makes one tree of goyang's entries.
type builder struct {
	vendor
	tree        *native.Tree
	types       map[string]int // by their JSON
	modules     map[string]int
	byNamespace map[string]*yang.Module
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func (b *builder) build(ms *yang.Modules, implemented []string) (*native.Tree, error) {
	for _, m := range ms.Modules {
		if m.Namespace != nil {
			b.byNamespace[m.Namespace.Name] = m
		}
	}
	for _, name := range sortedKeys(b.byNamespace) {
		m := b.byNamespace[name]
		b.tree.Modules = append(b.tree.Modules, native.Model{Name: m.Name, Namespace: m.Namespace.Name, Organization: organization(m), Revision: revision(m)})
	}
	slices.SortFunc(b.tree.Modules, func(x, y native.Model) int { return cmp.Compare(x.Name, y.Name) })
	for i, m := range b.tree.Modules {
		b.modules[m.Name] = i
	}
	b.tree.Types = []native.Type{{Kind: "empty"}} // index 0 is no type
	for _, name := range implemented {
		m := ms.Modules[name]
		if m == nil { // a submodule
			continue
		}
		entry := yang.ToEntry(m)
		for _, child := range sortedKeys(entry.Dir) {
			if !slices.Contains(b.roots, name+":"+child) && !slices.Contains(b.roots, "*") {
				continue
			}
			if err := b.add(&b.tree.Roots, entry.Dir[child], "", nil, false); err != nil {
				return nil, err
			}
		}
	}
	return b.tree, nil
}

func organization(m *yang.Module) string {
	if m.Organization == nil {
		return ""
	}
	return strings.Join(strings.Fields(m.Organization.Name), " ")
}

func revision(m *yang.Module) string {
	newest := ""
	for _, r := range m.Revision {
		newest = max(newest, r.Name)
	}
	return newest
}

// add appends the node of an entry, or for a choice the nodes of its cases.
func (b *builder) add(to *[]*native.Node, e *yang.Entry, path string, in []native.Case, state bool) error {
	if e.RPC != nil || e.Kind == yang.NotificationEntry || e.Kind == yang.AnyDataEntry || e.Kind == yang.AnyXMLEntry || b.featureless(e) {
		return nil
	}
	if e.IsChoice() {
		for _, name := range sortedKeys(e.Dir) {
			kid := e.Dir[name]
			at := append(slices.Clone(in), native.Case{Choice: e.Name, Case: name})
			if !kid.IsCase() { // a case of one node, in short
				if err := b.add(to, kid, path, at, state); err != nil {
					return err
				}
				continue
			}
			if b.featureless(kid) {
				continue
			}
			for _, below := range sortedKeys(kid.Dir) {
				if err := b.add(to, kid.Dir[below], path, at, state); err != nil {
					return err
				}
			}
		}
		return nil
	}
	path += "/" + e.Name
	parentState := state
	state = state || e.Config == yang.TSFalse
	if slices.Contains(b.drop, path) || state && !e.IsLeaf() && !e.IsLeafList() && !b.keepsState(path) || parentState && !b.keepsState(path) {
		return nil
	}
	if err := refined(e); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	n, err := b.node(e, path, state)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	n.In = in
	for _, name := range sortedKeys(e.Dir) {
		kid := e.Dir[name]
		if kid.IsChoice() && kid.Mandatory == yang.TSTrue && !conditional(kid) {
			n.Choose = append(n.Choose, name)
		}
		if err := b.add(&n.Kids, kid, path, nil, state); err != nil {
			return err
		}
	}
	maybe := onCondition(e)
	for _, kid := range n.Kids {
		if maybe[kid.Name] {
			kid.Must, kid.Min, kid.When = false, 0, kid.Kind == native.Container
		}
	}
	*to = append(*to, n)
	return nil
}

// onCondition names the children that an entry has by a uses with a condition.
func onCondition(e *yang.Entry) map[string]bool {
	names := map[string]bool{}
	for _, u := range e.Uses {
		if u.Uses.When == nil && len(u.Uses.IfFeature) == 0 {
			continue
		}
		for name := range u.Grouping.Dir {
			names[name] = true
		}
	}
	return names
}

// keepsState tells whether a state container is kept: it leads to, is or is below one that the vendor names. In
// trees of the OpenConfig kind, with state containers, all of that is left out: a device answers below any of them.
func (b *builder) keepsState(path string) bool {
	return slices.ContainsFunc(b.state, func(s string) bool {
		return path == s || strings.HasPrefix(path, s+"/") || strings.HasPrefix(s, path+"/")
	})
}

func (b *builder) node(e *yang.Entry, path string, state bool) (*native.Node, error) {
	n := &native.Node{Name: e.Name, State: state, Default: e.Default}
	space := e.Namespace()
	module := b.byNamespace[space.Name]
	if module == nil {
		return nil, fmt.Errorf("no module has the namespace %q", space.Name)
	}
	n.Module = b.modules[module.Name]
	_, n.Presence = e.Extra["presence"]
	n.Must = e.Mandatory == yang.TSTrue && !conditional(e) && !state
	if a := e.ListAttr; a != nil {
		n.Ordered, n.Min = a.OrderedByUser, a.MinElements
		if a.MaxElements != math.MaxUint64 {
			n.Max = a.MaxElements
		}
		if conditional(e) {
			n.Min = 0
		}
	}
	switch {
	case e.IsLeaf():
		n.Kind = native.Leaf
	case e.IsLeafList():
		n.Kind = native.LeafList
	case e.IsList():
		n.Kind, n.Keys = native.List, strings.Fields(e.Key)
	default:
		n.When = conditional(e)
	}
	if e.Type != nil {
		var err error
		n.Type, err = b.typ(e.Type)
		return n, err
	}
	return n, nil
}

// refined finds what goyang would silently leave out of an entry.
func refined(e *yang.Entry) error {
	for _, u := range e.Uses {
		if u.Uses.Augment != nil || len(u.Uses.Refine) > 0 {
			return fmt.Errorf("uses %s: goyang applies neither refine nor augment below it", u.Uses.Name)
		}
		if err := refined(u.Grouping); err != nil {
			return err
		}
	}
	return nil
}

// featureless tells whether a feature that no device has is needed for the entry.
func (b *builder) featureless(e *yang.Entry) bool {
	for _, raw := range e.Extra["if-feature"] {
		text := fmt.Sprint(raw)
		if v, ok := raw.(*yang.Value); ok {
			text = v.Name
		}
		if !b.mayHave(text) {
			return true
		}
	}
	return false
}

// mayHave tells whether some device fulfils an if-feature expression (RFC 7950 §7.20.2): each feature but the absent ones
// may be there or not.
func (b *builder) mayHave(expression string) bool {
	expression = strings.NewReplacer("(", " ", ")", " ").Replace(expression) // no vendor nests "or" below "and"
	return slices.ContainsFunc(strings.Split(expression, " or "), func(all string) bool {
		return !slices.ContainsFunc(strings.Split(all, " and "), func(term string) bool {
			name := strings.TrimSpace(term)
			if strings.HasPrefix(name, "not ") {
				return false
			}
			if _, after, ok := strings.Cut(name, ":"); ok {
				name = after
			}
			return slices.Contains(b.absent, name)
		})
	})
}

// conditional tells whether a when could take the entry away: its own, or one of the statement that defines it.
func conditional(e *yang.Entry) bool {
	if _, ok := e.GetWhenXPath(); ok {
		return true
	}
	if _, ok := e.Extra["if-feature"]; ok {
		return true
	}
	for n := e.Node; n != nil; n = n.ParentNode() {
		if a, ok := n.(*yang.Augment); ok && a.When != nil {
			return true
		}
	}
	return false
}

// typ returns the index of a type, its members before it.
func (b *builder) typ(t *yang.YangType) (int, error) {
	out := native.Type{Name: t.Name, Kind: t.Kind.String(), Path: t.Path, Optional: t.OptionalInstance, Patterns: t.Pattern}
	if t.Kind == yang.Ydecimal64 {
		out.Digits = t.FractionDigits
	}
	if len(out.Patterns) == 0 {
		out.Patterns = t.POSIXPattern
	}
	out.Patterns, out.Not = sides(out.Patterns)
	if !wide(t) {
		out.Range = t.Range.String()
	}
	out.Length = t.Length.String()
	switch t.Kind {
	case yang.Yenum:
		out.Names = t.Enum.Names()
	case yang.Ybits:
		out.Names = t.Bit.Names()
	case yang.Yidentityref:
		if t.IdentityBase == nil {
			return 0, fmt.Errorf("an identityref without a base")
		}
		for _, i := range t.IdentityBase.Values {
			out.Names = append(out.Names, i.Name)
		}
		slices.Sort(out.Names)
	case yang.Yunion:
		for _, m := range t.Type {
			i, err := b.typ(m)
			if err != nil {
				return 0, err
			}
			out.Members = append(out.Members, i)
		}
	}
	text, err := json.Marshal(out)
	if err != nil {
		return 0, err
	}
	if i, ok := b.types[string(text)]; ok {
		return i, nil
	}
	b.types[string(text)] = len(b.tree.Types)
	b.tree.Types = append(b.tree.Types, out)
	return len(b.tree.Types) - 1, nil
}

// sides parts the patterns that must match from those that must not.
func sides(patterns []string) (match, not []string) {
	for _, p := range patterns {
		if rest, ok := strings.CutPrefix(p, inverted); ok {
			not = append(not, rest)
		} else {
			match = append(match, p)
		}
	}
	return match, not
}

// wide tells whether a type has its built-in type's own range, which is checked by its width.
func wide(t *yang.YangType) bool {
	builtin := yang.BaseTypedefs[t.Kind.String()]
	return builtin != nil && builtin.YangType != nil && t.Range.Equal(builtin.YangType.Range)
}
