package drift

import (
	"cmp"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/schema"
)

// facts is everything that is known of one leaf. Absent values are empty.
type facts struct {
	desired, applied, observed schema.Value
	owned                      bool   // Tenter set out to write it, though it may never have been read back
	write                      *Write // of the run in flight
	scope                      fabric.ScopeAction
}

// verdict is what the facts add up to.
type verdict struct {
	class   Class
	pending bool
	report  bool
	want    schema.Value
}

// judge is the whole definition of drift, pending, conflict and own for one leaf.
func judge(f facts) verdict {
	if f.scope == fabric.Ignore {
		return verdict{}
	}
	if w := f.write; w != nil && (same(f.observed, w.Before) || same(f.observed, w.After)) {
		return verdict{} // our own run, before or after its Set
	}
	// A device that is as desired needs nothing, even if what was applied differs: a stranger may have made the
	// very change that intent asks for, or a run's last record may not have reached us.
	if same(f.observed, f.desired) {
		return verdict{}
	}
	if f.scope == fabric.Report {
		return verdict{class: difference(f.desired, f.observed), want: f.desired, report: true}
	}
	want := f.applied
	if f.write != nil && want == "" {
		want = cmp.Or(f.write.After, f.write.Before)
	}
	switch {
	case f.applied == "" && f.write == nil:
		if f.desired != "" || f.owned {
			return verdict{pending: true}
		}
		if f.scope == fabric.Own {
			return verdict{class: Unexpected}
		}
		return verdict{}
	case f.write == nil && same(f.observed, f.applied):
		return verdict{pending: true}
	case f.write == nil && !same(f.desired, f.applied):
		return verdict{class: Conflict, want: want}
	}
	return verdict{class: difference(want, f.observed), want: want}
}

// difference names how an observed value differs from a wanted one; they must differ.
func difference(want, have schema.Value) Class {
	switch {
	case want == "":
		return Unexpected
	case have == "":
		return Missing
	}
	return Changed
}

// same reports whether two values of one leaf mean the same. For the key sequences of a user-ordered list only
// the order of the entries in both counts, as an entry that one of them lacks is a finding of its own leaves.
func same(a, b schema.Value) bool {
	if a == b {
		return true
	}
	if a.Kind() != schema.KindKeys || b.Kind() != schema.KindKeys {
		return false
	}
	return sameOrder(a.Entries(), b.Entries())
}

func sameOrder(a, b []string) bool {
	place := make(map[string]int, len(b))
	for i, k := range b {
		place[k] = i
	}
	last := -1
	for _, k := range a {
		i, both := place[k]
		if !both {
			continue
		}
		if i < last {
			return false
		}
		last = i
	}
	return true
}
