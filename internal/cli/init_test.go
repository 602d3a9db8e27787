package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Each lab's topology becomes intents that are valid at once, and nothing is ever overwritten.
func TestInitFromClab(t *testing.T) {
	labs, err := filepath.Glob(filepath.Join(repository, "lab", "*.clab.yml"))
	if err != nil || len(labs) == 0 {
		t.Fatalf("%v, %v", labs, err)
	}
	run := func(want int, args ...string) string {
		t.Helper()
		var out, errs bytes.Buffer
		if code := Run(args, Streams{In: strings.NewReader(""), Out: &out, Err: &errs}); code != want {
			t.Fatalf("%v: exit %d, want %d\n%s", args, code, want, &errs)
		}
		return out.String() + errs.String()
	}
	for _, topology := range labs {
		dir := filepath.Join(t.TempDir(), "intents")
		if got := run(exitDone, "init", "--from-clab", topology, "--out", dir); !strings.Contains(got, "leaf1   leaf   1") {
			t.Errorf("%s:\n%s", topology, got)
		}
		if got := run(exitDone, "validate", dir); !strings.Contains(got, "ok, ") {
			t.Errorf("%s:\n%s", topology, got)
		}
		before, err := os.ReadFile(filepath.Join(dir, "fabric.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(filepath.Join(dir, "devices.yaml")); err != nil {
			t.Fatal(err)
		}
		if got := run(exitError, "init", "--from-clab", topology, "--out", dir); !strings.Contains(got, "there are intents already: fabric.yaml") {
			t.Error(got)
		}
		if after, err := os.ReadFile(filepath.Join(dir, "fabric.yaml")); err != nil || !bytes.Equal(before, after) {
			t.Errorf("%s was changed: %v", topology, err)
		}
		if _, err := os.Stat(filepath.Join(dir, "devices.yaml")); err == nil {
			t.Error("devices.yaml was written beside what was there")
		}
	}
}

func TestInitWithMistakesWritesNothing(t *testing.T) {
	dir := t.TempDir()
	topology := filepath.Join(dir, "odd.clab.yml")
	if err := os.WriteFile(topology, []byte("name: odd\ntopology:\n  nodes:\n    spine1: {kind: srl, mgmt-ipv4: 10.9.0.1}\n    leaf1: {kind: linux}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	code := Run([]string{"init", "--from-clab", topology, "--out", filepath.Join(dir, "intents")}, Streams{In: strings.NewReader(""), Out: &out, Err: &errs})
	if code != exitError || !strings.Contains(errs.String(), "no cable between a spine and a leaf") || !strings.Contains(errs.String(), "next:") {
		t.Errorf("exit %d: %s", code, &errs)
	}
	if _, err := os.Stat(filepath.Join(dir, "intents")); err == nil {
		t.Error("a directory was made")
	}
}
