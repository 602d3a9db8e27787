package e2e

import (
	"database/sql"
	"path/filepath"

	"github.com/rogpeppe/go-internal/testscript"
)

// tamperVerb runs a statement on the store of sim/state, as somebody does who can write to the database.
//
//	tamper 'DELETE FROM event WHERE seq = 7'
func tamperVerb(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: tamper STATEMENT")
	}
	db, err := sql.Open("sqlite", filepath.Join(ts.MkAbs("sim/state"), "tenter.db"))
	ts.Check(err)
	_, err = db.Exec(args[0])
	ts.Check(err)
	ts.Check(db.Close())
}
