package bus

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/bus/delivery"
	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/view"
)

const (
	relayBatch   = 256              // events that one look at the log brings
	compareEvery = time.Second      // how soon a flushed or deleted stream is noticed when nothing happens
	warnEvery    = 100              // of a streak of failures, log the first and every so many
	redisTimeout = 10 * time.Second // for what should take a moment: a hanging Redis must not hold the relay for ever
)

// appendScript is compare-and-append: it adds the entries only if the stream ends with the id in ARGV[1], and returns the id that
// it ends with. That makes publishing idempotent, and two relays at once harmless.
var appendScript = redis.NewScript(`
local last, kind = '0-0', redis.call('TYPE', KEYS[1]).ok
if kind == 'stream' then
  local info = redis.call('XINFO', 'STREAM', KEYS[1])
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then last = info[i + 1] end
  end
elseif kind ~= 'none' then
  redis.call('DEL', KEYS[1])
end
if last ~= ARGV[1] then return last end
for i = 2, #ARGV, 2 do
  redis.call('XADD', KEYS[1], ARGV[i], '` + dataField + `', ARGV[i + 1])
  last = ARGV[i]
end
return last`)

// A relay copies the log to the streams. It is one lease's work: when it fails, it begins anew and believes nothing.
type relay struct {
	*Bus
	ends map[string]*end
	at   event.Seq // all events up to here are on their streams
}

// An end is where a stream ends, as the relay knows it.
type end struct {
	id   string    // of its last entry
	from event.Seq // later events are to be added
}

// noEntry is the id that an empty stream ends with.
const noEntry = "0-0"

// runRelay relays whenever this process has the relay's lease.
func (b *Bus) runRelay(ctx context.Context) {
	st := streak{bus: b}
	turn := delivery.Turn{
		Leases: b.opts.Store, Key: "bus/relay", Holder: b.opts.Worker, TTL: b.opts.Lease,
		Failed: func(failures int, err error) {
			if failures == 1 || failures%warnEvery == 0 {
				b.log.Warn("relay waits for the store", zap.Int("failures", failures), zap.Error(err))
			}
		},
	}
	turn.Run(ctx, func(ctx context.Context, _ view.Lease) error {
		// The lease stays while Redis is away: going on is this loop's, not the election's.
		for failures := 1; ; failures++ {
			r := &relay{Bus: b}
			err := r.run(ctx, func() { failures = 0; st.good(ctx) })
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			b.failures.Add(1)
			st.bad(ctx, explained(err, b.opts.Fabric))
			if !delivery.Sleep(ctx, delivery.Backoff(failures, 50*time.Millisecond, time.Second)) {
				return context.Cause(ctx)
			}
		}
	})
}

// Failures returns how often this process failed to hand the log's events on, since it began.
func (b *Bus) Failures() uint64 { return b.failures.Load() }

// run relays until something fails. good is called whenever all of the streams were
// reached and took what there was: a Redis that is full or a replica answers questions and takes nothing.
func (r *relay) run(ctx context.Context, good func()) error {
	var compared, trimmed time.Time
	if err := r.check(ctx); err != nil {
		return err
	}
	for {
		now := time.Now()
		if now.Sub(compared) >= compareEvery {
			if err := r.compare(ctx); err != nil {
				return err
			}
			compared = now
		}
		if now.Sub(trimmed) >= r.tidy {
			if err := r.trim(ctx, now); err != nil {
				return err
			}
			if err := r.clean(ctx); err != nil {
				return err
			}
			trimmed = now
		}
		events, err := r.opts.Store.Events(ctx, event.Query{After: r.at, Limit: relayBatch})
		if err != nil {
			return err
		}
		if len(events) > 0 {
			if err := r.publish(ctx, events); err != nil {
				return err
			}
			good()
			continue
		}
		good() // here at the latest the streams were compared, and all that waits was taken
		wait, cancel := context.WithTimeout(ctx, compareEvery)
		err = r.opts.Store.Wait(wait, r.at)
		cancel()
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil && !errors.Is(err, context.DeadlineExceeded) {
			return err
		}
	}
}

// check looks whether the server is one that can serve, which another may have become meanwhile. It asks from a new connection: one
// that was made while the server wanted a password is refused this for ever, also when the server wants none any more.
func (r *relay) check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, redisTimeout)
	defer cancel()
	client := r.Bus.at.client(1)
	err := checkServer(ctx, client, r.key(""))
	if err = errors.Join(err, client.Close()); err != nil {
		return fmt.Errorf("redis: %w", err)
	}
	return nil
}

