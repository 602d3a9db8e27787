package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/tree"
)

// wanted is a plan for two of three devices.
func wanted(t plan.Trigger) Subject {
	change := plan.Change{Action: plan.Delete, Path: "/interfaces/interface[name=Ethernet1]/config/enabled", Cause: t, Source: &plan.Source{Kind: "Port"}}
	p := plan.New(plan.Cause{Trigger: t, Ref: "g1"}, plan.Origin{Generation: "g1"}, []plan.DevicePlan{
		{Device: "leaf1", Digest: "1", Changes: []plan.Change{change, change}},
		{Device: "leaf2", Digest: "2", Changes: []plan.Change{change}},
		{Device: "leaf3", Digest: "3"},
	})
	p.Risk, p.Score = plan.High, 70
	p.Reasons = []plan.RiskReason{{Text: "removes an interface"}}
	return Subject{Plan: p, Requester: "bob", Author: "Ann <ann@example.net>", Fabric: &fabric.Fabric{Devices: []*fabric.Device{
		{Name: "leaf1", Role: "leaf", Labels: map[string]string{"env": "prod", "rack": "a"}},
		{Name: "leaf2", Role: "leaf", Labels: map[string]string{"env": "lab"}},
		{Name: "leaf3", Role: "leaf"},
		{Name: "spine1", Role: "spine"},
	}}}
}

func policies(t *testing.T, list ...fabric.Approval) Approvals {
	t.Helper()
	for i := range list {
		list[i].Name, list[i].Source = fmt.Sprint("p", i+1), tree.Source{File: "x.yaml", Line: 10 * (i + 1)}
		if list[i].Devices == nil {
			list[i].Devices = []intent.DeviceName{"leaf1", "leaf2", "leaf3", "spine1"}
		}
	}
	as, err := NewApprovals(&fabric.Fabric{Approvals: list})
	if err != nil {
		t.Fatal(err)
	}
	return as
}

func approve(n int, groups ...string) fabric.Approval {
	return fabric.Approval{Decision: intent.DecideApprove, Approvals: n, Groups: groups}
}

func when(a fabric.Approval, text string) fabric.Approval { a.When = text; return a }

// Every variable that a condition may use has a value of its type.
func TestVariables(t *testing.T) {
	s := wanted(plan.ByIntent)
	values := valuesOf(s, touchedDevices(s.Plan))
	var names []string
	for _, v := range intent.ApprovalVars() {
		names = append(names, v.Name)
	}
	slices.Sort(names)
	if diff := cmp.Diff(names, slices.Sorted(maps.Keys(values))); diff != "" {
		t.Error(diff)
	}
	for _, text := range []string{
		`cause == "intent"`, `risk == "high"`, `score == 70`, `reasons == ["removes an interface"]`, `devices == 2`, `names == ["leaf1", "leaf2"]`,
		`roles == ["leaf"]`, `labels == ["env=lab", "env=prod", "rack=a"]`, `share == 0.5`, `adds == 0 && changes == 0`, `deletes == 3`, `drift == 0`,
		`kinds == ["Port"]`, `requester == "bob"`, `author.endsWith("<ann@example.net>")`,
	} {
		if got := policies(t, when(approve(1), text)).Demands(s); len(got) != 1 {
			t.Errorf("%s does not hold", text)
		}
	}
}

