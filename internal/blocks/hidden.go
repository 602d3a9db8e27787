package blocks

import "slices"

// filled adds hidden lines to what the device shows.
func (s *Syntax) filled(lines []Line) []Line {
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
	line := filledIn(h.Line, words)
	name, isSetting := s.setting(line)
	said := slices.ContainsFunc(lines, func(l Line) bool {
		other, is := s.setting(l.Text)
		return l.Text == line || l.Text == s.remover(line) || isSetting && is && other == name || anyOf(h.Unless, l.Text)
	})
	if said {
		return lines
	}
	return append(lines, Line{Text: line})
}
