-- +goose Up

-- The freeze of the whole fabric: one row, or none. It counts until its end, and stays until that was told.
CREATE TABLE fabric_freeze (
  id     SMALLINT PRIMARY KEY CHECK (id = 1),
  ends   BIGINT NOT NULL,
  reason TEXT    NOT NULL,
  actor  TEXT    NOT NULL,
  since  BIGINT NOT NULL,
  event  TEXT    NOT NULL
);

-- What was told last of each window, so that its turns are told once, whoever looks.
CREATE TABLE time_window (
  name    TEXT    PRIMARY KEY,
  is_open BIGINT NOT NULL,
  since   BIGINT NOT NULL,
  turn    BIGINT NOT NULL
);

-- Which process a worker is, for people who want to look at it or end it.
ALTER TABLE worker ADD COLUMN host TEXT NOT NULL DEFAULT '';
ALTER TABLE worker ADD COLUMN process BIGINT NOT NULL DEFAULT 0;
