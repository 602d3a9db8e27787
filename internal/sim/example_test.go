package sim_test

import (
	"context"
	"fmt"
	"os"

	"github.com/tenter-net/tenter/internal/sim"
	"github.com/tenter-net/tenter/internal/sim/hand"
	"github.com/tenter-net/tenter/lab"
)

func Example() {
	dir, err := os.MkdirTemp("", "sim")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	topology, err := sim.Load(lab.EVPN)
	if err != nil {
		panic(err)
	}
	fabric, err := sim.New(topology, sim.Options{Dir: dir})
	if err != nil {
		panic(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- fabric.Run(ctx) }()

	leaf1 := fabric.Nodes()[0]
	ca, err := os.ReadFile(fabric.CA())
	if err != nil {
		panic(err)
	}
	client, err := hand.Dial(hand.Options{Address: leaf1.Address, ServerName: leaf1.Name, CA: ca})
	if err != nil {
		panic(err)
	}
	edit := hand.Edit{Path: "/interfaces/interface[name=Ethernet49]/config/enabled", Value: false}
	if err := client.Set(ctx, edit); err != nil {
		panic(err)
	}
	if _, err := sim.Control(ctx, dir, "settle"); err != nil {
		panic(err)
	}
	status, err := client.Get(ctx, "/interfaces/interface[name=Ethernet49]/state/oper-status")
	fmt.Println(leaf1.Name, status, err)

	client.Close()
	cancel()
	fmt.Println(<-done)
	// Output:
	// leaf1 "DOWN" <nil>
	// <nil>
}
