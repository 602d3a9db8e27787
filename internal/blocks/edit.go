package blocks

import (
	"fmt"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/tree"
)

// A block is lines by their text, with their order of coming.
type block struct {
	texts []string
	lines map[string]*block
}

func newBlock(lines []Line) *block {
	b := &block{lines: map[string]*block{}}
	for _, l := range lines {
		b.texts = append(b.texts, l.Text)
		b.lines[l.Text] = newBlock(l.Lines)
	}
	return b
}

func (b *block) list() []Line {
	var out []Line
	seen := map[string]bool{}
	for _, t := range b.texts {
		if below, ok := b.lines[t]; ok && !seen[t] {
			seen[t] = true
			out = append(out, Line{t, below.list()})
		}
	}
	return out
}

// in returns the block of a line in b, adding it if it is not there.
func (b *block) in(text string) *block {
	below, ok := b.lines[text]
	if !ok {
		below = &block{lines: map[string]*block{}}
		b.texts = append(b.texts, text)
		b.lines[text] = below
	}
	return below
}

func (b *block) add(s *Syntax, texts []string) {
	for _, t := range texts {
		if _, there := b.lines[t]; !there {
			b.displace(s, t)
		}
		b = b.in(t)
	}
}

// displace removes the line whose place a new one takes.
func (b *block) displace(s *Syntax, text string) {
	name, ok := s.setting(text)
	if !ok {
		return
	}
	for _, t := range b.texts {
		if other, ok := s.setting(t); ok && other == name {
			delete(b.lines, t)
		}
	}
}

func (b *block) remove(texts []string) {
	for _, t := range texts[:len(texts)-1] {
		below, ok := b.lines[t]
		if !ok {
			return
		}
		b = below
	}
	delete(b.lines, texts[len(texts)-1])
}

// Apply returns what an edit of leaves of origin cli makes of lines: removing a line removes its block, and a setting
// takes the place of its like. It changes neither argument. The error says what in the edit is no line.
func Apply(have []Line, edit tree.Edit, s *Syntax) ([]Line, error) {
	b := newBlock(have)
	cut := func(p path.Path) error {
		texts, err := Texts(p)
		if err == nil && len(texts) == 0 {
			err = fmt.Errorf("path %s: all configuration at once is never removed", p)
		}
		if err == nil {
			b.remove(texts)
		}
		return err
	}
	for _, p := range edit.Deletes {
		if err := cut(p); err != nil {
			return nil, err
		}
	}
	updates := edit.Updates
	for _, r := range edit.Replaces {
		if err := cut(r.Path); err != nil {
			return nil, err
		}
		updates = append(updates[:len(updates):len(updates)], r.Leaves...)
	}
	for _, l := range updates {
		texts, err := Texts(l.Path)
		if err != nil {
			return nil, err
		}
		b.add(s, texts)
	}
	return b.list(), nil
}

// Touched returns the lines that an edit says are there, for commands to a device that was not read: those it removes
// as have, those it adds as want, both in the blocks around them. The error is that of Apply.
func Touched(edit tree.Edit, s *Syntax) (have, want []Line, err error) {
	removed := edit.Deletes
	for _, r := range edit.Replaces {
		removed = append(removed[:len(removed):len(removed)], r.Path)
	}
	b := newBlock(nil)
	for _, p := range removed {
		texts, err := Texts(p)
		if err != nil {
			return nil, nil, err
		}
		for at := b; len(texts) > 0; texts = texts[1:] {
			at = at.in(texts[0])
		}
	}
	have = b.list()
	want, err = Apply(have, edit, s)
	return have, want, err
}
