package drift

import (
	"slices"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
)

// reading is a snapshot that is coming in.
type reading struct {
	seen     bitset        // of the desired leaves
	incoming *tree.Builder // every other leaf
	problems []tree.Problem
	unclear  int
}

func (r *reading) extra(l tree.Leaf) {
	if err := r.incoming.Set(tree.Leaf{Path: l.Path, Value: l.Value}); err != nil {
		r.problems = append(r.problems, tree.Problem{Path: l.Path.String(), Reason: err.Error()})
	}
}

// Begin starts a snapshot: what the device does not say until the update with Sync set is gone. The findings so far
// stand until then, though Synced says no.
func (s *State) Begin() {
	s.reading = &reading{seen: newBitset(s.device.base.Len()), incoming: tree.NewBuilder(s.table)}
	s.touched = nil
	s.order = order{}
}

// Fold takes in what the device said, deletes first, in time proportional to the leaves that it names. Within a
// snapshot it only collects; the update with Sync set completes the snapshot and brings all findings at once.
func (s *State) Fold(u tree.Update) Folded {
	switch {
	case s.reading != nil && u.Sync:
		return s.finish()
	case s.reading != nil:
		s.collect(u)
		return Folded{}
	}
	var t int64
	if !u.Time.IsZero() {
		t = u.Time.UnixNano()
	}
	late := 0
	for _, p := range u.Deletes {
		late += s.remove(p, t)
	}
	for _, l := range u.Leaves {
		if !s.put(l.Path, l.Value, t) {
			late++
		}
	}
	for _, p := range u.Problems {
		s.misread(p)
	}
	return Folded{Changed: s.settle(), Late: late, Unclear: u.Unclear}
}

func (s *State) collect(u tree.Update) {
	r := s.reading
	for _, p := range u.Deletes {
		lo, hi := s.device.base.Range(p)
		for i := lo; i < hi; i++ {
			r.seen.drop(i)
		}
		r.incoming.Delete(p)
	}
	for _, l := range u.Leaves {
		if i, desired := s.device.find(l.Path); desired {
			r.seen.add(i)
			s.device.set(i, l.Value)
		} else {
			r.extra(l)
		}
	}
	r.problems = append(r.problems, u.Problems...)
	r.unclear += u.Unclear
}

// finish completes the snapshot: what was not seen is missing.
func (s *State) finish() Folded {
	r := s.reading
	s.reading, s.synced = nil, true
	s.unreadable = map[string]tree.Problem{}
	for _, p := range r.problems {
		s.keep(s.assumeAll(p, r.seen), p)
	}
	beside := tree.NewBuilder(s.table)
	for l := range r.incoming.Build().All() {
		if i, desired := s.device.find(l.Path); desired { // since Expect, while the snapshot came in
			r.seen.add(i)
			s.device.set(i, l.Value)
			continue
		}
		_ = beside.Set(l) // it was in a tree of this table
	}
	s.extra = newExtras(beside.Build())
	for i := range s.device.base.Len() {
		if !r.seen.has(i) {
			s.device.set(i, "")
		}
	}
	before, beforeEx := s.found, s.foundExtra
	s.judgeAll(func(i int) bool { return !r.seen.has(i) }, false)
	return Folded{Changed: s.since(before, beforeEx), Unclear: r.unclear}
}

// since compares the findings with those of before.
func (s *State) since(before map[int]Finding, beforeEx map[string]Finding) []Finding {
	var changed []Finding
	for i, f := range s.found {
		if !alike(f, before[i]) {
			changed = append(changed, f)
		}
	}
	for text, f := range s.foundExtra {
		if !alike(f, beforeEx[text]) {
			changed = append(changed, f)
		}
	}
	for i, f := range before {
		if _, still := s.found[i]; !still {
			changed = append(changed, Finding{Path: f.Path})
		}
	}
	for text, f := range beforeEx {
		if _, still := s.foundExtra[text]; !still {
			changed = append(changed, Finding{Path: f.Path})
		}
	}
	return changed
}

func alike(a, b Finding) bool {
	return a.Class == b.Class && a.Want == b.Want && a.Have == b.Have && a.Report == b.Report
}

// remove takes a subtree away, and returns how many leaves of it the device had spoken of later already.
func (s *State) remove(p path.Path, t int64) (late int) {
	lo, hi := s.device.base.Range(p)
	for i := lo; i < hi; i++ {
		if !take(&s.order.desired, i, t) {
			late++
			continue
		}
		s.observe(i, path.Path{}, "")
	}
	for _, q := range s.extra.under(p) {
		if !s.putExtra(q, "", t) {
			late++
		}
	}
	for text := range s.unreadable {
		if q, err := path.Parse(text); err == nil && q.HasPrefix(p) {
			s.readable(text)
		}
	}
	return late
}

