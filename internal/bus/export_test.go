package bus

import "time"

// Permissions are what the documentation says that the bus's user needs.
const Permissions = permissions

// SetGone makes the bus tidy up every so often, and take consumers out that were idle for so long.
func (b *Bus) SetGone(idle time.Duration) { b.gone, b.tidy = idle, idle }

// NextCount is nextCount, and its bounds.
var (
	NextCount           = nextCount
	LeastRead, MostRead = int64(readCount), int64(mostRead)
)
