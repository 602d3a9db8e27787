package event

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// envelope is the wire form: CloudEvents 1.0 in its JSON format, extensions in lower case without separators
// (CloudEvents specification 1.0.2, §3.1 naming conventions; JSON event format §3). Its field order is the order of the bytes.
type envelope struct {
	SpecVersion     string          `json:"specversion"`
	ID              ID              `json:"id"`
	Type            Type            `json:"type"`
	Source          string          `json:"source"`
	Subject         string          `json:"subject,omitempty"`
	Time            time.Time       `json:"time"`
	DataContentType string          `json:"datacontenttype"`
	SchemaVersion   string          `json:"schemaversion"`
	Fabric          string          `json:"fabric,omitempty"`
	Correlation     string          `json:"correlationid,omitempty"`
	Causation       ID              `json:"causationid,omitempty"`
	Actor           string          `json:"actor,omitempty"`
	ActorType       string          `json:"actortype,omitempty"`
	Severity        string          `json:"severity"`
	TraceParent     string          `json:"traceparent,omitempty"`
	Data            json.RawMessage `json:"data"`
}

// MaxEnvelope is the most bytes that an event's envelope may have. A larger one is refused, as it would make
// every reader of its stream slow; what is large belongs in the store, and the event names it.
const MaxEnvelope = 1 << 20

// Seal makes the event that a complete draft describes, with its Envelope; place and link in the log are for the log to set.
// It refuses what Check refuses, a draft without ID, Time or Source, and data that JSON can not hold.
func (d Draft) Seal() (Event, error) {
	if err := d.Check(); err != nil {
		return Event{}, err
	}
	if d.ID == "" || d.Source == "" || d.Time.IsZero() {
		return Event{}, fmt.Errorf("event %s: id, source and time must be set", d.Type)
	}
	data, err := json.Marshal(d.Data)
	if err != nil {
		return Event{}, fmt.Errorf("event %s: data: %w", d.Type, err)
	}
	e := envelope{
		SpecVersion: "1.0", ID: d.ID, Type: d.Type, Source: d.Source, Subject: d.Subject, Time: d.Time.UTC(),
		DataContentType: "application/json", SchemaVersion: SchemaVersion, Fabric: d.Fabric,
		Correlation: d.Correlation, Causation: d.Causation, Actor: d.Actor, ActorType: d.ActorType,
		Severity: d.Severity, TraceParent: d.TraceParent, Data: data,
	}
	if e.Severity == "" {
		e.Severity = catalogue[d.Type].Severity
	}
	raw, err := json.Marshal(e)
	if err != nil {
		return Event{}, fmt.Errorf("event %s: %w", d.Type, err)
	}
	if len(raw) > MaxEnvelope {
		return Event{}, fmt.Errorf("event %s: %d bytes, more than the %d that an event may have", d.Type, len(raw), MaxEnvelope)
	}
	return e.event(raw), nil
}

// Parse reads an envelope. Unknown fields and newer minor schema versions are accepted; a type that the
// catalogue lacks is too, for the reader to pass over.
func Parse(raw []byte) (Event, error) {
	var e envelope
	if err := json.Unmarshal(raw, &e); err != nil {
		return Event{}, fmt.Errorf("event: %w", err)
	}
	switch {
	case e.SpecVersion != "1.0":
		return Event{}, fmt.Errorf("event: specversion %q, want 1.0", e.SpecVersion)
	case e.ID == "" || e.Type == "" || e.Source == "":
		return Event{}, errors.New("event: id, type or source is missing")
	}
	if major, _, _ := strings.Cut(e.SchemaVersion, "."); major != "1" {
		return Event{}, fmt.Errorf("event %s: schemaversion %q is newer than this build reads", e.Type, e.SchemaVersion)
	}
	return e.event(raw), nil
}

func (e *envelope) event(raw []byte) Event {
	return Event{
		ID: e.ID, Type: e.Type, Time: e.Time, Source: e.Source, Subject: e.Subject, Data: e.Data,
		Correlation: e.Correlation, Causation: e.Causation, Fabric: e.Fabric, Actor: e.Actor, ActorType: e.ActorType,
		Severity: e.Severity, SchemaVersion: e.SchemaVersion, TraceParent: e.TraceParent,
		Stream: StreamOf(e.Type), Envelope: raw,
	}
}

// Decode returns the event's typed data. Unknown fields are passed over.
func Decode[T any](e Event) (T, error) {
	var data T
	if err := json.Unmarshal(e.Data, &data); err != nil {
		return data, fmt.Errorf("event %s %s: data: %w", e.Type, e.ID, err)
	}
	return data, nil
}
