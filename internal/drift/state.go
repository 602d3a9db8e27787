package drift

import (
	"cmp"
	"maps"
	"slices"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
)

// A State judges what one device has against what is expected of it. Until the first snapshot is complete it
// finds nothing. It is not safe for concurrent use.
type State struct {
	table *tree.Table
	want  Expected

	device observed // what the device has of the desired leaves
	extra  extras   // what it has beside them

	unapplied bitset               // desired leaves that nothing was applied to
	applied   map[int]schema.Value // where something else than desired was applied
	gone      map[string]Owned     // owned leaves that are desired no more, by canonical path
	flight    map[int]*Write       // the write-set in flight, on desired leaves
	outside   map[string]*Write    // and on others

	found        map[int]Finding
	foundExtra   map[string]Finding
	unreadable   map[string]tree.Problem
	pending      bitset
	pendingExtra map[string]bool

	order   order
	reading *reading
	touched *touched
	synced  bool

	// What the update at hand touched, until it is judged.
	dirty   []spoken
	flipped []int // came or went
	dirtyEx []path.Path
	reread  []Finding
}

// New returns a State of which nothing is expected and nothing observed. All trees that it is given must be of table.
func New(table *tree.Table) *State {
	empty := tree.NewBuilder(table).Build()
	s := &State{table: table, device: newObserved(empty), extra: newExtras(empty)}
	s.Expect(Expected{Desired: empty})
	return s
}

// Synced reports whether a snapshot was completed, so that findings mean something, and none is coming in.
func (s *State) Synced() bool { return s.synced && s.reading == nil }

// Pending returns how many leaves wait for a roll-out: the device is as Tenter left it, and intent differs.
func (s *State) Pending() int { return s.pending.count() + len(s.pendingExtra) }

// Findings returns all findings in canonical order of their paths.
func (s *State) Findings() []Finding {
	all := make([]Finding, 0, len(s.found)+len(s.foundExtra)+len(s.unreadable))
	for i, f := range s.found {
		f.Source = s.device.base.At(i).Source
		all = append(all, f)
	}
	all = slices.AppendSeq(all, maps.Values(s.foundExtra))
	for text, p := range s.unreadable {
		if f := s.unreadableFinding(text, p); f.Class != "" {
			all = append(all, f)
		}
	}
	slices.SortFunc(all, func(a, b Finding) int {
		return cmp.Or(path.Compare(a.Path, b.Path), cmp.Compare(a.Class, b.Class))
	})
	return all
}

// Expect swaps what the device is judged against. It costs time in proportion to what deviates, and to the whole
// tree when Desired is another one. Findings that it raises are Stale until the device speaks of their leaves.
func (s *State) Expect(want Expected) {
	if want.Scope == nil {
		want.Scope = func(path.Path) fabric.ScopeAction { return fabric.Merge }
	}
	if want.Digest == nil {
		want.Digest = func(_ path.Path, v schema.Value) schema.Value { return v }
	}
	if want.Implied == nil {
		want.Implied = func(path.Path, schema.Value) bool { return false }
	}
	if want.Desired != s.want.Desired {
		s.rebind(want.Desired)
	}
	s.want = want
	s.unapplied = newBitset(want.Desired.Len())
	s.unapplied.fill(want.Desired.Len())
	s.applied, s.gone = map[int]schema.Value{}, map[string]Owned{}
	for _, o := range want.Owned {
		i, desired := s.device.find(o.Path)
		switch {
		case !desired:
			s.gone[o.Path.String()] = o
		case o.Applied:
			s.unapplied.drop(i)
			if d := want.Desired.Value(i); o.Value != d && o.Value != want.Digest(o.Path, d) {
				s.applied[i] = o.Value
			}
		}
	}
	s.flight, s.outside = map[int]*Write{}, map[string]*Write{}
	for k := range want.InFlight {
		w := &want.InFlight[k]
		if i, desired := s.device.find(w.Path); desired {
			s.flight[i] = w
		} else {
			s.outside[w.Path.String()] = w
		}
	}
	s.judgeAll(func(int) bool { return true }, true)
}

// rebind carries over what is observed, and what a snapshot that is under way has seen, to another desired tree.
func (s *State) rebind(desired *tree.Tree) {
	old, next := s.device, newObserved(desired)
	seen := newBitset(desired.Len())
	for i := range old.base.Len() {
		v, p := old.value(i), old.base.At(i).Path
		wasSeen := s.reading != nil && s.reading.seen.has(i)
		if v == "" && !wasSeen {
			continue
		}
		if j, ok := desired.Find(p); ok {
			next.set(j, v)
			seen.put(j, wasSeen)
		} else if v != "" {
			s.extra.set(p, v)
			if wasSeen {
				s.reading.extra(tree.Leaf{Path: p, Value: v})
			}
		}
	}
	for j := range next.absent.all() {
		p := desired.At(j).Path
		if v := s.extra.get(p); v != "" {
			next.set(j, v)
			s.extra.set(p, "")
		}
	}
	s.device = next
	s.extra.compact(s.table)
	s.order = order{}
	s.touched = nil // an audit that is under way was marked against the old tree and is void
	if s.reading != nil {
		s.reading.seen = seen
	}
}

