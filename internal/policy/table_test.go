package policy

import (
	"testing"

	"github.com/tenter-net/tenter/internal/plan"
)

// TestTable holds the rows to what their contract says, whoever adds one.
func TestTable(t *testing.T) {
	seen := map[Rule]bool{}
	rows := table()
	triggers := []plan.Trigger{plan.ByIntent, plan.ByDrift, plan.BySchedule, plan.ByManual}
	for i, r := range rows {
		if r.Doc == "" || seen[r.Rule] {
			t.Errorf("row %d, %q: no doc, or a rule of another row", i, r.Rule)
		}
		seen[r.Rule] = true
		for _, by := range triggers {
			for _, f := range []Facts{{Trigger: by, Now: noon}, {Trigger: by, Now: noon, Enrolled: true, Requested: true}} {
				switch d, applies := r.Judge(f); {
				case d.Reason == "":
					t.Errorf("%s, %s: no reason", r.Rule, by)
				case applies && (d.Rule != r.Rule || d.Verdict == ""):
					t.Errorf("%s, %s: it decides %+v", r.Rule, by, d)
				case !applies && (d.Rule != "" || d.Verdict != ""):
					t.Errorf("%s, %s: it does not apply and decides %+v", r.Rule, by, d)
				case !applies && i == len(rows)-1:
					t.Errorf("%s, %s: the last row does not apply", r.Rule, by)
				}
			}
		}
	}
}
