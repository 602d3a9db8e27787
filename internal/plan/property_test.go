package plan

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
)

// TestAnyDevice computes plans for random devices and checks what every plan promises: a device that does as it is told
// needs no more, undoing brings everything back, and what is not Tenter's to write is never touched.
func TestAnyDevice(t *testing.T) {
	roots := openConfigRoots()
	for seed := range uint64(500) {
		r := rand.New(rand.NewPCG(seed, 1))
		table := tree.NewTable(roots)
		in := Input{Device: "leaf1", Roots: roots, Secrets: NewSecrets(testKey, nil), Desired: randomTree(t, r, table), Observed: randomTree(t, r, table)}
		in.Applied = digested(t, table, in.Secrets, randomTree(t, r, table))
		in.Part = []Part{Whole, Pending, Remedy}[r.IntN(3)]
		for _, rule := range []fabric.ScopeAction{fabric.Own, fabric.Report, fabric.Ignore} {
			if r.IntN(3) == 0 {
				in.Scope = addScope(t, in.Scope, randomPattern(r), rule)
			}
		}
		if r.IntN(3) == 0 {
			p, err := path.ParsePattern(randomPattern(r))
			if err != nil {
				t.Fatal(err)
			}
			in.Protected.patterns = append(in.Protected.patterns, p)
		}
		result := Compute(in)
		converges(t, in, result)
		// Else an entry of ours may have to stay with its name, or a list with its order.
		if !slices.ContainsFunc(in.Scope.rules, func(r scopeRule) bool { return r.action != fabric.Own }) {
			undoes(t, in, result)
			reverses(t, in, result)
		}
		harmless(t, in, result)
		if t.Failed() {
			t.Fatalf("seed %d: scope %v protected %v part %q\nobserved\n%sdesired\n%sapplied\n%sedit\n%s", seed, in.Scope, in.Protected, in.Part,
				treeText(in.Observed), treeText(in.Desired), treeText(in.Applied), editText(result.Edit))
		}
	}
}

// harmless checks what an edit never does.
func harmless(t *testing.T, in Input, r Result) {
	t.Helper()
	after := send(t, in.Observed, r.Edit)
	for ch := range tree.Diff(in.Observed, after) {
		if !in.Scope.Writes(ch.Path) && ch.Path.Last().Name != "statement" { // a list keeps account of its entries by itself
			t.Errorf("%s: outside the scope, and changed", ch.Path)
		}
		if ch.After == "" && ch.Before.Kind() != schema.KindKeys && in.Protected.Covers(ch.Path) {
			t.Errorf("%s: protected, and deleted", ch.Path)
		}
		_, applied := in.Applied.Find(ch.Path)
		_, wanted := in.Desired.Find(ch.Path)
		n, _ := in.Roots.Node(ch.Path)
		if ch.After == "" && in.Scope.Action(ch.Path) == fabric.Merge && !applied && ch.Before.Kind() != schema.KindKeys && n.Default() != ch.Before {
			t.Errorf("%s: foreign, and deleted", ch.Path)
		}
		if in.Part == Remedy && ch.After != "" && ch.After.Kind() != schema.KindKeys && !applied && wanted {
			t.Errorf("%s: pending, and shipped by a remedy", ch.Path)
		}
	}
	for _, s := range r.Edit.Replaces {
		if len(s.Leaves) == 0 {
			t.Errorf("%s: replaced by nothing", s.Path)
		}
	}
}

func treeText(tr *tree.Tree) string {
	text := ""
	for l := range tr.All() {
		text += fmt.Sprintf("  %s = %s\n", l.Path, l.Value.Text())
	}
	return text
}

// randomTree has some interfaces with subinterfaces, VLANs and one policy with an ordered list of statements.
func randomTree(t *testing.T, r *rand.Rand, table *tree.Table) *tree.Tree {
	t.Helper()
	b := tree.NewBuilder(table)
	set := func(text, value string) {
		p := parsePath(t, text)
		if err := b.Set(tree.Leaf{Path: p, Value: parseValue(t, table.Roots(), p, value)}); err != nil {
			t.Fatal(err)
		}
	}
	some := func() bool { return r.IntN(3) > 0 }
	for i := range 3 {
		if !some() {
			continue
		}
		at := fmt.Sprintf("/interfaces/interface[name=Ethernet%d]", i)
		set(at+"/config/name", fmt.Sprintf("Ethernet%d", i))
		if some() {
			set(at+"/config/mtu", []string{"1500", "9000"}[r.IntN(2)])
		}
		if some() {
			set(at+"/config/enabled", []string{"true", "false"}[r.IntN(2)])
		}
		if some() {
			set(at+"/subinterfaces/subinterface[index=0]/config/index", "0")
			if some() {
				set(at+"/subinterfaces/subinterface[index=0]/ipv4/addresses/address[ip=10.0.0.1]/config/ip", "10.0.0.1")
			}
		}
	}
	randomPolicy(r, set)
	return b.Build()
}

func randomPolicy(r *rand.Rand, set func(text, value string)) {
	const policy = "/routing-policy/policy-definitions/policy-definition[name=p]"
	set(policy+"/config/name", "p")
	names := []string{"a", "b", "c", "d"}
	r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	names = names[:r.IntN(len(names)+1)]
	seq := ""
	for _, n := range names {
		seq += "[name=" + n + "] "
		set(policy+"/statements/statement[name="+n+"]/config/name", n)
		if r.IntN(2) == 0 {
			set(policy+"/statements/statement[name="+n+"]/actions/config/policy-result", []string{"ACCEPT_ROUTE", "REJECT_ROUTE"}[r.IntN(2)])
		}
	}
	if len(names) > 0 {
		set(policy+"/statements/statement", seq)
	}
}

func randomPattern(r *rand.Rand) string {
	return []string{
		"/interfaces", "/interfaces/interface[name=Ethernet1]", "/interfaces/interface/subinterfaces", "/interfaces/interface/config/mtu",
		"/routing-policy", "/routing-policy/policy-definitions/policy-definition/statements/statement[name=b]",
	}[r.IntN(6)]
}
