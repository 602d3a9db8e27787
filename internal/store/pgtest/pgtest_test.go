package pgtest_test

import (
	"os"
	"strings"
	"testing"

	"github.com/tenter-net/tenter/internal/store/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m).Run()) }

// What was committed is there after the server was killed, and strangers are told from those who know the password.
func TestKilledServerKeepsWhatWasCommitted(t *testing.T) {
	s := pgtest.New(t, pgtest.Options{Password: "geheim"})
	name, err := s.Create("")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Exec(name, "CREATE TABLE kept (n BIGINT); INSERT INTO kept VALUES (1)"); err != nil {
		t.Fatal(err)
	}
	s.Kill()
	if s.PID() != 0 {
		t.Error("it has a process after Kill")
	}
	if err := s.Exec(name, "SELECT 1"); err == nil {
		t.Error("a killed server answers")
	}
	if err := s.Restart(); err != nil {
		t.Fatal(err)
	}
	if err := s.Exec(name, "DO $$ BEGIN IF (SELECT count(*) FROM kept) <> 1 THEN RAISE 'lost'; END IF; END $$"); err != nil {
		t.Error(err)
	}
}

func TestDatabasesAreApart(t *testing.T) {
	a, b := pgtest.Database(t), pgtest.Database(t)
	if a == b || !strings.HasPrefix(a, "postgres://tenter@127.0.0.1:") {
		t.Errorf("%s and %s", a, b)
	}
}
