package eos_test

import (
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/intents"
	"github.com/tenter-net/tenter/internal/blocks"
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/render"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/schemas"
)

var update = flag.Bool("update", false, "write the golden files")

// rendered renders the example fabric with every device an EOS one, after some replacements in its text.
func rendered(t *testing.T, edits ...string) ([]*render.Result, intent.Diagnostics) {
	t.Helper()
	return compiler(t).Compile(model(t, edits...))
}

func compiler(t *testing.T) *render.Compiler {
	t.Helper()
	profiles, err := profile.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	return render.NewCompiler(render.Options{
		Roots: profiles.Models(schemas.Named).Roots, Profiles: profiles,
		Secret: func(name string) (string, bool) { return "value of " + name, true },
	})
}

func model(t *testing.T, edits ...string) *fabric.Fabric {
	t.Helper()
	files := fstest.MapFS{}
	edit := strings.NewReplacer(append([]string{
		"dialect: openconfig, profile: openconfig-sim", "dialect: eos, profile: eos", "dialect: openconfig", "dialect: eos",
	}, edits...)...)
	names, err := fs.Glob(intents.Files, "*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		data, err := fs.ReadFile(intents.Files, name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: []byte(edit.Replace(string(data)))}
	}
	set, diags := intent.Load(files, intent.Options{Commit: "c0ffee"})
	if diags.HasErrors() {
		t.Fatal(diags.Text())
	}
	f, diags := fabric.Compile(set, nil)
	if diags.HasErrors() {
		t.Fatal(diags.Text())
	}
	return f
}

// text writes a tree as people read it: path = value, and command lines as a device shows them.
func text(desired *tree.Tree) string {
	var b strings.Builder
	var lines [][]string
	for l := range desired.All() {
		if texts, err := blocks.Texts(l.Path); err == nil {
			lines = append(lines, texts)
		} else {
			fmt.Fprintf(&b, "%s = %s\n", l.Path, strings.ReplaceAll(l.Value.Text(), "\n", `\n`))
		}
	}
	slices.SortFunc(lines, slices.Compare)
	for _, texts := range lines {
		fmt.Fprintf(&b, "%s%s\n", strings.Repeat("   ", len(texts)-1), texts[len(texts)-1])
	}
	return b.String()
}

func TestGolden(t *testing.T) {
	results, diags := rendered(t)
	for _, d := range diags {
		if !strings.Contains(d.Message, "EOS sets no MTU of a switched port") {
			t.Error(d.Text())
		}
	}
	if len(results) != 6 {
		t.Fatalf("%d devices", len(results))
	}
	for _, r := range results {
		t.Run(string(r.Device), func(t *testing.T) {
			file, got := filepath.Join("testdata", string(r.Device)+".golden"), text(r.Desired)
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("(-golden +rendered; -update if it is meant)\n%s", diff)
			}
		})
	}
}

// TestAgain renders after a change by what changed only, and comes to what rendering all of it comes to.
func TestAgain(t *testing.T) {
	for _, edit := range [][2]string{
		{"circuit 4711", "circuit 4712"},
		{"esId: 20", "esId: 21"},
		{"  ttlSecurity: 1\n", ""},
		{", \"2001:db8:50::1/64\"", ""},
		{"vni: 10042", "vni: 10142"},
		{"localPreference: 200", "localPreference: 210"},
		{"anycastMac: \"00:1c:73:00:00:01\"", "anycastMac: \"00:1c:73:00:00:02\""},
	} {
		c := compiler(t)
		if _, diags := c.Compile(model(t)); diags.HasErrors() {
			t.Fatal(diags.Text())
		}
		again, diags := c.Compile(model(t, edit[0], edit[1]))
		fresh, _ := rendered(t, edit[0], edit[1])
		if diags.HasErrors() || len(again) != len(fresh) {
			t.Fatal(diags.Text())
		}
		for i := range again {
			if diff := cmp.Diff(text(fresh[i].Desired), text(again[i].Desired)); diff != "" {
				t.Errorf("%q: %s: (-all +what changed)\n%s", edit[1], again[i].Device, diff)
			}
		}
	}
}

// TestModelRules holds the whole configuration of every device against all rules of EOS's tree: mandatory leaves,
// references, and every must and when that it meets but for those that are listed here.
func TestModelRules(t *testing.T) {
	results, _ := rendered(t)
	unchecked := map[string]bool{}
	for _, r := range results {
		found, left := tree.Validate(r.Desired, nil)
		for _, v := range found {
			t.Errorf("%s: %s: %s: %s", r.Device, v.Path, v.Rule, v.Reason)
		}
		for _, u := range left {
			unchecked[u.Node+": "+u.Reason] = true
		}
	}
	want := []string{
		// A deviation takes away what the condition is of.
		`/interfaces/interface/hold-time: "penalty-based-aied" is no configuration of this schema`,
	}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(unchecked))); diff != "" {
		t.Errorf("conditions that could not be evaluated (-want +got)\n%s", diff)
	}
}
