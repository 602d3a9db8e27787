package infer_test

import (
	"bufio"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tenter-net/tenter/intents"
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/infer"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/render"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/schemas"
)

// A bench renders documents, as the program does.
type bench struct {
	t        testing.TB
	profiles *profile.Set
	secrets  map[string]string
	compiler *render.Compiler
}

func newBench(t testing.TB) *bench {
	t.Helper()
	profiles, err := profile.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, profiles: profiles, secrets: map[string]string{"provider-bgp": "s3cr3t-key"}}
	b.compiler = render.NewCompiler(render.Options{
		Roots: profiles.Models(schemas.Named).Roots, Profiles: profiles,
		Secret: func(name string) (string, bool) { v, ok := b.secrets[name]; return v, ok },
	})
	return b
}

type rendered struct {
	set     *intent.Set
	trees   map[string]*tree.Tree
	sources *tree.Sources
}

func (r rendered) Desired(device string) *tree.Tree    { return r.trees[device] }
func (r rendered) Source(id tree.SourceID) tree.Source { return r.sources.Get(id) }

func (b *bench) compile(files map[string][]byte, secrets map[string]string) (infer.Compiled, intent.Diagnostics) {
	if secrets != nil {
		b.secrets = secrets
	}
	set, diags := intent.LoadFiles(files, intent.Options{})
	if diags.HasErrors() {
		return nil, diags
	}
	f, more := fabric.Compile(set, nil)
	if diags = append(diags, more...); diags.HasErrors() {
		return nil, diags
	}
	results, more := b.compiler.Compile(f)
	if diags = append(diags, more...); diags.HasErrors() {
		return nil, diags
	}
	out := rendered{set, map[string]*tree.Tree{}, b.compiler.Sources()}
	for _, r := range results {
		out.trees[string(r.Device)] = r.Desired
	}
	return out, diags
}

// applied are the devices as they are after these documents were applied to them.
func (b *bench) applied(files map[string][]byte) []infer.Seen {
	b.t.Helper()
	c, diags := b.compile(files, nil)
	if diags.HasErrors() {
		b.t.Fatal(diags.Text())
	}
	var out []infer.Seen
	for _, d := range c.(rendered).set.Devices {
		out = append(out, b.seen(infer.DeviceEntry(d), c.Desired(d.Name)))
	}
	return out
}

func (b *bench) seen(e infer.Entry, have *tree.Tree) infer.Seen {
	b.t.Helper()
	p, err := b.profiles.Get(e.Profile)
	if err != nil {
		b.t.Fatal(err)
	}
	never := func(path.Path) bool { return false }
	password := func(p path.Path) bool { return strings.HasSuffix(p.Last().Name, "-password") } // the loader knows more names
	return infer.Seen{Entry: e, Tree: have, Names: p.Names, Secret: password, Spared: never}
}

// back infers, and holds what comes of it against the devices once more.
func (b *bench) back(list []infer.Seen) *infer.Network {
	b.t.Helper()
	n, err := infer.FromDevices(list, infer.NetworkOptions{Name: "again", From: "a test", Compile: b.compile})
	if err != nil {
		b.t.Fatal(err)
	}
	secrets := map[string]string{}
	for _, s := range n.Secrets {
		secrets[s.Name] = s.Value
	}
	c, diags := b.compile(n.Files, secrets)
	if diags.HasErrors() {
		b.t.Fatal(diags.Text())
	}
	for _, s := range list {
		for ch := range tree.Diff(s.Tree, c.Desired(s.Name)) {
			if ch.After != "" && ch.After.Kind() != schema.KindKeys {
				b.t.Errorf("%s: %s: %s would become %s", s.Name, ch.Path, ch.Before.Text(), ch.After.Text())
			}
		}
	}
	for name, data := range n.Files {
		for _, s := range n.Secrets {
			if strings.Contains(string(data), s.Value) {
				b.t.Errorf("%s holds the value of %s", name, s.Name)
			}
		}
	}
	return n
}

func share(n *infer.Network) float64 {
	sum := n.Sum()
	return 100 * float64(sum.Typed) / float64(sum.Total())
}

