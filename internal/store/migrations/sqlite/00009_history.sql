-- +goose Up
-- What the log is asked for: who did it, of what type, how grave. Most events have no actor and are no more than news.
ALTER TABLE event ADD COLUMN actor TEXT NOT NULL DEFAULT '';
ALTER TABLE event ADD COLUMN severity TEXT NOT NULL DEFAULT 'info';
UPDATE event SET actor = coalesce(json_extract(CAST(envelope AS TEXT), '$.actor'), ''),
  severity = coalesce(json_extract(CAST(envelope AS TEXT), '$.severity'), '') WHERE json_valid(CAST(envelope AS TEXT));
CREATE INDEX event_type ON event (type, seq);
CREATE INDEX event_actor ON event (actor, seq) WHERE actor <> '';
CREATE INDEX event_severity ON event (severity, seq) WHERE severity <> 'info';

-- The files that hold the beginning of the log, without a gap. What is in them may still be in event for a while.
CREATE TABLE archive (
  first    INTEGER PRIMARY KEY, -- place of its first event
  last     INTEGER NOT NULL,
  name     TEXT    NOT NULL,    -- of the file
  base     BLOB    NOT NULL,    -- the log's hash before its first event
  hash     BLOB    NOT NULL,    -- and after its last
  oldest   INTEGER NOT NULL,    -- times of its events
  newest   INTEGER NOT NULL,
  archived INTEGER NOT NULL
);
