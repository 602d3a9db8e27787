//go:build real

package frr

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// A lab is the fabric with Tenter at its side.
type lab struct {
	t      *testing.T
	tenter string
	dir    string
	hosts  map[string]*host
}

// newLab starts four hosts and cables them as the intents have it.
func newLab(t *testing.T, tenter string) *lab {
	t.Helper()
	l := &lab{t: t, tenter: tenter, dir: t.TempDir(), hosts: map[string]*host{}}
	keys := filepath.Join(l.dir, "keys")
	if err := os.Mkdir(keys, 0o700); err != nil {
		t.Fatal(err)
	}
	run(t, "ip", "link", "add", "mgmt", "up", "type", "bridge")
	run(t, "ip", "address", "add", "172.20.20.1/24", "dev", "mgmt")
	run(t, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(keys, "tenter"))
	var known strings.Builder
	for _, h := range []struct{ name, address, defaults string }{
		{"spine1", "172.20.20.11", "datacenter"},
		{"spine2", "172.20.20.12", "traditional"},
		{"leaf1", "172.20.20.21", "traditional"},
		{"leaf2", "172.20.20.22", "datacenter"},
	} {
		run(t, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(keys, h.name))
		public, err := os.ReadFile(filepath.Join(keys, h.name+".pub"))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&known, "%s %s", h.address, public)
		l.hosts[h.name] = newHost(t, keys, h.name, h.address, h.defaults)
	}
	for i, leaf := range []string{"leaf1", "leaf2"} {
		cable(t, l.hosts["spine1"], fmt.Sprintf("eth%d", i+1), l.hosts[leaf], "eth49")
		cable(t, l.hosts["spine2"], fmt.Sprintf("eth%d", i+1), l.hosts[leaf], "eth50")
		l.hosts[leaf].vxlan(fmt.Sprintf("10.1.1.%d", i+1), 10040)
	}
	l.write("known_hosts", known.String())
	l.write("tenter.yaml", `
intents: intents
state_dir: state
monitor: {poll_interval: 2s}
ssh: [{name: lab, known_hosts: known_hosts}]
credentials: [{name: lab, username: root, private_key_file: keys/tenter}]
`)
	for _, name := range []string{"fabric.yaml", "services.yaml"} {
		text, err := os.ReadFile(filepath.Join("testdata/intents", name))
		if err != nil {
			t.Fatal(err)
		}
		l.write("intents/"+name, string(text))
	}
	return l
}

func (l *lab) write(name, text string) {
	l.t.Helper()
	file := filepath.Join(l.dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		l.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		l.t.Fatal(err)
	}
}

func (l *lab) read(name string) string {
	l.t.Helper()
	text, err := os.ReadFile(filepath.Join(l.dir, name))
	if err != nil {
		l.t.Fatal(err)
	}
	return string(text)
}

func (l *lab) remove(name string) {
	l.t.Helper()
	if err := os.Remove(filepath.Join(l.dir, name)); err != nil {
		l.t.Fatal(err)
	}
}

// exits runs tenter, which must exit with that code, and returns what it prints.
func (l *lab) exits(code int, args ...string) string {
	l.t.Helper()
	cmd := exec.Command(l.tenter, args...)
	cmd.Dir = l.dir
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != code {
		l.t.Fatalf("tenter %s: %v, want exit code %d:\n%s", strings.Join(args, " "), err, code, out)
	}
	return string(out)
}

// peers are BGP's sessions as FRR tells of them.
type peers map[string]struct {
	Peers map[string]struct {
		State string `json:"state"`
		Name  string `json:"desc"`
	} `json:"peers"`
}

// established says which sessions are not, of those that there must be.
func (l *lab) established(want map[string]int) string {
	l.t.Helper()
	for name, n := range want {
		out, err := l.hosts[name].try("vtysh", "-c", "show bgp summary json")
		var p peers
		if err == nil {
			err = json.Unmarshal([]byte(out), &p)
		}
		if err != nil {
			return fmt.Sprintf("%s: %v: %s", name, err, out)
		}
		for _, family := range []string{"ipv4Unicast", "l2VpnEvpn"} {
			up := 0
			for _, peer := range p[family].Peers {
				if peer.State == "Established" {
					up++
				}
			}
			if up != n || len(p[family].Peers) != n {
				return fmt.Sprintf("%s: %s has %d sessions up of %d, want %d", name, family, up, len(p[family].Peers), n)
			}
		}
	}
	return ""
}

