package infer

import (
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/lab"
)

var update = flag.Bool("update", false, "write the golden files")

func TestMixedLab(t *testing.T) {
	files, err := Clab(lab.Mixed, "lab/mixed.clab.yml")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"devices.yaml", "fabric.yaml"}, slices.Sorted(maps.Keys(files))); diff != "" {
		t.Fatal(diff)
	}
	for name, got := range files {
		golden := filepath.Join("testdata", "mixed", name)
		if *update {
			if err := os.WriteFile(golden, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// What is written of any sound topology is intent without a mistake.
func TestIntentsAreSound(t *testing.T) {
	many := "name: many\nmgmt: {ipv4-subnet: 10.1.0.0/16}\ntopology:\n  defaults: {kind: sonic-vm}\n  nodes:\n" +
		"    s5: {mgmt-ipv4: 10.1.0.5, labels: {role: spine, note: \"no\"}}\n    leaf130: {mgmt-ipv4: 10.1.0.6, labels: {graph-icon: router}}\n    north-leaf: {mgmt-ipv4: 10.1.0.7, labels: {id: 7, pod: 3}}\n  links:\n" +
		"    - endpoints: [\"leaf130:eth1\", \"s5:eth1\"]\n    - endpoints: [\"s5:eth2\", \"leaf130:eth2\"]\n    - endpoints: [\"s5:eth9\", \"leaf130:eth9\"]\n" +
		"    - {type: veth, endpoints: [{node: s5, interface: eth3}, {node: north-leaf, interface: eth1}]}\n"
	for name, topology := range map[string]string{"evpn": string(lab.EVPN), "mixed": string(lab.Mixed), "many": many} {
		t.Run(name, func(t *testing.T) {
			files, err := Clab([]byte(topology), name+".clab.yml")
			if err != nil {
				t.Fatal(err)
			}
			set, diags := intent.LoadFiles(files, intent.Options{})
			if diags.HasErrors() || len(set.Devices) == 0 {
				t.Errorf("%d devices\n%s\n%s%s", len(set.Devices), diags.Text(), files["fabric.yaml"], files["devices.yaml"])
			}
		})
	}
}

func TestEveryMistakeAtOnce(t *testing.T) {
	_, err := Clab([]byte(`name: bad
mgmt: {ipv4-subnet: 172.20.20.0/24}
topology:
  kinds: {linux: {image: x}}
  nodes:
    spine1: {kind: nokia_srlinux, mgmt-ipv4: 172.20.20.11}
    spine2: {kind: nokia_srlinux, mgmt-ipv4: 172.20.20.12}
    leaf1: {kind: nokia_srlinux, mgmt-ipv4: 172.20.20.21}
    leaf2: {kind: fortinet_fortigate, mgmt-ipv4: 172.20.20.22}
    leaf3: {kind: arista_ceos}
    leaf4: {kind: arista_ceos, mgmt-ipv4: 172.20.30.24}
    border: {kind: arista_ceos, mgmt-ipv4: 172.20.20.25}
    leaf5: {kind: arista_ceos, mgmt-ipv4: 172.20.20.26, labels: {dialect: ios}}
    leaf6: {kind: arista_ceos, mgmt-ipv4: 172.20.20.27, labels: {id: zero}}
    host: {kind: linux}
  links:
    - endpoints: ["spine1:e1-1", "spine2:e1-1"]
    - endpoints: ["spine1:e1-2", "leaf9:e1-1"]
    - endpoints: ["spine1:e1-3/1", "leaf1:e1-49"]
    - endpoints: ["host:anything", "leaf1:e1-3-1"]
    - endpoints: ["spine1:e1-2"]
`), "bad.clab.yml")
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{
		`bad.clab.yml:9: node "leaf2": kind "fortinet_fortigate"`, `bad.clab.yml:10: node "leaf3": mgmt-ipv4`,
		`bad.clab.yml:11: node "leaf4": mgmt-ipv4: 172.20.30.24 is not in`, `bad.clab.yml:12: node "border": neither`,
		`bad.clab.yml:13: node "leaf5": label dialect: "ios"`, `bad.clab.yml:14: node "leaf6": label id: "zero"`,
		`bad.clab.yml:17: link: spine1 and spine2 are both a spine`, `bad.clab.yml:18: link: there is no node "leaf9"`,
		`bad.clab.yml:19: link: spine1: port "e1-3/1"`, `bad.clab.yml:21: a link has two endpoints, not 1`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in:\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), "bad.clab.yml:20") {
		t.Errorf("a cable to a host is no mistake:\n%v", err)
	}
}

func TestNumbers(t *testing.T) {
	for _, tc := range []struct {
		names string // "name=label", the devices in order
		want  string
	}{
		{"leaf1 leaf2 leaf10", "1 2 10"},
		{"border-leaf leaf1 leaf2", "3 1 2"},
		{"east-leaf west-leaf", "1 2"},
		{"leaf1 leaf9=1", "2 1"},
		{"leaf1 other-leaf1", "1 2"},
		{"leaf1=3 leaf2=3", "leaf1 and leaf2 both have the label id: 3"},
	} {
		var devices []*device
		for _, text := range strings.Fields(tc.names) {
			name, label, _ := strings.Cut(text, "=")
			d := &device{name: name, role: "leaf"}
			if label != "" {
				d.id = int(label[0] - '0')
			}
			devices = append(devices, d)
		}
		var got []string
		if err := number(devices); err != nil {
			got = append(got, err.Error())
		} else {
			for _, d := range devices {
				got = append(got, strconv.Itoa(d.id))
			}
		}
		if g := strings.Join(got, " "); g != tc.want {
			t.Errorf("%s: %s, want %s", tc.names, g, tc.want)
		}
	}
}

func FuzzClab(f *testing.F) {
	f.Add(lab.EVPN)
	f.Add(lab.Mixed)
	f.Add([]byte("name: x\ntopology: {nodes: {leaf1: {kind: srl, mgmt-ipv4: 10.0.0.1}}, links: [{endpoints: [a, b]}]}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		files, err := Clab(text, "f.clab.yml")
		if (files == nil) == (err == nil) {
			t.Fatalf("%v with error %v", files, err)
		}
		if err != nil {
			return
		}
		for name, data := range files {
			if _, diags := intent.LoadFiles(map[string][]byte{name: data}, intent.Options{}); len(diags) > 0 && strings.Contains(diags.Text(), "syntax") {
				t.Errorf("%s is no YAML: %s\n%s", name, diags.Text(), data)
			}
		}
	})
}
