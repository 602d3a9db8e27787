package blocks

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// A Syntax is what the text of a family of devices does not say of itself. The zero Syntax reads blocks by their
// indentation, undoes a line with "no" and leaves a block with "exit".
type Syntax struct {
	Comment string    `yaml:"comment"` // what a comment begins with, "!" if empty
	Ignore  []Pattern `yaml:"ignore"`  // lines of the output that are no configuration
	Texts   []Text    `yaml:"texts"`   // lines that others of free text follow
	Exit    string    `yaml:"exit"`    // leaves a block, "exit" if empty

	// Blocks are lines that open a block, also where nothing stands in it.
	Blocks []Pattern `yaml:"blocks"`
	// Order is in which order lines of one block are added; they are removed the other way round. A line that none of
	// them matches goes where ** stands, or comes last.
	Order []Pattern `yaml:"order"`
	// Settings are lines of which a block has one for each choice of the words at *, with its value at ? or **: another
	// one takes its place without a "no" before.
	Settings []Pattern `yaml:"settings"`
	// Undo says how to remove lines that "no" before them does not remove. One without a command holds wherever nothing else
	// is said, like "no shutdown": nothing removes it but its opposite.
	Undo []Undo `yaml:"undo"`
	// Held are blocks that cannot be removed: all their lines are.
	Held []Pattern `yaml:"held"`
	// Secret lines are never handed on: a Problem says that there is one.
	Secret []Pattern `yaml:"secret"`
	// Hidden are lines that hold and are not shown, as the device leaves out what is its default.
	Hidden []Hidden `yaml:"hidden"`
}

// A Hidden line holds in a block, unless the block shows the setting with another value, the line with "no", or a line
// that matches Unless.
type Hidden struct {
	When   []Pattern `yaml:"when"`   // lines at the top that make it the default; none for always
	In     []Pattern `yaml:"in"`     // the lines that open the blocks around it, outermost first
	Each   Pattern   `yaml:"each"`   // one for each line like this in the block, its * counted on after those of In; none for one
	Line   string    `yaml:"line"`   // {1} is the word at the first * of In, and so on
	Unless []Pattern `yaml:"unless"` // lines that take its place
}

// A Text is a line that others follow, up to End, which is not part of them: a banner. All of it is one line, with
// the others after line feeds.
type Text struct {
	Line Pattern `yaml:"line"`
	End  string  `yaml:"end"`
}

// An Undo is the command that removes a line: {1} is the word at the first *, and so on. Without a command there is none.
type Undo struct {
	Line    Pattern `yaml:"line"`
	Command string  `yaml:"command"`
}

// remover returns the command that removes a line, "" for a line that nothing removes.
func (s *Syntax) remover(line string) string {
	for _, u := range s.Undo {
		stars, ok := u.Line.match(line)
		if !ok {
			continue
		}
		return filledIn(u.Command, stars)
	}
	line, _, _ = strings.Cut(line, "\n")
	return opposite(line)
}

// lasting reports whether a line holds wherever nothing else is said: a block with such lines alone is as good as empty.
func (s *Syntax) lasting(line Line) bool { return len(line.Lines) == 0 && s.remover(line.Text) == "" }

// filledIn puts words in place of {1}, {2} and so on.
func filledIn(text string, words []string) string {
	for i, word := range words {
		text = strings.ReplaceAll(text, "{"+strconv.Itoa(i+1)+"}", word)
	}
	return text
}

// adder returns the commands that add a line.
func (s *Syntax) adder(line string) []string {
	lines := strings.Split(line, "\n")
	if len(lines) > 1 {
		for _, t := range s.Texts {
			if t.Line.Matches(lines[0]) {
				return append(lines, t.End)
			}
		}
	}
	return lines
}

// setting names what a line sets; ok is false for a line beside which its like may stand.
func (s *Syntax) setting(line string) (name string, ok bool) {
	line = strings.TrimPrefix(line, "no ")
	for _, p := range s.Settings {
		if stars, ok := p.match(line); ok {
			return p.text + "\n" + strings.Join(stars, " "), true
		}
	}
	return "", false
}

// rank is where a line stands in the order of adding.
func (s *Syntax) rank(line string) int {
	rest := len(s.Order)
	for i, p := range s.Order {
		if p.text == "**" {
			rest = i
		} else if p.Matches(line) {
			return i
		}
	}
	return rest
}

// sorted returns lines in the order in which they are added.
func (s *Syntax) sorted(lines []Line) []Line {
	out := slices.Clone(lines)
	slices.SortStableFunc(out, func(a, b Line) int {
		return cmp.Or(cmp.Compare(s.rank(a.Text), s.rank(b.Text)), naturally(a.Text, b.Text))
	})
	return out
}

// naturally orders texts with the numbers in them by value: "seq 5" before "seq 10".
func naturally(a, b string) int {
	x, y := strings.Fields(a), strings.Fields(b)
	for i := range min(len(x), len(y)) {
		m, errM := strconv.ParseUint(x[i], 10, 64)
		n, errN := strconv.ParseUint(y[i], 10, 64)
		if errM == nil && errN == nil && m != n {
			return cmp.Compare(m, n)
		}
		if c := strings.Compare(x[i], y[i]); c != 0 {
			return c
		}
	}
	return cmp.Or(cmp.Compare(len(x), len(y)), strings.Compare(a, b))
}
