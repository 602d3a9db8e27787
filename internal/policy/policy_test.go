package policy

import (
	"fmt"
	"testing"
	"time"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/tree"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func ExampleDecide() {
	d := Decide(Facts{Trigger: plan.ByDrift, Enrolled: true, Mode: fabric.DriftEnforce, Now: noon, Different: 1, Leaves: 800})
	fmt.Println(d.Verdict, "-", d.Reason)
	d = Decide(Facts{Trigger: plan.ByDrift, Enrolled: true, Mode: fabric.DriftEnforce, Now: noon, Different: 600, Leaves: 800})
	fmt.Println(d.Verdict, "-", d.Reason)
	// Output:
	// run - drift here is put back at once
	// wait - 600 of 800 leaves differ at once
}

func TestDecide(t *testing.T) {
	drift := Facts{Trigger: plan.ByDrift, Enrolled: true, Mode: fabric.DriftEnforce, Now: noon, Different: 3, Leaves: 100}
	tests := []struct {
		name    string
		change  func(*Facts)
		verdict Verdict
		rule    Rule
	}{
		{"drift that is enforced", func(*Facts) {}, Run, "enforce"},
		{"drift that is proposed", func(f *Facts) { f.Mode = fabric.DriftPropose }, Wait, "propose"},
		{"an approval of a proposal", func(f *Facts) { f.Mode, f.Requested = fabric.DriftPropose, true }, Run, "requested"},
		{"a loop", func(f *Facts) { f.Looping = "/a" }, Wait, "loop"},
		{"a loop that somebody looked at", func(f *Facts) { f.Looping, f.Requested = "/a", true }, Run, "requested"},
		{"a device that restarted", func(f *Facts) { f.Changed = "it restarted" }, Wait, "changed device"},
		{"a restarted device that somebody looked at", func(f *Facts) { f.Changed, f.Requested = "it restarted", true }, Run, "requested"},
		{"a fifth of the leaves", func(f *Facts) { f.Different = 20 }, Run, "enforce"},
		{"more than a fifth of the leaves", func(f *Facts) { f.Different = 21 }, Wait, "mass change"},
		{"a few of few leaves", func(f *Facts) { f.Different, f.Leaves = 10, 12 }, Run, "enforce"},
		{"a device that nobody enrolled", func(f *Facts) { f.Enrolled = false }, Refuse, "enrolment"},
		{"asking is no enrolment", func(f *Facts) { f.Enrolled, f.Requested = false, true }, Refuse, "enrolment"},
		{"another device", func(f *Facts) { f.Mismatch = "it is another" }, Refuse, "identity"},
		{"another device against a request", func(f *Facts) { f.Mismatch, f.Requested = "it is another", true }, Refuse, "identity"},
		{"what failed twice", func(f *Facts) { f.Failures = 2 }, Run, "enforce"},
		{"what failed too often", func(f *Facts) { f.Failures = 3 }, Wait, "failing"},
		{"what failed too often, and somebody looked at", func(f *Facts) { f.Failures, f.Requested = 3, true }, Run, "requested"},
		{"a hold", func(f *Facts) { f.HeldUntil = noon.Add(time.Second) }, Refuse, "hold"},
		{"a hold against a request", func(f *Facts) { f.HeldUntil, f.Requested = noon.Add(time.Second), true }, Refuse, "hold"},
		{"a hold that is over", func(f *Facts) { f.HeldUntil = noon }, Run, "enforce"},
		{"new intent", func(f *Facts) { f.Trigger = plan.ByIntent }, Wait, "approval"},
		{"new intent that may be applied", func(f *Facts) { f.Trigger, f.AutoApply = plan.ByIntent, true }, Run, "policy"},
		{"a plan made by hand", func(f *Facts) { f.Trigger, f.AutoApply = plan.ByManual, true }, Wait, "approval"},
		{"a schedule on a device that restarted", func(f *Facts) { f.Trigger, f.Changed = plan.BySchedule, "it restarted" }, Wait, "changed device"},
		{"a schedule and a fifth of the leaves", func(f *Facts) { f.Trigger, f.Different = plan.BySchedule, 21 }, Wait, "mass change"},
		{"a schedule", func(f *Facts) { f.Trigger = plan.BySchedule }, Run, "policy"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := drift
			tt.change(&f)
			if d := Decide(f); d.Verdict != tt.verdict || d.Rule != tt.rule || d.Reason == "" {
				t.Errorf("%+v, want %s by %s", d, tt.verdict, tt.rule)
			}
		})
	}
}

func TestModes(t *testing.T) {
	m, err := NewModes([]fabric.DriftRule{
		{Pattern: "/interfaces/interface[name=Ethernet1]/config/description", Mode: fabric.DriftIgnore, Until: noon},
		{Pattern: "/interfaces/interface[name=Ethernet1]", Mode: fabric.DriftObserve},
		{Pattern: "/interfaces", Mode: fabric.DriftEnforce},
		{Pattern: "/system", Mode: fabric.DriftIgnore},
	})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		path string
		now  time.Time
		want fabric.DriftMode
	}{
		{"/interfaces/interface[name=Ethernet1]/config/description", noon.Add(-1), fabric.DriftIgnore},
		{"/interfaces/interface[name=Ethernet1]/config/description", noon, fabric.DriftObserve},
		{"/interfaces/interface[name=Ethernet1]/config/mtu", noon, fabric.DriftObserve},
		{"/interfaces/interface[name=Ethernet2]/config/mtu", noon, fabric.DriftEnforce},
		{"/system/config/hostname", noon, fabric.DriftIgnore},
		{"/lldp/config/enabled", noon, fabric.DriftPropose},
	}
	for _, tt := range tests {
		p, err := path.Parse(tt.path)
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Mode(p, tt.now); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.path, got, tt.want)
		}
	}
	if _, err := NewModes([]fabric.DriftRule{{Pattern: "interfaces", Source: tree.Source{Name: "x"}}}); err == nil {
		t.Error("a bad pattern was accepted")
	}
}

func TestWeakest(t *testing.T) {
	order := []fabric.DriftMode{fabric.DriftIgnore, fabric.DriftObserve, fabric.DriftAdopt, fabric.DriftPropose, fabric.DriftEnforce}
	for i, a := range order {
		for j, b := range order {
			if got := Weakest(a, b); got != order[min(i, j)] {
				t.Errorf("%s and %s: %s", a, b, got)
			}
		}
		if Remediates(a) != (i >= 3) {
			t.Errorf("%s: remediates %t", a, Remediates(a))
		}
	}
}

func TestLooping(t *testing.T) {
	past := []PutBack{
		{noon.Add(-2 * time.Hour), []string{"/a"}},
		{noon.Add(-50 * time.Minute), []string{"/a", "/b"}},
		{noon.Add(-10 * time.Minute), []string{"/b", "/c"}},
	}
	tests := []struct {
		paths []string
		want  string
	}{
		{[]string{"/a"}, ""},
		{[]string{"/c", "/b"}, "/b"},
		{nil, ""},
	}
	for _, tt := range tests {
		if got := Looping(past, tt.paths, noon); got != tt.want {
			t.Errorf("%v: %q, want %q", tt.paths, got, tt.want)
		}
	}
}
