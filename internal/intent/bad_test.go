package intent_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
)

var update = flag.Bool("update", false, "write golden files anew")

// TestBadDocuments loads each archive of testdata/bad on top of the small fabric of testdata/base, compiles what loads
// without errors, and compares the diagnostics with the file "want" of the archive. A file of the archive stands for
// that of the base with the same name; "no base" in the comment leaves the base out.
func TestBadDocuments(t *testing.T) {
	archives, err := filepath.Glob("testdata/bad/*.txtar")
	if err != nil || len(archives) < 40 {
		t.Fatalf("%d archives, %v", len(archives), err)
	}
	for _, name := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			files, want := unpack(t, a)
			problems := diagnose(files)
			if len(problems) == 0 {
				t.Fatal("there is nothing wrong with it")
			}
			got := problems.Text()
			if strings.Contains(got, "hunter") {
				t.Error("a secret is shown")
			}
			if *update {
				a.Files = append(a.Files[:len(a.Files):len(a.Files)], txtar.File{Name: "want", Data: []byte(got)})
				if err := os.WriteFile(name, txtar.Format(a), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

// unpack splits an archive into the files to load, with the base under them, and the diagnostics to expect.
func unpack(t *testing.T, a *txtar.Archive) (files map[string][]byte, want string) {
	t.Helper()
	files = map[string][]byte{}
	if !bytes.Contains(a.Comment, []byte("no base")) {
		var err error
		if files, err = intent.ReadFiles(os.DirFS("testdata/base")); err != nil {
			t.Fatal(err)
		}
	}
	var own []txtar.File
	for _, f := range a.Files {
		switch {
		case f.Name == "want":
			want = string(f.Data)
			continue
		case filepath.Ext(f.Name) == ".yaml":
			files[f.Name] = f.Data
		}
		own = append(own, f)
	}
	a.Files = own
	return files, want
}

func diagnose(files map[string][]byte) intent.Diagnostics {
	set, problems := intent.LoadFiles(files, intent.Options{})
	if problems.HasErrors() {
		return problems
	}
	_, more := fabric.Compile(set, nil)
	return append(problems, more...).Sort()
}
