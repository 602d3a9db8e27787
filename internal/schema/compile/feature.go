package compile

import (
	"strings"
)

// supported evaluates a statement's if-feature statements (RFC 7950 §7.20.2).
func (c *compiler) supported(s *statement) (bool, error) { return c.all(s.all("if-feature")) }

// conditional reports whether a must is there. YANG has no if-feature below must, so vendors write it as an extension
// of theirs; whoever overlooks it enforces on every chassis what one of them needs.
func (c *compiler) conditional(s *statement) (bool, error) {
	var conditions []*statement
	for _, sub := range s.subs {
		if prefix, name, ok := strings.Cut(sub.keyword, ":"); ok && name == "if-feature" && prefix != "" {
			conditions = append(conditions, sub)
		}
	}
	return c.all(conditions)
}

// all reports whether every one of some if-feature statements holds.
func (c *compiler) all(conditions []*statement) (bool, error) {
	for _, f := range conditions {
		p := featureParser{c: c, at: f, tokens: featureTokens(f.arg)}
		ok, err := p.or()
		if err == nil && len(p.tokens) > 0 {
			err = f.errorf("if-feature %q: unexpected %q", f.arg, p.tokens[0])
		}
		if err != nil || !ok {
			return false, err
		}
	}
	return true, nil
}

func featureTokens(expr string) []string {
	return strings.Fields(strings.NewReplacer("(", " ( ", ")", " ) ").Replace(expr))
}

type featureParser struct {
	c      *compiler
	at     *statement
	tokens []string
}

func (p *featureParser) accept(token string) bool {
	if len(p.tokens) > 0 && p.tokens[0] == token {
		p.tokens = p.tokens[1:]
		return true
	}
	return false
}

func (p *featureParser) or() (bool, error) {
	v, err := p.and()
	for err == nil && p.accept("or") {
		var w bool
		w, err = p.and()
		v = v || w
	}
	return v, err
}

func (p *featureParser) and() (bool, error) {
	v, err := p.not()
	for err == nil && p.accept("and") {
		var w bool
		w, err = p.not()
		v = v && w
	}
	return v, err
}

func (p *featureParser) not() (bool, error) {
	if p.accept("not") {
		v, err := p.not()
		return !v, err
	}
	if p.accept("(") {
		v, err := p.or()
		if err == nil && !p.accept(")") {
			err = p.at.errorf("if-feature %q: no closing bracket", p.at.arg)
		}
		return v, err
	}
	if len(p.tokens) == 0 {
		return false, p.at.errorf("if-feature %q ends early", p.at.arg)
	}
	name := p.tokens[0]
	p.tokens = p.tokens[1:]
	prefix, feature, qualified := strings.Cut(name, ":")
	if !qualified {
		prefix, feature = "", name
	}
	m, err := p.c.src.module(p.at, prefix)
	if err != nil {
		if m = p.c.named(prefix); m == nil || p.at.keyword == "if-feature" {
			return false, err
		}
	}
	def := m.features[feature]
	if def == nil {
		return false, p.at.errorf("no feature %q in %s", feature, m.name)
	}
	if p.c.opts.Features != nil && !p.c.opts.Features(m.name, feature) {
		return false, nil
	}
	return p.c.supported(def)
}

// named returns the module of a name or a prefix of its own. Nothing checks an extension's argument, and published
// models have there what the module does not import.
func (c *compiler) named(prefix string) *module {
	for _, m := range c.modules {
		if m.name == prefix || m.texts[0].prefix == prefix {
			return m
		}
	}
	return nil
}
