package adopt_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/infer/adopt"
	"github.com/tenter-net/tenter/internal/infer/edit"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/render"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/schemas"
)

const small = "../../e2e/testdata/small/intents/fabric.yaml"

const ports = `# Ports of one leaf.
apiVersion: tenter/v1
kind: Port
metadata: {name: printer}   # the old one
spec:
  members: ["leaf1:5"]
  # what people call it
  description: 'printer'
  access: {vlan: web}
`

// A world is what files come to, by the compiler that the product has.
type world struct {
	sources *tree.Sources
	devices map[intent.DeviceName]*tree.Tree
}

func (w world) Leaf(device intent.DeviceName, at string) (string, tree.Source, bool) {
	p, err := path.Parse(at)
	if err != nil {
		return "", tree.Source{}, false
	}
	l, ok := w.devices[device].Get(p)
	return l.Value.Text(), w.sources.Get(l.Source), ok
}

func (w world) Changes(from adopt.World) []adopt.Change {
	var out []adopt.Change
	for _, d := range []intent.DeviceName{"leaf1", "leaf2", "spine1"} {
		for c := range tree.Diff(from.(world).devices[d], w.devices[d]) {
			out = append(out, adopt.Change{Device: d, Path: c.Path.String(), Before: c.Before.Text(), After: c.After.Text()})
		}
	}
	return out
}

// compile returns what renders files as the product does.
func compile() (func(map[string][]byte) (adopt.World, error), error) {
	profiles, err := profile.Load(nil)
	if err != nil {
		return nil, err
	}
	c := render.NewCompiler(render.Options{Roots: profiles.Models(schemas.Named).Roots, Profiles: profiles, Secret: func(string) (string, bool) { return "secret", true }})
	return func(files map[string][]byte) (adopt.World, error) {
		set, diags := intent.LoadFiles(files, intent.Options{})
		if diags.HasErrors() {
			return nil, errors.New(diags.Text())
		}
		f, diags := fabric.Compile(set, nil)
		if diags.HasErrors() {
			return nil, errors.New(diags.Text())
		}
		results, diags := c.Compile(f)
		if diags.HasErrors() {
			return nil, errors.New(diags.Text())
		}
		w := world{c.Sources(), map[intent.DeviceName]*tree.Tree{}}
		for _, r := range results {
			w.devices[r.Device] = r.Desired
		}
		return w, nil
	}, nil
}

func renderer(t testing.TB) func(map[string][]byte) (adopt.World, error) {
	t.Helper()
	do, err := compile()
	if err != nil {
		t.Fatal(err)
	}
	return do
}

func Example() {
	do, err := compile()
	if err != nil {
		fmt.Println(err)
		return
	}
	text, err := os.ReadFile(small)
	if err != nil {
		fmt.Println(err)
		return
	}
	files := map[string][]byte{"fabric.yaml": text, "ports.yaml": []byte(ports)}
	now, err := do(files)
	if err != nil {
		fmt.Println(err)
		return
	}
	got := adopt.Adopt(adopt.Request{
		Device: "leaf1", Dialect: "openconfig", Files: files, World: now, Render: do,
		Findings: []adopt.Finding{{Path: leaf("Ethernet5", "description"), Before: "printer", After: "the new one"}},
	})
	for _, e := range got.Edits {
		fmt.Printf("%s:%d: %s\n", e.File, e.Line, e.What)
	}
	// Output: ports.yaml:8: spec.description: printer -> the new one
}

const (
	bgp      = "/network-instances/network-instance[name=default]/protocols/protocol[identifier=BGP][name=BGP]/bgp"
	ethernet = "/interfaces/interface[name=%s]/config/%s"
)

func leaf(name, what string) string { return fmt.Sprintf(ethernet, name, what) }

