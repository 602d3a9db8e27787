package bus

import (
	"context"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/tenter-net/tenter/internal/event"
)

// dataField is the one field of an entry: the event's envelope.
const dataField = "data"

// entryID is the id of the event's stream entry.
func entryID(seq event.Seq) string { return strconv.FormatUint(uint64(seq), 10) + "-0" }

// parseID returns the place in the log that an entry id stands for; ok is false when it stands for none.
func parseID(id string) (seq event.Seq, ok bool) {
	number, ok := strings.CutSuffix(id, "-0")
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseUint(number, 10, 63) // the log's numbers are signed in SQL
	return event.Seq(n), err == nil
}

// An entry is what a stream has, beside what the log has in its place.
type entry struct {
	id     string
	event  event.Event
	forged string // why the entry is not the log's, empty when it is
}

// load puts the log's events beside the stream's entries. An entry without content, because it was trimmed
// while pending, stands for the log's event all the same.
func (b *Bus) load(ctx context.Context, stream string, messages []redis.XMessage) ([]entry, error) {
	seqs := make([]event.Seq, 0, len(messages))
	for _, m := range messages {
		if seq, ok := parseID(m.ID); ok {
			seqs = append(seqs, seq)
		}
	}
	events, err := b.opts.Store.EventsAt(ctx, seqs)
	if err != nil {
		return nil, err
	}
	bySeq := make(map[event.Seq]event.Event, len(events))
	for _, e := range events {
		bySeq[e.Seq] = e
	}
	entries := make([]entry, 0, len(messages))
	for _, m := range messages {
		en := entry{id: m.ID}
		seq, ok := parseID(m.ID)
		e, known := bySeq[seq]
		switch data, isText := m.Values[dataField].(string); {
		case !ok || !known:
			en.forged = "the log has no event of this id"
		case e.Stream != stream:
			en.forged = "the log's event of this id is on the stream " + e.Stream
		case len(m.Values) == 0:
			en.event = e
		case !isText || data != string(e.Envelope):
			en.forged = "the log's event of this id has another content"
		default:
			en.event = e
		}
		entries = append(entries, en)
	}
	return entries, nil
}
