-- +goose Up
-- What the approval policies ask of the plan (JSON, a list of event.ApprovalNeed), who has approved it (event.Approver), who
-- made it by hand, and when others were told that it waits.
ALTER TABLE plan ADD COLUMN needs     TEXT    NOT NULL DEFAULT '[]';
ALTER TABLE plan ADD COLUMN given     TEXT    NOT NULL DEFAULT '[]';
ALTER TABLE plan ADD COLUMN requester TEXT    NOT NULL DEFAULT '';
ALTER TABLE plan ADD COLUMN escalated BIGINT  NOT NULL DEFAULT 0;

-- Who may use the API from elsewhere. digest is of the token, which is nowhere kept; times in nanoseconds, 0 for never.
CREATE TABLE token (
  id         TEXT   PRIMARY KEY,
  digest     TEXT   NOT NULL,
  name       TEXT   NOT NULL,
  role       TEXT   NOT NULL,
  groups     TEXT   NOT NULL,
  created    BIGINT NOT NULL,
  created_by TEXT   NOT NULL,
  expires    BIGINT NOT NULL,
  revoked    BIGINT NOT NULL
);
