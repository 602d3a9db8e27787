// Package adopt turns what somebody changed on a device into an edit of the intents.
//
// It knows no rule of how intents become leaves. It proposes edits of the documents that a leaf comes from, or may be
// overridden by, has everything rendered anew with each, and takes the first after which the intents want what the device
// has and no other leaf on any device is different. So an edit is proven before anybody sees it, and what cannot be said by an edit
// is refused with where the value comes from. Everything but the edit stays byte for byte as it was.
package adopt

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/tree"
)

// A Finding is one leaf of the device that is not as it was applied. A value that is empty is none.
type Finding struct {
	Path          string
	Before, After string // as people read them
	Secret        bool
}

// A Change is one leaf that another state of the intents wants to be different.
type Change struct {
	Device        intent.DeviceName
	Path          string
	Before, After string
}

// A World is what one state of the intents comes to on all devices.
type World interface {
	// Leaf returns what is wanted of a leaf, and where that is said.
	Leaf(device intent.DeviceName, path string) (value string, from tree.Source, ok bool)
	// Changes returns what is different on any device from another state, in order.
	Changes(from World) []Change
}

// A Request is what is to be adopted. All fields but Shared must be set.
type Request struct {
	Device   intent.DeviceName
	Dialect  string
	Findings []Finding
	Files    map[string][]byte
	World    World // of Files
	// Render returns what files come to. An error says what is wrong with them.
	Render func(files map[string][]byte) (World, error)
	// Shared lets an edit of a document that speaks for other devices too change these as well.
	Shared bool
}

// An Edit is one change of one file.
type Edit struct {
	File string
	Line int
	What string // for people
}

// A Refusal is a leaf that no edit of the intents can adopt, and why.
type Refusal struct {
	Path string
	Why  string
}

// A Result is the intents after the adoption.
type Result struct {
	Files   map[string][]byte // all of them
	Edits   []Edit
	Adopted []Finding
	Others  []Change // what else they change, on this device or others
	Refused []Refusal
}

// mostTries bounds how often everything is rendered for one leaf.
const mostTries = 150

// Adopt finds the edits. What it returns validates, whatever was refused.
func Adopt(r Request) Result {
	s := &search{Request: r, files: r.Files, now: r.World}
	var unsaid []Finding
	for _, f := range r.Findings {
		switch {
		case s.satisfied(f):
			s.out.Adopted = append(s.out.Adopted, f)
		case f.Secret:
			s.refuse(f, "it is secret, and no secret is ever written to a document: put it into the secret that the intents name")
		case f.Before == "":
			unsaid = append(unsaid, f)
		default:
			s.adopt(f)
		}
	}
	s.adoptUnsaid(unsaid)
	s.out.Files = s.files
	s.out.Others = s.others(s.now.Changes(r.World))
	return s.out
}

// A search is the state of the intents after the edits so far.
type search struct {
	Request
	files map[string][]byte
	now   World
	out   Result
	tries int
	got   string // what the leaf was wanted to be after the last try
	why   string // the last one was no valid intent
}

func (s *search) refuse(f Finding, format string, args ...any) {
	s.out.Refused = append(s.out.Refused, Refusal{Path: f.Path, Why: fmt.Sprintf(format, args...)})
}

// satisfied reports whether the intents want by now what the device has.
func (s *search) satisfied(f Finding) bool {
	value, _, ok := s.now.Leaf(s.Device, f.Path)
	return value == f.After && ok == (f.After != "")
}

// others are the changes that nobody asked for.
func (s *search) others(changes []Change) []Change {
	return slices.DeleteFunc(slices.Clone(changes), func(c Change) bool {
		return c.Device == s.Device && slices.ContainsFunc(s.Findings, func(f Finding) bool { return f.Path == c.Path && f.After == c.After })
	})
}

// A trial is a proposal that works.
type trial struct {
	proposal
	world  World
	others []Change
}

// try renders a proposal. It is nil unless the leaf becomes what the device has.
func (s *search) try(f Finding, p proposal) *trial {
	s.got, s.why = "", ""
	if s.tries--; s.tries < 0 {
		return nil
	}
	w, err := s.Render(with(s.files, p.File, p.text))
	if err != nil {
		s.why = err.Error()
		return nil
	}
	value, _, ok := w.Leaf(s.Device, f.Path)
	if s.got = value; value != f.After || ok != (f.After != "") {
		return nil
	}
	return &trial{p, w, s.others(w.Changes(s.now))}
}

// take makes the trial's edit one of the result.
func (s *search) take(t *trial) {
	s.files, s.now = with(s.files, t.File, t.text), t.world
	s.out.Edits = append(s.out.Edits, t.Edit)
}

// adopt adopts a leaf that the intents speak of.
func (s *search) adopt(f Finding) {
	s.tries = mostTries
	value, from, ok := s.now.Leaf(s.Device, f.Path)
	if !ok {
		s.refuse(f, "the intents in this directory do not want it any more: pull, then again")
		return
	}
	var shared *trial
	stated := false
	for p := range s.proposals(f, value, from) {
		t := s.try(f, p)
		if t == nil && p.again != nil {
			if next, ok := p.again(s.got); ok {
				t, p = s.try(f, next), next
			}
		}
		switch {
		case t == nil:
		case len(t.others) == 0 || p.override:
			s.take(t)
			s.out.Adopted = append(s.out.Adopted, f)
			return
		case shared == nil || len(t.others) < len(shared.others):
			shared = t
		}
		stated = stated || t != nil && p.stated
	}
	if s.Shared && shared != nil {
		s.take(shared)
		s.out.Adopted = append(s.out.Adopted, f)
		return
	}
	if stated || from.Kind == string(intent.KindConfig) {
		// The document says it for others too: this device becomes an exception.
		if t := s.exception(f); t != nil {
			s.take(t)
			s.out.Adopted = append(s.out.Adopted, f)
			return
		}
	}
	s.refuse(f, "%s%s", s.derivation(value, from), sharedHint(shared))
}

func sharedHint(t *trial) string {
	if t == nil {
		return ""
	}
	on := map[string]bool{}
	for _, c := range t.others {
		on[string(c.Device)] = true
	}
	return fmt.Sprintf("; with --shared: %s, which changes %d more leaves on %s", t.What, len(t.others), strings.Join(slices.Sorted(maps.Keys(on)), ", "))
}
