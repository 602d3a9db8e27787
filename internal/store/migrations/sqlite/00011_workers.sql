-- +goose Up

-- A worker is a process that is at work. Its row is all that it renews: a lease with an incarnation is held for as long as
-- the row of its holder is live and has that token, whatever the lease's own end, and until its own end besides.
CREATE TABLE worker (
  name      TEXT    PRIMARY KEY,
  token     INTEGER NOT NULL,
  operation TEXT    NOT NULL,
  roles     TEXT    NOT NULL,
  joined    INTEGER NOT NULL,
  expires   INTEGER NOT NULL
) WITHOUT ROWID;

-- elected is who the log was told of last as the holder, of a lease that is an election.
ALTER TABLE lease ADD COLUMN incarnation INTEGER NOT NULL DEFAULT 0;
ALTER TABLE lease ADD COLUMN since       INTEGER NOT NULL DEFAULT 0;
ALTER TABLE lease ADD COLUMN elected     TEXT    NOT NULL DEFAULT '';
CREATE INDEX lease_holder ON lease (holder, incarnation) WHERE incarnation > 0;

-- What one worker asks of whoever holds a device. The row is the asker's, and goes when it has read the answer.
CREATE TABLE ask (
  id       TEXT PRIMARY KEY,
  device   TEXT NOT NULL,
  verb     TEXT NOT NULL,
  body     BLOB NOT NULL,
  asker    TEXT NOT NULL,
  asked    INTEGER NOT NULL,
  answered INTEGER NOT NULL DEFAULT 0,
  answer   BLOB,
  error    TEXT NOT NULL DEFAULT ''
);
