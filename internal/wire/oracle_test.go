package wire_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/openconfig/goyang/pkg/yang"
	"github.com/openconfig/ygot/ygot"
	"github.com/openconfig/ygot/ytypes"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/sim/oc"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/internal/wire"
)

// ours reads JSON with this package.
func ours(t testing.TB, table *tree.Table, text []byte) (*tree.Tree, []tree.Problem) {
	t.Helper()
	b := tree.NewBuilder(table)
	problems := wire.Decoder{Roots: table.Roots()}.Snapshot(b, path.Path{}, text)
	return b.Build(), problems
}

// theirs reads JSON with ytypes, and writes what it understood.
func theirs(text []byte) (*oc.Device, []byte, error) {
	d := &oc.Device{}
	if err := oc.Unmarshal(text, d); err != nil {
		return nil, nil, err
	}
	if err := ytypes.Validate(oc.SchemaTree()["Device"], d, &ytypes.LeafrefOptions{IgnoreMissingData: true}); err != nil {
		return nil, nil, err
	}
	back, err := ygot.EmitJSON(d, &ygot.EmitJSONConfig{Format: ygot.RFC7951, RFC7951Config: &ygot.RFC7951JSONConfig{AppendModuleName: true}, SkipValidation: true})
	return d, []byte(back), err
}

// pool holds texts that fit one type or another, and some that nearly do.
var pool = []string{
	"", "a", "10.0.0.1", "10.0.0.1/24", "2001:db8::1", "2001:db8::/32", "fe80::1%eth0", "256.1.1.1", "10.0.0.01", "00:1c:73:00:00:01", "00:1C:73:0:0:1",
	"65000:100", "10.0.0.1:100", "route-target:65000:10", "32..32", "exact", "1..4094", "5", "-1", "IGP", "+5", "true", "web.example.net", "2001:DB8::A",
	"AAEC", "0x1f", "US", "2024-01-01T00:00:00Z", "49.0001.1921.6800.1001.00", "é", "a b",
}

// candidates returns JSON values for a leaf of the oracle's schema: some of its type and some of any.
func candidates(rng *rand.Rand, typ *yang.YangType) []string {
	quoted := func(s string) string { b, _ := json.Marshal(s); return string(b) }
	var out []string
	switch typ.Kind {
	case yang.Yenum:
		names := typ.Enum.Names()
		out = append(out, quoted(names[rng.IntN(len(names))]))
	case yang.Yidentityref:
		if v := typ.IdentityBase.Values; len(v) > 0 {
			out = append(out, quoted(v[rng.IntN(len(v))].PrefixedName()))
			out = append(out, quoted(v[rng.IntN(len(v))].Name))
		}
	case yang.Ybool:
		out = append(out, "true", "false")
	case yang.Yempty:
		out = append(out, "[null]")
	case yang.Yint8, yang.Yint16, yang.Yint32, yang.Yuint8, yang.Yuint16, yang.Yuint32:
		for _, r := range typ.Range {
			out = append(out, r.Min.String(), r.Max.String())
		}
		out = append(out, fmt.Sprint(rng.IntN(300)), "-129", "70000", "4294967296")
	case yang.Yint64, yang.Yuint64:
		out = append(out, quoted(fmt.Sprint(rng.Uint64()>>1)), `"-1"`)
	case yang.Ydecimal64:
		out = append(out, `"1.5"`, `"-3"`)
	case yang.Yunion:
		for _, m := range typ.Type {
			out = append(out, candidates(rng, m)...)
		}
	}
	for range 4 {
		out = append(out, quoted(pool[rng.IntN(len(pool))]))
	}
	return out
}

