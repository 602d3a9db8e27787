package render_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/render"
	"github.com/tenter-net/tenter/internal/tree"
)

func source(file string, line int, kind, name string) tree.Source {
	return tree.Source{File: file, Line: line, Column: 3, Kind: kind, Name: name}
}

// oneDevice is a fabric of one switch with one port, and the Config leaves given.
func oneDevice(config ...fabric.ConfigLeaf) *fabric.Fabric {
	at := source("devices.yaml", 1, "Device", "leaf1")
	return &fabric.Fabric{Devices: []*fabric.Device{{
		Name: "leaf1", Source: at, Access: fabric.Access{Dialect: "openconfig", Profile: "openconfig-sim"},
		Interfaces: []fabric.Interface{{
			ID: fabric.InterfaceID{Kind: fabric.Ethernet, Number: 1}, Source: source("ports.yaml", 7, "Port", "server-a"),
			Description: "server-a", Enabled: true, MTU: 9014,
		}},
		Policies: []fabric.Policy{{Name: "in", Source: source("policies.yaml", 1, "RoutePolicy", "in"), Statements: []fabric.Statement{
			{Name: "20", Source: source("policies.yaml", 5, "RoutePolicy", "in"), PrefixSet: "all", Accept: true},
			{Name: "10", Source: source("policies.yaml", 9, "RoutePolicy", "in")},
		}}},
		PrefixSets: []fabric.PrefixSet{{Name: "all", Source: source("policies.yaml", 1, "RoutePolicy", "in")}},
		Config:     config,
	}}}
}

const description = "/interfaces/interface[name=Ethernet1]/config/description"

func config(line, priority int, path string, value any) fabric.ConfigLeaf {
	return fabric.ConfigLeaf{Path: path, Value: value, Priority: priority, Source: source("config.yaml", line, "Config", fmt.Sprint("c", line))}
}

func get(t *testing.T, r *render.Result, path string) tree.Leaf {
	t.Helper()
	l, ok := r.Desired.Get(mustParse(t, path))
	if !ok {
		t.Fatalf("%s is not there", path)
	}
	return l
}

func TestConflictNamesBothPositions(t *testing.T) {
	for _, tc := range []struct {
		name   string
		config []fabric.ConfigLeaf
		want   []string
	}{
		{
			"document against kind",
			[]fabric.ConfigLeaf{config(4, 0, description, "other")},
			[]string{"config.yaml:4:3: error[T0701]", description, `Config "c4" wants "other"`, `Port "server-a" wants "server-a"`, "ports.yaml:7:3"},
		},
		{
			"document against document of the same priority",
			[]fabric.ConfigLeaf{config(4, 10, description, "one"), config(9, 10, description, "two")},
			[]string{"config.yaml:9:3: error[T0701]", `Config "c9" wants "two"`, `Config "c4" wants "one"`, "config.yaml:4:3"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			results, diags := render.NewCompiler(options(t)).Compile(oneDevice(tc.config...))
			if results != nil || !diags.HasErrors() {
				t.Fatalf("no error: %v", diags)
			}
			for _, want := range tc.want {
				if !strings.Contains(diags.Text(), want) {
					t.Errorf("%q is not in\n%s", want, diags.Text())
				}
			}
		})
	}
}

func TestPriorityOverridesAndKeepsTheLoser(t *testing.T) {
	c := render.NewCompiler(options(t))
	r := compile(t, c, oneDevice(config(4, 5, description, "five"), config(9, 10, description, "ten")))[0]
	won := get(t, r, description)
	if won.Value.Text() != "ten" || c.Sources().Get(won.Source).Line != 9 {
		t.Errorf("%s = %s from %+v", description, won.Value.Text(), c.Sources().Get(won.Source))
	}
	var losers []string
	for _, o := range r.Overridden {
		losers = append(losers, fmt.Sprintf("%s %s:%d by line %d", o.Value.Text(), c.Sources().Get(o.Source).File,
			c.Sources().Get(o.Source).Line, c.Sources().Get(o.By).Line))
	}
	if diff := cmp.Diff([]string{"server-a ports.yaml:7 by line 4", "five config.yaml:4 by line 9"}, losers); diff != "" {
		t.Error(diff)
	}
}

