package faults

import (
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/tenter-net/tenter/internal/event"
)

// entryFaults are what others do to the entries and keys on Redis.
var entryFaults = []fault{
	{name: "undecodable, empty and wrong-type entries", done: "added to the stream, the retries, and as keys of another type", short: true, run: inWorld(strangeEntries)},
	{name: "forged and altered events on Redis", done: "an event that the log lacks, and the log's next one with another content", short: true, run: inWorld(forgedEntries)},
	{name: "FLUSHALL", done: "five times while events flow", short: true, run: harmed(func(w *world, c *redis.Client) error { return c.FlushAll(w.Context()).Err() })},
	{name: "group destroyed", done: "five times while events flow", run: harmed(func(w *world, c *redis.Client) error {
		return c.XGroupDestroy(w.Context(), driftKey, "a").Err()
	})},
	{name: "stream deleted", done: "five times while events flow", run: harmed(func(w *world, c *redis.Client) error { return c.Del(w.Context(), driftKey).Err() })},
	{name: "SCRIPT FLUSH in a pipeline", done: "a thousand times, pipelined, while events flow", run: harmed(scriptFlush)},
	{name: "stalled group against trimming", done: "the stream is trimmed to 5 entries past a group that stands still", run: inWorld(trimmedPast)},
}

// harmed is a fault that is done five times, while events flow.
func harmed(harm func(w *world, c *redis.Client) error) func(*testing.T, *row) {
	return inWorld(func(w *world) {
		w.pair()
		c := w.client()
		stop := w.flow(200)
		for range 5 {
			w.pass(50)
			w.must(harm(w, c))
		}
		w.pass(50)
		stop()
		w.ended()
	})
}

// pass waits until so many more events were appended by the flow.
func (w *world) pass(n int) {
	w.Helper()
	count := func() int {
		w.mu.Lock()
		defer w.mu.Unlock()
		return len(w.acked)
	}
	until := count() + n
	w.until("events are appended", func() bool { return count() >= until }, count)
}

func scriptFlush(w *world, c *redis.Client) error {
	_, err := c.Pipelined(w.Context(), func(p redis.Pipeliner) error {
		for range 200 {
			p.ScriptFlush(w.Context())
		}
		return nil
	})
	return err
}

func strangeEntries(w *world) {
	w.pair()
	c := w.client()
	stop := w.flow(100)
	const retries = "tenter:{dc1}:a:retry"
	added := 0
	for _, a := range []redis.XAddArgs{
		{Stream: driftKey, ID: "*", Values: []any{"data", "\xff\xfe{"}},
		{Stream: driftKey, ID: "*", Values: []any{"data", ""}},
		{Stream: driftKey, ID: "*", Values: []any{"date", "x"}},
		{Stream: driftKey, ID: "*", Values: []any{"data", `{"specversion":"1.0"}`}},
		{Stream: retries, ID: "*", Values: []any{"seq", "no number"}},
		{Stream: retries, ID: "*", Values: []any{"seq", "99999999"}},
		{Stream: retries, ID: "*", Values: []any{"x", ""}},
	} {
		w.pass(20)
		w.must(c.XAdd(w.Context(), &a).Err())
		added++
	}
	w.until("each is told of", func() bool { return len(w.reasons()) >= added }, func() int { return len(w.reasons()) })
	for _, key := range []string{driftKey, retries} { // and keys that are no streams any more
		w.pass(20)
		w.must(c.Set(w.Context(), key, "stranger", 0).Err())
		w.pass(20)
		w.must(c.Del(w.Context(), key).Err())
		w.must(c.LPush(w.Context(), key, "stranger").Err())
	}
	w.pass(50)
	stop()
	w.ended()
	w.note("%d dead letters for entries that are no events", len(w.reasons()))
}

func forgedEntries(w *world) {
	w.pair()
	c := w.client()
	stop := w.flow(100)
	const forged = `{"specversion":"1.0","id":"forged-%","type":"drift.detected","source":"evil","time":"2026-01-01T00:00:00Z",` +
		`"schemaversion":"1.0","severity":"info","subject":"leaf1","data":{"episode":"forged","device":"leaf1","reason":"forged"}}`
	for i := range 3 {
		w.pass(30)
		w.must(c.XAdd(w.Context(), &redis.XAddArgs{Stream: driftKey, ID: "*", Values: []any{"data", strings.ReplaceAll(forged, "%", string(rune('a'+i)))}}).Err())
	}
	w.until("the forged are told of", func() bool { return len(w.reasons()) >= 3 }, func() int { return len(w.reasons()) })
	stop()
	w.quiet()
	w.judgeStream(driftKey, event.StreamDrift) // the relay has put it back
	// Somebody is faster than the relay, with the place of the next event and another content.
	seq, _, err := w.store.Head(w.Context())
	w.must(err)
	told := len(w.reasons())
	w.must(c.XAdd(w.Context(), &redis.XAddArgs{Stream: driftKey, ID: entryID(seq + 1), Values: []any{"data", strings.ReplaceAll(forged, "%", "next")}}).Err())
	w.drift(3)
	w.ended()
	w.until("the altered one is told of", func() bool { return len(w.reasons()) > told }, func() int { return len(w.reasons()) })
	for _, list := range w.children("a") {
		for _, e := range list {
			if strings.HasPrefix(string(e.Causation), "forged") {
				w.Errorf("the forged event %s had an effect", e.Causation)
			}
		}
	}
	w.note("%d dead letters, no effect of theirs", len(w.reasons()))
}

func trimmedPast(w *world) {
	w.job.Groups, w.owes = []string{"a", "b"}, []string{"a", "b"}
	onlyB := w.start("w2", func(j *job) { j.Groups = []string{"b"} })
	w.start("w1", func(j *job) { j.Groups = []string{"a"} })
	w.drift(1)
	w.quiet()
	onlyB.pause()
	c := w.client()
	for range 5 {
		w.drift(20)
		w.until("group a is through", func() bool { return w.behind("a") == 0 }, func() int { return w.behind("a") })
		w.must(c.XTrimMaxLen(w.Context(), driftKey, 5).Err())
	}
	w.note("group b was %d events behind", w.behind("b"))
	onlyB.resume()
	w.ended()
}

// behind is how many events the group is owed.
func (w *world) behind(group string) int {
	groups, err := w.store.Groups(w.Context())
	w.must(err)
	for _, g := range groups {
		if g.Name == group {
			return g.Pending + g.Retry
		}
	}
	return 0
}
