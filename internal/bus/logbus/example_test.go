package logbus_test

import (
	"context"
	"fmt"
	"os"

	"github.com/tenter-net/tenter/internal/bus/logbus"
	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/store"
)

// A group handles what the log has and what it gets; the handler's effects commit with the end of the delivery.
func Example() {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	dir, err := os.MkdirTemp("", "tenter")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	s, err := store.Open(ctx, store.Options{Dir: dir, Fabric: "dc1"})
	if err != nil {
		panic(err)
	}
	defer s.Close()

	b := logbus.New(logbus.Options{Store: s, Worker: "w1"})
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
