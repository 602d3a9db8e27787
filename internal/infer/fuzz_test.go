package infer_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tenter-net/tenter/internal/infer"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/schemas"
)

// linesTree takes what it can of lines "path = value".
func linesTree(b *bench, text string) *tree.Tree { return linesOf(b, "openconfig", text) }

func linesOf(b *bench, profile, text string) *tree.Tree {
	p, err := b.profiles.Get(profile)
	if err != nil {
		b.t.Fatal(err)
	}
	roots, err := b.profiles.Models(schemas.Named).Roots(p)
	if err != nil {
		b.t.Fatal(err)
	}
	to := tree.NewBuilder(tree.NewTable(roots))
	for line := range strings.Lines(text) {
		at, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " = ")
		where, err := path.Parse(at)
		if !ok || err != nil {
			continue
		}
		if where, err = roots.Normalize(where); err != nil {
			continue
		}
		var v any = schema.Text(value)
		if items, ok := strings.CutPrefix(value, "["); ok {
			var list []any
			for i := range strings.SplitSeq(strings.TrimSuffix(items, "]"), ", ") {
				list = append(list, schema.Text(i))
			}
			v = list
		}
		if c, err := roots.Canonical(where, v); err == nil {
			_ = to.Set(tree.Leaf{Path: where, Value: c}) // state is no configuration
		}
	}
	return to.Build()
}

// Whatever a device has, the documents that come of it want no change of it, or there are none.
func FuzzFromDevices(f *testing.F) {
	for _, name := range []string{"campus.txt", "added.txt"} {
		data, err := os.ReadFile(filepath.Join("testdata", "foreign", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add("leaf1", string(data))
	}
	for _, name := range []string{"leaf4", "spine1"} {
		data, err := os.ReadFile(filepath.Join("..", "render", "testdata", name+".golden"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(name, string(data))
	}
	b := newBench(f)
	for _, dialect := range []string{"srlinux", "eos"} {
		files := edited(f, exampleFiles(f), "dialect: openconfig, profile: openconfig-sim", "dialect: "+dialect)
		delete(files, "08-exceptions.yaml")
		for _, s := range b.applied(files) {
			var text strings.Builder
			for l := range s.Tree.All() {
				fmt.Fprintf(&text, "%s = %s\n", l.Path, l.Value.Text())
			}
			f.Add(dialect+" "+s.Name, text.String())
		}
	}
	f.Fuzz(func(t *testing.T, name, text string) {
		b.t = t
		e := entry("leaf1")
		if strings.Contains(name, "spine") {
			e = entry("spine1")
		}
		for _, dialect := range []string{"srlinux", "eos"} {
			if strings.HasPrefix(name, dialect) {
				e.Dialect, e.Profile = dialect, dialect
			}
		}
		have := linesOf(b, e.Profile, text)
		n, err := infer.FromDevices([]infer.Seen{b.seen(e, have)}, infer.NetworkOptions{From: name, Compile: b.compile})
		if err != nil {
			if !strings.Contains(err.Error(), "would change") && !strings.Contains(err.Error(), "no sound documents") {
				t.Fatal(err)
			}
			return
		}
		secrets := map[string]string{}
		for _, s := range n.Secrets {
			secrets[s.Name] = s.Value
		}
		c, diags := b.compile(n.Files, secrets)
		if diags.HasErrors() {
			t.Fatalf("%s\n%s", diags.Text(), n.Files["07-rest.yaml"])
		}
		for ch := range tree.Diff(have, c.Desired(e.Name)) {
			if ch.After != "" && ch.After.Kind() != schema.KindKeys {
				t.Errorf("%s: %q would become %q", ch.Path, ch.Before.Text(), ch.After.Text())
			}
		}
	})
}

// BenchmarkFromDevices infers the example fabric.
func BenchmarkFromDevices(b *testing.B) {
	w := newBench(b)
	list := w.applied(exampleFiles(b))
	leaves := 0
	for _, s := range list {
		leaves += s.Tree.Len()
	}
	for b.Loop() {
		if _, err := infer.FromDevices(list, infer.NetworkOptions{From: "a benchmark", Compile: w.compile}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(leaves*b.N)/b.Elapsed().Seconds(), "leaves/s")
}