// What a Config document omits is said by nobody of less priority, whatever changes besides.
func TestOmittedLeavesAreNotMeant(t *testing.T) {
	c := render.NewCompiler(options(t))
	omit := config(4, 5, "/interfaces/interface[name=Ethernet1]/config", nil)
	omit.Omit = true
	f := oneDevice(omit, config(9, 10, description, "kept"))
	r := compile(t, c, f)[0]
	if won := get(t, r, description); won.Value.Text() != "kept" {
		t.Errorf("description is %s", won.Value.Text())
	}
	mtu := mustParse(t, "/interfaces/interface[name=Ethernet1]/config/mtu")
	shown := slices.ContainsFunc(r.Overridden, func(o render.Overridden) bool {
		return o.Path.String() == mtu.String() && c.Sources().Get(o.By).Line == 4
	})
	if _, ok := r.Desired.Get(mtu); ok || !shown {
		t.Errorf("mtu is there: %v; overridden %v", ok, r.Overridden)
	}
	again := oneDevice(omit, config(9, 10, description, "kept"))
	again.Devices[0].Interfaces[0].MTU = 1514
	if r = compile(t, c, again)[0]; r.Desired.Has(mtu) {
		t.Error("a change of what is omitted brought it back")
	}
	bad := config(4, 5, "/interfaces/nonsense", nil)
	bad.Omit = true
	if _, diags := c.Compile(oneDevice(bad)); !diags.HasErrors() {
		t.Error("an unknown path was omitted")
	}
}

func TestEqualWishesAreNoConflict(t *testing.T) {
	c := render.NewCompiler(options(t))
	r := compile(t, c, oneDevice(config(4, 0, description, "server-a")))[0]
	if s := c.Sources().Get(get(t, r, description).Source); s.File != "ports.yaml" || len(r.Overridden) != 0 {
		t.Errorf("source %+v, overridden %v", s, r.Overridden)
	}
}

func TestConfigDocuments(t *testing.T) {
	for _, tc := range []struct {
		name   string
		config fabric.ConfigLeaf
		want   map[string]string
	}{
		{
			"a leaf of any model, with the entry it is in", config(1, 0, "/interfaces/interface[name=Ethernet9]/hold-time/config/up", 100),
			map[string]string{
				"/interfaces/interface[name=Ethernet9]/hold-time/config/up": "100",
				"/interfaces/interface[name=Ethernet9]/config/name":         "Ethernet9",
			},
		},
		{
			"a leaf that no struct has", config(1, 0, "/acl/config/foo", "x"), nil,
		},
		{
			"a subtree", config(1, 0, "/system/ssh-server", map[string]any{"config": map[string]any{"enable": true, "session-limit": 5}}),
			map[string]string{"/system/ssh-server/config/enable": "true", "/system/ssh-server/config/session-limit": "5"},
		},
		{
			"an entry of a user-ordered list goes last",
			config(1, 0, "/routing-policy/policy-definitions/policy-definition[name=in]/statements/statement[name=30]/actions/config/policy-result", "ACCEPT_ROUTE"),
			map[string]string{
				"/routing-policy/policy-definitions/policy-definition[name=in]/statements/statement":                      "[name=20] [name=10] [name=30]",
				"/routing-policy/policy-definitions/policy-definition[name=in]/statements/statement[name=30]/config/name": "30",
			},
		},
		{
			"an entry of a user-ordered list of its own", config(1, 0, "/system/dns/servers/server[address=192.0.2.1]/config/port", 53),
			map[string]string{"/system/dns/servers/server": "[address=192.0.2.1]"},
		},
		{"a value that does not fit", config(1, 0, "/interfaces/interface[name=Ethernet1]/config/mtu", "big"), nil},
		{"state", config(1, 0, "/interfaces/interface[name=Ethernet1]/state/mtu", 1500), nil},
		{"no path", config(1, 0, "interfaces", 1), nil},
		{"an unknown key", config(1, 0, "/interfaces/interface[id=1]/config/mtu", 1500), nil},
		{"another origin", fabric.ConfigLeaf{Origin: "native", Path: "/x", Value: "y", Source: source("config.yaml", 1, "Config", "c1")}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			results, diags := render.NewCompiler(options(t)).Compile(oneDevice(tc.config))
			if tc.want == nil {
				if !strings.Contains(diags.Text(), "config.yaml:1:3: error[T0702]") {
					t.Errorf("diagnostics:\n%s", diags.Text())
				}
				return
			}
			if diags.HasErrors() {
				t.Fatal(diags.Text())
			}
			for p, want := range tc.want {
				if got := get(t, results[0], p).Value.Text(); got != want {
					t.Errorf("%s = %q, want %q", p, got, want)
				}
			}
		})
	}
}

