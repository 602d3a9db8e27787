-- +goose Up
-- Whether the device takes back a commit that nobody confirms, as was seen, and when; empty while nobody has tried.
ALTER TABLE device ADD COLUMN proof TEXT NOT NULL DEFAULT '';
