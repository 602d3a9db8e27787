package srlinux

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tenter-net/tenter/intents"
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/render/dialect"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/schemas"
)

var names = profile.Names{
	Ethernet: "ethernet-1/{number}", FirstPort: 1, PortStep: 1, LAG: "lag{number}", Loopback: "lo{number}", VLAN: "irb0.{number}",
	DefaultInstance: "default",
}

func table() *tree.Table {
	return tree.NewTable(schema.NewRoots(map[string]*schema.Schema{origin: schemas.SRLinux()}))
}

func writer(t *tree.Table) *dialect.Writer {
	return dialect.NewWriter(t, func(name string) (string, bool) { return "s3cret", name == "known" })
}

// example compiles the example intents.
func example(t *testing.T) *fabric.Fabric {
	t.Helper()
	set, diags := intent.Load(intents.Files, intent.Options{})
	if diags.HasErrors() {
		t.Fatal(diags.Text())
	}
	f, diags := fabric.Compile(set, nil)
	if diags.HasErrors() {
		t.Fatal(diags.Text())
	}
	return f
}

// TestEachLeafHasOneItem is what makes a change of one item a change of its own leaves only: no other item writes any of
// them, and nothing is left for the tree to add, which would stay when the item goes.
func TestEachLeafHasOneItem(t *testing.T) {
	for _, d := range example(t).Devices {
		tbl := table()
		owner := map[string]string{}
		b := tree.NewBuilder(tbl)
		for _, i := range Items(d, names) {
			w := writer(tbl)
			i.Render(w)
			for _, l := range w.Leaves {
				p := l.Path().String()
				if other, twice := owner[p]; twice {
					t.Errorf("%s: %s is of %s and of %s", d.Name, p, other, i.Key)
				}
				owner[p] = i.Key
				if err := b.Set(tree.Leaf{Path: l.Path(), Value: l.Value}); err != nil {
					t.Fatal(err)
				}
			}
		}
		for l := range b.Build().All() {
			if owner[l.Path.String()] == "" {
				t.Errorf("%s: %s is of no item", d.Name, l.Path)
			}
		}
	}
}

// rendered returns the leaves below a path and the problems of a device.
func rendered(t *testing.T, d *fabric.Device, below string) (leaves []string, problems []dialect.Problem) {
	t.Helper()
	w := writer(table())
	for _, i := range Items(d, names) {
		i.Render(w)
	}
	for _, l := range w.Leaves {
		p := l.Path()
		last := len(p.Elems) - 1
		if last > 0 && slices.ContainsFunc(p.Elems[last-1].Keys, func(k path.Key) bool { return k.Name == p.Elems[last].Name }) {
			continue
		}
		if text := fmt.Sprintf("%s = %s", p, l.Value.Text()); strings.HasPrefix(text, origin+":"+below) {
			leaves = append(leaves, strings.TrimPrefix(text, origin+":"+below))
		}
	}
	slices.Sort(leaves)
	return leaves, w.Problems
}
