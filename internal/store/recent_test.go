package store_test

import (
	"bytes"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/store/storetest"
)

// asText compares bytes as one value, not one by one.
var asText = cmp.Comparer(bytes.Equal)

// TestRecentEventsAreThoseOfTheLog asks a store that writes, and so has the last events at hand, what it asks one that never
// did: while another writes too, and beyond what is kept.
func TestRecentEventsAreThoseOfTheLog(t *testing.T) {
	storetest.Both(t, testRecentEventsAreThoseOfTheLog)
}

func testRecentEventsAreThoseOfTheLog(t *testing.T, at storetest.Place) {
	a, b, reader := openAt(t, at), openAt(t, at), openAt(t, at)
	const before = 4000 // nearly as many as are kept
	appendAll(t, a, slices.Repeat([]event.Draft{synced("leaf9")}, before)...)
	for i := range 14 {
		s := a
		if i%7 == 3 {
			s = b
		}
		var drafts []event.Draft
		for k := range 60 {
			drafts = append(drafts, synced("leaf"+strconv.Itoa(k%3)), event.Draft{Type: event.TypeDriftDetected, Subject: "leaf1", Data: event.Drift{Episode: "e1", Device: "leaf1"}})
		}
		appendAll(t, s, drafts...)
		if err := a.Wait(t.Context(), event.Seq(before+(i+1)*120-1)); err != nil {
			t.Fatal(err)
		}
		for _, q := range []event.Query{
			{After: event.Seq(before + i*120)},
			{After: event.Seq(before + i*120 + 60), Limit: 1000},
			{After: event.Seq(before + max(i-5, 0)*120), Limit: 1000, Subject: "leaf1", Stream: event.StreamDrift},
			{After: event.Seq(before + max(i-9, 0)*120), Limit: 50, Types: []event.Type{"device"}},
			{After: event.Seq(before + i*120), Limit: 5, Newest: true},
			{Limit: 5},
		} {
			got, err := a.Events(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			want, err := reader.Events(t.Context(), q)
			if err != nil || len(want) == 0 {
				t.Fatalf("%v, %v", want, err)
			}
			if diff := cmp.Diff(want, got, asText); diff != "" {
				t.Fatalf("after %d, %+v: -read +at hand:\n%s", i, q, diff)
			}
		}
		places := []event.Seq{event.Seq(before + i*120 + 7), 1, event.Seq(before + i*60), 1 << 40}
		got, err := a.EventsAt(t.Context(), places)
		if err != nil {
			t.Fatal(err)
		}
		want, err := reader.EventsAt(t.Context(), slices.Compact(places))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, asText); diff != "" {
			t.Fatalf("after %d, at %v: -read +at hand:\n%s", i, places, diff)
		}
	}
}
