package intent

import (
	"errors"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"github.com/tenter-net/tenter/internal/condition"
)

// condition reports a condition that cannot be evaluated, at the character of the file that is wrong.
func (c *checker) condition(d *Document, at At, text string, vars []condition.Var) {
	if text == "" {
		return
	}
	_, err := condition.Compile(text, vars)
	var m *condition.Mistake
	if err == nil || !errors.As(err, &m) {
		return
	}
	n := d.node(append(At{"spec"}, at...))
	line, column := d.file.within(n, m.Line, m.Column)
	c.add(d.file.diagnoseAt(SeverityError, CodeCondition, line, column, 1, "the condition cannot be evaluated: "+m.Reason))
}

// within returns where a place in a scalar's text, both from 1, is in the file. Where the text is not in the file letter by
// letter, because of escapes or folded lines, that is where the scalar begins.
func (f *file) within(n *yaml.Node, line, column int) (int, int) {
	if n.Style&yaml.LiteralStyle != 0 {
		at := n.Line + line
		if at > len(f.lines) {
			return n.Line, n.Column
		}
		text := strings.Split(n.Value, "\n")[line-1]
		if before, ok := strings.CutSuffix(strings.TrimRight(f.lines[at-1], " \t"), strings.TrimRight(text, " \t")); ok {
			return at, utf8.RuneCountInString(before) + column
		}
		return n.Line, n.Column
	}
	column += n.Column - 1
	if n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 {
		column++
	}
	if n.Line > len(f.lines) || line > 1 {
		return n.Line, n.Column
	}
	r := []rune(f.lines[n.Line-1])
	from := column - 1 - (column - n.Column)
	if from > len(r) || !strings.Contains(string(r[from:]), n.Value) {
		return n.Line, n.Column
	}
	return n.Line, column
}
