package lab_test

import (
	"io/fs"
	"maps"
	"os"
	"strings"
	"testing"
	"testing/fstest"
)

func TestTopologiesKeepTheRules(t *testing.T) {
	dir := os.DirFS(".")
	files, err := fs.Glob(dir, "*.clab.yml")
	if err != nil || len(files) < 3 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, file := range files {
		for _, wrong := range check(dir, file) {
			t.Errorf("%s: %s", file, wrong)
		}
	}
}

// Each rule refuses what breaks it.
func TestRules(t *testing.T) {
	const good = `name: good
mgmt: {network: good, ipv4-subnet: 172.20.29.0/24}
topology:
  kinds:
    nokia_srlinux: {image: "ghcr.io/nokia/srlinux:25.3.3", type: ixrd2l, startup-config: s.cli}
    arista_ceos: {image: "ceos:4.34.2F", binds: ["map.json:/mnt/flash/EosIntfMapping.json:ro"]}
  nodes:
    a: {kind: nokia_srlinux, mgmt-ipv4: 172.20.29.11, labels: {role: leaf}}
    b: {kind: arista_ceos, mgmt-ipv4: 172.20.29.12, labels: {role: spine}}
  links:
    - endpoints: ["a:e1-49", "b:eth1"]
`
	files := fstest.MapFS{
		"s.cli":    {Data: []byte("set / system grpc-server mgmt admin-state enable\n")},
		"map.json": {Data: []byte(`{"ManagementIntf": {"eth0": "Management0"}, "EthernetIntf": {"eth1": "Ethernet1"}}`)},
	}
	for _, tc := range []struct{ name, old, new, want string }{
		{"nothing", "", "", ""},
		{"unknown key", "mgmt-ipv4: 172.20.29.11", "mgmt_ipv4: 172.20.29.11", `a: containerlab knows no "mgmt_ipv4" there`},
		{"unknown kind", "kind: arista_ceos", "kind: arista_eos", `b: kind "arista_eos"`},
		{"latest image", "srlinux:25.3.3", "srlinux:latest", "is not pinned"},
		{"image without tag", `"ceos:4.34.2F"`, "ceos", "is not pinned"},
		{"label is a number", "role: spine", "role: spine, id: 1", "b: label id is not text"},
		{"outside", "172.20.29.12", "172.20.30.12", "172.20.30.12 is not in 172.20.29.0/24"},
		{"gateway", "172.20.29.12", "172.20.29.1", "that of the gateway"},
		{"address twice", "172.20.29.12", "172.20.29.11", "172.20.29.11 is that of"},
		{"no address", ", mgmt-ipv4: 172.20.29.12", "", "no fixed management address"},
		{"licensed type", "ixrd2l", "ixr6e", `type "ixr6e"`},
		{"no role", "{role: spine}", "{pod: x}", "b: no label role"},
		{"port beyond", "e1-49", "e1-57", "a ixrd2l has no port 57"},
		{"port of another kind", "b:eth1", "b:e1-1", `arista_ceos has no port "e1-1"`},
		{"management port", "b:eth1", "b:eth0", `arista_ceos has no port "eth0"`},
		{"port that is not mapped", "b:eth1", "b:eth2", "eth2 of b is not in map.json"},
		{"no such node", "b:eth1", "c:eth1", `"c:eth1" names no node`},
		{"one endpoint", `"a:e1-49", `, "", "link 0 has 1 endpoints"},
		{"twice", "links:\n", "links:\n    - endpoints: [\"a:e1-49\", \"b:eth1\"]\n", "a:e1-49 is cabled twice"},
		{"no startup file", "s.cli", "t.cli", "startup-config: open t.cli"},
		{"other name", "name: good", "name: better", "is not that of the file"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := maps.Clone(files)
			dir["good.clab.yml"] = &fstest.MapFile{Data: []byte(strings.Replace(good, tc.old, tc.new, 1))}
			got := strings.Join(check(dir, "good.clab.yml"), "\n")
			if tc.want == "" && got != "" || !strings.Contains(got, tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
	t.Run("startup beyond reachability", func(t *testing.T) {
		dir := maps.Clone(files)
		dir["good.clab.yml"] = &fstest.MapFile{Data: []byte(good)}
		dir["s.cli"] = &fstest.MapFile{Data: []byte("# no BGP here\nset / network-instance default protocols bgp admin-state enable\n")}
		if got := check(dir, "good.clab.yml"); len(got) != 1 || !strings.Contains(got[0], "is not for reachability") {
			t.Errorf("got %q", got)
		}
	})
}
