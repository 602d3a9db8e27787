//go:build real

package netconfd_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A tenter is the binary in a directory of its own, beside a device.
type tenter struct {
	*device
	bin string
}

const intents = `
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
metadata: {name: switch, labels: {role: spine}}
spec: {id: 1, dialect: native, profile: netconfd, address: "%s", credentials: key, ssh: known}
---
apiVersion: tenter/v1
kind: DriftPolicy
metadata: {name: all}
spec:
  devices: {names: [switch]}
  rules: [{path: "example:/**", mode: enforce}]
`

const settings = `
intents: intents
state_dir: state
profiles: profiles
monitor: {poll_interval: 200ms, settle: 0s}
apply: {readback_window: 500ms}
ssh: [{name: known, known_hosts: known_hosts}]
credentials: [{name: key, username: root, private_key_file: user_key}]
`

const switchProfile = `
description: Debian's netconfd
transport: netconf
origins: [{schema: example, models: netconfd.schema}]
netconf: {validate: %t}
watch: {first: poll}
names: {ethernet: "eth{number}"}
`

// config is a Config document for the switch.
func config(leaves ...string) string {
	return "apiVersion: tenter/v1\nkind: Config\nmetadata: {name: switch}\nspec:\n  devices: {names: [switch]}\n  dialect: native\n  origin: example\n  leaves:\n    - " +
		strings.Join(leaves, "\n    - ") + "\n"
}

var firstIntent = config(
	`{path: /system/hostname, value: leaf1}`,
	`{path: /system/mtu, value: 9000}`,
	`{path: /system/banner, value: hello}`,
	`{path: /system/tunnel, value: "example-switch:vxlan"}`,
	`{path: /system/tag, value: [a, b]}`,
	`{path: "/interfaces/interface[name=eth0]/type", value: "iana-if-type:ethernetCsmacd"}`,
	`{path: "/interfaces/interface[name=eth0]/ipv4/address[ip=192.0.2.1]/prefix-length", value: 31}`,
)

func install(t *testing.T, target string) *tenter {
	t.Helper()
	x := &tenter{device: boot(t, target), bin: os.Getenv(binary)}
	x.write("intents/fabric.yaml", fmt.Sprintf(intents, x.address))
	x.write("intents/switch.yaml", firstIntent)
	x.write("tenter.yaml", settings)
	x.write("profiles/netconfd.yaml", fmt.Sprintf(switchProfile, false))
	yangDir(t, x.device)
	x.ok("schema", "compile", "yang", "--name", "netconfd", "--module", strings.Join(served, ","), "--out", "profiles/netconfd.schema")
	x.ok("validate")
	return x
}

