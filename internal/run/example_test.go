package run_test

import (
	"fmt"
	"time"

	"github.com/tenter-net/tenter/internal/run"
	"github.com/tenter-net/tenter/internal/schema"
)

// A process died after it had recorded the Set. The next one finds the values on the device, and goes on from there
// without another Set.
func ExampleLimits_Next() {
	l := run.Limits{Window: 10 * time.Second, Sets: 2, Undos: 2}
	now := time.Unix(1000, 0)
	s := l.Next(run.State{}, run.Checked{Writes: []run.Write{{Path: "/system/config/hostname", Before: "sold", After: "snew"}}})
	fmt.Println("recorded:", s.Step)
	s = l.Next(s, run.Resumed{At: now})
	fmt.Println("resumed:", s.Step)
	s = l.Next(s, run.Seen{At: now, Values: []schema.Value{"snew"}})
	fmt.Println("read back:", s.Step, "after", s.Sets, "Set")
	s = l.Next(s, run.Stored{})
	fmt.Println("saved:", s.Step, s.Outcome)
	// Output:
	// recorded: set
	// resumed: verify
	// read back: save after 1 Set
	// saved: ended done
}