// put records one leaf and reports whether it was in time.
func (s *State) put(p path.Path, v schema.Value, t int64) bool {
	if len(s.unreadable) > 0 {
		s.readable(p.String())
	}
	i, desired := s.device.find(p)
	if !desired {
		return s.putExtra(p, v, t)
	}
	if !take(&s.order.desired, i, t) {
		return false
	}
	s.observe(i, p, v)
	return true
}

func (s *State) putExtra(p path.Path, v schema.Value, t int64) bool {
	if n, ok := s.table.Roots().Node(p); ok && n.IsKeyAlias() {
		return true // the path has said it already
	}
	if !take(&s.order.extra, p.String(), t) {
		return false
	}
	s.extra.set(p, v)
	s.markExtra(p)
	return true
}

// settle judges the leaves that were touched and returns the findings that are not as before.
func (s *State) settle() []Finding {
	changed := slices.Clone(s.reread)
	for _, i := range s.flipped {
		if s.device.absent.has(i) || len(s.found) > 0 {
			s.dirty = s.appendImplied(s.dirty, i)
		}
	}
	for _, at := range s.dirty {
		i := at.i
		before := s.found[i]
		f := s.judgeDesired(i, at.p, false)
		if f.Class == "" {
			delete(s.found, i)
		} else {
			s.found[i] = f
		}
		if !alike(f, before) {
			if f.Class == "" {
				f = Finding{Path: before.Path}
			}
			changed = append(changed, f)
		}
	}
	for _, p := range s.dirtyEx {
		text := p.String()
		before := s.foundExtra[text]
		f := s.judgeExtra(p, text, false)
		if f.Class == "" {
			delete(s.foundExtra, text)
		} else {
			s.foundExtra[text] = f
		}
		if !alike(f, before) {
			f.Path = p
			changed = append(changed, f)
		}
	}
	s.dirty, s.flipped, s.dirtyEx, s.reread = s.dirty[:0], s.flipped[:0], s.dirtyEx[:0], s.reread[:0]
	s.extra.compact(s.table)
	return changed
}

// appendImplied appends the desired leaves that leaf i may stand for: key leaves and presence containers above it.
func (s *State) appendImplied(list []spoken, i int) []spoken {
	p := s.device.base.At(i).Path
	for k := len(p.Elems) - 1; k > 0; k-- {
		above := path.Path{Origin: p.Origin, Elems: p.Elems[:k]}
		for _, key := range p.Elems[k-1].Keys {
			if j, ok := s.device.find(above.Append(path.Elem{Name: key.Name})); ok && j != i {
				list = append(list, spoken{i: j})
			}
		}
		if j, ok := s.device.find(above); ok && j != i {
			list = append(list, spoken{i: j})
		}
	}
	return list
}

// misread records a problem of the stream, and readable that it is over.
func (s *State) misread(p tree.Problem) {
	text := s.assume(p)
	if s.unreadable == nil {
		s.unreadable = map[string]tree.Problem{}
	}
	if old, known := s.unreadable[text]; known && old == p {
		return
	}
	if f := s.keep(text, p); f.Class != "" {
		s.reread = append(s.reread, f)
	}
}

// keep remembers a problem that is a finding, and forgets any other: a device may have any number of paths that no schema
// knows. Should one of them become desired its leaf is absent, and reading that finds the problem again.
func (s *State) keep(text string, p tree.Problem) Finding {
	f := s.unreadableFinding(text, p)
	if f.Class != "" {
		s.unreadable[text] = p
	}
	return f
}

func (s *State) readable(text string) {
	if p, is := s.unreadable[text]; is {
		s.reread = append(s.reread, Finding{Path: s.unreadableFinding(text, p).Path})
		delete(s.unreadable, text)
	}
}

// assume takes an unreadable desired leaf to be as desired, since the finding of the leaf itself speaks for it, and returns
// the canonical text of its path where it has one. What is under an unreadable node stays as it was last known: other
// messages may have told of it.
func (s *State) assume(problem tree.Problem) string {
	p, err := path.Parse(problem.Path)
	if err != nil {
		return problem.Path
	}
	if i, desired := s.device.find(p); desired {
		s.observe(i, p, s.device.base.Value(i))
	}
	return p.String()
}

// assumeAll takes the desired leaves at and under an unreadable node that a snapshot has not shown to be as desired, and
// returns what assume does.
func (s *State) assumeAll(problem tree.Problem, seen bitset) string {
	p, err := path.Parse(problem.Path)
	if err != nil {
		return problem.Path
	}
	lo, hi := s.device.base.Range(p)
	for i := lo; i < hi; i++ {
		if !seen.has(i) {
			seen.add(i)
			s.device.set(i, s.device.base.Value(i))
		}
	}
	return p.String()
}

// unheard marks the desired leaves at and under an unreadable node as seen: a reading that does not show them does not say
// that they are gone.
func (s *State) unheard(problem tree.Problem, seen bitset) {
	p, err := path.Parse(problem.Path)
	if err != nil {
		return
	}
	lo, hi := s.device.base.Range(p)
	for i := lo; i < hi; i++ {
		seen.add(i)
	}
}
