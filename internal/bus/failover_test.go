package bus_test

import (
	"testing"

	"github.com/tenter-net/tenter/internal/bus/bustest"
	"github.com/tenter-net/tenter/internal/bus/redistest"
	"github.com/tenter-net/tenter/internal/event"
)

// What the new master never got is appended again, from the log.
func TestFailoverToALaggingReplica(t *testing.T) {
	t.Parallel()
	watched := redistest.NewWatched(t, 1)
	master, replica := watched.Servers[0], client(t, watched.Servers[1])
	w := bustest.NewWorld(t, place{url: watched.URL()}.maker(t))
	w.Start(answering)
	w.Start(answering)
	w.Drift(5, "leaf1", "leaf2")
	w.UntilAnswered(10)
	// It is behind, not empty: an empty stream begins anew with what is still owed, and is whole with less.
	w.Until("the replica has what there is", func() bool { return replica.XLen(t.Context(), driftKey).Val() == 10 })
	must(t, replica.Do(t.Context(), "REPLICAOF", "127.0.0.1", "1").Err()) // it is cut off, and behind from here on
	w.Drift(20, "leaf1", "leaf2")
	w.UntilAnswered(50)
	master.Kill()
	w.Drift(5, "leaf1", "leaf3")
	if _, err := watched.AwaitMaster(master); err != nil {
		t.Fatal(err)
	}
	w.UntilAnswered(60)
	w.Until("the stream is whole again", func() bool { return replica.XLen(t.Context(), driftKey).Val() == 60 })
	w.Until("bus.recovered", func() bool { return len(w.Events(event.TypeBusRecovered)) == len(w.Events(event.TypeBusDegraded)) })
}

func TestClusterFailover(t *testing.T) {
	t.Parallel()
	cluster := redistest.NewCluster(t, 3, 3)
	w := bustest.NewWorld(t, place{url: cluster.URL()}.maker(t))
	w.Start(answering)
	w.Start(answering)
	w.Drift(10, "leaf1", "leaf2")
	w.UntilAnswered(20)
	owner, _, err := cluster.Owner(t.Context(), driftKey)
	must(t, err)
	owner.Kill()
	w.Drift(10, "leaf1", "leaf3")
	w.UntilAnswered(40)
	now, _, err := cluster.Owner(t.Context(), driftKey)
	must(t, err)
	if now == owner {
		t.Error("the slot is still the killed node's")
	}
}

func TestSlotMoves(t *testing.T) {
	t.Parallel()
	cluster := redistest.NewCluster(t, 3, 0)
	w := bustest.NewWorld(t, place{url: cluster.URL()}.maker(t))
	w.Start(answering)
	w.Start(answering)
	sent := 0
	for _, to := range []int{0, 1, 2} {
		w.Drift(5, "leaf1", "leaf2")
		owner, _, err := cluster.Owner(t.Context(), driftKey)
		must(t, err)
		if owner == cluster.Masters[to] {
			to = (to + 1) % 3
		}
		must(t, cluster.Move(t.Context(), driftKey, cluster.Masters[to]))
		w.Drift(5, "leaf1", "leaf3")
		sent += 20
		w.UntilAnswered(sent)
	}
}
