package wire_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/openconfig/gnmi/proto/gnmi"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/internal/wire"
)

func leaf(t testing.TB, p string, v any) tree.Leaf {
	t.Helper()
	c, err := roots(t).Canonical(at(t, p), v)
	if err != nil {
		t.Fatal(err)
	}
	return tree.Leaf{Path: at(t, p), Value: c}
}

// request writes a SetRequest one operation a line.
func request(t testing.TB, req *gnmi.SetRequest) []string {
	t.Helper()
	name := func(p *gnmi.Path) string {
		out, err := wire.FromPath(req.GetPrefix(), p)
		if err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	var out []string
	for _, p := range req.GetDelete() {
		out = append(out, "delete "+name(p))
	}
	for verb, updates := range map[string][]*gnmi.Update{"replace": req.GetReplace()} {
		for _, u := range updates {
			out = append(out, fmt.Sprintf("%s %s %s", verb, name(u.GetPath()), u.GetVal().GetJsonIetfVal()))
		}
	}
	for _, u := range req.GetUpdate() {
		text := string(u.GetVal().GetJsonIetfVal()) + string(u.GetVal().GetJsonVal())
		if text == "" {
			text = strings.Join(strings.Fields(u.GetVal().String()), " ")
		}
		out = append(out, fmt.Sprintf("update %s %s", name(u.GetPath()), text))
	}
	return out
}

func TestEncode(t *testing.T) {
	row := func(id int, text string) []tree.Leaf {
		e := fmt.Sprintf("/top/nest/row[id=%d]", id)
		return []tree.Leaf{leaf(t, e+"/id", id), leaf(t, e+"/text", text)}
	}
	order := tree.Leaf{Path: at(t, "/top/nest/row"), Value: schema.KeysValue([]string{"[id=2]", "[id=1]"})}
	edit := tree.Edit{
		Deletes: []path.Path{at(t, "/top/mode")},
		Replaces: []tree.Subtree{
			{Path: at(t, "/top/nest/row"), Leaves: append(append([]tree.Leaf{order}, row(1, "a")...), row(2, "b")...)},
			{Path: at(t, "/top/best"), Leaves: []tree.Leaf{leaf(t, "/top/best", "x")}},
		},
		Updates: []tree.Leaf{
			leaf(t, "/top/large", "5"), leaf(t, "/top/bignum", -3), leaf(t, "/top/marker", nil), leaf(t, "/top/watts", "1.5"),
			leaf(t, "/top/tags", []any{"b", "a"}), leaf(t, "/top/from-extra", "cat"),
			leaf(t, "/top/server[name=a][id=7]/config/name", "a"), leaf(t, "/top/server[name=a][id=7]/id", 7),
			leaf(t, "/top/server[name=a][id=7]/address/tls", nil),
		},
	}
	head := []string{
		`delete /top/mode`,
		`replace /top/nest/row [{"extra:id":2,"extra:text":"b"},{"extra:id":1,"extra:text":"a"}]`,
		`replace /top/best "x"`,
	}
	tests := []struct {
		name string
		opts wire.EncodeOptions
		want []string
	}{
		{"leaf JSON_IETF", wire.EncodeOptions{Encoding: gnmi.Encoding_JSON_IETF}, []string{
			`update /top/large "5"`, `update /top/bignum -3`, `update /top/marker [null]`, `update /top/watts "1.5"`,
			`update /top/tags ["a","b"]`, `update /top/from-extra "extra:cat"`,
			`update /top/server[id=7][name=a]/config/name "a"`,
			`update /top/server[id=7][name=a] {"base:id":7,"base:name":"a"}`,
			`update /top/server[id=7][name=a]/address/tls {}`,
		}},
		{"scalars", wire.EncodeOptions{Encoding: gnmi.Encoding_PROTO}, []string{
			`update /top/large uint_val:5`, `update /top/bignum int_val:-3`, `update /top/marker bool_val:true`, `update /top/watts string_val:"1.5"`,
			`update /top/tags leaflist_val:{element:{string_val:"a"} element:{string_val:"b"}}`, `update /top/from-extra string_val:"extra:cat"`,
			`update /top/server[id=7][name=a]/config/name string_val:"a"`,
			`update /top/server[id=7][name=a] {"base:id":7,"base:name":"a"}`,
			`update /top/server[id=7][name=a]/address/tls {}`,
		}},
		{"whole", wire.EncodeOptions{Encoding: gnmi.Encoding_JSON_IETF, Whole: true}, []string{
			`update / {"base:top":{"bignum":-3,"extra:from-extra":"extra:cat","large":"5","marker":[null],"server":[{"address":{"tls":{}},"config":{"name":"a"},"id":7,"name":"a"}],"tags":["a","b"],"watts":"1.5"}}`,
		}},
		{"subtrees", wire.EncodeOptions{Encoding: gnmi.Encoding_JSON_IETF, Subtrees: true}, []string{
			`update /top {"base:bignum":-3,"extra:from-extra":"extra:cat","base:large":"5","base:marker":[null],"base:tags":["a","b"],"base:watts":"1.5"}`,
			`update /top/server[id=7][name=a] {"base:address":{"tls":{}},"base:config":{"name":"a"},"base:id":7,"base:name":"a"}`,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.opts.Roots, tt.opts.Target = roots(t), "leaf1"
			req, err := wire.Encode(edit, tt.opts)
			if err != nil {
				t.Fatal(err)
			}
			if req.GetPrefix().GetTarget() != "leaf1" {
				t.Errorf("target %q", req.GetPrefix().GetTarget())
			}
			if diff := cmp.Diff(append(head, tt.want...), request(t, req)); diff != "" {
				t.Error(diff)
			}
			if again, err := wire.Encode(edit, tt.opts); err != nil || wire.Text(again) != wire.Text(req) {
				t.Errorf("the same edit gave another request: %v", err)
			}
		})
	}
}

func TestEncodeUnknownPath(t *testing.T) {
	for _, enc := range []gnmi.Encoding{gnmi.Encoding_JSON_IETF, gnmi.Encoding_PROTO} {
		_, err := wire.Encode(tree.Edit{Updates: []tree.Leaf{{Path: at(t, "/nowhere"), Value: "sx"}}}, wire.EncodeOptions{Roots: roots(t), Encoding: enc})
		if err == nil || !strings.Contains(err.Error(), "no child") {
			t.Errorf("%s: %v", enc, err)
		}
	}
}

// randomTree sets random leaves of every type.
func randomTree(t testing.TB, table *tree.Table, rng *rand.Rand) *tree.Tree {
	t.Helper()
	pick := func(values ...any) any { return values[rng.IntN(len(values))] }
	b := tree.NewBuilder(table)
	set := func(p string, v any) {
		if rng.IntN(3) > 0 {
			if err := b.Set(leaf(t, p, v)); err != nil {
				t.Fatal(err)
			}
		}
	}
	set("/top/any", pick(json5, "5", true, "true", "puppy", "x", `"\/`))
	set("/top/large", pick("18446744073709551615", "0"))
	set("/top/watts", pick("-1.5", "99.99", "0"))
	set("/top/mode", pick("up", "down"))
	set("/top/flags", pick("", "a b", "c"))
	set("/top/marker", nil)
	set("/top/users", pick([]any{"b", "a"}, []any{"a", "b"}))
	set("/top/tags", pick([]any{}, []any{"a"}))
	set("/from-sub/x", pick("é ü", "\t\n", ""))
	for _, name := range []string{"a", "b", "aa"} {
		e := fmt.Sprintf("/top/server[name=%s][id=%d]", name, rng.IntN(3))
		set(e+"/config/name", name)
		set(e+"/config/pet", pick("cat", "base:dog", "extra:dog"))
		set(e+"/address/tls/cert", pick([]byte{1}, []byte{0, 255}))
		set(e+"/address/proxy", "p")
	}
	var order []string
	for _, id := range rng.Perm(4) {
		if err := b.Set(leaf(t, fmt.Sprintf("/top/nest/row[id=%d]/text", id), "x")); err != nil {
			t.Fatal(err)
		}
		order = append(order, fmt.Sprintf("[id=%d]", id))
	}
	if err := b.Set(tree.Leaf{Path: at(t, "/top/nest/row"), Value: schema.KeysValue(order)}); err != nil {
		t.Fatal(err)
	}
	return b.Build()
}

const json5 = 5

// TestRoundTrip encodes random trees in every way and reads them back.
func TestRoundTrip(t *testing.T) {
	r := roots(t)
	table := tree.NewTable(r)
	rng := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		want := randomTree(t, table, rng)
		var leaves []tree.Leaf
		for l := range want.All() {
			leaves = append(leaves, l)
		}
		for _, opts := range []wire.EncodeOptions{
			{Roots: r}, {Roots: r, Subtrees: true}, {Roots: r, Whole: true}, {Roots: r, Encoding: gnmi.Encoding_JSON_IETF}, {Roots: r, Encoding: gnmi.Encoding_PROTO},
		} {
			edit := tree.Edit{Updates: leaves}
			if opts.Encoding != gnmi.Encoding_PROTO && opts.Subtrees {
				edit = tree.Edit{Replaces: []tree.Subtree{{Path: path.Path{Origin: path.OpenConfig}, Leaves: leaves}}}
			}
			req, err := wire.Encode(edit, opts)
			if err != nil {
				t.Fatal(err)
			}
			b := tree.NewBuilder(table)
			problems := wire.Decoder{Roots: r}.Add(b, &gnmi.Notification{Update: append(req.GetReplace(), req.GetUpdate()...)})
			if len(problems) > 0 {
				t.Fatalf("%v\n%s", problems, wire.Text(req))
			}
			for c := range tree.Diff(want, b.Build()) {
				t.Fatalf("%s: %q came back as %q\n%s", c.Path, c.Before, c.After, wire.Text(req))
			}
		}
	}
}
