package gnmi_test

import (
	"context"
	"fmt"
	"os"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/device/gnmi"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/sim"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/lab"
)

// A session writes one leaf to a simulated leaf switch and reads it back.
func Example() {
	dir, err := os.MkdirTemp("", "gnmi")
	check(err)
	defer os.RemoveAll(dir)
	topology, err := sim.Load(lab.EVPN)
	check(err)
	fabric, err := sim.New(topology, sim.Options{Dir: dir})
	check(err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- fabric.Run(ctx) }()

	ca, err := os.ReadFile(fabric.CA())
	check(err)
	profiles, err := profile.Load(nil)
	check(err)
	family, err := profiles.Get("openconfig-sim")
	check(err)
	leaf1 := fabric.Nodes()[0]
	session, err := gnmi.Dial(ctx, gnmi.Config{
		Name: "leaf1", Address: leaf1.Address, TLS: gnmi.TLS{CA: ca, ServerName: leaf1.Name},
		Profile: family, Table: tree.NewTable(roots), Log: zap.NewNop(),
	})
	check(err)
	hostname, err := path.Parse("/system/config/hostname")
	check(err)
	value, err := roots.Canonical(hostname, "leaf1")
	check(err)
	check(session.Set(ctx, tree.Edit{Updates: []tree.Leaf{{Path: hostname, Value: value}}}, profile.SetOptions{}))
	has, problems, err := session.Read(ctx, []path.Path{hostname})
	check(err)
	for l := range has.All() {
		fmt.Println(l.Path, l.Value.Text(), len(problems))
	}

	check(session.Close())
	cancel()
	fmt.Println(<-done)
	// Output:
	// /system/config/hostname leaf1 0
	// <nil>
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
