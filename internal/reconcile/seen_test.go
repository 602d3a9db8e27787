package reconcile

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/schemas"
)

// TestSeen tells what a device shows apart from what it may show in a form that nobody can read.
func TestSeen(t *testing.T) {
	roots := schema.NewRoots(map[string]*schema.Schema{path.OpenConfig: schemas.OpenConfig()})
	table := tree.NewTable(roots)
	const ethernet = "/interfaces/interface[name=Ethernet1]/config/"
	change := func(leaf string, before, after schema.Value) tree.Change {
		p, err := path.Parse(ethernet + leaf)
		if err != nil {
			t.Fatal(err)
		}
		return tree.Change{Path: p, Before: before, After: after}
	}
	mtu, gone, described := change("mtu", "", "i9000"), change("tpid", "rx", ""), change("description", "sold", "snew")
	tests := []struct {
		name     string
		observed []string
		problems []tree.Problem
		values   []schema.Value
		unread   []bool
		odd      []string
	}{
		{"as planned", []string{"mtu = 9000", "description = new"}, nil, []schema.Value{"i9000", "", "snew"}, nil, nil},
		{
			"otherwise",
			[]string{"description = NEW"},
			nil,
			[]schema.Value{"", "", "sNEW"},
			nil,
			[]string{ethernet + `mtu: absent instead of "9000"`, ethernet + `description: "NEW" instead of "new"`},
		},
		{
			"a value that is none",
			[]string{"description = new"},
			[]tree.Problem{{Path: ethernet + "mtu", Reason: `"9k" is no uint16`}},
			[]schema.Value{"", "", "snew"},
			[]bool{true, false, false},
			[]string{ethernet + `mtu: what the device sends cannot be read: "9k" is no uint16`},
		},
		{
			"an entry that cannot be told", nil,
			[]tree.Problem{{Path: "/interfaces/interface", Reason: "no key"}},
			[]schema.Value{"", "", ""},
			[]bool{true, true, true},
			[]string{
				ethernet + "mtu: what the device sends cannot be read: no key", ethernet + "tpid: what the device sends cannot be read: no key",
				ethernet + "description: what the device sends cannot be read: no key",
			},
		},
		{
			"beside what was written",
			[]string{"mtu = 9000", "description = new"},
			[]tree.Problem{{Path: ethernet + "speed", Reason: "no such node"}},
			[]schema.Value{"i9000", "", "snew"},
			nil, nil,
		},
		{
			"all under another origin", nil,
			[]tree.Problem{{Path: "native:/ports", Reason: "no schema"}},
			[]schema.Value{"", "", ""},
			[]bool{true, false, true},
			[]string{
				ethernet + "mtu: what the device sends cannot be read: no schema",
				ethernet + "description: what the device sends cannot be read: no schema",
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var lines strings.Builder
			for _, l := range tt.observed {
				lines.WriteString(ethernet + l + "\n")
			}
			in := plan.Input{
				Roots: roots, Observed: parseTree(t, table, lines.String(), 0), Problems: tt.problems, Secrets: plan.NewSecrets(nil, nil),
			}
			got := seen(in, []tree.Change{mtu, gone, described})
			if diff := cmp.Diff(tt.values, got.Values); diff != "" {
				t.Error("values", diff)
			}
			if diff := cmp.Diff(tt.unread, got.Unread); diff != "" {
				t.Error("unread", diff)
			}
			if diff := cmp.Diff(tt.odd, got.Odd); diff != "" {
				t.Error("odd", diff)
			}
		})
	}
}
