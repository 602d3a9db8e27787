package sim

import (
	"time"

	gpb "github.com/openconfig/gnmi/proto/gnmi"

	"github.com/tenter-net/tenter/internal/sim/conf"
)

// chunk is how many updates go into one notification; at a few hundred bytes each this is far below
// gRPC's 4 MiB.
const chunk = 1000

// A writer sends notifications of one subscription.
type writer struct {
	ss gpb.GNMI_SubscribeServer
	*request
	faults *faults
	sent   int // notifications, for the disorder fault
}

// A batch is the content of one notification before it is cut to size.
type batch struct {
	deletes []conf.Path
	updates []conf.Change
	once    bool // the same path may come in by several subscriptions and is told once
	seen    map[string]bool
}

func (b *batch) fresh(p conf.Path) bool {
	if !b.once {
		return true
	}
	if b.seen == nil {
		b.seen = map[string]bool{}
	}
	text := p.String()
	if b.seen[text] {
		return false
	}
	b.seen[text] = true
	return true
}

func (b *batch) remove(p conf.Path) {
	if b.fresh(p) {
		b.deletes = append(b.deletes, p)
	}
}

func (b *batch) update(p conf.Path, leaf *conf.Node) {
	if b.fresh(p) {
		b.updates = append(b.updates, conf.Change{Path: p, Leaf: leaf})
	}
}

// all adds every leaf below the nodes that the pattern matches.
func (b *batch) all(v *view, pattern conf.Path) {
	v.tree.Find(pattern, func(at conf.Path, n *conf.Node) {
		n.Leaves(at, gpb.GetRequest_ALL, b.update)
	})
}

// snapshot sends everything subscribed to, then sync_response.
func (w *writer) snapshot(v *view) error {
	b := batch{once: len(w.subs) > 1}
	if !w.list.GetUpdatesOnly() {
		for _, sub := range w.subs {
			b.all(v, sub.path)
		}
	}
	if err := w.send(&b, v.at); err != nil {
		return err
	}
	return w.sync()
}

func (w *writer) sync() error {
	return w.ss.Send(&gpb.SubscribeResponse{Response: &gpb.SubscribeResponse_SyncResponse{SyncResponse: true}})
}

// send sends a batch in as few notifications as it fits in; nothing when it is empty.
func (w *writer) send(b *batch, at int64) error {
	for len(b.deletes)+len(b.updates) > 0 {
		n := &gpb.Notification{Prefix: w.prefix(nil)}
		deletes := b.deletes[:min(chunk, len(b.deletes))]
		updates := b.updates[:min(chunk-len(deletes), len(b.updates))]
		b.deletes, b.updates = b.deletes[len(deletes):], b.updates[len(updates):]
		for _, p := range deletes {
			n.Delete = append(n.Delete, p.Proto())
		}
		for _, c := range updates {
			n.Update = append(n.Update, &gpb.Update{Path: c.Path.Proto(), Val: c.Leaf.Proto(w.enc)})
		}
		if err := w.notify(n, at); err != nil {
			return err
		}
	}
	return nil
}

// sendAtomic sends each container that changed as a whole, as gNMI §2.1.1 has it: the notification
// replaces everything below its prefix.
func (w *writer) sendAtomic(b *batch, v *view) error {
	containers := batch{once: true}
	var rest batch
	for _, p := range b.deletes {
		if parent := p[:len(p)-1]; len(p) > 1 && isLeafContainer(v.tree, parent) {
			containers.remove(parent)
		} else {
			rest.remove(p)
		}
	}
	for _, c := range b.updates {
		if parent := c.Path[:len(c.Path)-1]; isLeafContainer(v.tree, parent) {
			containers.remove(parent)
		} else { // a key: its entry holds more than leaves
			rest.update(c.Path, c.Leaf)
		}
	}
	if err := w.send(&rest, v.at); err != nil {
		return err
	}
	for _, container := range containers.deletes {
		n := &gpb.Notification{Prefix: w.prefix(container), Atomic: true}
		v.tree.Find(container, func(at conf.Path, found *conf.Node) {
			for _, kid := range found.Kids() {
				if kid.Leaf() {
					n.Update = append(n.Update, &gpb.Update{Path: conf.Path{kid.Step}.Proto(), Val: kid.Value.Proto(w.enc)})
				}
			}
		})
		if err := w.notify(n, v.at); err != nil {
			return err
		}
	}
	return nil
}

// isLeafContainer tells whether a path names an existing container that holds leaves only.
func isLeafContainer(t *conf.Tree, p conf.Path) bool {
	only := false
	t.Find(p, func(_ conf.Path, n *conf.Node) {
		only = true
		for _, kid := range n.Kids() {
			only = only && kid.Leaf()
		}
	})
	return only
}

// prefix is the prefix of a notification: the target and origin that the client asked with.
func (w *writer) prefix(elems conf.Path) *gpb.Path {
	p := elems.Proto()
	p.Target = w.list.GetPrefix().GetTarget()
	p.Origin = w.list.GetPrefix().GetOrigin()
	if p.Origin == "" {
		p.Origin = w.subs[0].GetPath().GetOrigin()
	}
	return p
}

// notify stamps and sends one notification.
func (w *writer) notify(n *gpb.Notification, at int64) error {
	w.sent++
	if w.sent%2 == 0 && w.faults.on(DisorderStamps) {
		at -= int64(time.Second)
	}
	if w.faults.on(SecondStamps) {
		at -= at % int64(time.Second)
	}
	n.Timestamp = at
	return w.ss.Send(&gpb.SubscribeResponse{Response: &gpb.SubscribeResponse_Update{Update: n}})
}