// everywhere is how many sessions each host has in each family.
var everywhere = map[string]int{"spine1": 2, "spine2": 2, "leaf1": 2, "leaf2": 2}

func TestFabric(t *testing.T) {
	tenter, ok := inside(t, 12*time.Minute)
	if !ok {
		return
	}
	l := newLab(t, tenter)
	t.Log(l.exits(0, "validate"))
	l.exits(0, "device", "enroll", "--all")
	if out := l.exits(2, "plan", "--detailed-exitcode"); !strings.Contains(out, "router bgp 65000") {
		t.Fatalf("the plan has no BGP:\n%s", out)
	}
	t.Log(l.exits(0, "apply", "--yes"))
	comesUp(t, l)
	l.nothingToDo()
	survivesReboot(t, l)
	refusesAll(t, l)
	repairs(t, l)
	takesAway(t, l)
	gates(t, l)
}

// nothingToDo requires an empty plan.
func (l *lab) nothingToDo() {
	l.t.Helper()
	l.exits(0, "plan", "--detailed-exitcode")
}

// comesUp requires every session of underlay and overlay, and that the leaves know each other's tunnel ends.
func comesUp(t *testing.T, l *lab) {
	t.Helper()
	until(t, 90*time.Second, func() string { return l.established(everywhere) })
	for leaf, other := range map[string]string{"leaf1": "10.1.1.2", "leaf2": "10.1.1.1"} {
		until(t, 30*time.Second, func() string {
			if out := l.hosts[leaf].vtysh("show evpn vni 10040"); !strings.Contains(out, other) {
				return leaf + " does not know the tunnel end " + other + ":\n" + out
			}
			return ""
		})
	}
	until(t, 60*time.Second, func() string {
		out := l.hosts["leaf1"].vtysh("show bfd peers json")
		if n := strings.Count(strings.ReplaceAll(out, " ", ""), `"status":"up"`); n != 2 {
			return fmt.Sprintf("leaf1 has %d BFD sessions up, want 2:\n%s", n, out)
		}
		return ""
	})
}

// survivesReboot shows what was saved by losing everything that was not.
func survivesReboot(t *testing.T, l *lab) {
	t.Helper()
	h := l.hosts["leaf2"]
	before := h.shown()
	h.restart(daemons...)
	h.run("vtysh", "-b")
	if after := h.shown(); after != before {
		t.Errorf("leaf2 starts with something else than it had:\n%s\nbefore:\n%s", after, before)
	}
	comesUp(t, l)
	l.nothingToDo()
}

// refusesAll asks for a line that FRR does not know, after one that it takes: neither must stay.
func refusesAll(t *testing.T, l *lab) {
	t.Helper()
	before := l.hosts["spine1"].shown()
	l.write("intents/bad.yaml", `
apiVersion: tenter/v1
kind: Config
metadata: {name: bad}
spec:
  devices: {names: [spine1]}
  dialect: frr
  leaves:
    - {path: "/line[text=ip prefix-list tenter-aside seq 5 permit 192.0.2.0/24]/text", value: ip prefix-list tenter-aside seq 5 permit 192.0.2.0/24}
    - {path: "/line[text=router bgp 65000]/line[text=neighbor 10.0.0.1 no-such-thing]/text", value: neighbor 10.0.0.1 no-such-thing}
`)
	out := l.exits(1, "apply", "--yes")
	for _, want := range []string{"no-such-thing", "undone"} {
		if !strings.Contains(out, want) {
			t.Errorf("the failure does not say %q:\n%s", want, out)
		}
	}
	if after := l.hosts["spine1"].shown(); after != before {
		t.Errorf("spine1 has something else than before:\n%s\nbefore:\n%s", after, before)
	}
	l.remove("intents/bad.yaml")
	l.nothingToDo()
}

