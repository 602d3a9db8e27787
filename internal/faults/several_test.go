package faults

import (
	"context"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/tenter-net/tenter/internal/bus/redistest"
	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/store"
)

// severalFaults are those of more than one Redis server.
var severalFaults = []fault{
	{name: "Sentinel failover to a lagging replica", done: "the master is killed when its replica has missed 80 events", short: true, run: laggingReplica},
	{name: "Cluster failover", done: "the master of the fabric's slot is killed while events flow", run: clusterFailover},
	{name: "Cluster slot move", done: "the fabric's slot is moved to another master and back while events flow", run: slotMove},
}

// onSeveral makes a world on Redis servers that the client reaches.
func onSeveral(t *testing.T, r *row, url string, c redis.UniversalClient) *world {
	t.Helper()
	w := newWorldOn(t, r, store.Options{})
	w.job.Redis, w.cluster = url, c
	t.Cleanup(func() { _ = c.Close() })
	return w
}

func laggingReplica(t *testing.T, r *row) {
	servers := redistest.NewWatched(t, 1)
	addrs := make([]string, len(servers.Sentinels))
	for i, s := range servers.Sentinels {
		addrs[i] = s.Addr
	}
	w := onSeveral(t, r, servers.URL(), redis.NewFailoverClient(&redis.FailoverOptions{MasterName: redistest.MasterName, SentinelAddrs: addrs}))
	w.pair()
	master, err := servers.Master(w.Context())
	w.must(err)
	replica := servers.Servers[1]
	c, m := replica.Client(), master.Client()
	defer c.Close()
	defer m.Close()
	// Sentinels do not choose a replica that has had no master for ten times this and more.
	for _, s := range servers.Sentinels {
		c := s.Client()
		w.must(c.Do(w.Context(), "SENTINEL", "SET", redistest.MasterName, "down-after-milliseconds", "3000").Err())
		w.must(c.Close())
	}
	// The replica is not let in any more: the Sentinels think well of it, and it knows nothing of what comes now.
	w.must(c.ConfigSet(w.Context(), "masteruser", "nobody").Err())
	w.must(c.ConfigSet(w.Context(), "masterauth", "nothing").Err())
	w.must(m.Do(w.Context(), "CLIENT", "KILL", "TYPE", "replica").Err())
	w.drift(10)
	w.quiet()
	has, lacks := m.XLen(w.Context(), driftKey).Val(), c.XLen(w.Context(), driftKey).Val()
	if lacks >= has {
		w.Errorf("the replica does not lag: %d of %d entries", lacks, has)
	}
	stop := w.flow(100)
	w.pass(20)
	master.Kill()
	w.ended()
	w.until("another is the master", func() bool {
		now, err := servers.Master(w.Context())
		return err == nil && now != master
	}, func() int { return 0 })
	w.note("the replica had %d of %d entries; a new master after %.1f s", lacks, has, time.Since(w.over).Seconds())
	w.pass(50)
	stop()
	w.finish()
}

func clusterFailover(t *testing.T, r *row) {
	servers := redistest.NewCluster(t, 3, 3)
	w := onSeveral(t, r, servers.URL(), servers.Client())
	w.pair()
	stop := w.flow(100)
	w.pass(50)
	owner, _, err := servers.Owner(w.Context(), driftKey)
	w.must(err)
	owner.Kill()
	w.ended()
	w.until("another owns the slot", func() bool {
		now, _, err := servers.Owner(w.Context(), driftKey)
		return err == nil && now != owner
	}, func() int { return 0 })
	w.note("another had the slot after %.1f s", time.Since(w.over).Seconds())
	w.pass(50)
	stop()
	w.finish()
}

func slotMove(t *testing.T, r *row) {
	servers := redistest.NewCluster(t, 3, 0)
	w := onSeveral(t, r, servers.URL(), servers.Client())
	w.pair()
	stop := w.flow(200)
	home, slot, err := servers.Owner(w.Context(), driftKey)
	w.must(err)
	for i := range pick(6, 2) {
		w.pass(50)
		to := servers.Masters[i%len(servers.Masters)]
		if to == home {
			continue
		}
		w.must(servers.Move(context.WithoutCancel(w.Context()), driftKey, to))
		home = to
	}
	w.pass(50)
	stop()
	w.ended()
	w.note("slot %d; %d times bus.degraded", slot, len(w.events(event.TypeBusDegraded)))
	w.finish()
}
