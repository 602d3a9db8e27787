package intent

import (
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Scalars that are written as one YAML value. Each UnmarshalText is strict and its error says what is expected.

// A PortRef is a port of a device: "leaf1:49" by number, "leaf1:Ethernet49" by the device's own name. It is comparable.
type PortRef struct {
	Device DeviceName
	Number int    // from 1; 0 when Name is set
	Name   string // the device's own name, "" when Number is set
}

// String returns the port as it is written in an intent.
func (p PortRef) String() string {
	if p.Name != "" {
		return string(p.Device) + ":" + p.Name
	}
	return string(p.Device) + ":" + strconv.Itoa(p.Number)
}

// UnmarshalText reads "device:port".
func (p *PortRef) UnmarshalText(b []byte) error {
	device, port, ok := strings.Cut(string(b), ":")
	if !ok || device == "" || port == "" {
		return errors.New(`a port is written "device:port", as in "leaf1:49"`)
	}
	if err := checkName(device); err != nil {
		return fmt.Errorf("device %q: %w", device, err)
	}
	p.Device = DeviceName(device)
	if strings.Trim(port, "0123456789") != "" {
		if strings.ContainsAny(port, " \t[]") {
			return errors.New("a port name has no blanks or brackets")
		}
		p.Name = port
		return nil
	}
	n, err := strconv.Atoi(port)
	if err != nil || n < 1 || port[0] == '0' || n > 4096 {
		return errors.New("a port number is between 1 and 4096, without leading zeros")
	}
	p.Number = n
	return nil
}

// An ASN is an autonomous system number in plain notation (RFC 5396). 0 is not a number but means unset.
type ASN uint32

// UnmarshalText reads a number from 1.
func (a *ASN) UnmarshalText(b []byte) error {
	n, err := strconv.ParseUint(string(b), 10, 32)
	if err != nil || n == 0 || n == 23456 || n == 65535 || n == 4294967295 {
		return errors.New("an AS number is between 1 and 4294967294 in plain notation, and none of the reserved 23456 and 65535")
	}
	*a = ASN(n)
	return nil
}

// A MAC is a unicast MAC address in lower case with colons.
type MAC string

// UnmarshalText reads six octets with colons.
func (m *MAC) UnmarshalText(b []byte) error {
	o, err := octets(string(b), 6)
	switch {
	case err != nil:
		return errors.New(`a MAC address is six octets, as in "00:1c:73:00:00:01"`)
	case o[0]&1 != 0:
		return errors.New("that is a multicast address: the first octet is odd")
	case strings.Trim(string(b), "0:") == "":
		return errors.New("that is the zero address")
	}
	*m = MAC(strings.ToLower(string(b)))
	return nil
}

// An ESI is an Ethernet segment identifier in lower case with colons (RFC 7432 §5).
type ESI string

// UnmarshalText reads ten octets with colons.
func (e *ESI) UnmarshalText(b []byte) error {
	o, err := octets(string(b), 10)
	switch {
	case err != nil:
		return errors.New(`an ESI is ten octets, as in "00:02:00:00:00:00:0a:00:00:00"`)
	case strings.Trim(string(b), "0:") == "" || strings.Trim(strings.ToLower(string(b)), "f:") == "":
		return errors.New("the all-zeros and all-ones ESI are reserved (RFC 7432 §5)")
	case o[0] > 5:
		return errors.New("the first octet of an ESI is its type, 00 to 05 (RFC 7432 §5)")
	}
	*e = ESI(strings.ToLower(string(b)))
	return nil
}

func octets(s string, n int) ([]byte, error) {
	parts := strings.Split(s, ":")
	if len(parts) != n {
		return nil, errors.New("wrong length")
	}
	for _, p := range parts {
		if len(p) != 2 {
			return nil, errors.New("wrong octet")
		}
	}
	return hex.DecodeString(strings.Join(parts, ""))
}

// A Fingerprint is a SHA-256 in lower-case hex without separators.
type Fingerprint string

// UnmarshalText reads 32 octets, with or without colons.
func (f *Fingerprint) UnmarshalText(b []byte) error {
	s := strings.ToLower(strings.ReplaceAll(string(b), ":", ""))
	if o, err := hex.DecodeString(s); err != nil || len(o) != 32 {
		return errors.New("a SHA-256 is 64 hex digits")
	}
	*f = Fingerprint(s)
	return nil
}

// A Duration is written as Go writes it: "300ms", "2h". It is positive and whole in microseconds.
type Duration time.Duration

// UnmarshalText reads a positive duration.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	if err != nil || v <= 0 || v%time.Microsecond != 0 {
		return errors.New(`a duration is a positive number with a unit, as in "300ms" or "2h"`)
	}
	*d = Duration(v)
	return nil
}

// A Date is the end of a day in UTC, or a moment.
type Date struct{ time.Time }

// UnmarshalText reads "2026-12-31", or "2026-12-31T18:00:00Z" (RFC 3339).
func (d *Date) UnmarshalText(b []byte) error {
	if t, err := time.Parse(time.RFC3339, string(b)); err == nil {
		d.Time = t.UTC()
		return nil
	}
	t, err := time.Parse(time.DateOnly, string(b))
	if err != nil {
		return errors.New(`a date is written "2026-12-31", a moment "2026-12-31T18:00:00Z"`)
	}
	d.Time = t.AddDate(0, 0, 1)
	return nil
}

// A RouteTarget is "ASN:number" (RFC 4360 §4, RFC 5668).
type RouteTarget string

// UnmarshalText reads a route target whose two parts fit into six octets together.
func (r *RouteTarget) UnmarshalText(b []byte) error {
	if err := checkRouteTarget(string(b)); err != nil {
		return err
	}
	*r = RouteTarget(b)
	return nil
}

func checkRouteTarget(s string) error {
	a, n, ok := strings.Cut(s, ":")
	admin, errA := strconv.ParseUint(a, 10, 32)
	number, errN := strconv.ParseUint(n, 10, 32)
	if !ok || errA != nil || errN != nil || admin == 0 {
		return errors.New(`a route target is "ASN:number", as in "65000:10040"`)
	}
	if admin > 65535 && number > 65535 {
		return fmt.Errorf("with a 4-octet AS the number has 2 octets, at most 65535 (RFC 5668), and %d is more", number)
	}
	return nil
}

// A Community is a standard community "65000:1" (RFC 1997).
type Community string

// UnmarshalText reads two numbers of 16 bits.
func (c *Community) UnmarshalText(b []byte) error {
	x, y, ok := strings.Cut(string(b), ":")
	_, errX := strconv.ParseUint(x, 10, 16)
	_, errY := strconv.ParseUint(y, 10, 16)
	if !ok || errX != nil || errY != nil {
		return errors.New(`a community is two numbers up to 65535, as in "65000:1"`)
	}
	*c = Community(b)
	return nil
}

var name = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// checkName refuses what cannot be a metadata.name: such a name is also a host name, a file name and a key.
func checkName(s string) error {
	if !name.MatchString(s) {
		return errors.New("a name has up to 63 lower-case letters, digits and inner hyphens")
	}
	return nil
}
