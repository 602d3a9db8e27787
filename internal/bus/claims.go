package bus

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/bus/delivery"
	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/view"
)

const (
	seqField   = "seq" // of an entry in a group's retries
	claimEvery = 500 * time.Millisecond
	retryEvery = 250 * time.Millisecond
	retryBatch = 256
	retryLen   = 100_000 // entries that a group's retries keep, about; one that is lost is due again
	ackBatch   = 256
	// mostPending is more than one consumer ever has: what is in its lanes, on its way there, and the answers in between.
	mostPending = 10_000
)

// acknowledge tells Redis of the entries that are settled, many at a time. What it cannot tell is claimed later, by
// this process or another, and found settled.
func (g *group) acknowledge(ctx context.Context) {
	for h := range g.acks {
		batch := map[string][]string{h.key: {h.id}}
		for n := 1; n < ackBatch; n++ {
			select {
			case more, ok := <-g.acks:
				if ok {
					batch[more.key] = append(batch[more.key], more.id)
					continue
				}
			default:
			}
			break
		}
		for key, ids := range batch {
			ctx, cancel := context.WithTimeout(ctx, redisTimeout)
			err := g.client.XAck(ctx, key, g.sub.Name, ids...).Err()
			cancel()
			if err != nil {
				g.log.Debug("entries could not be acknowledged", zap.String("group", g.sub.Name), zap.Int("entries", len(ids)), zap.Error(err))
			}
			for _, id := range ids {
				g.drop(held{key, id})
			}
		}
	}
}

// claim keeps what is held from being claimed by others, claims what others held for longer than the lease without a
// sign of life, and turns what was distributed and is nowhere any more into retries.
func (g *group) claim(ctx context.Context, good func()) error {
	var kept, swept time.Time
	for {
		if now := time.Now(); now.Sub(kept) >= g.opts.Lease/3 {
			kept = now
			for key, ids := range g.allHeld() {
				if err := g.setIdle(ctx, key, ids, 0); err != nil {
					return err
				}
			}
			g.seen(ctx)
		}
		if err := g.claimIdle(ctx); err != nil {
			return err
		}
		if now := time.Now(); now.Sub(swept) >= g.opts.Lease {
			swept = now
			if err := g.sweep(ctx); err != nil {
				return err
			}
		}
		good()
		if !delivery.Sleep(ctx, min(claimEvery, g.opts.Lease/3)) {
			return context.Cause(ctx)
		}
	}
}

// seen shows on every stream that this consumer is there, by asking for what it has after the last place there can be. Waiting for
// entries shows nothing, and consumers that show nothing are taken out.
func (g *group) seen(ctx context.Context) {
	_, _ = g.client.Pipelined(ctx, func(p redis.Pipeliner) error { // what fails here fails where it matters too
		for key := range g.keys() {
			p.XReadGroup(ctx, &redis.XReadGroupArgs{
				Group: g.sub.Name, Consumer: g.opts.Worker, Streams: []string{key, strconv.FormatUint(math.MaxUint64, 10)}, Count: 1, Block: -1,
			})
		}
		return nil
	})
}

// setIdle sets for how long the entries seem to have been left alone; more is added to the command.
func (g *group) setIdle(ctx context.Context, key string, ids []string, idle time.Duration, more ...any) error {
	for part := range slices.Chunk(ids, 512) {
		args := []any{"XCLAIM", key, g.sub.Name, g.opts.Worker, 0}
		for _, id := range part {
			args = append(args, id)
		}
		if err := g.client.Do(ctx, slices.Concat(args, []any{"IDLE", idle.Milliseconds()}, more, []any{"JUSTID"})...).Err(); err != nil {
			return fmt.Errorf("redis: set idle: %w", err)
		}
	}
	return nil
}

// claimIdle takes over the entries of consumers that have died, asking for all streams at once. Those of this consumer
// that were read by a call whose answer never came are among them.
func (g *group) claimIdle(ctx context.Context) error {
	starts := map[string]string{}
	for key := range g.keys() {
		starts[key] = "0-0"
	}
	for len(starts) > 0 {
		asked := map[string]*redis.XAutoClaimCmd{}
		_, _ = g.client.Pipelined(ctx, func(p redis.Pipeliner) error { // each has its own error
			for key, start := range starts {
				asked[key] = p.XAutoClaim(ctx, &redis.XAutoClaimArgs{
					Stream: key, Group: g.sub.Name, Consumer: g.opts.Worker, MinIdle: g.opts.Lease, Start: start, Count: readCount,
				})
			}
			return nil
		})
		for key, cmd := range asked {
			messages, next, err := cmd.Result()
			if redis.HasErrorPrefix(err, "NOGROUP") || redis.HasErrorPrefix(err, "WRONGTYPE") {
				delete(starts, key) // read makes it again
				continue
			}
			if err != nil {
				return fmt.Errorf("redis: claim: %w", err)
			}
			suspects, err := g.suspects(ctx, key, messages)
			if err != nil {
				return err
			}
			if err := g.take(ctx, key, messages, suspects); err != nil {
				return err
			}
			if starts[key] = next; next == "0-0" {
				delete(starts, key)
			}
		}
	}
	return nil
}