var adoptions = []struct {
	name    string
	finding adopt.Finding
	shared  bool
	lines   string // that are different: - without, + with
	others  int
	refused string
}{
	{
		name: "a text that one document says for this device alone", finding: adopt.Finding{Path: leaf("Ethernet5", "description"), Before: "printer", After: "it's: new"},
		lines: `-  description: 'printer'|+  description: "it's: new"`,
	},
	{
		name: "a text that a document says for others too", finding: adopt.Finding{Path: leaf("Ethernet1", "description"), Before: "server", After: "mine"},
		lines: `+    - {path: "/interfaces/interface[name=Ethernet1]/config/description", value: mine}`,
	},
	{
		name: "for all of them", finding: adopt.Finding{Path: leaf("Ethernet1", "description"), Before: "server", After: "mine"}, shared: true,
		lines: `-  description: server|+  description: mine`, others: 1,
	},
	{
		name: "a port that is shut", finding: adopt.Finding{Path: leaf("Ethernet5", "enabled"), Before: "true", After: "false"},
		lines: `+  shutdown: true`,
	},
	{
		name: "a number with something added", finding: adopt.Finding{Path: leaf("Ethernet5", "mtu"), Before: "9014", After: "1514"},
		lines: `+  mtu: 1500`,
	},
	{
		name: "a text that is gone", finding: adopt.Finding{Path: leaf("Ethernet5", "description"), Before: "printer"},
		lines: `-  description: 'printer'`,
	},
	{
		name: "a field that is there to differ", finding: adopt.Finding{Path: bgp + "/global/config/as", Before: "65201", After: "65299"},
		lines: `-spec: {id: 1, dialect: openconfig, profile: openconfig-sim, address: "172.20.20.21:9339", credentials: lab, tls: lab}|+spec: {id: 1, dialect: openconfig, profile: openconfig-sim, address: "172.20.20.21:9339", credentials: lab, tls: lab, asn: 65299}`, others: 2,
	},
	{
		name: "a time in other units", finding: adopt.Finding{Path: "/bfd/interfaces/interface[id=Ethernet49.0]/config/desired-minimum-tx-interval", Before: "300000", After: "500000"}, shared: true,
		lines: `-  underlay: {protocol: ebgp, links: 10.0.0.0/24, ipMtu: 9200, l2Mtu: 9214, bfd: {tx: 300ms, rx: 300ms, multiplier: 3}}|+  underlay: {protocol: ebgp, links: 10.0.0.0/24, ipMtu: 9200, l2Mtu: 9214, bfd: {tx: 500ms, rx: 300ms, multiplier: 3}}`, others: 3,
	},
	{
		name: "a text that looks like a number", finding: adopt.Finding{Path: leaf("Ethernet1", "description"), Before: "server", After: "0x10"},
		lines: `+    - {path: "/interfaces/interface[name=Ethernet1]/config/description", value: "0x10"}`,
	},
	{
		name: "a text that looks like nothing", finding: adopt.Finding{Path: leaf("Ethernet1", "description"), Before: "server", After: "null"}, shared: true,
		lines: `-  description: server|+  description: "null"`, others: 1,
	},
	{
		name: "a text in brackets", finding: adopt.Finding{Path: leaf("Ethernet1", "description"), Before: "server", After: "[spare]"},
		lines: `+    - {path: "/interfaces/interface[name=Ethernet1]/config/description", value: "[spare]"}`,
	},
	{
		name: "what nobody speaks of", finding: adopt.Finding{Path: leaf("Ethernet9", "description"), After: "spare"},
		lines: `+    - {path: "/interfaces/interface[name=Ethernet9]/config/description", value: spare}`, others: 1, // the name of the entry, which the device has
	},
	{
		name: "a link's address", finding: adopt.Finding{Path: "/interfaces/interface[name=Ethernet49]/subinterfaces/subinterface[index=0]/ipv4/addresses/address[ip=10.0.0.1]/config/ip", Before: "10.0.0.1"},
		refused: `10.0.0.1 is derived from Fabric small, fabric.yaml:19 (spec.links[0]): - {a: "spine1:1", b: "leaf1:49"}`,
	},
	{
		name: "a text that is derived", finding: adopt.Finding{Path: leaf("Ethernet49", "description"), Before: "to spine1:1", After: "x"},
		refused: "to spine1:1 is derived from Fabric small",
	},
	{
		name: "a secret", finding: adopt.Finding{Path: bgp + "/neighbors/neighbor[neighbor-address=10.0.0.0]/config/auth-password", Before: "(secret 01234567)", After: "(secret 89abcdef)", Secret: true},
		refused: "it is secret",
	},
	{
		name: "what the model refuses", finding: adopt.Finding{Path: leaf("Ethernet5", "mtu"), Before: "9014", After: "-1"},
		refused: "9014 is derived from Port printer",
	},
}

