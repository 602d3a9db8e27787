package wire_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/internal/wire"
)

// TestCheck compares what Check finds with what building a tree and Diff find.
func TestCheck(t *testing.T) {
	r := roots(t)
	d := wire.Decoder{Roots: r}
	table := tree.NewTable(r)
	rng := rand.New(rand.NewPCG(5, 6))
	different := 0
	for range 300 {
		want := randomTree(t, table, rng)
		have := want
		if rng.IntN(4) > 0 {
			have = randomTree(t, tree.NewTable(r), rng)
		}
		for _, prefix := range []string{"/", "/top", "/top/server", "/top/nest/row", "/top/nest/row[id=2]", "/top/mode"} {
			at := at(t, prefix)
			n, _ := r.Node(at)
			leaves := slices.Collect(have.Under(at))
			if len(leaves) == 0 {
				continue
			}
			text, err := wire.JSON(n, at, leaves)
			if err != nil {
				t.Fatal(err)
			}
			got, problems := d.Check(want, at, text)
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			b := want.Builder()
			b.Delete(at)
			if problems := d.Snapshot(b, at, text); len(problems) > 0 {
				t.Fatal(problems)
			}
			expect := slices.Collect(tree.Diff(want, b.Build()))
			if diff := cmp.Diff(expect, got); diff != "" {
				t.Fatalf("at %s: %s\n%s", prefix, diff, text)
			}
			different += len(got)
		}
	}
	if different == 0 {
		t.Error("the trees never differed")
	}
}

func TestCheckProblems(t *testing.T) {
	r := roots(t)
	table := tree.NewTable(r)
	b := tree.NewBuilder(table)
	for _, l := range []tree.Leaf{leaf(t, "/top/mode", "up"), leaf(t, "/top/large", "5"), leaf(t, "/from-sub/x", `a"b\c`)} {
		if err := b.Set(l); err != nil {
			t.Fatal(err)
		}
	}
	d := wire.Decoder{Roots: r}
	changes, problems := d.Check(b.Build(), at(t, "/"), []byte(`{"top": {"mode": "sideways", "large": "5", "new": 1}, "from-sub": {"x": "a\"b\\c"}}`))
	if len(changes) != 0 || len(problems) != 2 {
		t.Errorf("changes %v, problems %v", changes, problems)
	}
	if changes, problems = d.Check(b.Build(), path.Path{}, []byte(`{`)); len(changes) != 0 || len(problems) != 1 {
		t.Errorf("broken JSON: changes %v, problems %v", changes, problems)
	}
}
