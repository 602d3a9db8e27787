package cli

import (
	"fmt"
	"slices"
	"strings"
)

// A Session takes commands in configuration mode, one after the other. The zero Session has no configuration.
type Session struct {
	lines Lines
	gone  []string // what "no" was said of at the top
	way   []string // the lines that open the blocks around the next command
	modes []*mode  // of those blocks
}

// NewSession begins a session at the top of a configuration.
func NewSession(l Lines) *Session { return &Session{lines: l} }

// Lines returns the configuration as it is now.
func (s *Session) Lines() Lines { return s.lines }

// Gone returns what "no" was said of at the top of the configuration since the last call, whether or not it was a line: a
// device forgets it altogether, whatever else has configured it.
func (s *Session) Gone() []string {
	gone := s.gone
	s.gone = nil
	return gone
}

// Forget removes a line at the top with everything below it.
func (s *Session) Forget(text string) {
	s.lines = slices.DeleteFunc(slices.Clone(s.lines), func(line Line) bool { return line.Text == text })
}

// Run enters commands, one on each line. A command that is not known in its block is looked for in those around it, as
// EOS does. The error names the first command that is none; what came before it was done.
func (s *Session) Run(commands string) error {
	for line := range strings.Lines(commands) {
		words := strings.Fields(line)
		if len(words) == 0 || strings.HasPrefix(words[0], "!") {
			continue
		}
		if err := s.command(words); err != nil {
			return err
		}
	}
	return nil
}

func (s *Session) command(words []string) error {
	switch strings.Join(words, " ") {
	case "exit":
		if n := len(s.way); n > 0 {
			s.way, s.modes = s.way[:n-1], s.modes[:n-1]
		}
		return nil
	case "end", "configure", "configure terminal":
		s.way, s.modes = nil, nil
		return nil
	}
	plain := words
	if words[0] == "no" || words[0] == "default" {
		plain = words[1:]
	}
	for depth := len(s.way); depth >= 0; depth-- {
		m := grammar()
		if depth > 0 {
			m = s.modes[depth-1]
		}
		c := m.find(words)
		undo := c == nil && len(plain) < len(words) && m.begins(plain)
		if c == nil && !undo {
			continue
		}
		s.way, s.modes = s.way[:depth], s.modes[:depth]
		if undo {
			if depth == 0 {
				s.gone = append(s.gone, strings.Join(plain, " "))
			}
			s.remove(strings.Join(plain, " "))
		} else {
			s.remove(opposite(words))
			s.add(c, strings.Join(words, " "))
		}
		return nil
	}
	return fmt.Errorf("%q: %% Invalid input", strings.Join(words, " "))
}

// opposite is the line that cannot stand beside the one of words.
func opposite(words []string) string {
	if words[0] == "no" {
		return strings.Join(words[1:], " ")
	}
	return "no " + strings.Join(words, " ")
}

// add puts a line where the session is, and enters its block if it opens one.
func (s *Session) add(c *command, text string) {
	s.lines = s.lines.change(s.way, func(l Lines) Lines {
		return l.put(Line{Text: text}, func(other string) bool { return c.replaces(text, other) })
	})
	if c.under != nil {
		s.way, s.modes = append(slices.Clone(s.way), text), append(slices.Clone(s.modes), c.under)
	}
}

// remove takes the line away, or those that begin with its words. That there are none is no mistake.
func (s *Session) remove(text string) {
	s.lines = s.lines.change(s.way, func(l Lines) Lines {
		exact := slices.ContainsFunc(l, func(line Line) bool { return line.Text == text })
		return slices.DeleteFunc(slices.Clone(l), func(line Line) bool {
			return line.Text == text || !exact && strings.HasPrefix(line.Text, text+" ")
		})
	})
}
