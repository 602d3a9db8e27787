//go:build real

package frr

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// careful has leaf1 watched for a while after each change.
const careful = `
apiVersion: tenter/v1
kind: Rollout
metadata: {name: careful}
spec:
  devices: {names: [leaf1]}
  canary: {names: [leaf1]}
  onFailure: rollback-device
  gates:
    - {bgp: true, within: 10s}
    - {interfaces: true, within: 10s}
  soak: %s
`

// gates lets changes go wrong that FRR takes without a complaint: only what worked before tells.
func gates(t *testing.T, l *lab) {
	t.Helper()
	leaf := l.hosts["leaf1"]
	before := map[string]string{}
	for name, h := range l.hosts {
		before[name] = h.shown()
	}
	asBefore := func(what string) {
		t.Helper()
		for name, h := range l.hosts {
			if now := h.shown(); now != before[name] {
				t.Errorf("%s: %s has\n%s\nbefore:\n%s", what, name, now, before[name])
			}
		}
	}

	l.write("intents/careful.yaml", fmt.Sprintf(careful, "1s"))
	fabric := l.read("intents/fabric.yaml")
	l.write("intents/fabric.yaml", strings.Replace(fabric, `{id: 1, dialect: frr, address: "172.20.20.21:22"`,
		`{id: 1, asn: 65299, dialect: frr, address: "172.20.20.21:22"`, 1))
	out := l.exits(1, "apply", "--yes")
	for _, want := range []string{"the BGP session with 10.0.0.0 was established before and is not any more", "rolling back", "spine1  skipped"} {
		if !strings.Contains(out, want) {
			t.Errorf("an AS that no spine knows: nobody says %q:\n%s", want, out)
		}
	}
	asBefore("an AS that no spine knows")
	l.write("intents/fabric.yaml", fabric)
	l.nothingToDo()
	leaf.vtysh("clear bgp *")
	until(t, 180*time.Second, func() string { return l.established(everywhere) })

	// A cable is pulled while a harmless change is watched.
	l.write("intents/careful.yaml", fmt.Sprintf(careful, "20s"))
	l.write("intents/note.yaml", `
apiVersion: tenter/v1
kind: Config
metadata: {name: note}
spec:
  devices: {names: [leaf1]}
  dialect: frr
  leaves:
    - {path: "/line[text=ip prefix-list tenter-aside seq 5 permit 192.0.2.0/24]/text", value: ip prefix-list tenter-aside seq 5 permit 192.0.2.0/24}
`)
	ended := make(chan string)
	go func() {
		cmd := exec.CommandContext(t.Context(), l.tenter, "apply", "--yes")
		cmd.Dir = l.dir
		out, _ := cmd.CombinedOutput() // what it says tells how it ended
		ended <- string(out)
	}()
	until(t, 60*time.Second, func() string {
		if !strings.Contains(leaf.shown(), "tenter-aside") {
			return "the change does not come"
		}
		return ""
	})
	l.hosts["spine1"].run("ip", "link", "set", "eth1", "down")
	out = <-ended
	if !strings.Contains(out, "interface eth49 was up before and is not any more") {
		t.Errorf("a cable pulled during the soak: nobody says so:\n%s", out)
	}
	l.hosts["spine1"].run("ip", "link", "set", "eth1", "up")
	asBefore("a cable pulled during the soak")

	// The same change with nothing in its way.
	until(t, 180*time.Second, func() string { return l.established(everywhere) })
	l.write("intents/careful.yaml", fmt.Sprintf(careful, "1s"))
	l.exits(0, "apply", "--yes")
	l.remove("intents/note.yaml")
	l.remove("intents/careful.yaml")
	l.exits(0, "apply", "--yes")
	asBefore("added and removed again")
}