// keyFor finds a value for a key leaf by trying.
func keyFor(k schema.Node) (string, bool) {
	for _, text := range append(pool, "BGP", "IPV4_UNICAST", "STANDARD", "SFTP", "IPV4", "ACL_IPV4", "AAA_ACCOUNTING_EVENT_COMMAND", "AAA_AUTHORIZATION_EVENT_COMMAND", "ALL", "ERROR") {
		if c, err := k.Canonical(schema.Text(text)); err == nil && text != "" {
			return k.KeyOf(c), true
		}
	}
	return "", false
}

// leafPath returns a path to an instance of a schema node, with some value for each key.
func leafPath(n schema.Node) (path.Path, bool) {
	p := path.Path{Origin: path.OpenConfig}
	var up []schema.Node
	for m := n; m.ID() != 0; m = m.Parent() {
		up = append(up, m)
	}
	slices.Reverse(up)
	for _, m := range up {
		e := path.Elem{Name: m.Name()}
		for _, k := range m.SortedKeys() {
			v, ok := keyFor(k)
			if !ok {
				return p, false
			}
			e.Keys = append(e.Keys, path.Key{Name: k.Name(), Value: v})
		}
		p = p.Append(e)
	}
	return p, true
}

// document nests a JSON value at a path, with the key leaves of the entries and what those refer to.
func document(r *schema.Roots, p path.Path, value string) []byte {
	root := map[string]any{}
	at := root
	n, _ := r.Node(path.Path{Origin: p.Origin})
	for i, e := range p.Elems {
		n, _ = n.Child(e.Name)
		name := n.Module() + ":" + n.Name()
		if i == len(p.Elems)-1 {
			at[name] = json.RawMessage(value)
			break
		}
		inside, ok := at[name].(map[string]any)
		if !ok {
			inside = map[string]any{}
		}
		at[name] = inside
		if n.Kind() == schema.List {
			at[name] = []any{inside}
			for _, k := range n.SortedKeys() {
				v, _ := e.Key(k.Name())
				c, _ := k.Canonical(schema.Text(v))
				inside[k.Module()+":"+k.Name()] = k.JSON(c)
				for _, ref := range k.References(c) {
					if config := ref.Target.Parent(); config.Parent() == n {
						in, ok := inside[config.Module()+":"+config.Name()].(map[string]any)
						if !ok {
							in = map[string]any{}
						}
						in[ref.Target.Module()+":"+ref.Target.Name()] = ref.Target.JSON(c)
						inside[config.Module()+":"+config.Name()] = in
					}
				}
			}
		}
		at = inside
	}
	text, err := json.Marshal(root)
	if err != nil {
		panic(err)
	}
	return text
}

// oracleLeaf finds a configuration leaf in the oracle's schema.
func oracleLeaf(n schema.Node) *yang.Entry {
	e := oc.SchemaTree()["Device"]
	for _, name := range strings.Split(n.Path(), "/")[1:] {
		if e = e.Dir[name]; e == nil {
			return nil
		}
	}
	return e
}

// TestKnowsWhatYtypesKnows finds every configuration leaf of the oracle in the compiled schema, and the same nature.
func TestKnowsWhatYtypesKnows(t *testing.T) {
	s, _ := openConfig().Schema(path.OpenConfig)
	leaves := 0
	var visit func(e *yang.Entry, n schema.Node)
	visit = func(e *yang.Entry, n schema.Node) {
		for _, c := range e.Dir {
			if c.IsChoice() || c.IsCase() {
				visit(c, n)
				continue
			}
			m, ok := n.Child(c.Name)
			if !ok {
				t.Errorf("%s is not known", c.Path())
				continue
			}
			if m.Config() == c.ReadOnly() {
				t.Errorf("%s: configuration is %v, ytypes says %v", c.Path(), m.Config(), !c.ReadOnly())
			}
			if !m.Config() {
				continue
			}
			kind := map[bool]schema.Kind{c.IsLeaf(): schema.Leaf, c.IsLeafList(): schema.LeafList, c.IsList(): schema.List, c.IsContainer(): schema.Container}[true]
			if m.Kind() != kind || c.ListAttr != nil && m.OrderedByUser() != c.ListAttr.OrderedByUser {
				t.Errorf("%s is a %s ordered by user: %v, ytypes disagrees", c.Path(), m.Kind(), m.OrderedByUser())
			}
			// The oracle's schema has lost the defaults of typedefs.
			if d, ok := c.SingleDefaultValue(); ok && m.Kind() == schema.Leaf && !m.IsKey() {
				if want, err := m.Canonical(schema.Text(d)); err != nil || m.Default() != want {
					t.Errorf("%s: default %q, ytypes has %q, %v", c.Path(), m.Default(), d, err)
				}
			}
			if kind == schema.Leaf {
				leaves++
			}
			visit(c, m)
		}
	}
	visit(oc.SchemaTree()["Device"], s.Root())
	if leaves < 500 {
		t.Errorf("only %d leaves", leaves)
	}
}

