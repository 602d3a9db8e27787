package property

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/view"
)

// settle waits until the judge has nothing to say, which has to stay so, and fails with what it said last.
func (w *world) settle() {
	w.Helper()
	var wrong []string
	for deadline := time.Now().Add(patience); ; {
		if wrong = w.wrong(); len(wrong) == 0 {
			if wrong = w.wrong(); len(wrong) == 0 {
				return
			}
		}
		if time.Now().After(deadline) {
			break
		}
		select {
		case <-time.After(300 * time.Millisecond): // between two looks
		case <-w.Context().Done():
			return
		}
	}
	w.Errorf("it is quiet, and not as the policies say:\n  %s", strings.Join(wrong, "\n  "))
	for _, list := range [][]string{{"device", "ls"}, {"drift", "ls"}, {"plan", "ls", "--all"}, {"run", "ls"}, {"events", "ls", "-n", "60"}} {
		out, err := w.try(list...)
		w.Logf("tenter %s: %v\n%s", strings.Join(list, " "), err, out)
	}
}

// stands is what Tenter says, read at about one time.
type stands struct {
	devices  []view.Device
	plans    []view.Plan
	episodes []view.Episode
	runs     []view.Run
}

// wrong says what is not as the policies say, empty for nothing.
func (w *world) wrong() (wrong []string) {
	var s stands
	var errs [4]error
	s.devices, errs[0] = ask[[]view.Device](w, "device", "ls")
	s.plans, errs[1] = ask[[]view.Plan](w, "plan", "ls")
	s.episodes, errs[2] = ask[[]view.Episode](w, "drift", "ls")
	s.runs, errs[3] = ask[[]view.Run](w, "run", "ls")
	for _, err := range errs {
		if err != nil {
			return append(wrong, err.Error())
		}
	}
	for _, r := range s.runs {
		if r.Ended.IsZero() {
			wrong = append(wrong, fmt.Sprintf("%s has not ended: %s %s", r.ID, r.Status, r.Reason))
		}
	}
	all, err := ask[plan.Plan](w, "plan")
	if err != nil {
		return append(wrong, err.Error())
	}
	for _, row := range s.devices {
		d, _ := all.Device(row.Name)
		wrong = append(wrong, s.judge(row, d)...)
	}
	for at, want := range w.edits {
		got, err := w.get(at.device, at.path)
		if err != nil {
			wrong = append(wrong, fmt.Sprintf("%s: cannot be read: %v", at.device, err))
		} else if want != unknown && got != want {
			wrong = append(wrong, fmt.Sprintf("%s: a stranger left %s as %q, and it is %q", at.device, at.path, want, got))
		}
	}
	slices.Sort(wrong)
	return wrong
}

// outOfTheOrdinary is why what is to be enforced waits for a person.
var outOfTheOrdinary = regexp.MustCompile(`put back twice within the hour|failed \d+ times within the hour|differ at once|it deletes \d+ |rolling it out did not work|what it lost is put back after approval`)

// judge says what is wrong with a device, by what would have to be done to it.
func (s stands) judge(row view.Device, todo plan.DevicePlan) (wrong []string) {
	bad := func(format string, args ...any) {
		wrong = append(wrong, fmt.Sprintf("%s: %s %s: ", row.Name, row.Sync, row.Health)+fmt.Sprintf(format, args...))
	}
	if todo.Unread != "" {
		bad("cannot be read: %s", todo.Unread)
		return wrong
	}
	if len(todo.Changes) == 0 {
		if row.Sync != "InSync" {
			bad("is as desired")
		}
		return wrong
	}
	var paths []string
	for _, c := range todo.Changes {
		paths = append(paths, c.Path)
	}
	if row.Sync == "InSync" {
		bad("is not as desired: %s", strings.Join(paths, ", "))
	}
	waits := func(p view.Plan) bool { return p.Status == view.PlanOpen && slices.Contains(p.Devices, row.Name) }
	i := slices.IndexFunc(s.plans, waits)
	switch string(row.Name) {
	case enforced:
		if i < 0 || !outOfTheOrdinary.MatchString(s.plans[i].Reason) {
			bad("is to be enforced, and no plan says why it is not: %s", strings.Join(paths, ", "))
		}
	case proposed, spine:
		if i < 0 {
			bad("no plan waits for %s", strings.Join(paths, ", "))
		}
	case observed, held:
		wrong = append(wrong, s.reported(row, todo)...)
	}
	return wrong
}

// reported says which changes nobody was told of. What is not rolled out yet is Pending or Conflict, not drift.
func (s stands) reported(row view.Device, todo plan.DevicePlan) (wrong []string) {
	var told []string
	for _, e := range s.episodes {
		if e.Device == row.Name && e.Closed.IsZero() {
			for _, f := range e.Findings {
				told = append(told, f.Path)
			}
		}
	}
	for _, c := range todo.Changes {
		byHand := c.Path == uplink || strings.Contains(c.Path, "vlan[vlan-id=6")
		if byHand && !slices.ContainsFunc(told, func(p string) bool { return strings.HasPrefix(c.Path, p) }) {
			wrong = append(wrong, fmt.Sprintf("%s: nobody was told of %s", row.Name, c.Path))
		}
	}
	waits := slices.ContainsFunc(s.plans, func(p view.Plan) bool { return p.Status == view.PlanOpen && slices.Contains(p.Devices, row.Name) })
	if string(row.Name) == observed && len(told) == 0 && !waits {
		wrong = append(wrong, fmt.Sprintf("%s: is not drifted, and not as desired", row.Name))
	}
	return wrong
}

// audit checks that the log tells it all: the read models follow from it, its chain is whole, every run has a beginning and an
// end there, and each event a cause.
func (w *world) audit() {
	w.Helper()
	w.tenter("events", "rebuild", "--check", "--full")
	w.tenter("audit", "verify")
	type told struct {
		Event struct {
			ID, CausationID, Type string
			Data                  struct{ Run string }
		}
	}
	begun, ended, ids := map[string]int{}, map[string]int{}, map[string]bool{}
	events, err := ask[struct{ Events []told }](w, "events", "ls", "--oldest", "--limit", "10000")
	w.must(err)
	for _, in := range events.Events {
		e := in.Event
		if e.CausationID != "" && !ids[e.CausationID] {
			w.Errorf("%s %s is caused by %s, which is not before it", e.Type, e.ID, e.CausationID)
		}
		ids[e.ID] = true
		switch event.Type(e.Type) {
		case event.TypeApplyStarted:
			begun[e.Data.Run]++
		case event.TypeApplyCompleted, event.TypeApplyFailed, event.TypeRolledBack:
			ended[e.Data.Run]++
		}
	}
	runs, err := ask[[]view.Run](w, "run", "ls")
	w.must(err)
	for _, r := range runs {
		if begun[r.ID] != 1 || ended[r.ID] < 1 {
			w.Errorf("%s: the log tells of %d beginnings and %d ends", r.ID, begun[r.ID], ended[r.ID])
		}
	}
}

// untouched checks that a held device that nobody edits is as it was; of one that somebody does, the edits were looked at.
func (w *world) untouched() {
	w.Helper()
	if !w.spared {
		return
	}
	if diff := cmp.Diff(w.asHeld, w.config(held)); diff != "" {
		w.Errorf("%s was held, and changed (-then +now):\n%s", held, diff)
	}
}
