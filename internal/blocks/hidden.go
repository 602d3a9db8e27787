package blocks

import (
	"slices"
	"strings"
)

// Filled adds the hidden lines to what a device shows, or is to have. It may change the blocks of lines.
func (s *Syntax) Filled(lines []Line) []Line {
	for _, h := range s.Hidden {
		shown := func(p Pattern) bool {
			return slices.ContainsFunc(lines, func(l Line) bool { return p.Matches(l.Text) })
		}
		if len(h.When) == 0 || slices.ContainsFunc(h.When, shown) {
			lines = s.fill(lines, h, h.In, nil)
		}
	}
	return lines
}

// fill adds a hidden line in blocks that in says, where words are those at the * of the blocks around.
func (s *Syntax) fill(lines []Line, h Hidden, in []Pattern, words []string) []Line {
	if len(in) > 0 {
		for i, l := range lines {
			if stars, ok := in[0].match(l.Text); ok {
				lines[i].Lines = s.fill(l.Lines, h, in[1:], append(words[:len(words):len(words)], stars...))
			}
		}
		return lines
	}
	if h.Each.text == "" {
		return s.say(lines, h, words)
	}
	for _, l := range lines {
		if stars, ok := h.Each.match(l.Text); ok {
			lines = s.say(lines, h, append(words[:len(words):len(words)], stars...))
		}
	}
	return lines
}

// say adds a hidden line with its words, unless lines say otherwise.
func (s *Syntax) say(lines []Line, h Hidden, words []string) []Line {
	line := filledIn(h.Line, words)
	name, isSetting := s.setting(line)
	said := slices.ContainsFunc(lines, func(l Line) bool {
		other, is := s.setting(l.Text)
		return l.Text == line || l.Text == opposite(line) || l.Text == s.remover(line) || isSetting && is && other == name || anyOf(h.Unless, l.Text)
	})
	if said {
		return lines
	}
	return append(lines, Line{Text: line})
}

// opposite returns a line with the "no" before it that it lacks, or without the one that it has.
func opposite(line string) string {
	if positive, ok := strings.CutPrefix(line, "no "); ok {
		return positive
	}
	return "no " + line
}
