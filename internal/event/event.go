// Package event is the vocabulary of what happens: the catalogue of event types, the CloudEvents 1.0
// envelope and the typed data of each. It knows nothing of how events are stored or carried.
package event

//go:generate go run ./generate ../.. schemas/event

import (
	"context"
	"encoding/json"
	"time"
)

// An ID identifies an event: a UUIDv7, or for a child the UUIDv5 of parent, handler and position.
type ID string

// A Seq is an event's dense position in the log, from 1. It is also its Redis stream entry id (<seq>-0) and its SSE id.
type Seq uint64

// A Type is "domain.action".
type Type string

// A Draft is an event that is not sealed yet. Unset ID, Time and Source are filled in when it is appended.
type Draft struct {
	ID          ID
	Type        Type
	Time        time.Time
	Source      string // the worker and role
	Subject     string // the device, or empty
	Data        any    // the typed data of Type, marshalled to JSON
	Correlation string // the episode, generation or command that everything downstream shares; a new one when empty
	Causation   ID     // the event that caused this one
	Fabric      string
	Actor       string
	ActorType   string // user, agent, system
	Severity    string // info, warning, error, critical
	TraceParent string // W3C trace context
}

// An Event is sealed: it has its place and its link in the log's hash chain.
type Event struct {
	Seq           Seq
	ID            ID
	Type          Type
	Time          time.Time
	Source        string
	Subject       string
	Data          json.RawMessage
	Correlation   string
	Causation     ID
	Fabric        string
	Actor         string
	ActorType     string
	Severity      string
	SchemaVersion string
	TraceParent   string
	Stream        string // intent, reconciler, drift, device, system
	Predecessor   Seq    // the previous event of the same stream, 0 for its first
	Hash          []byte // SHA-256 over the previous event's hash, this one's place and its Envelope
	Envelope      []byte // the CloudEvents JSON, as sealed; never to be changed
}

// A Tx is a transaction of the store. Engines hand it on to the store's methods; all that is done
// with one Tx commits together with the events appended to it, or not at all.
type Tx interface {
	// Append adds events to the log. They get their seq when the transaction commits.
	Append(ctx context.Context, drafts ...Draft) error
}

// A Handler applies the effects of one event. What it does through tx commits once, with its delivery record.
type Handler func(ctx context.Context, tx Tx, e Event) error
