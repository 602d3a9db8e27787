package adopt

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/tenter-net/tenter/internal/infer/edit"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/tree"
)

// priority of an exception: over what other kinds say, and below what people write to be the last word.
const priority = 500

// configName is the document that holds what was adopted for one device and is in no other kind.
func (s *search) configName() string { return "adopted-" + strings.ToLower(string(s.Device)) }

// explicit proposes an explicit leaf in the device's own Config document, with a value in YAML.
func (s *search) explicit(f Finding, value string) (proposal, bool) {
	item := fmt.Sprintf("{path: %s, value: %s}", edit.Quoted(f.Path), value)
	if f.After == "" {
		item = fmt.Sprintf("{path: %s, omit: true}", edit.Quoted(f.Path))
	}
	what := fmt.Sprintf("Config %s: %s", s.configName(), f.Path)
	if d, ok := s.find("", string(intent.KindConfig), s.configName()); ok {
		leaves := edit.Get(edit.Get(d.root, "spec"), "leaves")
		if leaves == nil {
			return proposal{}, false
		}
		text, err := d.text.Append(leaves, item)
		return d.edit(what, leaves.Line, text, err)
	}
	file := s.configName() + ".yaml"
	text, err := edit.AppendDocument(s.files[file], fmt.Sprintf(`# What was changed on %s by hand and is kept: see git log.
apiVersion: tenter/v1
kind: Config
metadata: {name: %s}
spec:
  devices: {names: [%s]}
  dialect: %s
  priority: %d
  leaves:
    - %s
`, s.Device, s.configName(), s.Device, s.Dialect, priority, item))
	return proposal{Edit: Edit{File: file, Line: 1, What: what}, text: text}, err == nil
}

func firstLine(text string) string {
	if text == "" {
		return "it would change other leaves too"
	}
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// literal is a value in a Config document. A leaf-list is shown in brackets.
func literal(value string) string {
	if inner, ok := strings.CutPrefix(value, "["); ok && strings.HasSuffix(inner, "]") {
		var items []string
		for item := range strings.SplitSeq(strings.TrimSuffix(inner, "]"), ", ") {
			items = append(items, scalar(item))
		}
		return "[" + strings.Join(items, ", ") + "]"
	}
	return scalar(value)
}

// scalar is a value as a scalar that reads the same: a number is one only if that is how it is written.
func scalar(value string) string {
	n, errN := strconv.ParseInt(value, 10, 64)
	x, errX := strconv.ParseFloat(value, 64)
	switch {
	case errN == nil && strconv.FormatInt(n, 10) == value, errX == nil && strconv.FormatFloat(x, 'f', -1, 64) == value, isBool(value):
		return edit.Scalar(value)
	}
	return edit.String(value)
}

// exception makes the device differ from what a document says for others too.
func (s *search) exception(f Finding) *trial {
	var t *trial
	for _, value := range []string{literal(f.After), edit.Quoted(f.After)} { // a text may be in brackets as well
		if p, ok := s.explicit(f, value); ok && t == nil {
			t = s.try(f, p)
		}
	}
	if t == nil || slices.ContainsFunc(t.others, func(c Change) bool { return !s.implied(c, f) }) {
		return nil
	}
	return t
}

// implied reports whether a change only names the list entry that the leaf is in: the device has that leaf, or it would not have the
// entry.
func (s *search) implied(c Change, f Finding) bool {
	if c.Device != s.Device || c.Before != "" {
		return false
	}
	at, errAt := path.Parse(c.Path)
	of, errOf := path.Parse(f.Path)
	if errAt != nil || errOf != nil || len(at.Elems) == 0 {
		return false
	}
	last := at.Elems[len(at.Elems)-1].Name
	for i, e := range at.Elems {
		entry := path.Path{Origin: at.Origin, Elems: at.Elems[:i+1]}
		if !of.HasPrefix(entry) {
			return false
		}
		for _, k := range e.Keys {
			if k.Name == last && k.Value == c.After && len(at.Elems)-i <= 3 {
				return true
			}
		}
	}
	return false
}

// adoptUnsaid adopts leaves that no document speaks of, all together if that works: leaves of one list entry may be valid only
// with each other.
func (s *search) adoptUnsaid(all []Finding) {
	if len(all) == 0 {
		return
	}
	s.tries = len(all) + mostTries
	if s.adoptTogether(all) {
		s.out.Adopted = append(s.out.Adopted, all...)
		return
	}
	for _, f := range all {
		var t *trial
		if !s.satisfied(f) {
			t = s.exception(f)
		}
		switch {
		case s.satisfied(f):
			s.out.Adopted = append(s.out.Adopted, f)
		case t != nil:
			s.take(t)
			s.out.Adopted = append(s.out.Adopted, f)
		default:
			s.refuse(f, "no document speaks of it, and no Config document can: %s", firstLine(s.why))
		}
	}
}

func (s *search) adoptTogether(all []Finding) bool {
	was := *s
	for i, f := range all {
		p, ok := s.explicit(f, literal(f.After))
		if !ok {
			*s = was
			return false
		}
		if i < len(all)-1 {
			s.files = with(s.files, p.File, p.text)
			s.out.Edits = append(s.out.Edits, p.Edit)
			continue
		}
		t := s.try(f, p)
		if t == nil || slices.ContainsFunc(t.others, func(c Change) bool {
			return !slices.ContainsFunc(all, func(f Finding) bool { return s.implied(c, f) })
		}) {
			*s = was
			return false
		}
		s.take(t)
	}
	if slices.ContainsFunc(all, func(f Finding) bool { return !s.satisfied(f) }) {
		*s = was
		return false
	}
	return true
}

// with returns files with one of them replaced.
func with(files map[string][]byte, name string, text []byte) map[string][]byte {
	out := maps.Clone(files)
	out[name] = text
	return out
}

// derivation says where a value comes from that no document states.
func (s *search) derivation(value string, from tree.Source) string {
	where := fmt.Sprintf("%s is derived from %s %s, %s:%d", cmp.Or(oneLine(value), "it"), from.Kind, from.Name, from.File, from.Line)
	d, ok := s.find(from.File, from.Kind, from.Name)
	if !ok {
		return where
	}
	line := ""
	if lines := strings.Split(string(s.files[d.file]), "\n"); from.Line >= 1 && from.Line <= len(lines) {
		line = strings.TrimSpace(lines[from.Line-1])
	}
	for _, p := range d.places(from) {
		if p.node.Line == from.Line && p.node.Column == from.Column {
			return fmt.Sprintf("%s (%s): %s", where, p.name, line)
		}
	}
	return where + ": " + line
}
