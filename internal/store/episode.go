package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/view"
)

const episodeColumns = "id, device, opened, closed, mode, findings, total, plan, run, closed_by, reason, correlation, severity, rule, hand, known, grace"

func scanEpisode(row scanner) (e view.Episode, err error) {
	var findings []byte
	if err := row.Scan(&e.ID, &e.Device, timeOf{&e.Opened}, timeOf{&e.Closed}, &e.Mode, &findings, &e.Total,
		&e.Plan, &e.Run, &e.By, &e.Reason, &e.Correlation, &e.Severity, &e.Rule, &e.Hand, &e.HandDetail, timeOf{&e.Grace}); err != nil {
		return e, err
	}
	return e, json.Unmarshal(findings, &e.Findings)
}

// SaveEpisode keeps the episode as it now is. A second open episode on one device is an error.
func (s *Store) SaveEpisode(tx event.Tx, e view.Episode) error {
	t, err := s.own(tx)
	if err != nil {
		return err
	}
	findings, err := json.Marshal(e.Findings)
	if err == nil {
		_, err = t.exec("INSERT INTO episode ("+episodeColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"+
			" ON CONFLICT (id) DO UPDATE SET closed = excluded.closed, mode = excluded.mode, findings = excluded.findings, total = excluded.total,"+
			" plan = excluded.plan, run = excluded.run, closed_by = excluded.closed_by, reason = excluded.reason,"+
			" severity = excluded.severity, rule = excluded.rule, hand = excluded.hand, known = excluded.known, grace = excluded.grace",
			e.ID, string(e.Device), toDB(e.Opened), toDB(e.Closed), e.Mode, string(findings), e.Total, e.Plan, e.Run, e.By, e.Reason, e.Correlation,
			e.Severity, e.Rule, e.Hand, e.HandDetail, toDB(e.Grace))
	}
	if err != nil {
		return fmt.Errorf("episode %q: %w", e.ID, err)
	}
	return nil
}

// Episode returns the episode or view.ErrNotFound.
func (s *Store) Episode(ctx context.Context, id string) (view.Episode, error) {
	return one(s.reader(ctx), "episode", id, scanEpisode, "SELECT "+episodeColumns+" FROM episode WHERE id = ?")
}

// EpisodeIn is Episode within the transaction: nothing changes the episode before it commits.
func (s *Store) EpisodeIn(tx event.Tx, id string) (view.Episode, error) {
	t, err := s.own(tx)
	if err != nil {
		return view.Episode{}, err
	}
	return one(t, "episode", id, scanEpisode, "SELECT "+episodeColumns+" FROM episode WHERE id = ?{lock}")
}

const openEpisode = "SELECT " + episodeColumns + " FROM episode WHERE device = ? AND closed = 0"

// OpenEpisode returns the device's open episode or view.ErrNotFound.
func (s *Store) OpenEpisode(ctx context.Context, name intent.DeviceName) (view.Episode, error) {
	return one(s.reader(ctx), "open episode of device", string(name), scanEpisode, openEpisode)
}

// OpenEpisodeIn is OpenEpisode within the transaction: nothing changes the episode before it commits.
func (s *Store) OpenEpisodeIn(tx event.Tx, name intent.DeviceName) (view.Episode, error) {
	t, err := s.own(tx)
	if err != nil {
		return view.Episode{}, err
	}
	return one(t, "open episode of device", string(name), scanEpisode, openEpisode+"{lock}")
}

// Episodes returns the episodes that the query selects, the newest first.
func (s *Store) Episodes(ctx context.Context, q view.EpisodeQuery) ([]view.Episode, error) {
	var w where
	if q.Device != "" {
		w.and("device = ?", string(q.Device))
	}
	if q.Open {
		w.and("closed = 0")
	}
	if !q.Since.IsZero() {
		w.and("opened >= ?", toDB(q.Since))
	}
	list, err := collect(s.reader(ctx), scanEpisode, "SELECT "+episodeColumns+" FROM episode"+w.text()+" ORDER BY opened DESC, id LIMIT ?",
		append(w.args, limitOr100(q.Limit))...)
	if err != nil {
		return nil, fmt.Errorf("store: episodes: %w", err)
	}
	return list, nil
}
