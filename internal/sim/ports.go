package sim

import (
	"regexp"
	"strings"

	"github.com/tenter-net/tenter/internal/sim/conf"
)

// linuxPorts are the names that containerlab takes for ports of a device: those of the Linux interfaces in the container
// (e1-49 of SR Linux, eth49 or et49 of cEOS, eth1_1 for Ethernet1/1), and the device's own.
var linuxPorts = regexp.MustCompile(`^(?:e1-|ethernet-1/|eth|et|Ethernet|Et)([1-9][0-9]*)((?:[-_/][1-9][0-9]*)*)$`)

// portName returns what a device of the dialect calls the port that a topology names. A name of no such form is the
// device's own.
func portName(d conf.Dialect, name string) string {
	m := linuxPorts.FindStringSubmatch(name)
	if m == nil {
		return name
	}
	number := m[1] + strings.NewReplacer("-", "/", "_", "/").Replace(m[2])
	if d == conf.DialectSRLinux {
		return "ethernet-1/" + number
	}
	return "Ethernet" + number
}
