package view

import "time"

// A Token lets somebody use the API from elsewhere. What it is is nowhere kept: only a digest of it.
type Token struct {
	ID        string    `json:"id"`
	Digest    string    `json:"-"` // SHA-256 of the whole token, lower-case hex
	User      string    `json:"user"`
	Role      string    `json:"role"`
	Groups    []string  `json:"groups,omitempty"`
	Created   time.Time `json:"created"`
	CreatedBy string    `json:"created_by"`
	Expires   time.Time `json:"expires,omitzero"` // zero for never
	Revoked   time.Time `json:"revoked,omitzero"` // zero for not
}

// Live reports whether the token is good at a time.
func (t Token) Live(now time.Time) bool {
	return t.Revoked.IsZero() && (t.Expires.IsZero() || now.Before(t.Expires))
}
