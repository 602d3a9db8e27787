package compile_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/schema/compile"
)

var update = flag.Bool("update", false, "write golden files")

func ExampleDir() {
	report, data, err := compile.Dir(os.DirFS("testdata"), compile.Options{Name: "example", Version: "v1"})
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := schema.Load(data)
	if err != nil {
		fmt.Println(err)
		return
	}
	top, _ := s.Root().Child("top")
	watts, _ := top.Child("watts")
	fmt.Println(report.Modules)
	fmt.Println(watts.Path(), watts.Type())
	// Output:
	// [base@2024-01-01 extra@2024-02-02]
	// /top/watts decimal64, -1.5..10.0 | 99.99
}

func compileTestdata(t *testing.T, opts compile.Options) *schema.Schema {
	t.Helper()
	_, data, err := compile.Dir(os.DirFS("testdata"), opts)
	if err != nil {
		t.Fatal(err)
	}
	s, err := schema.Load(data)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// dump writes a schema one node a line.
func dump(s *schema.Schema) string {
	var b strings.Builder
	for i := 1; i < s.Len(); i++ {
		n := s.Node(schema.NodeID(i))
		fmt.Fprintf(&b, "%s: %s:%s", n.Path(), n.Module(), n.Type())
		for _, f := range []struct {
			on   bool
			text string
		}{{n.Mandatory(), "mandatory"}, {n.Presence(), "presence"}, {n.OrderedByUser(), "user"}, {n.IsKey(), "key"}, {n.IsKeyAlias(), "alias"}} {
			if f.on {
				b.WriteString(" " + f.text)
			}
		}
		if d := n.Default(); d != "" {
			fmt.Fprintf(&b, " = %s", d.Text())
		}
		if least, most := n.Elements(); least+most > 0 {
			fmt.Fprintf(&b, " %d..%d", least, most)
		}
		for _, x := range n.When() {
			fmt.Fprintf(&b, " when(%d) %s", x.Up, x.Text)
		}
		for _, x := range n.Must() {
			fmt.Fprintf(&b, " must %s", x.Text)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func TestDir(t *testing.T) {
	got := dump(compileTestdata(t, compile.Options{Features: func(_, f string) bool { return f == "big" }}))
	if *update {
		if err := os.WriteFile("testdata/tree.golden", []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/tree.golden")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Error(diff)
	}
}

func TestNamespaces(t *testing.T) {
	s := compileTestdata(t, compile.Options{})
	top, _ := s.Root().Child("top")
	if got := top.Namespace(); got != "urn:base" {
		t.Errorf("/top is in namespace %q", got)
	}
	for module, want := range map[string]string{"base": "urn:base", "extra": "urn:extra"} {
		if got, ok := s.Namespace(module); !ok || got != want {
			t.Errorf("module %s has namespace %q, want %q", module, got, want)
		}
		if got, ok := s.ModuleOf(want); !ok || got != module {
			t.Errorf("namespace %s is of module %q, want %q", want, got, module)
		}
	}
	if got, ok := s.ModuleOf("urn:none"); ok {
		t.Errorf("an unknown namespace is of module %q", got)
	}
}

func TestDirIsDeterministic(t *testing.T) {
	_, first, err := compile.Dir(os.DirFS("testdata"), compile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		_, again, err := compile.Dir(os.DirFS("testdata"), compile.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first, again) {
			t.Fatal("the same modules gave other bytes")
		}
	}
}

func TestDirFailsClosed(t *testing.T) {
	tests := []struct{ name, body, want string }{
		{"missing import", `import nowhere { prefix n; }`, `a.yang:1:59: import: module "nowhere" is not there`},
		{"missing include", `include nowhere;`, `include: module "nowhere" is not there`},
		{"unresolved augment", `augment "/a:none" { leaf x { type string; } }`, `augment "/a:none": no such node`},
		{"unresolved deviation", `deviation "/a:none" { deviate not-supported; }`, `deviation "/a:none": no such node`},
		{"unresolved refine", `grouping g { leaf x { type string; } } uses g { refine y { default 1; } }`, `refine "y": no such node`},
		{"unknown grouping", `uses g;`, `no grouping "g"`},
		{"unknown typedef", `leaf x { type t; }`, `no typedef "t"`},
		{"unknown prefix", `leaf x { type q:t; }`, `unknown prefix "q"`},
		{"unknown base", `identity i { base j; }`, `no identity "j"`},
		{"unknown feature", `leaf x { if-feature f; type string; }`, `no feature "f"`},
		{"unknown prefix in a vendor's if-feature", `leaf x { type string; must ". != 'a'" { a:if-feature "q:f"; } }`, `unknown prefix "q"`},
		{"prefix that is not imported", `leaf x { if-feature "other:f"; type string; }`, `unknown prefix "other"`},
		{"identity loop", `identity i { base j; } identity j { base i; }`, `derived from itself`},
		{"grouping loop", `grouping g { container c { uses g; } } uses g;`, `grouping "g" uses itself`},
		{"typedef loop", `typedef t { type t; } leaf x { type t; }`, `type "t" is defined by itself`},
		{"leafref loop", `leaf x { type leafref { path "../y"; } } leaf y { type leafref { path "../x"; } }`, `refers to itself`},
		{"leafref to nothing", `leaf x { type leafref { path "../y"; } }`, `has no "y"`},
		{"list without key", `list l { leaf x { type string; } }`, `has no key`},
		{"key that is not there", `list l { key k; leaf x { type string; } }`, `key "k" is no configuration leaf`},
		{"bad default", `leaf x { type uint8; default 300; }`, `default: "300" is no uint8: out of range`},
		{"bad range", `leaf x { type uint8 { range "a..b"; } }`, `range "a..b"`},
		{"same name twice", `leaf x { type string; } leaf x { type string; }`, `there is another one`},
		{"deviate delete of nothing", `leaf x { type string; } deviation "/a:x" { deviate delete { default 1; } }`, `no default "1"`},
		{"import without namespace", `import bare { prefix b; }`, `bare.yang:1:1: module "bare" has no namespace`},
		{"syntax", `leaf x {`, `a.yang`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := `module a { yang-version 1.1; namespace "urn:a"; prefix a; ` + tt.body + ` }`
			_, _, err := compile.Dir(fstest.MapFS{
				"a.yang":    {Data: []byte(text)},
				"bare.yang": {Data: []byte(`module bare { prefix b; }`)},
			}, compile.Options{Modules: []string{"a"}})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %s", err, tt.want)
			}
		})
	}
}

func TestDirNewestRevision(t *testing.T) {
	module := func(revision, leaf string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte(`module a { namespace "urn:a"; prefix a; revision ` + revision + `; leaf ` + leaf + ` { type string; } }`)}
	}
	_, data, err := compile.Dir(fstest.MapFS{"old/a.yang": module("2020-01-01", "old"), "a@2021-01-01.yang": module("2021-01-01", "new")}, compile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := schema.Load(data)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := s.Root().Child("new"); !ok || s.Len() != 2 {
		t.Errorf("compiled %s", dump(s))
	}
}
