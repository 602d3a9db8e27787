package rebuild_test

import (
	"context"
	"fmt"
	"os"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/rebuild"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/view"
)

// A device is in sync, and then drifts: what is live is what the log tells, and so is what was.
func Example() {
	dir, err := os.MkdirTemp("", "tenter")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	ctx := context.Background()
	s, err := store.Open(ctx, store.Options{Dir: dir})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = s.Close() }()
	for _, sync := range []string{view.InSync, view.Drifted} {
		if err := s.Do(ctx, func(tx event.Tx) error {
			return s.UpdateDevice(tx, "leaf1", func(d *view.Device) { d.Sync = sync })
		}); err != nil {
			fmt.Println(err)
			return
		}
	}
	report, err := rebuild.Check(ctx, s, true)
	fmt.Println(report.Seq, report.Differences, err)
	past, err := rebuild.At(ctx, s, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(past.Devices["leaf1"].Sync)
	// Output:
	// 2 [] <nil>
	// InSync
}
