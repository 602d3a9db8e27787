package run

import (
	"time"

	"github.com/tenter-net/tenter/internal/schema"
)

// An Input is what happened: the answer to a state's action, or word from outside. Each says when.
type Input interface{ when() time.Time }

// Began says that a device's turn has come.
type Began struct{ At time.Time }

// Checked says that the device is as the plan expects. Writes is what the Set will change; none means that there
// is only bookkeeping to do.
type Checked struct {
	At     time.Time
	Writes []Write
	Base   string // digest of what the device has where the plan changes it
	From   string // the intents that were applied before, as their generation
	// Rollback is how long the device keeps the Set if nobody confirms it; 0 for a Set that is for good.
	Rollback time.Duration
	Guard    Guard
	// Drain is what steers traffic away before the Set, none for a device that is not drained; Wait is for the traffic then.
	Drain  []Write
	Wait   time.Duration
	Sights []Sight // what works now, as far as the guard's gates look at it
}

// Moved says that the device changed since the plan was computed, and where.
type Moved struct {
	At    time.Time
	Paths []string
}

// Barred says that Tenter may not write to the device: a hold, another identity, an intent that is gone. Nothing was sent.
type Barred struct {
	At     time.Time
	Reason string
}

// Gone says that the device could not be asked.
type Gone struct {
	At  time.Time
	Err string
}

// Answered is the answer to a Set, planned or undoing.
type Answered struct {
	At     time.Time
	Answer Answer
	Said   string // why, unless accepted
	Leaves int    // how many the Set was to change
}

// Seen is a reading of the device: Values holds the value of each of the state's Writes, in their order. Unread says of
// which of them the device sent something that could not be read; nil stands for none.
type Seen struct {
	At     time.Time
	Values []schema.Value
	Unread []bool
	Odd    []string // for people: the leaves that are not as planned, and what they are instead
}

// Gated is a reading of what the device's guard looks at, and of the device as in Seen. Failing says, for people, which gates
// do not pass.
type Gated struct {
	Seen
	Failing []string
}

// Elapsed says that the time is At, to a state that waits.
type Elapsed struct{ At time.Time }

// Confirmed says that a person wants to keep what waits for that.
type Confirmed struct{ At time.Time }

// Stored says whether saving to the startup configuration was proven; Err is empty when it was, or when the
// device has none.
type Stored struct {
	At  time.Time
	Err string
}

// Unconfirmed says that the device did not take the word that the Set is to stay; or, Unsure, that it did not
// and that another process may have said it before.
type Unconfirmed struct {
	At     time.Time
	Err    string
	Unsure bool
}

// Resumed says that another process recorded the state and is gone; how far it got is not known.
type Resumed struct{ At time.Time }

// Withheld says that the run was paused before the Set of this state was sent.
type Withheld struct{ At time.Time }

// GivenUp says that the run is not to go on, and that what it has in flight is not to stay. In a state whose Set is to be
// sent it says besides that this was not done.
type GivenUp struct {
	At  time.Time
	Why string
}

// Compensated says that what the run did on the device is to be put back.
type Compensated struct {
	At  time.Time
	Why string
}

func (i Began) when() time.Time       { return i.At }
func (i Checked) when() time.Time     { return i.At }
func (i Moved) when() time.Time       { return i.At }
func (i Barred) when() time.Time      { return i.At }
func (i Gone) when() time.Time        { return i.At }
func (i Answered) when() time.Time    { return i.At }
func (i Seen) when() time.Time        { return i.At }
func (i Elapsed) when() time.Time     { return i.At }
func (i Confirmed) when() time.Time   { return i.At }
func (i Stored) when() time.Time      { return i.At }
func (i Unconfirmed) when() time.Time { return i.At }
func (i Resumed) when() time.Time     { return i.At }
func (i Withheld) when() time.Time    { return i.At }
func (i GivenUp) when() time.Time     { return i.At }
func (i Compensated) when() time.Time { return i.At }
