package render_test

import (
	"testing"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/render"
	"github.com/tenter-net/tenter/internal/tree"
)

// Every dialect can drain a spine: its announcements get longer, and nothing that it has goes away.
func TestDrained(t *testing.T) {
	for _, tt := range []struct {
		name string
		f    *fabric.Fabric
		want int // leaves more
	}{
		{"openconfig", example(t), 2},
		{"srlinux", asSRLinux(t), 2},
		{"eos", asEOS(t), 2},
		{"frr", asFRR(t), 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := compile(t, render.NewCompiler(options(t)), tt.f)
			for i, d := range tt.f.Devices {
				after := compile(t, render.NewCompiler(options(t)), &fabric.Fabric{Devices: []*fabric.Device{d.Drained(3)}})
				if d.Role != "spine" {
					continue
				}
				added := 0
				for c := range tree.Diff(before[i].Desired, after[0].Desired) {
					if added++; c.Before != "" {
						t.Errorf("%s: %s was %s", d.Name, c.Path, c.Before)
					}
				}
				if added != tt.want {
					t.Errorf("%s: %d leaves more, want %d", d.Name, added, tt.want)
				}
			}
		})
	}
}

func asEOS(t *testing.T) *fabric.Fabric {
	f := asSRLinux(t)
	for _, d := range f.Devices {
		d.Access.Dialect, d.Access.Profile = "eos", "eos"
	}
	return f
}
