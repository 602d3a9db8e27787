package view

import (
	"time"

	"github.com/tenter-net/tenter/internal/event"
)

// A Lag is what a group has still to handle of one stream.
type Lag struct {
	Group    string
	Stream   string
	Pending  int       // not tried yet
	Retry    int       // failed, to be tried again
	Dead     int       // given up
	Attempts int       // the most at one that is not given up
	Oldest   event.Seq // the first of Pending and Retry, 0 for none
	Since    time.Time // when that happened
}
