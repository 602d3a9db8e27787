package notify

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var start = time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)

// sealed makes the nth event of a test, n seconds after the start.
func sealed(t testing.TB, n int, kind event.Type, data any) event.Event {
	t.Helper()
	e, err := event.Draft{
		ID: event.ID(fmt.Sprintf("id-%02d", n)), Type: kind, Time: start.Add(time.Duration(n) * time.Second), Source: "w1",
		Fabric: "dc1", Correlation: "c1", Data: data,
	}.Seal()
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func by(actor string, e event.Event) event.Event {
	e.Actor = actor
	return e
}

func items(t testing.TB, events ...event.Event) []item {
	t.Helper()
	var out []item
	for _, e := range events {
		it, err := read(e)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, it)
	}
	return out
}

const uplink = "/interfaces/interface[name=Ethernet49]/config/"

func shut(before string) []event.Finding {
	return []event.Finding{
		{Path: uplink + "enabled", Class: "changed", Before: "true", After: "false", Source: "fabric.yaml:31"},
		{Path: uplink + "description", Class: "changed", Before: before, After: "do not touch", Source: "fabric.yaml:31"},
	}
}

func drift(device intent.DeviceName, findings ...event.Finding) event.Drift {
	return event.Drift{Episode: "ep-" + string(device), Device: device, Findings: findings, Total: len(findings), Mode: "propose", FirstSeen: start}
}

func ended(device intent.DeviceName, by string, findings ...event.Finding) event.DriftRemediated {
	d := event.DriftRemediated{Episode: "ep-" + string(device), Device: device, By: by, Findings: findings, Duration: 4210 * time.Millisecond}
	if by == "tenter" {
		d.Plan, d.Run = "p1", "r1"
	}
	return d
}

func planned(plan string, approval bool, episode string, devices ...intent.DeviceName) event.PlanGenerated {
	p := event.PlanGenerated{Plan: plan, Cause: "drift", Risk: "low", NeedsApproval: approval, Episode: episode}
	for _, d := range devices {
		p.Devices = append(p.Devices, event.PlanDevice{Device: d, Add: 1, Change: 2})
	}
	if approval {
		p.Reason = "the drift policy proposes"
	}
	return p
}

