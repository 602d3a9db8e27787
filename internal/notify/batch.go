package notify

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/view"
)

// maxAtOnce is how many causes may be due for messages of their own. More are one message that counts them: a storm
// must not fill a channel for an hour.
const maxAtOnce = 3

// patience is how many attempts at one message the others wait for: a receiver that fails is left alone, and is told of
// a drift before its end. A message that goes on failing no longer holds up the others.
const patience = 5

// A batch is what becomes one message, or none when it holds nothing that is worth one.
type batch struct {
	key   string
	rows  []view.Notification
	tries int // before this one
}

// nextBatch chooses what to send to a receiver now, from all rows that are pending for it. Without a choice it returns
// how long there is nothing to do. Rows that were claimed stay together under their key, so that a repeat is a repeat.
func nextBatch(r Receiver, rows []view.Notification, now time.Time) (b batch, found bool, wait time.Duration) {
	wait = time.Hour
	claimed := map[string][]view.Notification{}
	var open []view.Notification
	held := false
	for _, row := range rows {
		if row.Reference == "" {
			open = append(open, row)
			continue
		}
		claimed[row.Reference] = append(claimed[row.Reference], row)
	}
	for _, row := range rows { // in the order of rows, which the map has lost
		if row.Reference == "" || claimed[row.Reference] == nil {
			continue
		}
		same := claimed[row.Reference]
		delete(claimed, row.Reference)
		if !row.NotBefore.After(now) {
			return batch{key: row.Reference, rows: same, tries: row.Attempts}, true, 0
		}
		wait = min(wait, row.NotBefore.Sub(now))
		held = held || row.Attempts < patience
	}
	if held {
		return batch{}, false, wait
	}
	due, wait := dueGroups(open, now, wait)
	if len(due) == 0 {
		return batch{}, false, wait
	}
	chosen := due[0]
	if len(due) > maxAtOnce {
		chosen = slices.Concat(due...)
	}
	return batch{key: keyOf(r.Name, chosen), rows: chosen}, true, 0
}

// dueGroups returns the rows of each cause of which the oldest row is due. Rows that cannot be read are a group each.
func dueGroups(open []view.Notification, now time.Time, wait time.Duration) ([][]view.Notification, time.Duration) {
	byID := map[event.ID]view.Notification{}
	var items []item
	var due [][]view.Notification
	for _, row := range open {
		it, err := parse(row)
		if err != nil {
			due = append(due, []view.Notification{row})
			continue
		}
		byID[it.event.ID] = row
		items = append(items, it)
	}
	for _, group := range byCause(items) {
		rows := make([]view.Notification, len(group))
		oldest := time.Time{}
		for i, it := range group {
			rows[i] = byID[it.event.ID]
			if oldest.IsZero() || rows[i].NotBefore.Before(oldest) {
				oldest = rows[i].NotBefore
			}
		}
		if !oldest.After(now) {
			due = append(due, rows)
			continue
		}
		wait = min(wait, oldest.Sub(now))
	}
	return due, wait
}

func parse(row view.Notification) (item, error) {
	e, err := event.Parse(row.Body)
	if err != nil {
		return item{}, err
	}
	return read(e)
}

// items reads the rows of a batch, the oldest event first.
func (b batch) items() ([]item, error) {
	items := make([]item, 0, len(b.rows))
	for _, row := range b.rows {
		it, err := parse(row)
		if err != nil {
			return nil, err
		}
		items = append(items, it)
	}
	slices.SortStableFunc(items, func(x, y item) int {
		if c := x.event.Time.Compare(y.event.Time); c != 0 {
			return c
		}
		return strings.Compare(string(x.event.ID), string(y.event.ID))
	})
	return items, nil
}

// keyOf names a message by whom it is for and what is in it.
func keyOf(receiver string, rows []view.Notification) string {
	keys := make([]string, len(rows))
	for i, row := range rows {
		keys[i] = row.Key
	}
	slices.Sort(keys)
	sum := sha256.Sum256([]byte(receiver + "\n" + strings.Join(keys, "\n")))
	return hex.EncodeToString(sum[:16])
}
