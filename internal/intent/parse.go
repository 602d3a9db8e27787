package intent

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// invalid returns the column of the first character of line that is not UTF-8, 0 if there is none.
func invalid(line string) int {
	column := 0
	for len(line) > 0 {
		column++
		r, n := utf8.DecodeRuneInString(line)
		if r == utf8.RuneError && n == 1 {
			return column
		}
		line = line[n:]
	}
	return 0
}

func (l *loader) chunk(f *file, c chunk) {
	docs, err := parse(c.text)
	for _, n := range docs {
		shift(n, c.first-1)
	}
	if err != nil {
		l.lost = true
		l.syntax(f, c, err)
		return
	}
	for _, n := range docs {
		if n = n.Content[0]; n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" && n.Value == "" {
			continue // nothing but comments between two markers
		}
		l.document(f, c, n)
	}
}

// parse returns the YAML documents in text as nodes.
func parse(text string) (docs []*yaml.Node, err error) {
	ld, err := yaml.NewLoader(bytes.NewReader([]byte(text)), yaml.WithUniqueKeys(false)) // we find them ourselves, all of them
	if err != nil {
		return nil, err
	}
	for {
		n := new(yaml.Node)
		if err := ld.Load(n); errors.Is(err, io.EOF) {
			return docs, nil
		} else if err != nil {
			return nil, err
		}
		if n.Kind == yaml.DocumentNode && len(n.Content) == 1 {
			docs = append(docs, n)
		}
	}
}

func shift(n *yaml.Node, lines int) {
	n.Line += lines
	for _, c := range n.Content {
		shift(c, lines)
	}
}

// syntax reports a YAML error. It says nothing of the lines themselves if a secret may be among them.
func (l *loader) syntax(f *file, c chunk, err error) {
	line, column, reason := c.first, 1, err.Error()
	var le *yaml.LoadError
	if errors.As(err, &le) {
		reason = le.Message
		if le.ContextMsg != "" {
			reason += " " + le.ContextMsg
		}
		mark := le.Mark
		if strings.Contains(reason, "end of stream") && le.ContextMark.Line > 0 {
			mark = le.ContextMark // where it began tells more than where the text ends
		}
		if mark.Line > 0 {
			line, column = c.first+mark.Line-1, max(mark.Column, 1)
		}
	}
	if secretText.MatchString(c.text) {
		for i := range strings.Count(c.text, "\n") + 1 {
			f.blind[c.first+i] = true
		}
	}
	for line > c.first && line > len(f.lines) {
		line-- // the end of the stream is on no line
	}
	code, hint, text := CodeYAML, "", ""
	if line <= len(f.lines) {
		text = f.lines[line-1]
	}
	reason = "invalid YAML: " + reason
	switch before, _, tab := strings.Cut(text, "\t"); {
	case strings.Contains(reason, "unknown anchor"):
		code, reason, hint = CodeAnchor, "an alias cannot be used in an intent", writeOut
	case tab && strings.TrimLeft(before, " -") == "":
		hint = "indent with spaces, not with tabs"
	case strings.HasPrefix(c.text, "%"):
		line, column, hint = c.first, 1, "leave YAML directives out"
	case strings.Contains(reason, "mapping values are not allowed"):
		hint = `a text with ": " in it goes in quotes, and keys of one mapping are indented alike`
	}
	l.out = append(l.out, f.diagnoseAt(SeverityError, code, line, column, 1, reason).WithHint("%s", hint))
}
