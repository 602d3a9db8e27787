-- +goose Up
-- The digest of the form in which the device shows a secret that was written in another one; empty where it shows it as written.
ALTER TABLE leaf ADD COLUMN shown BLOB NOT NULL DEFAULT x'';
