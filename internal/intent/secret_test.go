package intent_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tenter-net/tenter/internal/intent"
)

// Whatever way somebody writes a secret into an intent, it is refused and no diagnostic shows it: not in the excerpt of
// its own line, not in that of another mistake beside it, not in a message.
func TestSecretsAreNeverShown(t *testing.T) {
	for name, spec := range map[string]string{
		"plain":                 "  password: hunter2\n",
		"quoted":                "  password: \"hunter2 hunter2\"\n",
		"with a comment":        "  password: hunter2 # was hunter1\n",
		"literal block":         "  password: |\n    hunter2\n    hunter2\n",
		"folded over lines":     "  password: hunter2\n    hunter2\n    hunter2\n",
		"quoted over lines":     "  password: 'hunter2\n    hunter2'\n",
		"flow mapping":          "  auth: {user: admin, password: hunter2, colour: red}\n",
		"below a secret key":    "  secret: {old: hunter1, new: [hunter2, hunter3]}\n",
		"list":                  "  snmp-community: [hunter2, hunter3]\n",
		"twice":                 "  password: hunter2\n  password: hunter3\n",
		"in place of the name":  "  passwordFrom: hunter2\n",
		"list in place of it":   "  passwordFrom: [hunter2]\n",
		"beside the name":       "  passwordFrom: {secret: name, value: hunter2}\n",
		"with an anchor":        "  password: &a hunter2\n",
		"with a tag":            "  password: !!binary hunter2\n",
		"number":                "  port: {psk: 4711, enable-password: hunter2}\n",
		"broken YAML":           "  password: hunter2: hunter3\n",
		"broken YAML elsewhere": "  password: hunter2\n  port: [\n",
		"tab":                   "  password:\n\thunter2\n",
		"config leaf":           "  leaves: [{path: \"/system/aaa/server[name=x]/config/secret-key\", value: hunter2, colour: red}]\n",
		"config leaf, prefixed": "  leaves:\n    - path: /system/oc-aaa:password\n      value: hunter2\n      valu: 1\n",
	} {
		t.Run(name, func(t *testing.T) {
			kind := "BgpPeer"
			if strings.HasPrefix(name, "config") {
				kind = "Config"
			}
			doc := "apiVersion: tenter/v1\nkind: " + kind + "\nmetadata: {name: x}\nspec:\n" + spec
			_, problems := intent.LoadFiles(map[string][]byte{"a.yaml": []byte(doc)}, intent.Options{})
			if !problems.HasErrors() {
				t.Fatal("it is accepted")
			}
			raw, err := json.Marshal(problems)
			if err != nil {
				t.Fatal(err)
			}
			if text := problems.Text() + string(raw); strings.Contains(text, "hunter") || strings.Contains(text, "4711") {
				t.Error(text)
			}
		})
	}
}