func TestMessages(t *testing.T) {
	every := []event.Finding{
		{Path: "/a", Class: "missing", Before: "1", Source: "a.yaml:1"},
		{Path: "/b", Class: "unexpected", After: "2"},
		{Path: "/c", Class: "conflict", Before: "1", After: "2"},
		{Path: "/d", Class: "unreadable", After: "no such enum"},
		{Path: "/e", Class: "changed", Before: "", After: "line one\nline two"},
		{Path: "/f", Class: "changed", Before: strings.Repeat("é", 300), After: "x"},
	}
	var many []event.Finding
	for i := range 12 {
		many = append(many, event.Finding{Path: fmt.Sprintf("/x%02d", i), Class: "missing", Before: "1"})
	}
	manyDrift := drift("leaf1", many...)
	manyDrift.Total = 500
	observed := drift("leaf1", every...)
	observed.Mode = "observe"
	held := drift("leaf1", shut("up")...)
	held.Mode, held.Reason = "enforce", "the same path was reverted twice within an hour"
	diagnostics := []string{"vlans.yaml:3:7: error[T0142]: VLAN 40 is used twice"}
	partial := []event.RunDevice{{Device: "leaf1", Outcome: "done", Changes: 3}, {Device: "leaf2", Outcome: "unreachable", Detail: "deadline exceeded"}}
	tests := []struct {
		name   string
		events []event.Event
	}{
		{"one drift with its plan", []event.Event{
			sealed(t, 1, event.TypeDriftDetected, drift("leaf1", shut("to spine1")...)),
			sealed(t, 2, event.TypePlanGenerated, planned("p1", true, "ep-leaf1", "leaf1")),
		}},
		{"same drift on many", []event.Event{
			sealed(t, 1, event.TypeDriftDetected, drift("leaf1", shut("to spine1")...)),
			sealed(t, 2, event.TypeDriftDetected, drift("leaf3", shut("to spine1 from leaf3")...)),
			sealed(t, 3, event.TypeDriftDetected, drift("leaf2", shut("to spine1 from leaf2")...)),
		}},
		{"drift and end", []event.Event{
			sealed(t, 1, event.TypeDriftDetected, drift("leaf1", shut("up")...)),
			sealed(t, 2, event.TypePlanGenerated, planned("p1", false, "ep-leaf1", "leaf1")),
			sealed(t, 3, event.TypeApplyCompleted, event.ApplyCompleted{
				Run: "r1", Plan: "p1", Episode: "ep-leaf1", Outcome: "done",
				Devices: []event.RunDevice{{Device: "leaf1", Outcome: "done", Changes: 2}}, Duration: 800 * time.Millisecond,
			}),
			sealed(t, 4, event.TypeDriftRemediated, ended("leaf1", "tenter", shut("up")...)),
		}},
		{"approved and over", []event.Event{
			sealed(t, 3, event.TypeApplyCompleted, event.ApplyCompleted{
				Run: "r1", Plan: "p1", Episode: "ep-leaf1", Outcome: "done",
				Devices: []event.RunDevice{{Device: "leaf1", Outcome: "done", Changes: 2}}, Duration: 800 * time.Millisecond,
			}),
			sealed(t, 4, event.TypeDriftRemediated, ended("leaf1", "tenter", shut("up")...)),
		}},
		{"half of it ended", []event.Event{
			sealed(t, 1, event.TypeDriftDetected, drift("leaf1", shut("up")...)),
			sealed(t, 2, event.TypeDriftDetected, drift("leaf2", shut("up")...)),
			sealed(t, 3, event.TypeDriftRemediated, ended("leaf2", "stranger", shut("up")...)),
		}},
		{"follow-up", []event.Event{
			sealed(t, 1, event.TypeDriftRemediated, ended("leaf2", "device", shut("up")...)),
			sealed(t, 2, event.TypeDriftRemediated, ended("leaf1", "tenter", shut("up")...)),
		}},
		{"held", []event.Event{sealed(t, 1, event.TypeDriftHeld, held)}},
		{"another device", []event.Event{sealed(t, 1, event.TypeDeviceHeld, event.Device{
			Device: "leaf1", Address: "10.0.0.1:57400", Reason: "it is another device: serial number S2, enrolled was S1; next: look at it",
		})}},
		{"every class", []event.Event{sealed(t, 1, event.TypeDriftDetected, observed)}},
		{"many findings", []event.Event{sealed(t, 1, event.TypeDriftDetected, manyDrift)}},
		{"plan of intent", []event.Event{sealed(t, 1, event.TypePlanGenerated, planned("p7", true, "", "leaf1", "leaf2", "leaf3", "leaf4", "spine1", "spine2", "x1", "x2", "x3", "x4", "x5"))}},
		{"applied", []event.Event{sealed(t, 1, event.TypeApplyCompleted, event.ApplyCompleted{
			Run: "r1", Plan: "p1", Cause: "intent", Outcome: "done", Devices: partial[:1], Duration: 90*time.Second + 400*time.Millisecond,
		})}},
		{"partial", []event.Event{sealed(t, 1, event.TypeApplyCompleted, event.ApplyCompleted{
			Run: "r1", Plan: "p1", Cause: "intent", Outcome: "partial", Devices: partial, Duration: 5 * time.Second,
		})}},
		{"failed", []event.Event{sealed(t, 1, event.TypeApplyFailed, event.ApplyFailed{
			Run: "r1", Plan: "p1", Cause: "intent", Outcome: "failed", Error: "leaf2: answered OK but applied nothing",
			Devices: []event.RunDevice{{Device: "leaf1", Outcome: "done", Changes: 3}, {Device: "leaf2", Outcome: "failed", Detail: "3 leaves differ"}}, Duration: 5 * time.Second,
		})}},
		{"rejected", []event.Event{
			sealed(t, 1, event.TypeIntentRejected, event.IntentRejected{Diagnostics: []string{"an earlier try"}}),
			sealed(t, 2, event.TypeIntentRejected, event.IntentRejected{Commit: "3f2a9c1", Diagnostics: diagnostics}),
		}},
		{"dead", []event.Event{
			sealed(t, 1, event.TypeDeadLettered, event.DeadLettered{Group: "reconcile", Stream: "drift", Seq: 12, Type: event.TypeDriftDetected, Attempts: 8, Reason: "no such device"}),
			sealed(t, 2, event.TypeDeadLettered, event.DeadLettered{Group: "reconcile", Stream: "drift", Entry: "99-0", Attempts: 1, Reason: "not in the log"}),
		}},
		{"broken glass", []event.Event{by("bob", sealed(t, 1, event.TypeApprovalOverridden, event.ApprovalOverridden{
			Plan: "p1", Devices: []intent.DeviceName{"leaf1", "leaf2"}, Reason: "customers are down", Missing: "1 of 2 approvals by netops",
		}))}},
		{"escalated", []event.Event{sealed(t, 1, event.TypeApprovalEscalated, event.Approval{
			Plan: "p1", Devices: []intent.DeviceName{"leaf1"}, Reason: "0 of 1 approval by netops",
			Needs: []event.ApprovalNeed{{Policy: "production", Approvals: 1, Groups: []string{"netops"}, EscalateTo: []string{"leads"}}},
		})}},
		{"digest", []event.Event{
			sealed(t, 1, event.TypeIntentRejected, event.IntentRejected{Diagnostics: diagnostics}),
			sealed(t, 2, event.TypeDriftDetected, observed),
			sealed(t, 3, event.TypeDriftDetected, drift("leaf2", shut("up")...)),
			sealed(t, 4, event.TypePlanGenerated, planned("p7", true, "", "leaf4")),
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := render("k1", items(t, tt.events...))
			if len(m.Events) != len(tt.events) || m.Key != "k1" || m.Fabric != "dc1" {
				t.Errorf("%+v", m)
			}
			got := fmt.Sprintf("severity %s, resolved %v\n%s\n", m.Severity, m.Resolved, m.Text())
			file := filepath.Join("testdata", strings.ReplaceAll(tt.name, " ", "_")+".txt")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWants(t *testing.T) {
	detected := sealed(t, 1, event.TypeDriftDetected, drift("leaf1"))
	end := sealed(t, 2, event.TypeDriftRemediated, ended("leaf1", "tenter"))
	proposal := sealed(t, 3, event.TypePlanGenerated, planned("p1", true, "ep-leaf1", "leaf1"))
	quietPlan := sealed(t, 4, event.TypePlanGenerated, planned("p1", false, "ep-leaf1", "leaf1"))
	intentPlan := sealed(t, 5, event.TypePlanGenerated, planned("p1", false, "", "leaf1"))
	repaired := sealed(t, 6, event.TypeApplyCompleted, event.ApplyCompleted{Run: "r1", Outcome: "done", Episode: "ep-leaf1"})
	applied := sealed(t, 7, event.TypeApplyCompleted, event.ApplyCompleted{Run: "r1", Outcome: "done"})
	failed := sealed(t, 8, event.TypeApplyFailed, event.ApplyFailed{Run: "r1"})
	events := []event.Event{detected, end, proposal, quietPlan, intentPlan, repaired, applied, failed}
	tests := []struct {
		name string
		r    Receiver
		want []wish
	}{
		{"everything", Receiver{}, []wish{itself, itself, itself, aside, no, aside, itself, itself}},
		{"warnings", Receiver{Severity: "warning"}, []wish{itself, itself, itself, aside, no, aside, no, itself}},
		{"errors", Receiver{Severity: "error"}, []wish{no, no, no, no, no, no, no, itself}},
		{"drift only", Receiver{Events: []string{"drift.*"}}, []wish{itself, itself, aside, aside, no, aside, no, no}},
		{"detected only", Receiver{Events: []string{"drift.detected"}}, []wish{itself, aside, aside, aside, no, aside, no, no}},
		{"failures only", Receiver{Events: []string{"reconciler.apply_failed"}}, []wish{no, no, no, no, no, no, no, itself}},
	}
	for _, tt := range tests {
		var got []wish
		for _, it := range items(t, events...) {
			got = append(got, tt.r.wants(it))
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
}

func BenchmarkRender(b *testing.B) {
	var events []event.Event
	for i := range 100 {
		events = append(events, sealed(b, i, event.TypeDriftDetected, drift(intent.DeviceName(fmt.Sprintf("leaf%03d", i)), shut("up")...)))
	}
	all := items(b, events...)
	for b.Loop() {
		render("k1", all)
	}
}
