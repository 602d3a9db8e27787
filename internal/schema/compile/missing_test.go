package compile_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/schema/compile"
)

func module(name, body string) *fstest.MapFile {
	return &fstest.MapFile{Data: []byte("module " + name + " { yang-version 1.1; namespace \"urn:" + name + "\"; prefix " + name + ";\n" + body + "\n}")}
}

func TestMissing(t *testing.T) {
	base := module("base", `container top { leaf a { type string; } leaf b { type string; } }`)
	tests := []struct {
		name    string
		body    string // of module a
		missing []string
		want    []string // what is left out
		err     string
	}{
		{
			name: "what is for nodes of a missing module", missing: []string{"gone"},
			body: `import base { prefix base; } import gone { prefix g; }
deviation "/base:top/g:extra" { deviate not-supported; }
augment "/g:other" { leaf x { type string; } }
deviation "/base:top/base:b" { deviate not-supported; }`,
			want: []string{"a.yang:3:1: deviation /base:top/g:extra", "a.yang:4:1: augment /g:other"},
		},
		{
			name: "one that is not said to be missing",
			body: `import gone { prefix g; }`, err: `module "gone" is not there`,
		},
		{
			name: "a wrong target of a module that is there", missing: []string{"gone"},
			body: `import base { prefix base; } import gone { prefix g; } deviation "/base:top/base:none" { deviate not-supported; }`,
			err:  `deviation "/base:top/base:none": no such node`,
		},
		{
			name: "its groupings", missing: []string{"gone"},
			body: `import base { prefix base; } import gone { prefix g; } augment "/base:top" { uses g:stuff; }`,
			err:  `module "gone" is not loaded`,
		},
		{
			name: "its types", missing: []string{"gone"},
			body: `import gone { prefix g; } leaf x { type g:thing; }`, err: `module "gone" is not loaded`,
		},
		{name: "one that is there", missing: []string{"base"}, body: `import base { prefix base; }`, err: `"base" is said to be missing and is there: base.yang`},
		{name: "one that nothing imports", missing: []string{"other"}, body: ``, err: `"other" is said to be missing, and nothing imports it`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			report, data, err := compile.Dir(fstest.MapFS{"a.yang": module("a", tt.body), "base.yang": base},
				compile.Options{Modules: []string{"a"}, Missing: tt.missing})
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("error %v, want %s", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, report.LeftOut); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(tt.missing, report.Missing); diff != "" {
				t.Error(diff)
			}
			s, err := schema.Load(data)
			if err != nil {
				t.Fatal(err)
			}
			top, _ := s.Root().Child("top")
			if _, ok := top.Child("b"); ok {
				t.Error("the deviation of a published node is not applied")
			}
			if _, ok := top.Child("a"); !ok {
				t.Error("a node that nothing deviates is gone")
			}
		})
	}
}

func TestPrune(t *testing.T) {
	files := fstest.MapFS{
		"a.yang": module("a", `container top {
list l { key k; leaf k { type string; } leaf v { type string; } }
container deep { leaf d { type string; } }
leaf ref { type leafref { path "../deep/d"; } }
leaf twice { type uint8; } }`),
		"b.yang": module("b", `import a { prefix a; } augment "/a:top" { leaf twice { type string; } }`),
	}
	tests := []struct {
		name  string
		prune []string
		want  string // the nodes that are left
		err   string
	}{
		{name: "one of two", prune: []string{"/top/b:twice"}, want: "/top /top/deep /top/deep/d /top/l /top/l/k /top/l/v /top/ref /top/twice:uint8"},
		{name: "the other of two", prune: []string{"/top/a:twice"}, want: "/top /top/deep /top/deep/d /top/l /top/l/k /top/l/v /top/ref /top/twice:string"},
		{name: "with all in it, references stay", prune: []string{"/top/b:twice", "/top/deep", "/top/l"}, want: "/top /top/ref /top/twice:uint8"},
		{name: "neither of two", err: "there is another one"},
		{name: "nothing", prune: []string{"/top/b:twice", "/top/none"}, err: "prune /top/none: no such node"},
		{name: "a key", prune: []string{"/top/b:twice", "/top/l/k"}, err: "prune /top/l/k: it is a key"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			report, data, err := compile.Dir(files, compile.Options{Prune: tt.prune})
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("error %v, want %s", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			s, err := schema.Load(data)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for i := 1; i < s.Len(); i++ {
				n := s.Node(schema.NodeID(i))
				text := n.Path()
				if n.Name() == "twice" {
					text += ":" + n.Type()
				}
				got = append(got, text)
			}
			if diff := cmp.Diff(tt.want, strings.Join(got, " ")); diff != "" {
				t.Error(diff)
			}
			if len(report.Pruned) != len(tt.prune) {
				t.Errorf("the report says %q", report.Pruned)
			}
		})
	}
}
