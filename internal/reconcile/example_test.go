package reconcile

import (
	"context"
	"fmt"
	"os"
	"time"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/assign"
	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/internal/view"
	"github.com/tenter-net/tenter/schemas"
)

// A person enrolls a device, has it planned, takes the plan, and has it run.
func Example() {
	ok := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	dir, err := os.MkdirTemp("", "reconcile")
	ok(err)
	defer os.RemoveAll(dir)
	ctx := context.Background()
	s, err := store.Open(ctx, store.Options{Dir: dir, Fabric: "dc1", Worker: "w1", Log: zap.NewNop()})
	ok(err)
	profiles, err := profile.Load(nil)
	ok(err)
	family, err := profiles.Get("openconfig-sim")
	ok(err)

	roots := schema.NewRoots(map[string]*schema.Schema{path.OpenConfig: schemas.OpenConfig()})
	table := tree.NewTable(roots)
	leaf1 := &device{name: "leaf1", table: table, running: tree.NewBuilder(table).Build(), serial: "1234"}
	hostname, err := path.Parse("/system/config/hostname")
	ok(err)
	value, err := roots.Canonical(hostname, "leaf1")
	ok(err)
	sources := &tree.Sources{}
	desired := tree.NewBuilder(table)
	ok(desired.Set(tree.Leaf{Path: hostname, Value: value, Source: sources.Add(tree.Source{File: "system.yaml", Line: 3})}))
	model := &fabric.Device{Name: "leaf1"}
	w := &world{
		store:   s,
		devices: map[intent.DeviceName]*device{"leaf1": leaf1},
		fabrics: map[string]*fabric.Fabric{"g1": {Name: "dc1", Devices: []*fabric.Device{model}}},
		targets: map[string]map[intent.DeviceName]Target{"g1": {"leaf1": {
			Model: model, Profile: family, Table: table, Desired: desired.Build(), Sources: sources, Secrets: plan.NewSecrets([]byte("a key"), nil),
		}}},
	}
	ok(s.Do(ctx, func(tx event.Tx) error {
		if err := s.SaveGeneration(tx, view.Generation{ID: "g1", Fabric: "dc1", Created: time.Now()}); err != nil {
			return err
		}
		return s.SetCurrentGeneration(tx, "g1")
	}))

	a := assign.New(assign.Options{Store: s, Worker: "w1", Operation: "example", Roles: []string{assign.RoleWrite}, Log: zap.NewNop()})
	e := New(Options{Store: s, Sessions: w, Intents: w, Holds: engineHolds{a}, Worker: "w1", Log: zap.NewNop()})
	enrolled, err := e.Enroll(ctx, EnrollRequest{Devices: []intent.DeviceName{"leaf1"}}, "ann")
	ok(err)
	fmt.Println(enrolled[0].Outcome, "serial", enrolled[0].Identity.Serial)
	planned, err := e.Plan(ctx, Request{Devices: []intent.DeviceName{"leaf1"}})
	ok(err)
	for _, c := range planned.Plan.Devices[0].Changes {
		fmt.Println(c.Action, c.Path, c.After)
	}
	id, err := e.Propose(ctx, planned.Plan, "ann")
	ok(err)
	run, err := e.Start(ctx, id, byAnn(""))
	ok(err)
	row, err := e.Execute(ctx, run)
	ok(err)
	fmt.Println(row.Status, leaf1.has("/system/config/hostname"))
	ok(a.Close(ctx))
	ok(s.Close())
	// Output:
	// enrolled serial 1234
	// add /system/config/hostname leaf1
	// done leaf1
}
