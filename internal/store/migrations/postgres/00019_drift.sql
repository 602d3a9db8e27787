-- +goose Up
-- When the leaf got its value; 0 for before this was known. Putting the same value back leaves it.
ALTER TABLE leaf ADD COLUMN since BIGINT NOT NULL DEFAULT 0;
-- How bad it is, which row of the policy's table holds it, whose hand it was and why that is believed, and until when it is only
-- observed because what drifted is new.
ALTER TABLE episode ADD COLUMN severity TEXT NOT NULL DEFAULT '';
ALTER TABLE episode ADD COLUMN rule TEXT NOT NULL DEFAULT '';
ALTER TABLE episode ADD COLUMN hand TEXT NOT NULL DEFAULT '';
ALTER TABLE episode ADD COLUMN known TEXT NOT NULL DEFAULT '';
ALTER TABLE episode ADD COLUMN grace BIGINT NOT NULL DEFAULT 0;
-- What was put back before counts for no loop any more: somebody has looked at it.
ALTER TABLE device ADD COLUMN looked BIGINT NOT NULL DEFAULT 0;
