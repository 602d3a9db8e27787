package event

import "time"

// Notification tells how a message to a chat receiver went.
type Notification struct {
	Receiver string `json:"receiver" jsonschema:"minLength=1"`
	Key      string `json:"key" jsonschema:"minLength=1"` // stable over repeats of the same message
	Count    int    `json:"count,omitempty"`
	Error    string `json:"error,omitempty"`
}

// DeadLettered says that a consumer group gave up on an event. For an entry that no event in the log stands
// behind, only Group, Stream, Entry and Reason are set.
type DeadLettered struct {
	Group    string `json:"group" jsonschema:"minLength=1"`
	Stream   string `json:"stream"`
	Entry    string `json:"entry,omitempty"` // the stream entry's id
	Seq      Seq    `json:"seq,omitempty"`
	Event    ID     `json:"event,omitempty"`
	Type     Type   `json:"type,omitempty"`
	Attempts int    `json:"attempts"`
	Reason   string `json:"reason" jsonschema:"minLength=1"`
}

// DeadResolved tells what became of events that a consumer group had given up on.
type DeadResolved struct {
	Group  string `json:"group" jsonschema:"minLength=1"`
	Seqs   []Seq  `json:"seqs,omitempty"`
	Action string `json:"action" jsonschema:"enum=requeued,enum=dropped"`
	Reason string `json:"reason,omitempty"` // why they were dropped
}

// Bus tells that distribution is down or up again. Events wait in the log meanwhile.
type Bus struct {
	Reason   string        `json:"reason,omitempty"`
	Failures int           `json:"failures"` // in a row
	Duration time.Duration `json:"duration_ns,omitempty"`
}

// Worker tells that a process began or ended its work.
type Worker struct {
	Worker  string   `json:"worker" jsonschema:"minLength=1"`
	Roles   []string `json:"roles,omitempty"`
	Version string   `json:"version,omitempty"`
	Reason  string   `json:"reason,omitempty"`
}

// Leader tells that a worker does, from now on, what only one does at a time.
type Leader struct {
	Election string `json:"election" jsonschema:"minLength=1"` // what was taken: a lease's key
	Worker   string `json:"worker" jsonschema:"minLength=1"`
	Previous string `json:"previous,omitempty"` // who had it last
	Term     int64  `json:"term"`               // the lease's fencing token, growing with every change of hands
}

// LogArchived tells that the log begins later from now on: what was before is in a file.
type LogArchived struct {
	File  string `json:"file" jsonschema:"minLength=1"` // its name, in the directory of the archive
	First Seq    `json:"first"`
	Last  Seq    `json:"last"`
}

// LogHeld tells of a consumer group that keeps old events in the log.
type LogHeld struct {
	Group  string    `json:"group" jsonschema:"minLength=1"`
	Oldest Seq       `json:"oldest"` // the first event that it has not handled
	Since  time.Time `json:"since"`  // that event's time
	Events int       `json:"events"` // that it has not handled
}
