package bus_test

import (
	"testing"
	"time"

	"github.com/tenter-net/tenter/internal/bus"
)

// A reader takes more at once while that keeps nobody waiting, and never less than it began with.
func TestReadsAreAsLargeAsTheLanesTake(t *testing.T) {
	count := bus.LeastRead
	for range 10 {
		count = bus.NextCount(count, true, time.Millisecond)
	}
	if count != bus.MostRead {
		t.Errorf("after ten full reads that were taken at once: %d, want %d", count, bus.MostRead)
	}
	if got := bus.NextCount(count, false, time.Millisecond); got != count {
		t.Errorf("after a read that was not full: %d, want %d", got, count)
	}
	if got := bus.NextCount(count, true, time.Second); got != count/2 {
		t.Errorf("after a read that was taken slowly: %d, want %d", got, count/2)
	}
	for range 10 {
		count = bus.NextCount(count, true, time.Second)
	}
	if count != bus.LeastRead {
		t.Errorf("after ten slow reads: %d, want %d", count, bus.LeastRead)
	}
}
