package policy

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/path"
)

// A ruling is a Ruling as far as it can be compared.
type ruling struct {
	Mode           fabric.DriftMode
	Severity, Rule string
	Changes        time.Time
	Graced, Over   bool
	Losers         int
}

// TestRulings asks what is done about drift of one leaf as time goes by.
func TestRulings(t *testing.T) {
	const leaf = "/interfaces/interface[name=Ethernet1]/config/mtu"
	p, err := path.Parse(leaf)
	if err != nil {
		t.Fatal(err)
	}
	everything := fabric.DriftRule{Pattern: "/**", Mode: fabric.DriftPropose}
	port := fabric.DriftRule{Pattern: "/interfaces/interface[name=Ethernet1]", Mode: fabric.DriftEnforce, Severity: "error", Grace: 10 * time.Minute}
	ignored := fabric.DriftRule{Pattern: leaf, Mode: fabric.DriftIgnore, Until: noon, Reason: "relabelled"}
	adopted := fabric.DriftRule{Pattern: leaf, Mode: fabric.DriftAdopt, Severity: "info", Grace: time.Hour}
	tests := []struct {
		name  string
		rules []fabric.DriftRule
		since time.Time // when the leaf got its value
		now   time.Time
		want  ruling
	}{
		{"no rule", nil, noon, noon, ruling{Mode: fabric.DriftPropose, Severity: "warning"}},
		{"the only rule", []fabric.DriftRule{everything}, noon, noon, ruling{Mode: fabric.DriftPropose, Severity: "warning", Rule: "/**"}},
		{
			"the most specific",
			[]fabric.DriftRule{port, everything},
			noon.Add(-time.Hour), noon,
			ruling{Mode: fabric.DriftEnforce, Severity: "error", Rule: port.Pattern, Losers: 1},
		},
		{
			"new",
			[]fabric.DriftRule{port, everything},
			noon, noon.Add(time.Minute),
			ruling{Mode: fabric.DriftObserve, Severity: "error", Rule: port.Pattern, Losers: 1, Graced: true, Changes: noon.Add(10 * time.Minute)},
		},
		{
			"no longer new",
			[]fabric.DriftRule{port},
			noon, noon.Add(10 * time.Minute),
			ruling{Mode: fabric.DriftEnforce, Severity: "error", Rule: port.Pattern},
		},
		{
			"ignored",
			[]fabric.DriftRule{ignored, port, everything},
			time.Time{},
			noon.Add(-1),
			ruling{Mode: fabric.DriftIgnore, Severity: "warning", Rule: leaf, Losers: 2, Changes: noon},
		},
		{
			"ignored no longer",
			[]fabric.DriftRule{ignored, port, everything},
			time.Time{},
			noon,
			ruling{Mode: fabric.DriftEnforce, Severity: "error", Rule: port.Pattern, Losers: 2, Over: true},
		},
		{
			"adopted, which needs no grace",
			[]fabric.DriftRule{adopted},
			noon, noon,
			ruling{Mode: fabric.DriftAdopt, Severity: "info", Rule: leaf},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, err := NewModes(tt.rules)
			if err != nil {
				t.Fatal(err)
			}
			m = m.Since(map[string]time.Time{leaf: tt.since})
			r := m.At(p, tt.now)
			got := ruling{Mode: r.Mode, Severity: r.Severity, Changes: r.Changes, Graced: !r.Grace.IsZero(), Over: r.Over != nil, Losers: len(m.Losers(p, r))}
			if r.Rule != nil {
				got.Rule = r.Rule.Pattern
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestWorse(t *testing.T) {
	order := []string{"", "info", "warning", "error", "critical"}
	for i, a := range order {
		for j, b := range order {
			if got := Worse(a, b); got != order[max(i, j)] {
				t.Errorf("%q and %q: %q", a, b, got)
			}
		}
	}
}
