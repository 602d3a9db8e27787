// Package edit changes YAML text by byte ranges, so that everything that an edit is not about stays as its author wrote it:
// comments, order, quotes, blank lines and line endings.
//
// Every function takes a text and nodes that Parse found in it, and returns a new text. What it cannot do without touching
// other bytes, such as the key of a list item's first line, is an error that is a *ShapeError: nobody guesses. A result was
// parsed again, and holds the same documents but for the edit.
package edit

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// A ShapeError says that a text is not shaped so that it can be edited in place.
type ShapeError struct {
	Line   int
	Reason string
}

// Error names the line.
func (e *ShapeError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Reason) }

func shape(n *yaml.Node, reason string) error { return &ShapeError{n.Line, reason} }

// A Text is a file with the documents in it.
type Text struct {
	bytes []byte
	lines []int // offsets at which lines start
	docs  []*yaml.Node
}

// Parse finds the documents of a file. The file must be valid YAML in UTF-8.
func Parse(text []byte) (*Text, error) {
	if !utf8.Valid(text) {
		return nil, errors.New("edit: not UTF-8")
	}
	t := &Text{bytes: text, lines: []int{0}}
	for i, b := range text {
		if b == '\n' {
			t.lines = append(t.lines, i+1)
		}
	}
	ld, err := yaml.NewLoader(bytes.NewReader(text), yaml.WithUniqueKeys(false))
	if err != nil {
		return nil, fmt.Errorf("edit: %w", err)
	}
	for {
		n := new(yaml.Node)
		if err := ld.Load(n); errors.Is(err, io.EOF) {
			return t, nil
		} else if err != nil {
			return nil, fmt.Errorf("edit: %w", err)
		}
		if n.Kind == yaml.DocumentNode && len(n.Content) == 1 {
			t.docs = append(t.docs, n.Content[0])
		}
	}
}

// Documents returns the top nodes of the documents.
func (t *Text) Documents() []*yaml.Node { return t.docs }

// Get returns the value of a key in a mapping, nil if there is none.
func Get(n *yaml.Node, key string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// start returns where a node begins.
func (t *Text) start(n *yaml.Node) (int, error) {
	if n.Line < 1 || n.Line > len(t.lines) {
		return 0, shape(n, "its place is not known")
	}
	at := t.lines[n.Line-1]
	for range n.Column - 1 {
		if at >= len(t.bytes) || t.bytes[at] == '\n' {
			return 0, shape(n, "its place is not known")
		}
		_, size := utf8.DecodeRune(t.bytes[at:])
		at += size
	}
	return at, nil
}

// span returns the bytes that a node takes, without comments.
func (t *Text) span(n *yaml.Node) (from, to int, err error) {
	if from, err = t.start(n); err != nil {
		return 0, 0, err
	}
	switch {
	case n.Anchor != "" || n.Style&yaml.TaggedStyle != 0 || n.Kind == yaml.AliasNode:
		return 0, 0, shape(n, "anchors, aliases and tags are not edited")
	case n.Kind == yaml.ScalarNode:
		to, err = t.scalarEnd(n, from)
	case n.Style&yaml.FlowStyle != 0:
		to, err = t.flowEnd(n, from)
	case len(n.Content) > 0:
		_, to, err = t.span(n.Content[len(n.Content)-1])
	default:
		err = shape(n, "it is empty")
	}
	return from, to, err
}

func (t *Text) scalarEnd(n *yaml.Node, from int) (int, error) {
	rest := t.bytes[from:]
	switch {
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return t.blockEnd(n, from)
	case n.Style&yaml.SingleQuotedStyle != 0:
		return quotedEnd(n, rest, from, '\'')
	case n.Style&yaml.DoubleQuotedStyle != 0:
		return quotedEnd(n, rest, from, '"')
	case n.Value == "" || !bytes.HasPrefix(rest, []byte(n.Value)):
		return 0, shape(n, "a plain text that is empty or of several lines is not edited")
	}
	return from + len(n.Value), nil
}

// blockEnd returns where the last line of a literal or folded text ends that is not blank (YAML 1.2, section 8.1).
func (t *Text) blockEnd(n *yaml.Node, from int) (int, error) {
	end := t.lineEnd(from)
	header, _, _ := bytes.Cut(t.bytes[from:end], []byte("#"))
	if strings.Trim(string(header), "|>- \r") != "" || strings.TrimSpace(n.Value) == "" {
		return 0, shape(n, "a text of several lines that is blank, or says its indentation or that blank lines at its end count, is not edited")
	}
	indent := -1
	for _, start := range t.lines {
		if start <= end {
			continue
		}
		to := t.lineEnd(start)
		line := string(t.bytes[start:to])
		text := strings.TrimLeft(line, " ")
		deep := len(line) - len(text)
		switch {
		case text == "":
			continue
		case indent < 0:
			indent = deep
		}
		if deep < indent {
			return end, nil
		}
		end = to
	}
	return end, nil
}

func quotedEnd(n *yaml.Node, rest []byte, from int, quote byte) (int, error) {
	if len(rest) == 0 || rest[0] != quote {
		return 0, shape(n, "its quotes are not where they should be")
	}
	for i := 1; i < len(rest); i++ {
		switch {
		case rest[i] == '\\' && quote == '"':
			i++
		case rest[i] != quote:
		case quote == '\'' && i+1 < len(rest) && rest[i+1] == quote:
			i++
		default:
			return from + i + 1, nil
		}
	}
	return 0, shape(n, "its quotes do not end")
}

// flowEnd returns where the brackets of a flow collection end.
func (t *Text) flowEnd(n *yaml.Node, from int) (int, error) {
	at := from + 1
	if len(n.Content) > 0 {
		var err error
		if _, at, err = t.span(n.Content[len(n.Content)-1]); err != nil {
			return 0, err
		}
	}
	closing := byte('}')
	if n.Kind == yaml.SequenceNode {
		closing = ']'
	}
	for ; at < len(t.bytes); at++ {
		switch c := t.bytes[at]; c {
		case closing:
			return at + 1, nil
		case '#':
			for at < len(t.bytes) && t.bytes[at] != '\n' {
				at++
			}
		case ' ', '\t', '\r', '\n', ',':
		default:
			return 0, shape(n, "its brackets are not where they should be")
		}
	}
	return 0, shape(n, "its brackets do not end")
}

// lineEnd returns where the line of an offset ends, before its line ending.
func (t *Text) lineEnd(at int) int {
	if i := bytes.IndexByte(t.bytes[at:], '\n'); i >= 0 {
		if at += i; at > 0 && t.bytes[at-1] == '\r' {
			at--
		}
		return at
	}
	return len(t.bytes)
}

// newline is how the file ends its lines.
func (t *Text) newline() string {
	if bytes.Contains(t.bytes, []byte("\r\n")) {
		return "\r\n"
	}
	return "\n"
}

// splice puts text in place of a range, and makes sure that the result is YAML.
func (t *Text) splice(from, to int, with string) ([]byte, error) {
	out := append(append(append(make([]byte, 0, len(t.bytes)+len(with)), t.bytes[:from]...), with...), t.bytes[to:]...)
	if _, err := Parse(out); err != nil {
		return nil, err
	}
	return out, nil
}

// indentOf is what stands before an offset on its line.
func (t *Text) indentOf(at int) string {
	start := bytes.LastIndexByte(t.bytes[:at], '\n') + 1
	return string(t.bytes[start:at])
}

func blank(s string) bool { return strings.Trim(s, " ") == "" }
