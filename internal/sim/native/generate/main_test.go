package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestGeneratedIsUntouched fails when somebody edits a tree, or forgets to generate. With YANG_DIR set, make
// check-generated regenerates instead.
func TestGeneratedIsUntouched(t *testing.T) {
	if err := run([]string{".."}, ""); err != nil {
		t.Error(err)
	}
}

func TestVerifyNoticesAnEdit(t *testing.T) {
	dir := t.TempDir()
	for _, v := range vendors {
		if err := os.WriteFile(filepath.Join(dir, v.file()), []byte(v.name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	sums, err := digests(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, digestFile), sums, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := verify(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, vendors[0].file()), []byte("edited"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := verify(dir); err == nil || !strings.Contains(err.Error(), "differ") {
		t.Errorf("an edit: %v", err)
	}
	if err := run(nil, ""); err == nil {
		t.Error("no usage error")
	}
}

// A vendor with everything that goyang leaves to its caller, in small.
func TestRead(t *testing.T) {
	root := t.TempDir()
	for name, text := range map[string]string{
		"base.yang": `module base { namespace "urn:base"; prefix b;
			identity kind; identity red { base kind; }
			container top { presence "it is there";
				leaf number { type uint8 { range "1..10"; } mandatory true; }
				leaf gone { type string; }
				leaf word { type string { pattern 'a\d+'; pattern "a1" { modifier invert-match; } } }
				leaf only { type string; if-feature absent; }
				leaf unless { type string; if-feature "not absent"; }
				leaf shown { config false; type string; }
				container counters { config false; leaf n { type uint64; } }
				choice one { mandatory true; leaf a { type identityref { base kind; } } case second { leaf c { type empty; } } }
			}
			feature absent;
		}`,
		"change.yang": `module change { namespace "urn:change"; prefix c;
			import base { prefix b; } import nowhere { prefix n; }
			deviation "/b:top/b:gone" { deviate not-supported; }
			deviation "/b:top/n:that" { deviate not-supported; }
			augment "/b:top" { when "b:number = 1"; leaf more { type leafref { path "../b:number"; } mandatory true; } }
		}`,
	} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	v := vendor{name: "test", dirs: []string{"."}, include: []string{"*"}, roots: []string{"*"}, absent: []string{"absent"}, missing: []string{"nowhere"}}
	tree, err := v.read(root)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, n := range tree.Roots[0].Kids {
		text := n.Name + " " + tree.Modules[n.Module].Name + " " + tree.Types[n.Type].Kind + " " + tree.Types[n.Type].Range
		if n.Must {
			text += "mandatory"
		}
		for _, p := range tree.Types[n.Type].Patterns {
			text += p
		}
		for _, p := range tree.Types[n.Type].Not {
			text += " not " + p
		}
		for _, c := range n.In {
			text += c.Choice + "=" + c.Case
		}
		got = append(got, strings.TrimSpace(text))
	}
	want := "more change leafref\nnumber base uint8 1..10mandatory\na base identityref one=a\nc base empty one=second\nshown base string\nunless base string\nword base string a\\d+ not a1"
	if strings.Join(got, "\n") != want || strings.Join(tree.Roots[0].Choose, " ") != "one" || !tree.Roots[0].Presence {
		t.Errorf("got\n%s\nchoose %v", strings.Join(got, "\n"), tree.Roots[0].Choose)
	}
	v.missing = nil
	if _, err := v.read(root); err == nil {
		t.Error("a module that is not there was passed over")
	}
}

// What goyang does not apply must not be passed over in silence.
func TestReadNoticesRefine(t *testing.T) {
	for _, below := range []string{`refine x { mandatory true; }`, `augment c { leaf y { type string; } }`} {
		root := t.TempDir()
		text := `module m { namespace "urn:m"; prefix m;
			grouping g { leaf x { type string; } container c; }
			container top { container inner { uses g { ` + below + ` } } }
		}`
		if err := os.WriteFile(filepath.Join(root, "m.yang"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		v := vendor{name: "test", dirs: []string{"."}, include: []string{"*"}, roots: []string{"*"}}
		if _, err := v.read(root); err == nil {
			t.Errorf("read with %s", below)
		}
	}
}
