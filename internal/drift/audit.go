package drift

import (
	"maps"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
)

// touched are the leaves that the stream spoke of since Mark.
type touched struct {
	desired bitset
	extra   map[string]bool
}

// Mark is called right before the device is read beside the stream. What the stream says between Mark and Observe is newer
// than what is read, or will be followed by something newer still, and so it wins.
func (s *State) Mark() {
	s.touched = &touched{desired: newBitset(s.device.base.Len()), extra: map[string]bool{}}
}

// spoken is a desired leaf that has to be judged, with its path where that is at hand.
type spoken struct {
	i int
	p path.Path
}

// observe records what the device has for desired leaf i, which then has to be judged.
func (s *State) observe(i int, p path.Path, v schema.Value) {
	if s.device.absent.has(i) != (v == "") {
		s.flipped = append(s.flipped, i)
	}
	s.device.set(i, v)
	s.dirty = append(s.dirty, spoken{i, p})
	if s.touched != nil {
		s.touched.desired.add(i)
	}
}

func (s *State) markExtra(p path.Path) {
	s.dirtyEx = append(s.dirtyEx, p)
	if s.touched != nil {
		s.touched.extra[p.String()] = true
	}
}

// Observe takes in what the device has at and under prefixes, as read since Mark, and returns the findings that
// came or went by it: those that the stream ought to have told of and did not, if its notifications are not still
// on their way. When Mark was not called, or what was expected or streamed from was swapped since, nothing is taken in and
// ok is false: read again.
func (s *State) Observe(prefixes []path.Path, have *tree.Tree, problems []tree.Problem) (changed []Finding, ok bool) {
	t := s.touched
	s.touched = nil
	if t == nil || s.reading != nil || !s.synced {
		return nil, false
	}
	seen := newBitset(s.device.base.Len())
	copy(seen, t.desired)
	for l := range have.All() {
		i, desired := s.device.find(l.Path)
		switch {
		case desired && !t.desired.has(i):
			seen.add(i)
			s.observe(i, l.Path, l.Value)
		case !desired:
			text := l.Path.String()
			if _, found := s.foundExtra[text]; !t.extra[text] && (found || s.extra.get(l.Path) != l.Value) {
				s.extra.set(l.Path, l.Value)
				s.markExtra(l.Path)
			}
		}
	}
	for _, p := range problems {
		s.unheard(p, seen)
	}
	for _, p := range prefixes {
		lo, hi := s.device.base.Range(p)
		for i := lo; i < hi; i++ {
			if !seen.has(i) {
				s.observe(i, path.Path{}, "")
			}
		}
		for _, q := range s.extra.under(p) {
			if !have.Has(q) && !t.extra[q.String()] {
				s.extra.set(q, "")
				s.markExtra(q)
			}
		}
	}
	before := maps.Clone(s.unreadable)
	s.forget(prefixes)
	for _, p := range problems {
		s.misread(p)
	}
	s.reread = s.rereadSince(before)
	return s.settle(), true
}

// rereadSince returns the findings about what cannot be read that are not as before: what could not be read then either is
// no news, though the device was read anew.
func (s *State) rereadSince(before map[string]tree.Problem) []Finding {
	var changed []Finding
	for text, p := range s.unreadable {
		if old, was := before[text]; !was || old != p {
			changed = append(changed, s.unreadableFinding(text, p))
		}
	}
	for text, p := range before {
		if _, still := s.unreadable[text]; !still {
			changed = append(changed, Finding{Path: s.unreadableFinding(text, p).Path})
		}
	}
	return changed
}

// forget drops the problems at and under prefixes.
func (s *State) forget(prefixes []path.Path) {
	for text := range s.unreadable {
		q, err := path.Parse(text)
		for _, p := range prefixes {
			if err != nil || q.HasPrefix(p) {
				s.readable(text)
				break
			}
		}
	}
}

// Silent reports whether the stream has said nothing of any of the paths since Mark.
func (s *State) Silent(paths []path.Path) bool {
	if s.touched == nil {
		return false
	}
	for _, p := range paths {
		if i, desired := s.device.find(p); desired && s.touched.desired.has(i) || s.touched.extra[p.String()] {
			return false
		}
	}
	return true
}
