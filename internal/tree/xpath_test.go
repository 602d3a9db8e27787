package tree

import (
	"testing"

	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/schemas"
)

// TestConditionsOfPublishedModels holds the parser against every condition and reference of the models that Tenter ships.
// What it does not know is a condition that is never checked, on any device.
func TestConditionsOfPublishedModels(t *testing.T) {
	for name, unknown := range map[string]int{"openconfig": 0, "srlinux": 0, "eos": 0} {
		s, ok := schemas.Named(name)
		if !ok {
			t.Fatalf("no schema %s", name)
		}
		all, failed := 0, 0
		for i := range s.Len() {
			n := s.Node(schema.NodeID(i))
			for _, list := range [][]schema.XPath{n.Must(), n.When()} {
				for _, x := range list {
					all++
					if _, err := parseXPath(x.Text); err != nil {
						failed++
						t.Logf("%s: %v", n.Path(), err)
					}
				}
			}
		}
		if failed != unknown {
			t.Errorf("%s: %d of %d conditions are not understood, want %d", name, failed, all, unknown)
		}
	}
}

func FuzzXPath(f *testing.F) {
	for _, s := range []string{"../a = 'b'", "not(/x:a[k=current()/../b]/c) or count(../d) > 2", "((((", "a[b[c]]", "'", "..", "1.5.2", ". mod 50 = -1 * 2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := parseXPath(text)
		if (e == nil) != (err != nil) {
			t.Fatalf("expression %v and error %v", e, err)
		}
	})
}
