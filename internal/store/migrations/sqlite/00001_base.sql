-- +goose Up

-- The head of the log: one row, changed in every transaction that appends. groups grows when a consumer
-- group is added or changed, so that a sealer knows when to read them anew.
CREATE TABLE head (
  id         INTEGER PRIMARY KEY CHECK (id = 1),
  seq        INTEGER NOT NULL,
  hash       BLOB    NOT NULL,
  intent     INTEGER NOT NULL,
  reconciler INTEGER NOT NULL,
  drift      INTEGER NOT NULL,
  device     INTEGER NOT NULL,
  system     INTEGER NOT NULL,
  groups     INTEGER NOT NULL
);
INSERT INTO head VALUES (1, 0, zeroblob(32), 0, 0, 0, 0, 0, 0);

CREATE TABLE event (
  seq         INTEGER PRIMARY KEY,
  id          TEXT    NOT NULL,
  type        TEXT    NOT NULL,
  stream      TEXT    NOT NULL,
  predecessor INTEGER NOT NULL,
  time        INTEGER NOT NULL,
  subject     TEXT    NOT NULL,
  correlation TEXT    NOT NULL,
  hash        BLOB    NOT NULL,
  envelope    BLOB    NOT NULL
);
CREATE INDEX event_correlation ON event (correlation);
CREATE INDEX event_subject ON event (subject, seq) WHERE subject <> '';

CREATE TABLE consumer (
  grp     TEXT PRIMARY KEY,
  streams TEXT NOT NULL,
  types   TEXT NOT NULL
) WITHOUT ROWID;

-- What a group has still to handle, and what it gave up on. The sealer adds a row for each group that wants the
-- event, the transaction of the handler's effects takes it away. Ordered by subject, for that is the order kept.
-- A pending row with a not_before is a retry that somebody took; it is due again when it was lost.
CREATE TABLE delivery (
  grp        TEXT    NOT NULL,
  subject    TEXT    NOT NULL,
  seq        INTEGER NOT NULL,
  stream     TEXT    NOT NULL,
  state      TEXT    NOT NULL DEFAULT 'pending',
  attempts   INTEGER NOT NULL DEFAULT 0,
  not_before INTEGER NOT NULL DEFAULT 0,
  error      TEXT    NOT NULL DEFAULT '',
  PRIMARY KEY (grp, subject, seq)
) WITHOUT ROWID;
CREATE INDEX delivery_due ON delivery (grp, not_before) WHERE not_before > 0;

CREATE TABLE lease (
  key     TEXT    PRIMARY KEY,
  holder  TEXT    NOT NULL,
  token   INTEGER NOT NULL,
  expires INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE secret (
  name  TEXT PRIMARY KEY,
  value BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE content (
  hash TEXT PRIMARY KEY,
  body BLOB NOT NULL
);
CREATE TABLE generation (
  id         TEXT    PRIMARY KEY,
  fabric     TEXT    NOT NULL,
  commit_id  TEXT    NOT NULL,
  author     TEXT    NOT NULL,
  subject    TEXT    NOT NULL,
  created    INTEGER NOT NULL,
  files      TEXT    NOT NULL,
  is_current INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX generation_current ON generation (is_current) WHERE is_current = 1;

CREATE TABLE device (
  name        TEXT    PRIMARY KEY,
  generation  TEXT    NOT NULL DEFAULT '',
  run         TEXT    NOT NULL DEFAULT '',
  write_set   TEXT    NOT NULL DEFAULT '[]',
  applied     INTEGER NOT NULL DEFAULT 0,
  sync        TEXT    NOT NULL DEFAULT '',
  health      TEXT    NOT NULL DEFAULT '',
  reason      TEXT    NOT NULL DEFAULT '',
  stage       TEXT    NOT NULL DEFAULT '',
  identity    TEXT    NOT NULL DEFAULT '',
  enrolled    INTEGER NOT NULL DEFAULT 0,
  held_until  INTEGER NOT NULL DEFAULT 0,
  held_reason TEXT    NOT NULL DEFAULT '',
  updated     INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE leaf (
  device  TEXT    NOT NULL,
  path    TEXT    NOT NULL,
  value   BLOB    NOT NULL,
  applied INTEGER NOT NULL,
  PRIMARY KEY (device, path)
) WITHOUT ROWID;

CREATE TABLE plan (
  id          TEXT    PRIMARY KEY,
  content     TEXT    NOT NULL,
  status      TEXT    NOT NULL,
  reason      TEXT    NOT NULL,
  cause       TEXT    NOT NULL,
  episode     TEXT    NOT NULL,
  generation  TEXT    NOT NULL,
  correlation TEXT    NOT NULL,
  created     INTEGER NOT NULL,
  expires     INTEGER NOT NULL,
  devices     TEXT    NOT NULL,
  body        BLOB    NOT NULL
);
CREATE UNIQUE INDEX plan_open ON plan (content) WHERE status = 'open';
CREATE INDEX plan_created ON plan (created);

CREATE TABLE run (
  id          TEXT    PRIMARY KEY,
  plan        TEXT    NOT NULL,
  status      TEXT    NOT NULL,
  reason      TEXT    NOT NULL,
  cause       TEXT    NOT NULL,
  episode     TEXT    NOT NULL,
  correlation TEXT    NOT NULL,
  created     INTEGER NOT NULL,
  ended       INTEGER NOT NULL,
  body        BLOB    NOT NULL
);
CREATE INDEX run_created ON run (created);
CREATE TABLE run_device (
  run     TEXT    NOT NULL,
  device  TEXT    NOT NULL,
  step    TEXT    NOT NULL,
  outcome TEXT    NOT NULL,
  detail  TEXT    NOT NULL,
  state   BLOB    NOT NULL,
  updated INTEGER NOT NULL,
  PRIMARY KEY (run, device)
) WITHOUT ROWID;

CREATE TABLE episode (
  id          TEXT    PRIMARY KEY,
  device      TEXT    NOT NULL,
  opened      INTEGER NOT NULL,
  closed      INTEGER NOT NULL,
  mode        TEXT    NOT NULL,
  findings    TEXT    NOT NULL,
  total       INTEGER NOT NULL,
  plan        TEXT    NOT NULL,
  run         TEXT    NOT NULL,
  closed_by   TEXT    NOT NULL,
  reason      TEXT    NOT NULL,
  correlation TEXT    NOT NULL
);
CREATE UNIQUE INDEX episode_open ON episode (device) WHERE closed = 0;
CREATE INDEX episode_opened ON episode (opened);

CREATE TABLE schedule (
  name      TEXT    PRIMARY KEY,
  spec      TEXT    NOT NULL,
  due       INTEGER NOT NULL,
  last_run  INTEGER NOT NULL,
  last_note TEXT    NOT NULL
) WITHOUT ROWID;

CREATE TABLE notification (
  receiver   TEXT    NOT NULL,
  key        TEXT    NOT NULL,
  state      TEXT    NOT NULL,
  attempts   INTEGER NOT NULL,
  not_before INTEGER NOT NULL,
  reference  TEXT    NOT NULL,
  error      TEXT    NOT NULL,
  body       BLOB    NOT NULL,
  created    INTEGER NOT NULL,
  updated    INTEGER NOT NULL,
  PRIMARY KEY (receiver, key)
) WITHOUT ROWID;
CREATE INDEX notification_pending ON notification (not_before) WHERE state = 'pending';
