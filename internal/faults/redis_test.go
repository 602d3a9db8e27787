package faults

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/tenter-net/tenter/internal/event"
)

// redisFaults are what happens to the server and on the way to it.
var redisFaults = []fault{
	{name: "Redis restored from an old snapshot", done: "killed, and started with a dump of 200 events before", run: restored},
	{name: "reply of the append lost", done: "the relay's appends are executed, and nothing comes back", short: true, run: inWorld(appendUnheard)},
	{name: "reply of XREADGROUP lost", done: "entries are given to a consumer that never hears of them", run: inWorld(readUnheard)},
	{name: "kill -9 of Redis with no AOF", done: "three times while events flow", short: true, run: killedRedis()},
	{name: "kill -9 of Redis with everysec", done: "three times while events flow", run: killedRedis("--appendonly", "yes", "--appendfsync", "everysec")},
	{name: "kill -9 of Redis with always", done: "three times while events flow", run: killedRedis("--appendonly", "yes", "--appendfsync", "always")},
	{name: "SIGSTOP of Redis for 30 s", done: "while events flow", short: true, run: inWorld(stoppedRedis)},
	{name: "READONLY", done: "the server is made a replica while events flow, and a master again", run: refusing("REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE")},
	{name: "OOM", done: "maxmemory is reached while events flow, and then is not", short: true, run: refusing("CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0")},
	{name: "LOADING", done: "killed, and started with a file that it loads for seconds", run: loading},
}

func entryID(seq event.Seq) string { return strconv.FormatUint(uint64(seq), 10) + "-0" }

func restored(t *testing.T, r *row) {
	w := newWorld(t, r)
	w.pair()
	w.drift(5)
	w.quiet()
	c := w.client()
	w.must(c.Save(w.Context()).Err())
	for range pick(3, 1) {
		w.drift(25)
		w.quiet()
		w.redis.Kill()
		w.drift(2)
		w.must(w.redis.Restart()) // it loads dump.rdb
		w.ended()
		if n := c.XLen(w.Context(), driftKey).Val(); n == 0 {
			w.Error("the server came back empty, not with its old snapshot")
		}
		w.drift(2)
		w.quiet()
		w.row.Normal = max(w.row.Normal, time.Since(w.over))
	}
	w.finish()
}

// appendUnheard lets the relay's appends be executed and takes the replies away, with toxiproxy.
func appendUnheard(w *world) {
	p := w.proxy()
	w.owes = []string{"a", "b"}
	w.start("w1", func(j *job) { j.Redis = p.URL; j.Groups = []string{"b"} }) // and relays
	c := w.client()
	on := func(seq event.Seq) func() bool {
		return func() bool {
			info, err := c.XInfoStream(w.Context(), driftKey).Result()
			return err == nil && info.LastGeneratedID == entryID(seq)
		}
	}
	last := func() event.Seq {
		seq, err := w.store.Last(w.Context(), event.StreamDrift)
		w.must(err)
		return seq
	}
	w.drift(1)
	w.until("the relay relays", on(last()), func() int { return 0 })
	w.start("w2") // handles; the relay stays with w1
	w.quiet()
	unheard, want := 0, pick(10, 3)
	for tries := 0; unheard < want; tries++ {
		if tries > 20*want {
			w.Fatalf("%d of %d appends were executed unheard, and no more", unheard, want)
		}
		w.quiet()
		p.deafen()
		w.drift(2)
		// When a question of the relay's goes unanswered first, it does not come to append: then again.
		for begun := time.Now(); time.Since(begun) < time.Second; time.Sleep(time.Millisecond) {
			if on(last())() {
				unheard++
				break
			}
		}
		p.hear()
		w.drift(1)
		w.ended()
	}
	w.note("%d appends executed and never heard of", unheard)
}

