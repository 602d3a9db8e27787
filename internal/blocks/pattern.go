package blocks

import (
	"fmt"
	"slices"
	"strings"
)

// A Pattern matches lines word by word: * is any one word, ? is any one word that is a value, ** at the end is any
// rest, also none.
type Pattern struct {
	text  string
	words []string
	open  bool // ends in **
}

// ParsePattern reads a pattern.
func ParsePattern(text string) (Pattern, error) {
	p := Pattern{text: text, words: strings.Fields(text)}
	if n := len(p.words); n > 0 && p.words[n-1] == "**" {
		p.words, p.open = p.words[:n-1], true
	}
	if slices.Contains(p.words, "**") {
		return Pattern{}, fmt.Errorf("pattern %q: ** stands at the end only", text)
	}
	if len(p.words) == 0 && !p.open {
		return Pattern{}, fmt.Errorf("pattern %q: matches nothing", text)
	}
	return p, nil
}

// String returns the pattern as it was written.
func (p Pattern) String() string { return p.text }

// UnmarshalText reads a pattern, for YAML.
func (p *Pattern) UnmarshalText(text []byte) (err error) {
	*p, err = ParsePattern(string(text))
	return err
}

// match returns the words that * stands for.
func (p Pattern) match(line string) (stars []string, ok bool) {
	words := strings.Fields(line)
	if len(words) < len(p.words) || len(words) > len(p.words) && !p.open {
		return nil, false
	}
	for i, w := range p.words {
		switch w {
		case "*":
			stars = append(stars, words[i])
		case "?", words[i]:
		default:
			return nil, false
		}
	}
	return stars, true
}

// Matches reports whether the pattern matches a line.
func (p Pattern) Matches(line string) bool {
	_, ok := p.match(line)
	return ok
}

func anyOf(patterns []Pattern, line string) bool {
	return slices.ContainsFunc(patterns, func(p Pattern) bool { return p.Matches(line) })
}
