package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/tenter-net/tenter/intents"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/settings"
)

// ygot logs through glog, whose flusher never ends.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/golang/glog.(*fileSink).flushDaemon"))
}

// compileWith compiles the example with one more file.
func compileWith(t *testing.T, more string) (*Compiled, intent.Diagnostics) {
	t.Helper()
	set := settings.Default()
	set.Intents = filepath.Join(t.TempDir(), "intents")
	if err := os.CopyFS(set.Intents, intents.Files); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(set.Intents, "more.yaml"), []byte(more), 0o600); err != nil {
		t.Fatal(err)
	}
	c, diags, err := CompileDirectory(t.Context(), &set)
	if err != nil {
		t.Fatal(err)
	}
	return c, diags
}

func config(path, value string) string {
	return `apiVersion: tenter/v1
kind: Config
metadata: {name: more}
spec:
  devices: {names: [leaf2]}
  dialect: openconfig
  leaves:
    - {path: "` + path + `", value: ` + value + `}
`
}

func TestModelRules(t *testing.T) {
	for _, tt := range []struct {
		name, path, value string
		want              string // of the diagnostic at the document, none if empty
	}{
		{"all rules hold", "/interfaces/interface[name=Ethernet49]/config/loopback-mode", "NONE", ""},
		{"what is missing may be on the device", "/interfaces/interface[name=Ethernet33]/config/description", "spare", "warning[T0954]"},
		{
			"a reference to what no intent has may lead to what the device has", "/interfaces/interface[name=Ethernet33]/ethernet/config/aggregate-id",
			"Port-Channel99", "warning[T0954]",
		},
		{"a path that the model does not have", "/interfaces/interface[name=Ethernet33]/config/colour", "red", "error[T0702]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, diags := compileWith(t, config(tt.path, tt.value))
			var got string
			for _, line := range diags.Lines() {
				if strings.HasPrefix(line, "more.yaml:") {
					got += line
				}
			}
			if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestExplain(t *testing.T) {
	c, diags := compileWith(t, `apiVersion: tenter/v1
kind: Config
metadata: {name: more}
spec:
  devices: {names: [leaf2]}
  dialect: openconfig
  priority: 10
  leaves:
    - {path: "/interfaces/interface[name=Ethernet49]/config/description", value: "to the east"}
`)
	if diags.HasErrors() {
		t.Fatal(diags.Text())
	}
	list, err := c.Explain("leaf2", "/interfaces/interface[name=Ethernet49]/config/description")
	if err != nil || len(list) != 1 {
		t.Fatalf("got %v, %v", list, err)
	}
	e := list[0]
	if e.Value != "to the east" || e.Source.File != "more.yaml" || len(e.Overrides) != 1 || e.Overrides[0].Value != "to spine1:2" {
		t.Errorf("got %+v", e)
	}
	if e.Scope != "merge" || e.Drift != "enforce" {
		t.Errorf("scope %s, drift %s", e.Scope, e.Drift)
	}
	all, err := c.Explain("leaf2", "/")
	if err != nil || len(all) < 100 {
		t.Errorf("of all origins: %d, %v", len(all), err)
	}
	for _, bad := range []string{"/interfaces/interface[name=Ethernet49]/config/colour", "/acl", "interfaces["} {
		if _, err := c.Explain("leaf2", bad); err == nil {
			t.Errorf("%s: no error", bad)
		}
	}
}
