package store

import (
	"fmt"
	"testing"
)

// SetMaxPages bounds the database while nobody writes; less than there is stands for no growth at all.
func SetMaxPages(t *testing.T, s *Store, n int) {
	t.Helper()
	if _, err := s.conn.ExecContext(t.Context(), fmt.Sprintf("PRAGMA max_page_count(%d)", n)); err != nil {
		t.Fatal(err)
	}
}

// SetPatience says how long SQLite waits for the lock of another process before it says so.
func SetPatience(t *testing.T, s *Store, milliseconds int) {
	t.Helper()
	if _, err := s.conn.ExecContext(t.Context(), fmt.Sprintf("PRAGMA busy_timeout(%d)", milliseconds)); err != nil {
		t.Fatal(err)
	}
}
