package fabric

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tenter-net/tenter/intents"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/tree"
)

var update = flag.Bool("update", false, "write golden files anew")

func compileFiles(t testing.TB, files map[string][]byte) (*Fabric, intent.Diagnostics) {
	t.Helper()
	set, problems := intent.LoadFiles(files, intent.Options{Commit: "c0ffee"})
	if problems.HasErrors() {
		t.Fatal(problems.Text())
	}
	return Compile(set, nil)
}

func example(t testing.TB, edits ...string) *Fabric {
	t.Helper()
	f, problems := compileFiles(t, exampleFiles(t, edits...))
	if len(problems) > 0 {
		t.Fatal(problems.Text())
	}
	return f
}

func exampleFiles(t testing.TB, edits ...string) map[string][]byte {
	t.Helper()
	files, err := intent.ReadFiles(intents.Files)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		files[name] = []byte(strings.NewReplacer(edits...).Replace(string(text)))
	}
	return files
}

func (f *Fabric) device(name intent.DeviceName) *Device {
	for _, d := range f.Devices {
		if d.Name == name {
			return d
		}
	}
	return nil
}

// The models of a leaf that has everything and of a spine, without positions and empty fields.
func TestGoldenModels(t *testing.T) {
	f := example(t)
	for _, name := range []intent.DeviceName{"leaf1", "leaf4", "spine1"} {
		t.Run(string(name), func(t *testing.T) {
			got := dump(t, f.device(name))
			file := "testdata/" + string(name) + ".json"
			if *update {
				if err := os.WriteFile(file, got, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), string(got)); d != "" {
				t.Error(d)
			}
		})
	}
}

func dump(t *testing.T, d *Device) []byte {
	t.Helper()
	raw, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var x any
	if err := dec.Decode(&x); err != nil {
		t.Fatal(err)
	}
	out, err := json.MarshalIndent(strip(x), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(out, '\n')
}

func strip(x any) any {
	switch x := x.(type) {
	case map[string]any:
		for k, v := range x {
			if v = strip(v); k == "Source" || v == nil {
				delete(x, k)
			} else {
				x[k] = v
			}
		}
		if len(x) == 0 {
			return nil
		}
	case []any:
		for i := range x {
			x[i] = strip(x[i])
		}
		if len(x) == 0 {
			return nil
		}
	case string:
		if x == "" || x == "0001-01-01T00:00:00Z" {
			return nil
		}
	case json.Number:
		if x == "0" {
			return nil
		}
	case bool:
		if !x {
			return nil
		}
	}
	return x
}

// Everything that a dialect turns into leaves says where it is from.
func TestEveryItemHasASource(t *testing.T) {
	for _, d := range example(t).Devices {
		raw, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		var x any
		if err := json.Unmarshal(raw, &x); err != nil {
			t.Fatal(err)
		}
		walkSources(t, string(d.Name), x)
	}
}

func walkSources(t *testing.T, at string, x any) {
	t.Helper()
	switch x := x.(type) {
	case map[string]any:
		if s, ok := x["Source"].(map[string]any); ok {
			empty := x["Value"] == "" // a Text that says nothing
			if !empty && (s["File"] == "" || s["Line"] == 0.0 || s["Kind"] == "" || s["Name"] == "" || s["Commit"] != "c0ffee") {
				t.Errorf("%s has no source: %v", at, s)
			}
		}
		for k, v := range x {
			walkSources(t, at+"."+k, v)
		}
	case []any:
		for i, v := range x {
			walkSources(t, fmt.Sprintf("%s[%d]", at, i), v)
		}
	}
}

func TestCompileIsDeterministic(t *testing.T) {
	first := example(t)
	if d := cmp.Diff(first, example(t), cmpopts.EquateComparable(netip.Addr{}, netip.Prefix{}), cmpopts.IgnoreUnexported(Fabric{})); d != "" {
		t.Fatal(d)
	}
	var docs []string
	for _, text := range exampleFiles(t) {
		docs = append(docs, strings.Split(strings.TrimSuffix(string(text), "\n"), "\n---\n")...)
	}
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 5 {
		rnd.Shuffle(len(docs), func(i, k int) { docs[i], docs[k] = docs[k], docs[i] })
		again, problems := compileFiles(t, map[string][]byte{"all.yaml": []byte(strings.Join(docs, "\n---\n") + "\n")})
		if len(problems) > 0 {
			t.Fatal(problems.Text())
		}
		if d := cmp.Diff(first, again, cmpopts.EquateComparable(netip.Addr{}, netip.Prefix{}), cmpopts.IgnoreUnexported(Fabric{}), cmpopts.IgnoreTypes(tree.Source{})); d != "" {
			t.Fatal(d)
		}
	}
}

// The most specific pattern decides, whatever the order of documents.
func TestRulesAreMostSpecificFirst(t *testing.T) {
	patterns := []string{
		"/interfaces/interface[name=Ethernet1]/config", "/interfaces/interface[name=Ethernet*]/config", "/interfaces/interface[name=*]/config",
		"/interfaces/interface[name=Ethernet1]", "/interfaces/interface", "/interfaces", "/**",
	}
	got := slices.Clone(patterns)
	rand.New(rand.NewPCG(7, 8)).Shuffle(len(got), func(i, k int) { got[i], got[k] = got[k], got[i] })
	slices.SortFunc(got, comparePatterns)
	want := slices.Clone(patterns)
	want[1], want[2] = "/interfaces/interface[name=*]/config", "/interfaces/interface[name=Ethernet*]/config"
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func ExampleCompile() {
	set, _ := intent.Load(intents.Files, intent.Options{})
	f, problems := Compile(set, nil)
	for _, d := range f.Devices[:2] {
		fmt.Println(d.Name, "AS", d.BGP[0].ASN, "router id", d.BGP[0].RouterID, "VTEP", d.VTEP.Address, "shares segments with", d.Multihomed)
	}
	fmt.Println(len(problems), "problems")
	// Output:
	// leaf1 AS 65201 router id 10.1.0.5 VTEP 10.1.1.1 shares segments with [leaf2]
	// leaf2 AS 65202 router id 10.1.0.6 VTEP 10.1.1.2 shares segments with [leaf1]
	// 0 problems
}
