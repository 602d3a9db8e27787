package bus

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/bus/delivery"
	"github.com/tenter-net/tenter/internal/event"
)

const (
	readCount = 64  // entries that one read takes from each stream at first, so that none waits long behind another
	mostRead  = 512 // that one read takes when the lanes take them at once
	quickTake = 5 * time.Millisecond
	readBlock = 2 * time.Second // finite: a connection that died silently is noticed
	leaveTime = time.Second     // for the last acknowledgements, and again for handing over
)

// A group is this process's consumer in one consumer group.
type group struct {
	*Bus
	sub    delivery.Subscription
	lanes  *delivery.Lanes
	reader redis.UniversalClient
	acks   chan held

	mu   sync.Mutex
	held map[held]bool // entries in the lanes: read or claimed, not acknowledged
}

// held names an entry in its stream; the group's retries are a stream too.
type held struct {
	key string
	id  string
}

func newGroup(b *Bus, sub delivery.Subscription) *group {
	return &group{Bus: b, sub: sub, reader: b.at.reader(), acks: make(chan held, 1024), held: map[held]bool{}}
}

// keys are the Redis keys that the group reads, with their stream; that of its retries has none.
func (g *group) keys() map[string]string {
	keys := map[string]string{g.retryKey(g.sub.Name): ""}
	for _, stream := range g.sub.Streams {
		keys[g.key(stream)] = stream
	}
	return keys
}

func (g *group) run(ctx context.Context) {
	// A blocked read ends when its connection does, so it has one that nothing else needs.
	defer context.AfterFunc(ctx, func() { _ = g.reader.Close() })()
	after := context.WithoutCancel(ctx) // acknowledging outlives reading
	g.lanes = delivery.NewLanes(ctx, g.sub, delivery.LaneOptions{Store: g.opts.Store, Retry: g.opts.Retry, Careful: &g.careful, Newer: &g.newer, Log: g.log})
	var readers, acker sync.WaitGroup
	readers.Go(func() { g.loop(ctx, "read", g.read) })
	readers.Go(func() { g.loop(ctx, "claim", g.claim) })
	readers.Go(func() { g.loop(ctx, "retry", g.retries) })
	acker.Go(func() { g.acknowledge(after) })
	readers.Wait()
	g.lanes.Wait()
	close(g.acks)
	acker.Wait()
	g.handOver(after)
}

// loop runs part again and again until the context ends, with a growing pause after failures.
func (g *group) loop(ctx context.Context, name string, part func(context.Context, func()) error) {
	who := g.sub.Name + " " + name
	for failures := 1; ; failures++ {
		err := part(ctx, func() { failures = 0; g.away.Good(who) })
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			g.away.Bad(who, explained(err, g.opts.Fabric))
		}
		if !delivery.Sleep(ctx, delivery.Backoff(failures, 50*time.Millisecond, time.Second)) {
			return
		}
	}
}

// join makes the group on each of its streams where it is not, at the place where the log says that it stands.
func (g *group) join(ctx context.Context) error {
	for key, stream := range g.keys() {
		at := "0"
		if stream != "" {
			seq, err := delivery.Start(ctx, g.opts.Store, g.sub.Name, stream)
			if err != nil {
				return err
			}
			at = entryID(seq)
		}
		err := g.client.XGroupCreateMkStream(ctx, key, g.sub.Name, at).Err()
		if redis.HasErrorPrefix(err, "WRONGTYPE") { // a stranger's, which would keep the group from its own for ever
			g.log.Warn("a key is no stream, and is made one", zap.String("group", g.sub.Name), zap.String("key", key))
			if err = notStream.Run(ctx, g.client, []string{key}).Err(); err == nil {
				err = g.client.XGroupCreateMkStream(ctx, key, g.sub.Name, at).Err()
			}
		}
		if err != nil && !redis.HasErrorPrefix(err, "BUSYGROUP") {
			return fmt.Errorf("redis: %s: group: %w", key, err)
		}
	}
	return nil
}

// notStream deletes the key if it is anything but a stream: which it is may change between asking and deleting.
var notStream = redis.NewScript(`if redis.call('TYPE', KEYS[1]).ok ~= 'stream' then redis.call('DEL', KEYS[1]) end return 0`)

// read takes what a former self has left, then what is new, until something fails.
func (g *group) read(ctx context.Context, good func()) error {
	if err := g.join(ctx); err != nil {
		return err
	}
	for key := range g.keys() {
		if err := g.readOwn(ctx, key); err != nil {
			return err
		}
	}
	good()
	var streams []string
	for key := range g.keys() {
		streams = append(streams, key)
	}
	for range g.keys() {
		streams = append(streams, ">")
	}
	for count := int64(readCount); ; {
		result, err := g.readNew(ctx, streams, count)
		if err != nil && !errors.Is(err, redis.Nil) {
			return fmt.Errorf("redis: read: %w", err) // a group that was destroyed is made again by beginning anew
		}
		begun, full := time.Now(), false
		for _, s := range result {
			full = full || int64(len(s.Messages)) == count
			if err := g.take(ctx, s.Stream, s.Messages, nil); err != nil {
				return err
			}
		}
		count = nextCount(count, full, time.Since(begun))
		good()
	}
}

