package internal_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"testing"
)

// clock are the functions of package time that read a clock or wait for one.
var clock = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTicker", "NewTimer"}

// TestPureReadNoClock looks into the packages of words and of logic: what they return follows from what they are given,
// or plans could not be compared and tests would have to wait.
func TestPureReadNoClock(t *testing.T) {
	looked := 0
	for _, p := range listPackages(t) {
		if r, ok := rules[p.name]; !ok || r.tier > logic {
			continue
		}
		for _, name := range p.GoFiles {
			looked++
			for _, at := range clockReads(t, filepath.Join(p.Dir, name), nil) {
				t.Errorf("%s/%s: %s: a pure package reads no clock: take the time as a value", p.name, name, at)
			}
		}
	}
	if looked < 50 {
		t.Errorf("looked into %d files only", looked)
	}
}

func TestClockReads(t *testing.T) {
	const source = `package p

import now "time"

var a = now.Now()

func f(d now.Duration) now.Time { <-now.After(d); return a.Add(d) }
`
	if got := clockReads(t, "p.go", source); !slices.Equal(got, []string{"5:9: time.Now", "7:37: time.After"}) {
		t.Errorf("found %q", got)
	}
}

// clockReads returns where a file uses the clock, by whatever name it imports package time.
func clockReads(t *testing.T, file string, source any) []string {
	t.Helper()
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, file, source, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	name := ""
	for _, imp := range f.Imports {
		if imp.Path.Value == `"time"` {
			name = "time"
			if imp.Name != nil {
				name = imp.Name.Name
			}
		}
	}
	var found []string
	ast.Inspect(f, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if x, ok := sel.X.(*ast.Ident); ok && name != "" && x.Name == name && slices.Contains(clock, sel.Sel.Name) {
			at := set.Position(n.Pos())
			at.Filename = ""
			found = append(found, at.String()+": time."+sel.Sel.Name)
		}
		return true
	})
	return found
}
