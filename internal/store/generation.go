package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/view"
)

// SaveGeneration keeps the generation; of one that is there already only the commit may be news. Files are kept by their content, so
// a generation costs what it changed.
func (s *Store) SaveGeneration(tx event.Tx, g view.Generation) error {
	t, err := s.own(tx)
	if err != nil {
		return err
	}
	files := make(map[string]string, len(g.Files))
	for _, name := range slices.Sorted(maps.Keys(g.Files)) {
		sum := sha256.Sum256(g.Files[name])
		files[name] = hex.EncodeToString(sum[:])
		if err := t.put("INSERT INTO content (hash, body) VALUES (?, ?) ON CONFLICT DO NOTHING", files[name], nonNil(g.Files[name])); err != nil {
			return fmt.Errorf("generation %q: %w", g.ID, err)
		}
	}
	text, err := json.Marshal(files)
	if err == nil {
		_, err = t.exec("INSERT INTO generation (id, fabric, commit_id, author, subject, created, files) VALUES (?, ?, ?, ?, ?, ?, ?)"+
			" ON CONFLICT (id) DO UPDATE SET commit_id = excluded.commit_id, author = excluded.author, subject = excluded.subject",
			g.ID, g.Fabric, g.Commit, g.Author, g.Subject, toDB(g.Created), string(text))
	}
	if err != nil {
		return fmt.Errorf("generation %q: %w", g.ID, err)
	}
	return nil
}

// nonNil keeps an empty blob from becoming NULL.
func nonNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// SetCurrentGeneration makes the generation the one that every role reads.
func (s *Store) SetCurrentGeneration(tx event.Tx, id string) error {
	t, err := s.own(tx)
	if err != nil {
		return err
	}
	if _, err := t.exec("UPDATE generation SET is_current = 0 WHERE is_current = 1"); err != nil {
		return fmt.Errorf("generation %q: %w", id, err)
	}
	n, err := t.exec("UPDATE generation SET is_current = 1 WHERE id = ?", id)
	if err == nil && n == 0 {
		err = view.ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("generation %q: %w", id, err)
	}
	return nil
}

const selectGeneration = "SELECT id, fabric, commit_id, author, subject, created, files FROM generation"

// Generation returns the generation with its files, or view.ErrNotFound.
func (s *Store) Generation(ctx context.Context, id string) (view.Generation, error) {
	return s.generation(s.reader(ctx), id, " WHERE id = ?", id)
}

// CurrentGeneration returns the current generation with its files, or view.ErrNotFound when there is none yet.
func (s *Store) CurrentGeneration(ctx context.Context) (view.Generation, error) {
	return s.generation(s.reader(ctx), current, " WHERE is_current = 1")
}

// CurrentGenerationID returns the current generation's ID, or view.ErrNotFound when there is none yet. It is for those
// who ask often and have the generation already.
func (s *Store) CurrentGenerationID(ctx context.Context) (string, error) {
	id, ok, err := first(s.reader(ctx), func(row scanner) (id string, err error) { return id, row.Scan(&id) },
		"SELECT id FROM generation WHERE is_current = 1")
	if err == nil && !ok {
		err = view.ErrNotFound
	}
	if err != nil {
		return "", notCurrent(err)
	}
	return id, nil
}

// current stands for the name of the generation in force.
const current = "current"

// errNoIntents is view.ErrNotFound of the current generation, in the words of whoever has none yet.
type errNoIntents struct{}

func (errNoIntents) Error() string { return "no intents are in force yet" }

func (errNoIntents) Unwrap() error { return view.ErrNotFound }

func notCurrent(err error) error {
	if errors.Is(err, view.ErrNotFound) {
		return errNoIntents{}
	}
	return fmt.Errorf("generation %q: %w", current, err)
}

// CurrentGenerationIn is CurrentGenerationID within the transaction: no other becomes the current one before it commits.
func (s *Store) CurrentGenerationIn(tx event.Tx) (string, error) {
	t, err := s.own(tx)
	if err != nil {
		return "", err
	}
	id, ok, err := first(t, scanText, "SELECT id FROM generation WHERE is_current = 1{lock}")
	if err == nil && !ok {
		err = view.ErrNotFound
	}
	if err != nil {
		return "", notCurrent(err)
	}
	return id, nil
}

func (s *Store) generation(q querier, name, where string, args ...any) (view.Generation, error) {
	var hashes map[string]string
	g, ok, err := first(q, func(row scanner) (g view.Generation, err error) {
		var files []byte
		if err := row.Scan(&g.ID, &g.Fabric, &g.Commit, &g.Author, &g.Subject, timeOf{&g.Created}, &files); err != nil {
			return g, err
		}
		return g, json.Unmarshal(files, &hashes)
	}, selectGeneration+where, args...)
	if err == nil && !ok {
		err = view.ErrNotFound
	}
	if err != nil && name == current {
		return view.Generation{}, notCurrent(err)
	}
	if err != nil {
		return view.Generation{}, fmt.Errorf("generation %q: %w", name, err)
	}
	g.Files = make(map[string][]byte, len(hashes))
	for file, hash := range hashes {
		body, ok, err := first(q, func(row scanner) (b []byte, err error) { return b, row.Scan(&b) }, "SELECT body FROM content WHERE hash = ?", hash)
		if err == nil && !ok {
			err = view.ErrNotFound
		}
		if err != nil {
			return view.Generation{}, fmt.Errorf("generation %q: %s: %w", name, file, err)
		}
		g.Files[file] = body
	}
	return g, nil
}
