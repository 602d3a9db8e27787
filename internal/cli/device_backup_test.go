package cli

import (
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tenter-net/tenter/internal/app"
	"github.com/tenter-net/tenter/internal/backup"
	"github.com/tenter-net/tenter/internal/intent"
)

func TestBackupsStayInTheirDirectory(t *testing.T) {
	taken := time.Date(2026, 11, 21, 18, 0, 0, 0, time.UTC)
	const stamp = "-20261121T180000Z.json"
	top := t.TempDir()
	dir, other := filepath.Join(top, "backups"), filepath.Join(top, "other")
	keep := func(device string) error {
		reply := app.BackupReply{Files: []*backup.File{{Device: intent.DeviceName(device), Taken: taken}}}
		return keepBackups(Streams{Out: io.Discard, Err: io.Discard}, reply, dir)
	}
	if err := keep("leaf1"); err != nil {
		t.Fatal(err)
	}
	// Somebody has put links there, and a file that everybody may read.
	if err := os.WriteFile(other, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(other, filepath.Join(dir, "leaf2"+stamp)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "leaf3"+stamp), []byte("old"), 0o644); err != nil { //nolint:gosec // what is to be mended
		t.Fatal(err)
	}
	for _, device := range []string{"leaf1", "leaf2", "leaf3"} {
		if err := keep(device); err != nil {
			t.Errorf("%s: %v", device, err)
		}
		info, err := os.Lstat(filepath.Join(dir, device+stamp))
		if err != nil || info.Mode() != 0o600 {
			t.Errorf("%s: %v, %v", device, info, err)
		}
	}
	for _, device := range []string{"../leaf4", "/" + top + "/leaf4", "../other", "a/../../leaf4"} {
		if err := keep(device); err == nil {
			t.Errorf("a device called %q was kept", device)
		}
	}
	if left, err := os.ReadDir(top); err != nil || len(left) != 2 {
		t.Errorf("beside the directory: %v, %v", left, err)
	}
	if data, err := os.ReadFile(other); err != nil || string(data) != "precious" {
		t.Errorf("behind the link: %q, %v", data, err)
	}
}

// TestHalfABackupIsNone writes to a full disk.
func TestHalfABackupIsNone(t *testing.T) {
	for at, want := range map[string]int{"/dev/full": 1, "/dev/null": 0} {
		out, err := os.OpenFile(at, os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		removed := 0
		if err := fill(out, []byte("half"), func() error { removed++; return nil }); (err != nil) != (want > 0) || removed != want {
			t.Errorf("%s: removed %d times, %v", at, removed, err)
		}
	}
}
