package event

import (
	"errors"
	"testing"
	"time"
)

func TestCursorsAreOfTheirQuery(t *testing.T) {
	q := Query{Types: []Type{"drift", "device"}, Subject: "leaf1", Newest: true}
	cursor := q.Cursor(4711)
	for name, same := range map[string]Query{
		"itself":           q,
		"types in order":   {Types: []Type{"device", "drift"}, Subject: "leaf1", Newest: true},
		"another limit":    {Types: q.Types, Subject: "leaf1", Newest: true, Limit: 7},
		"times that moved": {Types: q.Types, Subject: "leaf1", Newest: true, Since: time.Now()},
	} {
		if got, err := same.From(cursor); err != nil || got.Before != 4711 || got.After != 0 {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	for name, other := range map[string]Query{
		"all": {Newest: true}, "another device": {Types: q.Types, Subject: "leaf2", Newest: true}, "the other order": {Types: q.Types, Subject: "leaf1"},
		"an actor's": {Types: q.Types, Subject: "leaf1", Newest: true, Actor: "alice"}, "errors": {Types: q.Types, Subject: "leaf1", Newest: true, Severity: SeverityError},
	} {
		if _, err := other.From(cursor); !errors.Is(err, ErrCursor) {
			t.Errorf("%s: %v", name, err)
		}
	}
	older := Query{Before: 100, Newest: true}
	if got, err := older.From(older.Cursor(200)); err != nil || got.Before != 100 {
		t.Errorf("a cursor widened the query: %+v, %v", got, err)
	}
	forward := Query{After: 300}
	if got, err := forward.From(forward.Cursor(200)); err != nil || got.After != 300 {
		t.Errorf("a cursor widened the query: %+v, %v", got, err)
	}
}

func FuzzCursor(f *testing.F) {
	for _, q := range []Query{{}, {Newest: true}, {Subject: "leaf1"}} {
		f.Add(q.Cursor(1), q.Subject, q.Newest)
		f.Add(q.Cursor(1<<63), q.Subject, q.Newest)
	}
	f.Add("", "", false)
	f.Add("AQ", "", false)
	f.Add("AYCAgICAgICAgICAAQ", "", true)
	f.Fuzz(func(t *testing.T, cursor, subject string, newest bool) {
		q := Query{Subject: subject, Newest: newest}
		got, err := q.From(cursor)
		switch {
		case err != nil && !errors.Is(err, ErrCursor):
			t.Error(err)
		case err == nil && q.Cursor(max(got.After, got.Before)) != cursor:
			t.Errorf("%q is the cursor of %+v as well", cursor, got)
		}
	})
}
