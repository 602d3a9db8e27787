package tree_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/schema/compile"
	"github.com/tenter-net/tenter/internal/tree"
)

// compiled are the models that the compiler is tested with.
var compiled = sync.OnceValues(func() (*schema.Schema, error) {
	_, data, err := compile.Dir(os.DirFS("../schema/compile/testdata"), compile.Options{})
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

// build makes a tree of "path=value" texts.
func build(t testing.TB, table *tree.Table, leaves ...string) *tree.Tree {
	t.Helper()
	b := tree.NewBuilder(table)
	set(t, b, leaves...)
	return b.Build()
}

func set(t testing.TB, b *tree.Builder, leaves ...string) {
	t.Helper()
	for i, text := range leaves {
		cut := len(text) - 1
		for text[cut] != '=' {
			cut--
		}
		p := at(t, text[:cut])
		v, err := b.Table().Roots().Canonical(p, schema.Text(text[cut+1:]))
		if err == nil {
			err = b.Set(tree.Leaf{Path: p, Value: v, Source: tree.SourceID(i + 1)})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func texts(t *tree.Tree) []string {
	out := []string{}
	for l := range t.All() {
		out = append(out, l.Path.String()+"="+l.Value.Text())
	}
	return out
}

func Example() {
	s, err := compiled()
	if err != nil {
		fmt.Println(err)
		return
	}
	table := tree.NewTable(schema.NewRoots(map[string]*schema.Schema{path.OpenConfig: s}))
	mode, _ := path.Parse("/top/mode")
	before := tree.NewBuilder(table)
	_ = before.Set(tree.Leaf{Path: mode, Value: "eup"})
	after := tree.NewBuilder(table)
	_ = after.Set(tree.Leaf{Path: mode, Value: "edown"})
	for c := range tree.Diff(before.Build(), after.Build()) {
		fmt.Println(c.Path, c.Before.Text(), "->", c.After.Text())
	}
	// Output: /top/mode up -> down
}

func TestBuild(t *testing.T) {
	table := tree.NewTable(roots(t))
	got := build(t, table,
		"other:/top/mode=up",
		"/top/server[id=10][name=b]/config/name=b",
		"/top/server[id=2][name=b]/config/name=x",
		"/top/server[id=10][name=a]/config/name=a",
		"/top/mode=up",
		"/top/server[id=2][name=b]/config/name=b", // wins
		"/top/server[id=2][name=b]/address/tls/on=true",
		"/top/any=5",
	)
	want := []string{
		"/top/any=5", "/top/mode=up",
		"/top/server[id=10][name=a]/config/name=a", "/top/server[id=10][name=a]/id=10",
		"/top/server[id=10][name=b]/config/name=b", "/top/server[id=10][name=b]/id=10",
		"/top/server[id=2][name=b]/address/tls=present", "/top/server[id=2][name=b]/address/tls/on=true",
		"/top/server[id=2][name=b]/config/name=b", "/top/server[id=2][name=b]/id=2",
		"other:/top/mode=up",
	}
	if diff := cmp.Diff(want, texts(got)); diff != "" {
		t.Error(diff)
	}
	if l, ok := got.Get(at(t, "/top/mode")); !ok || l.Source != 5 {
		t.Errorf("Get gave %v, %v", l, ok)
	}
}

func TestSetRefuses(t *testing.T) {
	b := tree.NewBuilder(tree.NewTable(roots(t)))
	for _, l := range []tree.Leaf{
		{Path: at(t, "/top/nowhere"), Value: "sx"},
		{Path: at(t, "/top/server[id=1]/config/name"), Value: "sx"},
		{Path: at(t, "/top/server[id=1][name=a]/state/uptime"), Value: "i1"},
		{Path: at(t, "/top"), Value: "p"},
		{Path: at(t, "/top/mode")},
		{Path: at(t, "/top/server"), Value: schema.KeysValue([]string{"[id=1]"})},
		{Path: at(t, "eos:/top/mode"), Value: "eup"},
	} {
		if err := b.Set(l); err == nil {
			t.Errorf("Set(%s = %q) is no error", l.Path, l.Value)
		}
	}
	if got := b.Build(); got.Len() != 0 {
		t.Errorf("what was refused is there: %v", texts(got))
	}
}

func TestKeysNotCanonical(t *testing.T) {
	table := tree.NewTable(roots(t))
	tr := build(t, table, "/top/server[id=007][name=a]/config/name=a")
	if _, ok := tr.Find(at(t, "/top/server[id=7][name=a]/config/name")); !ok {
		t.Errorf("not under its canonical keys: %v", texts(tr))
	}
}

func TestUserOrder(t *testing.T) {
	table := tree.NewTable(roots(t))
	order := func(keys ...string) *tree.Tree {
		b := tree.NewBuilder(table)
		set(t, b, "/top/nest/row[id=1]/text=one", "/top/nest/row[id=2]/text=two")
		if err := b.Set(tree.Leaf{Path: at(t, "/top/nest/row"), Value: schema.KeysValue(keys)}); err != nil {
			t.Fatal(err)
		}
		return b.Build()
	}
	a, b := order("[id=1]", "[id=2]"), order("[id=2]", "[id=1]")
	want := []string{"/top/nest/row=[id=2] [id=1]", "/top/nest/row[id=1]/id=1", "/top/nest/row[id=1]/text=one", "/top/nest/row[id=2]/id=2", "/top/nest/row[id=2]/text=two"}
	if diff := cmp.Diff(want, texts(b)); diff != "" {
		t.Error(diff)
	}
	changes := slices.Collect(tree.Diff(a, b))
	if len(changes) != 1 || changes[0].Path.String() != "/top/nest/row" {
		t.Errorf("another order gave %v", changes)
	}
}

// leafSet is every path that the random tests use.
func leafSet() []string {
	var out []string
	for i := range 4 {
		for _, name := range []string{"a", "b", "aa"} {
			e := fmt.Sprintf("/top/server[id=%d][name=%s]", i*7, name)
			out = append(out, e+"/config/name", e+"/address/ip", e+"/address/proxy")
		}
	}
	for i := range 12 {
		out = append(out, fmt.Sprintf("/top/nest/row[id=%d]/text", i))
	}
	return append(out, "/top/any", "/from-sub/x", "other:/top/any", "/top/nest/deep")
}

// TestAgainstMap checks builders, ranges and diffs against a map from path to value.
func TestAgainstMap(t *testing.T) {
	table := tree.NewTable(roots(t))
	paths := leafSet()
	rng := rand.New(rand.NewPCG(1, 2))
	var last *tree.Tree
	lastModel := map[string]schema.Value{}
	for round := range 300 {
		model := map[string]schema.Value{}
		b := tree.NewBuilder(table)
		if round%3 == 1 && last != nil {
			b = last.Builder()
			maps.Copy(model, lastModel)
		}
		for range rng.IntN(60) {
			p := paths[rng.IntN(len(paths))]
			if rng.IntN(8) == 0 {
				cut := at(t, p)
				for range rng.IntN(3) {
					cut = cut.Parent()
				}
				b.Delete(cut)
				maps.DeleteFunc(model, func(have string, _ schema.Value) bool { return at(t, have).HasPrefix(cut) })
				continue
			}
			v := schema.StringValue([]string{"x", "y", "z"}[rng.IntN(3)])
			if err := b.Set(tree.Leaf{Path: at(t, p), Value: v}); err != nil {
				t.Fatal(err)
			}
			model[p] = v
		}
		for _, p := range sorted(model) {
			for q := at(t, p); len(q.Elems) > 1; q = q.Parent() {
				if id, ok := q.Last().Key("id"); ok {
					model[q.String()+"/id"] = schema.Value("i" + id)
				}
			}
		}
		got := b.Build()
		compareToMap(t, got, model)
		diffAgainstMap(t, last, got, lastModel, model)
		for range 5 {
			prefix := at(t, paths[rng.IntN(len(paths))]).Parent()
			var want []string
			for _, p := range sorted(model) {
				if at(t, p).HasPrefix(prefix) {
					want = append(want, p)
				}
			}
			var have []string
			for l := range got.Under(prefix) {
				have = append(have, l.Path.String())
			}
			if diff := cmp.Diff(want, have); diff != "" || got.Has(prefix) != (len(want) > 0) {
				t.Fatalf("under %s: %s", prefix, diff)
			}
		}
		last, lastModel = got, model
	}
}

// TestManyDeletes takes the builder past the point where it puts what is pending in order first.
func TestManyDeletes(t *testing.T) {
	table := tree.NewTable(roots(t))
	b := tree.NewBuilder(table)
	row := func(i, j int) path.Path {
		return at(t, fmt.Sprintf("/top/server[id=%d][name=a%s]/config/name", i, string(rune('a'+j))))
	}
	for i := range 100 {
		for j := range 20 {
			if err := b.Set(tree.Leaf{Path: row(i, j), Value: "sx", Source: 3}); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i := range 100 {
		b.Delete(row(i, i%20).Parent().Parent())
	}
	if err := b.Set(tree.Leaf{Path: row(7, 7), Value: "sy"}); err != nil {
		t.Fatal(err)
	}
	got := b.Build()
	if got.Len() != 2*(2000-100+1) {
		t.Errorf("%d leaves", got.Len())
	}
	if l, ok := got.Get(row(7, 7)); !ok || l.Value != "sy" {
		t.Errorf("set again after its delete: %v", l)
	}
	if l, ok := got.Get(row(8, 7)); !ok || l.Source != 3 {
		t.Errorf("not deleted: %v", l)
	}
	if got.Has(row(8, 8)) {
		t.Error("deleted, and there")
	}
}

func sorted(model map[string]schema.Value) []string {
	return slices.SortedFunc(maps.Keys(model), func(a, b string) int {
		x, _ := path.Parse(a)
		y, _ := path.Parse(b)
		return path.Compare(x, y)
	})
}

func compareToMap(t *testing.T, got *tree.Tree, model map[string]schema.Value) {
	t.Helper()
	var want, have []string
	for _, p := range sorted(model) {
		want = append(want, p+"="+model[p].Text())
	}
	have = append(have, texts(got)...)
	if diff := cmp.Diff(want, have); diff != "" {
		t.Fatal(diff)
	}
	for i := range got.Len() {
		if j, ok := got.Find(got.At(i).Path); !ok || i != j {
			t.Fatalf("leaf %d %s is found at %d, %v", i, got.At(i).Path, j, ok)
		}
	}
}

func diffAgainstMap(t *testing.T, a, b *tree.Tree, x, y map[string]schema.Value) {
	t.Helper()
	both := maps.Clone(x)
	maps.Copy(both, y)
	var want, have []string
	for _, p := range sorted(both) {
		if x[p] != y[p] {
			want = append(want, fmt.Sprintf("%s %q %q", p, x[p], y[p]))
		}
	}
	for c := range tree.Diff(a, b) {
		have = append(have, fmt.Sprintf("%s %q %q", c.Path, c.Before, c.After))
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Fatal(diff)
	}
}

func TestDiffOfTwoTables(t *testing.T) {
	a := build(t, tree.NewTable(roots(t)), "/top/mode=up", "/top/any=5")
	b := build(t, tree.NewTable(roots(t)), "/top/any=5", "/top/mode=down")
	changes := slices.Collect(tree.Diff(a, b))
	if len(changes) != 1 || changes[0].Path.String() != "/top/mode" || changes[0].Source != 2 {
		t.Errorf("diff %v", changes)
	}
}

func TestNilTree(t *testing.T) {
	var none *tree.Tree
	some := build(t, tree.NewTable(roots(t)), "/top/mode=up")
	if none.Len() != 0 || none.Has(at(t, "/top")) || len(texts(none)) != 0 {
		t.Error("a nil tree is not empty")
	}
	if n := len(slices.Collect(tree.Diff(none, some))) + len(slices.Collect(tree.Diff(some, none))); n != 2 {
		t.Errorf("%d differences", n)
	}
}

func TestTableIsSafeForConcurrentUse(t *testing.T) {
	table := tree.NewTable(roots(t))
	first := build(t, table, leafValues()...)
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			b := tree.NewBuilder(table)
			for i := range 100 {
				p := path.Path{Elems: []path.Elem{{Name: "top"}, {Name: "nest"}, {Name: "row", Keys: []path.Key{{Name: "id", Value: fmt.Sprint((i * (g + 1)) % 256)}}}, {Name: "text"}}}
				if err := b.Set(tree.Leaf{Path: p, Value: schema.StringValue(fmt.Sprint(g, i))}); err != nil {
					t.Error(err)
				}
				for range tree.Diff(first, b.Build()) {
					break
				}
			}
		})
	}
	wg.Wait()
}

func leafValues() []string {
	var out []string
	for _, p := range leafSet() {
		out = append(out, p+"=x")
	}
	return out
}

func TestSources(t *testing.T) {
	var s tree.Sources
	a := s.Add(tree.Source{File: "a.yaml", Line: 1})
	b := s.Add(tree.Source{File: "a.yaml", Line: 2})
	if again := s.Add(tree.Source{File: "a.yaml", Line: 1}); again != a || a == b || a == 0 {
		t.Errorf("numbers %d %d %d", a, b, again)
	}
	if got := s.Get(b); got.Line != 2 {
		t.Errorf("Get gave %v", got)
	}
	if got := s.Get(0); got != (tree.Source{}) {
		t.Errorf("0 is %v", got)
	}
}
