package monitor_test

import (
	"context"
	"fmt"
	"os"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/assign"
	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/monitor"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/internal/view"
)

// A device is as Tenter left it, until somebody changes a description.
func Example() {
	ok := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	dir, err := os.MkdirTemp("", "monitor")
	ok(err)
	defer os.RemoveAll(dir)
	ctx, cancel := context.WithCancel(context.Background())
	s, err := store.Open(ctx, store.Options{Dir: dir, Worker: "w1", Log: zap.NewNop()})
	ok(err)
	w := &world{store: s, device: &device{
		table: tree.NewTable(roots), have: map[string]tree.Leaf{}, streams: map[*stream]bool{}, mute: map[profile.Stage]bool{},
	}}
	w.intend(map[string]string{desc1: "to spine1"})
	w.device.change(map[string]string{desc1: "to spine1"})
	ok(s.Do(ctx, func(tx event.Tx) error { return s.MarkApplied(tx, leaf1, []tree.Leaf{leaf(nil, desc1, "to spine1")}) }))

	a := assign.New(assign.Options{
		Store: s, Worker: "w1", Operation: view.OperationServe, Roles: []string{assign.RoleWatch}, Devices: w.Devices, Log: zap.NewNop(),
		Close: func(intent.DeviceName) {},
	})
	m := monitor.New(monitor.Options{Assigned: a, Intents: w, Sessions: w, Store: s, Log: zap.NewNop()})
	done := make(chan error)
	go func() { done <- m.Run(ctx) }()
	go func() { done <- a.Run(ctx) }()
	told := func(t event.Type) event.Event {
		for {
			head, _, err := s.Head(ctx)
			ok(err)
			list, err := s.Events(ctx, event.Query{Types: []event.Type{t}})
			ok(err)
			if len(list) > 0 {
				return list[0]
			}
			ok(s.Wait(ctx, head))
		}
	}
	told(event.TypeDeviceSynced)
	w.device.change(map[string]string{desc1: "by hand"})
	fmt.Println(describe(nil, told(event.TypeDriftDetected)))

	cancel()
	fmt.Println(<-done, <-done, s.Close())
	// Output:
	// drift.detected enforce | changed /interfaces/interface[name=Ethernet1]/config/description to spine1 -> by hand
	// <nil> <nil> <nil>
}
