package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tenter-net/tenter/intents"
	"github.com/tenter-net/tenter/internal/settings"
)

// A window that denies for ever, and a group that nobody is in, are warned of; what only looks like it is not.
func TestOddPolicies(t *testing.T) {
	const windows = `
apiVersion: tenter/v1
kind: Window
metadata: {name: ever}
spec: {mode: deny, cron: "0 0 * * *", timeZone: UTC, duration: 24h}
---
apiVersion: tenter/v1
kind: Window
metadata: {name: always-open}
spec: {mode: allow, cron: "0 0 * * *", timeZone: UTC, duration: 24h}
---
apiVersion: tenter/v1
kind: Window
metadata: {name: weekdays}
spec: {mode: deny, cron: "* * * * mon-fri", timeZone: Europe/Berlin, duration: 1m}
---
apiVersion: tenter/v1
kind: ApprovalPolicy
metadata: {name: two}
spec: {decision: approve, approvals: 1, groups: [netops, ghosts], escalateAfter: 1h, escalateTo: [bosses]}
`
	for name, c := range map[string]struct {
		users []settings.User
		want  []string
	}{
		"nobody is known": {nil, []string{`window "ever" never closes`}},
		"a group is": {[]settings.User{{Name: "alice", UID: "1000", Role: "approver", Groups: []string{"netops"}}}, []string{
			`window "ever" never closes`, `"two": nobody of access.users is in the group "bosses"`, `in the group "ghosts"`,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			set := settings.Default()
			set.Access.Users = c.users
			set.Intents = filepath.Join(t.TempDir(), "intents")
			if err := os.CopyFS(set.Intents, intents.Files); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(set.Intents, "more.yaml"), []byte(windows), 0o600); err != nil {
				t.Fatal(err)
			}
			_, diags, err := CompileDirectory(t.Context(), &set)
			if err != nil || diags.HasErrors() {
				t.Fatal(err, diags.Text())
			}
			var got []string
			for _, d := range diags {
				if d.Code == codeOddPolicy {
					got = append(got, d.Message)
				}
			}
			if len(got) != len(c.want) {
				t.Fatalf("got %q", got)
			}
			for i, want := range c.want {
				if !strings.Contains(got[i], want) {
					t.Errorf("%q: want %q", got[i], want)
				}
			}
		})
	}
}
