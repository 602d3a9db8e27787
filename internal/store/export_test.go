package store

import (
	"fmt"
	"testing"
	"time"

	"github.com/tenter-net/tenter/internal/event"
)

// SetMaxPages bounds the database while nobody writes; less than there is stands for no growth at all.
func SetMaxPages(t *testing.T, s *Store, n int) {
	t.Helper()
	if _, err := s.engine.(*sqliteDB).conn.ExecContext(t.Context(), fmt.Sprintf("PRAGMA max_page_count(%d)", n)); err != nil {
		t.Fatal(err)
	}
}

// SetPatience says how long SQLite waits for the lock of another process before it says so.
func SetPatience(t *testing.T, s *Store, milliseconds int) {
	t.Helper()
	if _, err := s.engine.(*sqliteDB).conn.ExecContext(t.Context(), fmt.Sprintf("PRAGMA busy_timeout(%d)", milliseconds)); err != nil {
		t.Fatal(err)
	}
}

// SetAnswerTime says how long PostgreSQL's answers are waited for, while nobody asks anything.
func SetAnswerTime(s *Store, d time.Duration) { s.engine.(*postgres).answer = d }

// EventStatement returns the statement that Events answers the query with among the rows, or the first of several.
func EventStatement(t *testing.T, s *Store, q event.Query) (string, []any) {
	t.Helper()
	if err := s.places(t.Context(), &q); err != nil {
		t.Fatal(err)
	}
	cond, keys, err := s.keys(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	text, args := eventQuery(q, "")
	if cond != "" {
		text, args = eventQuery(q, cond, keys[0])
	}
	return s.engine.(interface{ text(string) string }).text(selectEvent + text), args
}

// Waiting is how many Dos wait for their turn.
func Waiting(s *Store) int { return len(s.queue) }

// TakeStatements are the statements that end an ordinary delivery: one that is the first of its subject, and many.
func TakeStatements(s *Store) (first, many string) {
	e := s.engine.(*postgres)
	return e.text(takeFirst), e.text(takeMany)
}

// Session are the settings of the store's sessions with PostgreSQL.
func Session(s *Store) map[string]string { return s.engine.(*postgres).config.ConnConfig.RuntimeParams }
