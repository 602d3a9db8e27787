package delivery

import (
	"context"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/event"
)

// An event whose handler ends its process comes back when the process does, again and again. To find it every attempt would have to be
// recorded before it is made, which is a commit for each event. So only suspects are recorded, one at a time: what was
// given out this often and never settled, although nothing says that whoever had it left in good order.
const (
	SuspectAfter = 2 // deliveries that had no end
	// mostBegun is how many attempts that were recorded and had no end make a delivery dead. One could be chance: the
	// process may have been killed for another reason just then.
	mostBegun = 2
)

// Careful lets one suspect at a time be handled in a process, so that if it ends, it was that one. It belongs to a bus,
// for the groups of one process end together.
type Careful struct{ mu sync.Mutex }

// attemptSuspect is attempt with a record of it, made before and taken back after.
func (l *Lanes) attemptSuspect(ctx context.Context, e event.Event) (earlier event.Seq, err error) {
	l.careful.mu.Lock()
	defer l.careful.mu.Unlock()
	dead, err := l.store.BeginDelivery(ctx, l.sub.Name, e, mostBegun)
	if err != nil {
		return 0, err
	}
	if dead {
		l.log.Error("the handler of an event ended its process again and again; the event is left",
			zap.String("type", string(e.Type)), zap.Uint64("seq", uint64(e.Seq)), zap.String("device", e.Subject))
		return 0, nil
	}
	earlier, err = l.attempt(ctx, e)
	// Whatever came of it, the process lives.
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := l.store.EndDelivery(last, l.sub.Name, e); err != nil {
		l.log.Debug("a record of an attempt stays", zap.Uint64("seq", uint64(e.Seq)), zap.Error(err))
	}
	return earlier, err
}
