package settings

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tenter-net/tenter/internal/suggest"
)

// A Problem is one mistake: where it is, which setting it is about, what is wrong and what may have been meant.
type Problem struct {
	Where string // file:line:column, "environment NAME", "flag --name" or "default"
	Key   string // empty when the mistake is not about one setting
	Text  string
	Hint  string // may be empty

	line, column int
}

// String is the problem on one line.
func (p Problem) String() string {
	s := p.Where + ": "
	if p.Key != "" {
		s += p.Key + ": "
	}
	s += p.Text
	if p.Hint != "" {
		s += " (" + p.Hint + ")"
	}
	return s
}

// An Error is everything that is wrong with the settings, in the order of the file, then of the other sources.
type Error struct{ Problems []Problem }

// Error lists the problems, one a line.
func (e *Error) Error() string {
	lines := make([]string, 0, len(e.Problems)+1)
	mistakes := "1 mistake"
	if n := len(e.Problems); n > 1 {
		mistakes = fmt.Sprintf("%d mistakes", n)
	}
	lines = append(lines, "settings: "+mistakes+":")
	for _, p := range e.Problems {
		lines = append(lines, "  "+p.String())
	}
	return strings.Join(lines, "\n")
}

// problems gathers mistakes.
type problems []Problem

func (ps *problems) add(at place, key, hint, format string, args ...any) {
	*ps = append(*ps, Problem{Where: at.String(), Key: key, Text: fmt.Sprintf(format, args...), Hint: hint, line: at.line, column: at.column})
}

func (ps problems) err() error {
	if len(ps) == 0 {
		return nil
	}
	slices.SortStableFunc(ps, func(a, b Problem) int {
		switch {
		case a.line == 0 && b.line != 0:
			return 1
		case a.line != 0 && b.line == 0:
			return -1
		}
		return cmp.Or(a.line-b.line, a.column-b.column)
	})
	return &Error{Problems: ps}
}

// nearest returns a hint that names the known name closest to what was written, or all of them if none is close.
func nearest(written string, known []string) string {
	if hint := suggest.Hint(written, known); hint != "" || len(known) == 0 {
		return hint
	}
	return "known here: " + strings.Join(known, ", ")
}
