-- +goose Up

-- Handlers that end their process. begun counts the attempts that were begun and never ended; it is only written where an
-- event is suspected. unclean counts the times in a row that whoever served the group did not say that it left.
ALTER TABLE delivery ADD COLUMN begun   INTEGER NOT NULL DEFAULT 0;
ALTER TABLE consumer ADD COLUMN unclean INTEGER NOT NULL DEFAULT 0;
