package plan

import (
	"slices"
	"testing"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
)

// reverses checks that the plan which takes r back brings everything back, and then has nothing left to do.
func reverses(t *testing.T, in Input, r Result) {
	t.Helper()
	in.Protected = Protection{} // what is protected and was not there stays
	was := in.Observed
	in.Observed, in.Part, in.Back = send(t, was, r.Edit), Reverse, r.Writes
	back := Compute(in)
	if len(back.Claims)+len(back.Releases) > 0 {
		t.Errorf("the reverse claims %v and releases %v", back.Claims, back.Releases)
	}
	now := send(t, in.Observed, back.Edit)
	for ch := range tree.Diff(was, now) {
		t.Errorf("after the reverse: %s is %q, was %q\n%s", ch.Path, ch.After, ch.Before, editText(back.Edit))
	}
	in.Observed = now
	if again := Compute(in); !again.Edit.Empty() {
		t.Errorf("the reverse of what is reversed:\n%s", editText(again.Edit))
	}
}

// What somebody changed after the run, what is secret and what is protected stays, and the plan says why.
func TestReverseLeaves(t *testing.T) {
	table := tree.NewTable(openConfigRoots())
	const uplink, spare = "/interfaces/interface[name=Ethernet49]/config", "/interfaces/interface[name=Ethernet50]/config"
	in := Input{Device: "leaf1", Roots: table.Roots(), Secrets: NewSecrets(testKey, []path.Path{parsePath(t, spare+"/description")}), Part: Reverse}
	wrote := map[string][2]schema.Value{
		uplink + "/description": {"sold", "snew"},
		uplink + "/mtu":         {"i1500", "i9214"},
		uplink + "/enabled":     {"", "bfalse"},
		spare + "/description":  {"sformer", "slatter"},
	}
	b := tree.NewBuilder(table)
	for text, v := range wrote {
		p := parsePath(t, text)
		now := v[1]
		if text == uplink+"/mtu" {
			now = "i1400" // by a stranger
		}
		if err := b.Set(tree.Leaf{Path: p, Value: now}); err != nil {
			t.Fatal(err)
		}
		in.Back = append(in.Back, tree.Change{Path: p, Before: in.Secrets.Digest(p, v[0]), After: in.Secrets.Digest(p, v[1])})
	}
	slices.SortFunc(in.Back, byPath)
	in.Observed = b.Build()
	in.Protected = Protection{patterns: []path.Pattern{mustPattern(t, uplink+"/enabled")}}
	r := Compute(in)
	if got, want := editText(r.Edit), "update "+uplink+"/description = old\n"; got != want {
		t.Errorf("edit\n%swant\n%s", got, want)
	}
	var notes []string
	for _, n := range r.Plan.Notes {
		notes = append(notes, n.Path+": "+n.Text)
	}
	want := []string{
		uplink + "/enabled: protected: never deleted",
		uplink + "/mtu: stays: somebody has changed it since",
		spare + "/description: stays: what was there is secret, and only its digest is known",
	}
	if !slices.Equal(notes, want) {
		t.Errorf("notes %q, want %q", notes, want)
	}
}

func mustPattern(t *testing.T, text string) path.Pattern {
	t.Helper()
	p, err := path.ParsePattern(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
