package sim

import (
	"time"

	gpb "github.com/openconfig/gnmi/proto/gnmi"
	"github.com/openconfig/gnmi/proto/gnmi_ext"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tenter-net/tenter/internal/sim/conf"
)

// defaultRollback is the time that an unconfirmed commit lives (gNMI commit-confirmed §3.2.1).
const defaultRollback = 10 * time.Minute

// A pendingCommit waits to be confirmed.
type pendingCommit struct {
	id       string
	before   *conf.Tree
	timer    *time.Timer
	deadline time.Time
}

// An election is the highest election id of one role (gNMI master arbitration §3.2).
type election struct{ high, low uint64 }

func (e election) less(f election) bool { return e.high < f.high || e.high == f.high && e.low < f.low }

func commitOf(exts []*gnmi_ext.Extension) *gnmi_ext.Commit {
	for _, x := range exts {
		if c := x.GetCommit(); c != nil {
			return c
		}
	}
	return nil
}

// arbitrateLocked refuses a Set by a client that is not master any more.
func (n *node) arbitrateLocked(exts []*gnmi_ext.Extension) error {
	for _, x := range exts {
		m := x.GetMasterArbitration()
		if m == nil {
			continue
		}
		if m.GetElectionId() == nil {
			return status.Error(codes.InvalidArgument, "master arbitration without an election id")
		}
		role, id := m.GetRole().GetId(), election{m.GetElectionId().GetHigh(), m.GetElectionId().GetLow()}
		if best := n.elections[role]; id.less(best) {
			return status.Errorf(codes.PermissionDenied, "not master: the highest election id is high:%d low:%d", best.high, best.low)
		}
		n.elections[role] = id
	}
	return nil
}

// admitLocked refuses what the pending commit, or its absence, does not allow (commit-confirmed §3.2).
func (n *node) admitLocked(c *gnmi_ext.Commit, req *gpb.SetRequest) error {
	if c == nil {
		if n.pending != nil {
			return status.Errorf(codes.FailedPrecondition, "commit %q waits for its confirmation", n.pending.id)
		}
		return nil
	}
	if c.GetId() == "" {
		return status.Error(codes.InvalidArgument, "commit without an id")
	}
	if c.GetCommit() != nil {
		if n.pending != nil {
			return status.Errorf(codes.FailedPrecondition, "commit %q waits for its confirmation", n.pending.id)
		}
		return nil
	}
	switch {
	case n.pending == nil:
		return status.Error(codes.FailedPrecondition, "no commit waits for confirmation")
	case n.pending.id != c.GetId():
		return status.Errorf(codes.InvalidArgument, "commit %q waits, not %q", n.pending.id, c.GetId())
	case operations(req) > 0:
		return status.Error(codes.InvalidArgument, "only a new commit may carry configuration")
	case c.GetSetRollbackDuration() != nil && c.GetSetRollbackDuration().GetRollbackDuration().AsDuration() <= 0:
		return status.Error(codes.InvalidArgument, "the rollback duration must be positive")
	case c.GetAction() == nil:
		return status.Error(codes.InvalidArgument, "commit without an action")
	}
	return nil
}

// proceedLocked performs the action of an admitted commit extension. A new commit remembers the
// configuration of before; the caller applies its own then.
func (n *node) proceedLocked(c *gnmi_ext.Commit) {
	switch c.GetAction().(type) {
	case *gnmi_ext.Commit_Commit:
		wait := c.GetCommit().GetRollbackDuration().AsDuration()
		if wait <= 0 {
			wait = defaultRollback
		}
		n.pending = &pendingCommit{id: c.GetId(), before: n.config}
		n.armLocked(n.pending, wait)
	case *gnmi_ext.Commit_Confirm:
		if !n.faults.strikes(IgnoreConfirm) {
			n.dropPendingLocked()
		}
	case *gnmi_ext.Commit_Cancel:
		before := n.pending.before
		n.dropPendingLocked()
		n.commitLocked(before)
	case *gnmi_ext.Commit_SetRollbackDuration:
		n.pending.timer.Stop()
		n.armLocked(n.pending, c.GetSetRollbackDuration().GetRollbackDuration().AsDuration())
	}
}

func (n *node) armLocked(p *pendingCommit, wait time.Duration) {
	p.deadline = time.Now().Add(wait)
	p.timer = time.AfterFunc(wait, func() { n.expire(p) })
}

// expire takes an unconfirmed commit back.
func (n *node) expire(p *pendingCommit) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.pending != p || time.Now().Before(p.deadline) { // gone, or given more time while this waited
		return
	}
	n.pending = nil
	n.commitLocked(p.before)
}

func (n *node) dropPendingLocked() {
	if n.pending != nil {
		n.pending.timer.Stop()
		n.pending = nil
	}
}
