package edit

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// Replace puts another value in place of a scalar. A quoted one stays quoted; a plain one becomes quoted where it
// must, and a text stays a text, though it looks like a number.
func (t *Text) Replace(n *yaml.Node, value string) ([]byte, error) {
	if n.Kind != yaml.ScalarNode {
		return nil, shape(n, "it is no scalar")
	}
	from, to, err := t.span(n)
	if err != nil {
		return nil, err
	}
	text := Scalar(value)
	switch {
	case n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0:
		text = Quoted(value)
	case n.ShortTag() == stringTag:
		text = String(value)
	}
	return t.splice(from, to, text)
}

// Insert adds a key with a value, which is YAML of one line, behind the last one of a mapping.
func (t *Text) Insert(n *yaml.Node, key, value string) ([]byte, error) {
	entry := Scalar(key) + ": " + value
	if n.Kind != yaml.MappingNode {
		return nil, shape(n, "it is no mapping")
	}
	return t.add(n, entry, "")
}

// Append adds an item, which is YAML of one line, behind the last one of a list.
func (t *Text) Append(n *yaml.Node, item string) ([]byte, error) {
	if n.Kind != yaml.SequenceNode {
		return nil, shape(n, "it is no list")
	}
	return t.add(n, item, "- ")
}

// add puts an entry behind the last one of a collection.
func (t *Text) add(n *yaml.Node, entry, dash string) ([]byte, error) {
	from, to, err := t.span(n)
	if err != nil {
		return nil, err
	}
	if n.Style&yaml.FlowStyle != 0 {
		if len(n.Content) == 0 {
			return t.splice(from+1, from+1, entry)
		}
		_, last, err := t.span(n.Content[len(n.Content)-1])
		if err != nil {
			return nil, err
		}
		return t.splice(last, last, ", "+entry)
	}
	indent := strings.Repeat(" ", n.Column-1)
	if before := t.indentOf(from); strings.Contains(before, "\t") {
		return nil, shape(n, "it is indented with tabs")
	}
	end := t.lineEnd(to)
	with := t.newline() + indent + dash + entry
	return t.splice(end, end, with)
}

// Remove takes an entry out of a mapping, with its key, or an item out of a list; i counts entries from 0. The last one of all
// is not taken out: what is empty then may mean something else.
func (t *Text) Remove(n *yaml.Node, i int) ([]byte, error) {
	step := 1
	if n.Kind == yaml.MappingNode {
		step = 2
	}
	count := len(n.Content) / step
	if i < 0 || i >= count || count == 1 {
		return nil, shape(n, "it would be empty")
	}
	first, last := n.Content[i*step], n.Content[i*step+step-1]
	from, _, err := t.span(first)
	if err != nil {
		return nil, err
	}
	_, to, err := t.span(last)
	if err != nil {
		return nil, err
	}
	if n.Style&yaml.FlowStyle != 0 {
		return t.removeFlow(n, i, step, [2]int{from, to})
	}
	before := t.indentOf(from)
	if n.Kind == yaml.SequenceNode {
		if before, _ = strings.CutSuffix(strings.TrimRight(before, " "), "-"); !blank(before) {
			return nil, shape(first, "it stands on a line with something else")
		}
	} else if !blank(before) {
		return nil, shape(first, "it stands on a line with something else")
	}
	start := bytes.LastIndexByte(t.bytes[:from], '\n') + 1
	end := t.lineEnd(to)
	for end < len(t.bytes) && (t.bytes[end] == '\r' || t.bytes[end] == '\n') {
		end++
		if t.bytes[end-1] == '\n' {
			break
		}
	}
	return t.splice(start, end, "")
}

// removeFlow takes out an entry of a flow collection, with the comma that parts it from the next or else from the one before.
func (t *Text) removeFlow(n *yaml.Node, i, step int, span [2]int) ([]byte, error) {
	if next := (i + 1) * step; next < len(n.Content) {
		to, _, err := t.span(n.Content[next])
		if err != nil {
			return nil, err
		}
		return t.splice(span[0], to, "")
	}
	_, from, err := t.span(n.Content[i*step-1])
	if err != nil {
		return nil, err
	}
	return t.splice(from, span[1], "")
}

// AppendDocument adds a document at the end of a text, which may be empty.
func AppendDocument(text []byte, document string) ([]byte, error) {
	if len(bytes.TrimSpace(text)) == 0 {
		text = nil
	}
	out := append([]byte(nil), text...)
	if len(out) > 0 {
		if out[len(out)-1] != '\n' {
			out = append(out, '\n')
		}
		out = append(out, "---\n"...)
	}
	out = append(out, document...)
	if _, err := Parse(out); err != nil {
		return nil, err
	}
	return out, nil
}

// Scalar returns a value as plain as it can stand anywhere, in a flow collection too.
func Scalar(value string) string {
	if value == "" || strings.ContainsAny(value, "\n\r\t,[]{}#&*!|>'\"%@`") || strings.ContainsAny(value[:1], "-?: ") ||
		strings.HasSuffix(value, " ") || strings.HasSuffix(value, ":") || strings.Contains(value, ": ") {
		return Quoted(value)
	}
	t, err := Parse([]byte("[" + value + "]"))
	if err != nil || len(t.docs) != 1 || len(t.docs[0].Content) != 1 || t.docs[0].Content[0].Value != value || t.docs[0].Content[0].Kind != yaml.ScalarNode {
		return Quoted(value)
	}
	return value
}

const stringTag = "!!str"

// String returns a text as plain as it can stand anywhere without being taken for a number, a boolean or nothing.
func String(value string) string {
	text := Scalar(value)
	if t, err := Parse([]byte(text)); err != nil || len(t.docs) != 1 || t.docs[0].ShortTag() != stringTag {
		return Quoted(value)
	}
	return text
}

// Quoted returns a value in double quotes. What nobody could see is escaped; what is no UTF-8 becomes U+FFFD.
func Quoted(value string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range value {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\r':
			b.WriteString(`\r`)
		case r > 0xffff && !unicode.IsPrint(r):
			fmt.Fprintf(&b, `\U%08x`, r)
		case r == utf8.RuneError || !unicode.IsPrint(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
