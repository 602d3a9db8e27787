package secret

import (
	"fmt"
	"io"
)

// set is what is shown in place of every secret, whatever it is: not even its length is told.
const set = "(set)"

// A Text is a secret. Every way of printing, logging or encoding it shows that it is set and nothing else; Reveal is
// the one way to its value, so that a search for Reveal finds all places where a secret leaves this type.
// The zero Text is no secret.
type Text struct{ value string }

// Reveal returns the value.
func (t Text) Reveal() string { return t.value }

// String is "(set)", or empty when there is no secret.
func (t Text) String() string {
	if t.value == "" {
		return ""
	}
	return set
}

// Format prints as String does for every verb and flag; without it, %x and %#v would show the value.
func (t Text) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, t.String()) }

// MarshalText is what JSON, YAML and log encoders write.
func (t Text) MarshalText() ([]byte, error) { return []byte(t.String()), nil }
