package path

import "strings"

// A Pattern is a path with wildcards: "*" stands for any run of characters of a name or key value, an
// element "**" or "..." for any number of elements, also none. An element without keys matches every entry.
// The zero Pattern matches nothing.
type Pattern struct {
	text   string
	origin string
	elems  []Elem
}

// ParsePattern reads a pattern such as "/interfaces/interface[name=Ethernet*]/**". The error is a *SyntaxError.
func ParsePattern(text string) (Pattern, error) {
	elems, origin, err := scan(text)
	if err != nil {
		return Pattern{}, err
	}
	for i := range elems {
		if elems[i].Name == "..." {
			elems[i].Name = "**"
		}
	}
	return Pattern{text: text, origin: origin, elems: elems}, nil
}

// Origin returns the tree that the pattern is of.
func (g Pattern) Origin() string { return g.origin }

// String returns the text that the pattern was parsed from.
func (g Pattern) String() string { return g.text }

// Match reports whether the pattern matches the whole of p.
func (g Pattern) Match(p Path) bool {
	return g.text != "" && g.origin == p.origin() && match(g.elems, p.Elems, exact)
}

// Covers reports whether p, or a node above it, matches: p lies in a subtree that the pattern names.
func (g Pattern) Covers(p Path) bool {
	return g.text != "" && g.origin == p.origin() && match(g.elems, p.Elems, above)
}

// MatchPrefix reports whether p, or some path under it, can match: a walk that looks for matches must enter p.
func (g Pattern) MatchPrefix(p Path) bool {
	return g.text != "" && g.origin == p.origin() && match(g.elems, p.Elems, below)
}

type matchMode int

const (
	exact matchMode = iota
	above           // p may go on after the pattern ended
	below           // the pattern may go on after p ended
)

func match(g, p []Elem, mode matchMode) bool {
	for len(g) > 0 {
		if g[0].Name == "**" && len(g[0].Keys) == 0 {
			if len(g) == 1 || mode == below {
				return true
			}
			for i := range len(p) + 1 {
				if match(g[1:], p[i:], mode) {
					return true
				}
			}
			return false
		}
		if len(p) == 0 {
			return mode == below
		}
		if !matchElem(g[0], p[0]) {
			return false
		}
		g, p = g[1:], p[1:]
	}
	return len(p) == 0 || mode == above
}

func matchElem(g, e Elem) bool {
	if !glob(g.Name, e.Name) {
		return false
	}
	for _, k := range g.Keys {
		// A path to the list itself holds all of its entries.
		if v, ok := e.Key(k.Name); ok && !glob(k.Value, v) || !ok && len(e.Keys) > 0 {
			return false
		}
	}
	return true
}

// glob matches s against pattern, in which each * stands for any run of characters.
func glob(pattern, s string) bool {
	first, rest, wild := strings.Cut(pattern, "*")
	if !wild {
		return pattern == s
	}
	if !strings.HasPrefix(s, first) {
		return false
	}
	s = s[len(first):]
	for {
		part, next, more := strings.Cut(rest, "*")
		if !more {
			return strings.HasSuffix(s, part)
		}
		i := strings.Index(s, part)
		if i < 0 {
			return false
		}
		s, rest = s[i+len(part):], next
	}
}
