package render_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/openconfig/gnmi/proto/gnmi"
	"github.com/openconfig/ygot/ygot"
	"github.com/openconfig/ygot/ytypes"

	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/render"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/sim/oc"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/internal/wire"
)

// factory is what a device has of its own, and what intents may refer to.
const factory = `{
	"openconfig-interfaces:interfaces": {"interface": [{"name": "Management0", "config": {"name": "Management0"}}]},
	"openconfig-network-instance:network-instances": {"network-instance": [{"name": "mgmt", "config": {"name": "mgmt"}}]}
}`

// oracle reads a tree with ytypes, by way of JSON_IETF, into what the device had before.
func oracle(t testing.TB, desired *tree.Tree, before ...string) *oc.Device {
	t.Helper()
	root, _ := desired.Table().Roots().Schema(path.OpenConfig)
	text, err := wire.JSON(root.Root(), path.Path{Origin: path.OpenConfig}, slices.Collect(desired.All()))
	if err != nil {
		t.Fatal(err)
	}
	d := &oc.Device{}
	for _, doc := range append(before, string(text)) {
		if err := oc.Unmarshal([]byte(doc), d); err != nil {
			t.Fatalf("ytypes does not take it: %v", err)
		}
	}
	return d
}

func TestOracleAcceptsTheExample(t *testing.T) {
	for _, r := range compile(t, render.NewCompiler(options(t)), example(t)) {
		t.Run(string(r.Device), func(t *testing.T) {
			d := oracle(t, r.Desired, factory)
			if err := d.Validate(&ytypes.LeafrefOptions{}); err != nil {
				t.Errorf("ytypes finds: %v", err)
			}
			// What ytypes holds of ours is what we rendered: nothing lost, nothing made up.
			if diff := cmp.Diff(paths(r.Desired), ytypesPaths(t, &oc.Device{}, oracle(t, r.Desired))); diff != "" {
				t.Errorf("(-ours +ytypes)\n%s", diff)
			}
		})
	}
}

// paths lists the leaves of a tree; ytypes has no key sequences.
func paths(desired *tree.Tree) []string {
	var out []string
	for l := range desired.All() {
		if l.Value.Kind() != schema.KindKeys {
			out = append(out, l.Path.String())
		}
	}
	slices.Sort(out)
	return out
}

// ytypesPaths lists the leaves that ygot.Diff finds to differ, but for the keys that only repeat the path.
func ytypesPaths(t testing.TB, before, after *oc.Device) []string {
	t.Helper()
	ns, err := ygot.DiffWithAtomic(before, after)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, n := range ns {
		var at []*gnmi.Path
		for _, u := range n.GetUpdate() {
			at = append(at, u.GetPath())
		}
		for _, p := range append(at, n.GetDelete()...) {
			full, err := wire.FromPath(n.GetPrefix(), p)
			if err != nil {
				t.Fatal(err)
			}
			if last := len(full.Elems) - 1; last < 1 || full.Elems[last-1].Keys == nil {
				seen[full.String()] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

func TestDiffAgreesWithYgot(t *testing.T) {
	f := example(t)
	r := compile(t, render.NewCompiler(options(t)), f)
	i := slices.IndexFunc(r, func(r *render.Result) bool { return r.Device == intent.DeviceName("leaf1") })
	before := r[i].Desired

	b := before.Builder()
	b.Delete(mustParse(t, "/interfaces/interface[name=Vlan41]"))
	b.Delete(mustParse(t, "/network-instances/network-instance[name=red]/interfaces/interface[id=Vlan41]"))
	for p, v := range map[string]any{
		"/interfaces/interface[name=Ethernet49]/config/description":                               "changed",
		"/interfaces/interface[name=Ethernet49]/config/enabled":                                   false,
		"/interfaces/interface[name=Port-Channel10]/aggregation/switched-vlan/config/trunk-vlans": []any{uint16(40), uint16(99)},
		"/interfaces/interface[name=Ethernet30]/config/name":                                      "Ethernet30",
		"/interfaces/interface[name=Ethernet30]/config/mtu":                                       1500,
	} {
		at := mustParse(t, p)
		value, err := before.Table().Roots().Canonical(at, v)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Set(tree.Leaf{Path: at, Value: value}); err != nil {
			t.Fatal(err)
		}
	}
	after := b.Build()

	var ours []string
	for c := range tree.Diff(before, after) {
		ours = append(ours, c.Path.String())
	}
	slices.Sort(ours)
	if len(ours) < 15 {
		t.Fatalf("only %d differences", len(ours))
	}
	if diff := cmp.Diff(ours, ytypesPaths(t, oracle(t, before), oracle(t, after))); diff != "" {
		t.Errorf("(-ours +ygot)\n%s", diff)
	}
}

func mustParse(t testing.TB, text string) path.Path {
	t.Helper()
	p, err := path.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
