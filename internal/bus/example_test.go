package bus_test

import (
	"context"
	"fmt"
	"os"

	"github.com/tenter-net/tenter/internal/bus"
	"github.com/tenter-net/tenter/internal/bus/redistest"
	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/store"
)

// What is appended to the log reaches the group over Redis.
func Example() {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	dir, err := os.MkdirTemp("", "tenter")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	server, err := redistest.Start(dir)
	if err != nil {
		panic(err)
	}
	defer server.Kill()
	s, err := store.Open(ctx, store.Options{Dir: dir, Fabric: "dc1"})
	if err != nil {
		panic(err)
	}
	defer s.Close()

	b, err := bus.New(bus.Options{URL: server.URL(), Fabric: "dc1", Store: s, Worker: "w1"})
	if err != nil {
		panic(err)
	}
	b.Replay("greeter", nil, []event.Type{event.TypeDeviceConnected}, func(_ context.Context, _ event.Tx, e event.Event) error {
		fmt.Println(e.Seq, e.Type, e.Subject)
		stop()
		return nil
	})
	err = s.Do(ctx, func(tx event.Tx) error {
		return tx.Append(ctx, event.Draft{Type: event.TypeDeviceConnected, Subject: "leaf1", Data: event.Device{Device: "leaf1"}})
	})
	if err != nil {
		panic(err)
	}
	if err := b.Run(ctx); err != nil {
		panic(err)
	}
	// Output: 1 device.connected leaf1
}
