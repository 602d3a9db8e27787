package plan

import (
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
)

// Undo returns the edit that puts back, of writes, every leaf that the device still has as written. What somebody
// else changed since stays as it is. A value that is known by its digest only cannot be put back and stays too.
// Of in, it needs what says how an edit may look: Observed, Problems, Scope, Secrets and Roots.
func Undo(in Input, writes []tree.Change) tree.Edit {
	in.Protected = Protection{} // it is for what was there before; this deletes only what the run itself brought
	in.Only = nil
	var w wishes
	for i, v := range Values(in, writes) {
		wr := writes[i]
		back := tree.Change{Path: wr.Path, Before: wr.After, After: wr.Before}
		switch {
		case !in.Secrets.Same(wr.Path, v, wr.After) || Hidden(wr.Before):
			continue
		case wr.Before.Kind() == schema.KindKeys:
			w.orders = append(w.orders, back)
		case wr.Before == "":
			w.dels = append(w.dels, del{Change: tree.Change{Path: wr.Path, Before: wr.After}, neutral: wr.After.Kind() == schema.KindKeys})
		default:
			w.sets = append(w.sets, back)
		}
	}
	edit, _ := newShaper(in, func(path.Path) bool { return true }).shape(w)
	return edit
}

// Values returns what the device has for each of writes, for comparing with what was there before and what was
// planned: a deleted leaf that the device shows at its default counts as absent, a key sequence in which the
// planned entries stand in order as the planned one.
func Values(in Input, writes []tree.Change) []schema.Value {
	values := make([]schema.Value, len(writes))
	for i, w := range writes {
		leaf, there := in.Observed.Get(w.Path)
		v := leaf.Value
		switch {
		case w.After == "" && v != w.Before && v != "":
			if n, ok := in.Roots.Node(w.Path); ok && n.Default() == v {
				v = ""
			}
		case w.After.Kind() == schema.KindKeys:
			if !there && in.Observed.Has(w.Path) || there && v != w.Before && sameOrder(v, w.After) {
				v = w.After
			}
		}
		values[i] = v
	}
	return values
}
