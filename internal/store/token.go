package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/view"
)

const tokenColumns = "id, digest, name, role, groups, created, created_by, expires, revoked"

func scanToken(row scanner) (t view.Token, err error) {
	var groups []byte
	if err := row.Scan(&t.ID, &t.Digest, &t.User, &t.Role, &groups, timeOf{&t.Created}, &t.CreatedBy, timeOf{&t.Expires}, timeOf{&t.Revoked}); err != nil {
		return t, err
	}
	if err := json.Unmarshal(groups, &t.Groups); err != nil {
		return t, fmt.Errorf("groups: %w", err)
	}
	return t, nil
}

// SaveToken keeps a new token. Its ID must be new.
func (s *Store) SaveToken(tx event.Tx, k view.Token) error {
	t, err := s.own(tx)
	if err != nil {
		return err
	}
	if err := t.put("INSERT INTO token ("+tokenColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
		k.ID, k.Digest, k.User, k.Role, listText(k.Groups), toDB(k.Created), k.CreatedBy, toDB(k.Expires), toDB(k.Revoked)); err != nil {
		return fmt.Errorf("token %q: %w", k.ID, err)
	}
	return nil
}

// RevokeToken takes the token back, for ever. It reports false for one that was revoked before.
func (s *Store) RevokeToken(tx event.Tx, id string, at time.Time) (bool, error) {
	t, err := s.own(tx)
	if err != nil {
		return false, err
	}
	n, err := t.exec("UPDATE token SET revoked = ? WHERE id = ? AND revoked = 0", toDB(at), id)
	if err != nil {
		return false, fmt.Errorf("token %q: %w", id, err)
	}
	return n > 0, nil
}

// Token returns the token or view.ErrNotFound.
func (s *Store) Token(ctx context.Context, id string) (view.Token, error) {
	return one(s.reader(ctx), "token", id, scanToken, "SELECT "+tokenColumns+" FROM token WHERE id = ?")
}

// Tokens returns all tokens, the newest first.
func (s *Store) Tokens(ctx context.Context) ([]view.Token, error) {
	list, err := collect(s.reader(ctx), scanToken, "SELECT "+tokenColumns+" FROM token ORDER BY created DESC, id")
	if err != nil {
		return nil, fmt.Errorf("store: tokens: %w", err)
	}
	return list, nil
}
