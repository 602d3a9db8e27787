-- +goose Up

-- The freeze of the whole fabric: one row, or none. It counts until its end, and stays until that was told.
CREATE TABLE fabric_freeze (
  id     INTEGER PRIMARY KEY CHECK (id = 1),
  ends   INTEGER NOT NULL,
  reason TEXT    NOT NULL,
  actor  TEXT    NOT NULL,
  since  INTEGER NOT NULL,
  event  TEXT    NOT NULL
);

-- What was told last of each window, so that its turns are told once, whoever looks.
CREATE TABLE time_window (
  name    TEXT    PRIMARY KEY,
  is_open INTEGER NOT NULL,
  since   INTEGER NOT NULL,
  turn    INTEGER NOT NULL
) WITHOUT ROWID;

-- Which process a worker is, for people who want to look at it or end it.
ALTER TABLE worker ADD COLUMN host TEXT NOT NULL DEFAULT '';
ALTER TABLE worker ADD COLUMN process INTEGER NOT NULL DEFAULT 0;