// judgeAll judges every leaf that is not as desired; stale says of each desired one whether the device was silent on it,
// and staleExtra of the others.
func (s *State) judgeAll(stale func(i int) bool, staleExtra bool) {
	found, foundExtra := s.found, s.foundExtra
	s.found, s.foundExtra = map[int]Finding{}, map[string]Finding{}
	s.pending, s.pendingExtra = newBitset(s.device.base.Len()), map[string]bool{}
	if !s.synced {
		return
	}
	keep := func(f, old Finding) Finding {
		if f.Class == old.Class && f.Want == old.Want && f.Have == old.Have && path.Equal(f.Path, old.Path) {
			f.Stale = old.Stale && f.Stale
		}
		return f
	}
	judge := func(i int) {
		if f := s.judgeDesired(i, path.Path{}, stale(i)); f.Class != "" {
			s.found[i] = keep(f, found[i])
		}
	}
	for i := range s.device.absent.all() {
		judge(i)
	}
	for i := range s.device.changed {
		judge(i)
	}
	for leaf := range s.extra.all() {
		text := leaf.Path.String()
		if f := s.judgeExtra(leaf.Path, text, staleExtra); f.Class != "" {
			s.foundExtra[text] = keep(f, foundExtra[text])
		}
	}
}

// judgeDesired judges leaf i of desired, whose path is p unless that is empty, and records whether it is pending.
func (s *State) judgeDesired(i int, p path.Path, stale bool) Finding {
	f := facts{desired: s.device.base.Value(i), observed: s.device.value(i), write: s.flight[i]}
	s.pending.drop(i)
	if f.write == nil && f.desired == f.observed {
		return Finding{}
	}
	if len(p.Elems) == 0 {
		p = s.device.base.At(i).Path
	}
	if f.observed == "" && s.stoodFor(i, p) {
		return Finding{}
	}
	if !s.unapplied.has(i) {
		f.applied = cmp.Or(s.applied[i], f.desired)
	}
	v, have := s.verdict(p, f)
	s.pending.put(i, v.pending)
	if v.class == "" {
		return Finding{}
	}
	return Finding{Path: p, Class: v.class, Want: v.want, Have: have, Report: v.report, Stale: stale}
}

// judgeExtra judges a leaf that is not desired and records whether its deletion is pending.
func (s *State) judgeExtra(p path.Path, text string, stale bool) Finding {
	delete(s.pendingExtra, text)
	f := facts{observed: s.extra.get(p), write: s.outside[text]}
	if o, owned := s.gone[text]; owned {
		f.owned = true
		if o.Applied {
			f.applied = o.Value
		}
	}
	raw := f.observed
	v, have := s.verdict(p, f)
	if v.pending {
		s.pendingExtra[text] = true
	}
	// The order of entries that are findings themselves says nothing more, nor does a default that is echoed.
	if v.class == "" || v.class == Unexpected && (raw.Kind() == schema.KindKeys || s.want.Implied(p, raw)) {
		return Finding{}
	}
	return Finding{Path: p, Class: v.class, Want: v.want, Have: have, Report: v.report, Stale: stale}
}

// verdict judges a leaf by its stored form, in which a secret is a digest everywhere, and returns that of the
// observed value too.
func (s *State) verdict(p path.Path, f facts) (verdict, schema.Value) {
	f.scope = s.want.Scope(p)
	f.desired, f.applied, f.observed = s.want.Digest(p, f.desired), s.want.Digest(p, f.applied), s.want.Digest(p, f.observed)
	return judge(f), f.observed
}

// stoodFor reports whether an absent leaf is there all the same because of what stands beside or under it. A stream
// need not name an entry's key leaf nor a presence container where other leaves have them in their paths, and the order
// of a user-ordered list is shown only by whole lists in JSON.
func (s *State) stoodFor(i int, p path.Path) bool {
	base := s.device.base
	n := base.Node(i)
	if n.Kind() == schema.List {
		return true
	}
	around := p
	switch {
	case n.IsKey():
		around = p.Parent()
	case n.HasValue() && !n.Presence():
		return false
	}
	lo, hi := base.Range(around)
	for k := lo; k < hi; k++ {
		if k != i && !s.device.absent.has(k) && !base.Node(k).IsKey() {
			return true
		}
	}
	return false
}

// unreadableFinding judges a problem: where Tenter looks only at what is declared, what nobody declared may stay unread.
func (s *State) unreadableFinding(text string, problem tree.Problem) Finding {
	f := Finding{Class: Unreadable, Report: true, Problem: &problem}
	p, err := path.Parse(text)
	if err != nil {
		return f
	}
	f.Path = p
	scope := s.want.Scope(p)
	lo, hi := s.device.base.Range(p)
	switch {
	case scope == fabric.Ignore, scope == fabric.Merge && lo == hi:
		return Finding{}
	case lo < hi:
		f.Want, f.Source, f.Report = "", s.device.base.At(lo).Source, scope == fabric.Report
	}
	return f
}
