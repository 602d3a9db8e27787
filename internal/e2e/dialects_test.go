package e2e

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestScriptsMixed runs the scripts on fabrics whose leaves are SR Linux, configured by its own models, under spines that
// speak OpenConfig. Those on the example fabric have leaf3 as EOS besides, as examples/mixed has it.
func TestScriptsMixed(t *testing.T) {
	flavour{words: srLinux, example: "examples/mixed", lab: "mixed.clab.yml"}.run(t)
}

// TestScriptsEOS runs the scripts with leaves that are EOS: OpenConfig with deviations, and command lines.
func TestScriptsEOS(t *testing.T) { flavour{words: eos}.run(t) }

// A flavour is the scripts with other network operating systems under them. What they say of leaves in OpenConfig's terms
// is said in the leaves' own; what they do and expect stays the same.
type flavour struct {
	words   []word
	example string // directory that is put over the example's intents; empty: they are translated as well
	lab     string // the only topology that is left, with example
}

// A word is how a flavour says something about leaves.
type word struct {
	openconfig *regexp.Regexp
	own        string
}

func says(openconfig, own string) word { return word{regexp.MustCompile(openconfig), own} }

var srLinux = []word{
	says(`dialect: openconfig, profile: openconfig-sim`, `dialect: srlinux`),
	says(`dialect: openconfig$`, `dialect: srlinux`),
	says(`kind: arista_ceos, `, `kind: nokia_srlinux, `),
	says(`arista_ceos: \{image: ceos:4.34.1F, labels: \{dialect: openconfig\}\}`, "$0\n    nokia_srlinux: {image: \"ghcr.io/nokia/srlinux:25.3.3\"}"),
	says(`("(?:leaf\d|[a-z]+-[a-z-]+|silent|disorder|atomic)):Ethernet(\d+)`, `$1:ethernet-1/$2`),

	// Policies.
	says(`path: /interfaces, mode`, `path: "srl_nokia:/interface", mode`),
	says(`"/network-instances/network-instance\[name=\*\]/vlans"`, `"srl_nokia:/network-instance[name=*]/interface"`),
	says(`"/interfaces/interface\[name=\*\]/config", mode`, `"srl_nokia:/interface[name=*]/description", mode`),
	says(`"/\*\*"`, `"srl_nokia:/**"`),

	// What has another shape: the VLAN of a port is where the port's subinterface is.
	says(`delete '/interfaces/interface\[name=Ethernet1\]/ethernet/switched-vlan/config/access-vlan'`, `delete 'srl_nokia:/network-instance[name=mac-vrf-web]/interface[name=ethernet-1/1.40]'`),
	says(`/interfaces/interface(\\?\[)name=Ethernet1(\\?\])/ethernet/switched-vlan/config/access-vlan`, `srl_nokia:/network-instance${1}name=mac-vrf-web$2/interface${1}name=ethernet-1/1.40$2/name`),
	says(`'"40" -> `, `'"ethernet-1/1.40" -> `),
	says(`'\^40\$'`, `ethernet-1/1.40`),
	says(`/network-instances/network-instance\[name=mac-vrf-web\]/vlans/vlan\[vlan-id=666\]/config`, `srl_nokia:/network-instance[name=mac-vrf-web]/interface[name=ethernet-1/9.666]`),
	says(`/network-instances/network-instance\\\[name=mac-vrf-web\\\]/vlans/vlan\\\[vlan-id=666\\\]`, `srl_nokia:/network-instance\[name=mac-vrf-web\]/interface\[name=ethernet-1/9.666\]`),
	says(`\{"vlan-id": 666, "name": "rogue"\}`, `{"name": "ethernet-1/9.666"}`),
	says(`-> "rogue"`, `-> "ethernet-1/9.666"`),
	says(`stdout rogue`, `stdout ethernet-1/9.666`),
	says(`value: Ethernet(\d+)`, `value: ethernet-1/$1`),
	says(`^stdout true$|^stdout '\^true\$'$`, `stdout enable`),
	says(`'"true" -> "false"'`, `'"enable" -> "disable"'`),
	says(`/system/config/hostname`, `srl_nokia:/system/name/host-name`),
	says(`^ +- \{path: "/interfaces/interface\[name=Ethernet\d+\]/config/type".*$`, ``),

	// Leaves of Config documents are of the device's own tree.
	says(`\{path: "/interfaces/interface\[name=Ethernet(\d+)\]/config/([a-z]+)"`, `{path: "/interface[name=ethernet-1/$1]/$2"`),
	says(`\{path: "/interfaces/interface\[name=Ethernet(\d+)\]/hold-time/config/up"`, `{path: "/interface[name=ethernet-1/$1]/ethernet/hold-time/up"`),
	says(`\{path: "/interfaces/interface\[name=Loopback0\]/config/description"`, `{path: "/interface[name=lo0]/description"`),

	// Paths, also where they are patterns.
	says(`/interfaces/interface(\\?\[)name=Ethernet(\d+)(\\?\])/hold-time/config`, `srl_nokia:/interface${1}name=ethernet-1/$2$3/ethernet/hold-time`),
	says(`/interfaces/interface(\\?\[)name=Ethernet(\d+)(\\?\])/config/enabled' false`, `srl_nokia:/interface${1}name=ethernet-1/$2$3/admin-state' disable`),
	says(`/interfaces/interface(\\?\[)name=Ethernet(\d+)(\\?\])/config/enabled`, `srl_nokia:/interface${1}name=ethernet-1/$2$3/admin-state`),
	says(`/interfaces/interface(\\?\[)name=Ethernet(\d+)(\\?\])/config`, `srl_nokia:/interface${1}name=ethernet-1/$2$3`),
	says(`/interfaces/interface(\\?\[)name=Loopback0(\\?\])/config`, `srl_nokia:/interface${1}name=lo0$2`),
	says(`([ ~+-]) config/(description|mtu)`, `$1 $2`),
}

