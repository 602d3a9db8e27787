package blocks

import "slices"

// Missing returns the lines of want that have lacks, each with the lines that open the blocks around it, outermost first.
// A held block in which nothing stands, or only what holds anyway, is not missed: devices do not show it.
func Missing(have, want []Line, s *Syntax) [][]string { return missing(nil, nil, have, want, s) }

func missing(out [][]string, way []string, have, want []Line, s *Syntax) [][]string {
	there := index(have)
	for _, l := range want {
		at := append(way[:len(way):len(way)], l.Text)
		var below []Line
		i, ok := there[l.Text]
		switch {
		case ok:
			below = have[i].Lines
		case anyOf(s.Held, l.Text) && !slices.ContainsFunc(l.Lines, func(l Line) bool { return !s.lasting(l) }):
			continue
		default:
			out = append(out, at)
		}
		out = missing(out, at, below, l.Lines, s)
	}
	return out
}

// Undone returns what puts back, of a change from before to want, whatever came of it: what was to be added and is there
// goes, and what was there before and is gone comes back. What else the device has by now stays.
func Undone(before, want, now []Line, s *Syntax) []Line {
	b := newBlock(now)
	for _, texts := range Missing(before, want, s) {
		b.remove(texts)
	}
	for _, texts := range Missing(b.list(), before, s) {
		b.add(s, texts)
	}
	return b.list()
}
