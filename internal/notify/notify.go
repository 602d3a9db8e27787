// Package notify tells people what happened: drift with its plan and its end, plans that wait for approval, runs,
// rejected intent, events that were given up.
//
// A handler only records, in the transaction of its delivery, that a receiver is owed an event. A sender per receiver
// gathers what is owed for the group wait, puts what has the same cause into one message, claims it and sends it. What
// is owed survives a kill at any moment; a message may be sent twice, then with the same key and the same content.
// Every outcome is an event: notification.sent or notification.failed.
package notify

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/view"
)

// Group is the name of the consumer group that Handle is for.
const Group = "notify"

// Types are the event types that Handle is for.
func Types() []event.Type {
	return []event.Type{
		event.TypeDriftDetected, event.TypeDriftUpdated, event.TypeDriftHeld, event.TypeDriftRemediated,
		event.TypeDeviceHeld, event.TypePlanGenerated, event.TypeApplyCompleted, event.TypeApplyFailed,
		event.TypeIntentRejected, event.TypeDeadLettered, event.TypeApprovalEscalated, event.TypeApprovalOverridden,
	}
}

// A Store keeps what is owed.
type Store interface {
	Do(ctx context.Context, fn func(tx event.Tx) error) error
	// AddNotification reports false and changes nothing when the receiver's key is known.
	AddNotification(tx event.Tx, n view.Notification) (bool, error)
	SaveNotification(tx event.Tx, n view.Notification) error
	PendingNotifications(ctx context.Context) ([]view.Notification, error)
}

// Leases let one process at a time send to a receiver.
type Leases interface {
	Acquire(ctx context.Context, key, holder string, ttl time.Duration) (view.Lease, bool, error)
	Release(ctx context.Context, l view.Lease) error
	// Guard fails when the lease is not held any more.
	Guard(tx event.Tx, l view.Lease) error
}

// A Sender sends one message. Its errors may implement Failure; any other error is tried again.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

// A Failure is an error of a Sender that says whether trying again makes sense.
type Failure interface {
	error
	Permanent() bool
	After() time.Duration // how long the receiver asks to wait; 0 when it does not
}

// A Receiver is whom to tell what.
type Receiver struct {
	Name     string
	Events   []string // event types, or a domain as "drift.*"; all when empty
	Severity string   // the lowest to send; all when empty
	Sender   Sender
}

// Options are what a Notifier works with; all fields but Receivers are required.
type Options struct {
	Store     Store
	Leases    Leases
	Receivers []Receiver
	GroupWait time.Duration
	Worker    string // who holds the leases
	Log       *zap.Logger
}

// A Notifier is the engine.
type Notifier struct {
	opts Options
	log  *zap.Logger
	now  func() time.Time
}

// New returns a Notifier.
func New(opts Options) *Notifier {
	return &Notifier{opts: opts, log: opts.Log.Named("notify"), now: time.Now}
}

// Handle records that an event is owed to every receiver that wants it. It is the handler of Types.
func (n *Notifier) Handle(_ context.Context, tx event.Tx, e event.Event) error {
	it, err := read(e)
	if err != nil {
		return err
	}
	for _, r := range n.opts.Receivers {
		if r.wants(it) == no {
			continue
		}
		row := view.Notification{
			Receiver: r.Name, Key: string(e.ID), State: view.NotificationPending,
			NotBefore: n.now().Add(n.opts.GroupWait), Body: e.Envelope,
		}
		if _, err := n.opts.Store.AddNotification(tx, row); err != nil {
			return fmt.Errorf("receiver %q: %w", r.Name, err)
		}
	}
	return nil
}

// Run sends what is owed until ctx ends; then it returns nil. Failures are recorded or logged, and tried again.
func (n *Notifier) Run(ctx context.Context) error {
	n.dropUnknown(ctx)
	var wg sync.WaitGroup
	for _, r := range n.opts.Receivers {
		wg.Go(func() { n.serve(ctx, r) })
	}
	wg.Wait()
	<-ctx.Done() // also when there are no receivers
	return nil
}

// dropUnknown gives up what is owed to receivers that are no longer in the settings.
func (n *Notifier) dropUnknown(ctx context.Context) {
	rows, err := n.opts.Store.PendingNotifications(ctx)
	if err != nil {
		n.log.Warn("notifications of former receivers not looked for", zap.Error(err))
		return
	}
	known := map[string]bool{}
	for _, r := range n.opts.Receivers {
		known[r.Name] = true
	}
	former := map[string][]view.Notification{}
	for _, row := range rows {
		if !known[row.Receiver] {
			former[row.Receiver] = append(former[row.Receiver], row)
		}
	}
	for name, rows := range former {
		err := n.record(ctx, batch{key: rows[0].Key, rows: rows}, name, errFormer)
		if err != nil && ctx.Err() == nil {
			n.log.Warn("notifications of a former receiver not given up", zap.String("receiver", name), zap.Error(err))
		}
	}
}

// errFormer is permanent.
var errFormer = &permanent{errors.New("the receiver is not in the settings any more")}

type permanent struct{ error }

func (p *permanent) Permanent() bool      { return true }
func (p *permanent) After() time.Duration { return 0 }

// A wish is how much a receiver wants an event.
type wish int

const (
	no     wish = iota
	aside       // in a message about the same cause, but never by itself
	itself      // it is worth a message
)

// wants says how much the receiver wants an item. What belongs to an episode is wanted aside by whoever wants drifts:
// a message about a drift shows its plan, whatever else is filtered.
func (r Receiver) wants(it item) wish {
	switch {
	case it.quiet && it.episode == "":
		return no
	case r.matches(it.event.Type) && rank(it.severity) >= rank(r.Severity):
		if it.quiet {
			return aside
		}
		return itself
	case it.episode != "" && r.matches(event.TypeDriftDetected) && rank(event.SeverityWarning) >= rank(r.Severity):
		return aside
	}
	return no
}

func (r Receiver) matches(t event.Type) bool {
	if len(r.Events) == 0 {
		return true
	}
	for _, pattern := range r.Events {
		if t.Matches(strings.TrimSuffix(pattern, "*")) {
			return true
		}
	}
	return false
}

// rank orders severities; an unknown or empty one is the lowest.
func rank(severity string) int {
	switch severity {
	case event.SeverityWarning:
		return 1
	case event.SeverityError:
		return 2
	case event.SeverityCritical:
		return 3
	}
	return 0
}
