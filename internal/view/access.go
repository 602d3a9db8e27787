package view

import (
	"slices"
	"time"

	"github.com/tenter-net/tenter/internal/event"
)

// Access is what events tell of a token: to whom it gives access, and to what.
type Access struct {
	User    string    `json:"user"`
	Role    string    `json:"role"`
	Groups  []string  `json:"groups,omitempty"`
	Expires time.Time `json:"expires,omitzero"`
	Revoked bool      `json:"revoked,omitempty"`
}

func (t Token) told() Access {
	return Access{User: t.User, Role: t.Role, Groups: slices.Clone(t.Groups), Expires: t.Expires.UTC().Round(0), Revoked: !t.Revoked.IsZero()}
}

func foldToken(s *State, _ event.Event, d event.Token) {
	s.Tokens[d.ID] = Access{User: d.User, Role: d.Role, Groups: d.Groups, Expires: d.Expires}
}

func foldRevoked(s *State, _ event.Event, d event.Token) {
	if a, ok := s.Tokens[d.ID]; ok {
		a.Revoked = true
		s.Tokens[d.ID] = a
	}
}

// told leaves out when the freeze began, which is about when it was told of.
func (f Freeze) told() Freeze {
	f.Since, f.Until = time.Time{}, f.Until.UTC().Round(0)
	return f
}

func foldFrozen(s *State, e event.Event, d event.Freeze) {
	s.Freeze = Freeze{Until: d.Until, Reason: d.Reason, By: d.By, Event: string(e.ID)}
}