func TestSecrets(t *testing.T) {
	values := map[string]string{"bgp": "hunter2"}
	opts := options(t)
	opts.Secret = func(name string) (string, bool) { v, ok := values[name]; return v, ok }
	c := render.NewCompiler(opts)
	leaf := config(3, 0, "/system/aaa/authentication/users/user[username=ops]/config/password", nil)
	leaf.Secret = "bgp"
	const at = "/system/aaa/authentication/users/user[username=ops]/config/password"

	r := compile(t, c, oneDevice(leaf))[0]
	if got := get(t, r, at).Value.Text(); got != "hunter2" {
		t.Errorf("password %q", got)
	}
	if len(r.Secrets) != 1 || r.Secrets[0].String() != at {
		t.Errorf("secrets %v", r.Secrets)
	}
	if again := compile(t, c, oneDevice(leaf))[0]; again != r {
		t.Error("an unchanged secret renders again")
	}
	values["bgp"] = "correct horse"
	if got := get(t, compile(t, c, oneDevice(leaf))[0], at).Value.Text(); got != "correct horse" {
		t.Errorf("after a change of the secret: %q", got)
	}
	_, diags := c.Compile(oneDevice(leaf, config(9, 0, at, "other")))
	if text := diags.Text(); !strings.Contains(text, "T0701") || strings.Contains(text, "horse") {
		t.Errorf("a conflict shows the secret, or there is none:\n%s", text)
	}
	delete(values, "bgp")
	if _, diags = c.Compile(oneDevice(leaf)); !strings.Contains(diags.Text(), `secret "bgp" is not known`) {
		t.Errorf("unknown secret:\n%s", diags.Text())
	}
}

func TestWrongProfileOrDialect(t *testing.T) {
	f := oneDevice()
	f.Devices[0].Access.Profile = "nobody"
	_, diags := render.NewCompiler(options(t)).Compile(f)
	if !strings.Contains(diags.Text(), `devices.yaml:1:3: error[T0703]: device "leaf1": profile "nobody"`) {
		t.Error(diags.Text())
	}
	f.Devices[0].Access = fabric.Access{Dialect: "klingon", Profile: "openconfig"}
	if _, diags = render.NewCompiler(options(t)).Compile(f); !strings.Contains(diags.Text(), "T0703") {
		t.Error(diags.Text())
	}
}

// TestIncrementalEqualsFromScratch changes a fabric at random, step by step, and compares what a compiler that knows
// the steps before makes of it with what a fresh one does.
func TestIncrementalEqualsFromScratch(t *testing.T) {
	for _, tc := range []struct {
		name        string
		fabric      func(testing.TB) *fabric.Fabric
		description string // of a loopback, which a Config document sets too
	}{
		{"openconfig", example, "/interfaces/interface[name=Loopback0]/config/description"},
		{"srlinux", asSRLinux, "srl_nokia:/interface[name=lo0]/description"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(1, 2)) // the same steps each time
			c := render.NewCompiler(options(t))
			broken := 0
			for step := range 60 {
				f := tc.fabric(t)
				f.Devices = []*fabric.Device{f.Devices[3], f.Devices[4]} // a leaf with all kinds of services, and a spine
				f = mutate(rng, f, tc.description)
				if sameAsFresh(t, step, c, f) == nil {
					broken++
				}
			}
			if broken == 0 || broken > 45 {
				t.Errorf("%d of 60 steps had errors: the mutations don't test enough", broken)
			}
		})
	}
}

