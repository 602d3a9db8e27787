package intent

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"github.com/tenter-net/tenter/internal/tree"
)

// A Document is what all kinds have in common: what it is called and where it stands.
type Document struct {
	Kind        Kind
	Name        string
	Labels      map[string]string
	Annotations map[string]string

	file  *file
	chunk chunk
	root  *yaml.Node // a mapping
}

// Same reports whether both say the same to the letter, at the same place of the same file. Commits don't count.
func (d *Document) Same(o *Document) bool {
	return d.file.name == o.file.name && d.root.Line == o.root.Line && d.chunk == o.chunk
}

// At leads to a place in a document: names of keys and, in lists, numbers from 0.
type At []any

// Source returns the position of the value at a place in the spec, as in d.Source("gateway", "addresses", 0). A place that
// the document does not have stands for the nearest one above it.
func (d *Document) Source(at ...any) tree.Source {
	n := d.node(append(At{"spec"}, at...))
	return tree.Source{File: d.file.name, Line: n.Line, Column: n.Column, Kind: string(d.Kind), Name: d.Name, Commit: d.file.from.Commit, Author: d.file.from.Author}
}

// Errorf returns an error about the value at a place in the spec.
func (d *Document) Errorf(code Code, at At, format string, args ...any) Diagnostic {
	return d.file.diagnose(SeverityError, code, d.node(append(At{"spec"}, at...)), fmt.Sprintf(format, args...))
}

// Errorf returns an error about what stands at a source, for what was derived from this Set.
func (s *Set) Errorf(code Code, at tree.Source, format string, args ...any) Diagnostic {
	for _, d := range s.all {
		if string(d.Kind) == at.Kind && d.Name == at.Name {
			return d.file.diagnoseAt(SeverityError, code, at.Line, at.Column, 1, fmt.Sprintf(format, args...))
		}
	}
	return Diagnostic{Severity: SeverityError, Code: code, About: code.about(), File: at.File, Line: at.Line, Column: at.Column, Message: fmt.Sprintf(format, args...)}
}

// Illustrate returns ds, which were found in what was derived from this Set, each with the line that it is about.
func (s *Set) Illustrate(ds Diagnostics) Diagnostics {
	out := slices.Clone(ds)
	for i := range out {
		at := slices.IndexFunc(s.all, func(d *Document) bool { return d.file.name == out[i].File })
		if at < 0 || out[i].Excerpt != "" {
			continue
		}
		if out[i].Excerpt = s.all[at].file.excerpt(out[i].Line); out[i].Excerpt != "" {
			out[i].Width = 1
		}
	}
	return out
}

// errorAt is Errorf for a place anywhere in the document.
func (d *Document) errorAt(code Code, at At, format string, args ...any) Diagnostic {
	return d.file.diagnose(SeverityError, code, d.node(at), fmt.Sprintf(format, args...))
}

// node walks to a place and returns the deepest node on the way there.
func (d *Document) node(at At) *yaml.Node {
	n := d.root
	for _, step := range at {
		var next *yaml.Node
		switch step := step.(type) {
		case string:
			_, next = lookup(n, step)
		case int:
			if n.Kind == yaml.SequenceNode && step < len(n.Content) {
				next = n.Content[step]
			}
		}
		if next == nil {
			break
		}
		n = next
	}
	return n
}

// lookup finds a key in a mapping, and its value.
func lookup(n *yaml.Node, key string) (k, v *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		return nil, nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i], n.Content[i+1]
		}
	}
	return nil, nil
}

// diagnose makes a diagnostic about a node.
func (f *file) diagnose(s Severity, code Code, n *yaml.Node, message string) Diagnostic {
	return f.diagnoseAt(s, code, n.Line, n.Column, f.width(n), message)
}

func (f *file) diagnoseAt(s Severity, code Code, line, column, width int, message string) Diagnostic {
	d := Diagnostic{
		Severity: s, Code: code, About: code.about(), File: f.name, Line: line, Column: column, Message: message,
		Excerpt: f.excerpt(line),
	}
	if d.Excerpt != "" {
		d.Width = max(1, min(width, utf8.RuneCountInString(d.Excerpt)-column+1))
	}
	return d
}

// width is how many characters of its first line a node takes, as far as that is plain to see.
func (f *file) width(n *yaml.Node) int {
	switch {
	case f.secrets[n]:
		return len(mask)
	case n.Kind != yaml.ScalarNode || n.Line > len(f.lines):
		return 1
	}
	quotes := 0
	if n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 {
		quotes = 2
	}
	if n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 || strings.Contains(n.Value, "\n") {
		return 1
	}
	return utf8.RuneCountInString(n.Value) + quotes
}

// quote returns a node's text for a message: shortened, and masked where it may be a secret.
func (f *file) quote(n *yaml.Node) string {
	if f.secrets[n] {
		return mask
	}
	if r := []rune(n.Value); len(r) > 60 {
		return fmt.Sprintf("%q…", string(r[:60]))
	}
	return fmt.Sprintf("%q", n.Value)
}
