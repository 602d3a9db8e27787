package plan

import (
	"maps"
	"net/netip"
	"strings"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
)

// A spelling is what is known of a device that keeps some texts otherwise than they were written, and means the same: in
// lower case, without space around them, without a slash at their end. What is read back right after a Set and is alike
// what was written stands for that from then on; any other text is another value.
type spelling struct {
	known map[string]pairing      // by canonical path: from what is shown to what was written
	due   map[string]schema.Value // what is being written
}

// alike reports whether a device may have made the one text of the other without meaning anything else: they differ in
// case, in space, in a slash or dot at their end, in how a number, an address or a prefix is written, or in the host bits
// of a prefix. Other kinds of values have one spelling only (package schema), and are alike when they are the same.
func alike(a, b schema.Value) bool {
	if a == b {
		return true
	}
	if a.Kind() != schema.KindString || b.Kind() != schema.KindString || Hidden(a) || Hidden(b) {
		return false
	}
	return plainest(a.Text()) == plainest(b.Text())
}

// plainest is the one spelling that all alike texts have.
func plainest(text string) string {
	text = strings.ToLower(strings.Join(strings.Fields(text), " "))
	if p, err := netip.ParsePrefix(text); err == nil {
		return p.Masked().String()
	}
	if a, err := netip.ParseAddr(text); err == nil {
		return a.String()
	}
	if trimmed := strings.TrimRight(text, "/."); trimmed != "" {
		text = trimmed
	}
	return plainNumber(text)
}

// plainNumber is a decimal number without zeros that say nothing; any other text is as it was.
func plainNumber(text string) string {
	digits := strings.TrimPrefix(text, "-")
	whole, fraction, _ := strings.Cut(digits, ".")
	if whole == "" || strings.Trim(whole+fraction, "0123456789") != "" {
		return text
	}
	if whole = strings.TrimLeft(whole, "0"); whole == "" {
		whole = "0"
	}
	if fraction = strings.TrimRight(fraction, "0"); fraction != "" {
		whole += "." + fraction
	}
	if whole == "0" {
		return whole
	}
	return strings.TrimSuffix(text, digits) + whole
}

// unspell returns what was written for v, which the device shows at p.
func (s *Secrets) unspell(p path.Path, v schema.Value) schema.Value {
	if s.spelling == nil || v.Kind() != schema.KindString {
		return v
	}
	text := p.String()
	if due, ok := s.spelling.due[text]; ok && alike(v, due) {
		return due
	}
	if k, ok := s.spelling.known[text]; ok && k.from == v {
		return k.to
	}
	return v
}

// spelled returns s that knows how a device spells what was written to it.
func (s *Secrets) spelled(forms []Form) *Secrets {
	out := s
	for _, f := range forms {
		if s.Is(f.Path) {
			continue
		}
		if out == s {
			out = s.withSpelling()
		}
		out.spelling.known[f.Path.String()] = pairing{from: f.Shown, to: f.Written}
	}
	return out
}

// awaiting returns s for which what is alike to what is being written is that; but not where what was there before is alike it
// too, unless the device is known to respell that leaf: to read the same again shows nothing of the write, and the device may have
// answered OK and done nothing.
func (s *Secrets) awaiting(writes []tree.Change) *Secrets {
	out := s
	for _, w := range writes {
		if w.After.Kind() != schema.KindString || s.Is(w.Path) {
			continue
		}
		if w.Before != w.After && alike(w.Before, w.After) && !s.respells(w.Path) {
			continue
		}
		if out == s {
			out = s.withSpelling()
		}
		out.spelling.due[w.Path.String()] = w.After
	}
	return out
}

// respells reports whether the device was seen to keep the leaf in another spelling.
func (s *Secrets) respells(p path.Path) bool {
	return s.spelling != nil && s.spelling.known[p.String()].to != ""
}

// learned returns s once the device was read: it knows the spelling of what was being written.
func (s *Secrets) learned(observed *tree.Tree) *Secrets {
	if s.spelling == nil || len(s.spelling.due) == 0 {
		return s
	}
	out := s.withSpelling()
	for text, due := range s.spelling.due {
		p, err := path.Parse(text)
		if err != nil {
			continue // it was made of a path
		}
		leaf, there := observed.Get(p)
		if !there || !alike(leaf.Value, due) {
			continue
		}
		delete(out.spelling.due, text)
		if delete(out.spelling.known, text); leaf.Value != due {
			out.spelling.known[text] = pairing{from: leaf.Value, to: due}
		}
	}
	return out
}

// withSpelling returns a copy of s of whose spelling more may be known.
func (s *Secrets) withSpelling() *Secrets {
	out := *s
	out.spelling = &spelling{known: map[string]pairing{}, due: map[string]schema.Value{}}
	if s.spelling != nil {
		maps.Copy(out.spelling.known, s.spelling.known)
		maps.Copy(out.spelling.due, s.spelling.due)
	}
	return &out
}
