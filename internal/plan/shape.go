package plan

import (
	"cmp"
	"slices"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/tree"
)

// wishes are single leaves to change, each list in canonical order.
type wishes struct {
	sets   []tree.Change
	dels   []del
	orders []tree.Change // key sequences
}

// A del is a leaf to delete. A neutral one may go with its list entry and is not worth a delete of its own.
type del struct {
	tree.Change
	neutral bool
}

// A shaper turns wishes for single leaves into one edit with the granularity that devices want: whole list entries
// are deleted where nothing else is in them, and a list whose order changes is replaced whole.
type shaper struct {
	observed *tree.Tree
	in       Input
	unread   []path.Path
	notes    []Note

	// ours reports whether a leaf that stays as it is may be sent again with a list that is replaced.
	ours func(path.Path) bool

	deletes  []path.Path
	replaces []tree.Subtree
	target   *tree.Tree // what the device is to have, built when a list's order needs it
}

func newShaper(in Input, ours func(path.Path) bool) *shaper {
	s := &shaper{observed: in.Observed, in: in, ours: ours}
	for _, p := range in.Problems {
		if q, err := path.Parse(p.Path); err == nil {
			s.unread = append(s.unread, q)
		}
	}
	return s
}

func (s *shaper) note(p path.Path, text string) { s.notes = append(s.notes, Note{p.String(), text}) }

// shape returns the edit and every leaf that it changes.
func (s *shaper) shape(w wishes) (tree.Edit, []tree.Change) {
	var writes []tree.Change
	gone := s.shapeDeletes(w)
	updates := slices.Clone(w.sets)
	for _, o := range w.orders {
		if sent, ok := s.shapeOrder(o, w, gone); ok {
			writes = append(writes, sent)
			arrange(updates, o.Path, sent.After.Entries())
		}
	}
	writes = append(append(writes, w.sets...), gone...)
	slices.SortFunc(writes, byPath)

	edit := tree.Edit{Replaces: s.replaces}
	for _, d := range s.deletes {
		if !s.replaced(d) {
			edit.Deletes = append(edit.Deletes, d)
		}
	}
	for _, u := range updates {
		leaf := tree.Leaf{Path: u.Path, Value: u.After, Source: u.Source}
		switch {
		case s.replaced(u.Path):
		case shrinks(u):
			// An update adds to a leaf-list (RFC 7950 §7.7.9 leaves it to the protocol, and devices differ).
			edit.Replaces = append(edit.Replaces, tree.Subtree{Path: u.Path, Leaves: []tree.Leaf{leaf}})
		default:
			edit.Updates = append(edit.Updates, leaf)
		}
	}
	slices.SortFunc(edit.Replaces, func(a, b tree.Subtree) int { return path.Compare(a.Path, b.Path) })
	edit.Updates = s.together(edit.Updates, gone)
	return edit, writes
}

func byPath(a, b tree.Change) int { return path.Compare(a.Path, b.Path) }

// shrinks reports whether a leaf-list is to become something that adding items cannot make of it.
func shrinks(ch tree.Change) bool {
	have, want := ch.Before.Items(), ch.After.Items()
	return len(have) > 0 && (len(want) < len(have) || !slices.Equal(have, want[:len(have)]))
}

func (s *shaper) replaced(p path.Path) bool {
	return slices.ContainsFunc(s.replaces, func(r tree.Subtree) bool { return p.HasPrefix(r.Path) })
}

// shapeDeletes fills s.deletes and returns all leaves that go with them.
func (s *shaper) shapeDeletes(w wishes) []tree.Change {
	var gone []tree.Change
	for i := 0; i < len(w.dels); {
		d := w.dels[i]
		if entry, n := s.wholeEntry(w, i); n > 0 {
			s.deletes = append(s.deletes, entry)
			for _, x := range w.dels[i : i+n] {
				gone = append(gone, x.Change)
			}
			i += n
			continue
		}
		i++
		if !d.neutral && s.deletable(d.Path) {
			s.deletes = append(s.deletes, d.Path)
			gone = append(gone, d.Change)
		}
	}
	return gone
}

// wholeEntry returns the outermost list entry around w.dels[i] in which the device has nothing but what is to be
// deleted, and how many of w.dels, from i on, are in it; 0 if there is none.
func (s *shaper) wholeEntry(w wishes, i int) (path.Path, int) {
	p := w.dels[i].Path
	for k := range p.Elems {
		if len(p.Elems[k].Keys) == 0 {
			continue
		}
		entry := path.Path{Origin: p.Origin, Elems: p.Elems[:k+1]}
		lo, hi := s.observed.Range(entry)
		n := hi - lo
		// Both lists are in canonical order, and what is to be deleted is observed: if the n-th from here is in the entry
		// too, all of it goes.
		if i+n > len(w.dels) || !w.dels[i+n-1].Path.HasPrefix(entry) || s.sets(w, entry) || s.blind(entry) {
			continue
		}
		if slices.ContainsFunc(w.dels[i:i+n], func(d del) bool { return !d.neutral }) {
			return entry, n
		}
	}
	return path.Path{}, 0
}

func (s *shaper) sets(w wishes, entry path.Path) bool {
	i, _ := slices.BinarySearchFunc(w.sets, entry, func(c tree.Change, p path.Path) int { return path.Compare(c.Path, p) })
	return i < len(w.sets) && w.sets[i].Path.HasPrefix(entry)
}

// blind reports whether the device may have something at or under p that was not read, or that must not go.
func (s *shaper) blind(p path.Path) bool {
	return s.in.Scope.ignoresUnder(p) ||
		slices.ContainsFunc(s.unread, func(u path.Path) bool { return u.HasPrefix(p) || p.HasPrefix(u) }) ||
		slices.ContainsFunc(s.in.Protected.patterns, func(g path.Pattern) bool { return g.MatchPrefix(p) })
}

// deletable reports whether a single leaf can go while what is around it stays.
func (s *shaper) deletable(p path.Path) bool {
	lo, hi := s.observed.Range(p)
	if hi-lo > 1 {
		s.note(p, "stays: it holds leaves that are not Tenter's")
		return false
	}
	n, ok := s.in.Roots.Node(p)
	switch {
	case !ok:
	case n.IsKey(), namesEntry(p):
		s.note(p, "stays: its list entry holds leaves that are not Tenter's")
		return false
	case n.Mandatory():
		s.note(p, "stays: mandatory where its surroundings stay")
		return false
	}
	return true
}

// namesEntry reports whether p is the leaf that a key of its own list entry refers to: OpenConfig's config/name.
func namesEntry(p path.Path) bool {
	n := len(p.Elems)
	if n < 3 || p.Elems[n-2].Name != "config" {
		return false
	}
	_, ok := p.Elems[n-3].Key(p.Elems[n-1].Name)
	return ok
}

// sortNotes puts the notes in order and drops repeats.
func (s *shaper) sortedNotes() []Note {
	slices.SortFunc(s.notes, func(a, b Note) int { return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Text, b.Text)) })
	return slices.Compact(s.notes)
}
