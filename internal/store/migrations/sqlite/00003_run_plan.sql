-- +goose Up
CREATE INDEX run_plan ON run (plan);
