package sim

import (
	"testing"

	"github.com/tenter-net/tenter/internal/sim/conf"
	"github.com/tenter-net/tenter/lab"
)

func TestPortName(t *testing.T) {
	for _, tc := range []struct {
		dialect    conf.Dialect
		name, want string
	}{
		{conf.DialectSRLinux, "e1-49", "ethernet-1/49"},
		{conf.DialectSRLinux, "ethernet-1/49", "ethernet-1/49"},
		{conf.DialectSRLinux, "e1-3-1", "ethernet-1/3/1"},
		{conf.DialectSRLinux, "mgmt0", "mgmt0"},
		{conf.DialectEOS, "eth49", "Ethernet49"},
		{conf.DialectEOS, "et49", "Ethernet49"},
		{conf.DialectEOS, "eth1_1", "Ethernet1/1"},
		{conf.DialectEOS, "Ethernet49", "Ethernet49"},
		{conf.DialectOpenConfig, "eth1", "Ethernet1"},
		{conf.DialectOpenConfig, "e1-1", "Ethernet1"},
		{conf.DialectOpenConfig, "xe-0/0/1", "xe-0/0/1"},
	} {
		if got := portName(tc.dialect, tc.name); got != tc.want {
			t.Errorf("%s of a device with %s is %s, want %s", tc.name, tc.dialect, got, tc.want)
		}
	}
}

// The cables of the mixed lab end at ports as each device names them, and at those of hosts as they are.
func TestPortsOfTheMixedLab(t *testing.T) {
	topology, err := Load(lab.Mixed)
	if err != nil {
		t.Fatal(err)
	}
	cabled := map[Port]bool{}
	for _, l := range topology.Links {
		cabled[l.A], cabled[l.B] = true, true
	}
	for _, want := range []Port{{"spine1", "Ethernet1"}, {"leaf1", "ethernet-1/49"}, {"leaf2", "ethernet-1/50"}, {"leaf3", "Ethernet49"}, {"leaf4", "Ethernet5"}, {"server-a", "eth1"}} {
		if !cabled[want] {
			t.Errorf("no cable at %s", want)
		}
	}
}

func TestCabledTwiceByTwoNames(t *testing.T) {
	_, err := Load([]byte(`
name: twice
mgmt: {ipv4-subnet: 172.20.20.0/24}
topology:
  defaults: {kind: nokia_srlinux}
  nodes: {a: {mgmt-ipv4: 172.20.20.2}, b: {mgmt-ipv4: 172.20.20.3}}
  links:
    - endpoints: ["a:e1-1", "b:e1-1"]
    - endpoints: ["a:ethernet-1/1", "b:e1-2"]
`))
	if err == nil {
		t.Error("ethernet-1/1 and e1-1 are one port")
	}
}
