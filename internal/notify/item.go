package notify

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/tenter-net/tenter/internal/event"
)

// An item is an event as a message needs it.
type item struct {
	event    event.Event
	data     any // the typed data
	severity string
	episode  string
	quiet    bool     // not worth a message by itself
	causes   []string // items that share one are told in one message
}

// read makes an item of an event of Types.
func read(e event.Event) (item, error) {
	it := item{event: e, severity: e.Severity}
	var err error
	switch e.Type {
	case event.TypeDriftDetected, event.TypeDriftUpdated, event.TypeDriftHeld:
		var d event.Drift
		d, err = event.Decode[event.Drift](e)
		it.data, it.episode, it.causes = d, d.Episode, []string{signature(d.Findings)}
		it.quiet = e.Type == event.TypeDriftUpdated && d.News == 0
	case event.TypeDriftRemediated:
		var d event.DriftRemediated
		d, err = event.Decode[event.DriftRemediated](e)
		it.data, it.episode, it.causes = d, d.Episode, []string{signature(d.Findings)}
		it.severity = cmp.Or(d.Severity, event.SeverityWarning) // whoever was told of the drift is told of its end
	case event.TypeDeviceHeld:
		var d event.Device
		d, err = event.Decode[event.Device](e)
		it.data, it.causes = d, []string{"device " + string(d.Device)}
	case event.TypePlanGenerated:
		var p event.PlanGenerated
		p, err = event.Decode[event.PlanGenerated](e)
		it.data, it.episode, it.causes, it.quiet = p, p.Episode, []string{"plan " + p.Plan}, !p.NeedsApproval
		if p.NeedsApproval {
			it.severity = event.SeverityWarning // somebody has to act
		}
	case event.TypeApplyCompleted:
		var a event.ApplyCompleted
		a, err = event.Decode[event.ApplyCompleted](e)
		it.data, it.episode, it.causes = a, a.Episode, []string{"plan " + a.Plan}
		if a.Outcome == "done" {
			it.quiet = a.Episode != "" // the end of the drift says it
		} else {
			it.severity = event.SeverityWarning
		}
	case event.TypeApplyFailed:
		var a event.ApplyFailed
		a, err = event.Decode[event.ApplyFailed](e)
		it.data, it.episode, it.causes = a, a.Episode, []string{"plan " + a.Plan}
	case event.TypeIntentRejected:
		it.data, err = event.Decode[event.IntentRejected](e)
		it.causes = []string{"intent"}
	case event.TypeApprovalEscalated:
		var a event.Approval
		a, err = event.Decode[event.Approval](e)
		it.data, it.episode, it.causes = a, a.Episode, []string{"plan " + a.Plan}
	case event.TypeApprovalOverridden:
		var o event.ApprovalOverridden
		o, err = event.Decode[event.ApprovalOverridden](e)
		it.data, it.episode, it.causes = o, o.Episode, []string{"plan " + o.Plan}
	case event.TypeDeadLettered:
		var d event.DeadLettered
		d, err = event.Decode[event.DeadLettered](e)
		it.data, it.causes = d, []string{"dead " + d.Group}
	default:
		return item{}, fmt.Errorf("event type %q: nothing to tell", e.Type)
	}
	if err != nil {
		return item{}, err
	}
	if it.episode != "" {
		it.causes = append(it.causes, "episode "+it.episode)
	}
	for i := range it.causes {
		it.causes[i] = e.Fabric + " " + it.causes[i]
	}
	return it, nil
}

// signature names a change: the same paths became the same in the same way, whatever they were before and wherever it
// happened.
func signature(findings []event.Finding) string {
	parts := make([]string, len(findings))
	for i, f := range findings {
		parts[i] = fmt.Sprintf("%q %q %q", f.Class, f.Path, f.After)
	}
	slices.Sort(parts)
	h := sha256.New()
	for _, p := range parts {
		_, _ = h.Write([]byte(p)) // a hash never fails
	}
	return "drift " + hex.EncodeToString(h.Sum(nil))
}

// byCause groups items that share a cause, directly or by others between them. The order is kept, also of the groups.
func byCause(items []item) [][]item {
	parent := make([]int, len(items))
	root := func(i int) int {
		for parent[i] != i {
			i = parent[i]
		}
		return i
	}
	first := map[string]int{}
	for i, it := range items {
		parent[i] = i
		for _, c := range it.causes {
			j, seen := first[c]
			if !seen {
				first[c] = i
				continue
			}
			a, b := root(i), root(j)
			parent[max(a, b)] = min(a, b)
		}
	}
	place := map[int]int{}
	var groups [][]item
	for i, it := range items {
		r := root(i)
		p, ok := place[r]
		if !ok {
			p = len(groups)
			place[r] = p
			groups = append(groups, nil)
		}
		groups[p] = append(groups[p], it)
	}
	return groups
}