// nextCount returns how many entries to read next, after so many took so long to be handed to the lanes: more if there is
// more and the lanes take it at once, fewer if they do not, for an entry of one stream waits for those of the others.
func nextCount(count int64, full bool, took time.Duration) int64 {
	switch {
	case took > 2*quickTake:
		return max(count/2, readCount)
	case full && took < quickTake:
		return min(2*count, mostRead)
	}
	return count
}

// readNew waits for new entries. The client would wait ten seconds longer for an answer than it has asked the server to wait: too
// long, when the server has become another.
func (g *group) readNew(ctx context.Context, streams []string, count int64) ([]redis.XStream, error) {
	ctx, cancel := context.WithTimeout(ctx, readBlock+callTimeout)
	defer cancel()
	return g.reader.XReadGroup(ctx, &redis.XReadGroupArgs{
		Group: g.sub.Name, Consumer: g.opts.Worker, Streams: streams, Count: count, Block: readBlock,
	}).Result()
}

// readOwn takes the entries that were read under this name and never acknowledged.
func (g *group) readOwn(ctx context.Context, key string) error {
	for after := "0"; ; {
		result, err := g.reader.XReadGroup(ctx, &redis.XReadGroupArgs{
			Group: g.sub.Name, Consumer: g.opts.Worker, Streams: []string{key, after}, Count: readCount, Block: -1,
		}).Result()
		if err != nil && !errors.Is(err, redis.Nil) {
			return fmt.Errorf("redis: read own: %w", err)
		}
		if len(result) == 0 || len(result[0].Messages) == 0 {
			return nil
		}
		messages := result[0].Messages
		suspects, err := g.suspects(ctx, key, messages)
		if err != nil {
			return err
		}
		if err := g.take(ctx, key, messages, suspects); err != nil {
			return err
		}
		after = messages[len(messages)-1].ID
	}
}

// take puts entries into the lanes, but for those that are there already. It blocks while the lanes are full. Suspects are
// those that were given out before and may have ended whoever had them.
func (g *group) take(ctx context.Context, key string, messages []redis.XMessage, suspects map[string]bool) error {
	stream := g.keys()[key]
	load := func(m []redis.XMessage) ([]entry, error) { return g.load(ctx, stream, m) }
	if stream == "" {
		load = func(m []redis.XMessage) ([]entry, error) { return g.loadRetries(ctx, m) }
	}
	entries, err := load(messages)
	if err != nil {
		return err
	}
	for _, e := range entries {
		h := held{key, e.id}
		if !g.hold(h) {
			continue
		}
		settled := func() { g.acks <- h }
		if e.forged != "" {
			err := g.deadEntry(ctx, event.DeadLettered{Group: g.sub.Name, Stream: strings.TrimPrefix(key, g.key("")), Entry: e.id, Reason: e.forged})
			if err != nil {
				g.drop(h)
				return err
			}
			settled()
			continue
		}
		if !g.sub.Wants(e.event) {
			settled()
			continue
		}
		if err := g.lanes.Put(ctx, delivery.Item{Event: e.event, Settled: settled, Suspect: suspects[e.id]}); err != nil {
			return err // the context has ended; handOver gives the entry away
		}
	}
	return nil
}

// loadRetries finds the events that the entries of the group's retries name.
func (g *group) loadRetries(ctx context.Context, messages []redis.XMessage) ([]entry, error) {
	entries := make([]entry, 0, len(messages))
	for _, m := range messages {
		text, _ := m.Values[seqField].(string)
		seq, err := strconv.ParseUint(text, 10, 63)
		if err != nil {
			entries = append(entries, entry{id: m.ID, forged: "names no event"})
			continue
		}
		events, err := g.opts.Store.EventsAt(ctx, []event.Seq{event.Seq(seq)})
		if err != nil {
			return nil, err
		}
		if len(events) == 0 {
			entries = append(entries, entry{id: m.ID, forged: "the log has no event of the place it names"})
			continue
		}
		entries = append(entries, entry{id: m.ID, event: events[0]})
	}
	return entries, nil
}

func (g *group) hold(h held) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.held[h] {
		return false
	}
	g.held[h] = true
	return true
}

func (g *group) drop(h held) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.held, h)
}

// allHeld returns the ids of all entries held, by key.
func (g *group) allHeld() map[string][]string {
	g.mu.Lock()
	defer g.mu.Unlock()
	ids := map[string][]string{}
	for h := range g.held {
		ids[h.key] = append(ids[h.key], h.id)
	}
	return ids
}
