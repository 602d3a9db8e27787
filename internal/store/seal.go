package store

import (
	"encoding/json"
	"fmt"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/view"
)

// head is the one row that says where the log ends.
type head struct {
	seq    event.Seq
	hash   []byte
	last   map[string]event.Seq // per stream
	groups int64
}

const selectHead = "SELECT seq, hash, intent, reconciler, drift, device, system, groups FROM head WHERE id = 1"

func scanHead(row scanner) (head, error) {
	var h head
	var in, re, dr, de, sy event.Seq
	err := row.Scan(&h.seq, &h.hash, &in, &re, &dr, &de, &sy, &h.groups)
	h.last = map[string]event.Seq{
		event.StreamIntent: in, event.StreamReconciler: re, event.StreamDrift: dr, event.StreamDevice: de, event.StreamSystem: sy,
	}
	return h, err
}

// seal gives the events their places and writes them, last in the transaction: from here on no other process can commit.
// It returns the log's new end, if anything was appended. What is late is run first: it finds the log as it is, and
// nobody adds to it meanwhile.
func (s *Store) seal(events []event.Event, late []func(*transaction) error) (tip, error) {
	if len(events) == 0 && len(late) == 0 {
		return tip{}, nil
	}
	t := &transaction{s: s, saved: true}
	h, _, err := first(t, scanHead, selectHead+"{lock}")
	for i := 0; err == nil && i < len(late); i++ {
		err = late[i](t)
	}
	if err == nil && len(late) > 0 {
		h, _, err = first(t, scanHead, selectHead)
	}
	if err != nil {
		return tip{}, fmt.Errorf("head: %w", err)
	}
	if len(events) == 0 {
		return tip{}, nil
	}
	if err := s.consumers.refresh(t, h.groups); err != nil {
		return tip{}, fmt.Errorf("consumers: %w", err)
	}
	rows, due := make([]any, 0, 12*len(events)), make([]any, 0, 4*len(events)*len(s.consumers.list))
	for i := range events {
		e := &events[i]
		h.seq++
		e.Seq, e.Predecessor = h.seq, h.last[e.Stream]
		h.last[e.Stream] = h.seq
		h.hash = e.Link(h.hash)
		e.Hash = h.hash
		rows = append(rows, int64(e.Seq), string(e.ID), string(e.Type), e.Stream, int64(e.Predecessor), toDB(e.Time),
			e.Subject, e.Correlation, e.Hash, e.Envelope, e.Actor, e.Severity)
		for _, g := range s.consumers.list {
			if g.Wants(*e) {
				due = append(due, g.Name, e.Subject, int64(e.Seq), e.Stream)
			}
		}
	}
	if err := t.insert(rowsOf{table: "event", columns: "seq, id, type, stream, predecessor, time, subject, correlation, hash, envelope, actor, severity"}, rows); err != nil {
		return tip{}, err
	}
	if err := t.insert(rowsOf{table: "delivery", columns: "grp, subject, seq, stream"}, due); err != nil {
		return tip{}, err
	}
	err = t.put("UPDATE head SET seq = ?, hash = ?, intent = ?, reconciler = ?, drift = ?, device = ?, system = ? WHERE id = 1",
		int64(h.seq), h.hash, int64(h.last[event.StreamIntent]), int64(h.last[event.StreamReconciler]),
		int64(h.last[event.StreamDrift]), int64(h.last[event.StreamDevice]), int64(h.last[event.StreamSystem]))
	return tip{h.seq, h.hash}, err
}

// consumers are the groups that want events, read anew when the head says that they changed.
type consumers struct {
	known   bool
	version int64
	list    []view.Group
}

func (c *consumers) refresh(q querier, version int64) error {
	if c.known && c.version == version {
		return nil
	}
	list, err := collect(q, scanGroup, "SELECT grp, streams, types FROM consumer ORDER BY grp")
	if err != nil {
		return err
	}
	c.known, c.version, c.list = true, version, list
	return nil
}

func scanGroup(row scanner) (g view.Group, err error) {
	var streams, types []byte
	if err := row.Scan(&g.Name, &streams, &types); err != nil {
		return g, err
	}
	if err := json.Unmarshal(streams, &g.Streams); err != nil {
		return g, err
	}
	return g, json.Unmarshal(types, &g.Types)
}
