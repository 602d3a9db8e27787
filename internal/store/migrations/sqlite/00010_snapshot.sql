-- +goose Up

-- What the log up to an event adds up to: gzipped JSON of view.State, and the SHA-256 of that JSON.
CREATE TABLE snapshot (
  seq   INTEGER PRIMARY KEY,
  time  INTEGER NOT NULL,
  taken INTEGER NOT NULL,
  hash  BLOB    NOT NULL,
  state BLOB    NOT NULL
);

-- Since when the log tells everything that the read models show: its end when this came to be, for what was written before
-- tells less. Forgotten is the latest time before which rows that ended were taken away.
CREATE TABLE telling (
  id        INTEGER PRIMARY KEY CHECK (id = 1),
  since     INTEGER NOT NULL,
  forgotten INTEGER NOT NULL
);
INSERT INTO telling SELECT 1, seq, 0 FROM head;
