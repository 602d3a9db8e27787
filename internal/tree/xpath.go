package tree

import (
	"fmt"
	"strconv"
	"strings"
)

// An expr is a parsed XPath 1.0 expression: the part of the language that published models use in must, when and
// leafref statements. What it cannot express is an error of parseXPath, and the condition is reported as unchecked.
type expr struct {
	op    string // one of levels, "path", "literal", "numeral", or a function's name
	args  []*expr
	text  string // literal
	num   float64
	from  byte // path: '/' from the root, 'c' from current(), '.' from the context node
	steps []step
}

// A step is ".." or a child's name, with predicates.
type step struct {
	name  string
	preds []*expr
}

var functions = map[string]int{
	"not": 1, "count": 1, "boolean": 1, "string": 1, "number": 1, "string-length": 1,
	"true": 0, "false": 0, "contains": 2, "starts-with": 2, "derived-from": 2, "derived-from-or-self": 2,
	"substring-before": 2, "substring-after": 2, "re-match": 2, "translate": 3, "concat": anyNumber,
}

// anyNumber is of arguments, two or more.
const anyNumber = -1

func parseXPath(text string) (*expr, error) {
	p := &xpathParser{}
	if err := p.lex(text); err != nil {
		return nil, fmt.Errorf("xpath %q: %w", text, err)
	}
	e, err := p.binary(0)
	if err == nil && p.peek() != "" {
		err = fmt.Errorf("unexpected %q", p.peek())
	}
	if err != nil {
		return nil, fmt.Errorf("xpath %q: %w", text, err)
	}
	return e, nil
}

type xpathParser struct {
	tokens []string // a literal keeps its opening quote
	depth  int
}

func (p *xpathParser) lex(text string) error {
	for i := 0; i < len(text); {
		c := text[i]
		end := i + 1
		switch {
		case c == ' ':
			i++
			continue
		case c == '\'' || c == '"':
			n := strings.IndexByte(text[end:], c)
			if n < 0 {
				return fmt.Errorf("no end of the literal")
			}
			p.tokens = append(p.tokens, text[i:end+n])
			i = end + n + 1
			continue
		case nameByte(c):
			for end < len(text) && (nameByte(text[end]) || text[end] == '-' || text[end] == '.' || text[end] == ':' && !strings.HasPrefix(text[end:], "::")) {
				end++
			}
		case strings.HasPrefix(text[i:], "..") || strings.HasPrefix(text[i:], "!=") || strings.HasPrefix(text[i:], "<=") || strings.HasPrefix(text[i:], ">="):
			end = i + 2
		case strings.IndexByte("()[]/.=<>,+-*", c) < 0:
			return fmt.Errorf("%q is not supported", c)
		}
		p.tokens = append(p.tokens, text[i:end])
		i = end
	}
	return nil
}

func nameByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func (p *xpathParser) peek() string {
	if len(p.tokens) == 0 {
		return ""
	}
	return p.tokens[0]
}

func (p *xpathParser) accept(token string) bool {
	if p.peek() != token {
		return false
	}
	p.tokens = p.tokens[1:]
	return true
}

func (p *xpathParser) expect(token string) error {
	if !p.accept(token) {
		return fmt.Errorf("expected %q, have %q", token, p.peek())
	}
	return nil
}

// levels are the binary operators, loosest first (XPath 1.0 §3.5).
var levels = [][]string{{"or"}, {"and"}, {"=", "!="}, {"<", "<=", ">", ">="}, {"+", "-"}, {"*", "div", "mod"}}

func (p *xpathParser) binary(level int) (*expr, error) {
	if p.depth++; p.depth > 500 {
		return nil, fmt.Errorf("nested too deeply")
	}
	defer func() { p.depth-- }()
	if level == len(levels) {
		return p.primary()
	}
	left, err := p.binary(level + 1)
	for err == nil {
		op := p.peek()
		known := false
		for _, o := range levels[level] {
			known = known || o == op
		}
		if !known {
			return left, nil
		}
		p.tokens = p.tokens[1:]
		var right *expr
		right, err = p.binary(level + 1)
		left = &expr{op: op, args: []*expr{left, right}}
	}
	return nil, err
}

func (p *xpathParser) primary() (*expr, error) {
	t := p.peek()
	switch {
	case t == "":
		return nil, fmt.Errorf("it ends early")
	case t[0] == '\'' || t[0] == '"':
		p.tokens = p.tokens[1:]
		return &expr{op: "literal", text: t[1:]}, nil
	case t == "(":
		p.tokens = p.tokens[1:]
		e, err := p.binary(0)
		if err == nil {
			err = p.expect(")")
		}
		return e, err
	case t[0] >= '0' && t[0] <= '9':
		p.tokens = p.tokens[1:]
		n, err := strconv.ParseFloat(t, 64)
		return &expr{op: "numeral", num: n}, err
	case len(p.tokens) > 1 && p.tokens[1] == "(" && t != "current":
		return p.call(t)
	}
	return p.path()
}

func (p *xpathParser) call(name string) (*expr, error) {
	want, ok := functions[name]
	if !ok {
		return nil, fmt.Errorf("function %s is not supported", name)
	}
	p.tokens = p.tokens[2:]
	e := &expr{op: name}
	for !p.accept(")") {
		if len(e.args) > 0 {
			if err := p.expect(","); err != nil {
				return nil, err
			}
		}
		a, err := p.binary(0)
		if err != nil {
			return nil, err
		}
		e.args = append(e.args, a)
	}
	if len(e.args) != want && (want != anyNumber || len(e.args) < 2) {
		return nil, fmt.Errorf("%s takes another number of arguments than %d", name, len(e.args))
	}
	return e, nil
}

// path parses a location path of child, parent and self steps.
func (p *xpathParser) path() (*expr, error) {
	e := &expr{op: "path", from: '.'}
	switch {
	case p.accept("/"):
		e.from = '/'
		if p.peek() == "" {
			return e, nil
		}
	case p.accept("current"):
		e.from = 'c'
		for _, t := range []string{"(", ")"} {
			if err := p.expect(t); err != nil {
				return nil, err
			}
		}
		if !p.accept("/") {
			return e, nil
		}
	}
	for {
		t := p.peek()
		switch {
		case t == ".":
			p.tokens = p.tokens[1:]
		case t == "..":
			p.tokens = p.tokens[1:]
			e.steps = append(e.steps, step{name: ".."})
		case t != "" && nameByte(t[0]):
			p.tokens = p.tokens[1:]
			s := step{name: t[strings.LastIndexByte(t, ':')+1:]}
			for p.accept("[") {
				pred, err := p.binary(0)
				if err == nil {
					err = p.expect("]")
				}
				if err != nil {
					return nil, err
				}
				s.preds = append(s.preds, pred)
			}
			e.steps = append(e.steps, s)
		default:
			return nil, fmt.Errorf("%q is not supported in a path", t)
		}
		if !p.accept("/") {
			return e, nil
		}
	}
}
