package intent

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

const (
	maxFile    = 1 << 20
	maxExcerpt = 200 // characters; a longer line is not shown
)

// A file is one intent file while it is being loaded.
type file struct {
	name    string
	from    Options
	lines   []string
	secrets map[*yaml.Node]bool // scalars whose text must not be shown
	spans   map[int][]span      // by line: what to mask in an excerpt
	starts  map[int]bool        // lines on which a node starts
	blind   map[int]bool        // lines of documents that cannot be parsed and mention a secret: never shown
}

type span struct{ from, to int } // characters from 0; to < 0 is the end of the line

func newFile(name string, text []byte, from Options) *file {
	f := &file{name: name, from: from, secrets: map[*yaml.Node]bool{}, spans: map[int][]span{}, starts: map[int]bool{}, blind: map[int]bool{}}
	for line := range strings.SplitSeq(string(text), "\n") {
		f.lines = append(f.lines, strings.TrimSuffix(line, "\r"))
	}
	return f
}

// A chunk is a run of lines from one document marker to the next.
type chunk struct {
	first int // line number, from 1
	text  string
}

// chunks splits the file at its document markers, so that a document that cannot be parsed does not hide the others.
// A marker at the start of a line cannot be part of a value (YAML 1.2 §9.1.2), so the split is exact.
func (f *file) chunks() []chunk {
	var out []chunk
	start := 0
	for i, line := range f.lines {
		marker := line == "---" || strings.HasPrefix(line, "--- ") || strings.HasPrefix(line, "---\t")
		if marker && i > start {
			out = append(out, chunk{first: start + 1, text: strings.Join(f.lines[start:i], "\n") + "\n"})
			start = i
		}
	}
	return append(out, chunk{first: start + 1, text: strings.Join(f.lines[start:], "\n")})
}

// excerpt returns line n with secrets masked, or nothing if the line is not fit to be shown.
func (f *file) excerpt(n int) string {
	if n < 1 || n > len(f.lines) || f.blind[n] {
		return ""
	}
	line := f.lines[n-1]
	if utf8.RuneCountInString(line) > maxExcerpt || strings.ContainsFunc(line, unfit) || !utf8.ValidString(line) {
		return ""
	}
	if spans := f.spans[n]; len(spans) > 0 {
		r := []rune(line)
		spans = slices.Clone(spans)
		slices.SortFunc(spans, func(a, b span) int { return b.from - a.from })
		for _, s := range spans { // from the right, so that columns on the left stay
			if s.to < 0 || s.to > len(r) {
				s.to = len(r)
			}
			if s.from < s.to {
				r = append(append(append([]rune{}, r[:s.from]...), []rune(mask)...), r[s.to:]...)
			}
		}
		line = string(r)
	}
	return line
}

const mask = "********"

func unfit(r rune) bool { return unicode.IsControl(r) && r != '\t' || r == utf8.RuneError }

var (
	// secretName matches names of keys and of leaves that hold secrets.
	secretName = regexp.MustCompile(`(?i)(^|[-_a-z])(pass(word|phrase|wd)?|secret|token|psk|community|(api|auth|authentication|encryption|md5|private|pre-?shared|secret|shared|snmp)[-_]?key)([-_]?hash(ed)?)?$`)
	// secretText finds such a name in text that is not valid YAML. It need not be exact: it only costs an excerpt.
	secretText = regexp.MustCompile(`(?i)pass|secret|token|psk|community|key`)
)

// hideSecrets remembers every scalar below n that may be a secret.
func (f *file) hideSecrets(n *yaml.Node, hidden bool) {
	switch n.Kind {
	case yaml.MappingNode:
		var path string
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == "path" {
				path = n.Content[i+1].Value
			}
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			k, v := n.Content[i], n.Content[i+1]
			hide := hidden || secretName.MatchString(k.Value) || k.Value == "value" && secretPath(path)
			if strings.HasSuffix(k.Value, "From") {
				f.hideAllButName(v)
				continue
			}
			f.hideSecrets(v, hide)
		}
	case yaml.ScalarNode:
		if hidden {
			f.secrets[n] = true
			f.hideSpan(n)
		}
	default:
		for _, c := range n.Content {
			f.hideSecrets(c, hidden)
		}
	}
}

// hideSpan masks the text of a scalar: on its first line by its own width where that is plain to see, else to the end
// of the line, and all lines up to where the next node starts.
func (f *file) hideSpan(n *yaml.Node) {
	s := span{from: n.Column - 1, to: -1}
	if n.Style == 0 && !strings.Contains(n.Value, "\n") && n.Line <= len(f.lines) {
		if r := []rune(f.lines[n.Line-1]); s.from < len(r) && strings.HasPrefix(string(r[s.from:]), n.Value) {
			s.to = s.from + utf8.RuneCountInString(n.Value)
		}
	}
	f.spans[n.Line] = append(f.spans[n.Line], s)
	if s.to > 0 {
		r := []rune(f.lines[n.Line-1])
		if before, _, comment := strings.Cut(string(r[s.to:]), " #"); comment { // it may tell as much
			f.spans[n.Line] = append(f.spans[n.Line], span{from: s.to + utf8.RuneCountInString(before) + 1, to: -1})
		}
	}
	for i := n.Line + 1; s.to < 0 && i <= len(f.lines) && !f.starts[i]; i++ {
		f.spans[i] = []span{{from: 0, to: -1}}
	}
}

// hideAllButName hides what stands in place of {secret: NAME}.
func (f *file) hideAllButName(ref *yaml.Node) {
	if ref.Kind != yaml.MappingNode {
		f.hideSecrets(ref, true)
		return
	}
	for i := 0; i+1 < len(ref.Content); i += 2 {
		if k, v := ref.Content[i], ref.Content[i+1]; k.Value != "secret" || v.Kind != yaml.ScalarNode {
			f.hideSecrets(v, true)
		}
	}
}

// secretPath reports whether the last element of a path is named like a secret.
func secretPath(p string) bool {
	p = p[strings.LastIndexByte(p, '/')+1:]
	p = p[strings.LastIndexByte(p, ':')+1:]
	return secretName.MatchString(p)
}

// mark remembers the lines on which nodes start.
func (f *file) mark(n *yaml.Node) {
	f.starts[n.Line] = true
	for _, c := range n.Content {
		f.mark(c)
	}
}
