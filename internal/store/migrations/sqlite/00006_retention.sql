-- +goose Up
-- When a process of the group last said that it is there: what is owed to groups that are gone is forgotten in the end.
ALTER TABLE consumer ADD COLUMN seen INTEGER NOT NULL DEFAULT 0;
UPDATE consumer SET seen = unixepoch() * 1000000000;