// exits runs the binary and returns its exit code and all that it said.
func (x *tenter) exits(args ...string) (int, string) {
	x.t.Helper()
	cmd := exec.Command(x.bin, args...)
	cmd.Dir = x.dir
	out, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		x.t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

func (x *tenter) ok(args ...string) string {
	x.t.Helper()
	code, out := x.exits(args...)
	if code != 0 {
		x.t.Fatalf("tenter %s: exit code %d\n%s", strings.Join(args, " "), code, out)
	}
	return out
}

func (x *tenter) says(want string, out string) {
	x.t.Helper()
	if !regexp.MustCompile(want).MatchString(out) {
		x.t.Errorf("no %q in:\n%s", want, out)
	}
}

func TestBinary(t *testing.T) {
	for _, target := range []string{"candidate", "running"} {
		t.Run(target, func(t *testing.T) { loop(t, target) })
	}
}

// loop is the whole loop: plan, apply, empty plan, drift by a stranger that is found by polling and put back.
func loop(t *testing.T, target string) {
	x := install(t, target)
	s := x.stranger()
	x.says("read-only: not enrolled", x.ok("plan"))
	x.says(`SHA256:`, x.ok("device", "enroll", "switch"))
	x.says(`switch +done`, x.ok("apply", "--yes"))
	if !s.has("<hostname>leaf1</hostname>", "<mtu>9000</mtu>", ":vxlan</tunnel>", "<tag>a</tag>", "<prefix-length>31</prefix-length>") {
		t.Error("the device does not have what was applied")
	}
	x.says("no changes", x.ok("plan", "--detailed-exitcode"))
	started := s.call(`<get-config><source><startup/></source></get-config>`)
	x.says("<hostname>leaf1</hostname>", started)

	serve := exec.Command(x.bin, "serve")
	serve.Dir = x.dir
	x.run("tenter", serve)
	x.wait("in sync", func() bool { return strings.Contains(x.ok("device", "ls"), "InSync") })
	for i, d := range []struct{ what, config, repaired string }{
		{"a changed leaf", `<hostname>drifted</hostname>`, "<hostname>leaf1</hostname>"},
		{"a removed leaf", `<banner nc:operation="delete"/>`, "<banner>hello</banner>"},
		{"another identity", `<tunnel xmlns:sw="urn:example:switch">sw:gre</tunnel>`, "sw:vxlan</tunnel>"},
		{"an element more", `<tag>c</tag>`, ""},
		{"a removed entry", `<interfaces xmlns="urn:ietf:params:xml:ns:yang:ietf-interfaces"><interface nc:operation="delete"><name>eth0</name></interface></interfaces>`, "<prefix-length>31</prefix-length>"},
	} {
		if !strings.HasPrefix(d.config, "<interfaces") {
			d.config = `<system xmlns="urn:example:switch">` + d.config + `</system>`
		}
		s.edit(target, d.config)
		x.wait(d.what, func() bool {
			return strings.Count(x.ok("events", "tail", "--type", "drift"), "drift.remediated") > i && s.has(d.repaired) && !s.has("<tag>c</tag>")
		})
	}
	x.says("no changes", x.ok("plan", "--detailed-exitcode"))
	t.Log(x.ok("drift", "ls", "--all"), x.ok("run", "ls"))
	// What is no longer wanted goes, and nothing else does.
	s.edit(target, `<system xmlns="urn:example:switch"><metric>1.50</metric></system>`)
	x.write("intents/switch.yaml", config(`{path: /system/hostname, value: leaf2}`))
	x.wait("new intent planned", func() bool { _, out := x.exits("plan", "ls"); return strings.Contains(out, "intent") })
	x.ok("apply", "--yes")
	if !s.has("<hostname>leaf2</hostname>", "<metric>1.50</metric>") || s.has("<banner>") || s.has("<mtu>") || s.has("prefix-length") || s.has("eth0") {
		t.Errorf("the device does not have the new intent: %s", s.call(`<get-config><source><running/></source></get-config>`))
	}
	x.says("no changes", x.ok("plan", "--detailed-exitcode"))
}

// TestBinaryRollsBack writes into the running configuration of a device that says ok and leaves one leaf as it was, for it
// drops spaces around a text: Tenter undoes the rest and proves that by reading.
func TestBinaryRollsBack(t *testing.T) {
	x := install(t, "running")
	s := x.stranger()
	x.ok("device", "enroll", "switch")
	x.ok("apply", "--yes")
	x.write("intents/switch.yaml", strings.NewReplacer("leaf1", "leaf9", "value: hello", `value: " hello "`).Replace(firstIntent))
	code, out := x.exits("apply", "--yes")
	t.Log(out)
	if code == 0 {
		t.Error("it was taken for done")
	}
	x.says("(?s)answered ok and did not do it.*rollback sent", out)
	x.says(`rolled_back .*put back, proven by reading`, x.ok("events", "tail", "--type", "reconciler"))
	if !s.has("<hostname>leaf1</hostname>", "<banner>hello</banner>") {
		t.Error("the device still has what was undone")
	}
	x.write("intents/switch.yaml", firstIntent)
	x.says("no changes", x.ok("plan", "--detailed-exitcode"))
}

// TestBinaryNoticesLies applies to a device that forgets its candidate when it validates, and says ok.
func TestBinaryNoticesLies(t *testing.T) {
	x := install(t, "candidate")
	s := x.stranger()
	x.write("profiles/netconfd.yaml", fmt.Sprintf(switchProfile, true))
	x.ok("device", "enroll", "switch")
	code, out := x.exits("apply", "--yes")
	t.Log(out)
	if code == 0 || s.has("leaf1") {
		t.Errorf("exit code %d", code)
	}
	x.says(`answered ok and did not do it`, out)
	x.says(`netconf: \{validate: false\}`, out)
	x.write("profiles/netconfd.yaml", fmt.Sprintf(switchProfile, false))
	x.ok("apply", "--yes")
	x.says("no changes", x.ok("plan", "--detailed-exitcode"))
}

// binary names the variable that says where the binary is.
const binary = "TENTER_E2E_BINARY"

// build compiles the binary that the tests use.
func build(dir string) error {
	bin := filepath.Join(dir, "tenter")
	if out, err := exec.Command("go", "build", "-o", bin, "../../../cmd/tenter").CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w: %s", err, out)
	}
	return os.Setenv(binary, bin)
}
