package run

import (
	"slices"

	"github.com/tenter-net/tenter/internal/intent"
)

// A Group is a set of devices of which only some may be worked on at once: the spines, or the members of a
// multihomed LAG. Together is at least 1.
type Group struct {
	Devices  []intent.DeviceName
	Together int
}

// A Batch is how far a run has come over its devices.
type Batch struct {
	Parallel    int // devices at once, at least 1
	MaxFailures int // how many devices may fail before no further one is started
	Groups      []Group
}

// Ready returns the devices that may be started now, in the order of waiting. With too many failures it returns
// none, and stop is true: what waits is to be skipped once nothing is running.
func (b Batch) Ready(waiting, running []intent.DeviceName, outcomes []Outcome) (start []intent.DeviceName, stop bool) {
	failures := 0
	for _, o := range outcomes {
		if o == Failed {
			failures++
		}
	}
	if failures > b.MaxFailures {
		return nil, true
	}
	busy := slices.Clone(running)
	for _, d := range waiting {
		if len(busy) >= max(b.Parallel, 1) {
			break
		}
		if b.fits(d, busy) {
			busy = append(busy, d)
			start = append(start, d)
		}
	}
	return start, false
}

func (b Batch) fits(d intent.DeviceName, busy []intent.DeviceName) bool {
	for _, g := range b.Groups {
		if !slices.Contains(g.Devices, d) {
			continue
		}
		n := 0
		for _, x := range busy {
			if slices.Contains(g.Devices, x) {
				n++
			}
		}
		if n >= max(g.Together, 1) {
			return false
		}
	}
	return true
}

// A Result is how a whole run ended.
type Result string

// The results.
const (
	ResultDone    Result = "done"    // on every device
	ResultPartial Result = "partial" // some devices are left as they were, as their outcomes say; none failed
	ResultFailed  Result = "failed"  // a device failed, or none could be written for a reason of its own
	// What reading has proven: of a run that put everything back, nothing is left on its devices; of one that a person has
	// ended, nothing that was in flight is.
	ResultRolledBack Result = "rolled-back"
	ResultAborted    Result = "aborted"
)

// Sum returns the result of a run that went forward to its end and whose devices ended like this.
func Sum(outcomes []Outcome) Result {
	count := map[Outcome]int{}
	for _, o := range outcomes {
		count[o]++
	}
	switch {
	case count[Done] == len(outcomes):
		return ResultDone
	case count[Failed] > 0 || count[Done]+count[Unreachable] == 0:
		return ResultFailed
	}
	return ResultPartial
}
