package compile

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/tenter-net/tenter/internal/schema"
)

var bases = func() map[string]schema.Base {
	m := map[string]schema.Base{}
	for b := schema.Int8; b <= schema.InstanceIdentifier; b++ {
		m[b.String()] = b
	}
	return m
}()

// resolve returns the number of the type that statement s gives node n, and the default of its typedef chain.
func (c *compiler) resolve(n *node, s *statement) (typ int, def *string, err error) {
	t := schema.Type{Name: s.arg}
	if def, err = c.derive(n, s, &t, 0); err != nil {
		return 0, nil, err
	}
	return c.intern(t), def, nil
}

// derive fills t from the innermost typedef outwards, so that each step's restrictions narrow the last one's.
func (c *compiler) derive(n *node, s *statement, t *schema.Type, depth int) (def *string, err error) {
	if depth > 50 {
		return nil, s.errorf("type %q is defined by itself", s.arg)
	}
	base, builtin := bases[s.arg]
	if !builtin {
		td, err := c.src.lookup(s, "typedef", s.arg)
		if err != nil {
			return nil, err
		}
		inner := td.find("type")
		if inner == nil {
			return nil, td.errorf("typedef %q has no type", td.arg)
		}
		if def, err = c.derive(n, inner, t, depth+1); err != nil {
			return nil, err
		}
		if d := td.find("default"); d != nil {
			def = &d.arg
		}
	} else {
		t.Base = base
	}
	return def, c.restrict(n, s, t)
}

// restrict applies one type statement's own restrictions.
func (c *compiler) restrict(n *node, s *statement, t *schema.Type) error {
	if digits := s.find("fraction-digits"); digits != nil {
		// First, wherever it stands: a range is scaled by it.
		n, err := strconv.Atoi(digits.arg)
		if err != nil || n < 1 || n > 18 {
			return digits.errorf("fraction-digits %q", digits.arg)
		}
		t.Fraction = n
	}
	for _, sub := range s.subs {
		var err error
		switch sub.keyword {
		case "range":
			t.Ranges, err = ranges(sub, t, t.Ranges)
		case "length":
			t.Lengths, err = ranges(sub, t, t.Lengths)
		case "pattern":
			err = c.pattern(sub, t)
		case "base":
			var id *identity
			if id, err = c.findIdentity(sub); err == nil {
				t.Bases = append(t.Bases, id.index)
			}
		case "path":
			t.Path = schema.XPath{Text: c.rewrite(sub)}
			t.RequireInstance = true
			err = c.follow(n, sub, t)
		case "require-instance":
			t.RequireInstance = sub.arg == "true"
		case "type":
			var m int
			if m, _, err = c.resolve(n, sub); err == nil {
				t.Members = append(t.Members, m)
			}
		}
		if err != nil {
			return err
		}
	}
	if t.Base == schema.InstanceIdentifier {
		c.note("type instance-identifier of %s: taken as text, its target is not looked for", n.path())
	}
	return c.names(s, t)
}

// names reads enum or bit statements. A derived type's replace its base's, of which they are a part (YANG 1.1).
func (c *compiler) names(s *statement, t *schema.Type) error {
	keyword := map[schema.Base]string{schema.Enumeration: "enum", schema.Bits: "bit"}[t.Base]
	if keyword == "" || s.find(keyword) == nil {
		return nil
	}
	t.Names = nil
	for _, e := range s.all(keyword) {
		on, err := c.supported(e)
		if err != nil {
			return err
		}
		if on {
			t.Names = append(t.Names, e.arg)
		}
	}
	slices.Sort(t.Names)
	return nil
}

// ranges reads a range or length (RFC 7950 §9.2.4); min and max are those of the type being restricted.
func ranges(s *statement, t *schema.Type, outer []schema.Range) ([]schema.Range, error) {
	limits := t.Base.Limits()
	if s.keyword == "length" {
		limits = schema.Range{Max: math.MaxInt64}
	}
	if len(outer) > 0 {
		limits = schema.Range{Min: outer[0].Min, Max: outer[len(outer)-1].Max}
	}
	bound := func(text string) (int64, error) {
		switch {
		case text == "min":
			return limits.Min, nil
		case text == "max":
			return limits.Max, nil
		case t.Base == schema.Decimal64:
			return decimal(text, t.Fraction)
		case t.Base == schema.Uint64 || s.keyword == "length":
			u, err := strconv.ParseUint(text, 0, 64)
			return int64(u), err
		}
		return strconv.ParseInt(text, 0, 64)
	}
	var out []schema.Range
	for part := range strings.SplitSeq(s.arg, "|") {
		lo, hi, isRange := strings.Cut(part, "..")
		if !isRange {
			hi = lo
		}
		from, err := bound(strings.TrimSpace(lo))
		if err != nil {
			return nil, s.errorf("%s %q: %w", s.keyword, s.arg, err)
		}
		to, err := bound(strings.TrimSpace(hi))
		if err != nil {
			return nil, s.errorf("%s %q: %w", s.keyword, s.arg, err)
		}
		out = append(out, schema.Range{Min: from, Max: to})
	}
	return out, nil
}

func decimal(text string, digits int) (int64, error) {
	whole, frac, _ := strings.Cut(text, ".")
	if len(frac) > digits {
		return 0, fmt.Errorf("more than %d digits behind the point", digits)
	}
	return strconv.ParseInt(whole+frac+strings.Repeat("0", digits-len(frac)), 10, 64)
}

func (c *compiler) pattern(s *statement, t *schema.Type) error {
	re, exact, err := translate(s.arg)
	if err == nil {
		_, err = regexp.Compile(re)
	}
	if err != nil {
		c.note("pattern %q: %v", s.arg, err)
		return nil
	}
	if !exact {
		c.note("pattern %q: repeat counts over 1000 are read as any number", s.arg)
	}
	t.Patterns = append(t.Patterns, schema.Pattern{Regexp: re, Invert: s.value("modifier") == "invert-match"})
	return nil
}

// intern returns the number of a type, the same for equal ones.
func (c *compiler) intern(t schema.Type) int {
	key := fmt.Sprintf("%#v", t)
	i, ok := c.types[key]
	if !ok {
		i = len(c.image.Types)
		c.image.Types = append(c.image.Types, t)
		c.types[key] = i
	}
	return i
}
