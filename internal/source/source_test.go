package source

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"

	"github.com/tenter-net/tenter/internal/view"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		full := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func link(t *testing.T, target, name string) {
	t.Helper()
	if err := os.Symlink(target, name); err != nil {
		t.Fatal(err)
	}
}

func snapshot(t *testing.T, dir string) view.Generation {
	t.Helper()
	g, err := NewDirectory(dir, time.Hour, zaptest.NewLogger(t)).Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestSnapshotReadsDocumentsOnly(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"a.yaml": "a", "pods/b.yml": "b", "pods/.c.yaml": "hidden", ".git/d.yaml": "hidden", "README.md": "no", "e.yaml~": "editor",
		"real/linked.txt": "linked",
	})
	link(t, "real/linked.txt", filepath.Join(dir, "f.yaml"))
	link(t, "pods", filepath.Join(dir, "again"))
	g := snapshot(t, dir)
	want := map[string][]byte{"a.yaml": []byte("a"), "pods/b.yml": []byte("b"), "f.yaml": []byte("linked")}
	if diff := cmp.Diff(want, g.Files); diff != "" {
		t.Error(diff)
	}
	if g.Commit != "" {
		t.Errorf("commit %q outside git", g.Commit)
	}
}

func TestSnapshotIsNamedByContent(t *testing.T) {
	sets := []map[string]string{
		{"a.yaml": "x"},
		{"a.yaml": "y"},
		{"b.yaml": "x"},
		{"a.yaml": "x", "b.yaml": ""},
		{"a.yaml": "xb", "b.yaml": ""},
	}
	seen := map[string]int{}
	for i, files := range sets {
		one, two := t.TempDir(), t.TempDir()
		write(t, one, files)
		write(t, two, files)
		id := snapshot(t, one).ID
		if other := snapshot(t, two).ID; id != other || len(id) != 64 {
			t.Errorf("set %d: %s and %s", i, id, other)
		}
		if j, ok := seen[id]; ok {
			t.Errorf("sets %d and %d have one name", i, j)
		}
		seen[id] = i
	}
}

func TestSnapshotRefuses(t *testing.T) {
	tests := []struct {
		name, want string
		make       func(dir string)
	}{
		{"nothing there", ErrEmpty.Error(), func(string) {}},
		{"a link that leads out", "f.yaml is a link that leads out", func(dir string) { link(t, "/etc/hosts", filepath.Join(dir, "f.yaml")) }},
		{"a link that leads up", "f.yaml", func(dir string) { link(t, "../../x", filepath.Join(dir, "f.yaml")) }},
		{"a link to nothing", "f.yaml", func(dir string) { link(t, "absent", filepath.Join(dir, "f.yaml")) }},
		{"a file too large", "larger than", func(dir string) {
			write(t, dir, map[string]string{"f.yaml": strings.Repeat("x", maxFileSize+1)})
		}},
		{"too much in all", "more than", func(dir string) {
			big := strings.Repeat("x", maxFileSize)
			for i := range maxTotal/maxFileSize + 1 {
				write(t, dir, map[string]string{string(rune('a'+i)) + ".yaml": big})
			}
		}},
		{"a name of two lines", `"a\nb.yaml" is no name`, func(dir string) { write(t, dir, map[string]string{"a\nb.yaml": "x"}) }},
		{"a name that is not UTF-8", `"\xff.yaml" is no name`, func(dir string) { write(t, dir, map[string]string{"\xff.yaml": "x"}) }},
		{"a pointer of Git LFS", "f.yaml is a pointer of Git LFS", func(dir string) {
			write(t, dir, map[string]string{"f.yaml": pointer + "v1\noid sha256:0\nsize 1\n"})
		}},
		{"no directory", "there is no directory", func(dir string) {
			if err := os.Remove(dir); err != nil {
				t.Fatal(err)
			}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			tt.make(dir)
			g, err := NewDirectory(dir, time.Hour, zaptest.NewLogger(t)).Snapshot(t.Context())
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, %v; want error with %q", slices.Sorted(maps.Keys(g.Files)), err, tt.want)
			}
		})
	}
}

func commitAll(t *testing.T, work *git.Worktree, message string) string {
	t.Helper()
	if err := work.AddGlob("."); err != nil {
		t.Fatal(err)
	}
	who := &object.Signature{Name: "Ada", Email: "ada@example.net", When: time.Unix(1, 0)}
	h, err := work.Commit(message, &git.CommitOptions{Author: who})
	if err != nil {
		t.Fatal(err)
	}
	return h.String()
}

