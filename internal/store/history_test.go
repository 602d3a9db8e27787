package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/store/storetest"
)

func places(events []event.Event) []event.Seq {
	var list []event.Seq
	for _, e := range events {
		list = append(list, e.Seq)
	}
	return list
}

// history has 60 events of six kinds, a minute apart.
func history(t *testing.T, s *store.Store) {
	t.Helper()
	var drafts []event.Draft
	for i := range 60 {
		d := event.Draft{Time: noon.Add(time.Duration(i) * time.Minute), Correlation: fmt.Sprint("c", i/6)}
		switch i % 6 {
		case 0:
			d.Type, d.Data = event.TypeIntentChanged, event.IntentChanged{Generation: "g"}
		case 1:
			d.Type, d.Subject, d.Data = event.TypeDriftDetected, "leaf1", event.Drift{Device: "leaf1", Episode: "e"}
		case 2:
			d.Type, d.Subject, d.Data = event.TypeDriftRemediated, "leaf1", event.DriftRemediated{Device: "leaf1", Episode: "e"}
		case 3:
			d = synced("leaf2")
			d.Time = noon.Add(time.Duration(i) * time.Minute)
		case 4:
			d.Type, d.Actor, d.Data = event.TypeApprovalGranted, "alice", event.Approval{Plan: "p"}
		case 5:
			d.Type, d.Subject, d.Data = event.TypeDeviceHeld, "leaf2", event.Device{Device: "leaf2"}
		}
		drafts = append(drafts, d)
	}
	appendAll(t, s, drafts...)
}

var historyQueries = map[string]event.Query{
	"all":                   {},
	"domain":                {Types: []event.Type{"drift"}},
	"two domains":           {Types: []event.Type{"device.", "approval"}},
	"a type, a part of one": {Types: []event.Type{event.TypeDriftDetected, "drift.rem"}},
	"nothing's type":        {Types: []event.Type{"bus"}},
	"device":                {Subject: "leaf1"},
	"device and type":       {Subject: "leaf2", Types: []event.Type{event.TypeDeviceHeld}},
	"correlation":           {Correlation: "c3"},
	"actor":                 {Actor: "alice"},
	"actor and domain":      {Actor: "alice", Types: []event.Type{"drift", "approval"}},
	"warnings and worse":    {Severity: event.SeverityWarning},
	"critical of a device":  {Severity: event.SeverityCritical, Subject: "leaf2"},
	"info is all":           {Severity: event.SeverityInfo},
	"time":                  {Since: noon.Add(10 * time.Minute), Until: noon.Add(40 * time.Minute)},
	"time and type":         {Since: noon.Add(10 * time.Minute), Types: []event.Type{"device"}},
	"between":               {After: 7, Before: 50, Subject: "leaf2"},
}