func TestAdopt(t *testing.T) {
	text, err := os.ReadFile(small)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{"fabric.yaml": text, "ports.yaml": []byte(ports)}
	do := renderer(t)
	now, err := do(files)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range adoptions {
		t.Run(tt.name, func(t *testing.T) {
			got := adopt.Adopt(adopt.Request{
				Device: "leaf1", Dialect: "openconfig", Findings: []adopt.Finding{tt.finding}, Files: files, World: now, Render: do, Shared: tt.shared,
			})
			lines := changed(files, got.Files)
			refused := ""
			for _, r := range got.Refused {
				refused += r.Why
			}
			if diff := cmp.Diff(tt.lines, strings.Join(lines, "|")); diff != "" || len(got.Others) != tt.others || !strings.Contains(refused, tt.refused) || tt.refused == "" && refused != "" {
				t.Errorf("%s\n%d others %v\nrefused %q", diff, len(got.Others), got.Others, refused)
			}
			w, err := do(got.Files)
			if err != nil {
				t.Fatal("the result does not validate: ", err)
			}
			if value, _, _ := w.Leaf("leaf1", tt.finding.Path); tt.refused == "" && value != tt.finding.After {
				t.Errorf("%q is wanted now, the device has %q", value, tt.finding.After)
			}
		})
	}
}

// changed are the lines that differ, without and with; of a new file only the last, which is what it is about.
func changed(from, to map[string][]byte) []string {
	var lines []string
	fresh := false
	for name, text := range to {
		_, had := from[name]
		fresh = fresh || !had
		for line := range strings.Lines(edit.Diff(name, from[name], text)) {
			line = strings.TrimSuffix(line, "\n")
			if (line[0] == '+' || line[0] == '-') && !strings.HasPrefix(line, "+++") && !strings.HasPrefix(line, "---") {
				lines = append(lines, line)
			}
		}
	}
	if fresh {
		lines = lines[len(lines)-1:]
	}
	return lines
}

// TestAdoptTogether adopts leaves that only make sense with each other, and goes on where an earlier exception stands.
func TestAdoptTogether(t *testing.T) {
	text, err := os.ReadFile(small)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{"fabric.yaml": text}
	do := renderer(t)
	const vlan = "/network-instances/network-instance[name=mac-vrf-web]/vlans/vlan[vlan-id=666]/config/"
	for round, findings := range [][]adopt.Finding{
		{{Path: vlan + "name", After: "rogue"}, {Path: vlan + "vlan-id", After: "666"}, {Path: vlan + "status", After: "ACTIVE"}},
		{{Path: leaf("Ethernet1", "description"), Before: "server", After: "mine"}, {Path: leaf("Ethernet1", "enabled"), Before: "true", After: "false"}},
	} {
		now, err := do(files)
		if err != nil {
			t.Fatal(err)
		}
		got := adopt.Adopt(adopt.Request{Device: "leaf1", Dialect: "openconfig", Findings: findings, Files: files, World: now, Render: do})
		files = got.Files
		if round == 0 && (len(got.Refused) > 0 || len(got.Adopted) != len(findings) || len(got.Others) > 0) {
			t.Errorf("round %d: adopted %v, refused %v, others %v", round, got.Adopted, got.Refused, got.Others)
		}
		if round == 1 && len(got.Adopted) != 1 { // that the port is shut is derived, for leaf2 too
			t.Errorf("round %d: adopted %v, refused %v", round, got.Adopted, got.Refused)
		}
	}
	if n := strings.Count(string(files["adopted-leaf1.yaml"]), "- {path: "); n != 4 {
		t.Errorf("%d leaves in\n%s", n, files["adopted-leaf1.yaml"])
	}
}
