package monitor

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/tenter-net/tenter/internal/drift"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/run"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/view"
)

// A hand is whose change it was, as far as that is known, and why that is believed.
type hand struct{ whose, why string }

// afterRun is how long after a run what changes on a device is told together with the run. Who did it is not known by that: a
// stranger may have chosen the same moment.
const afterRun = 5 * time.Second

// handOf finds out whose hand findings are when an episode begins with them. What cannot be known is said to be unknown: a
// guess in a log is worth less than nothing.
func (w *watcher) handOf(ctx context.Context, findings []drift.Finding) (hand, error) {
	if len(findings) == 0 || w.episode.ID != "" {
		return hand{}, nil
	}
	if why := w.row.Known.Differs(w.known()); why != "" {
		return hand{view.HandRestart, why}, nil
	}
	last, err := w.lastRun(ctx)
	if err != nil {
		return hand{}, err
	}
	if h := last.hand(w.begun(), w.differing(findings)); h.whose != "" {
		return h, nil
	}
	return hand{view.HandUnknown, "no run of Tenter's was at work, and the device has not restarted"}, nil
}

func (w *watcher) known() view.Known {
	return view.Known{Software: w.facts.SoftwareVersion, Serial: w.facts.Serial, Booted: w.facts.BootTime.UTC()}
}

// begun is when the drift at hand was first seen.
func (w *watcher) begun() time.Time {
	if w.firstSeen.IsZero() {
		return time.Now()
	}
	return w.firstSeen
}

// differing is what the device has instead, by path: secrets as digests, as runs record them.
func (w *watcher) differing(findings []drift.Finding) map[string]schema.Value {
	have := make(map[string]schema.Value, len(findings))
	for _, f := range findings {
		if len(f.Path.Elems) > 0 && f.Problem == nil {
			have[f.Path.String()] = w.target.Secrets.Digest(f.Path, f.Have)
		}
	}
	return have
}

// A past is what the device's last run that wrote anything was.
type past struct {
	id    string
	state run.State
	begun time.Time // zero if that is not known
	ended time.Time // when it was last recorded: while it goes on, that is not its end
}

// lastRun is the zero past if there was none.
func (w *watcher) lastRun(ctx context.Context) (past, error) {
	plans, err := w.opts.Store.Plans(ctx, view.PlanQuery{Device: w.name, Limit: mostPlans})
	if err != nil {
		return past{}, err
	}
	var last past
	for _, p := range plans {
		runs, err := w.opts.Store.Runs(ctx, view.RunQuery{Plan: p.ID})
		if err != nil {
			return past{}, err
		}
		for _, r := range runs {
			found, err := w.stateOf(ctx, r.ID)
			if err != nil {
				return past{}, err
			}
			if found.state.Sets > 0 && found.ended.After(last.ended) {
				last = found
			}
		}
	}
	return last, nil
}

func (w *watcher) stateOf(ctx context.Context, id string) (past, error) {
	devices, err := w.opts.Store.RunDevices(ctx, id)
	if err != nil {
		return past{}, err
	}
	i := slices.IndexFunc(devices, func(d view.RunDevice) bool { return d.Device == w.name })
	if i < 0 || len(devices[i].State) == 0 {
		return past{}, nil
	}
	out := past{id: id, ended: devices[i].Updated}
	if err := json.Unmarshal(devices[i].State, &out.state); err != nil {
		return past{}, fmt.Errorf("run %q on %s: %w", id, w.name, err)
	}
	if len(out.state.Journal) > 0 {
		out.begun = out.state.Journal[0].Begun
	}
	return out, nil
}

// hand says what the run has to do with leaves that are otherwise since first, nothing if it has not to do with them. A hand is
// only claimed where what the run recorded proves it; what merely came at the same time stays unknown, with the run as a hint.
func (p past) hand(first time.Time, have map[string]schema.Value) hand {
	if p.id == "" || len(have) == 0 {
		return hand{}
	}
	written, before, after := p.compare(have)
	switch {
	case before == len(have) && p.tookBack(first):
		return hand{view.HandExpired, fmt.Sprintf("the device has again what it had before %s: it took that for not confirmed by %s",
			p.id, p.state.Until.UTC().Format(time.RFC3339))}
	case after == len(have) && p.left():
		return hand{view.HandRun, fmt.Sprintf("%s left it behind, which ended %s", p.id, p.state.Outcome)}
	case after > 0 && p.left():
		return hand{view.HandUnknown, fmt.Sprintf("%s left %s of it behind, which ended %s; of the rest nobody knows", p.id, leavesText(after), p.state.Outcome)}
	case before == len(have):
		return hand{view.HandUnknown, fmt.Sprintf("the device has again what it had before %s", p.id)}
	case written == 0 && p.near(first):
		return hand{view.HandUnknown, fmt.Sprintf("%s %s, which wrote %s and not this: a stranger's, or what the device makes of what was written",
			p.when(first), p.id, leavesText(len(p.state.Writes)))}
	case p.near(first):
		return hand{view.HandUnknown, fmt.Sprintf("%s %s, and it is not what that wrote", p.when(first), p.id)}
	}
	return hand{}
}

// compare counts the leaves that the run wrote, and those of them that are as before it and as it wants them.
func (p past) compare(have map[string]schema.Value) (written, before, after int) {
	for _, wr := range p.state.Writes {
		v, differs := have[wr.Path]
		if !differs {
			continue
		}
		written++
		if v == wr.Before {
			before++
		}
		if v == wr.After {
			after++
		}
	}
	return written, before, after
}

// tookBack reports whether first is when the device was to take the run's commit back.
func (p past) tookBack(first time.Time) bool {
	until := p.state.Until
	return !until.IsZero() && !first.Before(until.Add(-time.Second)) && !first.After(until.Add(afterRun))
}

// left reports whether the run may have left something of its own on the device: it ended otherwise than planned, and nothing proved
// that it was all put back.
func (p past) left() bool {
	return p.state.Outcome != "" && p.state.Outcome != run.Done && p.state.Outcome != run.RolledBack && !p.state.Proven
}

// near reports whether first is while the run was at work on the device, or right after that.
func (p past) near(first time.Time) bool {
	return !first.Before(p.begun) && (p.state.Outcome == "" || !first.After(p.ended.Add(afterRun)))
}

func (p past) when(first time.Time) string {
	if p.state.Outcome == "" || first.Before(p.ended) {
		return "it came during"
	}
	return "it came right after"
}

func leavesText(n int) string {
	if n == 1 {
		return "1 leaf"
	}
	return fmt.Sprintf("%d leaves", n)
}

// adoptNext is the command with which the intents take over what a device has.
func adoptNext(device intent.DeviceName) string { return "tenter drift adopt " + string(device) }
