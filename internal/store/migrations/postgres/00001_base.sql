-- +goose Up
-- What SQLite's migrations add up to until 00007, which says what the tables are. Text compares bytewise, as there.

CREATE TABLE head (
  id         BIGINT PRIMARY KEY CHECK (id = 1),
  seq        BIGINT NOT NULL,
  hash       BYTEA  NOT NULL,
  intent     BIGINT NOT NULL,
  reconciler BIGINT NOT NULL,
  drift      BIGINT NOT NULL,
  device     BIGINT NOT NULL,
  system     BIGINT NOT NULL,
  groups     BIGINT NOT NULL
) WITH (fillfactor = 10); -- changed with every commit: so its old versions stay on its own page, and are swept from there
INSERT INTO head VALUES (1, 0, decode(repeat('00', 32), 'hex'), 0, 0, 0, 0, 0, 0);

CREATE TABLE event (
  seq         BIGINT PRIMARY KEY,
  id          TEXT COLLATE "C" NOT NULL,
  type        TEXT COLLATE "C" NOT NULL,
  stream      TEXT COLLATE "C" NOT NULL,
  predecessor BIGINT NOT NULL,
  time        BIGINT NOT NULL,
  subject     TEXT COLLATE "C" NOT NULL,
  correlation TEXT COLLATE "C" NOT NULL,
  hash        BYTEA  NOT NULL,
  envelope    BYTEA  NOT NULL
);
CREATE INDEX event_correlation ON event (correlation);
CREATE INDEX event_subject ON event (subject, seq) WHERE subject <> '';

CREATE TABLE consumer (
  grp     TEXT COLLATE "C" PRIMARY KEY,
  streams TEXT COLLATE "C" NOT NULL,
  types   TEXT COLLATE "C" NOT NULL,
  seen    BIGINT NOT NULL DEFAULT 0
);

