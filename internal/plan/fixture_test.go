package plan

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/schemas"
)

var update = flag.Bool("update", false, "rewrite golden files")

var testKey = bytes.Repeat([]byte{7}, 32)

// A fixture is one device as the sections of a txtar file describe it.
type fixture struct {
	file    string
	archive *txtar.Archive
	input   Input
}

func openConfigRoots() *schema.Roots {
	return schema.NewRoots(map[string]*schema.Schema{"openconfig": schemas.OpenConfig()})
}

// load reads a txtar file: sections desired, observed, applied and unproven with a line for each leaf, and options.
func load(t testing.TB, file string) *fixture {
	t.Helper()
	a, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{file: file, archive: a}
	roots := openConfigRoots()
	table := tree.NewTable(roots)
	sources := &tree.Sources{}
	f.input = Input{
		Device: "leaf1", Roots: roots, Sources: sources, Secrets: NewSecrets(testKey, nil),
		Desired:  f.tree(t, table, sources, "desired"),
		Observed: f.tree(t, table, nil, "observed"),
	}
	f.input.Applied = digested(t, table, f.input.Secrets, f.tree(t, table, nil, "applied"))
	for _, line := range f.lines("unproven") {
		f.input.Unproven = append(f.input.Unproven, parsePath(t, line))
	}
	for _, line := range f.lines("options") {
		f.option(t, line)
	}
	return f
}

func digested(t testing.TB, table *tree.Table, s *Secrets, from *tree.Tree) *tree.Tree {
	b := tree.NewBuilder(table)
	for l := range from.All() {
		l.Value = s.Digest(l.Path, l.Value)
		if err := b.Set(l); err != nil {
			t.Fatal(err)
		}
	}
	return b.Build()
}

func (f *fixture) option(t testing.TB, line string) {
	t.Helper()
	word, arg, _ := strings.Cut(line, " ")
	switch word {
	case "own", "merge", "report", "ignore":
		f.input.Scope = addScope(t, f.input.Scope, arg, fabric.ScopeAction(word))
	case "protect":
		p, err := path.ParsePattern(arg)
		if err != nil {
			t.Fatal(err)
		}
		f.input.Protected.patterns = append(f.input.Protected.patterns, p)
	case "unread":
		f.input.Problems = append(f.input.Problems, tree.Problem{Path: arg, Reason: "no canonical form"})
	case "remedy", "pending":
		f.input.Part = Part(word)
	case "only":
		p, err := path.ParsePattern(arg)
		if err != nil {
			t.Fatal(err)
		}
		f.input.Only = p.Covers
	default:
		t.Fatalf("%s: unknown option %q", f.file, line)
	}
}

func addScope(t testing.TB, s Scope, pattern string, a fabric.ScopeAction) Scope {
	t.Helper()
	one, err := NewScope([]fabric.ScopeRule{{Pattern: pattern, Action: a}})
	if err != nil {
		t.Fatal(err)
	}
	s.rules = append(s.rules, one.rules...)
	return s
}

func (f *fixture) section(name string) (string, bool) {
	for _, file := range f.archive.Files {
		if file.Name == name {
			return string(file.Data), true
		}
	}
	return "", false
}

func (f *fixture) lines(name string) []string {
	text, _ := f.section(name)
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// tree reads lines such as "/interfaces/interface[name=Ethernet1]/config/mtu = 9000  (ports.yaml:3)". The value of a
// user-ordered list is its key sequence, "[name=a] [name=b]".
func (f *fixture) tree(t testing.TB, table *tree.Table, sources *tree.Sources, section string) *tree.Tree {
	t.Helper()
	b := tree.NewBuilder(table)
	for _, line := range f.lines(section) {
		where, value, ok := strings.Cut(line, " = ")
		if !ok {
			t.Fatalf("%s: %s: no value in %q", f.file, section, line)
		}
		leaf := tree.Leaf{Path: parsePath(t, where)}
		if rest, at, ok := strings.Cut(value, "  ("); ok && sources != nil {
			value = rest
			file, n, _ := strings.Cut(strings.TrimSuffix(at, ")"), ":")
			number, err := strconv.Atoi(n)
			if err != nil {
				t.Fatal(err)
			}
			leaf.Source = sources.Add(tree.Source{File: file, Line: number, Kind: "Port", Name: "x"})
		}
		leaf.Value = parseValue(t, table.Roots(), leaf.Path, strings.TrimSpace(value))
		if err := b.Set(leaf); err != nil {
			t.Fatalf("%s: %s: %v", f.file, section, err)
		}
	}
	return b.Build()
}

func parsePath(t testing.TB, text string) path.Path {
	t.Helper()
	p, err := path.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func parseValue(t testing.TB, roots *schema.Roots, p path.Path, text string) schema.Value {
	t.Helper()
	if n, ok := roots.Node(p); ok && n.Kind() == schema.List {
		return schema.KeysValue(strings.Fields(text))
	}
	v, err := roots.Canonical(p, schema.Text(text))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// golden compares a section with what came out, or rewrites it.
func (f *fixture) golden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		for i, file := range f.archive.Files {
			if file.Name == name {
				f.archive.Files[i].Data = []byte(got)
				return
			}
		}
		f.archive.Files = append(f.archive.Files, txtar.File{Name: name, Data: []byte(got)})
		return
	}
	want, ok := f.section(name)
	if !ok {
		t.Fatalf("%s has no section %s: run with -update", f.file, name)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: %s:\n%s", filepath.Base(f.file), name, diff)
	}
}

func (f *fixture) save(t *testing.T) {
	t.Helper()
	if !*update {
		return
	}
	if err := os.WriteFile(f.file, txtar.Format(f.archive), 0o644); err != nil {
		t.Fatal(err)
	}
}

// editText shows an edit in the order in which it is sent.
func editText(e tree.Edit) string {
	var b strings.Builder
	for _, d := range e.Deletes {
		b.WriteString("delete " + d.String() + "\n")
	}
	for _, r := range e.Replaces {
		b.WriteString("replace " + r.Path.String() + "\n")
		for _, l := range r.Leaves {
			b.WriteString("  " + l.Path.String() + " = " + l.Value.Text() + "\n")
		}
	}
	for _, l := range e.Updates {
		b.WriteString("update " + l.Path.String() + " = " + l.Value.Text() + "\n")
	}
	return b.String()
}

func changesText(d DevicePlan) string {
	var b strings.Builder
	d.text(&b)
	return b.String()
}
