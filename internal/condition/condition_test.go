package condition_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tenter-net/tenter/internal/condition"
)

var vars = []condition.Var{
	{Name: "risk", Type: condition.Text, Doc: "low, medium or high"},
	{Name: "deletes", Type: condition.Int, Doc: "leaves that go"},
	{Name: "share", Type: condition.Double, Doc: "of the fabric"},
	{Name: "labels", Type: condition.Texts, Doc: "of the devices"},
	{Name: "partial", Type: condition.Bool, Doc: "whether devices are left out"},
}

var values = map[string]any{"risk": "high", "deletes": int64(12), "share": 0.25, "labels": []string{"env=prod", "role=leaf"}, "partial": false}

func Example() {
	c, err := condition.Compile(`risk == "high" && "env=prod" in labels`, vars)
	if err != nil {
		panic(err)
	}
	fmt.Println(c.Holds(values))
	_, err = condition.Compile(`risk == "high" && delets > 10`, vars)
	fmt.Println(err)
	// Output:
	// true <nil>
	// column 19: "delets" is not known here; known: risk, deletes, share, labels, partial
}

func TestHolds(t *testing.T) {
	for text, want := range map[string]bool{
		`true`:                                   true,
		`deletes > 10`:                           true,
		`deletes > 12 || share >= 0.25`:          true,
		`labels.exists(l, l.startsWith("env="))`: true,
		`size(labels) == 2 && !partial`:          true,
		`risk in ["low", "medium"]`:              false,
		`risk.matches("^h")`:                     true,
	} {
		c, err := condition.Compile(text, vars)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		for range 3 {
			if got, err := c.Holds(values); got != want || err != nil {
				t.Errorf("%s: %v, %v, want %v", text, got, err, want)
			}
		}
	}
}

func TestMistakes(t *testing.T) {
	tests := []struct {
		text         string
		line, column int
		reason       string
	}{
		{`deletes >`, 1, 10, "mismatched input"},
		{`deletes > "10"`, 1, 9, "no matching overload"},
		{`deletes`, 1, 1, "of type int"},
		{"risk == 'high' &&\n  nothing", 2, 3, `"nothing" is not known here`},
		{`now() > 3`, 1, 4, `"now" is not known here`},
		{strings.Repeat("deletes + ", 300) + "1 > 0", 1, 1, "at most 2000"},
		{strings.Repeat("(", 60) + "true" + strings.Repeat(")", 60), 1, 1, "recursion"},
		{``, 1, 1, "mismatched input"},
	}
	for _, tt := range tests {
		_, err := condition.Compile(tt.text, vars)
		var m *condition.Mistake
		if !errors.As(err, &m) || m.Line != tt.line || !strings.Contains(m.Reason, tt.reason) {
			t.Errorf("%.40q: %v, want %d:%d %s", tt.text, err, tt.line, tt.column, tt.reason)
			continue
		}
		if m.Column != tt.column {
			t.Errorf("%.40q: column %d, want %d", tt.text, m.Column, tt.column)
		}
	}
}

// What has no answer is an error, never false: whoever asks must be able to tell.
func TestNoAnswer(t *testing.T) {
	tests := []struct{ text, want string }{
		{`labels[7] == "x"`, "index"},
		{`1 / (deletes - 12) > 0`, "divi"},
		{`deletes + 9223372036854775807 > 0`, "overflow"},
		{`labels.all(a, labels.all(b, labels.all(c, labels.all(d, labels.all(e, labels.all(f, a + b + c + d + e + f != risk))))))`, "cost"},
	}
	many := map[string]any{"labels": []string{}}
	for k, v := range values {
		many[k] = v
	}
	for i := range 40 {
		many["labels"] = append(many["labels"].([]string), fmt.Sprint(i))
	}
	for _, tt := range tests {
		c, err := condition.Compile(tt.text, vars)
		if err != nil {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		with := values
		if tt.want == "cost" {
			with = many
		}
		if _, err := c.Holds(with); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", tt.text, err, tt.want)
		}
	}
	c, err := condition.Compile("deletes > 3", vars)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Holds(map[string]any{}); err == nil {
		t.Error("a value that is missing is no error")
	}
}

func FuzzCompile(f *testing.F) {
	for _, s := range []string{`risk == "high"`, `labels.exists(l, l == "x")`, `deletes >`, "\x00", `"\u{41}"`, `[1,2][0] == 1`, `share > 1.5 ? true : partial`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := condition.Compile(text, vars)
		var m *condition.Mistake
		if err != nil && (!errors.As(err, &m) || m.Line < 1 || m.Column < 1 || m.Reason == "") {
			t.Fatalf("%q: %v", text, err)
		}
		if err == nil {
			_, _ = c.Holds(values) // either answers or says why not
		}
	})
}
