// Package condition compiles and evaluates the conditions of policies: expressions of the Common Expression Language that
// are true or false. It is the owner of cel-go.
//
// An expression sees the variables that it was compiled with and nothing else: no clock, no files, no network. The same
// expression over the same values gives the same answer. What evaluating may cost is bounded, and so is how long an
// expression may be. A Condition is safe for concurrent use.
package condition

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
)

// The bounds of an expression: mostCharacters of text, and mostCost steps of evaluation.
const (
	mostCharacters = 2000
	mostCost       = 100_000
	mostDepth      = 50
)

// A Type is the type of a variable.
type Type string

// The types.
const (
	Bool   Type = "bool"
	Int    Type = "int"
	Double Type = "double"
	Text   Type = "string"
	Texts  Type = "list of strings"
	Leaves Type = "map of strings"
)

// A Var is one name that an expression may use. Doc is a line for people.
type Var struct {
	Name string
	Type Type
	Doc  string
}

// A Condition is a compiled expression.
type Condition struct {
	text    string
	program cel.Program
}

// A Mistake is what is wrong with an expression, and where: line and column count from 1, columns in characters.
type Mistake struct {
	Line, Column int
	Reason       string
}

// Error returns the reason with its place.
func (m *Mistake) Error() string {
	if m.Line > 1 {
		return fmt.Sprintf("line %d, column %d: %s", m.Line, m.Column, m.Reason)
	}
	return fmt.Sprintf("column %d: %s", m.Column, m.Reason)
}

// Compile checks an expression over the variables: its syntax, its types, and that it is true or false. The error is a
// *Mistake.
func Compile(text string, vars []Var) (*Condition, error) {
	env, err := environment(vars)
	if err != nil {
		return nil, &Mistake{1, 1, err.Error()}
	}
	if n := len([]rune(text)); n > mostCharacters {
		return nil, &Mistake{1, 1, fmt.Sprintf("%d characters; a condition has at most %d", n, mostCharacters)}
	}
	ast, issues := env.Compile(text)
	if err := issues.Err(); err != nil {
		return nil, mistake(issues, vars)
	}
	if ast.OutputType() != cel.BoolType {
		return nil, &Mistake{1, 1, fmt.Sprintf("it is of type %s, and a condition is true or false", cel.FormatCELType(ast.OutputType()))}
	}
	program, err := env.Program(ast, cel.CostLimit(mostCost), cel.EvalOptions(cel.OptTrackCost))
	if err != nil {
		return nil, &Mistake{1, 1, err.Error()}
	}
	return &Condition{text, program}, nil
}

func environment(vars []Var) (*cel.Env, error) {
	opts := []cel.EnvOption{cel.ParserRecursionLimit(mostDepth), cel.ParserExpressionSizeLimit(mostCharacters)}
	for _, v := range vars {
		t, ok := map[Type]*cel.Type{
			Bool: cel.BoolType, Int: cel.IntType, Double: cel.DoubleType, Text: cel.StringType, Texts: cel.ListType(cel.StringType),
			Leaves: cel.MapType(cel.StringType, cel.StringType),
		}[v.Type]
		if !ok {
			return nil, fmt.Errorf("variable %q has no type", v.Name)
		}
		opts = append(opts, cel.Variable(v.Name, t))
	}
	return cel.NewEnv(opts...)
}

// mistake is the first of the issues in the text's order.
func mistake(issues *cel.Issues, vars []Var) *Mistake {
	var all []*Mistake
	for _, e := range issues.Errors() {
		m := &Mistake{max(1, e.Location.Line()), max(1, e.Location.Column()+1), strings.TrimSpace(e.Message)}
		m.Reason = strings.TrimPrefix(m.Reason, "Syntax error: ")
		if name, found := strings.CutPrefix(m.Reason, "undeclared reference to '"); found {
			name, _, _ = strings.Cut(name, "'")
			m.Reason = fmt.Sprintf("%q is not known here; known: %s", name, names(vars))
		}
		all = append(all, m)
	}
	slices.SortStableFunc(all, func(a, b *Mistake) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	if len(all) == 0 {
		return &Mistake{1, 1, issues.Err().Error()}
	}
	return all[0]
}

func names(vars []Var) string {
	var out []string
	for _, v := range vars {
		out = append(out, v.Name)
	}
	return strings.Join(out, ", ")
}

// String returns the expression as it was written.
func (c *Condition) String() string { return c.text }

// Holds evaluates the condition over the values, by the variables' names. Numbers are int64 and float64, lists []string, maps
// map[string]string.
// An error means that there is no answer: a value is missing, a number overflows, an index is out of range, or it costs
// too much.
func (c *Condition) Holds(values map[string]any) (bool, error) {
	out, _, err := c.program.Eval(values)
	if err != nil {
		return false, fmt.Errorf("condition %q: %w", c.text, err)
	}
	holds, ok := out.Value().(bool)
	if !ok {
		return false, fmt.Errorf("condition %q: %w", c.text, errNoBool)
	}
	return holds, nil
}

var errNoBool = errors.New("it is neither true nor false")
