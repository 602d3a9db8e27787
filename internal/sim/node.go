package sim

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/sim/conf"
	"github.com/tenter-net/tenter/internal/sim/plane"
)

// A node is one simulated device. Its configuration changes under mu only; readers take the view.
type node struct {
	sets atomic.Int64 // requests that arrived, whatever became of them
	TopologyNode
	dir     string
	log     *zap.Logger
	dialect *dialect
	schema  *conf.Schema
	faults  faults
	quirks  quirks
	hub     hub
	view    atomic.Pointer[view]
	changed func() // wakes the control plane

	mu        sync.Mutex
	config    *conf.Tree
	startup   *conf.Tree
	pending   *pendingCommit
	elections map[string]election
	computed  []plane.Leaf // state that the control plane worked out
	booted    time.Time
	serial    string
	version   string // of the software
	powered   bool
	cut       bool   // the management path is cut
	boots     int    // how often it booted; a server of an earlier boot must go
	stamp     int64  // of the last publication
	kick      signal // wakes the server loop
}

// A view is what the device shows at one moment.
type view struct {
	tree   *conf.Tree
	at     int64 // nanoseconds since the epoch; grows with every view
	silent bool  // nobody is told of what became different
}

// newNode reads the saved startup configuration, or makes the one of a new device, and boots.
func newNode(t TopologyNode, dir string, log *zap.Logger) (*node, error) {
	d, err := dialectOf(t.Dialect)
	if err != nil {
		return nil, err
	}
	schema, err := d.schema()
	if err != nil {
		return nil, err
	}
	n := &node{
		TopologyNode: t, dir: filepath.Join(dir, t.Name), log: log.Named(t.Name), dialect: d, schema: schema,
		powered: true, kick: make(signal, 1), changed: func() {}, version: d.version,
	}
	if err := os.MkdirAll(n.dir, 0o700); err != nil {
		return nil, err
	}
	if n.serial, err = n.readSerial(); err != nil {
		return nil, err
	}
	switch saved, readErr := os.ReadFile(n.startupFile()); {
	case readErr == nil:
		n.startup, err = conf.Load(schema, saved)
	case os.IsNotExist(readErr):
		n.startup, err = n.factory()
	default:
		err = readErr
	}
	if err != nil {
		return nil, fmt.Errorf("node %q: startup configuration: %w", t.Name, err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.bootLocked(time.Now().Add(-longUp))
	return n, nil
}

func (n *node) startupFile() string { return filepath.Join(n.dir, "startup.json") }

func (n *node) serialFile() string { return filepath.Join(n.dir, "serial") }

// readSerial returns the serial number: the file's, for a device that took another's place.
func (n *node) readSerial() (string, error) {
	b, err := os.ReadFile(n.serialFile())
	if os.IsNotExist(err) {
		return "SIM-" + n.Name, nil
	}
	return string(b), err
}

func (n *node) serialNumber() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.serial
}

// commitLocked makes a configuration the running one and shows it.
func (n *node) commitLocked(next *conf.Tree) {
	n.config = next
	n.publishLocked()
	n.changed()
	n.kick.wake() // the device may have cut itself off
}

// publishLocked shows the configuration with its state, and tells the subscribers.
func (n *node) publishLocked() {
	tree := n.config
	if n.faults.on(EchoDefaults) {
		tree = tree.WithDefaults()
	}
	e := tree.Mirror().Edit()
	for _, leaf := range n.systemState() {
		e.SetState(leaf.Path, leaf.Module, leaf.Value)
	}
	for _, leaf := range n.computed {
		e.SetState(leaf.Path, leaf.Module, leaf.Value)
	}
	n.stamp = max(time.Now().UnixNano(), n.stamp+1)
	v := &view{tree: e.StateTree(), at: n.stamp, silent: n.faults.on(Silent)}
	n.view.Store(v)
	n.hub.publish(v)
}

// systemState is the state that says which device this is and since when it runs.
func (n *node) systemState() []plane.Leaf {
	return n.dialect.identity(hardware{serial: n.serial, version: n.version, booted: n.booted})
}

// compute takes over what the control plane worked out for this device from a configuration, unless it has another one by now: a device
// that has rebooted shows nothing of what it was before.
func (n *node) compute(from *conf.Tree, state []plane.Leaf) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if from != nil && from != n.config || plane.EqualLeaves(n.computed, state) {
		return
	}
	n.computed = state
	n.publishLocked()
}

// running returns what the control plane needs of this device now: nil while it has no power.
func (n *node) running() *conf.Tree {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.powered {
		return nil
	}
	return n.config
}

// save writes the running configuration to the startup configuration.
func (n *node) saveLocked() error {
	if n.faults.strikes(RefuseSave) {
		return fmt.Errorf("startup configuration: write protected")
	}
	temp := n.startupFile() + ".new"
	if err := os.WriteFile(temp, n.config.MarshalConfig(), 0o600); err != nil {
		return err
	}
	if err := os.Rename(temp, n.startupFile()); err != nil {
		return err
	}
	n.startup = n.config
	return nil
}

// setCut cuts the management path, or mends it.
func (n *node) setCut(cut bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.cut = cut
	n.kick.wake()
}

// republish shows the device anew after a fault changed how it shows itself.
func (n *node) republish() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.publishLocked()
}

// reachable tells whether the device's gNMI server can be reached, and in which boot.
func (n *node) reachable() (ok bool, boot int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.powered && !n.cut && n.dialect.manageable(n.config, n.Mgmt.Addr()), n.boots
}

// A signal wakes one loop; several wakes before it looks are one.
type signal chan struct{}

func (s signal) wake() {
	select {
	case s <- struct{}{}:
	default:
	}
}

// wait returns true when woken and false when the context ended.
func (s signal) wait(ctx context.Context) bool {
	select {
	case <-s:
		return true
	case <-ctx.Done():
		return false
	}
}
