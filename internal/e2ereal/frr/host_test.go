//go:build real

package frr

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// daemons are what each host runs, zebra first.
var daemons = []string{"zebra", "bgpd", "bfdd", "staticd"}

// A host is a node that runs FRR, and sshd for Tenter.
type host struct {
	*node
	defaults string // family of defaults: traditional or datacenter
	running  map[string]*process
}

// newHost starts FRR with the least configuration, and sshd, on a node with a management address.
func newHost(t *testing.T, keys, name, address, defaults string) *host {
	t.Helper()
	h := &host{node: newNode(t, name), defaults: defaults, running: map[string]*process{}}
	run(t, "ip", "link", "add", "m-"+name, "master", "mgmt", "up", "type", "veth", "peer", "name", "mgmt0", "netns", fmt.Sprint(h.pid))
	h.run("ip", "address", "add", address+"/24", "dev", "mgmt0")
	h.run("ip", "link", "set", "mgmt0", "up")
	h.run("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1", "net.ipv4.fib_multipath_hash_policy=1")
	h.file("/run/frr.conf", "frr defaults "+defaults+"\nservice integrated-vtysh-config\n")
	h.run("sh", "-ec", `mkdir -p /run/frr /run/sshd /run/etc /var/tmp/frr
		cp /run/frr.conf /run/etc/frr.conf; echo service integrated-vtysh-config > /run/etc/vtysh.conf
		mount --bind /run/etc /etc/frr
		chown -R frr:frr /run/frr /run/etc /var/tmp/frr`)
	for _, d := range daemons {
		h.daemon(d)
	}
	h.file("/run/sshd_config", strings.Join([]string{
		"HostKey " + filepath.Join(keys, name), "AuthorizedKeysFile " + filepath.Join(keys, "tenter.pub"),
		"PermitRootLogin prohibit-password", "PasswordAuthentication no", "UsePAM no", "StrictModes no",
		"ForceCommand /usr/bin/vtysh", "PidFile none", "ListenAddress " + address,
		"SetEnv HOME=/run", // what else root's shell would do at login is not of this host
	}, "\n")+"\n")
	h.start("/usr/sbin/sshd", "-D", "-e", "-f", "/run/sshd_config")
	return h
}

// file writes a file in the node's own /run.
func (h *host) file(name, text string) {
	h.t.Helper()
	if err := os.WriteFile(filepath.Join("/proc", fmt.Sprint(h.pid), "root", name), []byte(text), 0o644); err != nil {
		h.t.Fatal(err)
	}
}

// daemon starts one daemon, empty, and waits until it takes commands.
func (h *host) daemon(name string) {
	h.t.Helper()
	h.running[name] = h.start("/usr/lib/frr/"+name, "-F", h.defaults, "-A", "127.0.0.1")
	until(h.t, 20*time.Second, func() string {
		out, err := h.try("vtysh", "-d", name, "-c", "show version")
		if err != nil || !strings.Contains(out, "FRRouting") {
			return h.name + ": " + name + " takes no commands: " + out
		}
		return ""
	})
}

// restart kills daemons as a power failure would, and starts them as their supervisor would.
func (h *host) restart(names ...string) {
	h.t.Helper()
	for _, n := range names {
		h.running[n].kill()
	}
	for _, n := range names {
		h.daemon(n)
	}
}

// vtysh sends lines to the host as somebody at its console would.
func (h *host) vtysh(lines ...string) string {
	h.t.Helper()
	args := []string{"vtysh"}
	for _, l := range lines {
		args = append(args, "-c", l)
	}
	return h.run(args...)
}

// shown is the running configuration, and what bgpd has of it: vtysh shows a route map that only zebra still has.
func (h *host) shown() string { return h.vtysh("show running-config", "show running-config bgpd") }

// cable connects two hosts.
func cable(t *testing.T, a *host, portA string, b *host, portB string) {
	t.Helper()
	run(t, "ip", "link", "add", "name", portA, "netns", fmt.Sprint(a.pid), "type", "veth", "peer", "name", portB, "netns", fmt.Sprint(b.pid))
	a.run("ip", "link", "set", portA, "up")
	b.run("ip", "link", "set", portB, "up")
}

// vxlan makes what a leaf's host has to bring for a VLAN: a bridge with a VXLAN interface.
func (h *host) vxlan(vtep string, vni int) {
	h.t.Helper()
	bridge, tunnel := fmt.Sprintf("br%d", vni), fmt.Sprintf("vx%d", vni)
	h.run("ip", "link", "add", bridge, "type", "bridge")
	h.run("ip", "link", "add", tunnel, "type", "vxlan", "id", fmt.Sprint(vni), "local", vtep, "dstport", "4789", "nolearning")
	h.run("ip", "link", "set", tunnel, "master", bridge)
	h.run("ip", "link", "set", bridge, "up")
	h.run("ip", "link", "set", tunnel, "up")
}
