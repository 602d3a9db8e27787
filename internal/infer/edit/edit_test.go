package edit

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"
)

func parse(t testing.TB, text string) *Text {
	t.Helper()
	p, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// at walks to a node by keys and numbers.
func at(n *yaml.Node, steps ...any) *yaml.Node {
	for _, s := range steps {
		switch s := s.(type) {
		case string:
			n = Get(n, s)
		case int:
			n = n.Content[s]
		}
	}
	return n
}

const sample = `# Ports of the servers.
kind: Port   # one of many
metadata: {name: a, labels: {pod: "x"}}  # flow
spec:
  description: 'it''s a server'
  # the uplinks
  members:
  - "leaf1:1"   # left
  - leaf2:1

  access: {vlan: web}
  mtu: 9000 # jumbo
`

func TestEdits(t *testing.T) {
	tests := []struct {
		name     string
		edit     func(x *Text) ([]byte, error)
		old, new string // the one part that is different
	}{
		{"plain", func(x *Text) ([]byte, error) { return x.Replace(at(x.docs[0], "spec", "mtu"), "9100") }, "9000 # jumbo", "9100 # jumbo"},
		{"quoted", func(x *Text) ([]byte, error) { return x.Replace(at(x.docs[0], "spec", "description"), `a "b"`) }, `'it''s a server'`, `"a \"b\""`},
		{"plain that needs quotes", func(x *Text) ([]byte, error) {
			return x.Replace(at(x.docs[0], "spec", "members", 1), "a, b: c")
		}, "- leaf2:1", `- "a, b: c"`},
		{"a text that looks like a number", func(x *Text) ([]byte, error) {
			return x.Replace(at(x.docs[0], "spec", "access", "vlan"), "0x10")
		}, "{vlan: web}", `{vlan: "0x10"}`},
		{"a text that looks like nothing", func(x *Text) ([]byte, error) {
			return x.Replace(at(x.docs[0], "spec", "access", "vlan"), "null")
		}, "{vlan: web}", `{vlan: "null"}`},
		{"a number", func(x *Text) ([]byte, error) { return x.Replace(at(x.docs[0], "spec", "mtu"), "9100") }, "9000 #", "9100 #"},
		{"in flow", func(x *Text) ([]byte, error) { return x.Replace(at(x.docs[0], "metadata", "name"), "b") }, "{name: a,", "{name: b,"},
		{"insert into a block", func(x *Text) ([]byte, error) { return x.Insert(at(x.docs[0], "spec"), "shutdown", "true") }, "# jumbo\n", "# jumbo\n  shutdown: true\n"},
		{"insert into flow", func(x *Text) ([]byte, error) { return x.Insert(at(x.docs[0], "spec", "access"), "k", "v") }, "{vlan: web}", "{vlan: web, k: v}"},
		{"insert at the top", func(x *Text) ([]byte, error) { return x.Insert(x.docs[0], "extra", "{}") }, "# jumbo\n", "# jumbo\nextra: {}\n"},
		{"append to a list", func(x *Text) ([]byte, error) { return x.Append(at(x.docs[0], "spec", "members"), `"leaf3:1"`) }, "- leaf2:1\n", "- leaf2:1\n  - \"leaf3:1\"\n"},
		{"remove an item", func(x *Text) ([]byte, error) { return x.Remove(at(x.docs[0], "spec", "members"), 0) }, "  - \"leaf1:1\"   # left\n", ""},
		{"remove a key", func(x *Text) ([]byte, error) { return x.Remove(at(x.docs[0], "spec"), 0) }, "  description: 'it''s a server'\n", ""},
		{"remove the last key", func(x *Text) ([]byte, error) { return x.Remove(at(x.docs[0], "spec"), 3) }, "  mtu: 9000 # jumbo\n", ""},
		{"remove a block under a key", func(x *Text) ([]byte, error) { return x.Remove(at(x.docs[0], "spec"), 1) }, "  members:\n  - \"leaf1:1\"   # left\n  - leaf2:1\n", ""},
		{"remove from flow", func(x *Text) ([]byte, error) { return x.Remove(at(x.docs[0], "metadata"), 0) }, "{name: a, labels", "{labels"},
		{"remove the last of flow", func(x *Text) ([]byte, error) { return x.Remove(at(x.docs[0], "metadata"), 1) }, `{name: a, labels: {pod: "x"}}`, "{name: a}"},
	}
	for _, ending := range []string{"\n", "\r\n"} {
		text := strings.ReplaceAll(sample, "\n", ending)
		for _, tt := range tests {
			got, err := tt.edit(parse(t, text))
			want := strings.ReplaceAll(strings.Replace(sample, tt.old, tt.new, 1), "\n", ending)
			if err != nil || string(got) != want {
				t.Errorf("%s, %q: %v\n%s", tt.name, ending, err, cmp.Diff(want, string(got)))
			}
		}
	}
}

// TestTextsOfSeveralLines edits literal and folded texts, and what stands around them.
func TestTextsOfSeveralLines(t *testing.T) {
	const sample = "spec:\n  a: | # why\n    # no comment\n\n    é: text\n\n  # about b\n  b:\n    - >-\n      folded\n        more\n    - 2\n  c:\n    d: |\n      last"
	tests := []struct {
		name     string
		edit     func(x *Text) ([]byte, error)
		old, new string
	}{
		{"literal", func(x *Text) ([]byte, error) { return x.Replace(at(x.docs[0], "spec", "a"), "one\n") }, "| # why\n    # no comment\n\n    é: text", `"one\n"`},
		{"folded", func(x *Text) ([]byte, error) { return x.Replace(at(x.docs[0], "spec", "b", 0), "one") }, ">-\n      folded\n        more", "one"},
		{"at the end", func(x *Text) ([]byte, error) { return x.Replace(at(x.docs[0], "spec", "c", "d"), "one") }, "|\n      last", "one"},
		{"insert behind", func(x *Text) ([]byte, error) { return x.Insert(at(x.docs[0], "spec", "c"), "e", "1") }, "      last", "      last\n    e: 1"},
		{"remove", func(x *Text) ([]byte, error) { return x.Remove(at(x.docs[0], "spec", "b"), 0) }, "    - >-\n      folded\n        more\n", ""},
	}
	for _, ending := range []string{"\n", "\r\n"} {
		for _, tt := range tests {
			got, err := tt.edit(parse(t, strings.ReplaceAll(sample, "\n", ending)))
			want := strings.ReplaceAll(strings.Replace(sample, tt.old, tt.new, 1), "\n", ending)
			if err != nil || string(got) != want {
				t.Errorf("%s, %q: %v\n%s", tt.name, ending, err, cmp.Diff(want, string(got)))
			}
		}
	}
}

func TestShapesThatAreNotEdited(t *testing.T) {
	tests := []struct {
		name, text string
		edit       func(x *Text) ([]byte, error)
	}{
		{"the only entry", "a: {b: 1}", func(x *Text) ([]byte, error) { return x.Remove(at(x.docs[0], "a"), 0) }},
		{"the first key of an item", "- a: 1\n  b: 2\n", func(x *Text) ([]byte, error) { return x.Remove(at(x.docs[0], 0), 0) }},
		{"a literal that says its indentation", "a: |1\n  text\n", func(x *Text) ([]byte, error) { return x.Replace(at(x.docs[0], "a"), "x") }},
		{"a literal whose end counts", "a: |+\n  text\n\n", func(x *Text) ([]byte, error) { return x.Replace(at(x.docs[0], "a"), "x") }},
		{"a blank literal", "a: |\n\nb: 1\n", func(x *Text) ([]byte, error) { return x.Replace(at(x.docs[0], "a"), "x") }},
		{"a plain text of two lines", "a: one\n  two\n", func(x *Text) ([]byte, error) { return x.Replace(at(x.docs[0], "a"), "x") }},
		{"nothing", "a:\n", func(x *Text) ([]byte, error) { return x.Replace(at(x.docs[0], "a"), "x") }},
		{"an anchor", "a: &x 1\n", func(x *Text) ([]byte, error) { return x.Replace(at(x.docs[0], "a"), "x") }},
		{"an alias", "a: &x 1\nb: *x\n", func(x *Text) ([]byte, error) { return x.Insert(x.docs[0], "c", "1") }},
	}
	for _, tt := range tests {
		got, err := tt.edit(parse(t, tt.text))
		var why *ShapeError
		if !errors.As(err, &why) {
			t.Errorf("%s: %q, %v", tt.name, got, err)
		}
	}
}

// walk calls do for every node, with its parent and its number there.
func walk(n *yaml.Node, do func(parent *yaml.Node, i int)) {
	for i, c := range n.Content {
		do(n, i)
		walk(c, do)
	}
}

// plainOf is a node without places and comments.
func plainOf(n *yaml.Node) any {
	switch n.Kind {
	case yaml.ScalarNode:
		return n.Value
	case yaml.AliasNode:
		return "*" + n.Value
	}
	list := []any{n.Kind}
	for _, c := range n.Content {
		list = append(list, plainOf(c))
	}
	return list
}

// check replaces every scalar of a text, by one of the values in turn. Whatever can be edited changes just that: the lines before
// and after are the same bytes, and so is what all other nodes say.
func check(t *testing.T, text []byte, values ...string) {
	x, err := Parse(text)
	if err != nil {
		return
	}
	turn := 0
	for d := range x.docs {
		walk(x.docs[d], func(parent *yaml.Node, i int) {
			n := parent.Content[i]
			if n.Kind != yaml.ScalarNode || parent.Kind == yaml.MappingNode && i%2 == 0 {
				return
			}
			turn++
			value := values[turn%len(values)]
			got, err := x.Replace(n, value)
			if err != nil {
				return
			}
			y, err := Parse(got)
			if err != nil {
				t.Fatalf("no YAML any more: %v\n%s", err, got)
			}
			was := n.Value
			n.Value = value
			for k := range x.docs {
				if diff := cmp.Diff(plainOf(x.docs[k]), plainOf(y.docs[k])); diff != "" {
					t.Fatalf("line %d: %q in place of %q changes more:\n%s\n%s", n.Line, value, was, diff, got)
				}
			}
			n.Value = was
			same(t, text, got, n.Line)
		})
	}
}

// same checks that all lines but those of the edit are the same bytes.
func same(t *testing.T, before, after []byte, line int) {
	a, b := bytes.SplitAfter(before, []byte("\n")), bytes.SplitAfter(after, []byte("\n"))
	head := bytes.Join(a[:line-1], nil)
	if !bytes.HasPrefix(after, head) {
		t.Fatalf("lines before %d are different:\n%s", line, after)
	}
	tail := 0
	for tail < len(a) && tail < len(b) && bytes.Equal(a[len(a)-1-tail], b[len(b)-1-tail]) {
		tail++
	}
	if len(a)-tail > line && len(a) == len(b) {
		t.Fatalf("lines after %d are different:\n%s", line, after)
	}
}

func TestEveryScalarOfTheExample(t *testing.T) {
	files, err := filepath.Glob("../../../intents/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no example intents: ", err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		check(t, text, "x", "10.0.0.1/31", "a: b", "- #", "it's \"so\"", "true")
	}
}

func FuzzReplace(f *testing.F) {
	f.Add([]byte(sample), "x")
	f.Add([]byte("a: [b, {c: d}]\n---\n- é: \"ü\" # x\r\n- 'y'\n"), "ß: é")
	f.Add([]byte("\xef\xbb\xbfa: b\n"), "c")
	f.Fuzz(func(t *testing.T, text []byte, value string) {
		if !utf8.ValidString(value) || len(text) > 2000 || len(value) > 100 {
			return
		}
		check(t, text, value)
	})
}

func Example() {
	t, err := Parse([]byte("spec: {mtu: 9000} # jumbo\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	out, err := t.Replace(Get(Get(t.Documents()[0], "spec"), "mtu"), "9100")
	fmt.Printf("%s%v\n", out, err)
	// Output:
	// spec: {mtu: 9100} # jumbo
	// <nil>
}
