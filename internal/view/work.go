package view

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/tenter-net/tenter/internal/event"
)

// A Schedule is the due row of one Schedule document.
type Schedule struct {
	Name     string
	Spec     string    // hash of the document's spec: a changed one gets a new due time
	Due      time.Time // when it fires next
	LastRun  time.Time
	LastNote string // how the last firing went
}

// The states of a notification.
const (
	NotificationPending = "pending"
	NotificationSent    = "sent"
	NotificationFailed  = "failed"
)

// A Notification is one message to one receiver. Key is the same for repeats of the same message.
type Notification struct {
	Receiver  string
	Key       string
	State     string
	Attempts  int
	NotBefore time.Time
	Reference string // the receiver's name for the message, to update it with
	Error     string
	Body      json.RawMessage
	Created   time.Time
	Updated   time.Time
}

// A Lease is the right to do something alone until it expires. Token grows with every change of hands, so
// that a late holder can be told from the present one.
type Lease struct {
	Key     string
	Holder  string
	Token   int64
	Expires time.Time // on the store's clock
}

// The states of a delivery. A delivery that is done has no row.
const (
	DeliveryPending = "pending"
	DeliveryRetry   = "retry"
	DeliveryDead    = "dead"
)

// A Delivery is an event that a consumer group has not handled yet, or has given up on.
type Delivery struct {
	Group     string
	Seq       event.Seq
	Subject   string
	Stream    string
	State     string
	Attempts  int
	NotBefore time.Time
	Error     string
}

// A Group is how far a consumer group has come.
type Group struct {
	Name    string
	Streams []string
	Types   []event.Type // patterns as in event.Type.Matches, all types when empty
	Past    bool         // when it is new, it is owed what happened before too
	Pending int
	Retry   int
	Dead    int
	Oldest  event.Seq // the oldest event that waits, 0 for none
}

// Wants reports whether the group subscribes to the event.
func (g Group) Wants(e event.Event) bool {
	return slices.Contains(g.Streams, e.Stream) &&
		(len(g.Types) == 0 || slices.ContainsFunc(g.Types, func(p event.Type) bool { return e.Type.Matches(string(p)) }))
}

// A DeadResolution says which dead deliveries are to be given back to their groups, or dropped.
type DeadResolution struct {
	Group    string    // of this group; of any when empty
	Seq      event.Seq // of this event; of any when 0
	Matching string    // whose error has this text in it
	Drop     bool      // instead of giving them back
	Reason   string    // why they are dropped
	Actor    string    // who says so
}

// A Failure is an event whose handler failed. Retry says after how many attempts to wait how long, or not to try again.
type Failure struct {
	Group  string
	Event  event.Event
	Reason string
	Retry  func(attempts int) (wait time.Duration, again bool)
}
