package render_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/tenter-net/tenter/internal/blocks"
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/render"
	"github.com/tenter-net/tenter/internal/tree"
)

// asFRR makes every device of the example one of FRR, without the Config documents, which speak of OpenConfig.
func asFRR(t testing.TB) *fabric.Fabric {
	t.Helper()
	f := example(t)
	for _, d := range f.Devices {
		d.Access.Dialect, d.Access.Profile, d.Config = "frr", "frr", nil
	}
	return f
}

func frrSyntax(t testing.TB) *blocks.Syntax {
	t.Helper()
	set, err := profile.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	p, err := set.Get("frr")
	if err != nil {
		t.Fatal(err)
	}
	return &p.CLI.Syntax
}

// commandLines returns the leaves of a tree that are lines, as lines.
func commandLines(t testing.TB, desired *tree.Tree) []blocks.Line {
	t.Helper()
	var edit tree.Edit
	for l := range desired.Under(path.Path{Origin: blocks.Origin}) {
		edit.Updates = append(edit.Updates, l)
	}
	lines, err := blocks.Apply(nil, edit, &blocks.Syntax{})
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

// The golden files are the commands that make the configuration of an empty device, in their order.
func TestFRR(t *testing.T) {
	results, diags := render.NewCompiler(options(t)).Compile(asFRR(t))
	if diags.HasErrors() {
		t.Fatal(diags.Text())
	}
	for _, r := range results {
		name := string(r.Device)
		if !slices.Contains([]string{"leaf1", "spine1"}, name) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			commands := strings.Join(blocks.Commands(nil, commandLines(t, r.Desired), frrSyntax(t)), "\n") + "\n"
			golden(t, "frr/"+name, commands)
		})
	}
}

// What FRR hides as its default must be a line that is rendered, or a plan would want to take it away where Tenter owns all.
func TestFRRRendersWhatIsHidden(t *testing.T) {
	results, _ := render.NewCompiler(options(t)).Compile(asFRR(t))
	var all []string
	for _, r := range results {
		for _, l := range blocks.Leaves(commandLines(t, r.Desired)) {
			all = append(all, l.Value.Text())
		}
	}
	for _, h := range frrSyntax(t).Hidden {
		setting := h.Line[:strings.LastIndex(h.Line, " ")+1]
		if setting == "bgp " || setting == "no " {
			setting = h.Line
		}
		setting, _, _ = strings.Cut(setting, "{")
		if !slices.ContainsFunc(all, func(l string) bool { return strings.HasPrefix(l, setting) }) {
			t.Errorf("%q is hidden, and nothing like it is rendered", h.Line)
		}
	}
}

// A line that is never read back would be wanted for ever, and one with a password would stand in every plan.
func TestSecretLineIsRefused(t *testing.T) {
	const router = "/line[text=router bgp 65000]"
	for name, leaf := range map[string]fabric.ConfigLeaf{
		"by its path":    {Path: router + "/line[text=neighbor 192.0.2.1 password hunter2]/text", Value: "neighbor 192.0.2.1 password hunter2"},
		"below a block":  {Path: router, Value: map[string]any{"line": []any{map[string]any{"text": "neighbor 192.0.2.1 password hunter2"}}}},
		"not to be kept": {Path: router + "/line[text=exit-vrf]/text", Value: "exit-vrf"},
	} {
		t.Run(name, func(t *testing.T) {
			leaf.Origin, leaf.Source = blocks.Origin, source("config.yaml", 1, "Config", "c1")
			f := asFRR(t)
			f.Devices[0].Config = []fabric.ConfigLeaf{leaf}
			_, diags := render.NewCompiler(options(t)).Compile(f)
			got := diags.Text()
			if !diags.HasErrors() || !strings.Contains(got, "config.yaml:1:3: error[T0702]") || !strings.Contains(got, "cli:"+router+": a command line in this block") {
				t.Errorf("diagnostics:\n%s", got)
			}
			if strings.Contains(got, "hunter2") {
				t.Error("the password is in the diagnostics")
			}
		})
	}
}
