package app

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/tenter-net/tenter/internal/api"
	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/policy"
	"github.com/tenter-net/tenter/internal/view"
)

// The operations on tokens; they take an admin.
const (
	OpTokenCreate = "token-create"
	OpTokenList   = "token-list"
	OpTokenRevoke = "token-revoke"
)

// tokenPrefix is how every token begins, so that programs which look for secrets in texts find it.
const tokenPrefix = "tenter_"

var tokenText = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// TokenRequest asks for a token for somebody. Without For it never expires.
type TokenRequest struct {
	User   string        `json:"user"`
	Role   string        `json:"role"`
	Groups []string      `json:"groups,omitempty"`
	For    time.Duration `json:"for_ns,omitempty"`
}

// TokenReply has the token itself, which is shown this once: only a digest of it is kept.
type TokenReply struct {
	view.Token
	Secret string `json:"token"`
}

// CreateToken gives somebody access over HTTPS.
func (a *App) CreateToken(ctx context.Context, who api.Caller, req TokenRequest) (TokenReply, error) {
	if err := a.nameable(req.User); err != nil {
		return TokenReply{}, err
	}
	switch {
	case !slices.Contains(policy.Roles(), req.Role):
		return TokenReply{}, fmt.Errorf("role %q: it is one of %s", req.Role, strings.Join(policy.Roles(), ", "))
	case req.For < 0:
		return TokenReply{}, fmt.Errorf("it cannot expire before it begins: %s", req.For)
	}
	raw := make([]byte, 5+32)
	if _, err := rand.Read(raw); err != nil {
		return TokenReply{}, err
	}
	id := tokenText.EncodeToString(raw[:5])
	secret := tokenPrefix + id + "_" + tokenText.EncodeToString(raw[5:])
	now := a.now().UTC().Round(0)
	t := view.Token{ID: id, Digest: digestOf(secret), User: req.User, Role: req.Role, Groups: req.Groups, Created: now, CreatedBy: who.Name}
	if req.For > 0 {
		t.Expires = now.Add(req.For)
	}
	err := a.store.Do(ctx, func(tx event.Tx) error {
		if err := a.store.SaveToken(tx, t); err != nil {
			return err
		}
		return tx.Append(ctx, told(event.TypeTokenCreated, t, who))
	})
	return TokenReply{t, secret}, err
}

// nameable says why nobody may be called so. Two names that people would take for one are two persons, who could approve each
// other's plans.
func (a *App) nameable(name string) error {
	if name == "" || len(name) > 100 || name != strings.TrimSpace(name) || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return fmt.Errorf("user %q: no name", name)
	}
	for _, u := range a.set.Access.Users {
		if u.Name != name && strings.EqualFold(u.Name, name) {
			return fmt.Errorf("user %q: access.users has %q, who would be somebody else; next: give the token to %s", name, u.Name, u.Name)
		}
	}
	return nil
}

func told(what event.Type, t view.Token, who api.Caller) event.Draft {
	return event.Draft{
		Type: what, Actor: who.Name, ActorType: event.ActorUser,
		Data: event.Token{ID: t.ID, User: t.User, Role: t.Role, Groups: t.Groups, Expires: t.Expires},
	}
}

// Tokens lists all tokens, without what they are.
func (a *App) Tokens(ctx context.Context, _ api.Caller, _ Nothing) ([]view.Token, error) {
	return a.store.Tokens(ctx)
}

// RevokeRequest takes tokens back: the one with the ID, or all that a user has.
type RevokeRequest struct {
	ID   string `json:"id,omitempty"`
	User string `json:"user,omitempty"`
}

// RevokeReply names the tokens that were good and are not any more.
type RevokeReply struct {
	Revoked []string `json:"revoked"`
}

// RevokeToken takes access away from now on. A stream that somebody reads already goes on until it breaks.
func (a *App) RevokeToken(ctx context.Context, who api.Caller, req RevokeRequest) (out RevokeReply, err error) {
	list, err := a.store.Tokens(ctx)
	if err != nil {
		return out, err
	}
	now := a.now().UTC().Round(0)
	list = slices.DeleteFunc(list, func(t view.Token) bool {
		return !t.Revoked.IsZero() || (req.ID == "" || t.ID != req.ID) && (req.User == "" || t.User != req.User)
	})
	if len(list) == 0 {
		return out, errors.New("there is no such token that is not revoked already")
	}
	err = a.store.Do(ctx, func(tx event.Tx) error {
		out.Revoked = nil
		for _, t := range list {
			done, err := a.store.RevokeToken(tx, t.ID, now)
			if err != nil {
				return err
			}
			if !done {
				continue
			}
			out.Revoked = append(out.Revoked, t.ID)
			if err := tx.Append(ctx, told(event.TypeTokenRevoked, t, who)); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

func digestOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// bearer says whom a token was given to. It takes the same time for a token whose name is known as for any other.
func (a *App) bearer(ctx context.Context, secret string) (api.Caller, error) {
	id, _, _ := strings.Cut(strings.TrimPrefix(secret, tokenPrefix), "_")
	t, err := a.store.Token(ctx, id)
	if err != nil && !errors.Is(err, view.ErrNotFound) {
		return api.Caller{}, err
	}
	kept := t.Digest
	if err != nil {
		kept = digestOf("")
	}
	same := subtle.ConstantTimeCompare([]byte(kept), []byte(digestOf(secret))) == 1
	if err != nil || !same || !t.Live(a.now()) {
		return api.Caller{}, &api.TokenError{}
	}
	return api.Caller{Who: policy.Who{Name: t.User, Role: policy.Role(t.Role), Groups: t.Groups, Via: policy.ViaToken}}, nil
}
