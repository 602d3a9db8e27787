package blocks

// Common returns lines without those that match of and that the part lacks, and in the blocks that match without the
// lines that the part's block lacks. It is for configurations that are put together from several parts, each of which
// must have the lines that they share.
func Common(lines, part []Line, of []Pattern) []Line {
	there := index(part)
	var out []Line
	for _, l := range lines {
		if anyOf(of, l.Text) {
			i, ok := there[l.Text]
			if !ok {
				continue
			}
			l.Lines = shared(l.Lines, part[i].Lines)
		}
		out = append(out, l)
	}
	return out
}

// shared returns the lines that both have.
func shared(a, b []Line) []Line {
	there := index(b)
	var out []Line
	for _, l := range a {
		if i, ok := there[l.Text]; ok {
			out = append(out, Line{l.Text, shared(l.Lines, b[i].Lines)})
		}
	}
	return out
}
