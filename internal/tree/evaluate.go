package tree

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/tenter-net/tenter/internal/schema"
)

// An evaluator answers XPath expressions on a tree. A leaf that is absent has its schema default (RFC 7950 §6.4.1).
type evaluator struct {
	t      *Table
	data   *Tree
	index  *Index
	parsed map[string]*expr // nil for what does not parse
	errs   map[string]error
	res    map[string]*regexp.Regexp // of re-match

	absentDiffers bool // a node that is absent is != to everything; see differs
}

func newEvaluator(data *Tree) *evaluator {
	return &evaluator{t: data.table, data: data, index: data.Index(), parsed: map[string]*expr{}, errs: map[string]error{}, res: map[string]*regexp.Regexp{}}
}

func (ev *evaluator) parse(text string) (*expr, error) {
	if e, ok := ev.parsed[text]; ok {
		return e, ev.errs[text]
	}
	e, err := parseXPath(text)
	ev.parsed[text], ev.errs[text] = e, err
	return e, err
}

// holds reports whether a condition is true at a node. The error says that it cannot be told.
func (ev *evaluator) holds(x schema.XPath, at place) (bool, error) {
	e, err := ev.parse(x.Text)
	if err != nil {
		return false, err
	}
	for range x.Up {
		at, _ = ev.parent(at)
	}
	v, err := ev.eval(e, at, at)
	if err != nil {
		return false, err
	}
	return truth(v), nil
}

// differs reports whether a condition that is false would hold if an absent node were different from every value. To
// XPath 1.0 §3.4 it is neither equal nor different; but published models are written for devices that take it for
// different, where "type != 'bridged'" is to hold for what has no type.
func (ev *evaluator) differs(x schema.XPath, at place) bool {
	ev.absentDiffers = true
	defer func() { ev.absentDiffers = false }()
	ok, err := ev.holds(x, at)
	return ok && err == nil
}

// A nodeSet is what a path gives: places of leaves, entries and containers that are there.
type nodeSet []place

// eval returns a nodeSet, string, float64 or bool.
func (ev *evaluator) eval(e *expr, at, current place) (any, error) {
	switch e.op {
	case "literal":
		return e.text, nil
	case "numeral":
		return e.num, nil
	case "path":
		return ev.walk(e, at, current)
	}
	args := make([]any, len(e.args))
	var unknown error
	for i, a := range e.args {
		v, err := ev.eval(a, at, current)
		switch {
		case err != nil && (e.op == "or" || e.op == "and"):
			unknown = err // unless the rest decides
			continue
		case err != nil:
			return nil, err
		case e.op == "or" && truth(v) || e.op == "and" && !truth(v):
			return e.op == "or", nil
		}
		args[i] = v
	}
	if unknown != nil {
		return nil, unknown
	}
	switch e.op {
	case "or":
		return false, nil
	case "and":
		return true, nil
	case "=", "!=", "<", "<=", ">", ">=":
		return ev.compare(e.op, args[0], args[1]), nil
	case "+", "-", "*", "div", "mod":
		return arithmetic(e.op, ev.number(args[0]), ev.number(args[1])), nil
	}
	return ev.function(e.op, args)
}

// arithmetic is that of XPath 1.0 §3.5, where what is no number makes the whole no number.
func arithmetic(op string, a, b float64) float64 {
	switch op {
	case "+":
		return a + b
	case "-":
		return a - b
	case "*":
		return a * b
	case "div":
		return a / b
	}
	return math.Mod(a, b)
}

func (ev *evaluator) number(v any) float64 {
	if set, ok := v.(nodeSet); ok {
		return number(ev.text(set))
	}
	return number(v)
}

// translate replaces characters by those at the same place of another list, or by none (XPath 1.0 §4.2).
func translate(text, from, to string) string {
	by := map[rune]rune{}
	list := []rune(to)
	for i, r := range []rune(from) {
		if _, known := by[r]; known {
			continue
		}
		if by[r] = -1; i < len(list) {
			by[r] = list[i]
		}
	}
	return strings.Map(func(r rune) rune {
		if other, ok := by[r]; ok {
			return other
		}
		return r
	}, text)
}

