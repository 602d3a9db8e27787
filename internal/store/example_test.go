package store_test

import (
	"context"
	"fmt"
	"os"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/view"
)

// A state change and the event that tells of it commit together.
func ExampleStore_Do() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "tenter")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	s, err := store.Open(ctx, store.Options{Dir: dir, Fabric: "dc1", Worker: "w1"})
	if err != nil {
		panic(err)
	}
	defer s.Close()
	err = s.Do(ctx, func(tx event.Tx) error {
		if err := s.UpdateDevice(tx, "leaf1", func(d *view.Device) { d.Sync = view.InSync }); err != nil {
			return err
		}
		return tx.Append(ctx, event.Draft{Type: event.TypeDeviceSynced, Subject: "leaf1", Data: event.Device{Device: "leaf1"}})
	})
	if err != nil {
		panic(err)
	}
	events, err := s.Events(ctx, event.Query{Types: []event.Type{"device"}})
	if err != nil {
		panic(err)
	}
	device, err := s.Device(ctx, "leaf1")
	if err != nil {
		panic(err)
	}
	fmt.Println(device.Sync, len(events), events[0].Seq, events[0].Type)
	// Output: InSync 1 1 device.synced
}
