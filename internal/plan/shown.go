package plan

import (
	"maps"
	"regexp"
	"slices"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
)

// A disguise is what is known of a device that shows some secrets in another form than they were written: encrypted, and
// as another text each time. What it shows then says nothing by itself. So the first such text that is read back after
// a Set is taken as the form of what was set, and from then on its digest stands for that: a text of the same form that
// is another one is a secret that somebody else set.
type disguise struct {
	roots *schema.Roots
	types []string
	form  *regexp.Regexp
	known map[string][]pairing // by canonical path: what was proven, now and before the run at hand
	due   map[string]pairing   // what is being written: before and after
}

// A pairing is two digests of one leaf.
type pairing struct{ from, to schema.Value }

// Disguised returns s for a device that shows secrets as its profile says.
func (s *Secrets) Disguised(roots *schema.Roots, by profile.Secrets) *Secrets {
	out := *s
	out.disguise = nil
	if len(by.Types) > 0 {
		out.disguise = &disguise{roots: roots, types: by.Types, form: by.Shown.Regexp()}
	}
	return &out
}

// A Form is how a device shows what was written to it. Both are digests where it is secret.
type Form struct {
	Path           path.Path
	Written, Shown schema.Value
}

// Knowing returns s for which what the device shows has the digest of what was written.
func (s *Secrets) Knowing(forms []Form) *Secrets {
	s = s.spelled(forms)
	if s.disguise == nil || len(forms) == 0 {
		return s
	}
	out := s.with()
	for _, f := range forms {
		if s.Is(f.Path) {
			out.disguise.know(f.Path.String(), pairing{from: f.Shown, to: f.Written})
		}
	}
	return out
}

// Expecting returns s for a device to which writes are being sent: what it shows of them in its own form is the value
// that is written, unless it is what was there before.
func (s *Secrets) Expecting(writes []tree.Change) *Secrets {
	s = s.awaiting(writes)
	if s.disguise == nil {
		return s
	}
	out := s
	for _, w := range writes {
		if w.After == "" || !s.disguises(w.Path) {
			continue
		}
		if out == s {
			out = s.with()
		}
		out.disguise.due[w.Path.String()] = pairing{from: s.Digest(w.Path, w.Before), to: s.Digest(w.Path, w.After)}
	}
	return out
}

// Recognising returns s once the device was read: the forms in which it shows what it was expected to have are known,
// and no other form passes for that any more.
func (s *Secrets) Recognising(observed *tree.Tree) *Secrets {
	s = s.learned(observed)
	if s.disguise == nil || len(s.disguise.due) == 0 {
		return s
	}
	out := s.with()
	for text, due := range s.disguise.due {
		p, err := path.Parse(text)
		if err != nil {
			continue // it was made of a path
		}
		leaf, there := observed.Get(p)
		if shown := s.Shown(p, leaf.Value); there && shown != "" && s.Digest(p, leaf.Value) == due.to {
			out.disguise.know(text, pairing{from: shown, to: due.to})
			delete(out.disguise.due, text)
		}
	}
	return out
}

// Shown returns the form in which the device shows v at p, of a secret its digest; empty where v stands for itself.
func (s *Secrets) Shown(p path.Path, v schema.Value) schema.Value {
	if !s.Is(p) {
		if s.unspell(p, v) != v {
			return v
		}
		return ""
	}
	if s.disguise == nil || v == "" || Hidden(v) {
		return ""
	}
	if raw := s.digest(p, v); raw != s.Digest(p, v) {
		return raw
	}
	return ""
}

// unmask returns the digest of what was written for that of v, which the device shows at p.
func (s *Secrets) unmask(p path.Path, v, digest schema.Value) schema.Value {
	text := p.String()
	for _, k := range s.disguise.known[text] {
		if k.from == digest {
			return k.to
		}
	}
	due, ok := s.disguise.due[text]
	if ok && digest != due.from && !Hidden(v) && s.disguise.form.MatchString(v.Text()) {
		return due.to
	}
	return digest
}

// disguises reports whether the device shows the leaf at p in a form of its own.
func (s *Secrets) disguises(p path.Path) bool {
	if s.disguise == nil || !s.Is(p) {
		return false
	}
	n, ok := s.disguise.roots.Node(p)
	return ok && slices.Contains(s.disguise.types, n.TypeName())
}

// with returns a copy of s of which more may be known.
func (s *Secrets) with() *Secrets {
	out, d := *s, *s.disguise
	d.known, d.due = copied(d.known), copied(d.due)
	out.disguise = &d
	return &out
}

// know adds to what is known of a leaf. The slice may be another Secrets' too.
func (d *disguise) know(text string, k pairing) {
	d.known[text] = append(slices.Clip(d.known[text]), k)
}

func copied[V any](m map[string]V) map[string]V {
	out := make(map[string]V, len(m)+1)
	maps.Copy(out, m)
	return out
}
