package wire_test

import (
	"testing"

	"github.com/openconfig/goyang/pkg/yang"
	"github.com/openconfig/ygot/ygot"
	"github.com/openconfig/ygot/ytypes"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/sim/oc"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/internal/wire"
)

// The tests here are where ytypes is known to be wrong, or generated structs say too little, and must not be followed.

type measured struct {
	Watts *float64 `path:"watts"`
}

func (*measured) IsYANGGoStruct() {}

func (*measured) ΛValidate(...ygot.ValidationOption) error { return nil }

func (*measured) ΛBelongingModule() string { return "" }

func (*measured) ΛEnumTypeMap() map[string][]any { return nil }

// TestDecimal64BeyondFloat64 has two values that are one float64.
func TestDecimal64BeyondFloat64(t *testing.T) {
	entry := &yang.Entry{Name: "m", Kind: yang.DirectoryEntry, Dir: map[string]*yang.Entry{
		"watts": {Name: "watts", Kind: yang.LeafEntry, Type: &yang.YangType{Kind: yang.Ydecimal64, FractionDigits: 2}},
	}}
	var same [2]float64
	for i, v := range []string{"92233720368547758.06", "92233720368547758.07"} {
		m := &measured{}
		if err := ytypes.Unmarshal(entry, m, map[string]any{"watts": v}); err != nil {
			t.Fatal(err)
		}
		same[i] = *m.Watts
	}
	if same[0] != same[1] {
		t.Error("ytypes tells them apart now")
	}
	table := tree.NewTable(decimals(t))
	a, problemsA := ours(t, table, []byte(`{"watts": "92233720368547758.06"}`))
	b, problemsB := ours(t, table, []byte(`{"watts": "92233720368547758.07"}`))
	if len(problemsA)+len(problemsB) > 0 {
		t.Fatal(problemsA, problemsB)
	}
	changes := 0
	for c := range tree.Diff(a, b) {
		changes++
		if c.After.Text() != "92233720368547758.07" {
			t.Errorf("after %s", c.After.Text())
		}
	}
	if changes != 1 {
		t.Errorf("%d changes", changes)
	}
}

// TestLeafListOrder has one leaf-list in two orders, which mean the same where the system orders it.
func TestLeafListOrder(t *testing.T) {
	const one = `{"openconfig-system:system": {"dns": {"config": {"search": ["a.example", "b.example"]}}}}`
	const two = `{"openconfig-system:system": {"dns": {"config": {"search": ["b.example", "a.example"]}}}}`
	trunk := func(order string) string {
		return `{"openconfig-interfaces:interfaces": {"interface": [{"name": "e1", "config": {"name": "e1"},
			"openconfig-if-ethernet:ethernet": {"openconfig-vlan:switched-vlan": {"config": {"trunk-vlans": ` + order + `}}}}]}}`
	}
	first, second := &oc.Device{}, &oc.Device{}
	for text, d := range map[string]*oc.Device{trunk("[1, 2]"): first, trunk("[2, 1]"): second} {
		if err := oc.Unmarshal([]byte(text), d); err != nil {
			t.Fatal(err)
		}
	}
	n, err := ygot.Diff(first, second)
	if err != nil || len(n.GetUpdate()) == 0 {
		t.Errorf("ygot knows that the order says nothing now: %v, %v", n, err)
	}
	table := tree.NewTable(openConfig())
	for _, tt := range []struct {
		a, b    string
		changes int
	}{{trunk("[1, 2]"), trunk("[2, 1]"), 0}, {one, two, 1}} {
		a, _ := ours(t, table, []byte(tt.a))
		b, _ := ours(t, table, []byte(tt.b))
		changes := 0
		for range tree.Diff(a, b) {
			changes++
		}
		if changes != tt.changes || a.Len() == 0 {
			t.Errorf("%s: %d changes, want %d", tt.b, changes, tt.changes)
		}
	}
}

// TestUnionNumberAndText has 5 and "5" in a union of both, which are different values.
func TestUnionNumberAndText(t *testing.T) {
	table := tree.NewTable(roots(t))
	d := wire.Decoder{Roots: table.Roots()}
	var trees [2]*tree.Tree
	for i, text := range []string{`{"any": 5}`, `{"any": "5"}`} {
		b := tree.NewBuilder(table)
		if problems := d.Snapshot(b, at(t, "/top"), []byte(text)); len(problems) > 0 {
			t.Fatal(problems)
		}
		trees[i] = b.Build()
		leaf, _ := trees[i].Get(at(t, "/top/any"))
		back, err := wire.JSON(mustNode(t, table, "/top"), at(t, "/top"), []tree.Leaf{leaf})
		if err != nil || string(back) != [...]string{`{"base:any":5}`, `{"base:any":"5"}`}[i] {
			t.Errorf("%s came back as %s, %v", text, back, err)
		}
	}
	changes := 0
	for range tree.Diff(trees[0], trees[1]) {
		changes++
	}
	if changes != 1 {
		t.Errorf("%d changes", changes)
	}
}

// TestPresenceAndEmpty has what is there by being there, with no value to compare.
func TestPresenceAndEmpty(t *testing.T) {
	table := tree.NewTable(roots(t))
	d := wire.Decoder{Roots: table.Roots()}
	b := tree.NewBuilder(table)
	text := `{"marker": [null], "server": [{"name": "a", "id": 1, "address": {"tls": {}}}]}`
	if problems := d.Snapshot(b, at(t, "/top"), []byte(text)); len(problems) > 0 {
		t.Fatal(problems)
	}
	got := b.Build()
	for _, p := range []string{"/top/marker", "/top/server[id=1][name=a]/address/tls"} {
		if _, ok := got.Get(at(t, p)); !ok {
			t.Errorf("%s is not there", p)
		}
	}
	var leaves []tree.Leaf
	for l := range got.All() {
		leaves = append(leaves, l)
	}
	back, err := wire.JSON(mustNode(t, table, "/top"), at(t, "/top"), leaves)
	if err != nil {
		t.Fatal(err)
	}
	if changes, problems := d.Check(got, at(t, "/top"), back); len(changes)+len(problems) > 0 {
		t.Errorf("%s: %v %v", back, changes, problems)
	}
	if changes, _ := d.Check(got, path.Path{}, []byte(`{"top": {"server": [{"name": "a", "id": 1}]}}`)); len(changes) != 2 {
		t.Errorf("without both: %v", changes)
	}
}
