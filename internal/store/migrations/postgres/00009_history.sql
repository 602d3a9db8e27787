-- +goose Up
-- What the log is asked for: who did it, of what type, how grave. Most events have no actor and are no more than news.
ALTER TABLE event ADD COLUMN actor TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE event ADD COLUMN severity TEXT COLLATE "C" NOT NULL DEFAULT 'info';
UPDATE event SET actor = coalesce(convert_from(envelope, 'UTF8')::json ->> 'actor', ''),
  severity = coalesce(convert_from(envelope, 'UTF8')::json ->> 'severity', '');
CREATE INDEX event_type ON event (type, seq);
CREATE INDEX event_actor ON event (actor, seq) WHERE actor <> '';
DROP INDEX event_correlation; -- which had no order within one
CREATE INDEX event_correlation ON event (correlation, seq);
CREATE INDEX event_severity ON event (severity, seq) WHERE severity <> 'info';

-- The files that hold the beginning of the log, without a gap. What is in them may still be in event for a while.
CREATE TABLE archive (
  first    BIGINT PRIMARY KEY,               -- place of its first event
  last     BIGINT NOT NULL,
  name     TEXT COLLATE "C" NOT NULL,        -- of the file
  base     BYTEA  NOT NULL,                  -- the log's hash before its first event
  hash     BYTEA  NOT NULL,                  -- and after its last
  oldest   BIGINT NOT NULL,                  -- times of its events
  newest   BIGINT NOT NULL,
  archived BIGINT NOT NULL
);
