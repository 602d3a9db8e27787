package drift_test

import (
	"fmt"

	"github.com/tenter-net/tenter/internal/drift"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/schemas"
)

func Example() {
	roots := schema.NewRoots(map[string]*schema.Schema{path.OpenConfig: schemas.OpenConfig()})
	table := tree.NewTable(roots)
	mtu, _ := path.Parse("/interfaces/interface[name=Ethernet1]/config/mtu")
	as := func(text string) tree.Leaf {
		v, _ := roots.Canonical(mtu, text)
		return tree.Leaf{Path: mtu, Value: v}
	}
	b := tree.NewBuilder(table)
	_ = b.Set(as("9214"))

	s := drift.New(table)
	s.Expect(drift.Expected{Desired: b.Build(), Owned: []drift.Owned{{Path: mtu, Value: as("9214").Value, Applied: true}}})
	s.Begin()
	s.Fold(tree.Update{Leaves: []tree.Leaf{as("9214")}})
	s.Fold(tree.Update{Sync: true})

	for _, f := range s.Fold(tree.Update{Leaves: []tree.Leaf{as("1500")}}).Changed {
		fmt.Println(f.Class, f.Path, f.Want.Text(), "->", f.Have.Text())
	}
	// Output:
	// changed /interfaces/interface[name=Ethernet1]/config/mtu 9214 -> 1500
}
