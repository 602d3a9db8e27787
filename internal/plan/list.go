package plan

import (
	"cmp"
	"slices"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
)

// arrange puts the updates below a user-ordered list, which stand together, in the order of its entries, for a device
// appends the entries that it does not have as they come.
func arrange(updates []tree.Change, list path.Path, seq []string) {
	lo := slices.IndexFunc(updates, func(u tree.Change) bool { return u.Path.HasPrefix(list) })
	if lo < 0 {
		return
	}
	hi := lo
	for hi < len(updates) && updates[hi].Path.HasPrefix(list) {
		hi++
	}
	place := make(map[string]int, len(seq))
	for i, e := range seq {
		place[e] = i
	}
	at := len(list.Elems) - 1
	slices.SortStableFunc(updates[lo:hi], func(a, b tree.Change) int {
		return cmp.Compare(place[keysText(a.Path.Elems[at])], place[keysText(b.Path.Elems[at])])
	})
}

// shapeOrder decides about one list whose key sequence differs: nothing to do, done by adding at the end, or replaced.
func (s *shaper) shapeOrder(o tree.Change, w wishes, gone []tree.Change) (tree.Change, bool) {
	if o.After == "" && !slices.ContainsFunc(s.deletes, func(d path.Path) bool { return d.HasPrefix(o.Path) }) {
		return o, false // nobody wants an order, and no entry goes; or the list goes with what it is in
	}
	s.aim(w, gone)
	last := len(o.Path.Elems) - 1
	stays := map[string]bool{}
	for l := range s.target.Under(o.Path) {
		stays[keysText(l.Path.Elems[last])] = true
	}
	away := func(entry string) bool { return !stays[entry] }
	want := slices.DeleteFunc(o.After.Entries(), away)
	seq := after(o.Before.Entries(), want, away)
	ordered := slices.Equal(project(seq, want), want)
	why := ""
	if !ordered {
		if why = s.fixed(o.Path); why != "" {
			s.note(o.Path, "its order differs and stays: "+why)
		}
	}
	if ordered || why != "" {
		o.After = ""
		if len(seq) > 0 {
			o.After = schema.KeysValue(seq)
		}
		return o, o.After != o.Before
	}
	o.After = schema.KeysValue(append(want, slices.DeleteFunc(seq, func(e string) bool { return slices.Contains(want, e) })...))
	leaves := []tree.Leaf{{Path: o.Path, Value: o.After, Source: o.Source}}
	for l := range s.target.Under(o.Path) {
		if l.Value.Kind() != schema.KindKeys || len(l.Path.Elems) > last+1 {
			leaves = append(leaves, l)
		}
	}
	s.replaces = append(s.replaces, tree.Subtree{Path: s.around(o.Path), Leaves: leaves})
	return o, true
}

// aim builds what the device is to have. Wishes are leaves of trees of one table, so setting them cannot fail.
func (s *shaper) aim(w wishes, gone []tree.Change) {
	if s.target != nil {
		return
	}
	b := s.observed.Builder()
	for _, g := range gone {
		if g.Before.Kind() != schema.KindKeys {
			b.Delete(g.Path)
		}
	}
	for _, c := range w.sets {
		_ = b.Set(tree.Leaf{Path: c.Path, Value: c.After, Source: c.Source})
	}
	s.target = b.Build()
}

// fixed says what keeps a list from being replaced whole, empty for nothing.
func (s *shaper) fixed(list path.Path) string {
	if s.blind(list) {
		return "a part of the list is protected or cannot be read"
	}
	for l := range s.target.Under(list) {
		switch {
		case l.Value.Kind() == schema.KindKeys:
		case !s.in.Scope.Writes(l.Path):
			return l.Path.String() + " is outside the scope"
		case s.in.Only != nil && !s.in.Only(l.Path):
			return l.Path.String() + " is not to be put back"
		case !s.ours(l.Path):
			return l.Path.String() + " is not Tenter's"
		}
	}
	return ""
}

// around returns the container around a list if nothing else is in it, for devices know no path to a whole list;
// else the list.
func (s *shaper) around(list path.Path) path.Path {
	parent := list.Parent()
	if len(parent.Elems) == 0 || len(parent.Elems[len(parent.Elems)-1].Keys) > 0 {
		return list
	}
	for _, t := range []*tree.Tree{s.observed, s.target} {
		lo, hi := t.Range(parent)
		inLo, inHi := t.Range(list)
		if hi-lo != inHi-inLo {
			return list
		}
	}
	return parent
}

// keysText returns an entry's keys as a key sequence has them: "[name=a]".
func keysText(e path.Elem) string { return e.String()[len(e.Name):] }