// takesAway removes VRF and VLAN from the intents. FRR 8.4 loses bgpd when a VRF's instance goes before its VNI.
func takesAway(t *testing.T, l *lab) {
	t.Helper()
	l.remove("intents/services.yaml")
	until(t, 30*time.Second, func() string {
		if out := l.exits(0, "plan"); !strings.Contains(out, "vrf red") {
			return "the plan does not take VRF red away:\n" + out
		}
		return ""
	})
	l.exits(0, "apply", "--yes")
	for _, leaf := range []string{"leaf1", "leaf2"} {
		if shown := l.hosts[leaf].shown(); strings.Contains(shown, "vrf red") || strings.Contains(shown, "10040") {
			t.Errorf("%s still has it:\n%s", leaf, shown)
		}
		select {
		case <-l.hosts[leaf].running["bgpd"].done:
			t.Errorf("%s lost bgpd", leaf)
		default:
		}
	}
	l.nothingToDo()
	until(t, 60*time.Second, func() string { return l.established(everywhere) })
}

// openPlan finds the plan of a drift that waits to be approved.
var openPlan = regexp.MustCompile(`(?m)^([0-9a-f]{12}) +open +drift +(\S+)`)

// approve waits for the plan against a device's drift, and says yes to it.
func (l *lab) approve(device string) {
	l.t.Helper()
	until(l.t, 60*time.Second, func() string {
		out := l.exits(0, "plan", "ls")
		m := openPlan.FindStringSubmatch(out)
		if len(m) == 0 || m[2] != device {
			return "no plan against the drift of " + device + ":\n" + out
		}
		l.exits(0, "plan", "approve", m[1])
		return ""
	})
}

// told is what Tenter has to say of a device.
func (l *lab) told(device string) string {
	return l.exits(0, "drift", "ls", "--all") + l.exits(0, "run", "ls") + l.exits(0, "events", "tail", "--device", device)
}

// repairs lets somebody do seven things to the devices, each of which Tenter finds by reading and puts back.
func repairs(t *testing.T, l *lab) {
	t.Helper()
	start(t, "tenter serve", "sh", "-c", fmt.Sprintf("cd %q && exec %q serve", l.dir, l.tenter))
	until(t, 60*time.Second, func() string {
		out := l.exits(0, "device", "ls")
		if strings.Count(out, "InSync") != 4 {
			return "not all in sync:\n" + out
		}
		return ""
	})
	for i, d := range []struct {
		what, host string
		do         func(h *host)
		asks       bool // so much is different at once that Tenter puts it back only when somebody says so
	}{
		{what: "a line removed", host: "leaf1", do: func(h *host) {
			h.vtysh("configure terminal", "router bgp 65000", "no neighbor 10.0.0.0 description")
		}},
		{what: "a line changed", host: "leaf1", do: func(h *host) { h.vtysh("configure terminal", "interface eth49", "description oops") }},
		{what: "a port shut", host: "leaf1", do: func(h *host) { h.vtysh("configure terminal", "interface eth50", "shutdown") }},
		{what: "a session shut", host: "spine1", do: func(h *host) {
			h.vtysh("configure terminal", "router bgp 65000", "neighbor 10.0.0.1 shutdown message by hand")
		}},
		{what: "a line added", host: "leaf2", do: func(h *host) {
			h.vtysh("configure terminal", "router bgp 65000", "neighbor 192.0.2.9 remote-as 65009")
		}},
		{what: "a block removed", host: "spine2", asks: true, do: func(h *host) { h.vtysh("configure terminal", "no router bgp 65000") }},
		{what: "bgpd killed", host: "spine1", asks: true, do: func(h *host) { h.restart("bgpd") }},
	} {
		t.Logf("drift: %s", d.what)
		h := l.hosts[d.host]
		before := h.shown()
		d.do(h)
		if h.shown() == before {
			t.Fatalf("%s: nothing drifted", d.what)
		}
		if d.asks {
			l.approve(d.host)
		}
		until(t, 60*time.Second, func() string {
			if now := h.shown(); now != before {
				return fmt.Sprintf("%s: %s has\n%s\nbefore:\n%s\n%s", d.what, d.host, now, before, l.told(d.host))
			}
			return ""
		})
		until(t, 30*time.Second, func() string {
			if out := l.exits(0, "drift", "ls", "--all"); strings.Count(out, "closed by tenter") != i+1 {
				return d.what + ": not an episode that Tenter closed:\n" + out
			}
			return ""
		})
	}
	until(t, 90*time.Second, func() string { return l.established(everywhere) })
	l.nothingToDo()
}
