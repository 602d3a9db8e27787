-- +goose Up
-- What a device was when it was last found as applied: JSON of view.Known.
ALTER TABLE device ADD COLUMN known TEXT NOT NULL DEFAULT '{}';