// suspects returns those of the entries, all this consumer's, that were given out so often that their handler may be what ended
// whoever had them. Who leaves in good order sets the count back.
func (g *group) suspects(ctx context.Context, key string, messages []redis.XMessage) (map[string]bool, error) {
	if len(messages) == 0 {
		return nil, nil
	}
	pending, err := g.client.XPendingExt(ctx, &redis.XPendingExtArgs{
		Stream: key, Group: g.sub.Name, Consumer: g.opts.Worker,
		Start: messages[0].ID, End: messages[len(messages)-1].ID, Count: mostPending,
	}).Result()
	if err != nil {
		return nil, fmt.Errorf("redis: pending: %w", err)
	}
	var list map[string]bool
	for _, p := range pending {
		if p.RetryCount > delivery.SuspectAfter {
			if list == nil {
				list = map[string]bool{}
			}
			list[p.ID] = true
		}
	}
	return list, nil
}

// sweep finds events that the group is owed although Redis takes them for delivered: acknowledged without being settled, or
// trimmed before they were read.
func (g *group) sweep(ctx context.Context) error {
	if err := g.goBack(ctx); err != nil {
		return err
	}
	for _, stream := range g.sub.Streams {
		before, err := g.delivered(ctx, g.key(stream))
		if err != nil {
			return fmt.Errorf("redis: stream %s: sweep: %w", stream, err)
		}
		if before == 0 {
			continue
		}
		n, err := g.opts.Store.RetryLost(ctx, g.sub.Name, stream, before)
		if err != nil {
			return err
		}
		if n > 0 {
			g.log.Warn("lost entries are delivered from the log", zap.String("group", g.sub.Name), zap.String("stream", stream), zap.Int64("entries", n))
		}
	}
	return nil
}

// delivered returns the place before which no entry of the stream is pending or yet to be read by the group.
func (g *group) delivered(ctx context.Context, key string) (event.Seq, error) {
	groups, err := g.client.XInfoGroups(ctx, key).Result()
	if redis.HasErrorPrefix(err, "no such key") {
		return 0, nil // read makes it
	}
	if err != nil {
		return 0, err
	}
	i := slices.IndexFunc(groups, func(i redis.XInfoGroup) bool { return i.Name == g.sub.Name })
	if i < 0 {
		return 0, nil
	}
	// What is read from here on is later than what is found now, so it cannot be taken for lost.
	next, err := g.client.XRangeN(ctx, key, "("+groups[i].LastDeliveredID, "+", 1).Result()
	if err != nil {
		return 0, err
	}
	var before event.Seq
	if len(next) > 0 {
		before, _ = parseID(next[0].ID)
	} else {
		info, err := g.client.XInfoStream(ctx, key).Result()
		if err != nil {
			return 0, err
		}
		if last, ok := parseID(info.LastGeneratedID); ok {
			before = last + 1
		}
	}
	pending, err := g.client.XPending(ctx, key, g.sub.Name).Result()
	if err != nil {
		return 0, err
	}
	if pending.Count > 0 {
		if lowest, ok := parseID(pending.Lower); ok {
			before = min(before, lowest)
		}
	}
	return before, nil
}

// retries hands the group's due retries to whichever of its consumers reads them first.
func (g *group) retries(ctx context.Context, good func()) error {
	for {
		due, err := g.takeRetries(ctx)
		if err != nil {
			return err
		}
		for _, d := range due {
			if err := g.client.XAdd(ctx, &redis.XAddArgs{
				Stream: g.retryKey(g.sub.Name), MaxLen: retryLen, Approx: true,
				Values: []any{seqField, strconv.FormatUint(uint64(d.Seq), 10)},
			}).Err(); err != nil {
				return fmt.Errorf("redis: retry: %w", g.renewRetries(ctx, err))
			}
		}
		good()
		if len(due) == retryBatch {
			continue
		}
		if !delivery.Sleep(ctx, retryEvery) {
			return context.Cause(ctx)
		}
	}
}

// takeRetries takes the retries that are due. Those that Redis does not get then wait for their hold to end: so it is
// asked first, when there are any.
func (g *group) takeRetries(ctx context.Context) ([]view.Delivery, error) {
	if some, err := g.opts.Store.RetriesDue(ctx, g.sub.Name); err != nil || !some {
		return nil, err
	}
	if err := g.client.Ping(ctx).Err(); err != nil {
		return nil, fmt.Errorf("redis: %w", err)
	}
	return g.opts.Store.TakeRetries(ctx, g.sub.Name, retryBatch, 2*g.opts.Lease)
}

// handOver lets others claim at once what this process leaves unsettled: what it held, and what the read
// that was cut off may have brought.
func (g *group) handOver(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveTime)
	defer cancel()
	for key := range g.keys() {
		pending, err := g.client.XPendingExt(ctx, &redis.XPendingExtArgs{
			Stream: key, Group: g.sub.Name, Consumer: g.opts.Worker, Start: "-", End: "+", Count: mostPending,
		}).Result()
		ids := make([]string, 0, len(pending))
		for _, p := range pending {
			ids = append(ids, p.ID)
		}
		if err == nil {
			err = g.setIdle(ctx, key, ids, 2*g.opts.Lease, "RETRYCOUNT", 0)
		}
		if err != nil {
			g.log.Debug("entries could not be handed over; they are claimed after the lease", zap.String("group", g.sub.Name), zap.Error(err))
			return
		}
	}
}