-- Rows come and go with every event: they are swept when there are many dead ones, not when they are a share of few.
CREATE TABLE delivery (
  grp        TEXT COLLATE "C" NOT NULL,
  subject    TEXT COLLATE "C" NOT NULL,
  seq        BIGINT NOT NULL,
  stream     TEXT COLLATE "C" NOT NULL,
  state      TEXT COLLATE "C" NOT NULL DEFAULT 'pending',
  attempts   BIGINT NOT NULL DEFAULT 0,
  not_before BIGINT NOT NULL DEFAULT 0,
  error      TEXT COLLATE "C" NOT NULL DEFAULT '',
  PRIMARY KEY (grp, subject, seq)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
CREATE INDEX delivery_due ON delivery (grp, not_before) WHERE not_before > 0;

CREATE TABLE lease (
  key     TEXT COLLATE "C" PRIMARY KEY,
  holder  TEXT COLLATE "C" NOT NULL,
  token   BIGINT NOT NULL,
  expires BIGINT NOT NULL
);

CREATE TABLE secret (
  name  TEXT COLLATE "C" PRIMARY KEY,
  value BYTEA NOT NULL
);

CREATE TABLE content (
  hash TEXT COLLATE "C" PRIMARY KEY,
  body BYTEA NOT NULL
);
CREATE TABLE generation (
  id         TEXT COLLATE "C" PRIMARY KEY,
  fabric     TEXT COLLATE "C" NOT NULL,
  commit_id  TEXT COLLATE "C" NOT NULL,
  author     TEXT COLLATE "C" NOT NULL,
  subject    TEXT COLLATE "C" NOT NULL,
  created    BIGINT NOT NULL,
  files      TEXT COLLATE "C" NOT NULL,
  is_current BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX generation_current ON generation (is_current) WHERE is_current = 1;

CREATE TABLE device (
  name        TEXT COLLATE "C" PRIMARY KEY,
  generation  TEXT COLLATE "C" NOT NULL DEFAULT '',
  run         TEXT COLLATE "C" NOT NULL DEFAULT '',
  write_set   TEXT COLLATE "C" NOT NULL DEFAULT '[]',
  applied     BIGINT NOT NULL DEFAULT 0,
  sync        TEXT COLLATE "C" NOT NULL DEFAULT '',
  health      TEXT COLLATE "C" NOT NULL DEFAULT '',
  reason      TEXT COLLATE "C" NOT NULL DEFAULT '',
  stage       TEXT COLLATE "C" NOT NULL DEFAULT '',
  identity    TEXT COLLATE "C" NOT NULL DEFAULT '',
  enrolled    BIGINT NOT NULL DEFAULT 0,
  enrolled_by TEXT COLLATE "C" NOT NULL DEFAULT '',
  mismatch    TEXT COLLATE "C" NOT NULL DEFAULT '',
  held_until  BIGINT NOT NULL DEFAULT 0,
  held_reason TEXT COLLATE "C" NOT NULL DEFAULT '',
  known       TEXT COLLATE "C" NOT NULL DEFAULT '{}',
  updated     BIGINT NOT NULL DEFAULT 0
);
CREATE TABLE leaf (
  device  TEXT COLLATE "C" NOT NULL,
  path    TEXT COLLATE "C" NOT NULL,
  value   BYTEA  NOT NULL,
  applied BIGINT NOT NULL,
  shown   BYTEA  NOT NULL DEFAULT '',
  PRIMARY KEY (device, path)
);

CREATE TABLE plan (
  id          TEXT COLLATE "C" PRIMARY KEY,
  content     TEXT COLLATE "C" NOT NULL,
  status      TEXT COLLATE "C" NOT NULL,
  reason      TEXT COLLATE "C" NOT NULL,
  cause       TEXT COLLATE "C" NOT NULL,
  episode     TEXT COLLATE "C" NOT NULL,
  generation  TEXT COLLATE "C" NOT NULL,
  correlation TEXT COLLATE "C" NOT NULL,
  created     BIGINT NOT NULL,
  expires     BIGINT NOT NULL,
  devices     TEXT COLLATE "C" NOT NULL,
  body        BYTEA  NOT NULL
);
CREATE UNIQUE INDEX plan_open ON plan (content) WHERE status = 'open';
CREATE INDEX plan_created ON plan (created);
CREATE INDEX plan_status ON plan (status, created);
CREATE INDEX plan_episode ON plan (episode) WHERE episode <> '';
CREATE TABLE plan_device (
  device  TEXT COLLATE "C" NOT NULL,
  created BIGINT NOT NULL,
  plan    TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (device, created, plan)
);

CREATE TABLE run (
  id          TEXT COLLATE "C" PRIMARY KEY,
  plan        TEXT COLLATE "C" NOT NULL,
  status      TEXT COLLATE "C" NOT NULL,
  reason      TEXT COLLATE "C" NOT NULL,
  cause       TEXT COLLATE "C" NOT NULL,
  episode     TEXT COLLATE "C" NOT NULL,
  correlation TEXT COLLATE "C" NOT NULL,
  created     BIGINT NOT NULL,
  ended       BIGINT NOT NULL,
  body        BYTEA  NOT NULL
);
CREATE INDEX run_created ON run (created);
CREATE INDEX run_plan ON run (plan);
CREATE INDEX run_status ON run (status, created);
CREATE TABLE run_device (
  run     TEXT COLLATE "C" NOT NULL,
  device  TEXT COLLATE "C" NOT NULL,
  step    TEXT COLLATE "C" NOT NULL,
  outcome TEXT COLLATE "C" NOT NULL,
  detail  TEXT COLLATE "C" NOT NULL,
  state   BYTEA  NOT NULL,
  updated BIGINT NOT NULL,
  PRIMARY KEY (run, device)
);

CREATE TABLE episode (
  id          TEXT COLLATE "C" PRIMARY KEY,
  device      TEXT COLLATE "C" NOT NULL,
  opened      BIGINT NOT NULL,
  closed      BIGINT NOT NULL,
  mode        TEXT COLLATE "C" NOT NULL,
  findings    TEXT COLLATE "C" NOT NULL,
  total       BIGINT NOT NULL,
  plan        TEXT COLLATE "C" NOT NULL,
  run         TEXT COLLATE "C" NOT NULL,
  closed_by   TEXT COLLATE "C" NOT NULL,
  reason      TEXT COLLATE "C" NOT NULL,
  correlation TEXT COLLATE "C" NOT NULL
);
CREATE UNIQUE INDEX episode_open ON episode (device) WHERE closed = 0;
CREATE INDEX episode_opened ON episode (opened);
CREATE INDEX episode_device ON episode (device, opened);

CREATE TABLE schedule (
  name      TEXT COLLATE "C" PRIMARY KEY,
  spec      TEXT COLLATE "C" NOT NULL,
  due       BIGINT NOT NULL,
  last_run  BIGINT NOT NULL,
  last_note TEXT COLLATE "C" NOT NULL
);

CREATE TABLE notification (
  receiver   TEXT COLLATE "C" NOT NULL,
  key        TEXT COLLATE "C" NOT NULL,
  state      TEXT COLLATE "C" NOT NULL,
  attempts   BIGINT NOT NULL,
  not_before BIGINT NOT NULL,
  reference  TEXT COLLATE "C" NOT NULL,
  error      TEXT COLLATE "C" NOT NULL,
  body       BYTEA  NOT NULL,
  created    BIGINT NOT NULL,
  updated    BIGINT NOT NULL,
  PRIMARY KEY (receiver, key)
);
CREATE INDEX notification_pending ON notification (not_before) WHERE state = 'pending';