// publish adds the events to their streams; events that a stream has already are left out.
func (r *relay) publish(ctx context.Context, events []event.Event) error {
	for _, stream := range event.Streams() {
		var batch []event.Event
		for _, e := range events {
			if e.Stream == stream && e.Seq > r.ends[stream].from {
				batch = append(batch, e)
			}
		}
		if len(batch) == 0 {
			continue
		}
		ok, err := r.append(ctx, stream, batch)
		if err != nil {
			return err
		}
		if !ok { // it was not as the relay thought: find out, and go back as far as needed
			return r.syncAll(ctx)
		}
	}
	r.at = events[len(events)-1].Seq
	return nil
}

// compare looks whether every stream still ends as the relay knows it, and whether an empty one has to begin earlier, because
// a new group is owed the past.
func (r *relay) compare(ctx context.Context) error {
	if r.ends == nil {
		return r.syncAll(ctx)
	}
	for _, stream := range event.Streams() {
		ok, err := r.append(ctx, stream, nil)
		if err != nil {
			return err
		}
		if e := r.ends[stream]; ok && e.id == noEntry {
			from, err := delivery.Start(ctx, r.opts.Store, "", stream)
			if err != nil {
				return err
			}
			ok = from >= e.from
		}
		if !ok {
			return r.syncAll(ctx)
		}
	}
	return nil
}

// append reports whether the stream ended where the relay knew, and then has the events.
func (r *relay) append(ctx context.Context, stream string, events []event.Event) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, redisTimeout)
	defer cancel()
	at := r.ends[stream]
	args, last := []any{at.id}, at.id
	for _, e := range events {
		last = entryID(e.Seq)
		args = append(args, last, e.Envelope)
	}
	got, err := appendScript.Run(ctx, r.client, []string{r.key(stream)}, args...).Text()
	if err != nil {
		return false, fmt.Errorf("redis: stream %s: %w", stream, err)
	}
	if got != last {
		return false, nil
	}
	if len(events) > 0 {
		*at = end{id: last, from: events[len(events)-1].Seq}
	}
	return true, nil
}

// trim drops what is old or too much. A group that is not so far yet gets the rest from the log.
func (r *relay) trim(ctx context.Context, now time.Time) error {
	recent, err := r.opts.Store.Events(ctx, event.Query{Since: now.Add(-r.opts.MaxAge), Limit: 1})
	if err != nil {
		return err
	}
	for _, stream := range event.Streams() {
		if err := r.client.XTrimMaxLenApprox(ctx, r.key(stream), r.opts.MaxLen, 0).Err(); err != nil {
			return fmt.Errorf("redis: stream %s: trim: %w", stream, err)
		}
		if len(recent) > 0 {
			if err := r.client.XTrimMinIDApprox(ctx, r.key(stream), entryID(recent[0].Seq), 0).Err(); err != nil {
				return fmt.Errorf("redis: stream %s: trim: %w", stream, err)
			}
		}
	}
	return nil
}

// A streak counts failures in a row, warns of the first and every hundredth, and tells the log when distribution
// is down and when it is up again. One failure alone is no news.
type streak struct {
	bus      *Bus
	failures int
	since    time.Time
	told     bool
}

func (s *streak) bad(ctx context.Context, err error) {
	if s.failures++; s.failures == 1 {
		s.since = time.Now()
	}
	if s.failures == 1 || s.failures%warnEvery == 0 {
		s.bus.log.Warn("events wait in the log", zap.Int("failures", s.failures), zap.Error(err))
	}
	if s.failures >= 2 && !s.told {
		reason, _, _ := strings.Cut(err.Error(), "\n")
		s.told = s.tell(ctx, event.TypeBusDegraded, event.Bus{Reason: reason, Failures: s.failures})
	}
}

func (s *streak) good(ctx context.Context) {
	if s.failures == 0 {
		return
	}
	s.bus.log.Info("events are distributed again", zap.Int("failures", s.failures))
	if s.told {
		s.tell(ctx, event.TypeBusRecovered, event.Bus{Failures: s.failures, Duration: time.Since(s.since)})
	}
	s.failures, s.told = 0, false
}

func (s *streak) tell(ctx context.Context, typ event.Type, data event.Bus) bool {
	err := s.bus.opts.Store.Do(ctx, func(tx event.Tx) error { return tx.Append(ctx, event.Draft{Type: typ, Data: data}) })
	if err != nil {
		s.bus.log.Warn("event could not be appended", zap.String("type", string(typ)), zap.Error(err))
	}
	return err == nil
}
