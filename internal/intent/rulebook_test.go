package intent

import (
	"strings"
	"testing"
)

const twoPolicies = `apiVersion: tenter/v1
kind: Scope
metadata: {name: system}
spec:
  rules:
    - {path: /system/**, action: report}
---
apiVersion: tenter/v1
kind: DriftPolicy
metadata: {name: uplinks}
spec:
  rules:
    - {path: /interfaces/**, mode: enforce}
`

func TestPolicies(t *testing.T) {
	digests := func(text string) []string {
		set, _ := LoadFiles(map[string][]byte{"policy.yaml": []byte(text)}, Options{}) // without a Fabric it is no sound set, and has its documents
		var out []string
		for _, d := range set.Policies() {
			out = append(out, string(d.Kind)+"/"+d.Name+" "+d.Digest)
		}
		return out
	}
	base := digests(twoPolicies)
	if len(base) != 2 {
		t.Fatalf("policies %q, want two", base)
	}
	for name, c := range map[string]struct {
		from, to string
		moves    bool
	}{
		"a comment":             {"spec:\n", "# why\nspec:\n", false},
		"the order of keys":     {"{path: /system/**, action: report}", "{action: report, path: /system/**}", false},
		"another form":          {"    - {path: /system/**, action: report}", "    - path: \"/system/**\"\n      action: report", false},
		"another action":        {"action: report", "action: ignore", true},
		"a path more":           {"path: /interfaces/**", "path: /interfaces/interface[name=*]", true},
		"a document less":       {"kind: DriftPolicy", "kind: System", true},
		"a document of no rule": {"---\n", "---\napiVersion: tenter/v1\nkind: System\nmetadata: {name: x}\nspec: {timezone: UTC}\n---\n", false},
	} {
		text := strings.Replace(twoPolicies, c.from, c.to, 1)
		if text == twoPolicies {
			t.Fatalf("%s: nothing to replace", name)
		}
		got := digests(text)
		same := len(got) == len(base)
		for i := range got {
			same = same && got[i] == base[i]
		}
		if same == c.moves {
			t.Errorf("%s: %q, before %q", name, got, base)
		}
	}
}
