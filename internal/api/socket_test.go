package api_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/tenter-net/tenter/internal/api"
)

// The socket's place is a setting: what is there otherwise is somebody's.
func TestSocketTakesNobodysPlace(t *testing.T) {
	dir := t.TempDir()
	file, link := filepath.Join(dir, "notes"), filepath.Join(dir, "link")
	if err := os.WriteFile(file, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	for _, at := range []string{file, link, dir} {
		if err := api.NewServer(options()).Run(t.Context(), at, nil); err == nil {
			t.Errorf("it listens at %s", at)
		}
	}
	if text, err := os.ReadFile(link); err != nil || string(text) != "mine" {
		t.Errorf("%q, %v", text, err)
	}
}
