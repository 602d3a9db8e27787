-- +goose Up
-- What is looked for by anything but its id must not cost a look at every row that there ever was.
CREATE INDEX plan_status ON plan (status, created);
CREATE INDEX plan_episode ON plan (episode) WHERE episode <> '';
CREATE INDEX run_status ON run (status, created);
CREATE INDEX episode_device ON episode (device, opened);

-- The devices of each plan, as in its devices column.
CREATE TABLE plan_device (
  device  TEXT    NOT NULL,
  created INTEGER NOT NULL,
  plan    TEXT    NOT NULL,
  PRIMARY KEY (device, created, plan)
) WITHOUT ROWID;
INSERT OR IGNORE INTO plan_device SELECT d.value, plan.created, plan.id FROM plan, json_each(plan.devices) d;