// sameAsFresh compiles a fabric with a compiler that compiled others and with a fresh one.
func sameAsFresh(t *testing.T, step int, c *render.Compiler, f *fabric.Fabric) []*render.Result {
	t.Helper()
	got, diags := c.Compile(f)
	want, wantDiags := render.NewCompiler(options(t)).Compile(f)
	if diff := cmp.Diff(wantDiags.Text(), diags.Text()); diff != "" {
		t.Fatalf("step %d: (-fresh +incremental)\n%s", step, diff)
	}
	if (got == nil) != (want == nil) {
		t.Fatalf("step %d: results %v and %v", step, got, want)
	}
	for i := range got {
		if diff := cmp.Diff(text(want[i].Desired), text(got[i].Desired)); diff != "" {
			t.Fatalf("step %d: %s: (-fresh +incremental)\n%s", step, got[i].Device, diff)
		}
	}
	return got
}

// mutate changes a few things of a fabric.
func mutate(rng *rand.Rand, f *fabric.Fabric, description string) *fabric.Fabric {
	for _, d := range f.Devices {
		for range rng.IntN(4) {
			switch rng.IntN(8) {
			case 0:
				d.Interfaces[rng.IntN(len(d.Interfaces))].Description = fmt.Sprint("random ", rng.IntN(5))
			case 1:
				i := rng.IntN(len(d.Policies))
				d.Policies = slices.Delete(d.Policies, i, i+1)
			case 2:
				p := &d.Policies[rng.IntN(len(d.Policies))]
				slices.Reverse(p.Statements)
			case 3:
				if len(d.MacVRFs) > 0 {
					i := rng.IntN(len(d.MacVRFs))
					d.MacVRFs = slices.Delete(d.MacVRFs, i, i+1)
				}
			case 4:
				if len(d.Gateways) > 0 {
					g := &d.Gateways[rng.IntN(len(d.Gateways))]
					g.AnycastMAC, g.VRF = fmt.Sprintf("00:00:00:00:00:%02x", rng.IntN(3)), []string{"red", "blue"}[rng.IntN(2)]
				}
			case 5:
				d.Config = append(d.Config, config(rng.IntN(20), rng.IntN(2)*10, description, fmt.Sprint(rng.IntN(2))))
			case 6:
				d.System.Login = fabric.Text{Value: fmt.Sprint(rng.IntN(3)), Source: d.Source}
			case 7:
				// Two parts that want one leaf: a neighbor twice.
				b := &d.BGP[0]
				n := b.Neighbors[0]
				n.Description = fmt.Sprint("twin ", rng.IntN(2))
				b.Redistribute = append(b.Redistribute, b.Redistribute...)
				if rng.IntN(3) == 0 {
					b.Neighbors = append(b.Neighbors, n)
				}
			}
		}
	}
	return f
}

func TestUnchangedDevicesKeepTheirResult(t *testing.T) {
	c := render.NewCompiler(options(t))
	before := compile(t, c, example(t))
	f := example(t)
	f.Devices[0].System.Login.Value = "changed"
	f.Devices[1].Source.Commit = "another commit"
	after := compile(t, c, f)
	for i := range before {
		if same := before[i] == after[i]; same != (i != 0) {
			t.Errorf("%s: same result is %v", before[i].Device, same)
		}
	}
	if before[0].Desired.Table() != after[0].Desired.Table() {
		t.Error("trees of one device are in different tables")
	}
	f = example(t)
	f.Devices = f.Devices[1:]
	if got := compile(t, c, f); len(got) != len(before)-1 || got[0].Device != before[1].Device {
		t.Errorf("%d devices after one went", len(got))
	}
}
