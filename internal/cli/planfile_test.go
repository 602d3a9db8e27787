package cli

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// What may never come, as the other end of a named pipe, is not waited for once the command is to end.
func TestUnlessEnded(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	why, release := errors.New("interrupted"), make(chan struct{})
	defer close(release)
	cancel(why)
	if err := unlessEnded(ctx, func() error { <-release; return nil }); !errors.Is(err, why) {
		t.Error(err)
	}
	if err := unlessEnded(t.Context(), func() error { return why }); !errors.Is(err, why) {
		t.Error(err)
	}
}

func TestWriteWhole(t *testing.T) {
	dir := t.TempDir()
	file, link := filepath.Join(dir, "kept.json"), filepath.Join(dir, "link.json")
	if err := errors.Join(os.WriteFile(file, []byte("before"), 0o640), os.Symlink(file, link)); err != nil {
		t.Fatal(err)
	}
	if err := writeWhole(link, []byte("after")); err != nil {
		t.Fatal(err)
	}
	if at, err := os.Readlink(link); err != nil || at != file {
		t.Errorf("the link leads to %q: %v", at, err)
	}
	data, err := os.ReadFile(file)
	if err != nil || string(data) != "after" {
		t.Errorf("%q, %v", data, err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("%v, %v", info, err)
	}
	fresh := filepath.Join(dir, "fresh.json")
	if err := writeWhole(fresh, []byte("new")); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(fresh); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if err := writeWhole(filepath.Join(dir, "nowhere", "x.json"), []byte("x")); err == nil {
		t.Error("a directory was made")
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) != 3 {
		t.Errorf("left behind: %v, %v", list, err)
	}
}
