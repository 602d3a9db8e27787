package sim

import (
	"os"
	"time"
)

// longUp is how long a device has been up, by its own word, when the fabric starts: a reboot soon after is to differ from that
// as one of a real device does.
const longUp = 10 * time.Minute

// bootLocked starts the device with its startup configuration. At is when it did so, by its own word.
func (n *node) bootLocked(at time.Time) {
	n.dropPendingLocked()
	n.boots++
	n.booted = at
	n.computed = nil
	n.elections = map[string]election{}
	n.commitLocked(n.startup)
}

// reboot loses what was not saved, and every connection.
func (n *node) reboot() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.hub.dropStreams() // nobody is told what a reboot does to the configuration
	n.powered = true
	n.bootLocked(time.Now())
}

// upgrade reboots the device with other software.
func (n *node) upgrade(version string) {
	n.mu.Lock()
	n.version = version
	n.mu.Unlock()
	n.reboot()
}

// replaceHardware boots another device in this one's place: nothing is saved in it.
func (n *node) replaceHardware() error {
	fresh, err := n.factory()
	if err != nil {
		return err
	}
	n.mu.Lock()
	serial := n.serial + "R"
	n.mu.Unlock()
	if err := os.WriteFile(n.serialFile(), []byte(serial), 0o600); err != nil {
		return err
	}
	if err := os.Remove(n.startupFile()); err != nil && !os.IsNotExist(err) {
		return err
	}
	n.mu.Lock()
	n.startup, n.serial, n.version = fresh, serial, n.dialect.version
	n.mu.Unlock()
	n.reboot()
	return nil
}

// power turns the device off, or on again.
func (n *node) power(on bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case on && !n.powered:
		n.powered = true
		n.bootLocked(time.Now())
	case !on:
		n.hub.dropStreams()
		n.powered = false
		n.dropPendingLocked()
		n.changed()
		n.kick.wake()
	}
}

// forget puts the device back to a new device's configuration while it runs.
func (n *node) forget() error {
	fresh, err := n.factory()
	if err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.dropPendingLocked()
	n.commitLocked(fresh)
	return nil
}
