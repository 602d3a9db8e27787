package profile_test

import (
	"strings"
	"testing"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/schemas"
)

// What an embedded profile names, the models of its origins have: a misspelled path would protect nothing, and find out
// nothing.
func TestEmbeddedProfilesFitTheirModels(t *testing.T) {
	set, err := profile.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	models := set.Models(schemas.Named)
	for _, name := range set.Names() {
		p, err := set.Get(name)
		if err != nil {
			t.Fatal(err)
		}
		roots, err := models.Roots(p)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for what, f := range map[string]profile.Path{
			"softwareVersion": p.Facts.SoftwareVersion, "serial": p.Facts.Serial, "bootTime": p.Facts.BootTime, "chassisMac": p.Facts.ChassisMAC,
			"state.bgp": p.State.BGP, "state.interfaces": p.State.Interfaces, "state.lldp": p.State.LLDP, "prove": p.Prove,
		} {
			if len(f.Elems) == 0 || p.Transport == profile.TransportCLI && strings.HasPrefix(what, "state.") {
				continue // a command line's state is in places of our own, which loading has compared with its commands
			}
			if n, ok := roots.Node(f.Path); !ok || !n.HasValue() && n.Config() || what == "prove" && !n.HasValue() {
				t.Errorf("%s: %s: %s is no leaf of its models", name, what, f)
			}
		}
		if p.Transport == profile.TransportCLI {
			continue // lines have no schema of their own
		}
		for _, g := range p.Protected {
			at, err := path.Parse(g.String())
			if err != nil {
				continue // a pattern with wildcards
			}
			if _, ok := roots.Node(at); !ok {
				t.Errorf("%s: protected: %s is not in its models", name, g)
			}
		}
	}
}
