package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/policy"
	"github.com/tenter-net/tenter/internal/view"
)

// A WhyNot says what would stop a write to a device now.
type WhyNot struct {
	Device  intent.DeviceName `json:"device"`
	At      time.Time         `json:"at"`
	Walks   []Walk            `json:"walks"`
	Windows []string          `json:"windows,omitempty"` // how each that concerns the device stands
	Beside  []string          `json:"beside,omitempty"`  // what keeps a write waiting and is not for policy to say
}

// A Walk goes through the table of what can stop a write, for one occasion.
type Walk struct {
	Occasion string         `json:"occasion"`       // drift, intent, request
	About    string         `json:"about"`          // what of it there is
	Plan     string         `json:"plan,omitempty"` // that waits
	Steps    []policy.Step  `json:"steps"`
	Verdict  policy.Verdict `json:"verdict"`
	Rule     policy.Rule    `json:"rule"`
	Reason   string         `json:"reason"`
	Opens    time.Time      `json:"opens,omitzero"` // of later: when it is time
	Next     string         `json:"next,omitempty"` // the command that changes it
}

// askWithin is how long a device may take to say what it is.
const askWithin = 3 * time.Second

// WhyNot walks the table of what can stop a write to a device for drift, for new intent and for a person's request, by the facts
// as they are now. The device is asked what it is, and nothing else.
func (e *Engine) WhyNot(ctx context.Context, device intent.DeviceName) (WhyNot, error) {
	out := WhyNot{Device: device, At: e.now()}
	g, err := e.o.Store.CurrentGeneration(ctx)
	if err != nil {
		return out, err
	}
	p, err := e.picture(ctx, g.ID, device)
	if err != nil {
		return out, err
	}
	t, err := e.timing(ctx)
	if err != nil {
		return out, err
	}
	f := e.about(t, p.row, policy.Facts{})
	out.Windows = f.Windows.Describe(f.Now)
	if out.Beside, err = e.beside(ctx, p.row); err != nil {
		return out, err
	}
	within, cancel := context.WithTimeout(ctx, askWithin)
	seen, err := e.seenAs(within, g.ID, device)
	cancel()
	var away *unreachable
	switch {
	case errors.As(err, &away), err != nil && ctx.Err() == nil && within.Err() != nil:
		out.Beside = append(out.Beside, fmt.Sprintf("the device cannot be asked what it is: %v", err))
		f.Mismatch = p.row.Mismatch
	case err != nil:
		return out, err
	default:
		f.Mismatch, f.Changed = seen.Mismatch, p.row.Known.Differs(seen.Known)
	}
	drift, err := e.walkDrift(ctx, p, f)
	if err != nil {
		return out, err
	}
	intents, err := e.walkIntent(ctx, device, f)
	if err != nil {
		return out, err
	}
	asked, err := e.walkRequest(ctx, intents.Plan, f)
	if err != nil {
		return out, err
	}
	out.Walks = []Walk{drift, intents, asked}
	return out, nil
}

func walk(occasion, about, plan string, f policy.Facts) Walk {
	steps, d := policy.Walk(f)
	w := Walk{Occasion: occasion, About: about, Plan: plan, Steps: steps, Verdict: d.Verdict, Rule: d.Rule, Reason: d.Reason, Opens: d.Opens}
	if d.Verdict != policy.Run {
		w.Next = policy.Next(d.Rule, f.Device, plan)
	}
	if d.Rule == policy.ApprovalPolicy && d.Verdict == policy.Refuse { // no approval helps
		w.Next = fmt.Sprintf("tenter plan show %s; it runs only under another ApprovalPolicy", plan)
	}
	return w
}

