package tree

import (
	"fmt"
	"strings"

	"github.com/tenter-net/tenter/internal/schema"
)

// list checks a list as a whole, once.
func (v *validator) list(at place, n schema.Node, src SourceID) {
	least, most := n.Elements()
	groups := n.Unique()
	if v.lists[at] || least == 0 && most == 0 && len(groups) == 0 {
		return
	}
	v.lists[at] = true
	entries := v.entriesOf(place{at.entry, uint16(n.Parent().ID())}, n)
	v.elements(at, n, len(entries), src)
	for _, group := range groups {
		first := map[string]place{}
		for _, e := range entries {
			text, complete := "", true
			for _, leaf := range group {
				val := v.value(place{e.entry, uint16(leaf.ID())})
				complete = complete && val != ""
				text += fmt.Sprintf("%d:%s", len(val), val)
			}
			if !complete {
				continue // RFC 7950 §7.8.3: only entries that have all of the leaves
			}
			if other, twice := first[text]; twice {
				v.violation(e, v.sourceOf(e, src), "unique", "the same %s as %s", names(group), v.t.path(other))
				continue
			}
			first[text] = e
		}
	}
}

func names(group []schema.Node) string {
	texts := make([]string, len(group))
	for i, n := range group {
		texts[i] = n.Name()
	}
	return strings.Join(texts, " and ")
}

// sourceOf returns where an entry's first desired leaf comes from.
func (v *validator) sourceOf(e place, src SourceID) SourceID {
	if lo, hi := v.desired.span(e, v.t.node(e).End()); lo < hi {
		return v.desired.source(lo)
	}
	return src
}

func (v *validator) elements(at place, n schema.Node, count int, src SourceID) {
	least, most := n.Elements()
	if uint64(count) < least {
		v.violation(at, src, "min-elements", "%d, at least %d are needed", count, least)
	}
	if most > 0 && uint64(count) > most {
		v.violation(at, src, "max-elements", "%d, at most %d are allowed", count, most)
	}
}

// A target is where a leafref points to from some place: the values there are collected once.
type target struct {
	from place
	path string
}

// reference checks that a leaf with the value exists where one of the leafrefs points to.
func (v *validator) reference(at place, n schema.Node, value schema.Value, src SourceID) {
	refs := n.References(value)
	if len(refs) == 0 {
		return
	}
	for _, ref := range refs {
		values, err := v.values(ref.Path.Text, at)
		if err != nil {
			v.unchecked[Unchecked{n.Path(), "leafref", ref.Path.Text, err.Error()}] = true
			return
		}
		if values[value] {
			return
		}
	}
	v.violation(at, src, "leafref", "no %s is %q", refs[0].Target.Path(), value.Text())
}

// values returns the values of the leaves that a leafref's path leads to.
func (v *validator) values(text string, at place) (map[schema.Value]bool, error) {
	e, err := v.parse(text)
	if err != nil {
		return nil, err
	}
	if e.op != "path" {
		return nil, fmt.Errorf("no path")
	}
	// Leaves under the same start share what they refer to, unless the path looks at the leaf itself.
	from, rest, own := at, *e, false
	if e.from == '/' {
		for !v.t.isRoot(from.entry) {
			from.entry = v.t.at(from.entry).parent
		}
		from.node = 0
	} else {
		for len(rest.steps) > 0 && rest.steps[0].name == ".." {
			up, ok := v.parent(from)
			if !ok {
				return nil, fmt.Errorf("it leads out of the tree")
			}
			from, rest.steps = up, rest.steps[1:]
		}
	}
	rest.from = '.'
	for _, s := range rest.steps {
		own = own || len(s.preds) > 0
	}
	key := target{from, text}
	if own {
		key.from = at
	} else if known, ok := v.targets[key]; ok {
		return known, nil
	}
	set, err := v.walk(&rest, from, at)
	if err != nil {
		return nil, err
	}
	values := map[schema.Value]bool{}
	for _, p := range set {
		value := v.value(p)
		values[value] = true
		for _, it := range value.Items() {
			values[it] = true
		}
	}
	if !own {
		v.targets[key] = values
	}
	return values, nil
}
