package blocks

import (
	"cmp"
	"slices"
)

// Commands returns what makes want of have, entered one after the other at the top of the configuration and leaving
// there: removals first, then additions, each in the family's order. Nothing is sent for what stays.
func Commands(have, want []Line, s *Syntax) []string { return slices.Concat(Groups(have, want, s)...) }

// Groups returns Commands in groups, each of which starts and ends at the top of the configuration.
func Groups(have, want []Line, s *Syntax) [][]string {
	c := commander{syntax: s, exit: cmp.Or(s.Exit, "exit")}
	c.removals(have, want)
	c.additions(have, want)
	return c.out
}

type commander struct {
	syntax *Syntax
	exit   string
	way    []string // the lines that open the blocks around the next command
	in     int      // how many of them are entered
	out    [][]string
}

// say sends commands within the blocks of c.way.
func (c *commander) say(commands ...string) {
	if c.in == 0 {
		c.out = append(c.out, nil)
	}
	group := &c.out[len(c.out)-1]
	for ; c.in < len(c.way); c.in++ {
		*group = append(*group, c.way[c.in])
	}
	*group = append(*group, commands...)
}

func (c *commander) enter(text string) { c.way = append(c.way, text) }

func (c *commander) leave() {
	c.way = c.way[:len(c.way)-1]
	if c.in > len(c.way) {
		c.in--
		last := len(c.out) - 1
		c.out[last] = append(c.out[last], c.exit)
	}
}

func (c *commander) removals(have, want []Line) {
	keep, displaced := index(want), c.settings(have, want)
	lines := c.syntax.sorted(have)
	slices.Reverse(lines)
	for _, l := range lines {
		i, stays := keep[l.Text]
		held := len(l.Lines) > 0 && anyOf(c.syntax.Held, l.Text)
		switch {
		case stays || held:
			var below []Line
			if stays {
				below = want[i].Lines
			}
			c.enter(l.Text)
			c.removals(l.Lines, below)
			c.leave()
		case displaced[l.Text]:
		default:
			if command := c.syntax.remover(l.Text); command != "" {
				c.say(command)
			}
		}
	}
}

func (c *commander) additions(have, want []Line) {
	there := index(have)
	for _, l := range c.syntax.sorted(want) {
		var below []Line
		i, stays := there[l.Text]
		opens := len(l.Lines) > 0 || anyOf(c.syntax.Blocks, l.Text)
		switch {
		case stays:
			below = have[i].Lines
		case !opens:
			c.say(c.syntax.adder(l.Text)...)
			continue
		}
		c.enter(l.Text)
		if !stays {
			c.say()
		}
		c.additions(below, l.Lines)
		c.leave()
	}
}

// settings returns the lines of have that a new line of want takes the place of.
func (c *commander) settings(have, want []Line) map[string]bool {
	if len(c.syntax.Settings) == 0 {
		return nil
	}
	there := index(have)
	fresh := map[string]bool{}
	for _, l := range want {
		if _, ok := there[l.Text]; ok {
			continue
		}
		if name, ok := c.syntax.setting(l.Text); ok {
			fresh[name] = true
		}
	}
	out := map[string]bool{}
	for _, l := range have {
		if name, ok := c.syntax.setting(l.Text); ok && fresh[name] {
			out[l.Text] = true
		}
	}
	return out
}

// index returns where each text stands.
func index(lines []Line) map[string]int {
	at := make(map[string]int, len(lines))
	for i, l := range lines {
		at[l.Text] = i
	}
	return at
}
