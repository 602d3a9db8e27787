package settings

import "net/url"

// A URL may hold a password. Every way of printing it leaves the user and the password out;
// converting it to a string is the one way to get them.
type URL string

// String returns the URL without user, password and query, or "(set)" for what is no URL.
func (u URL) String() string {
	if u == "" {
		return ""
	}
	p, err := url.Parse(string(u)) // several hosts with commas between them are one to it
	if err != nil || p.Host == "" {
		return "(set)"
	}
	p.User, p.RawQuery, p.Fragment = nil, "", ""
	return p.String()
}

// GoString is what %#v prints.
func (u URL) GoString() string { return u.String() }

// MarshalText is what JSON and YAML encoders write.
func (u URL) MarshalText() ([]byte, error) { return []byte(u.String()), nil }