// walkDrift walks for the drift that there is, or for some at any path if there is none.
func (e *Engine) walkDrift(ctx context.Context, p *picture, f policy.Facts) (Walk, error) {
	f.Trigger, f.Leaves = plan.ByDrift, p.input.Applied.Len()
	ep, err := e.o.Store.OpenEpisode(ctx, p.input.Device)
	if errors.Is(err, view.ErrNotFound) {
		var root path.Path
		f.Mode = p.modes.At(root, f.Now).Mode
		return walk("drift", "there is none; judged as if some came at a path that no more specific rule speaks of", "", f), nil
	}
	if err != nil {
		return Walk{}, err
	}
	tried, err := e.tries(ctx, ep)
	if err != nil {
		return Walk{}, err
	}
	backs, err := e.putBacks(ctx, p.input.Device, p.row.Looked)
	if err != nil {
		return Walk{}, err
	}
	var paths []string
	for i, finding := range ep.Findings {
		paths = append(paths, finding.Path)
		at, err := path.Parse(finding.Path)
		if err != nil {
			return Walk{}, err
		}
		mode := p.modes.At(at, f.Now).Mode
		if f.Mode = policy.Weakest(f.Mode, mode); i == 0 {
			f.Mode = mode
		}
	}
	f.Failures, f.Failed, f.Different = tried.failures, tried.how, ep.Total
	f.Looping = policy.Looping(backs, paths, f.Now)
	if ep.Plan != "" {
		if err := e.ofPlan(ctx, ep.Plan, &f); err != nil {
			return Walk{}, err
		}
	}
	return walk("drift", fmt.Sprintf("leaves that drifted since %[2]s: %[1]d", ep.Total, ep.Opened.UTC().Format(time.RFC3339)), ep.Plan, f), nil
}

// walkIntent walks for the plan that there is for new intent, or for any.
func (e *Engine) walkIntent(ctx context.Context, device intent.DeviceName, f policy.Facts) (Walk, error) {
	f.Trigger, f.AutoApply = plan.ByIntent, e.o.AutoApply
	rows, err := e.o.Store.Plans(ctx, view.PlanQuery{Device: device, Status: []view.PlanStatus{view.PlanOpen, view.PlanApproved}})
	if err != nil {
		return Walk{}, err
	}
	i := slices.IndexFunc(rows, func(p view.Plan) bool { return p.Cause == string(plan.ByIntent) })
	if i < 0 {
		return walk("intent", "no plan waits; judged as if one was made", "", f), nil
	}
	if err := e.ofPlan(ctx, rows[i].ID, &f); err != nil {
		return Walk{}, err
	}
	about := "plan " + rows[i].ID + " waits"
	if rows[i].Status == view.PlanApproved {
		f.Requested, about = true, "plan "+rows[i].ID+" is approved"
	}
	return walk("intent", about, rows[i].ID, f), nil
}

// walkRequest walks for a person who runs tenter apply: the plan that waits for new intent, or else one made by hand, or else one
// that is to be made, of which nobody can say yet what the approval policies ask.
func (e *Engine) walkRequest(ctx context.Context, waiting string, f policy.Facts) (Walk, error) {
	f.Trigger, f.Requested, f.ByHand = plan.ByManual, true, true
	if waiting == "" {
		rows, err := e.o.Store.Plans(ctx, view.PlanQuery{Device: f.Device, Status: []view.PlanStatus{view.PlanOpen}})
		if err != nil {
			return Walk{}, err
		}
		if i := slices.IndexFunc(rows, func(p view.Plan) bool { return p.Cause == string(plan.ByManual) }); i >= 0 {
			waiting = rows[i].ID
		}
	}
	if waiting == "" {
		return walk("request", "a person runs tenter apply now; an approval policy speaks of its plan when that is made", "", f), nil
	}
	if err := e.ofPlan(ctx, waiting, &f); err != nil {
		return Walk{}, err
	}
	return walk("request", "a person runs tenter apply "+waiting+" now", waiting, f), nil
}

// ofPlan adds the facts about a stored plan: what it deletes, and what the approval policies ask of it.
func (e *Engine) ofPlan(ctx context.Context, id string, f *policy.Facts) error {
	row, p, err := e.approvals.Load(ctx, plan.ID(id))
	if errors.Is(err, view.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if row.Cause == string(plan.ByIntent) {
		f.AutoApply = e.byIntent(p).AutoApply
	}
	r, err := e.approvals.Register(ctx)
	if err != nil {
		return err
	}
	if row.Status != view.PlanApproved {
		f.Approval = policy.StateFor(r.Demands(p, row.Requester), f.Device)
	}
	f.Deletes, err = e.deletion(ctx, p, f.Device)
	return err
}

// beside is what keeps a write to a device waiting and is not for policy to say.
func (e *Engine) beside(ctx context.Context, row view.Device) ([]string, error) {
	var all []string
	if row.Run != "" {
		all = append(all, fmt.Sprintf("%s is under way on the device; next: tenter run show %s", row.Run, row.Run))
	}
	if row.Health == view.Unreachable {
		all = append(all, "the device is unreachable: "+row.Reason)
	}
	others, err := e.o.Holds.Others(ctx)
	if err != nil {
		return nil, err
	}
	if w, ok := others[row.Name]; ok {
		all = append(all, fmt.Sprintf("the device is served by %s, which does what is to be done", w))
	}
	return all, nil
}
