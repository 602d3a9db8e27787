// Package cli is the part of a simulated EOS's configuration that was given as commands: lines in blocks, as "show
// running-config" prints them, and the commands that change them.
//
// A device takes the commands that its grammar has and refuses all others, as a parser of commands does; the grammar
// (commands.go) is EOS's documentation for what a leaf-spine fabric with EVPN needs, and nothing of the product's. What the
// same device was given as YANG is not shown as lines, and the other way round: here the simulator is simpler than EOS;
// only interfaces go from both at once. Lines are immutable, and nothing here does I/O.
package cli

import (
	"slices"
	"strings"
)

// Lines are the lines of one block, in the order in which they were first given.
type Lines []Line

// A Line is one line and, where it opens a block, what stands in it.
type Line struct {
	Text  string
	Under Lines `json:",omitempty"`
}

// Text prints lines as a device does, blocks indented by three blanks and separated by exclamation marks.
func (l Lines) Text() string {
	var b strings.Builder
	l.print(&b, 0)
	return b.String()
}

func (l Lines) print(b *strings.Builder, depth int) {
	for _, line := range l {
		indent := strings.Repeat("   ", depth)
		if len(line.Under) > 0 || opens(line.Text, depth) {
			b.WriteString(indent + "!\n")
		}
		b.WriteString(indent + line.Text + "\n")
		line.Under.print(b, depth+1)
	}
}

// opens tells whether a line at the top opens a block even without lines in it.
func opens(text string, depth int) bool {
	if depth > 0 {
		return false
	}
	c := grammar().find(strings.Fields(text))
	return c != nil && c.under != nil
}

// Block returns the lines below the line with the text, which may leave its last words to "*", and its words; ok is false
// where there is no such line.
func (l Lines) Block(text string) (under Lines, words []string, ok bool) {
	prefix, wild := strings.CutSuffix(text, "*")
	for _, line := range l {
		if line.Text == text || wild && strings.HasPrefix(line.Text, prefix) {
			return line.Under, strings.Fields(line.Text), true
		}
	}
	return nil, nil, false
}

// put returns the lines with one more, in the place of the one that it replaces.
func (l Lines) put(line Line, replaces func(string) bool) Lines {
	out := slices.Clone(l)
	for i := range out {
		if out[i].Text == line.Text {
			return out
		}
	}
	for i := range out {
		if replaces(out[i].Text) {
			out[i].Text = line.Text
			return out
		}
	}
	return append(out, line)
}

// change returns the lines with the block at a way of line texts changed; the way exists.
func (l Lines) change(way []string, f func(Lines) Lines) Lines {
	if len(way) == 0 {
		return f(l)
	}
	out := slices.Clone(l)
	for i := range out {
		if out[i].Text == way[0] {
			out[i].Under = out[i].Under.change(way[1:], f)
		}
	}
	return out
}
