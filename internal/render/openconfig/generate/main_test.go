package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestGeneratedIsUntouched fails when somebody edits a generated file, or forgets to generate. With YANG_DIR set,
// make check-generated regenerates instead.
func TestGeneratedIsUntouched(t *testing.T) {
	if err := run([]string{filepath.Join("..", "..", "..", "..")}, ""); err != nil {
		t.Error(err)
	}
}

func TestVerifyNoticesAnEdit(t *testing.T) {
	root := t.TempDir()
	files := map[string][]byte{author + "/a.go": []byte("a"), oracle + "/b.go": []byte("b")}
	files[locked] = digests(files)
	if err := write(root, files); err != nil {
		t.Fatal(err)
	}
	if err := verify(root); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, author, "a.go"), []byte("edited"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := verify(root); err == nil || !strings.Contains(err.Error(), "differ") {
		t.Errorf("an edit: %v", err)
	}
	if err := run(nil, ""); err == nil {
		t.Error("no usage error")
	}
}
