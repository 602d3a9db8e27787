package faults

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/tenter-net/tenter/internal/event"
)

// judge reads the log and Redis and says what the fault has cost. It fails the test when that is anything that must not be.
func (w *world) judge() {
	w.Helper()
	if _, err := w.store.VerifyLog(context.Background()); err != nil {
		w.Errorf("the log is not whole: %v", err)
	}
	parents := w.events(event.TypeDriftDetected)
	logged := map[event.ID]bool{}
	for _, e := range parents {
		logged[e.ID] = true
	}
	for _, id := range w.acked {
		if !logged[id] {
			w.row.Lost++
			w.Errorf("event %s was acknowledged to its producer, and is not in the log", id)
		}
	}
	rows, err := w.store.DeadDeliveries(context.Background())
	w.must(err)
	dead := map[string]bool{}
	for _, d := range rows {
		dead[d.Group+"/"+strconv.FormatUint(uint64(d.Seq), 10)] = true
	}
	w.row.Events += len(parents)
	w.row.Dead += len(rows)
	w.row.Repeated += w.recv.repeated("")
	for _, group := range w.owes {
		w.judgeGroup(group, parents, dead)
	}
	if w.row.Dead != w.row.intended {
		w.Errorf("%d dead letters, where the fault makes %d: %+v", w.row.Dead, w.row.intended, rows)
	}
	if w.redis != nil || w.cluster != nil {
		w.judgeStream(driftKey, event.StreamDrift)
	}
}

// judgeGroup counts what the group has missed and what it has done twice, and compares the order for each device.
func (w *world) judgeGroup(group string, parents []event.Event, dead map[string]bool) {
	w.Helper()
	children := w.children(group)
	want, got := map[string][]event.ID{}, map[string][]event.ID{}
	for _, e := range parents {
		n := len(children[e.ID])
		switch {
		case dead[group+"/"+strconv.FormatUint(uint64(e.Seq), 10)]:
			if n > 0 {
				w.Errorf("group %s: event %d is a dead letter and has an effect", group, e.Seq)
			}
			continue
		case n == 0:
			w.row.Lost++
			w.Errorf("group %s: event %d of %s has no effect", group, e.Seq, e.Subject)
		case n > 1:
			w.row.Doubled += n - 1
			w.Errorf("group %s: event %d of %s has %d effects", group, e.Seq, e.Subject, n)
		}
		want[e.Subject] = append(want[e.Subject], e.ID)
	}
	if w.row.unordered {
		return // an event that was requeued is later than those after it
	}
	for _, e := range w.events(childOf[group]) {
		got[e.Subject] = append(got[e.Subject], e.Causation)
	}
	for device, ids := range want {
		if !slices.Equal(ids, got[device]) {
			w.Errorf("group %s: the events of %s were not handled in their order", group, device)
		}
	}
}

// judgeStream waits until the stream ends as the log does, and then compares it entry by entry: it may begin later, and has
// no holes.
func (w *world) judgeStream(key, stream string) {
	w.Helper()
	last, err := w.store.Last(context.Background(), stream)
	w.must(err)
	c := w.universal()
	var entries []redis.XMessage
	w.until("the stream ends as the log does", func() bool {
		entries, err = c.XRange(context.Background(), key, "-", "+").Result()
		return err == nil && len(entries) > 0 && entries[len(entries)-1].ID == strconv.FormatUint(uint64(last), 10)+"-0"
	}, func() int { return len(entries) })
	byID := map[string]event.Event{}
	for _, e := range w.events() {
		if e.Stream == stream {
			byID[strconv.FormatUint(uint64(e.Seq), 10)+"-0"] = e
		}
	}
	before := ""
	for i, m := range entries {
		e, ok := byID[m.ID]
		if !ok || m.Values["data"] != string(e.Envelope) {
			w.Errorf("the stream's entry %s is not the log's", m.ID)
			continue
		}
		if i > 0 && strconv.FormatUint(uint64(e.Predecessor), 10)+"-0" != before {
			w.Errorf("the stream goes from %s to %s, and the log has others between", before, m.ID)
		}
		before = m.ID
	}
}

// universal is a connection to whatever Redis the workers use.
func (w *world) universal() redis.UniversalClient {
	if w.cluster != nil {
		return w.cluster
	}
	return w.client()
}

// reasons are the reasons of the dead letters that no delivery stands behind: entries that are not the log's.
func (w *world) reasons() (list []string) {
	for _, e := range w.events(event.TypeDeadLettered) {
		if d, err := event.Decode[event.DeadLettered](e); err == nil && d.Entry != "" {
			list = append(list, strings.TrimSpace(d.Stream+" "+d.Entry+": "+d.Reason))
		}
	}
	return list
}
