package wire_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/openconfig/gnmi/proto/gnmi"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/schema/compile"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/internal/wire"
)

// An update that has no value and is of no leaf tells nothing, and hides nothing.
func TestUpdatesOfNothing(t *testing.T) {
	d := wire.Decoder{Roots: roots(t)}
	table := tree.NewTable(d.Roots)
	leaf := at(t, "/NEED")
	for name, u := range map[string]*gnmi.Update{
		"empty":                       {},
		"an empty path":               {Path: &gnmi.Path{}},
		"an empty value":              {Path: &gnmi.Path{}, Val: &gnmi.TypedValue{}},
		"of a container":              {Path: wire.ToPath(leaf.Parent())},
		"of a leaf, which is unknown": {Path: wire.ToPath(leaf)},
	} {
		n := &gnmi.Notification{Update: []*gnmi.Update{u}}
		want := 0
		if strings.HasPrefix(name, "of a leaf") {
			want = 1
		}
		got := d.Notification(n)
		if len(got.Problems) != want || len(got.Leaves)+len(got.Deletes) > 0 {
			t.Errorf("%s: %+v", name, got)
		}
		if problems := d.Add(tree.NewBuilder(table), n); len(problems) != want {
			t.Errorf("%s: read: %+v", name, problems)
		}
	}
}

// compiled are the models that the compiler is tested with.
var compiled = sync.OnceValues(func() (*schema.Schema, error) {
	_, data, err := compile.Dir(os.DirFS("../schema/compile/testdata"), compile.Options{Features: func(_, f string) bool { return f == "big" }})
	if err != nil {
		return nil, err
	}
	return schema.Load(data)
})

func roots(t testing.TB) *schema.Roots {
	t.Helper()
	s, err := compiled()
	if err != nil {
		t.Fatal(err)
	}
	return schema.NewRoots(map[string]*schema.Schema{"": s, "other": s})
}

