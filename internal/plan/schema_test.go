package plan

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// The JSON Schema takes what is marshalled, and refuses what is no plan.
func TestJSONSchema(t *testing.T) {
	text, err := os.ReadFile("../../schemas/plan.json")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("plan.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("plan.json")
	if err != nil {
		t.Fatal(err)
	}
	f := load(t, "testdata/drift.txtar")
	made := New(Cause{Trigger: ByManual}, Origin{Generation: "g1", Devices: 4, Partial: true, Policy: "p"}, []DevicePlan{Compute(f.input).Plan})
	kept, err := made.Bound(time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC), f.input.Secrets)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := kept.JSON()
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		old, new string
		good     bool
	}{
		"as it is":          {"", "", true},
		"a field more":      {`"format_version"`, `"newer": true, "format_version"`, true},
		"no name":           {`"id"`, `"name"`, false},
		"a word as a score": {`"score": 3`, `"score": "3", "x": 3`, false},
		"an unknown risk":   {`"risk": "medium"`, `"risk": "mild"`, false},
	} {
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(strings.Replace(string(whole), tc.old, tc.new, 1)))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := s.Validate(doc); (err == nil) != tc.good {
			t.Errorf("%s: %v", name, err)
		}
	}
}