// readUnheard lets reads be executed, so that entries are pending for a consumer that does not know of them.
func readUnheard(w *world) {
	p := w.proxy()
	w.owes = []string{"a", "b"}
	w.start("w1", func(j *job) { j.Groups = []string{"b"} }) // and relays
	w.drift(1)
	w.quiet()
	deaf := w.start("w2", func(j *job) { j.Redis = p.URL })
	c := w.client()
	given := func() int {
		info, err := c.XPendingExt(w.Context(), &redis.XPendingExtArgs{Stream: driftKey, Group: "a", Start: "-", End: "+", Count: 1000, Consumer: deaf.name}).Result()
		if err != nil {
			return 0
		}
		return len(info)
	}
	total, rounds, want := 0, 0, pick(5, 1)
	for tries := 0; rounds < want; tries++ {
		if tries > 40*want {
			w.Fatalf("in %d rounds only %d times entries were given to who does not hear", tries, rounds)
		}
		w.until("both wait for entries", func() bool {
			_, rest, _ := strings.Cut(c.Info(w.Context(), "clients").Val(), "blocked_clients:")
			var n int
			_, err := fmt.Sscan(rest, &n)
			return err == nil && n >= 2
		}, func() int { return 0 })
		p.deafen()
		w.drift(1)
		// When its read had ended just before, it has none: then again.
		n := 0
		for begun := time.Now(); n == 0 && time.Since(begun) < 300*time.Millisecond; time.Sleep(time.Millisecond) {
			n = given()
		}
		p.hear()
		w.ended()
		w.quiet()
		if n > 0 {
			rounds, total = rounds+1, total+n
			w.row.Normal = max(w.row.Normal, time.Since(w.over))
		}
	}
	w.note("%d entries were given and never heard of, lease %v", total, lease)
}

func killedRedis(args ...string) func(*testing.T, *row) {
	return func(t *testing.T, r *row) {
		w := newWorld(t, r, args...)
		w.pair()
		stop := w.flow(300)
		for range pick(3, 1) {
			w.pass(150)
			w.redis.Kill()
			w.pass(100)
			w.must(w.redis.Restart())
			w.pass(100)
		}
		w.redis.Kill()
		w.pass(100)
		stop()
		w.must(w.redis.Restart())
		w.ended()
		w.finish()
	}
}

func stoppedRedis(w *world) {
	w.pair()
	stop := w.flow(200)
	w.pass(100)
	w.must(w.redis.Pause())
	long := pick(30*time.Second, 4*time.Second)
	time.Sleep(long) // the fault itself
	stop()
	appended := len(w.acked)
	w.must(w.redis.Resume())
	w.ended()
	w.note("stopped for %v; %d events appended meanwhile and before", long, appended)
}

// refusing is a server that refuses to write for some time.
func refusing(begin, end string) func(*testing.T, *row) {
	return inWorld(func(w *world) {
		w.pair()
		c := w.client()
		do := func(line string) {
			var args []any
			for _, f := range splitFields(line) {
				args = append(args, f)
			}
			w.must(c.Do(w.Context(), args...).Err())
		}
		stop := w.flow(200)
		w.pass(100)
		do(begin)
		degraded := func() bool { return len(w.events(event.TypeBusDegraded)) > 0 }
		w.until("bus.degraded", degraded, func() int { return 0 })
		w.pass(pick(1000, 100))
		stop()
		do(end)
		w.ended()
		w.quiet()
		w.row.Normal = time.Since(w.over)
		w.until("bus.recovered", func() bool { return len(w.events(event.TypeBusRecovered)) > 0 }, func() int { return 0 })
		for _, e := range w.events(event.TypeBusDegraded)[:1] {
			if d, err := event.Decode[event.Bus](e); err == nil {
				w.note("told: %.60s", d.Reason)
			}
		}
	})
}

// loading lets the server come back with a file that it takes long to load, refusing everything meanwhile.
func loading(t *testing.T, r *row) {
	w := newWorld(t, r, "--appendonly", "yes", "--appendfsync", "always", "--key-load-delay", "1000", "--loading-process-events-interval-bytes", "1024")
	w.pair()
	c := w.client()
	_, err := c.Pipelined(w.Context(), func(p redis.Pipeliner) error {
		for i := range pick(4000, 2000) {
			p.Set(w.Context(), fmt.Sprintf("filler:%d", i), "some text to load", 0)
		}
		return nil
	})
	w.must(err)
	stop := w.flow(100)
	w.pass(50)
	w.redis.Kill()
	begun := time.Now()
	w.must(w.redis.Restart())
	w.note("it loaded for %.1f s", time.Since(begun).Seconds())
	w.ended()
	w.pass(50)
	stop()
	b, err := os.ReadFile(w.logFile())
	w.must(err)
	if !containsWord(b, "LOADING") {
		w.note("no worker met it")
	}
	w.finish()
}
