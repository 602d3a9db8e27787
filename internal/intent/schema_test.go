package intent_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"

	"github.com/tenter-net/tenter/intents"
	"github.com/tenter-net/tenter/internal/intent"
)

const schemaDir = "../../schemas/intent"

func TestSchemasAcceptTheExample(t *testing.T) {
	schema := compileSchema(t)
	files, err := intent.ReadFiles(intents.Files)
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[any]bool{}
	for name, text := range files {
		for i, doc := range jsonDocuments(t, text) {
			if err := schema.Validate(doc); err != nil {
				t.Errorf("%s: document %d: %v", name, i+1, err)
			}
			kinds[doc.(map[string]any)["kind"]] = true
		}
	}
	if len(kinds) != len(intent.Kinds())-3 { // all but ApprovalPolicy, Rollout and Window
		t.Errorf("the example has %d of %d kinds", len(kinds), len(intent.Kinds()))
	}
}

// What an editor is to underline while somebody types must be refused by the schemas as it is by the loader.
func TestSchemasRefuse(t *testing.T) {
	schema := compileSchema(t)
	for _, name := range []string{"unknown-key", "unknown-key-deep", "not-allowed", "missing-keys", "out-of-range", "wrong-types", "bad-scalars", "header-missing", "window"} {
		t.Run(name, func(t *testing.T) {
			a, err := txtar.ParseFile("testdata/bad/" + name + ".txtar")
			if err != nil {
				t.Fatal(err)
			}
			refused := false
			for _, f := range a.Files {
				if filepath.Ext(f.Name) != ".yaml" {
					continue
				}
				for _, doc := range jsonDocuments(t, f.Data) {
					refused = schema.Validate(doc) != nil || refused
				}
			}
			if !refused {
				t.Error("the schemas accept it")
			}
		})
	}
}

func TestRegeneratingChangesNothing(t *testing.T) {
	dir := t.TempDir()
	if out, err := exec.Command("go", "run", "./generate", "../..", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	fresh, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := os.ReadDir(schemaDir)
	if err != nil || len(kept) != len(fresh) || len(fresh) != len(intent.Kinds())+1 {
		t.Fatalf("%d files, %d generated, %v", len(kept), len(fresh), err)
	}
	for _, f := range fresh {
		if d := cmp.Diff(read(t, filepath.Join(schemaDir, f.Name())), read(t, filepath.Join(dir, f.Name()))); d != "" {
			t.Errorf("%s is stale, run go generate:\n%s", f.Name(), d)
		}
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	files, err := filepath.Glob(schemaDir + "/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no schemas: %v", err)
	}
	for _, f := range files {
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(read(t, f)))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.AddResource("https://tenter.net/schemas/intent/"+filepath.Base(f), doc); err != nil {
			t.Fatal(err)
		}
	}
	s, err := c.Compile("https://tenter.net/schemas/intent/intent.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// jsonDocuments turns the YAML documents of a file into what the schema validator reads.
func jsonDocuments(t *testing.T, text []byte) (docs []any) {
	t.Helper()
	ld, err := yaml.NewLoader(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for {
		var x any
		if err := ld.Load(&x); errors.Is(err, io.EOF) {
			return docs
		} else if err != nil {
			t.Fatal(err)
		}
		raw, err := json.Marshal(x)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		docs = append(docs, doc)
	}
}
