package run

import (
	"slices"

	"github.com/tenter-net/tenter/internal/intent"
)

// fits reports whether a device may be worked on besides those that are.
func fits(groups []Group, d intent.DeviceName, busy []intent.DeviceName) bool {
	for _, g := range groups {
		if slices.Contains(g.Devices, d) && len(both(g.Devices, busy)) >= max(g.Together, 1) {
			return false
		}
	}
	return true
}

// Near are the devices that the device shares its redundancy with, sorted.
func (o *Order) Near(d intent.DeviceName) (near []intent.DeviceName) {
	if o == nil {
		return nil
	}
	for _, g := range o.Groups {
		if slices.Contains(g.Devices, d) {
			near = append(near, without(g.Devices, []intent.DeviceName{d})...)
		}
	}
	slices.Sort(near)
	return slices.Compact(near)
}

// Fits reports whether a device may be worked on besides those that are.
func (o *Order) Fits(d intent.DeviceName, busy []intent.DeviceName) bool {
	return o == nil || fits(o.Groups, d, busy)
}

// ready returns the devices of waiting that may be begun now, in their order, besides those that are being worked on. Unsure
// are devices at which nobody works and of which nobody knows what they have: they count for redundancy.
func (o *Order) ready(waiting, running, unsure []intent.DeviceName, parallel int) (start []intent.DeviceName) {
	busy, many := slices.Concat(running, unsure), len(running)
	for _, d := range waiting {
		if many >= max(parallel, 1) {
			break
		}
		if fits(o.Groups, d, busy) {
			busy = append(busy, d)
			start = append(start, d)
			many++
		}
	}
	return start
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