func TestDemands(t *testing.T) {
	auto, deny := fabric.Approval{Decision: intent.DecideAuto}, fabric.Approval{Decision: intent.DecideDeny}
	spine, drift, risky := approve(1), approve(1), approve(1)
	spine.Devices, drift.Causes, risky.MinRisk = []intent.DeviceName{"spine1"}, []string{"drift"}, "high"
	tests := []struct {
		name string
		list []fabric.Approval
		want string // of leaf1: what is denied, missing, or let run
	}{
		{"none", nil, ""},
		{"other devices", []fabric.Approval{spine}, ""},
		{"another cause", []fabric.Approval{drift}, ""},
		{"the risk", []fabric.Approval{risky}, "0 of 1 approval,"},
		{"a condition that holds", []fabric.Approval{when(approve(2, "netops"), "deletes > 2")}, `0 of 2 approvals by netops, says approval policy "p1" (x.yaml:10)`},
		{"a condition that does not", []fabric.Approval{when(approve(2), "deletes > 3")}, ""},
		{"no answer is strict", []fabric.Approval{when(approve(1), `names[7] == "x"`)}, "0 of 1 approval, says"},
		{"no answer lets nothing run", []fabric.Approval{when(auto, `names[7] == "x"`)}, ""},
		{"auto", []fabric.Approval{auto}, `approval policy "p1" (x.yaml:10) lets it`},
		{"an approval is stricter than auto", []fabric.Approval{auto, approve(1)}, `0 of 1 approval, says approval policy "p2"`},
		{"the strictest first", []fabric.Approval{approve(1, "a"), approve(3, "b")}, `0 of 3 approvals by b, says approval policy "p2" (x.yaml:20); 0 of 1 approval by a`},
		{"deny is strictest", []fabric.Approval{auto, approve(3), deny}, `approval policy "p3" (x.yaml:30) denies it`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := StateFor(policies(t, tt.list...).Demands(wanted(plan.ByIntent)), "leaf1")
			got := s.Denied + s.Missing
			if got == "" {
				got = s.Auto
			}
			if !strings.HasPrefix(got, tt.want) || (got == "") != (tt.want == "") {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
	s := wanted(plan.ByIntent)
	s.Plan.Devices = s.Plan.Devices[2:]
	if got := policies(t, deny).Demands(s); got != nil {
		t.Errorf("a plan that writes nothing: %+v", got)
	}
}

func TestApprovalsInTheTable(t *testing.T) {
	intended := Facts{Trigger: plan.ByIntent, Enrolled: true, Now: noon}
	tests := []struct {
		name    string
		state   ApprovalState
		change  func(*Facts)
		verdict Verdict
		rule    Rule
	}{
		{"auto", ApprovalState{Auto: "p1"}, func(*Facts) {}, Run, Policy},
		{"auto for drift that is proposed", ApprovalState{Auto: "p1"}, func(f *Facts) { f.Trigger, f.Mode = plan.ByDrift, fabric.DriftPropose }, Wait, Propose},
		{"missing", ApprovalState{Missing: "2"}, func(f *Facts) { f.AutoApply = true }, Wait, ApprovalPolicy},
		{"missing for drift that is enforced", ApprovalState{Missing: "2"}, func(f *Facts) { f.Trigger, f.Mode = plan.ByDrift, fabric.DriftEnforce }, Wait, ApprovalPolicy},
		{"missing, and somebody asks", ApprovalState{Missing: "2"}, func(f *Facts) { f.Requested = true }, Wait, ApprovalPolicy},
		{"the glass is broken", ApprovalState{Missing: "2"}, func(f *Facts) { f.Requested, f.BreakGlass = true, true }, Run, Requested},
		{"denied all the same", ApprovalState{Denied: "p1"}, func(f *Facts) { f.Requested, f.BreakGlass = true, true }, Refuse, ApprovalPolicy},
		{"a hold comes first", ApprovalState{Missing: "2"}, func(f *Facts) { f.HeldUntil, f.BreakGlass = noon.Add(time.Hour), true }, Refuse, Hold},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := intended
			f.Approval = tt.state
			tt.change(&f)
			if d := Decide(f); d.Verdict != tt.verdict || d.Rule != tt.rule {
				t.Errorf("%+v, want %s %s", d, tt.verdict, tt.rule)
			}
		})
	}
}

func TestCountApprovals(t *testing.T) {
	two := event.ApprovalNeed{Policy: "p", Source: "x.yaml:1", Approvals: 2, Groups: []string{"netops"}, ExpiresAfter: time.Hour, EscalateAfter: time.Minute, EscalateTo: []string{"leads"}}
	by := func(name string, ago time.Duration, groups ...string) event.Approver {
		return event.Approver{Name: name, Groups: groups, At: noon.Add(-ago)}
	}
	ann, ben := by("ann", 0, "netops"), by("ben", 10*time.Minute, "netops", "x")
	tests := []struct {
		name  string
		given Given
		want  []string
	}{
		{"nobody", Given{}, nil},
		{"one", Given{By: []event.Approver{ann}}, []string{"ann"}},
		{"two", Given{By: []event.Approver{ann, ben}}, []string{"ann", "ben"}},
		{"one twice", Given{By: []event.Approver{ann, ann}}, []string{"ann"}},
		{"another group", Given{By: []event.Approver{ann, by("cat", 0, "leads")}}, []string{"ann"}},
		{"another group, escalated", Given{By: []event.Approver{ann, by("cat", 0, "leads")}, Escalated: true}, []string{"ann", "cat"}},
		{"too long ago", Given{By: []event.Approver{ann, by("ben", time.Hour, "netops")}}, []string{"ann"}},
		{"the requester", Given{By: []event.Approver{ann, ben}, Barred: Barred{Requester: "ann"}}, []string{"ben"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.given.Now = noon
			c := CountApprovals([]event.ApprovalNeed{two}, tt.given)
			if diff := cmp.Diff(tt.want, c[0].By); diff != "" {
				t.Error(diff)
			}
			if missing := MissingApprovals(c); (missing == "") != (len(tt.want) == 2) {
				t.Errorf("missing: %q", missing)
			}
		})
	}
}

func TestMayApprove(t *testing.T) {
	need := []event.ApprovalNeed{{Policy: "p", Source: "x.yaml:1", Approvals: 1, Groups: []string{"netops"}, EscalateAfter: 1, EscalateTo: []string{"leads"}}}
	deny := []event.ApprovalNeed{{Policy: "p", Source: "x.yaml:1", Deny: true, Reason: "never on Fridays"}}
	tests := []struct {
		name      string
		needs     []event.ApprovalNeed
		who       Who
		escalated bool
		want      string // in the reason; empty for may
	}{
		{"nothing is asked", nil, Who{Name: "bob", Role: Approver}, false, ""},
		{"a planner", nil, Who{Name: "eve", Role: Planner}, false, "eve is a planner"},
		{"nobody", nil, Who{Name: "eve"}, false, "eve is nobody here"},
		{"in the group", need, Who{Name: "ann", Role: Approver, Groups: []string{"netops"}}, false, ""},
		{"not in the group", need, Who{Name: "ann", Role: Admin, Groups: []string{"leads"}}, false, "none of the groups that may approve it: netops"},
		{"escalated", need, Who{Name: "ann", Role: Approver, Groups: []string{"leads"}}, true, ""},
		{"the requester", need, Who{Name: "bob", Role: Admin, Groups: []string{"netops"}}, false, "bob asked for this plan"},
		{"the author", need, Who{Name: "cat", Role: Admin, Groups: []string{"netops"}}, false, "cat wrote the commit"},
		{"denied", deny, Who{Name: "ann", Role: Admin}, false, `approval policy "p" (x.yaml:1) denies it: never on Fridays`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := MayApprove(tt.needs, tt.who, Given{Barred: Barred{Requester: "bob", Author: "cat"}, Escalated: tt.escalated})
			if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

func TestRoles(t *testing.T) {
	for i, a := range Roles() {
		for j, b := range Roles() {
			if got := Role(a).AtLeast(Role(b)); got != (i >= j) {
				t.Errorf("%s is at least %s: %v", a, b, got)
			}
		}
	}
	if Role("").AtLeast(Viewer) || Role("root").AtLeast(Viewer) || Admin.AtLeast("god") {
		t.Error("what is no role may something")
	}
}
