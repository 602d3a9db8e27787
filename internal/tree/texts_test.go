package tree_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/schemas"
)

// TestTextsAreThePathsUnder compares Texts with Under, below every node of a tree.
func TestTextsAreThePathsUnder(t *testing.T) {
	b := tree.NewBuilder(tree.NewTable(schema.NewRoots(map[string]*schema.Schema{path.OpenConfig: schemas.OpenConfig()})))
	for text, v := range map[string]schema.Value{
		"/system/config/hostname":                                                                "sleaf1",
		"/interfaces/interface[name=Ethernet1]/config/name":                                      "sEthernet1",
		`/interfaces/interface[name=odd\]na\\me]/config/description`:                             "s]",
		"/interfaces/interface[name=Ethernet1]/subinterfaces/subinterface[index=7]/config/index": "i7",
		"/interfaces/interface[name=Ethernet1]/subinterfaces/subinterface[index=8]/config/index": "i8",
		"/network-instances/network-instance[name=red]/vlans/vlan[vlan-id=40]/config/name":       "sweb",
	} {
		p, err := path.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Set(tree.Leaf{Path: p, Value: v}); err != nil {
			t.Fatal(err)
		}
	}
	built := b.Build()
	prefixes := map[string]path.Path{"/": {Origin: path.OpenConfig}}
	for l := range built.All() {
		for p := l.Path; len(p.Elems) > 0; p = p.Parent() {
			prefixes[p.String()] = p
		}
	}
	for _, p := range prefixes {
		type line struct{ Path, Value string }
		var want, got []line
		for l := range built.Under(p) {
			want = append(want, line{l.Path.String(), string(l.Value)})
		}
		for text, v := range built.Texts(p) {
			got = append(got, line{string(text), string(v)})
		}
		if diff := cmp.Diff(want, got); diff != "" || len(want) == 0 {
			t.Errorf("under %s: -Under +Texts:\n%s", p, diff)
		}
	}
}
