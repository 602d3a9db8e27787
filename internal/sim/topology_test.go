package sim

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/sim/conf"
	"github.com/tenter-net/tenter/lab"
)

func TestLoadLab(t *testing.T) {
	topology, err := Load(lab.EVPN)
	if err != nil {
		t.Fatal(err)
	}
	roles := map[string]int{}
	for _, n := range topology.Nodes {
		if n.Image == "" || strings.HasSuffix(n.Image, ":latest") || !strings.Contains(n.Image, ":") {
			t.Errorf("node %q: image %q is not pinned", n.Name, n.Image)
		}
		if !n.Host() {
			roles[n.Role]++
		}
	}
	if roles["spine"] != 2 || roles["leaf"] != 4 || len(roles) != 2 {
		t.Errorf("got %v, want 2 spines and 4 leaves", roles)
	}
}

func TestLoadMixedLab(t *testing.T) {
	topology, err := Load(lab.Mixed)
	if err != nil {
		t.Fatal(err)
	}
	speaks := map[string]conf.Dialect{}
	for _, n := range topology.Nodes {
		if !n.Host() {
			speaks[n.Name] = n.Dialect
		}
	}
	if diff := cmp.Diff(map[string]conf.Dialect{
		"spine1": "openconfig", "spine2": "openconfig", "leaf1": "srlinux", "leaf2": "srlinux", "leaf3": "eos", "leaf4": "openconfig",
	}, speaks); diff != "" {
		t.Error(diff)
	}
	for _, want := range []Link{
		{A: Port{"spine1", "Ethernet1"}, B: Port{"leaf1", "ethernet-1/49"}}, {A: Port{"server-b", "eth1"}, B: Port{"leaf3", "Ethernet5"}},
	} {
		if !slices.Contains(topology.Links, want) {
			t.Errorf("no cable %v in %v", want, topology.Links)
		}
	}
}

func TestDialectOfNode(t *testing.T) {
	for node, want := range map[string]string{
		`{kind: nokia_srlinux, mgmt-ipv4: 10.0.0.1}`:                                 "srlinux",
		`{kind: ceos, mgmt-ipv4: 10.0.0.1}`:                                          "eos",
		`{kind: juniper_vjunosevolved, mgmt-ipv4: 10.0.0.1}`:                         "openconfig",
		`{kind: nokia_srlinux, mgmt-ipv4: 10.0.0.1, labels: {dialect: openconfig}}`:  "openconfig",
		`{kind: labelled, mgmt-ipv4: 10.0.0.1}`:                                      "eos",
		`{kind: labelled, mgmt-ipv4: 10.0.0.1, labels: {dialect: srlinux}}`:          "srlinux",
		`{kind: nokia_srlinux, mgmt-ipv4: 10.0.0.1, labels: {dialect: classic-cli}}`: "",
	} {
		topology, err := Load([]byte("mgmt: {ipv4-subnet: 10.0.0.0/24}\ntopology:\n  kinds: {labelled: {labels: {dialect: eos}}}\n  nodes:\n    a: " + node))
		switch {
		case want == "" && (err == nil || !strings.Contains(err.Error(), "classic-cli")):
			t.Errorf("%s: %v", node, err)
		case want != "" && (err != nil || string(topology.Nodes[0].Dialect) != want):
			t.Errorf("%s: %v, %v, want %s", node, topology, err, want)
		}
	}
}

// TestAddressesThatNobodyWrote gives what containerlab would give by itself: neither a network nor an address has to be written.
func TestAddressesThatNobodyWrote(t *testing.T) {
	for _, tt := range []struct{ name, mgmt, nodes, want string }{
		{"no network", "", "{c: {}, a: {}, b: {}}", "a 172.20.20.2/24 b 172.20.20.3/24 c 172.20.20.4/24"},
		{"a network without a subnet", "mgmt: {network: x}\n", "{a: {}}", "a 172.20.20.2/24"},
		{"containerlab's choice", "mgmt: {ipv4-subnet: auto}\n", "{a: {}}", "a 172.20.20.2/24"},
		{"some have one, and a host", "mgmt: {ipv4-subnet: 10.9.0.0/29}\n", "{a: {}, b: {mgmt-ipv4: 10.9.0.2}, c: {}, h: {kind: linux, mgmt-ipv4: 10.9.0.4}}", "a 10.9.0.3/29 b 10.9.0.2/29 c 10.9.0.5/29"},
		{"a subnet by one of its addresses", "mgmt: {ipv4-subnet: 10.9.0.1/24}\n", "{a: {}}", "a 10.9.0.2/24"},
		{"too few", "mgmt: {ipv4-subnet: 10.9.0.0/30}\n", "{a: {}, b: {}}", `node "b": no address is left in 10.9.0.0/30`},
	} {
		topology, err := Load([]byte(tt.mgmt + "topology:\n  defaults: {kind: ceos}\n  nodes: " + tt.nodes))
		var got []string
		if err != nil {
			got = append(got, strings.TrimPrefix(err.Error(), "topology: "))
		} else {
			for _, n := range topology.Nodes {
				if !n.Host() {
					got = append(got, n.Name, n.Mgmt.String())
				}
			}
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, strings.Join(got, " "), tt.want)
		}
	}
}

func TestLoadReportsEveryMistake(t *testing.T) {
	_, err := Load([]byte(`
name: bad
mgmt: {ipv4-subnet: 172.20.20.0/24}
topology:
  defaults: {kind: ceos}
  nodes:
    a: {mgmt-ipv4: 10.0.0.1}
    b: {mgmt-ipv4: b.example.net}
    c: {mgmt-ipv4: 172.20.20.3}
  links:
    - endpoints: ["c:eth1"]
    - endpoints: ["c:eth1", "d:eth1"]
    - endpoints: ["a:eth1", "c:eth2"]
    - endpoints: ["a:eth1", "b:eth2"]
`))
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{
		`node "a": mgmt-ipv4 10.0.0.1 is outside of 172.20.20.0/24`, `node "b": mgmt-ipv4: ParseAddr("b.example.net")`, "links[0]: a link has two endpoints",
		`links[1]: endpoint "d:eth1" names no node`, `links[3]: endpoint "a:eth1" is cabled twice`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in:\n%v", want, err)
		}
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(lab.EVPN)
	f.Add([]byte("topology: {nodes: {a: {kind: linux}}, links: [{endpoints: [a, b]}]}"))
	f.Add([]byte("mgmt: []"))
	f.Fuzz(func(t *testing.T, file []byte) {
		topology, err := Load(file)
		if err == nil && len(topology.Nodes) == 0 {
			t.Error("accepted without a node")
		}
	})
}

// TestHelpWithoutAFabric asks for the syntax of control lines where none could be performed.
func TestHelpWithoutAFabric(t *testing.T) {
	dir := t.TempDir()
	if out, err := Control(t.Context(), dir, "help"); err != nil || out != help {
		t.Errorf("%q, %v", out, err)
	}
	if _, err := Control(t.Context(), dir, "faults"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("asked of nobody: %v", err)
	}
}
