package intent_test

import (
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/tenter-net/tenter/intents"
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
)

// FuzzLoad feeds the loader any bytes, alone and beside the example: it never panics, it says something of everything
// that it refuses, positions are inside the file, and what it accepts compiles without a panic.
func FuzzLoad(f *testing.F) {
	example, err := intent.ReadFiles(intents.Files)
	if err != nil {
		f.Fatal(err)
	}
	for _, text := range example {
		f.Add(string(text))
	}
	archives, err := filepath.Glob("testdata/bad/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range archives {
		a, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range a.Files {
			if file.Name != "want" {
				f.Add(string(file.Data))
			}
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		files := map[string][]byte{"zz.yaml": []byte(text)}
		try(t, files, strings.Count(text, "\n")+1)
		for name, b := range example {
			files[name] = b
		}
		try(t, files, strings.Count(text, "\n")+1)
	})
}

func try(t *testing.T, files map[string][]byte, lines int) {
	set, problems := intent.LoadFiles(files, intent.Options{})
	for _, p := range problems {
		if p.File == "zz.yaml" && (p.Line < 1 || p.Line > lines || p.Column < 1) {
			t.Errorf("position outside of %d lines: %s", lines, p)
		}
		if p.Message == "" || p.About == "" || !utf8.ValidString(p.Text()) {
			t.Errorf("not fit to be shown: %+v", p)
		}
	}
	if !problems.HasErrors() {
		fabric.Compile(set, nil)
	}
}
