package tree_test

import (
	"strconv"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/schema/compile"
	"github.com/tenter-net/tenter/internal/tree"
)

// good is a tree that keeps every rule of the test models.
var good = []string{
	"/top/server[name=a][id=1]/config/name=a",
	"/top/server[name=a][id=1]/address/ip=10.0.0.1",
	"/top/server[name=b][id=1]/config/name=b",
	"/top/server[name=b][id=1]/address/ip=10.0.0.2",
	"/top/mode=up",
}

func TestValidate(t *testing.T) {
	tests := []struct {
		name      string
		desired   []string
		observed  []string
		want      []string
		unchecked []string
	}{
		{name: "good", desired: good},
		{
			name: "leafref", desired: append([]string{"/top/best=c"}, good...),
			want: []string{`/top/best: leafref: no /top/server/name is "c"`},
		},
		{
			name: "leafref to what is observed", desired: append([]string{"/top/best=c"}, good...),
			observed: []string{"/top/server[name=c][id=9]/config/name=c", "/top/server[name=c][id=9]/address/ip=10.0.0.9"},
		},
		{
			name: "mandatory", desired: append([]string{"/top/server[name=c][id=1]/config/name=c"}, good...),
			want: []string{`/top/server[id=1][name=c]/address/ip: mandatory: ip is mandatory`},
		},
		{
			name: "key", desired: append([]string{"/top/server[name=c][id=1]/config/load=5", "/top/server[name=c][id=1]/address/ip=1"}, good...),
			want: []string{`/top/server[id=1][name=c]/config/name: key: it is "", and the entry's key "c"`},
		},
		{
			name: "unique, with a default", desired: append([]string{
				"/top/server[name=c][id=1]/config/name=c", "/top/server[name=c][id=1]/address/ip=10.0.0.1", "/top/server[name=c][id=1]/address/port=443",
			}, good...),
			want: []string{`/top/server[id=1][name=c]: unique: the same ip and port as /top/server[id=1][name=a]`},
		},
		{
			name: "min-elements", desired: []string{"/top/mode=up"},
			want: []string{`/top/server: min-elements: at least 1 are needed`},
		},
		{
			name: "max-elements", desired: append([]string{"/top/users=[a, b, c]"}, good...),
			want: []string{`/top/users: max-elements: 3, at most 2 are allowed`},
		},
		{
			name: "choice", desired: append([]string{"/top/server[name=a][id=1]/address/direct=", "/top/server[name=a][id=1]/address/hops=1"}, good...),
			want: []string{`/top/server[id=1][name=a]/address/hops: choice: direct and hops exclude each other`},
		},
		{name: "one case", desired: append([]string{"/top/server[name=a][id=1]/address/proxy=x", "/top/server[name=a][id=1]/address/hops=1"}, good...)},
		{
			name: "must", desired: append([]string{"/top/server[name=c][id=1]/config/name=c", "/top/server[name=c][id=1]/address/ip=0.0.0.0"}, good...),
			want: []string{`/top/server[id=1][name=c]/address/ip: must: must ". != '0.0.0.0'" does not hold`},
		},
		{
			name: "when of an augment", desired: append(append([]string{}, good[:4]...), "/top/mode=down", "/top/from-extra=cat"),
			want: []string{`/top/from-extra: when: when "base:mode = 'up'" does not hold`},
		},
		{name: "when that a default meets", desired: append([]string{"/top/server[name=a][id=1]/address/tls/cert=AAEC"}, good...)},
		{
			name: "when under uses", desired: append([]string{"/top/server[name=a][id=1]/address/tls/cert=AAEC", "/top/server[name=a][id=1]/address/port=80"}, good...),
			want: []string{`/top/server[id=1][name=a]/address/tls/cert: when: when "../port = 443" does not hold`},
		},
		{
			name: "number", desired: append([]string{"/top/watts=0.5"}, good...),
			want: []string{`/top/watts: must: must ". > 1" does not hold`},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			table := tree.NewTable(roots(t))
			var observed *tree.Tree
			if tt.observed != nil {
				observed = build(t, table, tt.observed...)
			}
			violations, unchecked := tree.Validate(build(t, table, tt.desired...), observed)
			var got []string
			for _, v := range violations {
				got = append(got, v.Path.String()+": "+v.Rule+": "+v.Reason)
				if v.Source == 0 {
					t.Errorf("no source: %v", v)
				}
			}
			var open []string
			for _, u := range unchecked {
				open = append(open, u.Node+" "+u.Text)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(tt.unchecked, open); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestWhatIsMandatory is about leaves that nothing next to them asks for.
func TestWhatIsMandatory(t *testing.T) {
	_, data, err := compile.Dir(fstest.MapFS{"a.yang": {Data: []byte(`module a { yang-version 1.1; namespace "urn:a"; prefix a;
		container top { container deep { leaf needed { type string; mandatory true; } } leaf other { type string; } }
		list l { key k; leaf k { type string; } container one { container two { leaf needed { type string; mandatory true; } } }
			leaf x { type string; }
			choice way { case direct { leaf to { type string; mandatory true; } leaf via { type string; } } leaf none { type empty; } } }
		container here { presence "asked for"; container inner { leaf needed { type string; mandatory true; } } leaf x { type string; } } }`)}},
		compile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := schema.Load(data)
	if err != nil {
		t.Fatal(err)
	}
	table := tree.NewTable(schema.NewRoots(map[string]*schema.Schema{"": s}))
	for _, tt := range []struct {
		name    string
		desired []string
		want    []string
	}{
		{"nobody asks for the top", []string{"/top/other=x"}, nil},
		{"containers in an entry, however deep", []string{"/l[k=a]/x=y"}, []string{"/l[k=a]/one/two/needed"}},
		{"containers in a presence container", []string{"/here/x=y"}, []string{"/here/inner/needed"}},
		{"a case that is taken", []string{"/l[k=a]/one/two/needed=y", "/l[k=a]/via=y"}, []string{"/l[k=a]/to"}},
		{"a case that is not", []string{"/l[k=a]/one/two/needed=y", "/l[k=a]/none="}, nil},
		{"all is there", []string{"/l[k=a]/one/two/needed=y", "/l[k=a]/to=y", "/here/inner/needed=y"}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			broken, _ := tree.Validate(build(t, table, tt.desired...), nil)
			var got []string
			for _, v := range broken {
				if v.Rule != "mandatory" {
					t.Errorf("%s: %s", v.Path, v.Reason)
				}
				got = append(got, v.Path.String())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestConditions evaluates expressions as the must of a leaf x that is 5.
func TestConditions(t *testing.T) {
	tests := []struct {
		must  string
		want  bool
		fails bool // it cannot be evaluated
	}{
		{must: ". = 5", want: true},
		{must: ". = '5'", want: true},
		{must: ". != 5"},
		{must: ". > 4 and . <= 5", want: true},
		{must: "5 < .", want: false},
		{must: "../s = 'abc'", want: true},
		{must: `../s = "abc" and not(../s = 'b')`, want: true},
		{must: "../none"},
		{must: "not(../none)", want: true},
		{must: "../none = ''"},
		{must: "../d = 'dflt'", want: true},
		{must: "starts-with(../s, 'ab')", want: true},
		{must: "contains(../s, 'x')"},
		{must: "string-length(../s) = 3", want: true},
		{must: "substring-before(../s, 'b') = 'a' and substring-after(../s, 'b') = 'c'", want: true},
		{must: "translate(../s, 'abc', 'AB') = 'AB' and translate('baa', 'aba', 'xyz') = 'yxx'", want: true},
		{must: "substring-before(../s, 'x') = '' and substring-after(../s, 'x') = ''", want: true},
		{must: "concat(../s, '-', ../k2) = 'abc-b'", want: true},
		{must: "re-match(../s, '[a-c]{3}')", want: true},
		{must: "re-match(../s, 'b|ab')"},
		{must: ". + 1 = 6 and . - 1 = 4 and . * 2 = 10 and . div 2 = 2.5 and . mod 3 = 2", want: true},
		{must: "1 + 2 * . = 11 and (1 + 2) * . = 15", want: true},
		{must: "../s + 1 = ../s + 1"},
		{must: "count(../l) = 2", want: true},
		{must: "../l[k='b']/v = 2", want: true},
		{must: "../l[k=current()/../s]"},
		{must: "/a:c/a:l[a:k = 'a']/a:v = 1", want: true},
		{must: "../l[v=2]/k = 'b'", want: true},
		{must: "../l/k = 'b'", want: true},
		{must: "../l[k=current()/../k2]/../s = 'abc'", want: true},
		{must: "../i = 'one'", want: true},
		{must: "../i = 'a:one'", want: true},
		{must: "../i = 'other:one'"},
		{must: "derived-from(../i, 'a:base')", want: true},
		{must: "derived-from(../i, 'a:one')"},
		{must: "derived-from-or-self(../i, 'a:one')", want: true},
		{must: "../b = true()", want: true},
		{must: "../b != true()"},
		{must: "../none != true()", want: true},
		{must: "../none != 'abc' and . = 4"},
		{must: "not(../none != 'abc')", want: true},
		{must: "true() or ../state", want: true},
		{must: "../state or . = 5", want: true},
		{must: "not(../state and . = 4)", want: true},
		{must: "../state or . = 4", fails: true},
		{must: "(. = 1 or . = 5) and (../s)", want: true},
		{must: "number(../n) = 7", want: true},
		{must: "string(../s) = 'abc'", want: true},
		{must: "boolean(../s)", want: true},
		{must: "current()/../s = 'abc'", want: true},
		{must: "./../s = 'abc'", want: true},
		{must: "../state = 1", fails: true},
		{must: "../none != 'abc'", fails: true}, // to XPath it does not hold, to devices it does
		{must: "../../../../s", fails: true},
		{must: "re-match(../s, '[a-z-[x]]')", fails: true},
		{must: "../l[1]/v", fails: true},
		{must: "normalize-space(../s)", fails: true},
		{must: "concat(../s)", fails: true},
		{must: "//s", fails: true},
		{must: "../*", fails: true},
		{must: "(. = 5", fails: true},
		{must: "'abc", fails: true},
		{must: ". =", fails: true},
		{must: "not()", fails: true},
	}
	for _, tt := range tests {
		t.Run(tt.must, func(t *testing.T) {
			_, data, err := compile.Dir(fstest.MapFS{"a.yang": {Data: []byte(`module a { yang-version 1.1; namespace "urn:a"; prefix a;
				identity base; identity one { base base; }
				container c {
					leaf x { type uint8; must ` + strconv.Quote(tt.must) + `; }
					leaf s { type string; } leaf none { type string; } leaf d { type string; default dflt; } leaf k2 { type string; }
					leaf i { type identityref { base base; } } leaf b { type boolean; } leaf n { type string; }
					leaf state { config false; type string; }
					list l { key k; leaf k { type string; } leaf v { type uint8; } }
				} }`)}}, compile.Options{})
			if err != nil {
				t.Fatal(err)
			}
			s, err := schema.Load(data)
			if err != nil {
				t.Fatal(err)
			}
			r := schema.NewRoots(map[string]*schema.Schema{"": s})
			b := tree.NewBuilder(tree.NewTable(r))
			for p, v := range map[string]any{"x": 5, "s": "abc", "k2": "b", "i": "one", "b": true, "n": "7", "l[k=a]/v": 1, "l[k=b]/v": 2} {
				c, err := r.Canonical(at(t, "/c/"+p), v)
				if err == nil {
					err = b.Set(tree.Leaf{Path: at(t, "/c/"+p), Value: c})
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			violations, unchecked := tree.Validate(b.Build(), nil)
			if len(unchecked) > 0 != tt.fails || !tt.fails && len(violations) == 0 != tt.want {
				t.Errorf("violations %v, unchecked %v", violations, unchecked)
			}
		})
	}
}
