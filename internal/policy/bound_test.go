package policy

import (
	"strings"
	"testing"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/tree"
)

func TestDeletionBound(t *testing.T) {
	scope := func(leaves, percent int) fabric.DeleteBound {
		return fabric.DeleteBound{Leaves: leaves, Percent: percent, Source: tree.Source{File: "s.yaml", Line: 7, Kind: "Scope", Name: "s"}}
	}
	tests := []struct {
		name string
		d    Deletion
		why  string // part of it, empty for within bounds
	}{
		{"nothing", Deletion{}, ""},
		{"nothing, and nothing may be", Deletion{Of: 100, Bounds: []fabric.DeleteBound{scope(0, 0)}}, ""},
		{"a few of few", Deletion{Leaves: 10, Of: 12}, ""},
		{"a tenth", Deletion{Leaves: 20, Of: 200}, ""},
		{"more than a tenth", Deletion{Leaves: 21, Of: 200}, "it deletes 21 of 200 leaves, and what goes without asking is 10 percent"},
		{"fifty of many", Deletion{Leaves: 50, Of: 5000}, ""},
		{"more than fifty of many", Deletion{Leaves: 51, Of: 5000}, "it deletes 51 leaves, and what goes without asking is 50"},
		{"a scope that allows more", Deletion{Leaves: 60, Of: 100, Bounds: []fabric.DeleteBound{scope(100, 100)}}, ""},
		{"a scope that allows none", Deletion{Leaves: 1, Of: 100, Bounds: []fabric.DeleteBound{scope(0, 10)}}, "maxDeletes of Scope s (s.yaml:7) is 0"},
		{"the least of two", Deletion{Leaves: 6, Of: 100, Bounds: []fabric.DeleteBound{scope(100, 100), scope(5, 100)}}, "is 5"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := Facts{Trigger: plan.ByDrift, Enrolled: true, Mode: fabric.DriftEnforce, Now: noon, Leaves: 10000, Deletes: tt.d}
			d := Decide(f)
			if held := d.Rule == TooManyDeletes; held != (tt.why != "") || held && (d.Verdict != Wait || !strings.Contains(d.Reason, tt.why) || !d.Held()) {
				t.Errorf("%+v, want %q", d, tt.why)
			}
			if f.Trigger, f.AutoApply = plan.ByIntent, true; (Decide(f).Rule == TooManyDeletes) != (tt.why != "") {
				t.Errorf("new intent: %+v", Decide(f))
			}
			if f.Requested = true; Decide(f).Verdict != Run {
				t.Errorf("asked for: %+v", Decide(f))
			}
		})
	}
}