func TestCommit(t *testing.T) {
	top := t.TempDir()
	dir := filepath.Join(top, "net", "dc1")
	repo, err := git.PlainInit(top, false)
	if err != nil {
		t.Fatal(err)
	}
	work, err := repo.Worktree()
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, map[string]string{"a.yaml": "a", "pods/b.yaml": "b", "pods/b.md": "text"})
	link(t, "pods/b.yaml", filepath.Join(dir, "l.yaml"))
	if g := snapshot(t, dir); g.Commit != "" {
		t.Errorf("before the first commit: %q", g.Commit)
	}
	id := commitAll(t, work, "Add a\n\nbecause")
	tests := []struct {
		name   string
		change map[string]string
		remove string
		want   string
	}{
		{"as committed", nil, "", id},
		{"what is no document does not count", map[string]string{"README": "x", "pods/b.md": "y"}, "", id},
		{"changed", map[string]string{"a.yaml": "A"}, "", id + "-dirty"},
		{"changed back", map[string]string{"a.yaml": "a"}, "", id},
		{"a new file", map[string]string{"new.yaml": ""}, "", id + "-dirty"},
		{"gone again", nil, "new.yaml", id},
		{"one missing", nil, "pods/b.yaml", id + "-dirty"},
	}
	for _, tt := range tests {
		write(t, dir, tt.change)
		if tt.remove != "" {
			if err := os.Remove(filepath.Join(dir, tt.remove)); err != nil {
				t.Fatal(err)
			}
			if tt.remove == "pods/b.yaml" { // else the link to it is an error
				if err := os.Remove(filepath.Join(dir, "l.yaml")); err != nil {
					t.Fatal(err)
				}
			}
		}
		g := snapshot(t, dir)
		if g.Commit != tt.want {
			t.Errorf("%s: commit %q, want %q", tt.name, g.Commit, tt.want)
		}
		if strings.HasSuffix(g.Commit, "-dirty") && g.Author+g.Subject != "" {
			t.Errorf("%s: what nobody committed is by %q", tt.name, g.Author)
		}
		if g.Commit == id && (g.Author != "Ada <ada@example.net>" || g.Subject != "Add a") {
			t.Errorf("%s: %q by %q", tt.name, g.Subject, g.Author)
		}
	}
}

// watching watches dir until the test ends and returns what is told.
func watching(t *testing.T, dir string, poll time.Duration) <-chan struct{} {
	t.Helper()
	told := make(chan struct{}, 1)
	done := make(chan error)
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		done <- NewDirectory(dir, poll, zaptest.NewLogger(t)).Watch(ctx, func() {
			select {
			case told <- struct{}{}:
			default:
			}
		})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	wait(t, told) // the watches stand
	return told
}

func wait(t *testing.T, told <-chan struct{}) {
	t.Helper()
	select {
	case <-told:
	case <-time.After(10 * time.Second):
		t.Fatal("no change was told")
	}
}

// waitUntil waits for tellings until the snapshot has n files.
func waitUntil(t *testing.T, told <-chan struct{}, dir string, n int) {
	t.Helper()
	for len(snapshot(t, dir).Files) != n {
		wait(t, told)
	}
}

func TestWatchTellsOfEveryChange(t *testing.T) {
	real := t.TempDir()
	dir := filepath.Join(t.TempDir(), "link")
	link(t, real, dir)
	write(t, dir, map[string]string{"a.yaml": "a"})
	told := watching(t, dir, time.Hour)
	write(t, dir, map[string]string{"a.yaml": "b"})
	wait(t, told)
	write(t, dir, map[string]string{"pods/one/b.yaml": "b"})
	waitUntil(t, told, dir, 2)
	write(t, dir, map[string]string{"pods/one/c.yaml": "c"})
	waitUntil(t, told, dir, 3)
}

func ExampleDirectory_Snapshot() {
	dir, err := os.MkdirTemp("", "intents")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := os.WriteFile(filepath.Join(dir, "web.yaml"), []byte("kind: Vlan\n"), 0o600); err != nil {
		fmt.Println(err)
		return
	}
	g, err := NewDirectory(dir, time.Minute, zap.NewNop()).Snapshot(context.Background())
	fmt.Println(g.ID[:8], len(g.Files), err)
	// Output: 1612c00d 1 <nil>
}
