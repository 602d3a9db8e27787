package source

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// run runs git itself, to see what it makes of ours.
func run(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-C", dir, "-c", "safe.directory=*"}, args...)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %q: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func TestCommitBesideTheWorkTree(t *testing.T) {
	t.Setenv("GIT_AUTHOR_NAME", "Grace")
	t.Setenv("GIT_AUTHOR_EMAIL", "grace@example.net")
	u := newUpstream(t)
	first := u.push(map[string]string{"net/a.yaml": "a\n", "net.yaml": "x\n", "net-b/c.yaml": "c\n", "README.md": "r\n"})
	if err := os.Chmod(filepath.Join(u.top, "README.md"), 0o755); err != nil { //nolint:gosec // an executable file must stay one
		t.Fatal(err)
	}
	second := commitAll(t, u.work, "Make it run")
	if _, err := OpenWorkTree(t.TempDir()); !errors.Is(err, ErrNoWorkTree) {
		t.Errorf("outside git: %v", err)
	}
	w, err := OpenWorkTree(filepath.Join(u.top, "net"))
	if err != nil {
		t.Fatal(err)
	}
	if w.Branch != "main" || w.Path("a.yaml") != "net/a.yaml" {
		t.Errorf("branch %q, path %q", w.Branch, w.Path("a.yaml"))
	}
	if was, err := w.Committed("a.yaml"); err != nil || string(was) != "a\n" {
		t.Errorf("committed: %q, %v", was, err)
	}
	if was, err := w.Committed("new.yaml"); err != nil || was != nil {
		t.Errorf("not committed: %q, %v", was, err)
	}
	write(t, u.top, map[string]string{"net/a.yaml": "edited meanwhile\n"})
	branch, id, err := w.Commit("tenter/adopt-x", "Adopt\n\nbody", map[string][]byte{"a.yaml": []byte("A\n"), "pods/new.yaml": []byte("n\n")}, time.Unix(1700000000, 0))
	if err != nil {
		t.Fatal(err)
	}
	if got := run(t, u.top, "log", "-1", "--format=%an <%ae> %s %P", branch); got != "Grace <grace@example.net> Adopt "+second {
		t.Error(got)
	}
	if got := run(t, u.top, "diff", "--stat=80", "--summary", second, id); !strings.Contains(got, "2 files changed, 2 insertions(+), 1 deletion(-)") || strings.Contains(got, "mode change") {
		t.Error(got)
	}
	run(t, u.top, "fsck", "--strict", "--no-dangling")
	if got := run(t, u.top, "rev-parse", "HEAD"); got != second {
		t.Errorf("HEAD moved to %s", got)
	}
	if got, err := os.ReadFile(filepath.Join(u.top, "net", "a.yaml")); err != nil || string(got) != "edited meanwhile\n" {
		t.Errorf("the work tree changed: %q, %v", got, err)
	}
	// Another one of the same second has a branch of its own; the same one once more is the one that is there.
	other, _, err := w.Commit("tenter/adopt-x", "again", map[string][]byte{"a.yaml": nil}, time.Unix(1700000000, 0))
	if err != nil || other == branch || run(t, u.top, "log", "-1", "--format=%s", other) != "again" || run(t, u.top, "rev-parse", branch) != id {
		t.Errorf("a second one: %s beside %s: %v", other, branch, err)
	}
	if same, sameID, err := w.Commit("tenter/adopt-x", "again", map[string][]byte{"a.yaml": nil}, time.Unix(1700000000, 0)); err != nil || same != other || sameID == id {
		t.Errorf("the same one again: %s: %v", same, err)
	}
	// A branch that somebody moved is not moved back.
	run(t, u.top, "branch", "-f", other, first)
	if _, _, err := w.Commit("tenter/adopt-x", "again", map[string][]byte{"a.yaml": nil}, time.Unix(1700000000, 0)); err == nil || !strings.Contains(err.Error(), "there is a branch") {
		t.Errorf("a branch that is there: %v", err)
	}
	files, base, exact, err := w.At(t.Context(), first)
	if err != nil || base != first || !exact {
		t.Errorf("%s, %v, %v", base, exact, err)
	}
	if diff := cmp.Diff(map[string][]byte{"a.yaml": []byte("a\n")}, files); diff != "" {
		t.Error(diff)
	}
	if _, _, _, err := w.At(t.Context(), "nowhere"); err == nil {
		t.Error("a ref that is not there is no error")
	}
}

// TestAtWhereHistoryIsShort compares with the ref itself in a checkout of one commit, as CI makes it.
func TestAtWhereHistoryIsShort(t *testing.T) {
	u := newUpstream(t)
	u.push(map[string]string{"net/a.yaml": "old\n"})
	run(t, u.top, "checkout", "-q", "-b", "change")
	u.push(map[string]string{"net/a.yaml": "changed\n"})
	run(t, u.top, "checkout", "-q", "main")
	onMain := u.push(map[string]string{"net/b.yaml": "meanwhile\n"})
	clone := filepath.Join(t.TempDir(), "clone")
	run(t, u.top, "clone", "-q", "--depth", "1", "--no-single-branch", "file://"+u.top, clone)
	run(t, clone, "checkout", "-q", "change")
	w, err := OpenWorkTree(filepath.Join(clone, "net"))
	if err != nil {
		t.Fatal(err)
	}
	files, base, exact, err := w.At(t.Context(), "origin/main")
	if err != nil || base != onMain || exact || len(files) != 2 {
		t.Errorf("%d files of %s, exact %v, %v", len(files), base, exact, err)
	}
}
