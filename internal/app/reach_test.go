package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tenter-net/tenter/internal/settings"
)

const alone = `
apiVersion: tenter/v1
kind: Fabric
metadata: {name: one}
spec:
  sizing: {maxSpines: 1, maxLeaves: 1, maxParallel: 1}
  underlay: {protocol: ebgp, links: 10.0.0.0/24, ipMtu: 9200, l2Mtu: 9214, bfd: {tx: 300ms, rx: 300ms, multiplier: 3}}
  asn: {spine: 65100, leafBase: 65200}
  loopbacks: {router: 10.1.0.0/24, vtep: 10.1.1.0/24}
  overlay: {protocol: ibgp, asn: 65000, reflectors: {role: spine}, routeTarget: "65000:{vni}", routeDistinguisher: "{router-id}:{evi}"}
  anycastMac: "00:1c:73:00:00:01"
  access: {mtu: 9000}
  links: []
---
apiVersion: tenter/v1
kind: Device
metadata: {name: spine1, labels: {role: spine}}
`

// TestTransport has devices whose documents name settings for TLS or SSH, and profiles that need the one or the other.
func TestTransport(t *testing.T) {
	for _, tt := range []struct{ dialect, names, book, want string }{
		{"frr", "ssh: lab", "", ""},
		{"frr", "tls: lab", "ssh", ""},
		{"frr", "tls: lab", "", `fabric.yaml:18:7: error[T0705]: device "spine1": profile "frr" speaks cli, and the document has no ssh: NAME`},
		{"openconfig", "tls: lab", "", ""},
		{"openconfig", "ssh: lab", "", `fabric.yaml:18:7: error[T0705]: device "spine1": profile "openconfig" speaks gnmi, and the document has no tls: NAME`},
	} {
		set := settings.Default()
		set.Intents = t.TempDir()
		if tt.book == "ssh" {
			set.Devices = []settings.Device{{Name: "spine1", SSH: "lab"}}
		}
		text := alone + `spec: {id: 1, dialect: ` + tt.dialect + `, address: "192.0.2.99:22", credentials: lab, ` + tt.names + "}\n"
		if err := os.WriteFile(filepath.Join(set.Intents, "fabric.yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, diags, err := CompileDirectory(t.Context(), &set)
		if err != nil {
			t.Fatal(err)
		}
		if got := diags.Text(); tt.want == "" && strings.Contains(got, "T0705") || !strings.Contains(got, tt.want) {
			t.Errorf("%+v:\n%s", tt, got)
		}
	}
}