func (ev *evaluator) function(name string, args []any) (any, error) {
	switch name {
	case "true", "false":
		return name == "true", nil
	case "not":
		return !truth(args[0]), nil
	case "boolean":
		return truth(args[0]), nil
	case "string":
		return ev.text(args[0]), nil
	case "number":
		return ev.number(args[0]), nil
	case "string-length":
		return float64(len([]rune(ev.text(args[0])))), nil
	case "contains":
		return strings.Contains(ev.text(args[0]), ev.text(args[1])), nil
	case "starts-with":
		return strings.HasPrefix(ev.text(args[0]), ev.text(args[1])), nil
	case "substring-before":
		before, _, found := strings.Cut(ev.text(args[0]), ev.text(args[1]))
		if !found {
			return "", nil
		}
		return before, nil
	case "substring-after":
		_, after, _ := strings.Cut(ev.text(args[0]), ev.text(args[1]))
		return after, nil
	case "translate":
		return translate(ev.text(args[0]), ev.text(args[1]), ev.text(args[2])), nil
	case "concat":
		var out strings.Builder
		for _, a := range args {
			out.WriteString(ev.text(a))
		}
		return out.String(), nil
	case "re-match":
		return ev.match(ev.text(args[0]), ev.text(args[1]))
	case "count":
		if set, ok := args[0].(nodeSet); ok {
			return float64(len(set)), nil
		}
	case "derived-from", "derived-from-or-self":
		if set, ok := args[0].(nodeSet); ok {
			want := ev.text(args[1])
			return slices.ContainsFunc(set, func(p place) bool {
				have := ev.value(p)
				return ev.t.node(p).DerivedFrom(have, want) && (name == "derived-from-or-self" || have.Text() != want)
			}), nil
		}
	}
	return nil, fmt.Errorf("%s of that is not supported", name)
}

// match reports whether a pattern takes all of a text (RFC 7950 §10.2.1). The compiler of schemas has put the pattern into
// Go's syntax.
func (ev *evaluator) match(text, pattern string) (bool, error) {
	re, ok := ev.res[pattern]
	if !ok {
		var err error
		if re, err = regexp.Compile("^(?:" + pattern + ")$"); err != nil {
			return false, err
		}
		ev.res[pattern] = re
	}
	return re.MatchString(text), nil
}

// compare compares as XPath 1.0 §3.4 has it: a set by any of its nodes.
func (ev *evaluator) compare(op string, a, b any) bool {
	if set, ok := a.(nodeSet); ok {
		if flag, ok := b.(bool); ok && len(set) == 0 {
			return (op == "=") != flag // boolean() of an empty set is false
		}
		if len(set) == 0 && op == "!=" {
			return ev.absentDiffers
		}
		return slices.ContainsFunc(set, func(p place) bool { return ev.compare(op, ev.scalar(p), b) })
	}
	if set, ok := b.(nodeSet); ok {
		return slices.ContainsFunc(set, func(p place) bool { return ev.compare(op, a, ev.scalar(p)) })
	}
	if op == "=" || op == "!=" {
		return same(a, b) == (op == "=")
	}
	x, y := number(a), number(b)
	switch op {
	case "<":
		return x < y
	case "<=":
		return x <= y
	case ">":
		return x > y
	}
	return x >= y
}

// A scalar is a leaf's value in a comparison: its text, but an identity equals its name with and without a module.
type scalar struct {
	text     string
	identity bool
}

func (ev *evaluator) scalar(p place) scalar {
	v := ev.value(p)
	return scalar{text: xpathText(v), identity: v.Kind() == schema.KindIdentity}
}

func same(a, b any) bool {
	if _, flag := a.(bool); flag {
		a, b = b, a
	}
	if flag, ok := b.(bool); ok {
		if s, isText := a.(scalar); isText {
			return s.text == strconv.FormatBool(flag) // leaf = true(), as models mean it
		}
		return truth(a) == flag
	}
	_, x := a.(float64)
	_, y := b.(float64)
	if x || y {
		return number(a) == number(b)
	}
	l, r := a, b
	if _, ok := l.(scalar); !ok {
		l, r = r, l
	}
	left, ok := l.(scalar)
	if !ok {
		return l == r
	}
	if right, ok := r.(scalar); ok {
		return left.text == right.text
	}
	text := r.(string)
	if left.identity && !strings.Contains(text, ":") {
		return left.text[strings.IndexByte(left.text, ':')+1:] == text
	}
	return left.text == text
}

func truth(v any) bool {
	switch v := v.(type) {
	case bool:
		return v
	case float64:
		return v != 0
	case string:
		return v != ""
	case scalar:
		return v.text != ""
	}
	return len(v.(nodeSet)) > 0
}

func number(v any) float64 {
	switch v := v.(type) {
	case float64:
		return v
	case bool:
		if v {
			return 1
		}
		return 0
	case scalar:
		return number(v.text)
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(v.(string)), 64)
	if err != nil {
		return nan
	}
	return n
}

// text returns XPath's string() of a value.
func (ev *evaluator) text(v any) string {
	switch v := v.(type) {
	case nodeSet:
		if len(v) == 0 {
			return ""
		}
		return xpathText(ev.value(v[0]))
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return v.(string)
}

func xpathText(v schema.Value) string {
	if v.Kind() == schema.KindEmpty {
		return ""
	}
	return v.Text()
}
