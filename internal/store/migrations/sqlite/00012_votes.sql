-- +goose Up
-- What validators said of the plan when it was last to be approved: JSON, a list of event.Vote.
ALTER TABLE plan ADD COLUMN votes TEXT NOT NULL DEFAULT '[]';
