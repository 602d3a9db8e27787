package blocks

import (
	"cmp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tenter-net/tenter/internal/tree"
)

// Depth is how deep lines may stand in each other, as the YANG module tenter-cli has it.
const Depth = 5

// maxLine bounds one line in bytes. Devices take less.
const maxLine = 64 << 10

// A Line is one line of configuration and the lines of its block. In a list of lines each text stands once.
type Line struct {
	Text  string // without indentation; words as the device writes them
	Lines []Line
}

// Parse reads configuration text and adds the lines that it hides. What is not configuration is left out; what is and
// cannot be taken, is a Problem at the path of its block.
func Parse(text string, s *Syntax) ([]Line, []tree.Problem) {
	p := parser{syntax: s, comment: cmp.Or(s.Comment, "!")}
	rows := strings.Split(text, "\n")
	for i := 0; i < len(rows); i++ {
		row := strings.TrimRightFunc(rows[i], unicode.IsSpace)
		line := strings.TrimLeft(row, " \t")
		if line == "" || strings.HasPrefix(line, p.comment) || anyOf(s.Ignore, line) {
			continue
		}
		indent := len(row) - len(line)
		for _, t := range s.Texts {
			if t.Line.Matches(line) {
				line, i = textBlock(line, rows, i, t.End)
				break
			}
		}
		p.add(indent, line)
	}
	p.close(-1)
	return s.Filled(merged(p.root)), p.problems
}

// Unread reports whether Parse leaves a line out: it is no configuration, or it is a secret. What is unread cannot be
// kept, as nobody can tell whether the device has it.
func (s *Syntax) Unread(line string) bool { return anyOf(s.Ignore, line) || anyOf(s.Secret, line) }

// textBlock joins the free text after rows[i] to its line, and returns the number of its last row.
func textBlock(line string, rows []string, i int, end string) (string, int) {
	for j := i + 1; j < len(rows); j++ {
		row := strings.TrimRight(rows[j], "\r")
		if strings.TrimSpace(row) == end {
			return line, j
		}
		line += "\n" + row
		if len(line) > maxLine {
			break
		}
	}
	first, _, _ := strings.Cut(line, "\n")
	return first, i // no end: it is no such text after all
}

type parser struct {
	syntax   *Syntax
	comment  string
	open     []level // innermost last
	root     []Line
	problems []tree.Problem
}

// A level is a line whose block is being read.
type level struct {
	indent int
	line   Line
}

// add puts a line into the innermost block that it is indented more than.
func (p *parser) add(indent int, text string) {
	p.close(indent)
	switch {
	case anyOf(p.syntax.Secret, text):
		p.problem("a line with a secret is not read")
		return
	case len(text) > maxLine:
		p.problem("the line is too long")
		return
	case !printable(text):
		p.problem("the line holds what is no text")
		return
	case len(p.open) == Depth:
		p.problem("the line stands too deep in blocks")
		return
	}
	p.open = append(p.open, level{indent, Line{Text: text}})
}

// close ends every block that a line with this indentation is not in.
func (p *parser) close(indent int) {
	for n := len(p.open); n > 0 && p.open[n-1].indent >= indent; n-- {
		done := p.open[n-1].line
		p.open = p.open[:n-1]
		into := &p.root
		if n > 1 {
			into = &p.open[n-2].line.Lines
		}
		*into = append(*into, done)
	}
}

// merged returns lines with each text once, where it stood first, with what stood in the block of any of them.
func merged(lines []Line) []Line {
	at := make(map[string]int, len(lines))
	out := lines[:0]
	for _, l := range lines {
		if i, ok := at[l.Text]; ok {
			out[i].Lines = append(out[i].Lines, l.Lines...)
			continue
		}
		at[l.Text] = len(out)
		out = append(out, l)
	}
	for i := range out {
		out[i].Lines = merged(out[i].Lines)
	}
	return out
}

func (p *parser) problem(reason string) {
	at := root
	for _, l := range p.open {
		at = at.Append(elem(l.line.Text))
	}
	p.problems = append(p.problems, tree.Problem{Path: at.String(), Reason: reason})
}

func printable(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool {
		return r != '\n' && r != '\t' && !unicode.IsPrint(r)
	})
}
