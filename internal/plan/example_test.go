package plan_test

import (
	"fmt"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/schemas"
)

// An interface was shut behind Tenter's back.
func ExampleCompute() {
	roots := schema.NewRoots(map[string]*schema.Schema{path.OpenConfig: schemas.OpenConfig()})
	table := tree.NewTable(roots)
	leaf := func(value schema.Value) *tree.Tree {
		p, _ := path.Parse("/interfaces/interface[name=Ethernet49]/config/enabled")
		b := tree.NewBuilder(table)
		_ = b.Set(tree.Leaf{Path: p, Value: value})
		return b.Build()
	}
	r := plan.Compute(plan.Input{
		Device: "leaf1", Roots: roots, Secrets: plan.NewSecrets(nil, nil),
		Desired: leaf("btrue"), Applied: leaf("btrue"), Observed: leaf("bfalse"),
	})
	p := plan.New(plan.Cause{Trigger: plan.ByManual}, plan.Origin{}, []plan.DevicePlan{r.Plan})
	fmt.Print(p.Text())
	// Output:
	// Plan 87a67561b66e: +0 ~1 -0 on 1 device, low risk
	//
	// leaf1  +0 ~1 -0
	//   /interfaces/interface[name=Ethernet49]
	//     ~ config/enabled  false -> true
	//
	// Plan: 0 to add, 1 to change, 0 to delete on 1 device.
}