func at(t testing.TB, text string) path.Path {
	t.Helper()
	p, err := path.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func mustNode(t testing.TB, table *tree.Table, text string) schema.Node {
	t.Helper()
	n, ok := table.Roots().Node(at(t, text))
	if !ok {
		t.Fatalf("no node %s", text)
	}
	return n
}

// decimals has one leaf, of a decimal64 that uses all digits of its int64.
func decimals(t testing.TB) *schema.Roots {
	t.Helper()
	_, data, err := compile.Dir(fstest.MapFS{"m.yang": {Data: []byte(
		`module m { namespace "urn:m"; prefix m; leaf watts { type decimal64 { fraction-digits 2; } } }`)}}, compile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := schema.Load(data)
	if err != nil {
		t.Fatal(err)
	}
	return schema.NewRoots(map[string]*schema.Schema{"": s})
}

func notification(t testing.TB, text string) *gnmi.Notification {
	t.Helper()
	n := &gnmi.Notification{}
	if err := prototext.Unmarshal([]byte(text), n); err != nil {
		t.Fatal(err)
	}
	return n
}

// show writes an update one thing a line.
func show(u tree.Update) []string {
	var out []string
	for _, p := range u.Deletes {
		out = append(out, "delete "+p.String())
	}
	for _, l := range u.Leaves {
		out = append(out, fmt.Sprintf("%s = %q", l.Path, l.Value))
	}
	if u.Unclear > 0 {
		out = append(out, fmt.Sprintf("unclear %d", u.Unclear))
	}
	for _, p := range u.Problems {
		out = append(out, fmt.Sprintf("problem %s: %s", p.Path, p.Reason))
	}
	return out
}

func Example() {
	s, err := compiled()
	if err != nil {
		fmt.Println(err)
		return
	}
	roots := schema.NewRoots(map[string]*schema.Schema{path.OpenConfig: s})
	u := wire.Decoder{Roots: roots}.Notification(&gnmi.Notification{
		Prefix: &gnmi.Path{Elem: []*gnmi.PathElem{{Name: "base:top"}}},
		Update: []*gnmi.Update{{
			Path: &gnmi.Path{},
			Val:  &gnmi.TypedValue{Value: &gnmi.TypedValue_JsonIetfVal{JsonIetfVal: []byte(`{"base:watts": "1.50", "mode": "up"}`)}},
		}},
	})
	for _, l := range u.Leaves {
		fmt.Println(l.Path, l.Value.Text())
	}
	// Output:
	// /top/watts 1.5
	// /top/mode up
}

const server = `{"base:server": [{
	"config": {"name": "a", "pet": "puppy"},
	"address": {"ip": "10.0.0.1", "tls": {}},
	"state": {"uptime": "5", "whatever": [1, {"x": null}]},
	"name": "a", "id": 7
}], "@mode": {"m:x": 1}}`

func TestNotification(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{
			"scalars", `
			prefix: {elem: {name: "top"}}
			update: {path: {elem: {name: "mode"}} val: {string_val: "up"}}
			update: {path: {elem: {name: "large"}} val: {uint_val: 5}}
			update: {path: {elem: {name: "bignum"}} val: {int_val: -5}}
			update: {path: {elem: {name: "watts"}} val: {double_val: 1.5}}
			update: {path: {elem: {name: "watts"}} val: {float_val: 0.25}}
			update: {path: {elem: {name: "watts"}} val: {decimal_val: {digits: 125 precision: 2}}}
			update: {path: {elem: {name: "marker"}} val: {bool_val: true}}
			update: {path: {elem: {name: "flags"}} val: {string_val: "c a"}}
			update: {path: {elem: {name: "tags"}} val: {leaflist_val: {element: {string_val: "b"} element: {string_val: "a"}}}}
			update: {path: {elem: {name: "any"}} val: {ascii_val: "5"}}
			update: {path: {elem: {name: "best"}} val: {bytes_val: "abc"}}`,
			`/top/mode = "eup"
			/top/large = "i5"
			/top/bignum = "i-5"
			/top/watts = "d150/2"
			/top/watts = "d25/2"
			/top/watts = "d125/2"
			/top/marker = "p"
			/top/flags = "ta c"
			/top/tags = "l\x02sa\x02sb"
			/top/any = "i5"
			/top/best = "sabc"`,
		},
		{"JSON of a leaf", `update: {path: {elem: {name: "top"} elem: {name: "mode"}} val: {json_val: "\"up\""}}`, `/top/mode = "eup"`},
		{"deprecated value", `update: {path: {elem: {name: "top"} elem: {name: "mode"}} value: {value: "\"up\"" type: JSON_IETF}}`, `/top/mode = "eup"`},
		{"deprecated ASCII", `update: {path: {elem: {name: "top"} elem: {name: "any"}} value: {value: "5" type: ASCII}}`, `/top/any = "i5"`},
		{"origin in the prefix", `prefix: {origin: "other"} update: {path: {elem: {name: "top"} elem: {name: "mode"}} val: {string_val: "up"}}`, `other:/top/mode = "eup"`},
		{"origin in the path", `update: {path: {origin: "other" elem: {name: "top"} elem: {name: "mode"}} val: {string_val: "up"}}`, `other:/top/mode = "eup"`},
		{
			"two origins", `prefix: {origin: "other"} update: {path: {origin: "x"} val: {string_val: "up"}}`,
			`problem origin:"x": path of origin "x" under a prefix of origin "other"`,
		},
		{"target is not identity", `prefix: {target: "leaf1"} update: {path: {elem: {name: "top"} elem: {name: "mode"}} val: {string_val: "up"}}`, `/top/mode = "eup"`},
		{
			"deletes", `prefix: {elem: {name: "top"}} delete: {elem: {name: "server" key: {key: "name" value: "a"} key: {key: "id" value: "07"}}} delete: {elem: {name: "mode"}}`,
			`delete /top/server[id=7][name=a]
			delete /top/mode`,
		},
		{
			"deletes by a pattern", `prefix: {elem: {name: "top"}}
			delete: {elem: {name: "server" key: {key: "name" value: "a"} key: {key: "id" value: "*"}}}
			delete: {elem: {name: "server" key: {key: "name" value: "a"}}}
			delete: {elem: {name: "server"} elem: {name: "config"}}
			delete: {elem: {name: "*"}}
			delete: {elem: {name: "..."} elem: {name: "mode"}}
			delete: {elem: {name: "server"} elem: {name: "state"}}
			delete: {elem: {name: "server"}}`,
			`delete /top/server
			unclear 5`,
		},
		{
			"atomic", `atomic: true prefix: {elem: {name: "top"}} update: {path: {elem: {name: "mode"}} val: {string_val: "up"}}`,
			`delete /top
			/top/mode = "eup"`,
		},
		{"state and key aliases are left out", `
			prefix: {elem: {name: "top"} elem: {name: "server" key: {key: "name" value: "a"} key: {key: "id" value: "7"}}}
			update: {path: {elem: {name: "state"} elem: {name: "uptime"}} val: {uint_val: 5}}
			update: {path: {elem: {name: "name"}} val: {string_val: "a"}}
			delete: {elem: {name: "state"}}
			delete: {elem: {name: "name"}}`, ``},
		{"a key leaf", `
			prefix: {elem: {name: "top"} elem: {name: "server" key: {key: "name" value: "a"} key: {key: "id" value: "7"}}}
			update: {path: {elem: {name: "id"}} val: {uint_val: 7}}`, `/top/server[id=7][name=a]/id = "i7"`},
		{
			"subtree", `update: {path: {elem: {name: "top"}} val: {json_ietf_val: ` + quote(server) + `}}`,
			`/top/server[id=7][name=a]/config/name = "sa"
			/top/server[id=7][name=a]/config/pet = "rbase:puppy"
			/top/server[id=7][name=a]/address/ip = "s10.0.0.1"
			/top/server[id=7][name=a]/address/tls = "p"
			/top/server[id=7][name=a]/id = "i7"`,
		},
		{
			"an entry", `update: {path: {elem: {name: "top"} elem: {name: "server" key: {key: "name" value: "a"} key: {key: "id" value: "7"}}} val: {json_val: "{\"id\": 7, \"name\": \"a\", \"config\": {\"load\": 5}}"}}`,
			`/top/server[id=7][name=a]/id = "i7"
			/top/server[id=7][name=a]/config/load = "i5"`,
		},
		{
			"a whole user-ordered list", `update: {path: {elem: {name: "top"} elem: {name: "nest"} elem: {name: "row"}} val: {json_val: "[{\"id\": 2, \"text\": \"b\"}, {\"text\": \"a\", \"id\": 1}]"}}`,
			`/top/nest/row[id=2]/id = "i2"
			/top/nest/row[id=2]/text = "sb"
			/top/nest/row[id=1]/text = "sa"
			/top/nest/row[id=1]/id = "i1"
			/top/nest/row = "k\x06[id=2]\x06[id=1]"`,
		},
		{"an empty container", `update: {path: {elem: {name: "top"}} val: {json_ietf_val: "{}"}}`, ``},
		{"unknown path", `update: {path: {elem: {name: "nowhere"}} val: {string_val: "x"}}`, `problem /nowhere: / has no child "nowhere"`},
		{"unknown origin", `update: {path: {origin: "cli"} val: {ascii_val: "x"}}`, `problem cli:/: unknown origin "cli"; here paths begin with openconfig: or other:`},
		{
			"unknown members, and the rest", `update: {path: {elem: {name: "top"}} val: {json_val: "{\"new\": {\"a\": [1]}, \"mode\": \"up\", \"server\": [{\"id\": 1, \"more\": 2, \"name\": \"a\"}]}"}}`,
			`/top/mode = "eup"
			/top/server[id=1][name=a]/id = "i1"
			problem /top/new: the schema has no such node
			problem /top/server[id=1][name=a]/more: the schema has no such node`,
		},
		{
			"values that do not fit", `update: {path: {elem: {name: "top"}} val: {json_val: "{\"mode\": \"upp\", \"large\": true, \"any\": 5}"}}`,
			`/top/any = "i5"
			problem /top/mode: "upp" is no enumeration of down, huge, up: did you mean "up"?
			problem /top/large: "true" is no uint64: not an integer`,
		},
		{
			"wrong forms", `update: {path: {elem: {name: "top"}} val: {json_val: "{\"mode\": {}, \"server\": {}, \"nest\": 5, \"any\": [5, 6]}"}}`,
			`problem /top/any: "[5 6]" is no uint8 or identity derived from animal or string, length 0..5 or boolean: no member of the union takes it
			problem /top/mode: a leaf is no object
			problem /top/server: a list is an array
			problem /top/nest: a container is an object`,
		},
		{
			"an entry without a key", `update: {path: {elem: {name: "top"}} val: {json_val: "{\"server\": [{\"id\": 1, \"config\": {\"load\": 1}}, {\"id\": 2, \"name\": \"b\"}]}"}}`,
			`/top/server[id=2][name=b]/id = "i2"
			problem /top/server: an entry without key "name"`,
		},
		{"broken JSON", `update: {path: {elem: {name: "top"}} val: {json_val: "{\"mode\": \"up\""}}`, `problem /top: JSON at byte 13: expected , or }`},
		{"no value", `update: {path: {elem: {name: "top"} elem: {name: "mode"}}}`, `problem /top/mode: no value`},
		{
			"protobuf any", `update: {path: {elem: {name: "top"} elem: {name: "mode"}} val: {proto_bytes: "x"}}`,
			`problem /top/mode: a value of type *gnmi.TypedValue_ProtoBytes`,
		},
		{"a container as a scalar", `update: {path: {elem: {name: "top"}} val: {string_val: "x"}}`, `problem /top: a container has no value`},
		{"the path of gNMI 0.3", `update: {path: {element: "top"} val: {string_val: "x"}}`, `problem element:"top": path in the form of gNMI 0.3: [top]`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := notification(t, tt.in)
			got := show(wire.Decoder{Roots: roots(t)}.Notification(n))
			var want []string
			for _, line := range strings.Split(tt.want, "\n") {
				if line = strings.TrimSpace(line); line != "" {
					want = append(want, line)
				}
			}
			for i := range got {
				got[i] = strings.ReplaceAll(got[i], "\u00a0", " ") // prototext varies its blanks on purpose
				got[i] = strings.ReplaceAll(got[i], ":  ", ": ")
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			sameTree(t, n)
		})
	}
}

// sameTree checks that Add does what Notification and Set do.
func sameTree(t testing.TB, n *gnmi.Notification) {
	t.Helper()
	d := wire.Decoder{Roots: roots(t)}
	table := tree.NewTable(d.Roots)
	slow, fast := tree.NewBuilder(table), tree.NewBuilder(table)
	u := d.Notification(n)
	problems := u.Problems
	for _, p := range u.Deletes {
		slow.Delete(p)
	}
	for _, l := range u.Leaves {
		if err := slow.Set(l); err != nil {
			problems = append(problems, tree.Problem{Path: l.Path.String(), Reason: err.Error()})
		}
	}
	got := d.Add(fast, n)
	for c := range tree.Diff(slow.Build(), fast.Build()) {
		t.Errorf("Add differs: %v", c)
	}
	if len(got) != len(problems) {
		t.Errorf("Add has problems %v, want %v", got, problems)
	}
}

func quote(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

func TestToPathAndBack(t *testing.T) {
	for _, text := range []string{"/", "/top/server[id=1][name=a/b]/config", "other:/top"} {
		p := at(t, text)
		back, err := wire.FromPath(nil, wire.ToPath(p))
		if err != nil || back.String() != text {
			t.Errorf("%s came back as %s, %v", text, back, err)
		}
	}
}

func TestJSONOrderDoesNotMatter(t *testing.T) {
	d := wire.Decoder{Roots: roots(t)}
	table := tree.NewTable(d.Roots)
	var trees []*tree.Tree
	for _, text := range []string{
		`{"server": [{"id": 1, "name": "a", "config": {"name": "a", "load": 7}}, {"id": 2, "name": "a", "config": {"name": "a"}}], "mode": "up"}`,
		`{"mode": "up", "server": [{"config": {"name": "a"}, "name": "a", "id": 2}, {"config": {"load": 7, "name": "a"}, "id": 1, "name": "a"}]}`,
	} {
		b := tree.NewBuilder(table)
		if problems := d.Snapshot(b, at(t, "/top"), []byte(text)); len(problems) > 0 {
			t.Fatal(problems)
		}
		trees = append(trees, b.Build())
	}
	for c := range tree.Diff(trees[0], trees[1]) {
		t.Errorf("another order of members: %v", c)
	}
	if trees[0].Len() != 6 {
		t.Errorf("%d leaves", trees[0].Len())
	}
}

// TestNotUTF8 reads a document in which texts are in another character set, as somebody may have typed them on a device.
func TestNotUTF8(t *testing.T) {
	d := wire.Decoder{Roots: roots(t)}
	b := tree.NewBuilder(tree.NewTable(d.Roots))
	text := "{\"mode\":\"up\",\"best\":\"caf\xe9\",\"vendor\":\"\xff\",\"server\":[{\"id\":1,\"name\":\"\xe9\"},{\"id\":2,\"name\":\"b\"}]}"
	problems := d.Snapshot(b, at(t, "/top"), []byte(text))
	var got []string
	for _, p := range problems {
		got = append(got, p.Path)
		if p.Path != "/top/vendor" && !strings.Contains(p.Reason, "UTF-8") {
			t.Errorf("%s: %s", p.Path, p.Reason)
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff([]string{"/top/best", "/top/server/name", "/top/vendor"}, got); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	if built := b.Build(); !built.Has(at(t, "/top/mode")) || !built.Has(at(t, "/top/server[id=2][name=b]/id")) {
		t.Errorf("%d leaves", built.Len())
	}
	for _, broken := range []string{`{"vendor":"\x"}`, `{"vendor":"\u12g4"}`, `{"vendor":"\`, `{"vendor":"a`} {
		if p := d.Snapshot(b, at(t, "/top"), []byte(broken)); len(p) != 1 || !strings.HasPrefix(p[0].Reason, "JSON") {
			t.Errorf("%s: %v", broken, p)
		}
	}
}

func FuzzJSON(f *testing.F) {
	for _, s := range []string{server, `{}`, `{"mode":"up"}`, `{"server":[{"id":1,"name":"\u0061"}]}`, `{"a":[1,2,[null]],"b":1e5}`, `[`, "{\"mode\":\"\xff\"}", `{"x":-01}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		d := wire.Decoder{Roots: roots(t)}
		b := tree.NewBuilder(tree.NewTable(d.Roots))
		problems := d.Snapshot(b, path.Path{Origin: path.OpenConfig, Elems: []path.Elem{{Name: "top"}}}, text)
		built := b.Build()
		broken := len(problems) == 1 && strings.HasPrefix(problems[0].Reason, "JSON")
		if json.Valid(text) && bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) == false {
			return
		}
		if json.Valid(text) == broken && !strings.Contains(fmt.Sprint(problems), "nested deeper") && !strings.Contains(fmt.Sprint(problems), "UTF-8") {
			t.Fatalf("JSON is valid: %v, but problems %v", json.Valid(text), problems)
		}
		if broken && built.Len() > 0 {
			t.Fatal("broken JSON left leaves behind")
		}
	})
}

func FuzzNotification(f *testing.F) {
	for _, text := range []string{
		`prefix: {elem: {name: "top"}} update: {path: {elem: {name: "mode"}} val: {string_val: "up"}}`,
		`atomic: true delete: {elem: {name: "top"} elem: {name: "server" key: {key: "name" value: "a"} key: {key: "id" value: "1"}}}`,
		`update: {path: {elem: {name: "top"}} val: {json_ietf_val: "{\"server\":[{\"id\":1,\"name\":\"a\"}]}"}}`,
		`update: {path: {elem: {name: "top"} elem: {name: "tags"}} val: {leaflist_val: {element: {string_val: "a"}}}}`,
	} {
		data, err := proto.Marshal(notification(f, text))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		n := &gnmi.Notification{}
		if proto.Unmarshal(data, n) != nil {
			return
		}
		d := wire.Decoder{Roots: roots(t)}
		for _, l := range d.Notification(n).Leaves {
			node, ok := d.Roots.Node(l.Path)
			if !ok || d.Roots.Check(l.Path) != nil {
				t.Fatalf("a leaf at %s, which the schema does not know", l.Path)
			}
			if v := l.Value; v.Kind() != schema.KindKeys && node.Kind() != schema.Container {
				if again, err := node.Canonical(node.JSON(v)); err != nil || again != v {
					t.Fatalf("%s: %q came back as %q, %v", l.Path, v, again, err)
				}
			}
		}
		sameTree(t, n)
	})
}
