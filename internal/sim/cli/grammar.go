package cli

import (
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// A mode is the commands of one kind of block.
type mode struct{ commands []*command }

// A command is one command of a mode.
type command struct {
	words []string
	key   int   // how many of its first words name the setting that the others are the value of; 0 where it has none
	value int   // else the one word that is the value, where there is one; 0 where there is none
	under *mode // of a command that opens a block
}

// grammar is the commands of configuration mode, read once from their list.
var grammar = sync.OnceValue(func() *mode {
	root := &mode{}
	open := []*mode{root} // by depth
	for line := range strings.Lines(commands) {
		text := strings.TrimRight(line, "\n")
		depth := len(text) - len(strings.TrimLeft(text, "\t"))
		words := strings.Fields(text)
		if len(words) == 0 {
			continue
		}
		if depth == len(open) { // the line above opens a block
			last := open[depth-1].commands[len(open[depth-1].commands)-1]
			last.under = &mode{}
			open = append(open, last.under)
		}
		open = open[:depth+1]
		c := &command{}
		for _, w := range words {
			if w == "=" {
				c.key = len(c.words)
				continue
			}
			if rest, ok := strings.CutPrefix(w, "="); ok {
				c.value, w = len(c.words), rest
			}
			c.words = append(c.words, w)
		}
		open[depth].commands = append(open[depth].commands, c)
	}
	return root
})

// find returns the command that words are.
func (m *mode) find(words []string) *command {
	for _, c := range m.commands {
		if c.matches(words, true) {
			return c
		}
	}
	return nil
}

// replaces tells whether a line takes the place of another one: both give the same setting a value.
func (c *command) replaces(line, other string) bool {
	words := strings.Fields(line)
	if c.key > 0 {
		key := strings.Join(words[:c.key], " ")
		return other == key || strings.HasPrefix(other, key+" ")
	}
	was := strings.Fields(other)
	if c.value == 0 || !c.matches(was, true) {
		return false
	}
	was[c.value] = words[c.value]
	return slices.Equal(words, was)
}

// begins tells whether a command begins with the words, as "no" may leave the rest out.
func (m *mode) begins(words []string) bool {
	return len(words) > 0 && slices.ContainsFunc(m.commands, func(c *command) bool { return c.matches(words, false) })
}

func (c *command) matches(words []string, whole bool) bool {
	for i, w := range words {
		if i >= len(c.words) {
			return false
		}
		if c.words[i] == "REST" {
			return true
		}
		if !fits(c.words[i], w) {
			return false
		}
	}
	return !whole || len(words) == len(c.words)
}

var (
	mac         = regexp.MustCompile(`^([0-9a-f]{2}(:[0-9a-f]{2}){5}|[0-9a-f]{4}(\.[0-9a-f]{4}){2})$`)
	target      = regexp.MustCompile(`^([0-9]+|[0-9]+\.[0-9]+|([0-9]{1,3}\.){3}[0-9]{1,3}):[0-9]+$`)
	segment     = regexp.MustCompile(`^[0-9a-f]{4}(:[0-9a-f]{4}){4}$`)
	vlans       = regexp.MustCompile(`^[0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*$`)
	name        = regexp.MustCompile(`^[A-Za-z0-9_.:{}+/~#@-]+$`)
	bounds      = regexp.MustCompile(`^([0-9]+)\.\.([0-9]+)$`)
	alternative = regexp.MustCompile(`^[a-z0-9-]+(\|[a-z0-9-]+)+$`)
)

// fits tells whether a word is what a word of a command stands for.
func fits(pattern, word string) bool {
	if m := bounds.FindStringSubmatch(pattern); m != nil {
		low, _ := strconv.ParseUint(m[1], 10, 64) // digits, as matched
		high, _ := strconv.ParseUint(m[2], 10, 64)
		n, err := strconv.ParseUint(word, 10, 64)
		return err == nil && n >= low && n <= high
	}
	if alternative.MatchString(pattern) {
		for one := range strings.SplitSeq(pattern, "|") {
			if one == word {
				return true
			}
		}
		return false
	}
	switch pattern {
	case "NAME":
		return name.MatchString(word)
	case "ADDRESS":
		_, err := netip.ParseAddr(word)
		return err == nil
	case "PREFIX":
		_, err := netip.ParsePrefix(word)
		return err == nil
	case "MAC":
		return mac.MatchString(strings.ToLower(word))
	case "TARGET":
		return target.MatchString(word)
	case "SEGMENT":
		return segment.MatchString(strings.ToLower(word))
	case "VLANS":
		return vlans.MatchString(word)
	case "PEER":
		_, err := netip.ParseAddr(word)
		return err == nil || name.MatchString(word)
	}
	return pattern == word
}
