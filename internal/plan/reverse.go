package plan

import (
	"slices"

	"github.com/tenter-net/tenter/internal/path"
)

// Reverse returns what would take the plan back: the changes with before and after exchanged. It is for looking at, and has no
// name: what takes a run back is computed from what the run wrote, as the Part Reverse.
func (p Plan) Reverse() Plan {
	r := p
	r.ID, r.Content = "", ""
	r.Devices = make([]DevicePlan, len(p.Devices))
	for i, d := range p.Devices {
		r.Devices[i] = d.reverse()
	}
	r.assess()
	return r
}

func (d DevicePlan) reverse() DevicePlan {
	r := DevicePlan{Device: d.Device, Replaces: slices.Clone(d.Replaces)}
	for _, ch := range d.Changes {
		back := Change{Path: ch.Path, Before: ch.After, After: ch.Before, Subtree: ch.Subtree, Action: ch.Action, Cause: ByManual}
		switch ch.Action {
		case Add:
			back.Action = Delete
			r.Deletes = append(r.Deletes, ch.Path)
		case Delete:
			back.Action = Add
		case Modify, Replace:
		}
		back.rate()
		r.Changes = append(r.Changes, back)
	}
	r.assess()
	return r
}

// rate fills in the risk of a change of which nothing is known but itself.
func (ch *Change) rate() {
	p, err := path.Parse(ch.Path)
	if err != nil {
		ch.Code, ch.Score, ch.Risk, ch.Reason = Unreadable, mostScore, High, "its path cannot be read"
		return
	}
	ch.Code, ch.Score, ch.Reason = judged{Change: ch, path: p}.rule()
	ch.Risk = riskOf(ch.Score)
}
