package render_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/tenter-net/tenter/intents"
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/render"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/schemas"
)

// ygot logs through glog, whose flusher never ends.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/golang/glog.(*fileSink).flushDaemon"))
}

var update = flag.Bool("update", false, "write the golden files")

// example compiles the example intents.
func example(t testing.TB) *fabric.Fabric {
	t.Helper()
	set, diags := intent.Load(intents.Files, intent.Options{Commit: "c0ffee"})
	if diags.HasErrors() {
		t.Fatal(diags.Text())
	}
	f, diags := fabric.Compile(set, nil)
	if diags.HasErrors() {
		t.Fatal(diags.Text())
	}
	return f
}

// options renders for devices that know all of OpenConfig, with one secret value for any name.
func options(t testing.TB) render.Options {
	t.Helper()
	profiles, err := profile.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	return render.Options{
		Roots:    profiles.Models(schemas.Named).Roots,
		Profiles: profiles,
		Secret:   func(name string) (string, bool) { return "value of " + name, true },
	}
}

func compile(t testing.TB, c *render.Compiler, f *fabric.Fabric) []*render.Result {
	t.Helper()
	results, diags := c.Compile(f)
	if diags.HasErrors() {
		t.Fatal(diags.Text())
	}
	return results
}

// text writes a tree as people read it: path = value, in canonical order.
func text(desired *tree.Tree) string {
	var b strings.Builder
	for l := range desired.All() {
		fmt.Fprintf(&b, "%s = %s\n", l.Path, strings.ReplaceAll(l.Value.Text(), "\n", `\n`))
	}
	return b.String()
}

func TestGolden(t *testing.T) {
	c := render.NewCompiler(options(t))
	for _, r := range compile(t, c, example(t)) {
		t.Run(string(r.Device), func(t *testing.T) {
			golden(t, string(r.Device), text(r.Desired))
			for l := range r.Desired.All() {
				if s := c.Sources().Get(l.Source); s.File == "" || s.Line == 0 || s.Kind == "" || s.Commit != "c0ffee" {
					t.Errorf("%s has source %+v", l.Path, s)
				}
			}
		})
	}
}

// golden holds got against a file of testdata, which -update writes.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
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
		t.Errorf("%s (-golden +rendered; -update if it is meant)\n%s", file, diff)
	}
}
