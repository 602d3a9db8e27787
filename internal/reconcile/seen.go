package reconcile

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/run"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
)

// mostOdd is how many leaves that are not as planned are told of one by one.
const mostOdd = 20

// seen says what a reading shows of writes. What the device sent for a leaf in a form that nobody can read is not taken
// for absent: it may well be what was written.
func seen(in plan.Input, writes []tree.Change) run.Seen {
	var out run.Seen
	problems := newProblems(in)
	values := plan.Values(in, writes)
	out.Values = make([]schema.Value, len(values))
	otherwise := 0
	for i, v := range values {
		w := writes[i]
		out.Values[i] = in.Secrets.Digest(w.Path, v)
		if in.Secrets.Same(w.Path, v, w.After) && v != "" {
			continue
		}
		why, unread := problems.about(w, v)
		if unread {
			if out.Unread == nil {
				out.Unread = make([]bool, len(values))
			}
			out.Unread[i] = true
		} else if v == w.After {
			continue
		}
		if otherwise++; otherwise <= mostOdd {
			out.Odd = append(out.Odd, odd(in.Secrets, w, v, why))
		}
	}
	if otherwise > mostOdd {
		out.Odd = append(out.Odd, fmt.Sprintf("and %d more", otherwise-mostOdd))
	}
	return out
}

// recognise learns from a reading in which form the device shows secrets that were written to it. Until the next picture
// the first form that it has shown is the one.
func (p *picture) recognise(writes []tree.Change) {
	if !p.expecting {
		p.input.Secrets, p.expecting = p.input.Secrets.Expecting(slices.Concat(p.held, writes)), true
	}
	p.input.Secrets = p.input.Secrets.Recognising(p.input.Observed)
}

// hold notes the secrets that the device, as it was read before a Set, has as they were applied. A device that encrypts them
// may do so anew with every Set, whatever that is about.
func (p *picture) hold() {
	p.held = nil
	for _, f := range p.forms {
		if have, ok := p.input.Observed.Get(f.Path); ok && p.input.Secrets.Is(f.Path) && p.input.Secrets.Digest(f.Path, have.Value) == f.Written {
			p.held = append(p.held, tree.Change{Path: f.Path, Before: f.Written, After: f.Written})
		}
	}
}

// odd is the one line about a leaf that is not as planned.
func odd(s *plan.Secrets, w tree.Change, v schema.Value, why string) string {
	switch {
	case why != "" && s.Is(w.Path):
		return fmt.Sprintf("%s: what the device sends cannot be read", w.Path)
	case why != "":
		return fmt.Sprintf("%s: what the device sends cannot be read: %s", w.Path, why)
	case v == "":
		return fmt.Sprintf("%s: absent instead of %s", w.Path, short(s.Show(w.Path, w.After)))
	case w.After == "":
		return fmt.Sprintf("%s: still there with %s", w.Path, short(s.Show(w.Path, v)))
	}
	return fmt.Sprintf("%s: %s instead of %s", w.Path, short(s.Show(w.Path, v)), short(s.Show(w.Path, w.After)))
}

// short quotes a value so that it stays on its line.
func short(text string) string {
	const most = 60
	if utf8.RuneCountInString(text) > most {
		text = string([]rune(text)[:most]) + "…"
	}
	return strconv.Quote(text)
}

// problems are what of a device's answer could not be read.
type problems struct {
	at      []path.Path
	reasons []string
	foreign string // why something could not be read of which not even the place is known
}

func newProblems(in plan.Input) problems {
	var all problems
	for _, p := range in.Problems {
		at, err := path.Parse(p.Path)
		if _, known := in.Roots.Schema(at.Origin); err != nil || !known {
			all.foreign = p.Reason
			continue
		}
		all.at = append(all.at, at)
		all.reasons = append(all.reasons, strings.TrimSpace(p.Reason))
	}
	return all
}

// about returns why what the device has of a write, read as v, is not known.
func (ps problems) about(w tree.Change, v schema.Value) (why string, unread bool) {
	if v != "" {
		return "", false
	}
	for i, at := range ps.at {
		if w.Path.HasPrefix(at) || w.After.Kind() == schema.KindKeys && at.HasPrefix(w.Path) {
			return ps.reasons[i], true
		}
	}
	if ps.foreign != "" && w.After != "" {
		return ps.foreign, true
	}
	return "", false
}
