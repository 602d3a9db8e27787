package tree

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
)

// A Violation is a rule of the model that a tree breaks.
type Violation struct {
	Path   path.Path
	Source SourceID
	Rule   string // the YANG statement: mandatory, leafref, unique, min-elements, max-elements, choice, key, when, must
	Reason string
}

// An Unchecked condition is one that applies and could not be evaluated. It is neither met nor broken.
type Unchecked struct {
	Node   string // in the schema, without keys
	Rule   string // must, when or leafref
	Text   string // the expression
	Reason string
}

// Validate checks the rules of the model that go beyond one value (RFC 7950 §8.1) for every leaf, container and entry
// of desired. What they refer to may be in desired or in observed, of the same table, which may be nil. Violations are
// in canonical order; unchecked conditions are sorted and each there once.
//
// Broken must and when conditions are the model's word, and models err: OpenConfig v5.9.0 says that a policy action
// with a local preference needs a MED. Devices know better, so they make good warnings and bad errors; every other
// rule is certain.
func Validate(desired, observed *Tree) ([]Violation, []Unchecked) {
	if desired.Len() == 0 {
		return nil, nil
	}
	data := desired
	if observed.Len() > 0 {
		b := observed.Builder()
		for i := range desired.Len() {
			b.add(desired.place(i), desired.values[i], desired.source(i))
		}
		data = b.Build()
	}
	v := &validator{
		evaluator: newEvaluator(data), desired: desired, seen: map[place]bool{}, lists: map[place]bool{},
		targets: map[target]map[schema.Value]bool{}, unchecked: map[Unchecked]bool{},
	}
	for i := range desired.Len() {
		v.leaf(i)
	}
	slices.SortStableFunc(v.found, func(a, b Violation) int {
		return cmp.Or(path.Compare(a.Path, b.Path), strings.Compare(a.Rule, b.Rule), strings.Compare(a.Reason, b.Reason))
	})
	var unchecked []Unchecked
	for u := range v.unchecked {
		unchecked = append(unchecked, u)
	}
	slices.SortFunc(unchecked, func(a, b Unchecked) int {
		return cmp.Or(strings.Compare(a.Node, b.Node), strings.Compare(a.Rule, b.Rule), strings.Compare(a.Text, b.Text))
	})
	return v.found, unchecked
}

type validator struct {
	*evaluator
	desired   *Tree
	seen      map[place]bool // containers and entries
	lists     map[place]bool
	targets   map[target]map[schema.Value]bool
	found     []Violation
	unchecked map[Unchecked]bool
}

func (v *validator) violation(at place, src SourceID, rule, format string, args ...any) {
	v.found = append(v.found, Violation{Path: v.t.path(at), Source: src, Rule: rule, Reason: fmt.Sprintf(format, args...)})
}

func (v *validator) leaf(i int) {
	at, src := v.desired.place(i), v.desired.source(i)
	n := v.t.node(at)
	if k := n.Kind(); k == schema.Leaf || k == schema.LeafList {
		v.conditions(at, n, src)
		items := []schema.Value{v.desired.Value(i)}
		if k == schema.LeafList {
			items = items[0].Items()
			v.elements(at, n, len(items), src)
		}
		for _, it := range items {
			v.reference(at, n, it, src)
		}
	}
	for up, ok := at, true; ok; up, ok = v.parent(up) {
		if v.seen[up] {
			break
		}
		v.seen[up] = true
		if n := v.t.node(up); n.Kind() == schema.Container || n.Kind() == schema.List {
			v.inner(up, n, src)
		}
	}
}

// conditions checks when and must of a node that is there.
func (v *validator) conditions(at place, n schema.Node, src SourceID) {
	for rule, list := range map[string][]schema.XPath{"when": n.When(), "must": n.Must()} {
		for _, x := range list {
			ok, err := v.holds(x, at)
			switch {
			case err != nil:
				v.unchecked[Unchecked{n.Path(), rule, x.Text, err.Error()}] = true
			case !ok && v.differs(x, at):
				v.unchecked[Unchecked{n.Path(), rule, x.Text, "it hangs on whether what is absent differs from a value"}] = true
			case !ok:
				v.violation(at, src, rule, "%s %q does not hold", rule, x.Text)
			}
		}
	}
}