// leafrefTarget follows a leafref of the oracle's schema to the type that values have.
func leafrefTarget(e *yang.Entry, n schema.Node) *yang.YangType {
	typ := e.Type
	for typ.Kind == yang.Yleafref {
		refs := n.References("")
		if len(refs) == 0 {
			return typ
		}
		n = refs[0].Target
		if e = oracleLeaf(n); e == nil {
			return typ
		}
		typ = e.Type
	}
	return typ
}

// looser reports whether a value is a number or boolean in quotes: devices send such, and only ytypes refuses them.
func looser(v string) bool {
	text := strings.Trim(v, `[]"`)
	_, err := strconv.ParseInt(text, 10, 64)
	return strings.Contains(v, `"`) && (err == nil || text == "true" || text == "false")
}

// TestLeavesAgainstYtypes puts values into every configuration leaf that both know: one takes what the other takes,
// and understands the same by it.
func TestLeavesAgainstYtypes(t *testing.T) {
	r := openConfig()
	rng := rand.New(rand.NewPCG(7, 8))
	table := tree.NewTable(r)
	s, _ := r.Schema(path.OpenConfig)
	agreed, differ := 0, map[string][]string{}
	for id := range s.Len() {
		n := s.Node(schema.NodeID(id))
		e := oracleLeaf(n)
		if k := n.Kind(); e == nil || k != schema.Leaf && k != schema.LeafList || n.IsKeyAlias() {
			continue
		}
		p, ok := leafPath(n)
		if !ok {
			t.Errorf("no key values for %s", n.Path())
			continue
		}
		values := candidates(rng, leafrefTarget(e, n))
		rng.Shuffle(len(values), func(i, j int) { values[i], values[j] = values[j], values[i] })
		for _, v := range values[:min(len(values), 4)] {
			if n.Kind() == schema.LeafList {
				v = "[" + v + "]"
			}
			text := document(r, p, v)
			mine, problems := ours(t, table, text)
			_, back, err := theirs(text)
			if len(problems) == 0 && err != nil && looser(v) {
				agreed++
				continue
			}
			if (len(problems) == 0) != (err == nil) {
				differ[n.Type()] = append(differ[n.Type()], fmt.Sprintf("%s = %s: ours %v, ytypes %v", n.Path(), v, problems, err))
				continue
			}
			if err != nil {
				agreed++
				continue
			}
			again, problems := ours(t, table, back)
			for c := range tree.Diff(mine, again) {
				problems = append(problems, tree.Problem{Path: c.Path.String(), Reason: fmt.Sprintf("%s is %s", c.Before, c.After)})
			}
			if len(problems) > 0 {
				differ[n.Type()] = append(differ[n.Type()], fmt.Sprintf("%s = %s: came back as %s: %v", n.Path(), v, back, problems))
				continue
			}
			agreed++
		}
	}
	if agreed < 2000 {
		t.Errorf("only %d values were compared", agreed)
	}
	for _, typ := range slices.Sorted(maps.Keys(differ)) {
		t.Errorf("%s: %d values, such as %s", typ, len(differ[typ]), differ[typ][0])
	}
}

