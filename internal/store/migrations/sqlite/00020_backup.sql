-- +goose Up
-- What a plan is to bring back to a device: the backup as it was given, without secrets. The id is the hash of the body.
CREATE TABLE backup (
    id     TEXT PRIMARY KEY,
    device TEXT NOT NULL,
    saved  INTEGER NOT NULL,
    body   BLOB NOT NULL
);