// inner checks a container or entry, or a list itself by the key sequence that it has.
func (v *validator) inner(at place, n schema.Node, src SourceID) {
	isEntry := n.Kind() == schema.List && v.t.at(at.entry).node == at.node && !v.t.isRoot(at.entry)
	if n.Kind() == schema.List {
		list := at
		if isEntry {
			list.entry = v.t.at(at.entry).parent
		}
		v.list(list, n, src)
		if !isEntry {
			return
		}
		v.keys(at, n, src)
	}
	v.conditions(at, n, src)
	v.children(at, n, src)
}

// children checks what must be in a container or entry. Containers without presence are part of what they are in.
func (v *validator) children(at place, n schema.Node, src SourceID) {
	taken := map[int]taken{}
	for c := range n.Children() {
		here := place{at.entry, uint16(c.ID())}
		least, _ := c.Elements()
		if in := c.Case(); in.Choice > 0 {
			v.taken(taken, here, c, src)
			continue // a case's own mandatory nodes are needed only where the case is taken
		}
		switch {
		case c.Mandatory() && !v.exists(here) && v.applies(here, c):
			v.violation(here, src, "mandatory", "%s is mandatory", c.Name())
		case least > 0 && !v.exists(here) && v.applies(here, c):
			v.violation(here, src, "min-elements", "at least %d are needed", least)
		case c.Kind() == schema.Container && !c.Presence() && asked(n) && !v.has(here) && v.applies(here, c):
			v.children(here, c, src)
		}
	}
	for c := range n.Children() {
		here, in := place{at.entry, uint16(c.ID())}, c.Case()
		if t := taken[in.Choice]; in.Choice > 0 && c.Mandatory() && t.there && t.by == in && !v.exists(here) && v.applies(here, c) {
			v.violation(here, src, "mandatory", "%s is mandatory where %s is there", c.Name(), t.node.Name())
		}
	}
	for choice, t := range taken {
		outer, name, mandatory := n.Schema().Outer(schema.Case{Choice: choice})
		if o := taken[outer.Choice]; mandatory && !t.there && (outer.Choice == 0 || o.there && o.by.Case == outer.Case) {
			v.violation(at, src, "choice", "one case of %s is mandatory", name)
		}
	}
}

// asked reports whether somebody asked for what n is in: an entry or a presence container, whose empty containers are there
// too, with what is mandatory in them. What is mandatory at the top of a model the device has, whatever is desired of it.
func asked(n schema.Node) bool {
	for ; n.ID() != 0; n = n.Parent() {
		if n.Kind() == schema.List || n.Presence() {
			return true
		}
	}
	return false
}

// taken says which case of a choice has data, and the first node that it has.
type taken struct {
	there bool
	by    schema.Case
	node  schema.Node
}

// taken notes that node c is in a case, of a choice that may itself be in a case of another.
func (v *validator) taken(choices map[int]taken, here place, c schema.Node, src SourceID) {
	has := v.has(here)
	for in := c.Case(); in.Choice > 0; in, _, _ = c.Schema().Outer(in) {
		t := choices[in.Choice]
		if has && t.there && t.by != in {
			v.violation(here, src, "choice", "%s and %s exclude each other", t.node.Name(), c.Name())
		} else if has {
			t = taken{true, in, c}
		}
		choices[in.Choice] = t
	}
}

// has reports whether there is data at or under a place, defaults aside.
func (v *validator) has(at place) bool {
	lo, hi := v.data.span(at, v.t.node(at).End())
	return lo < hi
}

// applies reports whether nothing in the model takes an absent node away here.
func (v *validator) applies(at place, n schema.Node) bool {
	for _, x := range n.When() {
		if ok, err := v.holds(x, at); err != nil || !ok {
			return false
		}
	}
	return true
}

// keys checks that the leaves that an entry's keys refer to have the keys' values.
func (v *validator) keys(at place, list schema.Node, src SourceID) {
	for _, k := range list.Keys() {
		if !k.IsKeyAlias() {
			continue
		}
		key := place{at.entry, uint16(k.ID())}
		want := v.value(key)
		for _, ref := range k.References(want) {
			leaf := place{at.entry, uint16(ref.Target.ID())}
			if have := v.value(leaf); have != want {
				v.violation(leaf, src, "key", "it is %q, and the entry's key %q", have.Text(), want.Text())
			}
		}
	}
}