// TestHistoryPageByPage reads every query in both orders by cursors of small pages, while events are appended, and finds what
// Query.Selects says.
func TestHistoryPageByPage(t *testing.T) {
	s := open(t, t.TempDir())
	history(t, s)
	all, err := s.Events(t.Context(), event.Query{Limit: 1000})
	if err != nil || len(all) != 60 {
		t.Fatalf("%d events, %v", len(all), err)
	}
	for name, q := range historyQueries {
		for _, newest := range []bool{false, true} {
			t.Run(fmt.Sprint(name, " newest ", newest), func(t *testing.T) {
				q.Newest = newest
				var want []event.Seq
				for i := range all {
					e := all[i]
					if newest {
						e = all[len(all)-1-i]
					}
					if q.Selects(e) {
						want = append(want, e.Seq)
					}
				}
				if q.Before == 0 {
					q.Before = 61 // what other cases appended
				}
				var got []event.Seq
				for page := q; ; {
					page.Limit = 4
					list, err := s.Events(t.Context(), page)
					if err != nil {
						t.Fatal(err)
					}
					if len(list) == 0 {
						break
					}
					got = append(got, places(list)...)
					if page, err = q.From(q.Cursor(got[len(got)-1])); err != nil {
						t.Fatal(err)
					}
					appendAll(t, s, synced("leaf1")) // what is new does not move what is old
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
			})
		}
	}
}

// TestHistoryReadsByIndex asks SQLite how it would answer: no query may read the log from one end to the other, nor sort.
func TestHistoryReadsByIndex(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	history(t, s)
	db, err := sql.Open("sqlite", filepath.Join(dir, "tenter.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for name, index := range map[string]string{
		"all": "PRIMARY KEY", "domain": "event_type", "two domains": "event_type", "device": "event_subject", "device and type": "event_subject",
		"correlation": "event_correlation", "actor": "event_actor", "actor and domain": "event_actor", "warnings and worse": "event_severity",
		"critical of a device": "event_subject", "time": "PRIMARY KEY", "time and type": "event_type", "between": "event_subject",
	} {
		for _, newest := range []bool{false, true} {
			q := historyQueries[name]
			q.Newest, q.Before, q.Limit = newest, 50, 10
			text, args := store.EventStatement(t, s, q)
			rows, err := db.Query("EXPLAIN QUERY PLAN "+text, args...)
			if err != nil {
				t.Fatal(err)
			}
			var steps []string
			for rows.Next() {
				var id, parent, unused int
				var step string
				if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
					t.Fatal(err)
				}
				steps = append(steps, step)
			}
			if err := rows.Close(); err != nil {
				t.Fatal(err)
			}
			if len(steps) != 1 || !strings.HasPrefix(steps[0], "SEARCH event USING") || !strings.Contains(steps[0], index) {
				t.Errorf("%s: %q, want one SEARCH by %s\n%s", name, steps, index, text)
			}
		}
	}
}

// TestHistoryReadsByIndexOnPostgreSQL asks PostgreSQL the same, on a log that is large enough for it to care.
func TestHistoryReadsByIndexOnPostgreSQL(t *testing.T) {
	at := storetest.Postgres(t)
	s := openAt(t, at)
	history(t, s)
	for i := range 20 {
		var drafts []event.Draft
		for k := range 500 {
			d := synced(fmt.Sprint("leaf", k%50))
			d.Correlation, d.Time = fmt.Sprint("c", i*500+k), noon.Add(time.Duration(60+i*500+k)*time.Minute)
			drafts = append(drafts, d)
		}
		appendAll(t, s, drafts...)
	}
	at.Exec(t, "ANALYZE event")
	db, err := pgx.Connect(t.Context(), at.DSN)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(context.Background())
	for name, q := range historyQueries {
		for _, newest := range []bool{false, true} {
			if name == "nothing's type" {
				continue // there is no statement for what is not in the log
			}
			q.Newest, q.Limit = newest, 10
			text, args := store.EventStatement(t, s, q)
			rows, err := db.Query(t.Context(), "EXPLAIN "+text, args...)
			if err != nil {
				t.Fatal(err)
			}
			steps, err := pgx.CollectRows(rows, pgx.RowTo[string])
			if err != nil {
				t.Fatal(err)
			}
			if plan := strings.Join(steps, "\n"); strings.Contains(plan, "Seq Scan") || !strings.Contains(plan, "Index Scan") {
				t.Errorf("%s, newest %v: %s\n%s", name, newest, text, plan)
			}
		}
	}
}

// withoutHistory takes back what migrations 9, 10, 12, 13 and those after them brought.
const withoutHistory = withoutWindows + withoutAccess + `ALTER TABLE device DROP COLUMN proof; ALTER TABLE plan DROP COLUMN votes; ALTER TABLE delivery DROP COLUMN begun; ALTER TABLE consumer DROP COLUMN unclean; DROP TABLE snapshot; DROP TABLE telling; DROP TABLE archive; DROP INDEX event_type; DROP INDEX event_actor; DROP INDEX event_severity;
	ALTER TABLE event DROP COLUMN actor; ALTER TABLE event DROP COLUMN severity; `

// TestHistoryOfAnOlderStore finds by columns that were not there when the events were written.
func TestHistoryOfAnOlderStore(t *testing.T) {
	dir := t.TempDir()
	s, err := store.Open(t.Context(), store.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	history(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	tamper(t, dir, withoutHistory+withoutWorkers+`DELETE FROM goose_db_version WHERE version_id >= 9`)
	s = open(t, dir)
	for name, want := range map[string]int{"actor": 10, "warnings and worse": 20} {
		q := historyQueries[name]
		if list, err := s.Events(t.Context(), q); err != nil || len(list) != want {
			t.Errorf("%s: %d events, %v; want %d", name, len(list), err, want)
		}
	}
	if v, err := s.VerifyLog(t.Context()); err != nil || v.Seq != 60 {
		t.Errorf("VerifyLog() = %+v, %v", v, err)
	}
}