// shuffled writes JSON again with the members of every object in random order.
func shuffled(rng *rand.Rand, v any, b *bytes.Buffer) {
	switch v := v.(type) {
	case map[string]any:
		b.WriteByte('{')
		names := slices.Sorted(maps.Keys(v))
		rng.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		for i, name := range names {
			if i > 0 {
				b.WriteString(", ")
			}
			fmt.Fprintf(b, "%q: ", name)
			shuffled(rng, v[name], b)
		}
		b.WriteByte('}')
	case []any:
		b.WriteByte('[')
		for i, it := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			shuffled(rng, it, b)
		}
		b.WriteByte(']')
	default:
		text, _ := json.Marshal(v)
		b.Write(text)
	}
}

// leafSwitchJSON returns a leaf switch and its JSON.
func leafSwitchJSON(t testing.TB, table *tree.Table, n int) (*tree.Tree, []byte) {
	t.Helper()
	want := leafSwitch(t, table, n)
	root := path.Path{Origin: path.OpenConfig}
	node, _ := table.Roots().Node(root)
	text, err := wire.JSON(node, root, slices.Collect(want.All()))
	if err != nil {
		t.Fatal(err)
	}
	return want, text
}

func TestRandomOrderAgainstYtypes(t *testing.T) {
	table := tree.NewTable(openConfig())
	want, text := leafSwitchJSON(t, table, 500)
	rng := rand.New(rand.NewPCG(9, 10))
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		var other bytes.Buffer
		shuffled(rng, v, &other)
		mine, problems := ours(t, table, other.Bytes())
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		_, back, err := theirs(other.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		again, problems := ours(t, table, back)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		for _, got := range []*tree.Tree{mine, again} {
			for c := range tree.Diff(want, got) {
				t.Fatalf("another order gave another %s: %q, not %q", c.Path, c.After, c.Before)
			}
		}
	}
}

// TestDiffAgainstYgot changes random leaves and compares what both diffs name.
func TestDiffAgainstYgot(t *testing.T) {
	table := tree.NewTable(openConfig())
	before, text := leafSwitchJSON(t, table, 400)
	theirBefore, _, err := theirs(text)
	if err != nil {
		t.Fatal(err)
	}
	root, _ := table.Roots().Node(path.Path{})
	rng := rand.New(rand.NewPCG(11, 12))
	for range 10 {
		b := before.Builder()
		for range 1 + rng.IntN(20) {
			l := before.At(rng.IntN(before.Len()))
			switch n, _ := table.Roots().Node(l.Path); {
			case rng.IntN(2) == 0 || n.Name() != "description":
				b.Delete(l.Path)
			default:
				l.Value = schema.StringValue(fmt.Sprint("changed ", rng.IntN(10)))
				if err := b.Set(l); err != nil {
					t.Fatal(err)
				}
			}
		}
		after := b.Build()
		text, err := wire.JSON(root, path.Path{Origin: path.OpenConfig}, slices.Collect(after.All()))
		if err != nil {
			t.Fatal(err)
		}
		theirAfter := &oc.Device{}
		if err := oc.Unmarshal(text, theirAfter); err != nil {
			t.Fatal(err)
		}
		n, err := ygot.Diff(theirBefore, theirAfter)
		if err != nil {
			t.Fatal(err)
		}
		u := wire.Decoder{Roots: table.Roots()}.Notification(n)
		if len(u.Problems) > 0 {
			t.Fatal(u.Problems)
		}
		want, got := map[string]schema.Value{}, map[string]schema.Value{}
		for _, p := range u.Deletes {
			want[p.String()] = ""
		}
		for _, l := range u.Leaves {
			want[l.Path.String()] = l.Value
		}
		for c := range tree.Diff(before, after) {
			got[c.Path.String()] = c.After
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("(-ygot +ours)\n%s", diff)
		}
	}
}
