package plan

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
)

// TestTogether plans one leaf of a couple, and takes it back.
func TestTogether(t *testing.T) {
	at := func(text string) profile.Path { return profile.Path{Path: parsePath(t, text)} }
	together := NewTogether(&profile.Profile{Together: [][]profile.Path{
		{at("/interfaces/interface[name=*]/config/mtu"), at("/interfaces/interface[name=*]/config/description")},
	}})
	table := tree.NewTable(openConfigRoots())
	build := func(pairs ...string) *tree.Tree {
		b := tree.NewBuilder(table)
		for i := 0; i < len(pairs); i += 2 {
			p := parsePath(t, "/interfaces/interface[name="+pairs[i]+"]/config/mtu")
			if err := b.Set(tree.Leaf{Path: p, Value: schema.Value("i" + pairs[i+1])}); err != nil {
				t.Fatal(err)
			}
			if err := b.Set(tree.Leaf{Path: parsePath(t, "/interfaces/interface[name="+pairs[i]+"]/config/description"), Value: "slabel"}); err != nil {
				t.Fatal(err)
			}
		}
		return b.Build()
	}
	want := build("Ethernet1", "9000", "Ethernet2", "9000")
	in := Input{
		Device: "leaf1", Roots: openConfigRoots(), Sources: &tree.Sources{}, Secrets: NewSecrets(testKey, nil), Together: together,
		Desired: want, Applied: want, Observed: build("Ethernet1", "1500", "Ethernet2", "9000"), Part: Remedy,
	}
	r := Compute(in)
	sent := func(e tree.Edit) (out []string) {
		for _, u := range e.Updates {
			out = append(out, u.Path.String()+" "+u.Value.Text())
		}
		return out
	}
	both := []string{"/interfaces/interface[name=Ethernet1]/config/mtu 9000", "/interfaces/interface[name=Ethernet1]/config/description label"}
	if diff := cmp.Diff(both, sent(r.Edit)); diff != "" {
		t.Errorf("-want +sent:\n%s", diff)
	}
	if len(r.Writes) != 1 || len(r.Plan.Changes) != 1 || len(r.Plan.Notes) != 1 {
		t.Errorf("%d writes, changes %+v, notes %+v", len(r.Writes), r.Plan.Changes, r.Plan.Notes)
	}
	in.Observed = want
	back := []string{"/interfaces/interface[name=Ethernet1]/config/mtu 1500", "/interfaces/interface[name=Ethernet1]/config/description label"}
	if diff := cmp.Diff(back, sent(Undo(in, r.Writes))); diff != "" {
		t.Errorf("-want +taken back:\n%s", diff)
	}
	if got := together.with(path.Path{Origin: path.OpenConfig}); got != nil {
		t.Errorf("the root goes with %v", got)
	}
}
