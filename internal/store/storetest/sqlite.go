package storetest

import (
	"database/sql"
	"errors"
	"path/filepath"
)

func execSQLite(dir, statement string) error {
	db, err := sql.Open("sqlite", filepath.Join(dir, "tenter.db"))
	if err != nil {
		return err
	}
	_, err = db.Exec(statement)
	return errors.Join(err, db.Close())
}
