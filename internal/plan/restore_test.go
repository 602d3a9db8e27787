package plan

import (
	"slices"
	"testing"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
)

// restores checks that a device of any state is brought to a backup of any other one, all at once.
func restores(t *testing.T, in Input, kept *tree.Tree) {
	t.Helper()
	in.Protected, in.Scope = Protection{}, Scope{}
	in.Part, in.Kept = Restore, kept
	r := Compute(in)
	if len(r.Claims)+len(r.Releases) > 0 {
		t.Errorf("the restore claims %v and releases %v", r.Claims, r.Releases)
	}
	now := send(t, in.Observed, r.Edit)
	for ch := range tree.Diff(kept, now) {
		if n, _ := in.Roots.Node(ch.Path); ch.Before == "" && n.Default() == ch.After {
			continue // nobody configured it
		}
		t.Errorf("after the restore: %s is %q, was %q\n%s", ch.Path, ch.After, ch.Before, editText(r.Edit))
	}
	in.Observed = now
	if again := Compute(in); !again.Edit.Empty() {
		t.Errorf("the restore of what is restored:\n%s", editText(again.Edit))
	}
}

func TestRestoreBringsBackEverything(t *testing.T) {
	table := tree.NewTable(openConfigRoots())
	base := Input{Device: "leaf1", Roots: table.Roots(), Secrets: NewSecrets(testKey, nil)}
	of := func(lines map[string]schema.Value) *tree.Tree {
		b := tree.NewBuilder(table)
		for text, v := range lines {
			if err := b.Set(tree.Leaf{Path: parsePath(t, text), Value: v}); err != nil {
				t.Fatal(err)
			}
		}
		return b.Build()
	}
	const a, b = "/interfaces/interface[name=Ethernet1]/config", "/interfaces/interface[name=Ethernet2]/config"
	const list = "/routing-policy/policy-definitions/policy-definition[name=p]/statements/statement"
	states := []map[string]schema.Value{
		{},
		{a + "/name": "sEthernet1", a + "/description": "sone", a + "/mtu": "i1500"},
		{a + "/name": "sEthernet1", a + "/description": "stwo", b + "/name": "sEthernet2", b + "/mtu": "i9000"},
		{list + "[name=x]/config/name": "sx", list + "[name=y]/config/name": "sy", list: schema.KeysValue([]string{"[name=x]", "[name=y]"})},
		{list + "[name=x]/config/name": "sx", list + "[name=y]/config/name": "sy", list: schema.KeysValue([]string{"[name=y]", "[name=x]"})},
	}
	for _, from := range states {
		for _, to := range states {
			in := base
			in.Observed = of(from)
			restores(t, in, of(to))
		}
	}
}

// What the device is reached through, what the scope does not let be written, and a secret of which only the digest is
// known stay, and the plan says why. A secret that the intents name comes back.
func TestRestoreLeaves(t *testing.T) {
	table := tree.NewTable(openConfigRoots())
	secrets := NewSecrets(testKey, nil)
	const up, ours, theirs = "/interfaces/interface[name=Management0]/config", "/interfaces/interface[name=Ethernet1]/config", "/system/config"
	lost, known := "/system/aaa/authentication/users/user[username=a]/config/password", "/system/aaa/authentication/users/user[username=b]/config/password"
	of := func(digests bool, lines map[string]schema.Value) *tree.Tree {
		b := tree.NewBuilder(table)
		for text, v := range lines {
			p := parsePath(t, text)
			if digests {
				v = secrets.Digest(p, v)
			}
			if err := b.Set(tree.Leaf{Path: p, Value: v}); err != nil {
				t.Fatal(err)
			}
		}
		return b.Build()
	}
	in := Input{
		Device: "leaf1", Roots: table.Roots(), Secrets: secrets, Part: Restore,
		Observed: of(false, map[string]schema.Value{up + "/description": "snow", up + "/mtu": "i1400", ours + "/description": "snow", theirs + "/hostname": "snow", lost: "sx", known: "sx"}),
		Kept:     of(true, map[string]schema.Value{up + "/description": "sthen", ours + "/description": "sthen", theirs + "/hostname": "sthen", lost: "slost", known: "sknown"}),
		Desired:  of(false, map[string]schema.Value{known: "sknown", lost: "sanother"}),
		Unkept:   []tree.Problem{{Path: "/nonsense", Reason: "unknown"}},
	}
	in.Protected = Protection{patterns: []path.Pattern{mustPattern(t, "/interfaces/interface[name=Management0]")}}
	in.Scope = addScope(t, in.Scope, "/system/config", "report")
	r := Compute(in)
	if got, want := editText(r.Edit), "update "+ours+"/description = then\nupdate "+known+" = known\n"; got != want {
		t.Errorf("edit\n%swant\n%s", got, want)
	}
	var notes []string
	for _, n := range r.Plan.Notes {
		notes = append(notes, n.Path+": "+n.Text)
	}
	want := []string{
		up + "/description: protected: stays as it is",
		up + "/mtu: protected: stays as it is",
		"/nonsense: cannot be brought back: unknown",
		lost + ": cannot be brought back: it is secret, a backup has only its digest, and the intents name no such secret",
		theirs + "/hostname: wanted, but the scope is report",
	}
	if !slices.Equal(notes, want) {
		t.Errorf("notes %q, want %q", notes, want)
	}
}
