package blocks

import "slices"

// filled adds hidden lines to what the device shows.
func (s *Syntax) filled(lines []Line) []Line {
	for _, h := range s.Hidden {
		shown := func(p Pattern) bool {
			return slices.ContainsFunc(lines, func(l Line) bool { return p.Matches(l.Text) })
		}
		if len(h.When) == 0 || slices.ContainsFunc(h.When, shown) {
			lines = s.fill(lines, h.In, h.Line)
		}
	}
	return lines
}

func (s *Syntax) fill(lines []Line, in []Pattern, line string) []Line {
	if len(in) > 0 {
		for i, l := range lines {
			if in[0].Matches(l.Text) {
				lines[i].Lines = s.fill(l.Lines, in[1:], line)
			}
		}
		return lines
	}
	name, isSetting := s.setting(line)
	said := slices.ContainsFunc(lines, func(l Line) bool {
		other, is := s.setting(l.Text)
		return l.Text == line || l.Text == s.remover(line) || isSetting && is && other == name
	})
	if said {
		return lines
	}
	return append(lines, Line{Text: line})
}
