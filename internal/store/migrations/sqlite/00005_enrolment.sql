-- +goose Up
-- The identity that was pinned becomes JSON of view.Identity: until now it was one word and its value.
UPDATE device SET identity = CASE
  WHEN identity LIKE 'serial %' THEN json_object('serial', substr(identity, 8))
  WHEN identity LIKE 'certificate %' THEN json_object('certificate_sha256', substr(identity, 13))
  ELSE '{}' END;
ALTER TABLE device ADD COLUMN enrolled_by TEXT NOT NULL DEFAULT '';
-- Why what answers at the device's address is not the enrolled device; empty while it is.
ALTER TABLE device ADD COLUMN mismatch TEXT NOT NULL DEFAULT '';