var eos = []word{
	says(`(spec: .*)dialect: openconfig, profile: openconfig-sim`, `${1}dialect: eos`),
	says(`dialect: openconfig$`, `dialect: eos`),
	says(`labels: \{role: leaf`, `labels: {role: leaf, dialect: eos`),

	// VLANs are those of the device, in its default instance. An interface has a type before it has anything else, and a
	// switched port no MTU; the routed one's is that of IP. Command lines are read with Get only.
	says(`name=mac-vrf-web(\\?\])/vlans`, `name=default$1/vlans`),
	says(`(set '/interfaces/interface\[name=Ethernet49\]/config)/description' mine`, `$1/type' ethernetCsmacd $0`),
	says(`interface\[name=Ethernet1\]/config/mtu' 1500`, `interface[name=Ethernet1]/config/enabled' false`),
	says(`^stdout '9214'`, `! stdout 9300`),
	says(`--fault 'no-get no-get' `, ``),
}

// leaf and spine are the names of devices; a line without one goes on about the device of the line before.
var (
	leaf  = regexp.MustCompile(`\bleaf\d?(?:[^:\w]|$)|\b(no|refuse|echo|strip|second)-[a-z-]+\b`)
	spine = regexp.MustCompile(`\bspine\d?\b`)
)

// say translates a text, line by line.
func (f flavour) say(text string) string {
	var out strings.Builder
	ofLeaf := true
	for line := range strings.Lines(text) {
		if leaf.MatchString(line) {
			ofLeaf = true
		} else if spine.MatchString(line) {
			ofLeaf = false
		}
		end := line[len(strings.TrimRight(line, "\n")):]
		line = strings.TrimSuffix(line, end)
		if ofLeaf {
			for _, w := range f.words {
				line = w.openconfig.ReplaceAllString(line, w.own)
			}
		}
		out.WriteString(line + end)
	}
	return out.String()
}

// run translates the scripts and their fabrics into a directory, and runs them there.
func (f flavour) run(t *testing.T) {
	dir := t.TempDir()
	f.translate(t, filepath.Join(dir, "testdata"), "testdata")
	if f.example == "" {
		f.translate(t, filepath.Join(dir, "intents"), filepath.Join(root, "intents"))
		f.translate(t, filepath.Join(dir, "lab"), filepath.Join(root, "lab"))
	} else {
		f.overlay(t, dir)
	}
	runScripts(t, fabrics{scripts: filepath.Join(dir, "testdata"), named: filepath.Join(dir, "testdata"), root: dir})
}

func (f flavour) translate(t *testing.T, to, from string) {
	t.Helper()
	check(t, filepath.WalkDir(from, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, file)
		if err != nil {
			return err
		}
		if d.IsDir() && name == "once" {
			return fs.SkipDir
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(to, name), 0o755)
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, name), []byte(f.say(string(data))), 0o644)
	}))
}

// overlay makes the example of its own intents, some of them in place of the common ones, and of one topology.
func (f flavour) overlay(t *testing.T, dir string) {
	t.Helper()
	check(t, os.CopyFS(filepath.Join(dir, "intents"), os.DirFS(filepath.Join(root, "intents"))))
	own, err := filepath.Glob(filepath.Join(root, f.example, "*.yaml"))
	check(t, err)
	for _, file := range own {
		data, err := os.ReadFile(file)
		check(t, err)
		check(t, os.WriteFile(filepath.Join(dir, "intents", filepath.Base(file)), data, 0o644))
	}
	check(t, os.CopyFS(filepath.Join(dir, "lab"), os.DirFS(filepath.Join(root, "lab"))))
	others, err := filepath.Glob(filepath.Join(dir, "lab", "*.clab.yml"))
	check(t, err)
	for _, file := range others {
		if filepath.Base(file) != f.lab {
			check(t, os.Remove(file))
		}
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
