package edit

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestDiffApplies has git apply patches of random texts.
func TestDiffApplies(t *testing.T) {
	chance := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a test wants the same every time
	text := func() []byte {
		var b strings.Builder
		for range chance.IntN(40) {
			fmt.Fprintf(&b, "%s\n", strings.Repeat("x", chance.IntN(4)))
		}
		if chance.IntN(3) == 0 {
			b.WriteString("no newline")
		}
		return []byte(b.String())
	}
	for i := range 60 {
		old, changed := text(), text()
		if i%4 == 0 {
			old = nil
		}
		patch := Diff("net/a b.yaml", old, changed)
		dir := t.TempDir()
		file := filepath.Join(dir, "net", "a b.yaml")
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if old != nil {
			if err := os.WriteFile(file, old, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if patch == "" || len(changed) == 0 {
			continue
		}
		cmd := exec.Command("git", "apply", "-")
		cmd.Dir, cmd.Stdin, cmd.Env = dir, strings.NewReader(patch), append(os.Environ(), "GIT_CEILING_DIRECTORIES="+filepath.Dir(dir))
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git apply: %v\n%s\n%s\nfrom %q\nto %q", err, out, patch, old, changed)
		}
		got, err := os.ReadFile(file)
		if err != nil || string(got) != string(changed) {
			t.Fatalf("%v\n%q\nwant %q\n%s", err, got, changed, patch)
		}
	}
}