func exampleFiles(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := intent.ReadFiles(intents.Files)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// edited returns files with texts replaced, each of which must be there.
func edited(t testing.TB, files map[string][]byte, edits ...string) map[string][]byte {
	t.Helper()
	out := maps.Clone(files)
	for pair := range slices.Chunk(edits, 2) {
		found := false
		for name, data := range out {
			if text := strings.ReplaceAll(string(data), pair[0], pair[1]); text != string(data) {
				out[name], found = []byte(text), true
			}
		}
		if !found {
			t.Fatalf("%q is not in the files", pair[0])
		}
	}
	return out
}

// What a fabric of Tenter's own has comes back as what it was said by, however it is named and numbered.
func TestFabricsComeBack(t *testing.T) {
	for _, tc := range []struct {
		name  string
		edits []string
	}{
		{"as it is", nil},
		{"other pools and AS numbers", []string{
			"10.0.0.0/22", "172.16.8.0/22", "10.1.0.0/24", "192.168.7.0/24", "10.1.1.0/24", "192.168.9.0/24",
			"spine: 65100, leafBase: 65200", "spine: 4200000001, leafBase: 4200001000", "asn: 65000", "asn: 64600", `"65000:{vni}"`, `"64600:{vni}"`,
		}},
		{"another sizing", []string{"maxSpines: 4, maxLeaves: 64, maxParallel: 2", "maxSpines: 2, maxLeaves: 32, maxParallel: 4"}},
		{"other names", []string{"leaf1", "rack-11-leaf", "leaf2", "rack-12-leaf", "leaf3", "rack-13-leaf", "leaf4", "rack-14-leaf", "spine1", "core-spine-a", "spine2", "core-spine-b"}},
		{"overrides", []string{
			`"172.20.20.22:9339", credentials: lab, tls: lab`, `"172.20.20.22:9339", credentials: lab, tls: lab, asn: 65022, routerId: 10.9.0.2, vtep: 10.9.1.2`,
			`{a: "spine1:3", b: "leaf3:49"}`, `{a: "spine1:3", b: "leaf3:49", subnet: 10.8.0.0/31}`,
		}},
		{"other targets", []string{`{router-id}:{evi}`, `{router-id}:{vni}`, "vni: 10042\n", "vni: 10042\n  evi: 42\n  routeTargets: {import: [\"65000:42\"], export: [\"65000:42\"]}\n"}},
		{"no failure detection, other MTUs", []string{"bfd: {tx: 300ms, rx: 300ms, multiplier: 3}", "", "ipMtu: 9200", "ipMtu: 1600", "l2Mtu: 9214", "l2Mtu: 1700", "{mtu: 9000}", "{mtu: 1500}"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := newBench(t)
			n := b.back(b.applied(edited(t, exampleFiles(t), tc.edits...)))
			if got := share(n); got < 99 {
				t.Errorf("only %.1f %% by kinds: %+v\n%s", got, n.Sum(), n.Files["07-rest.yaml"])
			}
			if n.Warnings.HasErrors() || len(n.Warnings) > 0 {
				t.Error(n.Warnings.Text())
			}
		})
	}
}

// Other dialects come back as far as they are read; the rest of them comes as Config.
func TestDialectsComeBack(t *testing.T) {
	for dialect, least := range map[string]float64{"srlinux": 99, "eos": 99, "frr": 10} {
		t.Run(dialect, func(t *testing.T) {
			edits := []string{"dialect: openconfig, profile: openconfig-sim", "dialect: " + dialect}
			if dialect == "frr" {
				edits = append(edits, "tls: lab", "ssh: lab")
			}
			files := edited(t, exampleFiles(t), edits...)
			delete(files, "08-exceptions.yaml") // in the terms of OpenConfig
			b := newBench(t)
			n := b.back(b.applied(files))
			t.Logf("%.1f %%: %+v", share(n), n.Sum())
			if got := share(n); got < least {
				t.Errorf("only %.1f %% by kinds: %+v\n%s", got, n.Sum(), n.Files["07-rest.yaml"])
			}
		})
	}
}

// Part of a fabric is none of its own: what hangs on the other part comes as Config.
func TestPartOfAFabric(t *testing.T) {
	b := newBench(t)
	all := b.applied(exampleFiles(t))
	for _, names := range [][]string{{"leaf1"}, {"spine1"}, {"leaf1", "leaf2"}, {"spine1", "leaf3"}, {"spine1", "spine2"}} {
		t.Run(strings.Join(names, " and "), func(t *testing.T) {
			b := newBench(t)
			n := b.back(slices.DeleteFunc(slices.Clone(all), func(s infer.Seen) bool { return !slices.Contains(names, s.Name) }))
			t.Logf("%.1f %%: %+v", share(n), n.Sum())
			if share(n) < 50 {
				t.Errorf("only %.1f %% by kinds: %+v\n%s", share(n), n.Sum(), n.Files["07-rest.yaml"])
			}
		})
	}
}

// foreign reads a device's leaves from a file of lines "path = JSON-like value".
func (b *bench) foreign(e infer.Entry, file string, base *tree.Tree) infer.Seen {
	b.t.Helper()
	p, err := b.profiles.Get(e.Profile)
	if err != nil {
		b.t.Fatal(err)
	}
	roots, err := b.profiles.Models(schemas.Named).Roots(p)
	if err != nil {
		b.t.Fatal(err)
	}
	to := tree.NewBuilder(tree.NewTable(roots))
	for l := range base.All() {
		if err := to.Set(l); err != nil {
			b.t.Fatal(err)
		}
	}
	f, err := os.Open(filepath.Join("testdata", "foreign", file))
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	for s := bufio.NewScanner(f); s.Scan(); {
		at, value, ok := strings.Cut(s.Text(), " = ")
		if !ok {
			continue
		}
		where, err := path.Parse(at)
		if err == nil {
			where, err = roots.Normalize(where)
		}
		if err != nil {
			b.t.Fatal(err)
		}
		var v schema.Value
		if items, ok := strings.CutPrefix(value, "["); ok {
			var list []any
			for _, i := range strings.Split(strings.TrimSuffix(items, "]"), ", ") {
				list = append(list, schema.Text(i))
			}
			v, err = roots.Canonical(where, list)
		} else {
			v, err = roots.Canonical(where, schema.Text(value))
		}
		if err == nil {
			err = to.Set(tree.Leaf{Path: where, Value: v})
		}
		if err != nil {
			b.t.Fatalf("%s: %v", s.Text(), err)
		}
	}
	return b.seen(e, to.Build())
}

func entry(name string) infer.Entry {
	return infer.Entry{Name: name, Dialect: "openconfig", Profile: "openconfig", Address: name + ".example.net:6030", Credentials: "lab", TLS: "lab"}
}

// A device that Tenter never wrote to comes back to the letter, with as much of it by kinds as they can say.
func TestForeignDevices(t *testing.T) {
	b := newBench(t)
	n := b.back([]infer.Seen{b.foreign(entry("access-7"), "campus.txt", nil), b.foreign(entry("access-8"), "campus.txt", nil)})
	for _, name := range slices.Sorted(maps.Keys(n.Files)) {
		t.Logf("%s\n%s", name, n.Files[name])
	}
	t.Logf("%.1f %%: %+v", share(n), n.Sum())
	if n.Sum().Unsaid > 0 || n.Sum().Typed == 0 {
		t.Errorf("%+v", n.Sum())
	}
	rest := string(n.Files["07-rest.yaml"])
	for _, want := range []string{"valueFrom: {secret: ", "priority: 1", "omit: true"} {
		if !strings.Contains(rest, want) {
			t.Errorf("no %q in\n%s", want, rest)
		}
	}
}

// What a stranger added to a device of the fabric comes as Config, and nothing of the fabric is lost to it.
func TestForeignLeaves(t *testing.T) {
	b := newBench(t)
	list := b.applied(exampleFiles(t))
	before := b.back(list).Sum()
	at := slices.IndexFunc(list, func(s infer.Seen) bool { return s.Name == "leaf1" })
	list[at] = b.foreign(list[at].Entry, "added.txt", list[at].Tree)
	n := b.back(list)
	after := n.Sum()
	if after.Rest <= before.Rest || after.Typed < before.Typed-20 || after.Unsaid != 0 {
		t.Errorf("before %+v, after %+v\n%s", before, after, n.Files["07-rest.yaml"])
	}
}

// A fabric whose groups and policies have other names is none that a Fabric document makes; what hangs on it comes by kinds
// all the same.
func TestFabricOfAnotherHand(t *testing.T) {
	b := newBench(t)
	var list []infer.Seen
	for _, s := range b.applied(exampleFiles(t)) {
		var text strings.Builder
		for l := range s.Tree.All() {
			fmt.Fprintf(&text, "%s = %s\n", l.Path, l.Value.Text())
		}
		other := strings.NewReplacer("tenter-underlay", "FABRIC", "tenter-overlay", "EVPN-PEERS", "tenter-", "PL-", "router id", "the router").Replace(text.String())
		list = append(list, b.seen(s.Entry, linesOf(b, s.Profile, other)))
	}
	n := b.back(list)
	t.Logf("%.1f %%: %+v", share(n), n.Sum())
	if share(n) < 75 || n.Sum().Unsaid > 0 {
		t.Errorf("%.1f %%: %+v\n%s", share(n), n.Sum(), n.Files["07-rest.yaml"])
	}
}

// Names that no document can have are told before anything else.
func TestNamesOfDevices(t *testing.T) {
	b := newBench(t)
	have := linesTree(b, "")
	list := []infer.Seen{b.seen(entry("Leaf1.example.net"), have), b.seen(entry("leaf2"), have), b.seen(entry("leaf2"), have)}
	_, err := infer.FromDevices(list, infer.NetworkOptions{Compile: b.compile})
	if err == nil || !strings.Contains(err.Error(), `as in "leaf1-example-net"`) || !strings.Contains(err.Error(), `"leaf2": it is in the inventory twice`) {
		t.Error(err)
	}
	if _, err := infer.FromDevices(nil, infer.NetworkOptions{Compile: b.compile}); err == nil {
		t.Error("no device makes a network")
	}
}

// The same devices give the same bytes.
func TestInferringIsDeterministic(t *testing.T) {
	b := newBench(t)
	list := b.applied(exampleFiles(t))
	first := b.back(list)
	slices.Reverse(list)
	for range 2 {
		if again := newBench(t).back(list); fmt.Sprint(again.Files) != fmt.Sprint(first.Files) {
			t.Fatal("other files")
		}
	}
}
