package compile

import (
	"fmt"
	"strings"
)

// A statement is a YANG statement and the text that it stands in.
type statement struct {
	keyword, arg string
	subs         []*statement
	in           *text
	at           string // file:line:col
	scope        *scope // where its typedef and grouping names are looked up
}

// A scope holds the typedefs and groupings that one statement defines (RFC 7950 §5.5).
type scope struct {
	outer     *scope
	typedefs  map[string]*statement
	groupings map[string]*statement
}

func (s *statement) find(keyword string) *statement {
	for _, sub := range s.subs {
		if sub.keyword == keyword {
			return sub
		}
	}
	return nil
}

func (s *statement) all(keyword string) []*statement {
	var out []*statement
	for _, sub := range s.subs {
		if sub.keyword == keyword {
			out = append(out, sub)
		}
	}
	return out
}

func (s *statement) value(keyword string) string {
	if sub := s.find(keyword); sub != nil {
		return sub.arg
	}
	return ""
}

func (s *statement) errorf(format string, args ...any) error {
	return fmt.Errorf("%s: %w", s.at, fmt.Errorf(format, args...))
}

func newScope(outer *scope) *scope {
	return &scope{outer: outer, typedefs: map[string]*statement{}, groupings: map[string]*statement{}}
}

// place tells a statement and all in it where they stand.
func (s *statement) place(t *text, sc *scope) {
	s.in, s.scope = t, sc
	inner := sc
	if s != t.body && (s.find("typedef") != nil || s.find("grouping") != nil) {
		inner = newScope(sc)
		for _, sub := range s.subs {
			switch sub.keyword {
			case "typedef":
				inner.typedefs[sub.arg] = sub
			case "grouping":
				inner.groupings[sub.arg] = sub
			}
		}
	}
	for _, sub := range s.subs {
		sub.place(t, inner)
	}
}

// define adds a module's or submodule's own typedefs and groupings to the module's scope.
func (s *statement) define() error {
	for _, sub := range s.subs {
		var into map[string]*statement
		switch sub.keyword {
		case "typedef":
			into = s.scope.typedefs
		case "grouping":
			into = s.scope.groupings
		default:
			continue
		}
		if into[sub.arg] != nil {
			return sub.errorf("%s %q is defined twice", sub.keyword, sub.arg)
		}
		into[sub.arg] = sub
	}
	return nil
}

// lookup resolves a typedef's or grouping's name from where a statement stands.
func (s *sources) lookup(from *statement, kind, name string) (*statement, error) {
	pick := func(sc *scope) *statement {
		if kind == "typedef" {
			return sc.typedefs[name]
		}
		return sc.groupings[name]
	}
	prefix, rest, qualified := strings.Cut(name, ":")
	if qualified {
		name = rest
		mod, err := s.module(from, prefix)
		if err != nil {
			return nil, err
		}
		if mod != from.in.mod {
			if d := pick(mod.top); d != nil {
				return d, nil
			}
			return nil, from.errorf("no %s %q in %s", kind, name, mod.name)
		}
	}
	for sc := from.scope; sc != nil; sc = sc.outer {
		if d := pick(sc); d != nil {
			return d, nil
		}
	}
	return nil, from.errorf("no %s %q", kind, name)
}

// module resolves a prefix from where a statement stands; the empty prefix is its own module.
func (s *sources) module(from *statement, prefix string) (*module, error) {
	if prefix == "" {
		return from.in.mod, nil
	}
	name, ok := from.in.prefixes[prefix]
	if !ok {
		return nil, from.errorf("unknown prefix %q", prefix)
	}
	m := s.modules[name]
	if m == nil {
		return nil, from.errorf("module %q is not loaded", name)
	}
	return m, nil
}
